"""What only time decides: silence prompts, the length of the call, drain.

Each is a deadline in the core's `now`; the engine carries out what has come.
"""

from __future__ import annotations

from enum import StrEnum

from telephony.core.media_watchdog import MediaWatchdog
from telephony.core.policy import Limits


class Due(StrEnum):
    """What has come; the values are the names of the phrases that are said."""

    TIME_OVER = "time_over"
    DRAINING = "draining"
    TIME_WARNING = "time_warning"
    SILENT_GOODBYE = "silent_goodbye"
    STILL_THERE = "still_there"


class Timers:
    """Deadlines of the call as a whole."""

    def __init__(self, limits: Limits) -> None:
        self.watchdog = MediaWatchdog(limits)
        self._limits = limits
        self._started_ms: int | None = None  # None also once the call is to end
        self._quiet_ms: int | None = None  # since when nobody says anything
        self._silence = Due.STILL_THERE  # what comes of silence next
        self._warning_ms: int | None = None
        self._drain_ms: int | None = None
        self.deadline: int | None = None
        """The earliest of what is pending."""

    def start(self, now: int) -> None:
        """The call has begun, quietly."""
        self._started_ms = self._quiet_ms = now
        if 0 < self._limits.call_warning_ms < self._limits.call_ms:
            self._warning_ms = now + self._limits.call_ms - self._limits.call_warning_ms
        self._look()

    def drain(self, deadline_ms: int) -> None:
        """The service stops at `deadline_ms`."""
        self._drain_ms = deadline_ms
        self._look()

    def busy(self, now: int) -> None:
        """Somebody speaks, or a reply is under way."""
        if self._quiet_ms is not None:
            self._quiet_ms = None
            self._look()

    def quiet(self, now: int) -> None:
        """Nobody speaks and nothing is under way."""
        if self._quiet_ms is None:
            self._quiet_ms = now
            self._look()

    def caller_spoke(self) -> None:
        """The caller is there: they may be asked again later."""
        self._silence = Due.STILL_THERE
        self._look()

    def take_due(self, now: int) -> Due | None:
        """What has come, the most important first; each is given out once."""
        if self.deadline is None or now < self.deadline:
            return None
        for what, at in self._pending():
            if at <= now:
                self._done(what)
                return what
        return None

    def _look(self) -> None:
        self.deadline = min((at for _, at in self._pending()), default=None)

    def _pending(self) -> list[tuple[Due, int]]:
        limits, found = self._limits, list[tuple[Due, int]]()
        if self._started_ms is None:
            return found
        found.append((Due.TIME_OVER, self._started_ms + limits.call_ms))
        if self._drain_ms is not None:
            found.append((Due.DRAINING, self._drain_ms))
        if self._warning_ms is not None and self._quiet_ms is not None:
            found.append((Due.TIME_WARNING, self._warning_ms))
        if self._quiet_ms is not None:
            wait = limits.silence_prompt_ms if self._silence is Due.STILL_THERE else limits.silence_end_ms
            found.append((self._silence, self._quiet_ms + wait))
        return found

    def _done(self, what: Due) -> None:
        match what:
            case Due.TIME_WARNING:
                self._warning_ms = None
            case Due.STILL_THERE:
                self._silence = Due.SILENT_GOODBYE
            case Due.TIME_OVER | Due.DRAINING | Due.SILENT_GOODBYE:
                self._started_ms = None
        self._look()
