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
from telephony.core.events import CommitRefused, Event, TranscriptUpdated, Word
from telephony.elevenlabs import stt_codec as wire
from tests.elevenlabs.sdk_types import strict

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

    def later(self, ms: int = 300) -> None:
        self.now += ms
        self.events += self.segments.due(self.now)

    @property
    def finals(self) -> list[tuple[int, str, bool]]:
        """(commit, text, with times?)"""
        return [
            (event.commit, event.stable, bool(event.words))
            for event in self.events
            if isinstance(event, TranscriptUpdated) and (event.stable or event.commit)
        ]


# --- the codec ------------------------------------------------------------------------------------------------------


def test_url_asks_for_what_a_phone_call_needs() -> None:
    """Twilio's mu-law unchanged, manual commits, word times; the scheme becomes ws(s), the path of a proxy is kept."""
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
    for text, pcmu, commit in ((wire.audio(b"\xff\x00"), b"\xff\x00", False), (wire.commit(), b"", True)):
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
    words = [
        {"text": "(cough)", "start": 0, "end": 0.2, "type": "audio_event"},
        {"text": "(cough)", "start": 0, "end": 0.2, "type": "word"},
        {"text": "yes", "start": 0.2, "end": 0.4049, "type": "word"},
        {"text": " ", "start": 0.4, "end": 0.4, "type": "spacing"},
        {"text": "please", "start": "x", "end": 1, "type": "word"},
    ]
    message = {"message_type": "committed_transcript_with_timestamps", "text": "(cough) yes please", "words": words}
    assert wire.decode(json.dumps(message)) == wire.Committed("yes please", (Word("yes", 200, 404),))


def test_text_repeated_three_times() -> None:
    """The service may repeat a whole text three times; short texts and digits may be the caller's own repeats."""
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
    """Plain and timed transcripts, in either order, give one final: the timed one."""
    for order in ([plain("Yes."), timed("Yes.")], [timed("Yes."), plain("Yes.")]):
        rig = Rig()
        rig.voice()
        rig.commit(1)
        rig.comes(*order, after=20)
        rig.later()
        assert rig.finals == [(1, "Yes.", True)]


def test_the_plain_transcript_is_used_if_the_timed_one_is_late() -> None:
    """After 300 ms. If the timed one arrives later it starts no second turn, even if the next commit is pending."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    rig.comes(plain("Yes please."))
    rig.later(299)
    assert rig.finals == []
    rig.later(1)
    rig.voice()
    rig.commit(2)
    rig.comes(timed("Yes please."), plain("At nine."), timed("At nine."))
    assert rig.finals == [(1, "Yes please.", False), (2, "At nine.", True)]


def test_a_late_plain_transcript_does_not_answer_the_next_commit() -> None:
    """If the timed one comes first, the plain one may arrive after the next commit was sent."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    rig.comes(timed("Yes please."))
    rig.voice()
    rig.commit(2)
    rig.comes(plain("Yes please."), timed("At nine.", 2), plain("At nine."), after=310)
    rig.later(1_000)
    assert rig.finals == [(1, "Yes please.", True), (2, "At nine.", True)]


def test_answers_belong_to_commits_in_order() -> None:
    """With two commits pending, the first answer belongs to the first commit, with or without times."""
    for answers in (
        [plain("One."), timed("One."), plain("Two."), timed("Two.", 2)],
        [timed("One."), plain("One."), timed("Two.", 2), plain("Two.")],
        [plain("One."), plain("Two.")],
        [timed("One."), timed("Two.", 2)],
        [plain("One."), timed("Two.", 2)],
    ):
        rig = Rig()
        for number in (1, 2):
            rig.voice()
            rig.commit(number)
        rig.comes(*answers)
        rig.later()
        assert [(number, text) for number, text, _ in rig.finals] == [(1, "One."), (2, "Two.")]


def test_plain_and_timed_may_differ() -> None:
    """The service may format its two transcripts of one commit differently."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    rig.comes(plain("nine thirty"), timed("9:30"))
    rig.later()
    assert rig.finals == [(1, "9:30", True)]


@pytest.mark.parametrize("next_commit", [False, True])
@pytest.mark.parametrize("order", [(plain, timed), (timed, plain), (plain,), (timed,)])
def test_repeated_finals_are_dropped(order: tuple[Any, ...], next_commit: bool) -> None:
    """Repeats start no turn and do not answer the next commit."""
    rig = Rig()
    rig.voice()
    rig.commit(1)
    if next_commit:
        rig.voice()
        rig.commit(2)
    rig.comes(*[message("Yes.") for _ in range(3) for message in order], after=1)
    rig.later(400)
    assert [(number, text) for number, text, _ in rig.finals] == [(1, "Yes.")]


def test_the_same_word_again_is_an_answer() -> None:
    """ "Yes." twice, in answer to two commits, gives two finals."""
    for first, second in (([plain("Yes.")], [plain("Yes.")]), ([timed("Yes.")], [timed("Yes.", 3.2)])):
        rig = Rig()
        for number, messages in ((1, first), (2, second)):
            rig.voice()
            rig.commit(number)
            rig.comes(*messages, after=300)
            rig.later()
        assert [(number, text) for number, text, _ in rig.finals] == [(1, "Yes."), (2, "Yes.")]


def test_empty_finals_answer_their_commit() -> None:
    """An empty transcript answers a pending commit; without one it is dropped."""
    rig = Rig()
    rig.voice()
    rig.comes(plain(""), timed(""))
    rig.commit(1)
    rig.comes(plain("(laughter)"), timed("(laughter)"), after=300)
    rig.later()
    assert rig.finals == [(1, "", False)]


def test_segments_closed_by_the_service_have_number_0() -> None:
    """After 90 s of audio the service closes a segment without a commit."""
    rig = Rig()
    rig.voice()
    rig.comes(plain("And so on"), timed("And so on"))
    rig.later()
    rig.voice()
    rig.commit(1)
    rig.comes(plain("and on."), timed("and on.", 2))
    assert rig.finals == [(0, "And so on", True), (1, "and on.", True)]


def test_word_times_refer_to_the_callers_audio() -> None:
    """A later socket counts from its own first audio; the offset is added."""
    segments = wire.Segments(offset_ms=60_000)
    segments.sent(VOICE)
    segments.commit(1, 0)
    (final,) = segments.received(timed("Yes.", 0.25), 0)
    assert isinstance(final, TranscriptUpdated)
    assert final.words == (Word("Yes.", 60_250, 60_750),)


def test_commits_with_too_little_audio_are_not_sent() -> None:
    """A commit with less than 0.3 s since the last would be throttled; silence counts as audio."""
    segments = wire.Segments()
    segments.sent(frames.silence(280))
    assert not segments.commit(1, 0)
    segments.sent(frames.silence(20))
    assert segments.commit(2, 0)
    assert not segments.commit(3, 0)


def test_a_throttled_commit_keeps_its_audio() -> None:
    """The commit is refused, and its audio counts towards the next one. An earlier commit still gets its answer."""
    rig = Rig()
    for number in (1, 2):
        rig.voice()
        rig.commit(number)
    rig.comes(wire.Throttled(), plain("Yes."), timed("Yes."))
    assert rig.events[0] == CommitRefused(2)
    assert rig.finals == [(1, "Yes.", True)]
    rig.commit(3)
    rig.comes(wire.Throttled(), wire.Throttled())
    assert rig.events[2:] == [CommitRefused(3)]


def test_stale_partials_start_no_turn() -> None:
    """While the caller is silent, repeats of the last answer's partials (whole, in part, rough) are dropped."""
    rig = Rig()
    rig.voice()
    rig.comes(partial("what are your open"))
    rig.commit(1)
    rig.comes(plain("What are your opening hours?"), timed("What are your opening hours?"), after=300)
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
    rig.comes(plain("Yes."), timed("Yes."))
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
