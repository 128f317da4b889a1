"""Callers for the load bench. They speak Twilio's protocol, measure times, and cost little: many fit in one process.

Each caller waits for the greeting, says a sentence, waits for the answer to end, and so on; some answers it interrupts.
Received audio counts as played at 8,000 bytes a second. Marks are echoed when the audio before them has been played,
and at once after a clear.

What happens at every frame is cheap: one timer serves all callers of the process (`Pace`), payloads are encoded once,
and of received audio only the first bytes are decoded.
"""

from __future__ import annotations

import asyncio
import base64
import heapq
import json
import random
import re
import time
import uuid
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import httpx2

from telephony.audio import level, mulaw
from telephony.audio.frames import FRAME_BYTES, frames
from telephony.twilio.signature import sign_socket, sign_webhook
from tests.bench.load.parts import AUTH_TOKEN, stamped_at
from tests.bench.load.wire import Wire

VOICED = -400
"""A frame at this level (tenths of dBFS) or above counts as voiced."""
JITTER_S = 0.004
"""Each frame is sent up to this much after its time, as frames do not come evenly from a carrier."""
TICK_S = 0.001
"""The timer looks this often for frames to be sent."""
_FRAME_S = 0.02
NOISE = 26
"""Standard deviation of the line's noise in 16-bit samples: -62 dBFS. In digital silence no detector would run."""
_HEAD = 32
"""Characters of a payload that hold a stamp."""


def line_noise(seed: int = 1) -> list[bytes]:
    """A second of what a line brings while nobody speaks: frames in base64."""
    rng = random.Random(seed)
    samples = array("h", (round(rng.gauss(0, NOISE)) for _ in range(50 * FRAME_BYTES)))
    return [base64.b64encode(frame) for frame in frames(mulaw.encode(samples.tobytes()))]


_NOISE = line_noise()


@dataclass(slots=True)
class Times:
    """Measurements in ms. `own`: from the TTS sending the first audio of an answer to its arrival at the carrier.
    `latency`: from the last voiced frame to that arrival. `clear`: from the first voiced frame of an interruption to
    the arrival of the clear. `greeting`: from `start` to the first audio. `phrases`: as `latency`, for turns in which a
    phrase synthesised earlier came instead of an answer ("Sorry?"). `lags`: how late a frame was sent. `call_s`: the
    calls' lengths in seconds. `failed`: why calls broke off."""

    own: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    clear: list[float] = field(default_factory=list)
    greeting: list[float] = field(default_factory=list)
    phrases: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    call_s: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Pace:
    """Sends the frames of all callers of a process, each call's every 20 ms from a moment of its own. Adds to `lags_ms`
    how late they are."""

    def __init__(self, lags_ms: list[float]) -> None:
        self._lags_ms = lags_ms
        self._next: list[tuple[float, int, float, Callable[[], bool]]] = []  # when, order, when without jitter, sender
        self._added = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, now: float, send: Callable[[], bool]) -> None:
        """From `now` on, calls `send` every 20 ms, until it returns False."""
        self._added += 1
        begin = now + random.random() * _FRAME_S
        heapq.heappush(self._next, (begin, self._added, begin, send))

    def tick(self, now: float) -> None:
        """Sends what is due."""
        while self._next and self._next[0][0] <= now:
            when, order, even, send = heapq.heappop(self._next)
            if send():
                self._lags_ms.append(round((now - when) * 1000, 2))
                even += _FRAME_S
                heapq.heappush(self._next, (even + random.random() * JITTER_S, order, even, send))

    def start(self) -> None:
        """Sends what is due, and goes on until `stop`."""
        self.tick(time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self.start)  # a third of the cost of a task's sleep

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Sentence:
    """What callers say: its frames as base64, and which of them are voiced."""

    def __init__(self, pcmu: bytes) -> None:
        self.payloads = [base64.b64encode(frame) for frame in frames(pcmu)]
        self.loud = [level.level(frame) > VOICED for frame in frames(pcmu)]


class BenchCaller:
    """One call of `turns` sentences. With `interrupts`, every second answer is interrupted by the sentence again."""

    def __init__(self, sentence: Sentence, turns: int, interrupts: bool, times: Times, pace: Pace) -> None:
        self._sentence, self._turns, self._interrupts = sentence, turns, interrupts
        self._times, self._pace = times, pace
        self._stream_sid = "MZ" + uuid.uuid4().hex
        self._wire: Wire | None = None
        self._sent = 0  # frames
        self._at = len(sentence.payloads)  # the next frame of the sentence to be said
        self._until = 0.0  # when all received audio will have been played
        self._marks: list[tuple[float, int, str]] = []  # (when to echo it, order, name)
        self._last_loud = self._first_loud = self._started = 0.0
        self._waiting = False  # for the first audio of an answer
        self._audio = asyncio.Event()
        self._cleared = asyncio.Event()
        self._said = asyncio.Event()

    async def call(self, http: httpx2.AsyncClient, base_url: str) -> None:
        """Makes the call. Whatever breaks it off is noted in `failed`."""
        began = time.monotonic()
        try:
            self._wire = await self._connect(http, base_url)
            began = self._started = time.monotonic()
            self._pace.add(began, self._send_frame)
            await self._talk()
        except (OSError, RuntimeError, TimeoutError, httpx2.HTTPError) as error:
            self._times.failed.append(repr(error))
        finally:
            wire, self._wire = self._wire, None
            self._times.call_s.append(time.monotonic() - began)
            if wire is not None:
                await wire.close()

    async def _connect(self, http: httpx2.AsyncClient, base_url: str) -> Wire:
        """Fetches the TwiML, opens the stream, and sends what comes before the audio."""
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
        wire = await Wire.connect(stream[1], headers, self._receive)
        wire.send(b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        start = {
            "streamSid": self._stream_sid,
            "accountSid": "AC" + "0" * 32,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {name: unescape(value) for name, value in pairs},
        }
        message = {"event": "start", "sequenceNumber": "1", "streamSid": self._stream_sid, "start": start}
        wire.send(json.dumps(message).encode())
        return wire

    async def _talk(self) -> None:
        await self._quiet()
        for turn in range(self._turns):
            self._waiting = True
            await self._say()
            await self._answered()
            if self._interrupts and turn % 2 == 0:
                await asyncio.sleep(1.5)
                self._cleared.clear()
                self._waiting = True
                await self._say()
                async with asyncio.timeout(15):
                    await self._cleared.wait()
                await self._answered()
            await self._quiet()

    async def _say(self) -> None:
        self._first_loud, self._at = 0.0, 0
        self._said.clear()
        async with asyncio.timeout(60):
            await self._said.wait()

    async def _answered(self) -> None:
        async with asyncio.timeout(15):
            while self._waiting:
                self._audio.clear()
                await self._audio.wait()

    async def _quiet(self) -> None:
        """Waits until all received audio has been played, and 0.4 s longer."""
        await asyncio.sleep(0.3)
        while (left := self._until - time.monotonic() + 0.4) > 0:  # noqa: ASYNC110  (what it sleeps for is known)
            await asyncio.sleep(left)

    # --- every 20 ms ---

    def _send_frame(self) -> bool:
        """Sends the next frame, and the marks that have been played. False after the call."""
        wire, now = self._wire, time.monotonic()
        if wire is None:
            return False
        self._sent = number = self._sent + 1
        payload = self._next_payload(now)
        wire.send(
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%b","media":{"track":"inbound","chunk":"%d",'
            b'"timestamp":"%d","payload":"%b"}}' % (number + 1, self._stream_sid.encode(), number, number * 20, payload)
        )
        while self._marks and self._marks[0][0] <= now:
            self._echo(heapq.heappop(self._marks)[2])
        return True

    def _next_payload(self, now: float) -> bytes:
        """The next frame of the sentence, or of the line's noise after it."""
        index, payloads = self._at, self._sentence.payloads
        if index == len(payloads):
            return random.choice(_NOISE)
        if self._sentence.loud[index]:
            self._last_loud = now
            self._first_loud = self._first_loud or now
        self._at += 1
        if self._at == len(payloads):
            self._said.set()
        return payloads[index]

    def _receive(self, text: bytes) -> None:
        now = time.monotonic()
        if text.startswith(b'{"event":"media"') and (begin := text.find(b'"payload":"')) > 0:
            begin += len(b'"payload":"')
            payload = text[begin : text.index(b'"', begin)]
            self._heard(base64.b64decode(payload[:_HEAD]), len(payload) // 4 * 3 - payload[-2:].count(b"="), now)
            return
        message = json.loads(text)
        if message["event"] == "media":
            pcmu = base64.b64decode(message["media"]["payload"])
            self._heard(pcmu, len(pcmu), now)
        elif message["event"] == "mark":
            heapq.heappush(self._marks, (max(self._until, now), len(self._marks), message["mark"]["name"]))
        elif message["event"] == "clear":
            self._times.clear.append((now - self._first_loud) * 1000)
            self._until = now
            self._cleared.set()
            for _, _, name in sorted(self._marks):
                self._echo(name)
            self._marks.clear()

    def _heard(self, beginning: bytes, size: int, now: float) -> None:
        """Takes in received audio of `size` bytes; `beginning` holds its stamp, if there is one."""
        self._until = max(self._until, now) + size / 8_000
        if self._started:
            self._times.greeting.append((now - self._started) * 1000)
            self._started = 0.0
        if self._waiting and self._at == len(self._sentence.payloads) and (sent := stamped_at(beginning)):
            latency = (now - self._last_loud) * 1000
            if sent < self._last_loud:
                self._times.phrases.append(latency)
            else:
                self._times.own.append((now - sent) * 1000)
                self._times.latency.append(latency)
            self._waiting = False
            self._audio.set()

    def _echo(self, name: str) -> None:
        if self._wire is not None:
            sid = self._stream_sid
            self._wire.send(
                f'{{"event":"mark","sequenceNumber":"1","streamSid":"{sid}","mark":{{"name":"{name}"}}}}'.encode()
            )


async def make_calls(
    url: str, count: int, turns: int, spread_s: float, pcmu: bytes, live: Callable[[], None]
) -> tuple[Times, float]:
    """Makes `count` calls, begun over `spread_s` seconds, and calls `live` when all have begun. Returns the times, and
    how much of a core this process used meanwhile."""
    times, sentence = Times(), Sentence(pcmu)
    pace = Pace(times.lags)
    began, cpu_s = time.monotonic(), time.process_time()
    pace.start()
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http, asyncio.TaskGroup() as group:
        for number in range(count):
            caller = BenchCaller(sentence, turns, number % 2 == 0, times, pace)
            group.create_task(caller.call(http, url))
            await asyncio.sleep(spread_s / count)
        await asyncio.sleep(1.5)  # the last stream connects half a second after its webhook
        live()
    pace.stop()
    return times, (time.process_time() - cpu_s) / (time.monotonic() - began)
