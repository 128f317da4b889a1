"""Which words of a transcript are new: each is taken once, whatever the STT does with its segments."""

from __future__ import annotations

import pytest

from telephony.core.events import TranscriptFinal
from telephony.core.listening.segments import KNOWN, WORD_MS, Segments
from telephony.core.listening.utterance import Part, Utterance


def said(segments: Segments, text: str, partial: str = "") -> None:
    """Two seconds of voice, a commit, and its final."""
    segments.voiced(2_000)
    if partial:
        segments.partial(partial)
    assert segments.final(TranscriptFinal(segments.commit(), text)) == text


def known(text: str) -> Segments:
    segments = Segments()
    said(segments, text)
    return segments


def waiting(text: str, segments: Segments | None = None) -> Segments:
    """`text` was a partial; its utterance was closed before the final of its commit had come."""
    segments = segments or Segments()
    segments.voiced(2_000)
    segments.partial(text)
    utterance = Utterance(0, 0, partial=text)
    utterance.commit(segments.commit())
    segments.closed(utterance)
    return segments


def test_commits_are_numbered_from_one() -> None:
    """The number that a final answers."""
    segments = Segments()
    assert [segments.commit(), segments.commit()] == [1, 2]
    assert segments.commits == 2


def test_words_are_stripped_and_empty_words_are_words() -> None:
    """An empty transcript says that there was nothing; None that it says nothing new."""
    segments = Segments()
    assert segments.partial(" yes ") == "yes"
    assert segments.partial("") == ""
    assert segments.final(TranscriptFinal(segments.commit(), " yes ")) == "yes"
    assert segments.final(TranscriptFinal(segments.commit(), "")) == ""


# --- words over again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["one two three", "One two.", "one", "two three", "three"])
def test_known_words_need_their_time(again: str) -> None:
    """The beginning or the end of what is known, without 120 ms of voice for each word, is a repeat."""
    count = len(again.split())
    for heard in ("partial", "final"):
        for voice_ms, new in ((0, False), (120 * count - 1, False), (120 * count, True)):
            segments = known("one two three")
            segments.voiced(voice_ms)
            found = segments.partial(again) if heard == "partial" else segments.final(TranscriptFinal(0, again))
            jumped = heard == "partial" and count == 3
            assert found == (again if new and not jumped else None)
    assert WORD_MS == 120


@pytest.mark.parametrize("other", ["two", "one three", "three four", "zero one two three"])
def test_other_words_are_new(other: str) -> None:
    """Though they contain known ones, or come without any voice."""
    assert known("one two three").partial(other) == other
    assert known("one two three").final(TranscriptFinal(0, other)) == other


def test_a_sentence_of_three_words_comes_word_by_word() -> None:
    """All of it at once is a repeat, whatever the voice; grown from a shorter partial it is said again."""
    segments = known("one two three")
    segments.voiced(5_000)
    assert segments.partial("one two three") is None
    segments = known("one two three")
    segments.voiced(5_000)
    for text in ("one", "one two", "one two three"):
        assert segments.partial(text) == text
    assert segments.partial("one two three") is None  # no longer than before
    segments.partial("yes")
    assert segments.partial("one two three") is None  # longer, and not grown from it
    assert known("one two").partial("one two") is None
    segments = known("one two")
    segments.voiced(5_000)
    assert segments.partial("one two") == "one two"


def test_what_a_partial_has_beyond_known_words() -> None:
    """Without the voice to say the known ones again, only the rest is new."""
    segments = known("one two three")
    segments.voiced(WORD_MS)
    assert segments.partial("one two three four") == "four"
    segments = known("one two three")
    segments.voiced(3 * WORD_MS)
    assert segments.partial("one two three four") == "one two three four"


def test_the_latest_six_transcripts_are_compared() -> None:
    """A service that repeats what is longer ago is believed."""
    assert KNOWN == 6
    for more, forgotten in ((5, False), (6, True)):
        segments = known("first words")
        for number in range(more):
            said(segments, f"other {number}")
        assert segments.final(TranscriptFinal(0, "first words")) == ("first words" if forgotten else None)
    segments = known("first words")
    for _ in range(KNOWN):
        said(segments, "the same again")
    assert segments.final(TranscriptFinal(0, "first words")) is None


def test_a_partial_is_known_with_its_final() -> None:
    """It may be repeated as it was, before the STT corrected it; not if it already was of the next words."""
    segments = Segments()
    said(segments, "one two", partial="one too")
    assert segments.partial("one too") is None
    segments = Segments()
    segments.voiced(1_000)
    commit = segments.commit()
    segments.voiced(200)
    segments.partial("one too")
    segments.final(TranscriptFinal(commit, "one two"))
    assert segments.partial("one too") == "one too"


def test_voice_behind_a_commit_is_not_accounted_for_by_its_final() -> None:
    """What was said meanwhile may be the same words."""
    segments = Segments()
    segments.voiced(1_000)
    commit = segments.commit()
    segments.voiced(240)
    segments.final(TranscriptFinal(commit, "one two"))
    assert segments.partial("one two") == "one two"


def test_a_final_of_an_earlier_commit_accounts_for_no_voice() -> None:
    """The words of the later one are still to come."""
    segments = Segments()
    segments.voiced(1_000)
    segments.commit()
    segments.voiced(1_000)
    segments.commit()
    assert segments.final(TranscriptFinal(1, "one two")) == "one two"
    assert segments.final(TranscriptFinal(0, "one two")) == "one two"
    assert segments.final(TranscriptFinal(2, "three")) == "three"
    assert segments.final(TranscriptFinal(0, "three")) is None


# --- finals ---------------------------------------------------------------------------------------------------------


def test_a_commit_has_one_final() -> None:
    """Neither the same one again nor that of an earlier commit, whatever it says."""
    segments = Segments()
    for _ in range(2):
        segments.voiced(1_000)
        segments.commit()
    assert segments.final(TranscriptFinal(2, "two")) == "two"
    assert segments.final(TranscriptFinal(2, "other words")) is None
    assert segments.final(TranscriptFinal(1, "other words")) is None


@pytest.mark.parametrize(
    ("final", "new"),
    [
        ("I want a table for two", "for two"),
        ("I want the table for two", "for two"),
        ("I want a table", None),
        ("", None),
    ],
)
def test_a_final_too_late_is_what_it_has_beyond_the_partial(final: str, new: str | None) -> None:
    """Its utterance was answered with the partial."""
    segments = waiting("I want a table")
    segments.voiced(2_000)
    assert segments.final(TranscriptFinal(1, final)) == new


def test_a_final_too_late_is_known_as_well() -> None:
    """A transcript as it says it is a repeat of it."""
    segments = waiting("I want a table")
    assert segments.final(TranscriptFinal(1, "please, a table")) is None
    assert segments.final(TranscriptFinal(0, "please, a table")) is None


def test_the_open_segment_may_bring_answered_words_again() -> None:
    """Until their final comes they are taken out of partials: all that is alike, or with new voice the very words."""
    assert waiting("I want a table").partial("I want the table for two") == "for two"
    assert waiting("I want a table").partial("I want a table") is None
    segments = waiting("I want a table")
    segments.voiced(5_000)
    assert segments.partial("I want the table for two") == "I want the table for two"
    assert segments.partial("I want a table for two") == "for two"
    segments.final(TranscriptFinal(1, "I want a table"))
    assert segments.partial("I want a table for two") == "I want a table for two"


def test_an_earlier_final_leaves_the_later_words_to_be_taken_out() -> None:
    """Of two closed utterances without their finals the first one's has come."""
    segments = waiting("yes please", waiting("no thanks"))
    assert segments.final(TranscriptFinal(1, "no thanks")) is None
    segments.voiced(5_000)
    assert segments.partial("yes please and") == "and"
    assert segments.final(TranscriptFinal(2, "yes please")) is None
    assert segments.partial("yes please and") == "yes please and"


def test_words_answered_since_are_not_taken_out() -> None:
    """A later utterance closed with nothing outstanding ends the waiting."""
    segments = waiting("yes please")
    segments.closed(Utterance(0, 0, parts=[Part(0, "no thanks", final=True)]))
    segments.voiced(1_000)
    assert segments.partial("yes please") == "yes please"
    assert segments.partial("no thanks") == "no thanks"


def test_the_latest_of_several_is_taken_out() -> None:
    """Of two commits of one utterance, and of two utterances."""
    segments = Segments()
    numbers = [segments.commit(), segments.commit()]
    segments.closed(Utterance(0, 0, parts=[Part(numbers[0], "one"), Part(numbers[1], "two")]))
    segments.voiced(1_000)
    assert segments.partial("two three") == "three"
    assert segments.partial("one three") == "one three"
    segments = waiting("yes please", waiting("no thanks"))
    assert segments.final(TranscriptFinal(0, "yes please")) == ""
    assert segments.final(TranscriptFinal(1, "no thanks")) is None
    assert segments.final(TranscriptFinal(2, "and more")) == "and more"


def test_words_of_a_lost_commit_are_not_taken_out() -> None:
    """A later one has had its final: the first will have none."""
    segments = Segments()
    for _ in range(2):
        segments.voiced(1_000)
        segments.commit()
    segments.final(TranscriptFinal(2, "two"))
    segments.closed(Utterance(0, 0, parts=[Part(1, "one"), Part(2, "two", final=True)]))
    segments.voiced(1_000)
    assert segments.partial("one") == "one"


def test_a_segment_closed_by_the_service_takes_its_part_of_answered_words() -> None:
    """The rest is taken out of what comes next, and out of the commit's own final."""
    segments = waiting("I want a table")
    assert segments.final(TranscriptFinal(0, "I want a")) == ""
    segments.voiced(5_000)
    assert segments.partial("table for two") == "for two"
    assert segments.final(TranscriptFinal(1, "table for two")) == "for two"
    segments = waiting("I want a table")
    assert segments.final(TranscriptFinal(0, "I want a table for two")) == "for two"
    segments = waiting("I want a table")
    assert segments.final(TranscriptFinal(0, "I want a table")) == ""
    assert segments.final(TranscriptFinal(1, "for two")) == "for two"


def test_all_of_an_utterance_is_known_when_it_is_closed() -> None:
    """A transcript that has its parts in one is a repeat."""
    segments = Segments()
    said(segments, "one two")
    said(segments, "three four")
    parts = [Part(1, "one two", final=True), Part(2, "three four", final=True)]
    segments.closed(Utterance(0, 0, parts=parts))
    assert segments.final(TranscriptFinal(0, "one two three four")) is None
