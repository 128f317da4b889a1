"""Which words of a transcript are new: each counts once, however the STT splits or repeats its segments."""

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
    """`text` was a partial, and its utterance was closed before the final of its commit arrived."""
    segments = segments or Segments()
    segments.voiced(2_000)
    segments.partial(text)
    utterance = Utterance(0, 0, partial=text)
    utterance.commit(segments.commit())
    segments.closed(utterance)
    return segments


def test_commits_are_numbered_from_one() -> None:
    """A final carries the number of its commit."""
    segments = Segments()
    assert [segments.commit(), segments.commit()] == [1, 2]
    assert segments.commits == 2


def test_text_is_stripped_and_empty_text_is_not_none() -> None:
    """ "" means that the transcript is empty, None that it has nothing new."""
    segments = Segments()
    assert segments.partial(" yes ") == "yes"
    assert segments.partial("") == ""
    assert segments.final(TranscriptFinal(segments.commit(), " yes ")) == "yes"
    assert segments.final(TranscriptFinal(segments.commit(), "")) == ""


# --- repeated words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["one two three", "One two.", "one", "two three", "three"])
def test_repeating_known_words_needs_voice(again: str) -> None:
    """The beginning or end of known text is a repeat unless there were 120 ms of new voice per word."""
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
    """They are new even if they contain known words or come without voice."""
    assert known("one two three").partial(other) == other
    assert known("one two three").final(TranscriptFinal(0, other)) == other


def test_three_known_words_count_only_if_they_arrive_gradually() -> None:
    """All at once they are a repeat, however much voice there was; growing from a shorter partial they are new."""
    segments = known("one two three")
    segments.voiced(5_000)
    assert segments.partial("one two three") is None
    segments = known("one two three")
    segments.voiced(5_000)
    for text in ("one", "one two", "one two three"):
        assert segments.partial(text) == text
    assert segments.partial("one two three") is None  # no longer than before
    segments.partial("yes")
    assert segments.partial("one two three") is None  # longer, but not grown from it
    assert known("one two").partial("one two") is None
    segments = known("one two")
    segments.voiced(5_000)
    assert segments.partial("one two") == "one two"


def test_a_partial_that_continues_known_words() -> None:
    """Without enough voice to repeat the known words, only the rest is new."""
    segments = known("one two three")
    segments.voiced(WORD_MS)
    assert segments.partial("one two three four") == "four"
    segments = known("one two three")
    segments.voiced(3 * WORD_MS)
    assert segments.partial("one two three four") == "one two three four"


def test_the_latest_six_transcripts_are_compared() -> None:
    """Repeats of older text count as new."""
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
    """The uncorrected partial may be repeated after its final, unless it already belonged to the next words."""
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


def test_voice_after_a_commit_is_not_used_up_by_its_final() -> None:
    """The caller may have repeated the same words during it."""
    segments = Segments()
    segments.voiced(1_000)
    commit = segments.commit()
    segments.voiced(240)
    segments.final(TranscriptFinal(commit, "one two"))
    assert segments.partial("one two") == "one two"


def test_a_final_of_an_earlier_commit_uses_up_no_voice() -> None:
    """The words of the later commit are still to come."""
    segments = Segments()
    segments.voiced(1_000)
    segments.commit()
    segments.voiced(1_000)
    segments.commit()
    assert segments.final(TranscriptFinal(1, "one two")) == "one two"
    assert segments.final(TranscriptFinal(0, "one two")) == "one two"
    assert segments.final(TranscriptFinal(2, "three")) == "three"
    assert segments.final(TranscriptFinal(0, "three")) is None


@pytest.mark.parametrize(("voice_ms", "again"), [(2 * WORD_MS - 1, None), (2 * WORD_MS, "one two")])
def test_all_voice_counts_until_a_final_has_used_some_up(voice_ms: int, again: str | None) -> None:
    """It is counted from the beginning of the call."""
    segments = Segments()
    segments.voiced(voice_ms)
    segments.commit()
    segments.commit()
    assert segments.final(TranscriptFinal(1, "one two")) == "one two"
    assert segments.final(TranscriptFinal(0, "one two")) == again


# --- finals ---------------------------------------------------------------------------------------------------------


def test_a_commit_has_one_final() -> None:
    """A repeated final, or one of an earlier commit, is ignored whatever its text."""
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
def test_only_the_additional_words_of_a_late_final_are_new(final: str, new: str | None) -> None:
    """Its utterance was answered with the partial."""
    segments = waiting("I want a table")
    segments.voiced(2_000)
    assert segments.final(TranscriptFinal(1, final)) == new


def test_a_late_final_becomes_known_text() -> None:
    """A transcript with the same text is a repeat."""
    segments = waiting("I want a table")
    assert segments.final(TranscriptFinal(1, "please, a table")) is None
    assert segments.final(TranscriptFinal(0, "please, a table")) is None


def test_answered_words_are_removed_from_the_open_segment() -> None:
    """Until their final arrives: similar words without new voice, and with it only exactly the same words."""
    assert waiting("I want a table").partial("I want the table for two") == "for two"
    assert waiting("I want a table").partial("I want a table") is None
    segments = waiting("I want a table")
    segments.voiced(5_000)
    assert segments.partial("I want the table for two") == "I want the table for two"
    assert segments.partial("I want a table for two") == "for two"
    segments.final(TranscriptFinal(1, "I want a table"))
    assert segments.partial("I want a table for two") == "I want a table for two"


def test_an_earlier_final_does_not_end_the_removal_of_later_words() -> None:
    """Two closed utterances lack their finals, and only the first final arrives."""
    segments = waiting("yes please", waiting("no thanks"))
    assert segments.final(TranscriptFinal(1, "no thanks")) is None
    segments.voiced(5_000)
    assert segments.partial("yes please and") == "and"
    assert segments.final(TranscriptFinal(2, "yes please")) is None
    assert segments.partial("yes please and") == "yes please and"


def test_a_completed_utterance_ends_the_removal() -> None:
    """A later utterance was closed with no final outstanding."""
    segments = waiting("yes please")
    segments.closed(Utterance(0, 0, parts=[Part(0, "no thanks", final=True)]))
    segments.voiced(1_000)
    assert segments.partial("yes please") == "yes please"
    assert segments.partial("no thanks") == "no thanks"


def test_only_the_latest_answered_words_are_removed() -> None:
    """This holds for two commits of one utterance, and for two utterances."""
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


def test_words_of_a_lost_commit_are_not_removed() -> None:
    """A later commit has had its final, so the first will get none."""
    segments = Segments()
    for _ in range(2):
        segments.voiced(1_000)
        segments.commit()
    segments.final(TranscriptFinal(2, "two"))
    segments.closed(Utterance(0, 0, parts=[Part(1, "one"), Part(2, "two", final=True)]))
    segments.voiced(1_000)
    assert segments.partial("one") == "one"


def test_a_final_without_a_commit_covers_part_of_the_answered_words() -> None:
    """The rest is removed from the next partial and from the commit's own final."""
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
    """A transcript that joins its parts is a repeat."""
    segments = Segments()
    said(segments, "one two")
    said(segments, "three four")
    parts = [Part(1, "one two", final=True), Part(2, "three four", final=True)]
    segments.closed(Utterance(0, 0, parts=parts))
    assert segments.final(TranscriptFinal(0, "one two three four")) is None
