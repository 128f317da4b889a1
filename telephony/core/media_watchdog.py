"""Detects that the caller's frames have stopped: first the clock stands in for media time, later the leg is dead."""

from __future__ import annotations

from telephony.core.policy import Limits


class MediaWatchdog:
    """Watches the arrival of the caller's frames, from the start of the call on. Times are the core's `now`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._received_ms = 0  # when the last frame arrived
        self._counted_ms: int | None = None  # time up to which frames, or the clock in their place, have been counted

    @property
    def started(self) -> bool:
        return self._counted_ms is not None

    def received(self, now: int) -> None:
        """A frame has arrived, or the call has started."""
        self._received_ms = self._counted_ms = now

    @property
    def deadline(self) -> int:
        """When to call `take_missing_ms` and `dead` if no frame arrives before."""
        return (self._counted_ms or 0) + self._limits.frames_stop_ms

    def take_missing_ms(self, now: int) -> int:
        """How much time without frames to count as media time, or 0. Each millisecond is returned only once."""
        if self._counted_ms is None or now < self.deadline:
            return 0
        missing, self._counted_ms = now - self._counted_ms, now
        return missing

    def dead(self, now: int) -> bool:
        return self.started and now - self._received_ms >= self._limits.frames_dead_ms
