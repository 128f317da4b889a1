"""One media stream of a call from the browser: the WebSocket client that connects to the service, as Twilio does.

Theory of operation. The *pump* is the only sender: echoes of the marks that were passed, keys, and the frames that are
due by the call's clock. It sleeps until the next of these, or until something changes. The *reader* adds what the
service sends to the playout. What Twilio would ignore with a warning is ignored here, and the page says so.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from telephony.console.carrier.checks import Audio, Cleared, MarkSet, Violation, read
from telephony.console.carrier.line import FRAME_MS, Line
from telephony.console.carrier.twiml import ConnectStream
from telephony.loopback import leads_to_loopback
from telephony.twilio.signature import HEADER, sign_socket

CONNECT_MS = 10_000
SEND_MS = 20_000
"""A service that does not accept a message within this time is disconnected, as by Twilio."""
CLOSE_MS = 2_000
STALL_MS = 1_000
"""Frames that are later than this are not sent any more: the stream's time goes on without them."""


class MediaStream:
    """One stream, from connect to close. `sids` are the account's and the call's."""

    def __init__(self, line: Line, verb: ConnectStream, sids: tuple[str, str], warn: Callable[[str], None]) -> None:
        self.sid = "MZ" + uuid4().hex
        self._line, self._verb, self._sids, self._warn = line, verb, sids, warn
        self._socket: ClientConnection
        self._sequence = 0
        self._chunks = 0
        self._sent_ms = 0  # of audio that was due so far, sent or lost
        self._zero_ms = 0  # the call's time when the stream began
        self._due_ms = 0.0

    async def run(self, url: str, auth_token: str) -> None:
        """Connects to `url`, streams until either side ends it, and closes."""
        line = self._line
        if not await self._connect(url, auth_token):
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read())
                try:
                    await self._pump(reader)
                    if line.left:
                        await self._send("stop", {"stop": self._names()})
                except (ConnectionClosed, TimeoutError):
                    pass
                finally:
                    await self._close()
                    reader.cancel()
        finally:
            line.playout.drop(line.now_ms)
            line.notify()

    # --- the connection ---------------------------------------------------------------------------------------------

    async def _connect(self, url: str, auth_token: str) -> bool:
        signed = self._verb.url
        if not leads_to_loopback(signed):  # Twilio opens nothing but wss
            signed = signed.replace("ws://", "wss://", 1)
        try:
            async with self._line.clock.timeout(CONNECT_MS):
                self._socket = await connect(
                    url,
                    additional_headers={HEADER: sign_socket(auth_token, signed)},
                    compression=None,
                    user_agent_header="Twilio.TmeWs/1.0",
                    proxy=None,
                    ping_interval=None,
                    open_timeout=None,
                    close_timeout=self._line.clock.real_seconds(CLOSE_MS),
                )
        except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
            self._warn(f"31920: the media socket was refused ({type(error).__name__})")
            return False
        return True

    async def _close(self) -> None:
        socket = self._socket
        with suppress(ConnectionClosed, TimeoutError):
            async with self._line.clock.timeout(CLOSE_MS):
                await socket.close(1000)
        socket.transport.abort()  # has no effect on a closed transport

    # --- the pump ---------------------------------------------------------------------------------------------------

    async def _pump(self, reader: asyncio.Task[None]) -> None:
        line = self._line
        await self._send_raw({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        account_sid, call_sid = self._sids
        await self._send("start", {
            "start": {
                "accountSid": account_sid, "streamSid": self.sid, "callSid": call_sid, "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": dict(self._verb.parameters),
            }
        })  # fmt: skip
        self._zero_ms = line.now_ms
        self._due_ms = self._zero_ms + FRAME_MS
        while not line.left and not reader.done():
            now = line.now_ms
            line.playout.advance(now)
            for name in line.playout.due_echoes(now):
                await self._send("mark", {"mark": {"name": name}})
            while line.keys:
                await self._send("dtmf", {"dtmf": {"track": "inbound_track", "digit": line.keys.popleft()}})
            while self._due_ms <= now:
                await self._send_frame(now)
            await line.change(min(self._due_ms, line.playout.next_due_ms()))

    async def _send_frame(self, now: int) -> None:
        line, begins_ms = self._line, self._sent_ms
        pcmu = line.uplink.take()
        self._sent_ms += FRAME_MS
        on_time_ms = self._zero_ms + self._sent_ms + FRAME_MS  # when the next frame is complete
        self._due_ms = max(self._due_ms, on_time_ms + line.uplink.late_ms())
        if now - on_time_ms > STALL_MS:
            self._sent_ms = now - self._zero_ms
            self._due_ms = now + FRAME_MS
        if pcmu is None:
            return
        self._chunks += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunks),
            "timestamp": str(begins_ms),
            "payload": b64encode(pcmu).decode(),
        }
        await self._send("media", {"media": media})

    def _names(self) -> dict[str, str]:
        account_sid, call_sid = self._sids
        return {"accountSid": account_sid, "callSid": call_sid}

    async def _send(self, event: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        await self._send_raw({"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.sid, **body})

    async def _send_raw(self, message: dict[str, Any]) -> None:
        async with self._line.clock.timeout(SEND_MS):
            await self._socket.send(json.dumps(message, separators=(",", ":")))

    # --- the reader -------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                self._take(await self._socket.recv())
                self._line.notify()
        self._line.notify()

    def _take(self, message: str | bytes) -> None:
        playout, now = self._line.playout, self._line.now_ms
        try:
            match read(message, self.sid):
                case Audio(pcmu):
                    playout.add_audio(now, pcmu)
                case MarkSet(name):
                    playout.add_mark(now, name)
                case Cleared():
                    playout.clear(now)
        except Violation as violation:
            self._warn(f"{violation.code}: {violation.text}")
