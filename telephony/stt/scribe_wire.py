"""ElevenLabs' realtime STT (Scribe v2) as a pure codec, and which transcript answers which commit.

Theory of operation. One segment is open at a time; a commit closes it. With timestamps on, the service answers a commit
twice, plain and timed, in either order: the timed one counts, the plain one only if the timed one does not come
(`due`). Answers come in the order of the commits, so the oldest commit that waits owns the next one. What comes
without a commit was closed by the service itself (90 s of speech) and has number 0. Repeats are dropped.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from telephony.call.events import CommitRefused, Event, TranscriptFinal, TranscriptPartial, Word
from telephony.stt import EarsSpec

BYTES_PER_MS = 8
COMMIT_MIN_MS = 300
"""A commit needs so much new audio; the service throttles it otherwise."""
TIMED_WAIT_MS = 300
"""How long the plain transcript waits for the timed one."""
KEYTERMS, KEYTERM_CHARS = 50, 20
RETRYABLE = frozenset(
    "error rate_limited queue_overflow resource_exhausted transcriber_error session_time_limit_exceeded "
    "chunk_size_exceeded insufficient_audio_activity".split()
)
FATAL = frozenset("auth_error quota_exceeded unaccepted_terms invalid_request input_error".split())
_TAG = re.compile(r"[\(\[][^\)\]]{1,40}[\)\]]")


def socket_url(base_url: str, spec: EarsSpec) -> str:
    """The socket's URL for an http(s) base URL. Twilio's mu-law goes in as it is; commits are ours."""
    parts = urlsplit(base_url)
    query = [
        ("model_id", "scribe_v2_realtime"),
        ("audio_format", "ulaw_8000"),
        ("commit_strategy", "manual"),
        ("include_timestamps", "true"),
    ]
    if spec.language:
        query.append(("language_code", spec.language))
    query += [("keyterms", term[:KEYTERM_CHARS]) for term in spec.keyterms[:KEYTERMS]]
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/speech-to-text/realtime?{urlencode(query)}"


def audio(pcmu: bytes) -> str:
    """A piece of audio. The schema wants all four keys."""
    return _chunk(b64encode(pcmu).decode(), commit=False)


def commit() -> str:
    """Close the open segment."""
    return _chunk("", commit=True)


def _chunk(audio_base_64: str, *, commit: bool) -> str:
    message = {
        "message_type": "input_audio_chunk",
        "audio_base_64": audio_base_64,
        "commit": commit,
        "sample_rate": 8000,
    }
    return json.dumps(message)


# --- what the server says -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The session is up."""


@dataclass(frozen=True, slots=True)
class Partial:
    text: str


@dataclass(frozen=True, slots=True)
class Committed:
    """A closed segment; `words` is None for the plain message."""

    text: str
    words: tuple[Word, ...] | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """A commit came too soon. The session goes on."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The session is over."""

    slug: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message we do not know or need."""


Message: TypeAlias = Started | Partial | Committed | Throttled | Fault | Ignored


def decode(text: str | bytes) -> Message:
    """One frame from the server; never raises."""
    try:
        message = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        return Fault("provider_misbehaved", True)
    kind = message.get("message_type")
    said = message.get("text") if isinstance(message.get("text"), str) else ""
    match kind:
        case "session_started":
            return Started()
        case "partial_transcript":
            return Partial(clean(said))
        case "committed_transcript":
            return Committed(clean(said), None)
        case "committed_transcript_with_timestamps":
            return Committed(clean(said), _words(message.get("words")))
        case "commit_throttled":
            return Throttled()
        case str() if kind in FATAL or kind in RETRYABLE:
            return Fault(kind, kind in RETRYABLE)
    return Ignored()


def clean(text: str | None) -> str:
    """Without audio-event tags such as "(laughter)" or "[music]": they are no words."""
    return " ".join(_TAG.sub(" ", text or "").split())


def _words(given: Any) -> tuple[Word, ...]:
    words = []
    for item in given if isinstance(given, list) else []:
        if not isinstance(item, dict) or item.get("type", "word") != "word":
            continue
        try:
            start, end = int(float(item["start"]) * 1000), int(float(item["end"]) * 1000)
            words.append(Word(str(item["text"]), start, end))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return tuple(words)


# --- commits and their answers --------------------------------------------------------------------------------------


class Segments:
    """Which commits wait, how much audio is uncommitted, and what the transcripts answer. See the module text."""

    def __init__(self) -> None:
        self.uncommitted_ms = 0
        self.offset_ms = 0  # where in the caller's audio this socket's audio begins
        self._waiting: deque[int] = deque()
        self._plain: tuple[str, int] | None = None  # a plain transcript and when it came
        self._last: tuple[str, tuple[Word, ...]] | None = None  # the last answer, against repeats
        self._fresh_ms = 0  # audio since the last answer

    def heard(self, pcmu: bytes) -> None:
        self.uncommitted_ms += len(pcmu) // BYTES_PER_MS
        self._fresh_ms += len(pcmu) // BYTES_PER_MS

    def commit(self, number: int) -> bool:
        """Whether the commit can be sent; False if there is too little new audio."""
        if self.uncommitted_ms < COMMIT_MIN_MS:
            return False
        self.uncommitted_ms = 0
        self._waiting.append(number)
        return True

    def waiting(self) -> list[int]:
        """Commits without an answer, oldest first."""
        return list(self._waiting)

    def received(self, message: Message, now: int) -> list[Event]:
        """The events that follow from a message."""
        match message:
            case Partial(text):
                return [] if self._stale(text) else [TranscriptPartial(text)]
            case Committed(text, None):
                before = self._take_plain()
                self._plain = None if self._repeated(text) else (text, now)
                return before
            case Committed(text, words):
                assert words is not None
                if self._plain is not None and self._plain[0] != text:
                    return [*self._take_plain(), *self._answer(text, words)]
                self._plain = None
                return self._answer(text, words)
            case Throttled() if self._waiting:
                return [CommitRefused(self._waiting.popleft())]
        return []

    def due_ms(self) -> int | None:
        """When a plain transcript has waited long enough."""
        return None if self._plain is None else self._plain[1] + TIMED_WAIT_MS

    def due(self, now: int) -> list[Event]:
        due = self.due_ms()
        return self._take_plain() if due is not None and due <= now else []

    def _take_plain(self) -> list[Event]:
        plain, self._plain = self._plain, None
        return self._answer(plain[0], ()) if plain is not None else []

    def _answer(self, text: str, words: tuple[Word, ...]) -> list[Event]:
        if self._repeated(text):
            return []
        number = self._waiting.popleft() if self._waiting else 0
        if not number and not text:
            return []
        self._last, self._fresh_ms = (text, words), 0
        placed = tuple(Word(w.text, w.start_ms + self.offset_ms, w.end_ms + self.offset_ms) for w in words)
        return [TranscriptFinal(number, text, placed)]

    def _repeated(self, text: str) -> bool:
        """The same answer again, with nothing asked and hardly any new audio."""
        return self._last is not None and not self._waiting and text == self._last[0] and self._fresh_ms < 2_000

    def _stale(self, text: str) -> bool:
        """A partial of a segment that was answered already."""
        return self._last is not None and bool(text) and text == self._last[0] and self._fresh_ms < 1_000
