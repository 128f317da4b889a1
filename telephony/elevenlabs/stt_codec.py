"""A pure codec for ElevenLabs' realtime STT (Scribe v2), and the matching of transcripts to commits.

Theory of operation. One segment is open at a time; a commit closes it. With timestamps on, the service answers a commit
with two transcripts, plain and timed, in either order. The timed one is used; the plain one only if the timed one does
not arrive within `TIMED_WAIT_MS`. If the other one arrives later, it is dropped. Answers come in the order of the
commits, so the next answer belongs to the oldest pending commit. A transcript without a pending commit is a segment
that the service closed by itself (after 90 s of audio); it gets commit number 0.

A repeated transcript must not answer the next commit. A timed one is a repeat if its words have exactly the times of an
earlier one; an untimed one, if its text equals the last and no commit is pending or it follows within `REPEAT_MS`.
Which words are new is judged by `Transcripts`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from telephony.audio.frames import BYTES_PER_MS
from telephony.contracts.stt import SttSpec
from telephony.contracts.transcripts import Transcripts
from telephony.core.events import CommitRefused, Event, Word
from telephony.core.language.codes import primary
from telephony.core.language.words import words as spoken
from telephony.elevenlabs.faults import Fault as Fault
from telephony.elevenlabs.faults import misbehaved, of_frame
from telephony.valid_text import valid

COMMIT_MIN_MS = 300
"""Minimum new audio for a commit; the service throttles it otherwise."""
TIMED_WAIT_MS = 300
"""How long the plain transcript waits for the timed one."""
ANSWER_MS = 5_000
"""If a commit has no answer for this long (usual: 250-380 ms), the session is dead."""
REPEAT_MS = 150
"""A repeated final follows within this time; the answer to another commit takes longer."""
KEYTERMS, KEYTERM_CHARS = 50, 20
RETRYABLE = frozenset(
    "error rate_limited queue_overflow resource_exhausted transcriber_error session_time_limit_exceeded "
    "chunk_size_exceeded insufficient_audio_activity".split()
)
BUSY = frozenset("rate_limited queue_overflow resource_exhausted".split())
FATAL = frozenset("auth_error quota_exceeded unaccepted_terms invalid_request input_error".split())
# Letters only: "(laughter)", "[music]", but not the "(555)" of a phone number.
_TAG = re.compile(r"[\(\[][^\W\d_][^\d\(\)\[\]]{0,39}[\)\]]")


def socket_url(base_url: str, spec: SttSpec) -> str:
    """The socket's URL for an http(s) base URL: Twilio's mu-law unchanged, and commits sent by us."""
    parts = urlsplit(base_url)
    query = [
        ("model_id", "scribe_v2_realtime"),
        ("audio_format", "ulaw_8000"),
        ("commit_strategy", "manual"),
        ("include_timestamps", "true"),
    ]
    if code := language_code(spec):
        query.append(("language_code", code))
    query += [("keyterms", term) for term in _keyterms(spec.keyterms)]
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/speech-to-text/realtime?{urlencode(query)}"


def language_code(spec: SttSpec) -> str:
    """The `language_code` for the spec's language: ISO 639-1 or -3 without a region. "" to detect the language."""
    return primary(spec.language)


def _keyterms(terms: tuple[str, ...]) -> list[str]:
    """At most 50 distinct terms of at most 20 characters; longer ones are cut, between words if possible."""
    short: dict[str, None] = {}
    for term in terms:
        term = " ".join(term.split())
        if len(term) > KEYTERM_CHARS:
            term = term[: KEYTERM_CHARS + 1].rpartition(" ")[0] or term[:KEYTERM_CHARS]
        if term:
            short[term] = None
    return list(short)[:KEYTERMS]


def audio(pcmu: bytes) -> str:
    """A piece of audio. The schema requires all four keys."""
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
    """The session has started."""


@dataclass(frozen=True, slots=True)
class Partial:
    text: str


@dataclass(frozen=True, slots=True)
class Committed:
    """The transcript of a closed segment; `words` is None in the plain message."""

    text: str
    words: tuple[Word, ...] | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """A commit came too soon and was refused. The session continues."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that is unknown or not needed."""


Message: TypeAlias = Started | Partial | Committed | Throttled | Fault | Ignored


def decode(text: str | bytes) -> Message:
    """One frame from the server; never raises."""
    try:
        message = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        return misbehaved()
    kind, content = str(message.get("message_type")), message.get("text")
    match kind:
        case "session_started":
            return Started()
        case "partial_transcript":
            return Partial(clean(content))
        case "committed_transcript":
            return Committed(*_once(clean(content), None))
        case "committed_transcript_with_timestamps":
            return Committed(*_once(clean(content), _words(message.get("words"))))
        case "commit_throttled":
            return Throttled()
    if "error" not in message and kind not in FATAL | RETRYABLE:
        return Ignored()
    slug = next((slug for slug in (kind, kind.removesuffix("_error")) if slug in FATAL | RETRYABLE), kind)
    return of_frame(slug, message.get("error") or message.get("message"), message.get("code"), RETRYABLE)


def clean(text: object) -> str:
    """The text, made valid, without audio-event tags such as "(laughter)" or "[music]"."""
    return " ".join(_TAG.sub(" ", valid(text)).split()) if isinstance(text, str) else ""


def _words(given: Any) -> tuple[Word, ...]:
    words = []
    for item in given if isinstance(given, list) else []:
        if not isinstance(item, dict) or item.get("type", "word") != "word":
            continue
        try:
            start, end = int(float(item["start"]) * 1000), int(float(item["end"]) * 1000)
            text = clean(item["text"])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if text:
            words.append(Word(text, start, max(start, end)))
    return tuple(words)


def _once(text: str, words: tuple[Word, ...] | None) -> tuple[str, tuple[Word, ...] | None]:
    """Reduces a text that the service has repeated three times to one copy. Short texts ("no no no") and texts with
    digits are left alone, because people do repeat those."""
    parts = text.split()
    third = len(parts) // 3
    if third < 4 or parts != parts[:third] * 3 or any(char.isdigit() for char in text):
        return text, words
    return " ".join(parts[:third]), words[: len(words) // 3] if words else words


# --- commits and their answers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PendingCommit:
    """A commit without an answer: the audio it closed, and its time."""

    number: int
    audio_ms: int
    at: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer already given, for detecting repeats."""

    text: str
    words: tuple[Word, ...]
    at: int


class Segments:
    """Which commits wait on this socket, and what the transcripts answer. Times (`now`) in ms of any one clock."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms  # position of this socket's first audio in the caller's audio
        self._transcripts = Transcripts()
        self._uncommitted_ms = 0
        self._pending: deque[_PendingCommit] = deque()
        self._plain: tuple[str, int] | None = None  # a plain transcript waiting for its timed one, and its arrival time
        self._expected: tuple[bool, str] | None = None  # (timed?, text) still expected for an answer already given
        self._answers: deque[_Answer] = deque(maxlen=4)

    def sent(self, pcmu: bytes) -> None:
        """Counts audio that was sent."""
        self._uncommitted_ms += len(pcmu) // BYTES_PER_MS
        self._transcripts.sent(pcmu)

    def commit(self, number: int, now: int) -> bool:
        """Registers a commit about to be sent. False if there is too little new audio; then do not send it."""
        if self._uncommitted_ms < COMMIT_MIN_MS:
            return False
        self._pending.append(_PendingCommit(number, self._uncommitted_ms, now))
        self._uncommitted_ms = 0
        self._transcripts.committed(number)
        return True

    def received(self, message: Message, now: int) -> list[Event]:
        """The events that follow from a message."""
        match message:
            case Partial(text):
                return [*self._transcripts.partial(text)]
            case Committed(text, None):
                return self._plain_came(text, now)
            case Committed(text, tuple() as words):
                return self._timed_came(text, words, now)
            case Throttled() if self._pending:
                pending = self._pending.pop()  # a refusal is immediate, so it is for the newest
                self._uncommitted_ms += pending.audio_ms
                self._transcripts.refused(pending.number)
                return [CommitRefused(pending.number)]
        return []

    def wait_ms(self, now: int) -> int | None:
        """How long until `due` may return something, or None if nothing is waiting."""
        return None if self._plain is None else max(0, self._plain[1] + TIMED_WAIT_MS - now)

    def due(self, now: int) -> list[Event]:
        """The plain transcript, once its timed one is overdue; otherwise []."""
        return self._answer_plain(now) if self.wait_ms(now) == 0 else []

    def overdue(self, now: int) -> bool:
        """Whether a commit has been unanswered for `ANSWER_MS`: the session is dead."""
        return bool(self._pending) and now - self._pending[0].at >= ANSWER_MS

    def given_up(self) -> list[Event]:
        """The session is replaced: what was shown of pending commits is not asked for again."""
        return [*self._transcripts.given_up()]

    def _plain_came(self, text: str, now: int) -> list[Event]:
        if self._expected == (False, text):
            self._expected = None
            return []
        before = self._answer_plain(now)  # belongs to an earlier commit
        if not self._repeated(text, (), now):
            self._plain = (text, now)
        return before

    def _timed_came(self, text: str, words: tuple[Word, ...], now: int) -> list[Event]:
        if self._plain is not None and self._same_answer(self._plain[0], text):
            self._plain = None
            return self._answer(text, words, now)
        if self._plain is None and self._expected == (True, text):
            self._expected = None
            return []
        before = self._answer_plain(now)
        if self._repeated(text, words, now):
            return before
        given = self._answer(text, words, now)
        self._expected = (False, text)
        return before + given

    def _same_answer(self, plain: str, timed: str) -> bool:
        """Whether the two belong to one answer: they have the same words, or at most one commit is pending."""
        return spoken(plain) == spoken(timed) or len(self._pending) <= 1

    def _answer_plain(self, now: int) -> list[Event]:
        if self._plain is None:
            return []
        text, self._plain = self._plain[0], None
        given = self._answer(text, (), now)
        self._expected = (True, text)
        return given

    def _answer(self, text: str, words: tuple[Word, ...], now: int) -> list[Event]:
        if self._repeated(text, words, now):
            return []
        number = self._pending.popleft().number if self._pending else 0
        self._answers.append(_Answer(text, words, now))
        self._expected = None
        placed = tuple(Word(w.text, w.start_ms + self.offset_ms, w.end_ms + self.offset_ms) for w in words)
        return [*self._transcripts.final(number, text, placed)]

    def _repeated(self, text: str, words: tuple[Word, ...], now: int) -> bool:
        if not self._answers:
            return False
        if words and any(answer.words for answer in self._answers):
            return any(answer.words == words for answer in self._answers)
        last = self._answers[-1]
        return text == last.text and (not self._pending or now - last.at < REPEAT_MS)
