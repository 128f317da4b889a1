"""ElevenLabs' realtime STT (Scribe v2) as a pure codec, and which transcript answers which commit.

Theory of operation. One segment is open at a time; a commit closes it. With timestamps on, the service answers a commit
twice, plain and timed, in either order: the timed one counts, the plain one only if the timed one does not come within
`TIMED_WAIT_MS`; the second half of an answer that was given already is awaited and dropped. Answers come in the order
of the commits, so the oldest commit that waits owns the next one. What comes without a commit was closed by the service
itself (90 s of audio) and has number 0.

The service repeats itself. A final is a repeat if its words lie at the very same times as an earlier one's; without
times, if its text is the last one's and nothing was asked, or it comes in the same breath. A partial is stale if it is
the beginning of what was answered last and hardly any sound has come since: it would be a turn that nobody spoke.
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
from telephony.audio.level import level
from telephony.contracts.stt import SttSpec
from telephony.core.events import CommitRefused, Event, TranscriptFinal, TranscriptPartial, Word
from telephony.core.language.words import words as spoken

COMMIT_MIN_MS = 300
"""A commit needs so much new audio; the service throttles it otherwise."""
TIMED_WAIT_MS = 300
"""How long the plain transcript waits for the timed one."""
ANSWER_MS = 5_000
"""A commit without an answer for so long (usual: 250-380 ms) means that the session is dead."""
SAME_BREATH_MS = 150
"""Repeats of a final come at once; the answer to another commit takes longer."""
SOUND_LEVEL, SOUND_MS = -500, 120
"""So much sound, in tenths of dBFS and ms, is needed to say anything again."""
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
    query += [("keyterms", term) for term in _keyterms(spec.keyterms)]
    scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/v1/speech-to-text/realtime?{urlencode(query)}"


def _keyterms(terms: tuple[str, ...]) -> list[str]:
    """At most 50 of at most 20 characters, each once; longer ones are cut between words where they can be."""
    short: dict[str, None] = {}
    for term in terms:
        term = " ".join(term.split())
        if len(term) > KEYTERM_CHARS:
            term = term[: KEYTERM_CHARS + 1].rpartition(" ")[0] or term[:KEYTERM_CHARS]
        if term:
            short[term] = None
    return list(short)[:KEYTERMS]


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
    kind, said = str(message.get("message_type")), message.get("text")
    match kind:
        case "session_started":
            return Started()
        case "partial_transcript":
            return Partial(clean(said))
        case "committed_transcript":
            return Committed(*_once(clean(said), None))
        case "committed_transcript_with_timestamps":
            return Committed(*_once(clean(said), _words(message.get("words"))))
        case "commit_throttled":
            return Throttled()
    return _fault(kind) if "error" in message or kind in FATAL | RETRYABLE else Ignored()


def _fault(kind: str) -> Fault:
    """Some clients know the slugs with "_error" at the end. A fault that nobody knows may pass."""
    for slug in (kind, kind.removesuffix("_error")):
        if slug in FATAL | RETRYABLE:
            return Fault(slug, slug in RETRYABLE)
    return Fault("provider_misbehaved", True)


def clean(text: object) -> str:
    """Without audio-event tags such as "(laughter)" or "[music]": they are no words. Halves of characters become "?":
    nobody further on could write them down."""
    whole = text.encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    return " ".join(_TAG.sub(" ", whole).split())


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
    """A text that says the same thing three times, a fault of the service: once. Short or spelled things ("no no no",
    digits) people do say three times."""
    parts = text.split()
    third = len(parts) // 3
    if third < 4 or parts != parts[:third] * 3 or any(char.isdigit() for char in text):
        return text, words
    return " ".join(parts[:third]), words[: len(words) // 3] if words else words


# --- commits and their answers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A commit without an answer: how much audio it closed, when, and the last partial before it."""

    number: int
    audio_ms: int
    at: int
    partial: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered and when, against repeats. `partial` is the last one before it."""

    text: str
    words: tuple[Word, ...]
    at: int
    partial: str


class Segments:
    """Which commits wait on this socket, and what the transcripts answer. Times (`now`) in ms of any one clock."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms  # where in the caller's audio this socket's audio begins
        self._uncommitted_ms = 0
        self._sound_ms = 0  # of the uncommitted audio
        self._waiting: deque[_Asked] = deque()
        self._plain: tuple[str, int] | None = None  # a plain transcript and when it came
        self._twin: tuple[bool, str] | None = None  # (timed?, text) of the other half of an answer that was given
        self._answers: deque[_Answer] = deque(maxlen=4)
        self._partial = ""

    def heard(self, pcmu: bytes) -> None:
        """This audio was sent."""
        length = len(pcmu) // BYTES_PER_MS
        self._uncommitted_ms += length
        if level(pcmu) >= SOUND_LEVEL:
            self._sound_ms += length

    def commit(self, number: int, now: int) -> bool:
        """Whether the commit can be sent; False if there is too little new audio."""
        if self._uncommitted_ms < COMMIT_MIN_MS:
            return False
        self._waiting.append(_Asked(number, self._uncommitted_ms, now, self._partial))
        self._uncommitted_ms, self._sound_ms, self._partial = 0, 0, ""
        return True

    def received(self, message: Message, now: int) -> list[Event]:
        """The events that follow from a message."""
        match message:
            case Partial(text):
                if text == self._partial or self._stale(text):
                    return []
                self._partial = text
                return [TranscriptPartial(text)]
            case Committed(text, None):
                return self._plain_came(text, now)
            case Committed(text, tuple() as words):
                return self._timed_came(text, words, now)
            case Throttled() if self._waiting:
                asked = self._waiting.pop()  # it is refused at once: earlier ones are being worked on
                self._uncommitted_ms += asked.audio_ms
                return [CommitRefused(asked.number)]
        return []

    def wait_ms(self, now: int) -> int | None:
        """How long until `due` has something to say, or None."""
        return None if self._plain is None else max(0, self._plain[1] + TIMED_WAIT_MS - now)

    def due(self, now: int) -> list[Event]:
        """The plain transcript whose timed half has not come in time."""
        return self._give_plain(now) if self.wait_ms(now) == 0 else []

    def overdue(self, now: int) -> bool:
        """Whether a commit has waited too long: the session is dead."""
        return bool(self._waiting) and now - self._waiting[0].at >= ANSWER_MS

    def given_up(self) -> int:
        """The newest waiting commit whose partial was heard, or 0: the call has gone on with that partial."""
        return max((asked.number for asked in self._waiting if asked.partial), default=0)

    def _plain_came(self, text: str, now: int) -> list[Event]:
        if self._twin == (False, text):
            self._twin = None
            return []
        before = self._give_plain(now)  # of an earlier commit
        if not self._repeated(text, (), now):
            self._plain = (text, now)
        return before

    def _timed_came(self, text: str, words: tuple[Word, ...], now: int) -> list[Event]:
        if self._plain is not None and self._halves(self._plain[0], text):
            self._plain = None
            return self._give(text, words, now)
        if self._plain is None and self._twin == (True, text):
            self._twin = None
            return []
        before = self._give_plain(now)
        if self._repeated(text, words, now):
            return before
        given = self._give(text, words, now)
        self._twin = (False, text)
        return before + given

    def _halves(self, plain: str, timed: str) -> bool:
        """Whether the two belong to one answer: the same words, or nobody else could have been asked for."""
        return spoken(plain) == spoken(timed) or len(self._waiting) <= 1

    def _give_plain(self, now: int) -> list[Event]:
        if self._plain is None:
            return []
        text, self._plain = self._plain[0], None
        given = self._give(text, (), now)
        self._twin = (True, text)
        return given

    def _give(self, text: str, words: tuple[Word, ...], now: int) -> list[Event]:
        if self._repeated(text, words, now):
            return []
        asked = self._waiting.popleft() if self._waiting else _Asked(0, 0, now, self._partial)
        self._answers.append(_Answer(text, words, now, asked.partial))
        self._twin, self._partial = None, ""
        if not asked.number and not text:
            return []
        placed = tuple(Word(w.text, w.start_ms + self.offset_ms, w.end_ms + self.offset_ms) for w in words)
        return [TranscriptFinal(asked.number, text, placed)]

    def _repeated(self, text: str, words: tuple[Word, ...], now: int) -> bool:
        if not self._answers:
            return False
        if words and any(answer.words for answer in self._answers):
            return any(answer.words == words for answer in self._answers)
        last = self._answers[-1]
        return text == last.text and (not self._waiting or now - last.at < SAME_BREATH_MS)

    def _stale(self, text: str) -> bool:
        """A partial of what was answered already, with no sound since in which it could have been said again."""
        now = spoken(text)
        if not now or not self._answers or self._sound_ms >= SOUND_MS:
            return False
        last = self._answers[-1]
        return any(spoken(said)[: len(now)] == now for said in (last.text, last.partial))
