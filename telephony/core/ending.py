"""The end of the call: a last turn that is heard to its last mark, within a time limit.

    open      the call goes on
    goodbye   the agent has ended it; the caller may still object
    final     it is being ended whatever the caller says
    unsaid    the same, and what was to be said has no voice
    ended     nothing follows from anything any more

What cannot be said at all is left to the carrier's own voice (`EndCall.farewell`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

from telephony.core.actions import Action, EndCall
from telephony.core.events import LegEnd
from telephony.core.policy import Limits
from telephony.core.speaking.playout import Playout


class EndedBy(StrEnum):
    """Who has ended the call."""

    CALLER = "caller"
    """They have hung up."""
    AGENT = "agent"
    """Our side, by `EndCall`."""
    MOVED = "moved"
    """Nobody: the call has left this stream for other TwiML, as was asked."""
    LOST_LEG = "lost leg"
    """Nobody: the caller may still be on the line, and the webhook after the stream tries again."""
    DEAD_LEG = "dead leg"
    """The carrier does not read the socket, floods it, or sends nothing: the call has to be hung up by other means."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the call ended. `reason` is a word for the record: `caller` for a hang-up, or the reason of the `EndCall`, or
    how the leg ended."""

    reason: str
    by: EndedBy


class Speaker(Protocol):
    """What the end has to know about whoever says the last words: the pipeline's turns, or a managed agent."""

    @property
    def playout(self) -> Playout: ...

    def saying(self, turn: int) -> bool:
        """Something of `turn` is still to be played, or to come."""

    def heard(self, turn: int, now: int) -> bool:
        """Something of `turn` has provably been heard."""


class Stage(Enum):
    """How the call is being ended; see the module text."""

    GOODBYE = "goodbye"
    FINAL = "final"
    UNSAID = "unsaid"


@dataclass(slots=True)
class _Farewell:
    """The call ends after `turn` has been heard. `text`: what the carrier says if nothing of it was heard."""

    reason: str
    turn: int
    deadline: int
    stage: Stage
    text: str


class Ending:
    """See the module text. Times are the core's `now`."""

    def __init__(self, limits: Limits, speaker: Speaker) -> None:
        self.ended: Ended | None = None
        self._limits = limits
        self._speaker = speaker
        self._farewell: _Farewell | None = None
        self._moves: str | None = None

    @property
    def moving(self) -> bool:
        """The call is about to leave this stream: nothing ends it here but the end of the leg."""
        return self._moves is not None

    @property
    def begun(self) -> bool:
        """The call is being ended, in whatever way."""
        return self._farewell is not None

    @property
    def final(self) -> bool:
        """The caller cannot keep the call going any more."""
        return self._farewell is not None and self._farewell.stage is not Stage.GOODBYE

    @property
    def deadline(self) -> int | None:
        return self._farewell.deadline if self._farewell is not None else None

    def begin(self, reason: str, turn: int, now: int, *, stage: Stage, text: str = "") -> None:
        """The call ends once `turn` has been heard; at the next tick, if it cannot be said."""
        self._farewell = _Farewell(reason, turn, now + self._limits.reply_ms, stage, text)

    def moves(self, why: str) -> None:
        """The call is about to leave this stream. A goodbye that was begun is none any more."""
        self._moves, self._farewell = why, None

    def stays(self) -> None:
        """It does not leave this stream after all."""
        self._moves = None

    def cancel(self) -> None:
        """The caller has objected."""
        self._farewell = None

    def cannot_be_said(self) -> None:
        """The farewell has no voice: the call ends now, and the carrier says it."""
        if self._farewell is not None:
            self._farewell.stage = Stage.UNSAID

    def left(self, how: LegEnd) -> None:
        """The leg is over."""
        if self._moves is not None and how is not LegEnd.STATUS:
            self.ended = Ended(self._moves, EndedBy.MOVED)
            return
        match how:
            case LegEnd.STOP | LegEnd.STATUS:
                self.ended = Ended("caller", EndedBy.CALLER)
            case LegEnd.UNREAD | LegEnd.FLOODED:
                self.ended = Ended(how.value, EndedBy.DEAD_LEG)
            case LegEnd.DISCONNECTED | LegEnd.SHUTDOWN | LegEnd.CLOSED:
                self.ended = Ended(how.value, EndedBy.LOST_LEG)

    def leg_dead(self) -> list[Action]:
        """No frames come any more."""
        if self._moves is not None:
            self.ended = Ended(self._moves, EndedBy.MOVED)
            return []
        self.ended = Ended("unresponsive", EndedBy.DEAD_LEG)
        return [EndCall("unresponsive")]

    def tick(self, now: int, objecting: bool = False) -> list[Action]:
        """The last action of the call, once the last word was heard or has had its time. `objecting`: the caller is
        saying something, which may be an objection."""
        if (farewell := self._farewell) is None or self.moving:
            return []
        until_ms, saying = self._speaker.playout.until_ms, self._speaker.saying(farewell.turn)
        if until_ms > now:
            farewell.deadline = max(farewell.deadline, until_ms + self._limits.goodbye_ms)
        waits = saying or (objecting and farewell.stage is Stage.GOODBYE)
        if waits and farewell.stage is not Stage.UNSAID and farewell.deadline > now:
            return []
        unheard = farewell.stage is Stage.UNSAID or (saying and not self._speaker.heard(farewell.turn, now))
        self.ended = Ended(farewell.reason, EndedBy.AGENT)
        return [EndCall(farewell.reason, farewell.text if unheard else "")]
