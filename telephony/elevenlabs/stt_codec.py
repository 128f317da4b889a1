"""A pure codec for ElevenLabs' realtime STT (Scribe v2), and the matching of transcripts to commits.

Theory of operation. One segment is open at a time; a commit closes it, and is answered by a final transcript. Answers
come in the order of the commits, so the next one belongs to the oldest pending commit. Word times are not asked for:
with them the service sends each final twice, plain and 100 ms later with times, and two commits soon after each other
have their twins mixed up. A service that sends both all the same is taken by the kind that came first.

The service also closes segments by itself (after 36 to 90 s of audio, in mid-speech as well). Such a final has commit
number 0. One that comes just after a commit of ours is no answer to it if it lacks words that were shown (`part`); if
no other final follows within `PART_MS`, it was the answer after all. A commit just after such a close is throttled,
although we have counted enough audio: it is repeated once, when there is enough again.

A repeated final must not answer the next commit: it has the text of the last one, and no commit is pending, or it comes
within `REPEAT_MS`, or other words are shown. Which words are new is judged by `Transcripts`, and also which commit a
final answers, if the one of an earlier commit is missing.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

from telephony.audio.frames import BYTES_PER_MS
from telephony.contracts.stt import SttSpec
from telephony.contracts.transcripts import Transcripts
from telephony.core.events import CommitRefused, Event
from telephony.core.language.codes import primary
from telephony.elevenlabs.faults import Fault as Fault
from telephony.elevenlabs.faults import misbehaved, of_frame
from telephony.valid_text import valid

COMMIT_MIN_MS = 300
"""Minimum new audio for a commit; the service throttles it otherwise."""
PART_MS = 500
"""If no other final follows within this time, one that lacked words was the answer; answers take 250-380 ms."""
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


def _chunk(audio_base_64: str, *, commit: bool) -> bytes:
    """A message. The schema requires all four keys."""
    message = {
        "message_type": "input_audio_chunk",
        "audio_base_64": audio_base_64,
        "commit": commit,
        "sample_rate": 8000,
    }
    return json.dumps(message).encode()


COMMIT = _chunk("", commit=True)
"""Close the open segment."""
_BEFORE, _AFTER = _chunk("|", commit=False).split(b"|")


def audio(pcmu: bytes) -> bytes:
    """A piece of audio, as JSON."""
    return _BEFORE + b64encode(pcmu) + _AFTER


# --- what the server says -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The session has started."""


@dataclass(frozen=True, slots=True)
class Partial:
    text: str


@dataclass(frozen=True, slots=True)
class Committed:
    """The transcript of a closed segment; `timed`: it is of the kind that has word times."""

    text: str
    timed: bool


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
            return Committed(clean(content), timed=False)
        case "committed_transcript_with_timestamps":
            return Committed(clean(content), timed=True)
        case "commit_throttled":
            return Throttled()
    if kind == "warning" or not (message.get("error") or kind in FATAL | RETRYABLE):
        return Ignored()
    slug = next((slug for slug in (kind, kind.removesuffix("_error")) if slug in FATAL | RETRYABLE), kind)
    return of_frame(slug, message.get("error") or message.get("message"), message.get("code"), RETRYABLE)


def clean(text: object) -> str:
    """The text, made valid, without audio-event tags such as "(laughter)" or "[music]". A number is text, too."""
    text = str(text) if isinstance(text, int | float) and not isinstance(text, bool) else text
    return " ".join(_TAG.sub(" ", valid(text)).split()) if isinstance(text, str) else ""


# --- commits and their answers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PendingCommit:
    """A commit without an answer: the audio it closed, its time, and whether it was repeated."""

    number: int
    audio_ms: int
    at: int
    again: bool


class Segments:
    """Which commits wait on this socket, and what the transcripts answer. Times (`now`) in ms of any one clock."""

    def __init__(self) -> None:
        self._transcripts = Transcripts()
        self._uncommitted_ms = 0
        self._pending: deque[_PendingCommit] = deque()
        self._again = 0  # the commit that was throttled and is to be repeated
        self._timed: bool | None = None  # the kind of finals that are taken
        self._part_ms: int | None = None  # when a final came that may have been of a part of the committed segment
        self._last: tuple[str, int] | None = None  # the last final and its time

    def sent(self, pcmu: bytes) -> None:
        """Counts audio that was sent."""
        self._uncommitted_ms += len(pcmu) // BYTES_PER_MS
        self._transcripts.sent(pcmu)

    def commit(self, number: int, now: int) -> bool:
        """Registers a commit about to be sent. False if there is too little new audio; then do not send it."""
        if self._uncommitted_ms < COMMIT_MIN_MS:
            return False
        self._pending.append(_PendingCommit(number, self._uncommitted_ms, now, again=number == self._again))
        self._uncommitted_ms = self._again = 0
        self._transcripts.committed(number)
        return True

    def repeat(self, now: int) -> bool:
        """Registers the repeat of a throttled commit, if there is one and now enough audio for it. True: send it."""
        return self._again > 0 and self.commit(self._again, now)

    def received(self, message: Message, now: int) -> list[Event]:
        """The events that follow from a message."""
        match message:
            case Partial(text):
                return [*self._transcripts.partial(text)]
            case Committed(text, timed):
                self._timed = timed if self._timed is None else self._timed
                return self._answer(text, now) if timed is self._timed else []
            case Throttled() if self._pending:
                return self._throttled(self._pending.pop())  # a refusal is immediate, so it is for the newest
        return []

    def wait_ms(self, now: int) -> int | None:
        """How long until `due` may return something, or None if nothing is waiting."""
        return None if self._part_ms is None else max(0, self._part_ms + PART_MS - now)

    def due(self, now: int) -> list[Event]:
        """The end of a commit whose answer was taken for that of another segment; otherwise []."""
        if self.wait_ms(now) != 0:
            return []
        self._part_ms = None
        return [*self._transcripts.final(self._pending.popleft().number, "")] if self._pending else []

    def overdue(self, now: int) -> bool:
        """Whether a commit has been unanswered for `ANSWER_MS`: the session is dead."""
        return bool(self._pending) and now - self._pending[0].at >= ANSWER_MS

    def given_up(self) -> list[Event]:
        """The session is replaced: what was shown of pending commits is not asked for again."""
        return [*self._transcripts.given_up()]

    def _throttled(self, commit: _PendingCommit) -> list[Event]:
        self._transcripts.refused(commit.number)
        if commit.again or self._again:
            self._uncommitted_ms += commit.audio_ms
            return [CommitRefused(commit.number)]
        self._uncommitted_ms, self._again = 0, commit.number
        return []

    def _answer(self, text: str, now: int) -> list[Event]:
        (said, at), self._last = self._last or (None, 0), (text, now)
        if text == said and (not self._pending or now - at < REPEAT_MS or self._transcripts.other(text)):
            return []
        if len(self._pending) == 1 and self._part_ms is None and self._transcripts.part(text):
            self._part_ms = now
            return [*self._transcripts.final(0, text)]
        self._part_ms = None
        number = self._transcripts.meant(text) or (self._pending[0].number if self._pending else 0)
        while self._pending and self._pending[0].number <= number:
            self._pending.popleft()
        return [*self._transcripts.final(number, text)]
