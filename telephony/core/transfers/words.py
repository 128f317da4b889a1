"""What happens in a warm transfer, and what is done about it: the words of `warm.py`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TypeAlias


class Outcome(StrEnum):
    """Why a transfer is over."""

    BUSY = "busy"
    NO_ANSWER = "no answer"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    HUNG_UP = "hung up"
    """While they were briefed, or on the way into the room."""
    UNDECIDED = "undecided"
    NOT_JOINED = "not joined"
    """They said yes, and the carrier did not bring them into the room."""
    NEVER_MIND = "never mind"
    CALLER_LEFT = "caller left"
    TALKED = "talked"
    """They were joined, and the person has left or the time is over: the caller is back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`numbers` are tried in turn, each rung for `ring_ms`; a person has `brief_ms` to say yes, and both have `talk_ms`
    in the room (the carrier ends it then)."""

    numbers: tuple[str, ...]
    ring_ms: int = 20_000
    brief_ms: int = 90_000
    talk_ms: int = 3_600_000


# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent asks for the transfer."""


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A phone was answered: its stream is about to begin."""

    leg: int


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg is over, or was never placed. `how` is BUSY, NO_ANSWER, FAILED, UNKNOWN or HUNG_UP."""

    leg: int
    how: Outcome


@dataclass(frozen=True, slots=True)
class Accepted:
    """The person has said yes."""

    leg: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The person has said no."""

    leg: int


@dataclass(frozen=True, slots=True)
class PersonEntered:
    """The person is in the room."""

    leg: int


@dataclass(frozen=True, slots=True)
class Looked:
    """The result of `LookForPerson`; a request that failed has found nobody."""

    number: int
    found: bool


@dataclass(frozen=True, slots=True)
class SaidNeverMind:
    """The caller does not want to be transferred any more."""


@dataclass(frozen=True, slots=True)
class CallerTold:
    """The result of `TellCaller`: they have heard it, and have not said that they do not want it any more."""


@dataclass(frozen=True, slots=True)
class CallerAsked:
    """The carrier asks where the caller goes, now that the stream has ended."""


@dataclass(frozen=True, slots=True)
class CallerReturned:
    """The caller has left the room and is on the line."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller has hung up, or their call is lost."""


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """`FetchCaller` came to nothing."""

    number: int


@dataclass(frozen=True, slots=True)
class TimeReached:
    """The deadline."""


Event: TypeAlias = (
    Asked | LegAnswered | LegEnded | Accepted | Refused | PersonEntered | Looked | SaidNeverMind | CallerTold
    | CallerAsked | CallerReturned | CallerLeft | FetchFailed | TimeReached
)  # fmt: skip


# --- actions --------------------------------------------------------------------------------------------------------


class Parting(Enum):
    """What the person hears before they are hung up."""

    NOTHING = "nothing"
    CALLER_GONE = "the caller has hung up"
    NEVER_MIND = "the caller does not want to be put through any more"
    TOO_LATE = "too late"
    """It took too long, or went wrong: the caller is looked after otherwise."""


@dataclass(frozen=True, slots=True)
class PlaceLeg:
    """Call `to`, once."""

    leg: int
    to: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Tell the person what it is about, and ask."""

    leg: int


@dataclass(frozen=True, slots=True)
class MovePerson:
    """Into the room."""

    leg: int


@dataclass(frozen=True, slots=True)
class LookForPerson:
    """Ask the carrier whether the person is in the room; answered by `Looked(number, ...)`."""

    number: int
    leg: int


@dataclass(frozen=True, slots=True)
class TellCaller:
    """Say to the caller that they are being connected; answered by `CallerTold`."""


@dataclass(frozen=True, slots=True)
class MoveCaller:
    """Close the caller's stream; the carrier then asks where they go."""


@dataclass(frozen=True, slots=True)
class JoinCaller:
    """The answer to `CallerAsked`: into the room."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """The answer to `CallerAsked` and `CallerReturned`: to the agent, who knows why."""

    why: Outcome


@dataclass(frozen=True, slots=True)
class FetchCaller:
    """Get the caller, who may be alone in the room, on the way back; `FetchFailed(number)` if that fails."""

    number: int


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """End a leg, wherever it is; `parting` is said first to whoever is on it."""

    leg: int
    parting: Parting


@dataclass(frozen=True, slots=True)
class TellAgent:
    """The agent, who has the caller, learns that this leg came to nothing: `last` if no other number is tried."""

    leg: int
    why: Outcome
    last: bool


Action: TypeAlias = (
    PlaceLeg | Brief | MovePerson | LookForPerson | TellCaller | MoveCaller | JoinCaller | TakeBack | FetchCaller
    | HangUpLeg | TellAgent
)  # fmt: skip
