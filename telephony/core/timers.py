"""What only time decides: silence prompts, the length of the call, drain, and the goodbye.

Each is a deadline in the core's `now` and says what to do when it has come. `conversation.py` does it.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.policy import Limits


@dataclass(slots=True)
class Ending:
    """The call is being ended after `turn` has been heard. `forced`: the caller cannot talk it out of it.
    `farewell`: what the carrier says if the turn could not be heard (`unheard`)."""

    reason: str
    turn: int
    since: int
    deadline: int
    forced: bool
    farewell: str = ""
    unheard: bool = False


class Timers:
    """Deadlines of the call as a whole. `due(now)` names what has come, once each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._started_ms: int | None = None
        self._quiet_ms: int | None = None  # since when nobody says anything
        self._asked = False
        self._warned = False
        self._drain_ms: int | None = None
        self._over = False
        self.deadline: int | None = None
        """The earliest of what is pending."""

    def start(self, now: int) -> None:
        self._started_ms = self._quiet_ms = now
        self._look()

    def drain(self, deadline_ms: int) -> None:
        self._drain_ms = deadline_ms
        self._look()

    def busy(self, now: int) -> None:
        """Somebody speaks, or the agent thinks."""
        if self._quiet_ms is not None:
            self._quiet_ms = None
            self._look()

    def quiet(self, now: int) -> None:
        """Nobody speaks and nothing is under way."""
        if self._quiet_ms is None:
            self._quiet_ms = now
            self._look()

    def caller_spoke(self) -> None:
        self._asked = False
        self._look()

    def due(self, now: int) -> str:
        """`time_over`, `draining`, `time_warning`, `silent_goodbye`, `still_there`, or ""."""
        if self.deadline is None or now < self.deadline:
            return ""
        for what, at in self._pending():
            if at <= now:
                self._done(what)
                return what
        return ""

    def _look(self) -> None:
        """Something has changed."""
        self.deadline = min((at for _, at in self._pending()), default=None)

    def _pending(self) -> list[tuple[str, int]]:
        limits, found = self._limits, list[tuple[str, int]]()
        if self._over or self._started_ms is None:
            return found
        found.append(("time_over", self._started_ms + limits.call_ms))
        if self._drain_ms is not None:
            found.append(("draining", self._drain_ms))
        if not self._warned and 0 < limits.call_warning_ms < limits.call_ms and self._quiet_ms is not None:
            found.append(("time_warning", self._started_ms + limits.call_ms - limits.call_warning_ms))
        if self._quiet_ms is not None:
            wait = limits.silence_end_ms if self._asked else limits.silence_prompt_ms
            found.append(("silent_goodbye" if self._asked else "still_there", self._quiet_ms + wait))
        return found

    def _done(self, what: str) -> None:
        if what in ("time_over", "draining", "silent_goodbye"):
            self._over = True
        self._warned = self._warned or what == "time_warning"
        self._asked = self._asked or what == "still_there"
        self._look()
