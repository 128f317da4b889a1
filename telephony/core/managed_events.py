"""Events and actions of a call whose conversation a managed agent holds (`core/managed/bridge.py`).

The platform does STT, LLM, TTS and turn-taking itself; we carry the audio and keep the record. `event_id` is the
platform's own number, which rises through a conversation; audio at or below the id of an interruption is stale. The
caller's audio goes to the platform as `Transcribe`; its tool calls are `ToolWanted`, `RunTool` and `ToolFinished`, as
in the pipeline, with the event id of the tool call as `turn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from telephony.core.history import History

# --- events -------------------------------------------------------------------------------------------------------

AUDIO_FORMAT = "ulaw_8000"
"""The only audio format a managed agent may use, in and out: it is what the telephone network carries."""


@dataclass(frozen=True, slots=True)
class ManagedOpened:
    """The platform has started the conversation. The formats are the platform's names, such as `ulaw_8000`."""

    conversation_id: str
    input_format: str
    output_format: str


@dataclass(frozen=True, slots=True)
class ManagedAudio:
    """Speech of the agent: mu-law 8 kHz, any size, in order, sent far faster than it plays. `text` and `ends_ms` are
    its characters and the end of each, in ms from the start of this audio; empty if the platform sends no alignment."""

    event_id: int
    pcmu: bytes
    text: str = ""
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ManagedSaid:
    """The whole text that the agent is saying or will say next."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ManagedCorrected:
    """The part (`text`) of `original` that the agent said before it was interrupted, as the platform estimates it."""

    event_id: int
    original: str
    text: str


@dataclass(frozen=True, slots=True)
class ManagedInterrupted:
    """The caller has interrupted: audio up to and including `event_id` must not be played any more."""

    event_id: int


@dataclass(frozen=True, slots=True)
class ManagedTranscript:
    """The platform's transcript of what the caller said."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ManagedHangingUp:
    """The agent has decided to end the call (its `end_call` tool). Its last audio may still be on the way."""


class ManagedCause(StrEnum):
    """Why the conversation with the platform is over; all but `ENDED` are failures."""

    ENDED = "ended"
    MANAGED_BUSY = "managed_busy"
    MANAGED_FAILED = "managed_failed"
    MANAGED_FORMAT = "managed_format"
    """The agent is set to an audio format other than `AUDIO_FORMAT`."""
    MANAGED_LOST = "managed_lost"
    MANAGED_MISBEHAVED = "managed_misbehaved"
    MANAGED_REFUSED = "managed_refused"
    MANAGED_TIMEOUT = "managed_timeout"
    MANAGED_TOO_BIG = "managed_too_big"
    MANAGED_UNAVAILABLE = "managed_unavailable"


@dataclass(frozen=True, slots=True)
class ManagedClosed:
    """The conversation with the platform is over, or never began. `code` is the WebSocket's close code (0: there was no
    socket); `detail` is the platform's text."""

    code: int
    cause: ManagedCause
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OperatorMessage:
    """Somebody outside the conversation, for instance an operator, has sent the agent a message. `kind` is
    `contextual_update` (background the agent does not reply to), `user_message` (handled as if the caller had said it)
    or `user_activity` (no text; the agent holds back for a moment)."""

    kind: str
    text: str = ""


# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenManaged:
    """Start the conversation with the platform."""


@dataclass(frozen=True, slots=True)
class SendToManaged:
    """Send the platform a message; `kind` as in `OperatorMessage`."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class AnswerTool:
    """Send the platform the result of a tool."""

    tool_call_id: str
    result: str
    failed: bool


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """Hand the conversation over to another engine, on the same leg and tape. `engine` is `pipeline`; `why` is a stable
    word; `begun`: the carrier's stream is already up; `turn`: the last turn number used, after which the new engine
    continues."""

    engine: str
    why: str
    history: History
    begun: bool = True
    turn: int = 0


ManagedEvent: TypeAlias = (
    ManagedOpened
    | ManagedAudio
    | ManagedSaid
    | ManagedCorrected
    | ManagedInterrupted
    | ManagedTranscript
    | ManagedHangingUp
    | ManagedClosed
    | OperatorMessage
)
ManagedAction: TypeAlias = OpenManaged | SendToManaged | AnswerTool | SwitchTo
