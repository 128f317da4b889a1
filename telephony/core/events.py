"""The events of a call: frozen, plain values named in the past tense. An event can be written to a tape as it is.

Every event reaches the core through `Engine.step(event, now_ms)`. Provider events carry the `turn` they belong to
(and, for speech, the `attempt`), so that stale ones are recognised by number. Marks are judged otherwise: see
`core/speaking/playout.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from telephony.core.history import History
from telephony.core.managed_events import ManagedEvent

# --- the carrier ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The media stream `stream_sid` is up: audio may be sent from now on."""

    stream_sid: str


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """20 ms of the caller's audio: `pcmu` is 160 bytes of mu-law at 8 kHz (a shorter last frame is padded with 0xFF).

    `media_ms` is the carrier's time stamp of the frame's start, in ms since the stream began.
    `speech` is the probability, in thousandths, of the detector window that the frame before completed, or None.
    `level` is the frame's RMS level in tenths of dBFS (digital silence: -960).
    """

    pcmu: bytes
    media_ms: int
    speech: int | None
    level: int


@dataclass(frozen=True, slots=True)
class AudioMissed:
    """`ms` of the caller's audio never arrived (a gap in the carrier's time stamps). It must not count as silence."""

    ms: int


@dataclass(frozen=True, slots=True)
class MarkReached:
    """Twilio echoed the mark `name`: everything before it was either played or cleared. The ledger (`playout.py`)
    knows which."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key: one of 0-9, *, #, A-D; `MASKED_KEY` while a sensitive entry is open, for any but * and
    the key that ends it (`runtime/key_screen.py`)."""

    digit: str


MASKED_KEY = "•"


class LegEnd(StrEnum):
    """How a leg ended."""

    STOP = "stop"
    """The carrier's message that the stream is over."""
    STATUS = "status"
    """The carrier's report that the call is over."""
    DISCONNECTED = "disconnected"
    """The socket was lost: the caller may still be on the line."""
    UNREAD = "unread"
    """The carrier does not read the socket."""
    FLOODED = "flooded"
    """Too many messages or events."""
    SHUTDOWN = "shutdown"
    """The service stops."""
    CLOSED = "closed"
    """We have closed it ourselves."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The leg is over. May come several times."""

    how: LegEnd


# --- the STT ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SttReady:
    """The STT session is up."""


@dataclass(frozen=True, slots=True)
class SttLost:
    """The STT session failed. If `retryable`, the port reconnects by itself; otherwise it has given up."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word with its place in the caller's audio, in ms since the first audio sent to the STT."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TranscriptUpdated:
    """What is new in the transcript. Each word comes once and in order: tentative words first, until they are stable.

    `stable` has the words that have become stable since the last event; they will not change. `tentative` is all the
    text after them that may still change; it replaces the last one. `commit` is the newest commit whose audio is now
    wholly stable, or 0 if none is new. `words` are those of `stable` with their times, if these are known. Audio-event
    tags such as "(laughter)" are already removed.
    """

    stable: str
    tentative: str
    commit: int = 0
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """The service refused the commit (too little new audio). Not an error: the audio stays in the open segment."""

    commit: int


# --- the LLM ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """More text of the reply of `turn`."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolWanted:
    """The model asks for a tool. The reply waits until the core answers with `RunTool` or `RefuseTool`.

    `arguments` is the JSON text as the model wrote it; `extra` is a JSON text of provider-specific fields that must
    be sent back with the tool call ("" if there are none).
    """

    turn: int
    tool_call_id: str
    name: str
    arguments: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool that the core allowed has returned. `result` is text for the model: the error message if it `failed`."""

    turn: int
    tool_call_id: str
    result: str
    failed: bool = False


class Finish(StrEnum):
    """The server's reason for the end of a reply."""

    STOP = "stop"
    LENGTH = "length"
    """The reply was cut short: its last sentence may be half a one."""
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The model has finished the reply."""

    turn: int
    finish: Finish


class ReplyFault(StrEnum):
    """What may help against a failure."""

    BUSY = "busy"
    """The provider has too much to do: to wait, and ask once more."""
    OTHER = "other"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """No more of this reply will come: it failed, and the port has used up its own retry. `code` is the `code` of an
    error in `errors.py`, for the record."""

    turn: int
    code: str
    fault: ReplyFault = ReplyFault.OTHER


# --- the TTS ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TtsReady:
    """The TTS socket is up."""


@dataclass(frozen=True, slots=True)
class TtsLost:
    """The TTS socket failed. If `retryable`, the port reconnects by itself; otherwise it has given up.
    Speech that was under way is reported by a `SpeechLost` for each live context."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Synthesised mu-law 8 kHz audio of (`turn`, `attempt`), any size, in order.

    `text` is what the alignment that came with it, if any, adds to the spoken text: it continues the `text` of earlier
    audio of this attempt, and is part of the text that was to be spoken. `ends_ms` is the end of each of its characters
    in ms from the start of the attempt's audio, and may lie beyond the audio that has come.
    """

    turn: int
    attempt: int
    pcmu: bytes
    text: str = ""
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The service has finished (`isFinal`) the context of (`turn`, `attempt`): no more audio will come."""

    turn: int
    attempt: int


@dataclass(frozen=True, slots=True)
class SpeechLost:
    """The context of (`turn`, `attempt`) was lost before it had finished. Text without audio was not spoken."""

    turn: int
    attempt: int
    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """A synthesised fixed phrase: `text` is its spoken form, `pcmu` mu-law at 8 kHz, `ends_ms` the end of each
    character of `text` in ms from the start of the audio, or () if unknown."""

    name: str
    text: str
    pcmu: bytes
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PhrasesLoaded:
    """These fixed phrases can be played from now on. Comes before `CallStarted` if they are cached."""

    phrases: tuple[Phrase, ...]


# --- time and the operator ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeReached:
    """The engine's own deadline (`Engine.deadline`) has come."""

    deadline_ms: int


@dataclass(frozen=True, slots=True)
class DrainStarted:
    """The service is shutting down: the call may go on until `deadline_ms`; then the agent says goodbye."""

    deadline_ms: int


@dataclass(frozen=True, slots=True)
class EndRequested:
    """Somebody outside the conversation wants the call ended, for instance an operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class OutboxOverflowed:
    """The outbox of the port named `port` was full: the oldest `dropped` items were dropped."""

    port: str
    dropped: int


# --- what tools and people do beside the conversation ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkDeferred:
    """A tool of `turn`, called by `tool_call_id`, asks for `work` to be done once what is said with it was heard.

    `work` is an id, unique in the call. What comes of it is one `RunDeferred` or one `DropDeferred`, never both. With
    `must`, an interruption or the end of the call does not drop it: then it is done at once."""

    turn: int
    tool_call_id: str
    work: str
    must: bool = False


@dataclass(frozen=True, slots=True)
class EndWanted:
    """A tool of `turn` wants the call to end, as the built-in `end_call` does: once what the agent says was heard."""

    turn: int
    tool_call_id: str


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """The agent learns `text` from outside the conversation: a person has accepted a call, long work goes on. With
    `speak` it owes the caller words about it; without, it only knows."""

    text: str
    speak: bool = True


@dataclass(frozen=True, slots=True)
class SayRequested:
    """The agent is to say `text` as it is, as soon as neither it nor the caller is speaking."""

    text: str


@dataclass(frozen=True, slots=True)
class MoveStarted:
    """The call is about to leave this stream for other TwiML; `why` is a stable word. The end of the leg means from now
    on that this was done."""

    why: str


@dataclass(frozen=True, slots=True)
class MoveFailed:
    """The call does not leave this stream after all; `why` is that of its `MoveStarted`."""

    why: str


@dataclass(frozen=True, slots=True)
class CallResumed:
    """The call is back from where it has gone, on a new stream: the first event there. `history` is what was said
    before, up to and with `turn`; `notice` is what the agent learns of where it has been. With `speak` it owes the
    caller words about it."""

    history: History
    turn: int
    notice: str = ""
    speak: bool = False


@dataclass(frozen=True, slots=True)
class EntryWanted:
    """A tool of `turn` asks the caller to key something in: `question` is said, and keys are taken from now on.

    `entry` is a number, unique in the call. The entry ends after `length` keys (0: any number), with `terminator` (a
    key, or ""), or when no key comes for `timeout_ms`. What comes of it is one `EndEntry`, unless it is dropped first.
    `sensitive`: keys and the caller's audio come masked, and words do not end it."""

    turn: int
    entry: int
    question: str
    length: int
    terminator: str
    timeout_ms: int
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class EntryDropped:
    """Nobody waits for `entry` any more. May come after its end."""

    entry: int


CarrierEvent: TypeAlias = CallStarted | AudioReceived | AudioMissed | MarkReached | KeyPressed | CallerLeft
SttEvent: TypeAlias = SttReady | SttLost | TranscriptUpdated | CommitRefused
LlmEvent: TypeAlias = ReplyDelta | ToolWanted | ToolFinished | ReplyEnded | ReplyFailed
TtsEvent: TypeAlias = TtsReady | TtsLost | SpeechAudio | SpeechEnded | SpeechLost | PhrasesLoaded
ControlEvent: TypeAlias = TimeReached | DrainStarted | EndRequested | OutboxOverflowed
ActingEvent: TypeAlias = (
    WorkDeferred
    | EndWanted
    | NoticeReceived
    | SayRequested
    | MoveStarted
    | MoveFailed
    | CallResumed
    | EntryWanted
    | EntryDropped
)
Event: TypeAlias = CarrierEvent | SttEvent | LlmEvent | TtsEvent | ControlEvent | ActingEvent | ManagedEvent
