"""One media stream of the local carrier: the WebSocket client that connects to the service, as Twilio does.

Theory of operation. The *pump* is the only sender. In each round it plays what is due, sends the echoes of the marks
that were passed, the keys, and the frames that are due by the clock (all of them: a late pump catches up, as a real
network does), and then sleeps until the next of these is due or something changes. The *reader* checks each message
strictly and adds it to the playout. Both work on the `Line`, which outlives the stream: a call may have several.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket as sockets
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from telephony.audio.frames import BYTES_PER_MS, FRAME_BYTES, FRAME_MS
from telephony.clock import Clock
from telephony.console.carrier.checks import Audio, Cleared, MarkSet, Violation, read
from telephony.console.carrier.playout import CallerVoice, Playout
from telephony.console.carrier.twiml import ConnectStream
from telephony.testing.fakes.twilio.faults import CarrierFaults
from telephony.twilio.signature import HEADER, sign_socket

#: A service that does not accept a message within this time is disconnected, as by Twilio.
_SEND_MS = 20_000
_CLOSE_MS = 2_000
#: How often a waiting predicate is evaluated if nothing else happens.
_POLL_MS = 20
_MOST_VIOLATIONS = 1_000


class CallOver(Exception):
    """The call ended before the awaited condition was true."""


class Line:
    """State shared by a call and its streams: the time since dialling, both audio timelines, and what is to be sent."""

    def __init__(self, clock: Clock, faults: CarrierFaults) -> None:
        self.clock = clock
        self.faults = faults
        self.playout = Playout(faults.mark_latency_ms, clear_echo_reversed=faults.clear_echo_reversed)
        self.voice = CallerVoice()
        self.violations: list[tuple[str, str]] = []
        self.keys: deque[str] = deque()
        self.injected: deque[str | bytes] = deque()
        self.left = False  # the phone hung up, or the call was ended
        self.moved = False  # the REST API redirects the call
        self.ended_ms: int | None = None
        self._zero_ms = clock.ms()
        self._changed = asyncio.Event()

    @property
    def now_ms(self) -> int:
        """Milliseconds since the call was dialled; stands still once it has ended."""
        return self.clock.ms() - self._zero_ms if self.ended_ms is None else self.ended_ms

    def at_ms(self, clock_ms: int) -> int:
        """The call's time when the clock shows `clock_ms`."""
        return clock_ms - self._zero_ms

    @property
    def leaving(self) -> bool:
        """Whether what is being executed ends: the call is over, or goes on with another document."""
        return self.left or self.moved

    def leave(self) -> None:
        self.left = True
        self.notify()

    def move(self) -> None:
        self.moved = True
        self.notify()

    def notify(self) -> None:
        """Wakes everything that waits in `change` or `until`."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self, until_ms: float = float("inf")) -> None:
        """Returns at the next `notify`, or when the call's time is `until_ms`."""
        changed = self._changed
        wait_ms = until_ms - self.now_ms
        if wait_ms <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with self.clock.timeout(None if wait_ms == float("inf") else wait_ms):
                await changed.wait()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; raises `CallOver` if the call ends first."""
        while not predicate():
            if self.ended_ms is not None:
                raise CallOver("the call ended first")
            await self.change(self.now_ms + _POLL_MS)

    async def unheard(self, done: Callable[[], bool], ends_ms: float = float("inf")) -> None:
        """Returns when `done()` is true, at `ends_ms`, or when the line is leaving. What is said meanwhile reaches
        nobody."""
        taken_ms = self.now_ms
        while not done() and self.now_ms < ends_ms and not self.leaving:
            await self.change(min(ends_ms, taken_ms + FRAME_MS))
            while taken_ms + FRAME_MS <= self.now_ms and not done():
                self.voice.take(FRAME_BYTES, taken_ms)
                taken_ms += FRAME_MS
                self.notify()

    def violation(self, code: str, text: str) -> None:
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations.append((code, text))


class CarrierStream:
    """One stream, from connect to close. `run` returns the close code with which the service ended it, or 0 if it did
    not."""

    def __init__(
        self, line: Line, connect_verb: ConnectStream, auth_token: str, account_sid: str, call_sid: str
    ) -> None:
        self.sid = "MZ" + uuid4().hex
        self._line = line
        self._verb = connect_verb
        self._auth_token = auth_token
        self._account_sid = account_sid
        self._call_sid = call_sid
        self._socket: ClientConnection
        self._sequence = 0
        self._frames = 0  # frames that were due so far, sent or lost
        self._chunks = 0
        self._zero_ms = 0  # the call's time when the stream began

    async def run(self, before_stop: Callable[[], Any]) -> int:
        """Connects, streams until either side ends it, and closes. `before_stop` is awaited if our side ends it."""
        line = self._line
        await line.change(line.now_ms + line.faults.connect_delay_ms)
        if not await self._connect():
            return 0
        try:
            async with asyncio.TaskGroup() as tasks:
                reader = tasks.create_task(self._read())
                try:
                    await self._pump()
                    await before_stop()
                    await self._stop()
                except (ConnectionClosed, TimeoutError):
                    pass
                finally:
                    await self._close()
                    reader.cancel()
        finally:
            line.playout.drop(line.now_ms)
            line.notify()
        received = self._socket.protocol.close_rcvd
        return int(received.code) if received is not None and not line.leaving else 0

    # --- the connection ---

    async def _connect(self) -> bool:
        faults, url = self._line.faults, self._verb.url
        signed = url + "/" if faults.trailing_slash else url
        token = self._auth_token + "x" if faults.bad_signature else self._auth_token
        options: dict[str, Any] = {}
        try:
            if faults.read_for_ms is not None:
                options = {"sock": await _small_buffer_socket(url), "max_queue": 1}
            self._socket = await connect(
                url,
                additional_headers={HEADER: sign_socket(token, signed)},
                subprotocols=[Subprotocol("audio.twilio.com")] if faults.offer_subprotocol else None,
                compression=None,
                user_agent_header="Twilio.TmeWs/1.0",
                proxy=None,
                ping_interval=None,
                close_timeout=self._line.clock.real_seconds(_CLOSE_MS),
                max_size=2**24,
                **options,
            )
        except (OSError, InvalidHandshake, InvalidURI) as error:
            self._line.violation("31920", f"the handshake failed: {error}")
            return False
        return True

    async def _stop(self) -> None:
        if self._line.faults.stop:
            stop = {"accountSid": self._account_sid, "callSid": self._call_sid}
            await self._send("stop", {"stop": stop})

    async def _close(self) -> None:
        code, socket = self._line.faults.close_code, self._socket
        try:
            async with self._line.clock.timeout(_CLOSE_MS):
                if code == 1005:
                    async with socket.send_context():
                        socket.protocol.send_close()
                    await socket.wait_closed()
                elif code != 1006:
                    await socket.close(code)
        except (ConnectionClosed, TimeoutError):
            pass
        socket.transport.abort()  # has no effect on a closed transport
        await socket.wait_closed()

    # --- the pump ---

    async def _pump(self) -> None:
        line = self._line
        await self._begin()
        while not line.leaving:
            now = line.now_ms
            line.playout.advance(now)
            for name in line.playout.due_echoes(now):
                await self._send("mark", {"mark": {"name": name}})
            while line.keys:
                await self._send("dtmf", {"dtmf": {"track": "inbound_track", "digit": line.keys.popleft()}})
            while line.injected:
                await self._send_raw(line.injected.popleft())
            while self._due_ms() <= now:
                await self._send_frame()
            line.notify()
            await line.change(min(self._due_ms(), line.playout.next_due_ms()))

    async def _begin(self) -> None:
        line, faults = self._line, self._line.faults
        await self._send_raw(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        for _ in range(faults.media_before_start):
            silence = b64encode(b"\xff" * 160).decode()
            media = {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": silence}
            await self._send_raw(json.dumps({"event": "media", "streamSid": self.sid, "media": media}))
        for _ in range(0 if faults.no_start else 2 if faults.second_start else 1):
            await self._send("start", {"start": self._start()})
        for _ in range(faults.key_flood):
            await self._send("dtmf", {"dtmf": {"track": "inbound_track", "digit": "1"}})
        self._zero_ms = line.now_ms

    def _start(self) -> dict[str, Any]:
        start = {
            "accountSid": self._account_sid,
            "streamSid": self.sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": self._line.faults.encoding, "sampleRate": 8000, "channels": 1},
            "customParameters": dict(self._verb.parameters),
        }
        if self._line.faults.without_custom_parameters:
            del start["customParameters"]
        return start

    def _due_ms(self) -> float:
        """When, in the call's time, the next frame is due: when it is complete, or later by a fault."""
        faults = self._line.faults
        step_ms = faults.payload_bytes / BYTES_PER_MS
        burst_ends = (self._frames // faults.burst_frames + 1) * faults.burst_frames
        due = burst_ends * step_ms
        for at_ms, length_ms in faults.freezes:
            if at_ms <= due < at_ms + length_ms:
                due = at_ms + length_ms
        if faults.jitter_ms:
            due += random.Random(self._frames).uniform(0, faults.jitter_ms)
        return self._zero_ms + due

    async def _send_frame(self) -> None:
        line, faults = self._line, self._line.faults
        begins_ms = self._frames * faults.payload_bytes / BYTES_PER_MS
        self._frames += 1
        pcmu = line.voice.take(faults.payload_bytes, int(self._zero_ms + begins_ms))
        if any(at_ms <= begins_ms < at_ms + length_ms for at_ms, length_ms in faults.gaps):
            return
        self._chunks += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunks),
            "timestamp": str(int(faults.first_timestamp_ms + begins_ms)),
            "payload": b64encode(pcmu).decode(),
        }
        await self._send("media", {"media": media})

    async def _send(self, event: str, body: dict[str, Any]) -> None:
        self._sequence += 1
        message = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": self.sid, **body}
        await self._send_raw(json.dumps(message, separators=(",", ":")))

    async def _send_raw(self, message: str | bytes) -> None:
        async with self._line.clock.timeout(_SEND_MS):
            await self._socket.send(message)

    # --- the reader ---

    async def _read(self) -> None:
        line = self._line
        limit_ms = line.faults.read_for_ms
        try:
            while limit_ms is None or line.now_ms - self._zero_ms < limit_ms:
                self._take(await self._socket.recv())
                line.notify()
            await self._socket.wait_closed()
        except ConnectionClosed:
            pass
        line.notify()

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
            self._line.violation(violation.code, violation.text)


async def _small_buffer_socket(url: str) -> sockets.socket:
    """A connected socket with the smallest receive buffer, so that the service soon notices that nobody reads."""
    parts = urlsplit(url)
    small = sockets.socket()
    try:
        small.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        small.setblocking(False)
        await asyncio.get_running_loop().sock_connect(small, (parts.hostname or "", parts.port or 80))
    except BaseException:
        small.close()
        raise
    return small
