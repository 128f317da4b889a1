"""The codec, and which transcript answers which commit."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from elevenlabs.types import InputAudioChunkPayload
from hypothesis import given
from hypothesis import strategies as some

from telephony.audio import frames, tones
from telephony.contracts.stt import SttSpec
from telephony.core.events import CommitRefused, Event, TranscriptFinal, TranscriptPartial, Word
from telephony.elevenlabs import stt_codec as wire

VOICE = tones.sine(300, 1_000)


def timed(text: str, at: float = 0.0) -> wire.Message:
    """The timed message for words half a second long each, the first of them at `at`."""
    words: list[dict[str, Any]] = []
    for n, word in enumerate(text.split()):
        words.append({"text": word, "start": at + n / 2, "end": at + n / 2 + 0.5, "type": "word"})
        words.append({"text": " ", "start": at + n / 2 + 0.5, "end": at + n / 2 + 0.5, "type": "spacing"})
    message = {"message_type": "committed_transcript_with_timestamps", "text": text, "words": words}
    return wire.decode(json.dumps(message))


def plain(text: str) -> wire.Message:
    return wire.decode(json.dumps({"message_type": "committed_transcript", "text": text}))


def partial(text: str) -> wire.Message:
    return wire.decode(json.dumps({"message_type": "partial_transcript", "text": text}))


class Room:
    """Segments with a clock in the hand."""

    def __init__(self) -> None:
        self.segments, self.now, self.events = wire.Segments(), 0, list[Event]()

    def voice(self, ms: int = 1_000) -> None:
        self.segments.heard(tones.sine(300, ms))
        self.now += ms

    def quiet(self, ms: int = 1_000) -> None:
        self.segments.heard(frames.silence(ms))
        self.now += ms

    def commit(self, number: int) -> None:
        assert self.segments.commit(number, self.now)

    def comes(self, *messages: wire.Message, after: int = 0) -> None:
        for message in messages:
            self.now += after
            self.events += self.segments.due(self.now)
            self.events += self.segments.received(message, self.now)

    def later(self, ms: int = 300) -> None:
        self.now += ms
        self.events += self.segments.due(self.now)

    @property
    def finals(self) -> list[tuple[int, str, bool]]:
        """(commit, text, with times?)"""
        return [(e.commit, e.text, bool(e.words)) for e in self.events if isinstance(e, TranscriptFinal)]


# --- the codec ------------------------------------------------------------------------------------------------------


def test_url_asks_for_what_a_phone_call_needs() -> None:
    """Twilio's mu-law as it is, our own commits, word times; the scheme is swapped, a path of a proxy stays."""
    url = urlsplit(wire.socket_url("https://api.elevenlabs.io/proxy/", SttSpec("de", ("Zoë & Co",))))
    assert (url.scheme, url.netloc, url.path) == ("wss", "api.elevenlabs.io", "/proxy/v1/speech-to-text/realtime")
    assert parse_qs(url.query) == {
        "model_id": ["scribe_v2_realtime"],
        "audio_format": ["ulaw_8000"],
        "commit_strategy": ["manual"],
        "include_timestamps": ["true"],
        "language_code": ["de"],
        "keyterms": ["Zoë & Co"],
    }
    assert wire.socket_url("http://127.0.0.1:1", SttSpec("")).startswith("ws://127.0.0.1:1/v1/")
    assert "language_code" not in wire.socket_url("http://x", SttSpec(""))


def test_keyterms_within_the_service_limits() -> None:
    """More than 50 terms, or longer than 20 characters, would be refused after a good handshake."""
    terms = (
        "",
        "  two   words ",
        "two words",
        "Northwind Traders Limited",
        "x" * 30,
        *(f"term {n}" for n in range(90)),
    )
    asked = parse_qs(urlsplit(wire.socket_url("http://x", SttSpec(keyterms=terms))).query)["keyterms"]
    assert asked[:3] == ["two words", "Northwind Traders", "x" * 20]
    assert len(asked) == 50


def test_messages_are_the_vendors() -> None:
    """Exactly the keys of the vendor's own type; a commit is an empty chunk."""
    for text, pcmu, commit in ((wire.audio(b"\xff\x00"), b"\xff\x00", False), (wire.commit(), b"", True)):
        message = json.loads(text)
        assert set(message) == {"message_type", "audio_base_64", "commit", "sample_rate"}
        chunk = InputAudioChunkPayload.model_validate(message)
        assert (b64decode(chunk.audio_base_64), chunk.commit, chunk.sample_rate) == (pcmu, commit, 8000)
        assert not chunk.model_extra


@pytest.mark.parametrize(
    ("slug", "retryable"),
    [
        ("rate_limited", True),
        ("queue_overflow", True),
        ("resource_exhausted", True),
        ("transcriber_error", True),
        ("session_time_limit_exceeded", True),
        ("chunk_size_exceeded", True),
        ("insufficient_audio_activity", True),
        ("error", True),
        ("auth_error", False),
        ("quota_exceeded", False),
        ("unaccepted_terms", False),
        ("invalid_request", False),
        ("input_error", False),
    ],
)
def test_every_error_slug(slug: str, retryable: bool) -> None:
    """Which faults may pass and which will not, with the "_error" that some clients know too."""
    assert wire.decode(json.dumps({"message_type": slug, "error": "in words"})) == wire.Fault(slug, retryable)
    assert wire.decode(json.dumps({"message_type": f"{slug}_error", "error": "x"})) == wire.Fault(slug, retryable)


def test_only_errors_end_a_session() -> None:
    """A commit that was throttled, a warning and what nobody knows do not; an error that nobody knows does."""
    assert wire.decode('{"message_type": "commit_throttled", "error": "100 ms"}') == wire.Throttled()
    for kind in ("warning", "final_transcript", "committed_transcript_entities", "a_newcomer"):
        assert wire.decode(json.dumps({"message_type": kind, "text": "x", "warning": "y"})) == wire.Ignored()
    assert wire.decode('{"message_type": "new_error", "error": "?"}') == wire.Fault("provider_misbehaved", True)
    for garbage in ("<html>", b"\x00\x01", "[1]", "null", "[" * 100_000):
        assert wire.decode(garbage) == wire.Fault("provider_misbehaved", True)


@given(
    some.recursive(
        some.none() | some.booleans() | some.floats() | some.text(max_size=8) | some.integers(),
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    some.sampled_from(["partial_transcript", "committed_transcript_with_timestamps", "committed_transcript", "error"]),
)
def test_no_message_breaks_the_codec(odd: Any, kind: str) -> None:
    """Whatever stands where a text, a list of words or a time should be."""
    wire.decode(json.dumps({"message_type": kind, "text": odd, "words": odd}))
    wire.decode(json.dumps({"message_type": odd, "text": "x"}))
    wire.decode(json.dumps({"message_type": kind, "words": [odd, {"text": odd, "start": odd, "end": 1}]}))


def test_tags_are_no_words() -> None:
    """ "(laughter)" and "[music]" are not said; the "(555)" of a phone number is."""
    assert wire.clean(" (laughter) yes [music]  please ") == "yes please"
    assert wire.clean("[background noise]") == wire.clean(None) == ""
    assert wire.clean("call (555) 123-4567 (or 9)") == "call (555) 123-4567 (or 9)"
    words = [
        {"text": "(cough)", "start": 0, "end": 0.2, "type": "audio_event"},
        {"text": "(cough)", "start": 0, "end": 0.2, "type": "word"},
        {"text": "yes", "start": 0.2, "end": 0.4049, "type": "word"},
        {"text": " ", "start": 0.4, "end": 0.4, "type": "spacing"},
        {"text": "please", "start": "x", "end": 1, "type": "word"},
    ]
    message = {"message_type": "committed_transcript_with_timestamps", "text": "(cough) yes please", "words": words}
    assert wire.decode(json.dumps(message)) == wire.Committed("yes please", (Word("yes", 200, 404),))


def test_text_said_three_times_over() -> None:
    """A fault of the service repeats the whole text three times; people repeat short things and digits themselves."""
    message = {"message_type": "committed_transcript", "text": "I want a table. " * 3}
    assert wire.decode(json.dumps(message)) == wire.Committed("I want a table.", None)
    twelve = timed(" ".join(["what is the time"] * 3))
    assert isinstance(twelve, wire.Committed)
    assert (twelve.text, len(twelve.words or ())) == ("what is the time", 4)
    for meant in ("no no no", "2 1 2 4 " * 3, "a table for two a table for two"):
        assert wire.decode(json.dumps({"message_type": "committed_transcript", "text": meant})) == wire.Committed(
            meant.strip(), None
        )


# --- commits and their answers --------------------------------------------------------------------------------------


def test_a_commit_yields_two_messages_and_one_final() -> None:
    """Plain and timed in either order are one answer: the timed one."""
    for order in ([plain("Yes."), timed("Yes.")], [timed("Yes."), plain("Yes.")]):
        room = Room()
        room.voice()
        room.commit(1)
        room.comes(*order, after=20)
        room.later()
        assert room.finals == [(1, "Yes.", True)]


def test_without_its_timed_half_the_plain_one_counts() -> None:
    """After 300 ms; when the timed one comes after all it is no second turn, not even with the next commit waiting."""
    room = Room()
    room.voice()
    room.commit(1)
    room.comes(plain("Yes please."))
    room.later(299)
    assert room.finals == []
    room.later(1)
    room.voice()
    room.commit(2)
    room.comes(timed("Yes please."), plain("At nine."), timed("At nine."))
    assert room.finals == [(1, "Yes please.", False), (2, "At nine.", True)]


def test_late_plain_half_is_not_the_next_answer() -> None:
    """In reverse order the plain half may come when the next commit is out already."""
    room = Room()
    room.voice()
    room.commit(1)
    room.comes(timed("Yes please."))
    room.voice()
    room.commit(2)
    room.comes(plain("Yes please."), timed("At nine.", 2), plain("At nine."), after=310)
    room.later(1_000)
    assert room.finals == [(1, "Yes please.", True), (2, "At nine.", True)]


def test_answers_belong_to_commits_in_order() -> None:
    """Two commits out at once: the first answer is the first one's, with or without times, empty or not."""
    for answers in (
        [plain("One."), timed("One."), plain("Two."), timed("Two.", 2)],
        [timed("One."), plain("One."), timed("Two.", 2), plain("Two.")],
        [plain("One."), plain("Two.")],
        [timed("One."), timed("Two.", 2)],
        [plain("One."), timed("Two.", 2)],
    ):
        room = Room()
        for number in (1, 2):
            room.voice()
            room.commit(number)
        room.comes(*answers)
        room.later()
        assert [(number, text) for number, text, _ in room.finals] == [(1, "One."), (2, "Two.")]


def test_halves_that_differ_are_one_answer() -> None:
    """The service may punctuate its two messages differently."""
    room = Room()
    room.voice()
    room.commit(1)
    room.comes(plain("nine thirty"), timed("9:30"))
    room.later()
    assert room.finals == [(1, "9:30", True)]


@pytest.mark.parametrize("next_commit", [False, True])
@pytest.mark.parametrize("order", [(plain, timed), (timed, plain), (plain,), (timed,)])
def test_finals_that_come_three_times(order: tuple[Any, ...], next_commit: bool) -> None:
    """Repeats make no turns, and do not answer the commit after theirs."""
    room = Room()
    room.voice()
    room.commit(1)
    if next_commit:
        room.voice()
        room.commit(2)
    room.comes(*[message("Yes.") for _ in range(3) for message in order], after=1)
    room.later(400)
    assert [(number, text) for number, text, _ in room.finals] == [(1, "Yes.")]


def test_the_same_word_again_is_an_answer() -> None:
    """ "Yes." "Yes." to two questions are two turns."""
    for first, second in (([plain("Yes.")], [plain("Yes.")]), ([timed("Yes.")], [timed("Yes.", 3.2)])):
        room = Room()
        for number, messages in ((1, first), (2, second)):
            room.voice()
            room.commit(number)
            room.comes(*messages, after=300)
            room.later()
        assert [(number, text) for number, text, _ in room.finals] == [(1, "Yes."), (2, "Yes.")]


def test_empty_finals_answer_their_commit() -> None:
    """Nothing was said: that is an answer too. Without a commit it is none."""
    room = Room()
    room.voice()
    room.comes(plain(""), timed(""))
    room.commit(1)
    room.comes(plain("(laughter)"), timed("(laughter)"), after=300)
    room.later()
    assert room.finals == [(1, "", False)]


def test_what_the_service_closed_by_itself_has_number_0() -> None:
    """After 90 s of speech a segment is closed without being asked."""
    room = Room()
    room.voice()
    room.comes(plain("And so on"), timed("And so on"))
    room.later()
    room.voice()
    room.commit(1)
    room.comes(plain("and on."), timed("and on.", 2))
    assert room.finals == [(0, "And so on", True), (1, "and on.", True)]


def test_words_lie_where_they_were_said() -> None:
    """A later socket counts from its own first audio; the caller's audio goes on."""
    segments = wire.Segments(offset_ms=60_000)
    segments.heard(VOICE)
    segments.commit(1, 0)
    (final,) = segments.received(timed("Yes.", 0.25), 0)
    assert isinstance(final, TranscriptFinal)
    assert final.words == (Word("Yes.", 60_250, 60_750),)


def test_too_little_audio_is_answered_here() -> None:
    """A commit with less than 0.3 s since the last would be throttled; silence counts as audio."""
    segments = wire.Segments()
    segments.heard(frames.silence(280))
    assert not segments.commit(1, 0)
    segments.heard(frames.silence(20))
    assert segments.commit(2, 0)
    assert not segments.commit(3, 0)


def test_a_throttled_commit_leaves_its_audio_open() -> None:
    """It is refused, not lost; the audio counts for the next. An earlier commit still gets its answer."""
    room = Room()
    for number in (1, 2):
        room.voice()
        room.commit(number)
    room.comes(wire.Throttled(), plain("Yes."), timed("Yes."))
    assert room.events[0] == CommitRefused(2)
    assert room.finals == [(1, "Yes.", True)]
    room.commit(3)
    room.comes(wire.Throttled(), wire.Throttled())
    assert room.events[2:] == [CommitRefused(3)]


def test_stale_partials_are_no_phantom_turn() -> None:
    """After a final, its partials over again (whole, in part, rough) say nothing while the caller is silent."""
    room = Room()
    room.voice()
    room.comes(partial("what are your open"))
    room.commit(1)
    room.comes(plain("What are your opening hours?"), timed("What are your opening hours?"), after=300)
    room.events.clear()
    for _ in range(5):
        room.quiet(2_000)
        room.comes(partial("what are your open"), partial("What are"), partial("What are your opening hours"))
    assert room.events == []


def test_said_again_is_heard_again() -> None:
    """With voice behind it the same text is a new partial; other words are new at once."""
    room = Room()
    room.voice()
    room.commit(1)
    room.comes(plain("Yes."), timed("Yes."))
    room.comes(partial("No"))
    room.voice(200)
    room.comes(partial("Yes"), partial("Yes"))
    assert room.events[1:] == [TranscriptPartial("No"), TranscriptPartial("Yes")]


def test_a_commit_without_answer_means_a_dead_session() -> None:
    """Five seconds; the call has gone on with the partial, if there was one."""
    room = Room()
    room.voice()
    room.comes(partial("yes"))
    room.commit(1)
    room.now += 4_999
    assert not room.segments.overdue(room.now)
    room.now += 1
    assert room.segments.overdue(room.now)
    assert room.segments.given_up() == 1
    room.voice()
    room.commit(2)
    assert room.segments.given_up() == 1
