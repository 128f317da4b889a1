"""Everything that can happen in a call. Past tense, frozen, plain values: an event can be written to a tape as it is.

Every event reaches the core through `Call.step(event, now_ms)`. Provider events carry the `turn` they belong to
(and, for speech, the `attempt`), because they are stale by number. Marks are not: see `core/speaking/playout.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from telephony.core.managed_events import ManagedEvent

# --- the carrier ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The media stream is up: audio may be sent from now on. `stream_sid` names it."""

    stream_sid: str


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """20 ms of the caller: `pcmu` is 160 bytes of mu-law at 8 kHz (a shorter last frame is padded with 0xFF).

    `media_ms` is the carrier's time stamp of the frame's start, in ms since the stream began.
    `speech` is the probability, in thousandths, of the detector window that this frame completed, or None.
    `level` is the frame's RMS level in tenths of dBFS (digital silence: -960).
    """

    pcmu: bytes
    media_ms: int
    speech: int | None
    level: int


@dataclass(frozen=True, slots=True)
class AudioMissed:
    """`ms` of the caller's audio never arrived (a gap in the carrier's time stamps). Unknown, not silence."""

    ms: int


@dataclass(frozen=True, slots=True)
class MarkReached:
    """Twilio echoed the mark `name`: everything before it was played, or was cleared. The ledger knows which."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """The caller pressed a key: one of 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The leg is over. `how`: `stop`, `disconnected`, `status`, `unread` (nobody reads the socket), `flooded`,
    `unresponsive` (no frame for too long), `refused`. May come several times."""

    how: str


# --- the ears -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SttReady:
    """The STT session is up."""


@dataclass(frozen=True, slots=True)
class SttLost:
    """The STT session failed. With `retryable` the port reconnects on its own; without, it has given up."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word with its place in the caller's audio, in ms since the first audio sent to the STT."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """The whole text of the segment that is not committed yet; replaces the partial before. May be empty."""

    text: str


@dataclass(frozen=True, slots=True)
class TranscriptFinal:
    """The text of a committed segment, possibly empty. `commit` is the number given in `CommitTranscript`, or 0 for
    a segment that the service closed by itself. Audio-event tags such as "(laughter)" are already taken out."""

    commit: int
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """The service would not commit (too little new audio). Not an error: the audio stays in the open segment."""

    commit: int


# --- the mind -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    """Some more text of the reply of `turn`."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolWanted:
    """The model asks for a tool. The reply waits until the core answers with `RunTool` or `RefuseTool`.

    `arguments` is the JSON text as the model wrote it; `extra` is a JSON text of the provider's own fields of the
    call that must be sent back with it ("" if none).
    """

    turn: int
    tool_call_id: str
    name: str
    arguments: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool that the core allowed has returned. `result` is text for the model, errors included (`failed`)."""

    turn: int
    tool_call_id: str
    result: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The model has finished the reply. `finish`: `stop`, `length`, `content_filter`, or another word of the server."""

    turn: int
    finish: str


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """There will be no more of this reply: the port's own retry has been used up. `code` is an error code."""

    turn: int
    code: str
    retryable: bool


# --- the voice ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TtsReady:
    """The TTS socket is up."""


@dataclass(frozen=True, slots=True)
class TtsLost:
    """The TTS socket failed. With `retryable` the port reconnects on its own; without, it has given up.
    Speech that was under way is reported by a `SpeechLost` for each live context."""

    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    """Synthesised mu-law 8 kHz audio of (`turn`, `attempt`), any size, in order.

    `text` and `ends_ms` are the alignment block that came with it, if any: the characters as sent (original text)
    and the end of each, in ms from the start of THIS attempt's audio. The port has resolved relative times.
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
    """The context of (`turn`, `attempt`) is gone before it was finished. What has no audio yet was not spoken."""

    turn: int
    attempt: int
    code: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Phrase:
    """A fixed phrase, synthesised. `ends_ms` gives the end of each character of `text`, or () if not known."""

    name: str
    text: str
    pcmu: bytes
    ends_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PhrasesLoaded:
    """These fixed phrases can be played from now on. Comes before `CallStarted` when they are cached."""

    phrases: tuple[Phrase, ...]


# --- time and the operator ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimeReached:
    """The core's own deadline (`Call.deadline`) has come."""

    deadline_ms: int


@dataclass(frozen=True, slots=True)
class DrainStarted:
    """The service is shutting down: the call may go on until `deadline_ms`, then it says goodbye."""

    deadline_ms: int


@dataclass(frozen=True, slots=True)
class EndRequested:
    """Somebody outside the conversation wants the call ended, for instance an operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class OutboxOverflowed:
    """A port could not queue what it was given and dropped the oldest `dropped` items. `port` is its name."""

    port: str
    dropped: int


CarrierEvent: TypeAlias = CallStarted | AudioReceived | AudioMissed | MarkReached | KeyPressed | CallerLeft
SttEvent: TypeAlias = SttReady | SttLost | TranscriptPartial | TranscriptFinal | CommitRefused
HeardEvent: TypeAlias = AudioReceived | AudioMissed | TranscriptPartial | TranscriptFinal | CommitRefused
LlmEvent: TypeAlias = ReplyDelta | ToolWanted | ToolFinished | ReplyEnded | ReplyFailed
TtsEvent: TypeAlias = TtsReady | TtsLost | SpeechAudio | SpeechEnded | SpeechLost | PhrasesLoaded
ControlEvent: TypeAlias = TimeReached | DrainStarted | EndRequested | OutboxOverflowed
Event: TypeAlias = CarrierEvent | SttEvent | LlmEvent | TtsEvent | ControlEvent | ManagedEvent
