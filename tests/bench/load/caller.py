"""Callers for the load bench. They speak Twilio's protocol, measure times, and cost little: many fit in one process.

Each caller waits for the greeting, says a sentence, waits for the answer to end, and so on; some answers it interrupts.
Received audio counts as played at 8,000 bytes a second. Marks are echoed when the audio before them has been played,
and at once after a clear.
"""

from __future__ import annotations

import asyncio
import base64
import heapq
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from html import unescape

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from telephony.audio import level
from telephony.audio.frames import FRAME_BYTES, frames
from telephony.twilio.signature import sign_socket, sign_webhook
from tests.bench.load.parts import AUTH_TOKEN, STAMP

_SILENCE = base64.b64encode(b"\xff" * FRAME_BYTES).decode()
VOICED = -400
"""A frame at this level (tenths of dBFS) or above counts as voiced."""


@dataclass(slots=True)
class Times:
    """Measurements in ms. `own`: from the TTS sending the first audio of an answer to its arrival at the carrier.
    `latency`: from the last voiced frame to that arrival. `clear`: from the first voiced frame of an interruption to
    the arrival of the clear. `greeting`: from `start` to the first audio."""

    own: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    clear: list[float] = field(default_factory=list)
    greeting: list[float] = field(default_factory=list)


class BenchCaller:
    """One call of `turns` sentences. With `interrupts`, every second answer is interrupted by the sentence again."""

    def __init__(self, sentence: bytes, turns: int, interrupts: bool, times: Times) -> None:
        self._frames = [base64.b64encode(frame).decode() for frame in frames(sentence)]
        self._loud = [level.level(frame) > VOICED for frame in frames(sentence)]
        self._turns, self._interrupts, self._times = turns, interrupts, times
        self._stream_sid = "MZ" + uuid.uuid4().hex
        self._queue: list[str] = []  # frames still to be said
        self._until = 0.0  # when all received audio will have been played
        self._marks: list[tuple[float, int, str]] = []  # (when to echo it, order, name)
        self._last_loud = self._first_loud = self._started = 0.0
        self._waiting = False  # for the first audio of an answer
        self._audio = asyncio.Event()
        self._cleared = asyncio.Event()
        self._said = asyncio.Event()

    async def call(self, http: httpx2.AsyncClient, base_url: str) -> None:
        call_sid, url = "CA" + uuid.uuid4().hex, f"{base_url}/twilio/voice"
        form = {"CallSid": call_sid, "From": "+15550001111", "To": "+15550002222", "CallStatus": "ringing"}
        answer = await http.post(
            url, data=form, headers={"X-Twilio-Signature": sign_webhook(AUTH_TOKEN, url, form.items())}
        )
        stream = re.search(r'<Stream url="([^"]+)"', answer.text)
        if stream is None:
            raise RuntimeError(f"no stream in {answer.text[:200]}")
        pairs = re.findall(r'<Parameter name="([^"]+)" value="([^"]*)"', answer.text)
        await asyncio.sleep(0.5)  # Twilio connects the stream some time after the webhook
        headers = {"X-Twilio-Signature": sign_socket(AUTH_TOKEN, stream[1])}
        async with connect(stream[1], additional_headers=headers, compression=None, proxy=None) as socket:
            await socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
            start = {
                "streamSid": self._stream_sid,
                "accountSid": "AC" + "0" * 32,
                "callSid": call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {name: unescape(value) for name, value in pairs},
            }
            message = {"event": "start", "sequenceNumber": "1", "streamSid": self._stream_sid, "start": start}
            await socket.send(json.dumps(message))
            self._started = time.monotonic()
            async with asyncio.TaskGroup() as group:
                helpers = [group.create_task(self._send(socket)), group.create_task(self._receive(socket))]
                await self._talk()
                for task in helpers:
                    task.cancel()

    async def _talk(self) -> None:
        await self._quiet()
        for turn in range(self._turns):
            self._waiting = True
            await self._say()
            async with asyncio.timeout(15):
                while self._waiting:
                    self._audio.clear()
                    await self._audio.wait()
            if self._interrupts and turn % 2 == 0:
                await asyncio.sleep(1.5)
                self._cleared.clear()
                self._waiting = True
                await self._say()
                async with asyncio.timeout(15):
                    await self._cleared.wait()
                    while self._waiting:
                        self._audio.clear()
                        await self._audio.wait()
            await self._quiet()

    async def _say(self) -> None:
        self._first_loud = 0.0
        self._queue = list(self._frames)
        self._said.clear()
        await self._said.wait()

    async def _quiet(self) -> None:
        """Waits until all received audio has been played, and 0.4 s longer."""
        await asyncio.sleep(0.3)
        while (left := self._until - time.monotonic() + 0.4) > 0:  # noqa: ASYNC110  (what it sleeps for is known)
            await asyncio.sleep(left)

    async def _send(self, socket: ClientConnection) -> None:
        number, begin = 0, time.monotonic()
        total = len(self._frames)
        while True:
            number += 1
            index = total - len(self._queue)
            payload = self._queue.pop(0) if self._queue else _SILENCE
            if not self._queue:
                self._said.set()
            await socket.send(
                f'{{"event":"media","sequenceNumber":"{number + 1}","streamSid":"{self._stream_sid}","media":{{"track":'
                f'"inbound","chunk":"{number}","timestamp":"{number * 20}","payload":"{payload}"}}}}'
            )
            if payload is not _SILENCE and self._loud[index]:
                self._last_loud = time.monotonic()
                self._first_loud = self._first_loud or self._last_loud
            while self._marks and self._marks[0][0] <= time.monotonic():
                await self._echo(socket, heapq.heappop(self._marks)[2])
            await asyncio.sleep(max(0.0, begin + number * 0.02 - time.monotonic()))

    async def _receive(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                now, message = time.monotonic(), json.loads(text)
                if message["event"] == "media":
                    self._heard(base64.b64decode(message["media"]["payload"]), now)
                elif message["event"] == "mark":
                    heapq.heappush(self._marks, (max(self._until, now), len(self._marks), message["mark"]["name"]))
                elif message["event"] == "clear":
                    self._times.clear.append((now - self._first_loud) * 1000)
                    self._until = now
                    self._cleared.set()
                    for _, _, name in sorted(self._marks):
                        await self._echo(socket, name)
                    self._marks.clear()
        except ConnectionClosed:
            pass

    def _heard(self, pcmu: bytes, now: float) -> None:
        self._until = max(self._until, now) + len(pcmu) / 8_000
        if self._started:
            self._times.greeting.append((now - self._started) * 1000)
            self._started = 0.0
        if self._waiting and pcmu.startswith(STAMP) and not self._queue:
            self._times.own.append(now * 1000 - int(pcmu[len(STAMP) : len(STAMP) + 20]) / 1000)
            self._times.latency.append((now - self._last_loud) * 1000)
            self._waiting = False
            self._audio.set()

    async def _echo(self, socket: ClientConnection, name: str) -> None:
        await socket.send(
            f'{{"event":"mark","sequenceNumber":"1","streamSid":"{self._stream_sid}","mark":{{"name":"{name}"}}}}'
        )
