"""The STT codec, and the matching of transcripts to commits."""

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
from telephony.core.events import CommitRefused, Event, TranscriptUpdated
from telephony.elevenlabs import stt_codec as wire
from tests.elevenlabs.sdk_types import strict

VOICE = tones.sine(300, 1_000)


def timed(text: str) -> wire.Message:
    """The final of the kind that has word times."""
    words = [{"text": text, "start": 0.5, "end": 1.0, "type": "word"}]
    message = {"message_type": "committed_transcript_with_timestamps", "text": text, "words": words}
    return wire.decode(json.dumps(message))


def plain(text: str) -> wire.Message:
    return wire.decode(json.dumps({"message_type": "committed_transcript", "text": text}))


def partial(text: str) -> wire.Message:
    return wire.decode(json.dumps({"message_type": "partial_transcript", "text": text}))


class Rig:
    """Segments on a manual clock, and the events they returned."""

    def __init__(self) -> None:
        self.segments, self.now, self.events = wire.Segments(), 0, list[Event]()

    def voice(self, ms: int = 1_000) -> None:
        self.segments.sent(tones.sine(300, ms))
        self.now += ms

    def quiet(self, ms: int = 1_000) -> None:
        self.segments.sent(frames.silence(ms))
        self.now += ms

    def commit(self, number: int) -> None:
        assert self.segments.commit(number, self.now)

    def comes(self, *messages: wire.Message, after: int = 0) -> None:
        for message in messages:
            self.now += after
            self.events += self.segments.due(self.now)
            self.events += self.segments.received(message, self.now)

    def later(self, ms: int = wire.PART_MS) -> None:
        self.now += ms
        self.events += self.segments.due(self.now)

    @property
    def finals(self) -> list[tuple[int, str]]:
        """(commit, text)"""
        return [
            (event.commit, event.stable)
            for event in self.events
            if isinstance(event, TranscriptUpdated) and (event.stable or event.commit)
        ]


# --- the codec ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["caf\ud83d", "e\u0301t\u00e9", "one\x00 two\r\n three"])
def test_text_is_made_valid(text: str) -> None:
    """Half a surrogate pair, an accent as a character of its own, control characters: in the text and in its words."""
    whole = timed(text)
    assert isinstance(whole, wire.Committed)
    said = {"caf\ud83d": "caf", "e\u0301t\u00e9": "\u00e9t\u00e9"}.get(text, "one two three")
    assert whole.text == said
    assert wire.decode(json.dumps({"message_type": "partial_transcript", "text": text})) == wire.Partial(said)


def test_url_asks_for_what_a_phone_call_needs() -> None:
    """Twilio's mu-law unchanged, manual commits, one final each; the scheme becomes ws(s), a proxy's path is kept."""
    url = urlsplit(wire.socket_url("https://api.elevenlabs.io/proxy/", SttSpec("de", ("Zoë & Co",))))
    assert (url.scheme, url.netloc, url.path) == ("wss", "api.elevenlabs.io", "/proxy/v1/speech-to-text/realtime")
    assert parse_qs(url.query) == {
        "model_id": ["scribe_v2_realtime"],
        "audio_format": ["ulaw_8000"],
        "commit_strategy": ["manual"],
        "language_code": ["de"],
        "keyterms": ["Zoë & Co"],
    }
    assert wire.socket_url("http://127.0.0.1:1", SttSpec("")).startswith("ws://127.0.0.1:1/v1/")
    assert "language_code" not in wire.socket_url("http://x", SttSpec(""))


def test_keyterms_within_the_service_limits() -> None:
    """More than 50 terms, or terms over 20 characters, would be refused after a successful handshake."""
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


def test_messages_match_the_vendors_types() -> None:
    """Messages have exactly the keys of the vendor's type; a commit is an empty chunk."""
    for text, pcmu, commit in ((wire.audio(b"\xff\x00"), b"\xff\x00", False), (wire.COMMIT, b"", True)):
        message = json.loads(text)
        assert set(message) == {"message_type", "audio_base_64", "commit", "sample_rate"}
        strict(InputAudioChunkPayload, message)
        assert (b64decode(message["audio_base_64"]), message["commit"], message["sample_rate"]) == (pcmu, commit, 8000)


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
    """Each slug is retryable or not, with or without the suffix "_error" that some clients use."""
    assert wire.decode(json.dumps({"message_type": slug, "error": "in words"})) == wire.Fault(slug, retryable)
    assert wire.decode(json.dumps({"message_type": f"{slug}_error", "error": "x"})) == wire.Fault(slug, retryable)


def test_only_errors_end_a_session() -> None:
    """Throttled commits, warnings and unknown messages do not; an unknown error does, for good."""
    assert wire.decode('{"message_type": "commit_throttled", "error": "100 ms"}') == wire.Throttled()
    for kind in ("warning", "final_transcript", "committed_transcript_entities", "a_newcomer"):
        assert wire.decode(json.dumps({"message_type": kind, "text": "x", "warning": "y"})) == wire.Ignored()
    assert wire.decode('{"message_type": "new_error", "error": "?"}') == wire.Fault("new_error", False)
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
    """Any JSON value in place of a text, a list of words or a time."""
    wire.decode(json.dumps({"message_type": kind, "text": odd, "words": odd}))
    wire.decode(json.dumps({"message_type": odd, "text": "x"}))
    wire.decode(json.dumps({"message_type": kind, "words": [odd, {"text": odd, "start": odd, "end": 1}]}))


def test_audio_event_tags_are_removed() -> None:
    """ "(laughter)" and "[music]" are removed; the "(555)" of a phone number is kept."""
    assert wire.clean(" (laughter) yes [music]  please ") == "yes please"
    assert wire.clean("[background noise]") == wire.clean(None) == ""
    assert wire.clean("call (555) 123-4567 (or 9)") == "call (555) 123-4567 (or 9)"


# --- commits and their answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [(plain,), (timed,), (plain, timed), (timed, plain)])
def test_a_commit_has_one_final_at_once(answers: tuple[Any, ...]) -> None:
    """Whichever kind comes first is taken, and the other one is ignored from then on, however late it is."""
    rig = Rig()
    for number, text in ((1, "Yes."), (2, "At nine."), (3, "At nine.")):
        rig.voice()
        rig.commit(number)
        rig.comes(answers[0](text))
        assert rig.finals[-1] == (number, text)
        rig.comes(*[answer(text) for answer in answers[1:]], after=300)
    rig.later()
    assert rig.finals == [(1, "Yes."), (2, "At nine."), (3, "At nine.")]


def test_twins_of_interleaved_commits_are_not_confused() -> None:
    """Not even if the texts are the same or the two kinds are spelled differently."""
    for first, second, other in (("Yes.", "Yes.", "Yes."), ("nine thirty", "Yes.", "9:30")):
        rig = Rig()
        for number in (1, 2):
            rig.voice()
            rig.commit(number)
        rig.comes(plain(first))
        rig.comes(plain(second), timed(other), timed(second), after=wire.REPEAT_MS)
        rig.voice()
        rig.commit(3)
        rig.comes(timed(second), plain("Third."))
        assert rig.finals == [(1, first), (2, second), (3, "Third.")]


def test_answers_belong_to_commits_in_order() -> None:
    """With two commits pending, the first answer belongs to the first commit."""
    rig = Rig()
    for number in (1, 2):
        rig.voice()
        rig.commit(number)
    rig.comes(plain("One."), plain("Two."))
    assert rig.finals == [(1, "One."), (2, "Two.")]


@pytest.mark.parametrize("next_commit", [False, True])
def test_repeated_finals_are_dropped(next_commit: bool) -> None:
    """Repeats start no turn and do not answer the next commit."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    if next_commit:
        rig.voice()
        rig.commit(2)
    rig.comes(*[plain("Yes.")] * 3, after=1)
    rig.later()
    assert rig.finals == [(1, "Yes.")]


def test_the_same_word_again_is_an_answer() -> None:
    """ "Yes." twice, in answer to two commits, gives two finals."""
    rig = Rig()
    for number in (1, 2):
        rig.voice()
        rig.commit(number)
        rig.comes(plain("Yes."), after=300)
    assert rig.finals == [(1, "Yes."), (2, "Yes.")]


def test_empty_finals_answer_their_commit() -> None:
    """An empty transcript answers a pending commit; without one it is dropped."""
    rig = Rig()
    rig.voice()
    rig.comes(plain(""))
    rig.commit(1)
    rig.comes(plain("(laughter)"), after=300)
    assert rig.finals == [(1, "")]


# --- segments that the service closes by itself ---------------------------------------------------------------------


def test_segments_closed_by_the_service_have_number_0() -> None:
    """The words that follow belong to the next commit."""
    rig = Rig()
    rig.voice()
    rig.comes(plain("And so on"))
    rig.voice()
    rig.commit(1)
    rig.comes(plain("and on."))
    assert rig.finals == [(0, "And so on"), (1, "and on.")]


@pytest.mark.parametrize("wait_ms", [0, 200, wire.PART_MS - 1])
def test_a_final_without_the_last_words_shown_is_no_answer(wait_ms: int) -> None:
    """The service has closed the segment just before our commit; the answer follows."""
    rig = Rig()
    rig.voice(2_000)
    rig.comes(partial("I would like a table for four"))
    rig.commit(1)
    rig.comes(plain("I would like a table"))
    assert rig.finals == [(0, "I would like a table")]
    assert rig.events[-1] == TranscriptUpdated("I would like a table", "for four")
    rig.later(wait_ms)
    rig.comes(plain("for four people."))
    assert rig.finals == [(0, "I would like a table"), (1, "for four people.")]
    rig.later()
    assert len(rig.finals) == 2


def test_a_final_without_the_last_words_shown_was_the_answer_if_no_other_follows() -> None:
    """The recogniser has changed its mind about them. After half a second the commit is over."""
    rig = Rig()
    rig.voice(2_000)
    rig.comes(partial("at nine uh"))
    rig.commit(1)
    rig.comes(plain("At nine."))
    assert rig.segments.wait_ms(rig.now) == wire.PART_MS
    rig.later(wire.PART_MS - 1)
    assert rig.finals == [(0, "At nine.")]
    rig.later(1)
    assert rig.events[-1] == TranscriptUpdated("", "", 1)
    assert rig.segments.wait_ms(rig.now) is None
    rig.voice()
    rig.commit(2)
    rig.comes(plain("Please."))
    assert rig.finals[-1] == (2, "Please.")


def test_partials_that_start_over_show_that_the_service_has_closed_the_segment() -> None:
    """Its final may come after our commit, and is no answer to it; meanwhile its words stay tentative."""
    rig = Rig()
    rig.voice(2_000)
    rig.comes(partial("I would like a table"))
    rig.voice(600)
    rig.comes(partial("for four"))
    assert rig.events[-1] == TranscriptUpdated("", "I would like a table for four")
    rig.commit(1)
    rig.comes(partial("I would like a table"), plain("I would like a table"))
    assert rig.events[-1] == TranscriptUpdated("I would like a table", "for four")
    rig.comes(plain("for four people."), after=300)
    assert rig.finals == [(0, "I would like a table"), (1, "for four people.")]


def test_commits_with_too_little_audio_are_not_sent() -> None:
    """A commit with less than 0.3 s since the last would be throttled; silence counts as audio."""
    segments = wire.Segments()
    segments.sent(frames.silence(280))
    assert not segments.commit(1, 0)
    segments.sent(frames.silence(20))
    assert segments.commit(2, 0)
    assert not segments.commit(3, 0)


def test_a_throttled_commit_is_repeated_once() -> None:
    """The service has closed the segment just before it: its last words are known only by another commit."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    rig.comes(wire.Throttled(), plain("I would like"))
    assert rig.events == [TranscriptUpdated("I would like", "")]
    rig.quiet(wire.COMMIT_MIN_MS - 20)
    assert not rig.segments.repeat(rig.now)
    rig.quiet(20)
    assert rig.segments.repeat(rig.now)
    assert not rig.segments.repeat(rig.now)
    rig.comes(plain("a table."), after=300)
    assert rig.finals == [(0, "I would like"), (1, "a table.")]


def test_a_commit_that_is_throttled_twice_is_refused() -> None:
    """Its audio counts towards the next one. An earlier commit still gets its answer."""
    rig = Rig()
    for number in (1, 2):
        rig.voice()
        rig.commit(number)
    rig.comes(wire.Throttled())
    rig.voice(300)
    assert rig.segments.repeat(rig.now)
    rig.comes(wire.Throttled(), plain("Yes."))
    assert rig.events == [CommitRefused(2), TranscriptUpdated("Yes.", "", 1)]
    rig.commit(3)
    rig.comes(wire.Throttled(), wire.Throttled())
    rig.voice()
    rig.commit(4)
    rig.comes(plain("No."), after=300)
    assert rig.finals == [(1, "Yes."), (4, "No.")]


def test_stale_partials_start_no_turn() -> None:
    """While the caller is silent, repeats of the last answer's partials (whole, in part, rough) are dropped."""
    rig = Rig()
    rig.voice()
    rig.comes(partial("what are your open"))
    rig.commit(1)
    rig.comes(plain("What are your opening hours?"), after=300)
    rig.events.clear()
    for _ in range(5):
        rig.quiet(2_000)
        rig.comes(partial("what are your open"), partial("What are"), partial("What are your opening hours"))
    assert rig.events == []


def test_repeated_words_with_new_sound_are_reported() -> None:
    """After new sound the same text is a new partial; different words are reported at once."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    rig.comes(plain("Yes."))
    rig.comes(partial("No"))
    rig.voice(200)
    rig.comes(partial("Yes"), partial("Yes"))
    assert rig.events[1:] == [TranscriptUpdated("", "No"), TranscriptUpdated("", "Yes")]


def test_a_commit_without_answer_means_a_dead_session() -> None:
    """After five seconds. If there was a partial, the call has continued with it."""
    rig = Rig()
    rig.voice()
    rig.comes(partial("yes"))
    rig.commit(1)
    rig.now += 4_999
    assert not rig.segments.overdue(rig.now)
    rig.now += 1
    assert rig.segments.overdue(rig.now)
    rig.voice()
    rig.commit(2)
    assert rig.segments.given_up() == [TranscriptUpdated("yes", "", 1)]
    assert rig.segments.given_up() == []


# --- odd, but plausible ---------------------------------------------------------------------------------------------


def two_commits(first: str, second: str) -> Rig:
    """Two commits, with a second of voice and a partial each."""
    rig = Rig()
    for number, text in enumerate((first, second), 1):
        rig.voice()
        rig.comes(partial(text))
        rig.quiet()
        rig.commit(number)
    return rig


def test_a_final_answers_the_commit_whose_words_it_has() -> None:
    """That of the first is missing: its partial stands for it. If it comes after all, it is a repeat."""
    rig = two_commits("one two three", "tea for four")
    rig.comes(plain("Tea for four."))
    rig.comes(plain("One two three."), after=300)
    assert rig.finals == [(2, "one two three Tea for four.")]
    rig = two_commits("one two", "one two three")
    rig.comes(plain("One two."), plain("One two three."), after=300)
    assert rig.finals == [(1, "One two."), (2, "One two three.")]


def test_a_repeated_final_answers_no_commit_with_other_words() -> None:
    """However late it comes. The same words may be said again, and no words at all."""
    for first, second, repeated in (("yes please do", "and tea", True), ("yes", "yes", False), ("", "", False)):
        rig = two_commits(first, second)
        rig.comes(plain(first))
        rig.comes(plain(first), after=2 * wire.REPEAT_MS)
        assert rig.finals == [(1, first), (2, second)][: 1 if repeated else 2]
        rig.comes(plain("And tea."), after=300)
        assert not repeated or rig.finals[1:] == [(2, "And tea.")]


def test_a_final_that_begins_with_the_words_of_the_one_before() -> None:
    """They are no news if the partial lacks them and there was too little sound."""
    for voice_ms, said in ((900, "Five six."), (2_000, "One two three four. Five six.")):
        rig = Rig()
        rig.voice(2_000)
        rig.comes(partial("one two three four"), plain("One two three four."))
        rig.voice(voice_ms)
        rig.comes(partial("five six"))
        rig.quiet()
        rig.commit(1)
        rig.comes(plain("One two three four. Five six."), after=300)
        assert rig.finals == [(0, "One two three four."), (1, said)]


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"message_type": "committed_transcript", "text": 4271}, wire.Committed("4271", timed=False)),
        ({"message_type": "committed_transcript", "text": None}, wire.Committed("", timed=False)),
        ({"message_type": "committed_transcript", "text": True}, wire.Committed("", timed=False)),
        ({"message_type": "warning", "error": "slow down"}, wire.Ignored()),
        ({"message_type": "session_info", "error": None}, wire.Ignored()),
        ({"message_type": "something_wrong", "error": "x"}, wire.Fault("something_wrong", False)),
        ({"type": "committed_transcript", "text": "x"}, wire.Ignored()),
    ],
)
def test_odd_messages(message: dict[str, object], read: wire.Message) -> None:
    assert wire.decode(json.dumps(message)) == read
