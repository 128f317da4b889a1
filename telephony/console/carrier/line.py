"""The caller's end of a call from the browser: what is played to it, and what comes from it.

Theory of operation. Both directions run by the call's clock. Downwards the `Playout` plays what the service has sent at
8,000 bytes a second, as Twilio does, and each 20 ms of it go to the page. Upwards the page's frames come over a network
and from another clock: `Uplink` holds a little of them back, fills gaps with silence, and drops what would only add
delay. What is typed, or comes from a recorded caller, is spoken into the same direction and goes first; whoever is at
the page hears it softly, under what the agent says. `LineQuality` makes the line worse on purpose.
"""

from __future__ import annotations

import asyncio
import audioop
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from telephony.audio import mulaw
from telephony.audio.frames import BYTES_PER_MS
from telephony.clock import Clock
from telephony.console.carrier.playout import Playout

FRAME_MS = 20
FRAME = FRAME_MS * BYTES_PER_MS
SILENCE = b"\xff" * FRAME
HELD_BACK = 3
"""Frames that wait before the first is sent, so that a late one leaves no gap: 60 ms."""
MOST_FRAMES = 25
"""More than half a second that waits is only delay..."""
KEPT_FRAMES = 5
"""... so that this much of it is kept."""
TYPED_MS = 60_000
"""The longest speech that is typed."""
SOFTLY = 0.3


@dataclass(frozen=True, slots=True)
class LineQuality:
    """`noise_db`: the level of white noise in dBFS, -60 to -20; None: none. `loss_percent`: how many frames are lost.
    `jitter_ms`: how late a frame may be."""

    noise_db: int | None = None
    loss_percent: int = 0
    jitter_ms: int = 0


class Noise:
    """White noise at a level, the same each time. `add` puts it under a frame."""

    SECONDS = 2

    def __init__(self) -> None:
        source = random.Random(1)
        samples = 8_000 * self.SECONDS
        raw = b"".join(source.randint(-32_768, 32_767).to_bytes(2, "little", signed=True) for _ in range(samples))
        self._raw, self._at = raw, 0

    def add(self, pcmu: bytes, db: int) -> bytes:
        size = len(pcmu) * 2
        piece = self._raw[self._at : self._at + size]
        self._at = (self._at + size) % (len(self._raw) - size + 1)
        # Uniform noise of full scale has an RMS of -4.8 dBFS.
        return mulaw.encode(audioop.add(mulaw.decode(pcmu), audioop.mul(piece, 2, 10 ** ((db + 4.8) / 20)), 2))


class Uplink:
    """The caller's voice: frames of 160 bytes of mu-law. See the module text."""

    def __init__(self) -> None:
        self.quality = LineQuality()
        self.spoken: deque[bytes] = deque(maxlen=MOST_FRAMES)  # for the page, which has not said it
        self._waiting: deque[bytes] = deque()
        self._typed = bytearray()
        self._flowing = False
        self._chance = random.Random(1)
        self._noise: Noise | None = None

    def hear(self, pcmu: bytes) -> None:
        """A frame from the page."""
        self._waiting.append(pcmu)
        if len(self._waiting) > MOST_FRAMES:
            while len(self._waiting) > KEPT_FRAMES:
                self._waiting.popleft()

    def say(self, pcmu: bytes) -> None:
        """Speech that goes before the page's frames; what would be longer than `TYPED_MS` in all is left out."""
        self._typed += pcmu[: max(0, TYPED_MS * BYTES_PER_MS - len(self._typed))]

    def take(self) -> bytes | None:
        """The next frame to send; None if it is lost."""
        pcmu = self._next()
        quality = self.quality
        if quality.loss_percent and self._chance.randrange(100) < quality.loss_percent:
            return None
        if quality.noise_db is None:
            return pcmu
        self._noise = self._noise or Noise()
        return self._noise.add(pcmu, quality.noise_db)

    def late_ms(self) -> float:
        """How late the next frame is."""
        return self._chance.uniform(0, self.quality.jitter_ms) if self.quality.jitter_ms else 0.0

    def _next(self) -> bytes:
        voice = self._voice()
        if not self._typed:
            return voice
        spoken = bytes(self._typed[:FRAME]).ljust(FRAME, b"\xff")
        del self._typed[:FRAME]
        self.spoken.append(spoken)
        return spoken

    def _voice(self) -> bytes:
        if not self._flowing:
            self._flowing = len(self._waiting) >= HELD_BACK
        if not self._waiting:
            self._flowing = False
        return self._waiting.popleft() if self._flowing else SILENCE


class Line:
    """What a call and its streams share. `left`: the caller hung up, or the call was ended over the REST API."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.playout = Playout(mark_latency_ms=0)
        self.uplink = Uplink()
        self.keys: deque[str] = deque()
        self.left = False
        self._zero_ms = clock.ms()
        self._changed = asyncio.Event()

    @property
    def now_ms(self) -> int:
        """Milliseconds since the call was dialled."""
        return self.clock.ms() - self._zero_ms

    def leave(self) -> None:
        self.left = True
        self.notify()

    def notify(self) -> None:
        """Wakes everything that waits in `change`."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self, until_ms: float = float("inf")) -> None:
        """Returns at the next `notify`, or when the call's time is `until_ms`."""
        changed, wait_ms = self._changed, until_ms - self.now_ms
        if wait_ms <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with self.clock.timeout(None if wait_ms == float("inf") else wait_ms):
                await changed.wait()

    async def wait(self, until_ms: float) -> None:
        """Returns when the call's time is `until_ms`, or the caller has left."""
        while self.now_ms < until_ms and not self.left:
            await self.change(until_ms)

    async def play(self, hear: Callable[[bytes], None]) -> None:
        """Gives the page each 20 ms as they are played, until cancelled."""
        tick = 0
        while True:
            self.playout.advance(self.now_ms)
            played = self.playout.take(FRAME)[-50 * FRAME :]  # after a standstill of the machine, the last second
            for at in range(0, len(played), FRAME):
                hear(self._with_spoken(played[at : at + FRAME]))
            tick = max(tick + 1, self.now_ms // FRAME_MS)
            await self.clock.sleep(tick * FRAME_MS - self.now_ms)

    def _with_spoken(self, pcmu: bytes) -> bytes:
        if not self.uplink.spoken:
            return pcmu
        soft = audioop.mul(mulaw.decode(self.uplink.spoken.popleft()), 2, SOFTLY)
        return mulaw.encode(audioop.add(mulaw.decode(pcmu), soft, 2))
