"""A managed agent holds the conversation (`telephony/bridge`): what can happen then, and what may be asked for.

The platform listens, thinks and speaks by itself; we carry its audio and keep the record. `event_id` is the platform's
own number, which rises through a conversation; audio at or below the id of an interruption is stale. The caller's
audio goes to the platform as `Transcribe`, its tools are `ToolWanted`, `RunTool` and `ToolFinished`, as in a pipeline;
`turn` is then the event id of the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from telephony.core.history import History

# --- what happens -------------------------------------------------------------------------------------------------

AUDIO_FORMAT = "ulaw_8000"
"""The only audio format a managed agent may use, in and out: what a telephone carries."""


@dataclass(frozen=True, slots=True)
class ManagedOpened:
    """The platform has taken the conversation. Formats in its own words (`ulaw_8000`)."""

    conversation_id: str
    input_format: str
    output_format: str


@dataclass(frozen=True, slots=True)
class ManagedAudio:
    """Speech of the agent: mu-law 8 kHz, any size, in order, far faster than it plays. `text` and `ends_ms` are the
    characters in it and the end of each, in ms from the start of this audio, where the platform tells."""

    event_id: int
    pcmu: bytes
    text: str = ""
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ManagedSaid:
    """The whole text of what the agent says next, or is saying."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ManagedCorrected:
    """What the agent really said (`text`) of `original` before it was interrupted, in the platform's opinion."""

    event_id: int
    original: str
    text: str


@dataclass(frozen=True, slots=True)
class ManagedInterrupted:
    """The caller has interrupted: everything up to `event_id` is not to be played any more."""

    event_id: int


@dataclass(frozen=True, slots=True)
class ManagedHeard:
    """What the platform has understood the caller to say."""

    event_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ManagedHangingUp:
    """The agent has decided to end the call (its `end_call` tool); its last words may still be on their way."""


@dataclass(frozen=True, slots=True)
class ManagedClosed:
    """The conversation with the platform is over, or never began. `code` is the WebSocket's close code (0: there was no
    socket), `cause` a stable word: `ended` for an orderly end, else why it failed; `detail` is the platform's text."""

    code: int
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OperatorTold:
    """Somebody outside the conversation has something for the agent. `kind`: `contextual_update` (it knows, and says
    nothing), `user_message` (as if the caller had said it), or `user_activity` (it waits a little; no text)."""

    kind: str
    text: str = ""


# --- what is asked for --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenManaged:
    """Begin the conversation with the platform."""


@dataclass(frozen=True, slots=True)
class TellManaged:
    """Send the platform a text; `kind` as in `OperatorTold`."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class AnswerTool:
    """The result of a tool, for the platform."""

    tool_call_id: str
    result: str
    failed: bool


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """Another engine takes the conversation, on the same leg and tape. `engine` is `pipeline`; `why` a stable word;
    `begun`: the carrier's stream is there already; `turn` the highest number given out, from which the new one goes
    on."""

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
    | ManagedHeard
    | ManagedHangingUp
    | ManagedClosed
    | OperatorTold
)
ManagedAction: TypeAlias = OpenManaged | TellManaged | AnswerTool | SwitchTo
