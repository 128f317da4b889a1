"""When frames stop, time goes on by the clock, and at last the leg is dead."""

from __future__ import annotations

from telephony.core.policy import Limits


class MediaWatchdog:
    """Watches for the caller's frames, from the start of the call on. Times are the core's `now`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._came_ms = 0  # when the last frame came
        self._counted_ms: int | None = None  # the same, or when the clock last stood in for one

    @property
    def started(self) -> bool:
        return self._counted_ms is not None

    def came(self, now: int) -> None:
        """A frame, or the start of the call."""
        self._came_ms = self._counted_ms = now

    @property
    def deadline(self) -> int:
        """When to look again."""
        return (self._counted_ms or 0) + self._limits.frames_stop_ms

    def take_missing_ms(self, now: int) -> int:
        """How much time to count without frames. What was given out is not given again."""
        if self._counted_ms is None or now < self.deadline:
            return 0
        missing, self._counted_ms = now - self._counted_ms, now
        return missing

    def dead(self, now: int) -> bool:
        return self.started and now - self._came_ms >= self._limits.frames_dead_ms
