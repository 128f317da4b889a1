"""The clock that all code outside the core uses.

Every timeout, pause and time stamp outside `telephony/core/` goes through a `Clock`, so that tests can run a call
several times faster than real time: with `speed=10` a timeout of 2,000 ms passes in 0.2 s of real time.
The core never sees a clock: it is given `now_ms`.
"""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Monotonic milliseconds since this clock was made, `speed` times faster than real time.

    `speed` is a positive number. Both sides of a socket must use the same speed, or their timeouts disagree.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("speed must be positive")
        self.speed = speed
        self._zero = time.monotonic()

    def ms(self) -> int:
        """Whole milliseconds of scaled time since the clock was made."""
        return int((time.monotonic() - self._zero) * 1000 * self.speed)

    def wall_s(self) -> float:
        """Unix time in seconds, never scaled: for times that another process reads."""
        return time.time()

    async def sleep(self, ms: float) -> None:
        """Sleeps for `ms` of scaled time. For pacing and back-off, never to wait for an event."""
        await asyncio.sleep(max(0.0, ms) / 1000 / self.speed)

    def timeout(self, ms: float | None) -> asyncio.Timeout:
        """`async with clock.timeout(500):` raises TimeoutError after 500 ms of scaled time; with None, never."""
        return asyncio.timeout(None if ms is None else max(0.0, ms) / 1000 / self.speed)

    def real_seconds(self, ms: float) -> float:
        """`ms` of scaled time in real seconds, for APIs that take seconds."""
        return ms / 1000 / self.speed
