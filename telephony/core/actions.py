"""The actions that a call may request: frozen, plain values named in the imperative. Ports perform them, observers see
them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from telephony.core.decisions import Decision
from telephony.core.history import History
from telephony.core.managed_events import ManagedAction

# --- to the leg ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Queue `pcmu` (mu-law 8 kHz, a multiple of 160 bytes) behind what the carrier is playing."""

    pcmu: bytes


@dataclass(frozen=True, slots=True)
class SendMark:
    """Queue a mark; its echo comes back as `MarkReached(name)`. Each name is used once in a call."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearPlayout:
    """Drop everything the carrier has queued. It will echo every outstanding mark; those echoes do not mean that the
    audio was played."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """End the call now. `reason` is a stable word; `farewell`, if not empty, is spoken by the carrier's own TTS after
    the stream (used when our TTS cannot say it)."""

    reason: str
    farewell: str = ""


# --- to the STT ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Send more of the caller's audio (mu-law 8 kHz) to the STT. The audio is continuous, silence included."""

    pcmu: bytes


@dataclass(frozen=True, slots=True)
class CommitTranscript:
    """All that was said so far is to become stable: see `TranscriptUpdated.commit`. `commit` counts from 1."""

    commit: int


# --- to the LLM ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartReply:
    """Generate the reply of `turn`, given the history as heard. `must_answer`: the model is not asked whether the
    caller has finished (`TurnTaking.completeness`), because it has denied it already."""

    turn: int
    history: History
    must_answer: bool = False


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop generating the reply of `turn` at once, and stop its running tools where that is possible."""

    turn: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run the tool that the model asked for (`ToolWanted`)."""

    turn: int
    tool_call_id: str


@dataclass(frozen=True, slots=True)
class RefuseTool:
    """Do not run the tool that the model asked for; `reason` goes to the model as the tool's result."""

    turn: int
    tool_call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunDeferred:
    """Do the `work` of a `WorkDeferred`: what was said with it has been heard."""

    work: str


class NotDone(StrEnum):
    """Why deferred work is not done."""

    INTERRUPTED = "interrupted"
    """The caller has taken the floor before they had heard everything."""
    UNHEARD = "unheard"
    """It is not known whether they have heard everything, or not all of it could be said."""
    FAILED = "failed"
    """The tool that asked for it, or the reply that it belongs to, has failed."""
    CALL_ENDED = "call ended"
    """The call is over, or is being ended."""


@dataclass(frozen=True, slots=True)
class DropDeferred:
    """The `work` of a `WorkDeferred` is not to be done."""

    work: str
    why: NotDone


class EntryEnd(StrEnum):
    """How an entry of keys has ended."""

    COMPLETE = "complete"
    """By its length or its terminator."""
    TIMED_OUT = "timed out"
    """No further key came. There may have been some."""
    SAID = "said"
    """The caller has said something instead."""
    INTERRUPTED = "interrupted"
    """The caller had taken the turn back before the question was asked."""
    HUNG_UP = "hung up"
    """The call is over."""
    REFUSED = "refused"
    """Another entry is open, or the call is being ended."""


@dataclass(frozen=True, slots=True)
class EndEntry:
    """The `entry` of an `EntryWanted` is over: `keys` are those that were pressed, `said` what was said instead."""

    entry: int
    how: EntryEnd
    keys: str = ""
    said: str = ""


# --- to the TTS ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speak:
    """Send one unit (`text` ends with exactly one space) to the context of (`turn`, `attempt`), opening the context if
    it is not open yet, and flush it."""

    turn: int
    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class CloseContext:
    """Close the context of (`turn`, `attempt`) now. The context may still send audio: the core knows if it is stale."""

    turn: int
    attempt: int


# --- to observers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineAdded:
    """Add a line to the call's record. `speaker` is `caller` or `agent`; an agent's `text` is what the caller heard."""

    speaker: str
    text: str
    turn: int
    interrupted: bool = False


LegAction: TypeAlias = SendAudio | SendMark | ClearPlayout | EndCall
SttAction: TypeAlias = Transcribe | CommitTranscript
LlmAction: TypeAlias = StartReply | CancelReply | RunTool | RefuseTool | RunDeferred | DropDeferred | EndEntry
TtsAction: TypeAlias = Speak | CloseContext
Remark: TypeAlias = Decision | LineAdded
Action: TypeAlias = LegAction | SttAction | LlmAction | TtsAction | Remark | ManagedAction
