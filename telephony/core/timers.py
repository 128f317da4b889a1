"""The call's timers: silence prompts, the length of the call, and drain; and the state of an ending.

Each timer is a deadline in the core's `now`. `Timers.due` names the one that has come; `recovery.py` handles it.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.policy import Limits


@dataclass(slots=True)
class Ending:
    """The call will end once `turn` has been heard. `forced`: the caller cannot stop this by speaking. `farewell`:
    what the carrier's TTS says if the turn was not heard. `unheard`: the turn cannot be heard any more."""

    reason: str
    turn: int
    since: int
    deadline: int
    forced: bool
    farewell: str = ""
    unheard: bool = False


class Timers:
    """Deadlines of the call as a whole. `due(now)` names each once, when it has come."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._started_ms: int | None = None
        self._quiet_ms: int | None = None  # since when neither side has spoken
        self._prompted = False  # the caller has been asked whether they are there
        self._warned = False
        self._drain_ms: int | None = None
        self._over = False
        self.deadline: int | None = None
        """When the earliest pending timer is due, or None."""

    def start(self, now: int) -> None:
        self._started_ms = self._quiet_ms = now
        self._update()

    def drain(self, deadline_ms: int) -> None:
        self._drain_ms = deadline_ms
        self._update()

    def busy(self, now: int) -> None:
        """Somebody is speaking, or a reply is under way."""
        if self._quiet_ms is not None:
            self._quiet_ms = None
            self._update()

    def quiet(self, now: int) -> None:
        """Nobody is speaking and no reply is under way."""
        if self._quiet_ms is None:
            self._quiet_ms = now
            self._update()

    def caller_spoke(self) -> None:
        self._prompted = False
        self._update()

    def due(self, now: int) -> str:
        """The timer that has come (`time_over`, `draining`, `time_warning`, `silent_goodbye`, `still_there`), or ""."""
        if self.deadline is None or now < self.deadline:
            return ""
        for what, at in self._pending():
            if at <= now:
                self._done(what)
                return what
        return ""

    def _update(self) -> None:
        """Recomputes `deadline` after a change."""
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
            wait = limits.silence_end_ms if self._prompted else limits.silence_prompt_ms
            found.append(("silent_goodbye" if self._prompted else "still_there", self._quiet_ms + wait))
        return found

    def _done(self, what: str) -> None:
        if what in ("time_over", "draining", "silent_goodbye"):
            self._over = True
        self._warned = self._warned or what == "time_warning"
        self._prompted = self._prompted or what == "still_there"
        self._update()
