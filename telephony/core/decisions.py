"""What the core has decided, and why: for observers, tapes and tests. Pure data.

Each decision names the turn that it concerns: the agent's current one, or the one that will answer. Lengths are ms.
`Decision` is the union of all, to be matched exhaustively.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Literal, TypeAlias

RULES = 4
"""The number of the rules by which calls are decided, for tapes: it rises when the rules decide a call otherwise, and
`python -m tests.tapes.make --rehearse` then makes the repository's tapes again. Older rules are not kept.

1   before they had a number
2   goodbyes that are answered, the agent's own echo, murmurs of all languages, steady noise, words that were none
3   goodbyes and murmurs by a rule, in seven languages; the call does not end while the caller is saying something
4   the wait from a score instead of classes, with what the model says; late starts; a listener's remarks; voices behind
"""


class EndpointReason(StrEnum):
    """Why this much silence ends an utterance; see core/turn_taking/endpointing.py."""

    UNHEARD = "unheard"
    SILENCE = "silence"
    TRAILING = "trailing"
    FINISHED = "finished"
    LIKELY = "likely"
    OPEN = "open"
    COMPLETE = "complete"
    """What is dictated is complete..."""
    NEARLY_COMPLETE = "nearly complete"
    UNDER_WAY = "under way"
    GREETING = "greeting"
    """This and the next two are in tapes of older rules."""
    DETAILS = "details to come"
    TOLD = "told"


class BargeInReason(StrEnum):
    """Why playback was held, cut or resumed; see core/turn_taking/barge_in.py."""

    NONE = ""
    VOICE = "voice"
    """The caller's voice, long enough."""
    GOES_ON = "goes on"
    """The caller's voice right after a decision: they may not have finished."""
    WORDS = "words"
    """Words that want the floor."""
    ANSWER = "answer"
    """Words after a question of the agent's."""
    KEY = "key"
    BACKCHANNEL = "backchannel"
    """A listener's words."""
    ECHO = "echo"
    """The agent's own words came back."""
    TOO_SHORT = "too short"
    """Too little voice for a word."""
    NO_WORDS = "no words"
    """The sound is over and had none."""
    ENDLESS = "no words in it"
    """The sound goes on and has none: music, a television."""
    NOTHING_LEFT = "nothing left"
    """What was held has nothing more to play, or the caller has gone silent."""
    PROTECTED = "protected"
    """What is being said must be heard to its end."""
    RESTARTED = "already restarted"
    """The answer was started again once: it now comes first."""


class ModelSays(StrEnum):
    """What the model has shown of whether the caller has finished, when it was asked for a reply to their words."""

    NOTHING = ""
    AWAITED = "awaited"
    """It is at work, and may say something yet."""
    FINISHED = "finished"
    """It has begun to answer, or wants a tool."""
    UNFINISHED = "unfinished"
    """Its whole reply was an ellipsis."""


class DropReason(StrEnum):
    """Why a speculation is not used."""

    OTHER_WORDS = "other words"
    NO_WORDS = "no words"
    EMPTY = "empty"
    """The model had nothing to say."""
    UNFINISHED = "unfinished"
    """The model says that the caller has not finished."""
    NO_SPEECH = "no voice"
    """The TTS gave its text up."""
    FAILED = "failed"
    """The model failed."""
    CUT = "cut"
    PHRASE = "phrase"
    """Something else is said first."""


TranscriptState: TypeAlias = Literal["final", "partial", "none"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What all decisions have."""

    turn: int


# --- the caller's utterance is over ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UtteranceOver(Decided):
    """`wait_ms` of silence was asked for because of `why` (and of `entry`, the kind of thing dictated); there were
    `silence_ms`. `pause_allowance_ms` is what the caller's own pauses have added; `expected` is the kind of answer that
    the agent's question asked for; `score` is how sure it was that the caller was done, in tenths of a nat, if the
    words were judged, and `features` what it was the sum of (core/turn_taking/judgement.py); `model` is what the model
    has said of the words, which is in `wait_ms`."""

    why: EndpointReason
    wait_ms: int
    silence_ms: int
    voice_ms: int
    pause_allowance_ms: int
    transcript: TranscriptState
    entry: str = ""
    expected: str = ""
    score: int | None = None
    features: str = ""
    model: ModelSays = ModelSays.NOTHING


@dataclass(frozen=True, slots=True)
class TurnEnded(UtteranceOver):
    """The caller has finished, and is to be answered."""


@dataclass(frozen=True, slots=True)
class Ignored(UtteranceOver):
    """The utterance wants no answer, or what is under way answers it."""


@dataclass(frozen=True, slots=True)
class NotHeard(UtteranceOver):
    """Voice without words: the caller is asked to say it again."""


# --- interruptions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interruption(Decided):
    """`why`, and the caller's sound so far: `voice_ms` in all, `burst_ms` of the burst under way, `silence_ms` since,
    and how many `words`. None when it was not the sound that decided."""

    why: BargeInReason
    voice_ms: int | None = None
    burst_ms: int | None = None
    silence_ms: int | None = None
    words: int | None = None


@dataclass(frozen=True, slots=True)
class Held(Interruption):
    """Playback is silenced and nothing of it is lost."""


@dataclass(frozen=True, slots=True)
class Cut(Interruption):
    """The caller has the floor."""


@dataclass(frozen=True, slots=True)
class Resumed(Interruption):
    """Playback goes on where it was held."""


# --- speculation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeculationBegun(Decided):
    """The reply to this many `words` is prepared while the silence is still being judged."""

    words: int


@dataclass(frozen=True, slots=True)
class SpeculationUsed(Decided):
    """It was begun `ahead_ms` before the turn was decided."""

    ahead_ms: int


@dataclass(frozen=True, slots=True)
class SpeculationDropped(Decided):
    """`code` is the model's, when it failed."""

    why: DropReason
    code: str = ""


@dataclass(frozen=True, slots=True)
class ModelJudged(Decided):
    """The model has said whether the caller had finished, and it has turned out whether they went on."""

    says: ModelSays
    went_on: bool


# --- what the agent says by itself ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FillerSaid(Decided):
    """The caller has waited `waited_ms` for an answer."""

    waited_ms: int


@dataclass(frozen=True, slots=True)
class Apologised(Decided):
    """`why` is a code; this is apology number `in_a_row`, or the one that ends the call."""

    why: str
    in_a_row: int


@dataclass(frozen=True, slots=True)
class StillThereAsked(Decided):
    """The caller says nothing, and is asked whether they are there."""


@dataclass(frozen=True, slots=True)
class TimeWarned(Decided):
    """The caller is told that the call's time runs out."""


@dataclass(frozen=True, slots=True)
class CallEnding(Decided):
    """The call is being ended, whatever else goes on."""

    reason: str


@dataclass(frozen=True, slots=True)
class MarksMissing(Decided):
    """The carrier has not confirmed audio that it should have played long ago."""


# --- a managed agent ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlatformOpened(Decided):
    """The platform's conversation, and the audio formats that its agent is set to."""

    input: str
    output: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class PlatformFailed(Decided):
    """The platform will not go on; `why` is a code."""

    why: str


@dataclass(frozen=True, slots=True)
class PlatformCut(Decided):
    """The platform has interrupted its agent while it was audible."""

    event_id: int


@dataclass(frozen=True, slots=True)
class StaleInterruption(Decided):
    """The platform has interrupted something that was over already."""

    event_id: int


@dataclass(frozen=True, slots=True)
class CorrectedLate(Decided):
    """The platform's correction of an interrupted line came after the line was on record."""


UtteranceDecision: TypeAlias = TurnEnded | Ignored | NotHeard
BargeInDecision: TypeAlias = Held | Cut | Resumed
SpeculationDecision: TypeAlias = SpeculationBegun | SpeculationUsed | SpeculationDropped | ModelJudged
AgentDecision: TypeAlias = FillerSaid | Apologised | StillThereAsked | TimeWarned | CallEnding | MarksMissing
PlatformDecision: TypeAlias = PlatformOpened | PlatformFailed | PlatformCut | StaleInterruption | CorrectedLate
Decision: TypeAlias = UtteranceDecision | BargeInDecision | SpeculationDecision | AgentDecision | PlatformDecision


def title(kind: type[Decided]) -> str:
    """The decision for people: `turn ended`, `speculation used`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


def evidence(decision: Decided) -> dict[str, int | str]:
    """What it was decided by, by name: all fields that are set, but for the turn."""
    values = {one.name: getattr(decision, one.name) for one in fields(decision)[1:]}
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in values.items()
        if value not in (None, "")
    }
