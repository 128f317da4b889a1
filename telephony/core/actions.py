"""Everything a call may ask for. Imperative, frozen, plain values; carried out by ports, watched by observers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from telephony.core.decisions import Decision
from telephony.core.history import History
from telephony.core.managed_events import ManagedAction

# --- for the leg --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendAudio:
    """Queue `pcmu` (mu-law 8 kHz, a multiple of 160 bytes) behind what the carrier is playing."""

    pcmu: bytes


@dataclass(frozen=True, slots=True)
class SendMark:
    """Queue a mark; its echo comes back as `MarkReached(name)`. Names are unique in a call."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearPlayout:
    """Drop everything the carrier has queued. It will echo every outstanding mark: none of those was played."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """End the call now. `reason` is a stable word; `farewell`, if not empty, is spoken by the carrier's own voice
    after the stream (used when we have no voice of our own)."""

    reason: str
    farewell: str = ""


# --- for the ears -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Transcribe:
    """More of the caller's audio (mu-law 8 kHz), continuous, silence included."""

    pcmu: bytes


@dataclass(frozen=True, slots=True)
class CommitTranscript:
    """Close the open segment; its text comes back as `TranscriptFinal(commit, ...)`. Numbers rise from 1."""

    commit: int


# --- for the mind -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartReply:
    """Think about the next reply, given the history as heard."""

    turn: int
    history: History


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop thinking about `turn` at once, running tools included where they can be."""

    turn: int


@dataclass(frozen=True, slots=True)
class RunTool:
    """The tool that was wanted may run."""

    turn: int
    tool_call_id: str


@dataclass(frozen=True, slots=True)
class RefuseTool:
    """The tool must not run; `reason` goes to the model as its result."""

    turn: int
    tool_call_id: str
    reason: str


# --- for the voice ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speak:
    """Speak one unit (ends with exactly one space) in the context of (`turn`, `attempt`), opening it if need be,
    and flush it."""

    turn: int
    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class CloseContext:
    """Close the context of (`turn`, `attempt`) now. Audio that arrives later is stale for the core."""

    turn: int
    attempt: int


# --- for observers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineAdded:
    """A line of the record. `speaker`: `caller` or `agent`; for the agent `text` is what was heard."""

    speaker: str
    text: str
    turn: int
    interrupted: bool = False


LegAction: TypeAlias = SendAudio | SendMark | ClearPlayout | EndCall
SttAction: TypeAlias = Transcribe | CommitTranscript
LlmAction: TypeAlias = StartReply | CancelReply | RunTool | RefuseTool
TtsAction: TypeAlias = Speak | CloseContext
Remark: TypeAlias = Decision | LineAdded
Action: TypeAlias = LegAction | SttAction | LlmAction | TtsAction | Remark | ManagedAction
