"""The end of the call: a last turn that is heard to its last mark, within a time limit.

    open      the call goes on
    goodbye   the model has ended it; the caller may still object
    final     it is being ended whatever the caller says

What cannot be said at all is left to the carrier's own voice (`EndCall.farewell`).
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.actions import EndCall
from telephony.core.policy import Limits
from telephony.core.speaking.turns import Turns


@dataclass(slots=True)
class _Farewell:
    """The call ends after `turn` has been heard. `text`: what the carrier says if it was `unheard`."""

    reason: str
    turn: int
    deadline: int
    final: bool
    text: str
    unheard: bool = False


class Ending:
    """See the module text. Times are the core's `now`."""

    def __init__(self, limits: Limits, turns: Turns) -> None:
        self._limits = limits
        self._turns = turns
        self._farewell: _Farewell | None = None

    @property
    def begun(self) -> bool:
        """The call is being ended: goodbye, or final."""
        return self._farewell is not None

    @property
    def final(self) -> bool:
        return self._farewell is not None and self._farewell.final

    @property
    def deadline(self) -> int | None:
        return self._farewell.deadline if self._farewell is not None else None

    def begin(self, reason: str, turn: int, now: int, *, final: bool, text: str = "") -> None:
        """The call ends once `turn` has been heard."""
        self._farewell = _Farewell(reason, turn, now + self._limits.reply_ms, final, text)

    def cancel(self) -> None:
        """The caller has objected."""
        self._farewell = None

    def cannot_be_said(self) -> None:
        """The farewell has no voice: the call ends now, and the carrier says it."""
        if self._farewell is not None:
            self._farewell.unheard = True

    def tick(self, now: int) -> list[EndCall]:
        """The last action of the call, once the last word was heard or has had its time."""
        if (farewell := self._farewell) is None or not self._over(farewell, now):
            return []
        turn = self._turns.get(farewell.turn)
        unheard = turn is not None and turn.speech is not None and not turn.heard(now)
        return [EndCall(farewell.reason, farewell.text if unheard or farewell.unheard else "")]

    def _over(self, farewell: _Farewell, now: int) -> bool:
        turn, until_ms = self._turns.get(farewell.turn), self._turns.playout.until_ms
        if until_ms > now:
            farewell.deadline = max(farewell.deadline, until_ms + self._limits.goodbye_ms)
        settled = turn is None or turn.speech is None
        return settled or farewell.unheard or farewell.deadline <= now
