"""Each word once, in order, stable and tentative apart, however the recogniser splits or repeats its segments."""

from __future__ import annotations

import pytest

from telephony.audio import frames, tones
from telephony.contracts.repetition import WORD_MS
from telephony.contracts.transcripts import KNOWN, PENDING, Transcripts
from telephony.core.events import TranscriptUpdated, Word


class Rig(Transcripts):
    """Transcripts that number their commits."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    def commit(self) -> int:
        self.commits += 1
        self.committed(self.commits)
        return self.commits

    def says(self, text: str) -> Rig:
        """Two seconds of voice, a commit, and its final."""
        self.voiced(2_000)
        commit = self.commit()
        assert self.final(commit, text) == [TranscriptUpdated(text, "", commit)]
        return self

    def shows(self, text: str) -> str | None:
        """The tentative text after a partial; None if it says nothing new."""
        events = self.partial(text)
        assert all((event.stable, event.commit, event.words) == ("", 0, ()) for event in events)
        return events[0].tentative if events else None

    def ends(self, commit: int, text: str) -> str | None:
        """The words that become stable by a final; None if it is a repeat."""
        events = self.final(commit, text)
        return events[0].stable if events else None


def known(text: str) -> Rig:
    return Rig().says(text)


def waiting(*texts: str) -> Rig:
    """Segments of two seconds of voice with these partials, committed as 1, 2, ..."""
    rig = Rig()
    for text in texts:
        rig.voiced(2_000)
        rig.partial(text)
        rig.commit()
    return rig


# --- the usual course -----------------------------------------------------------------------------------------------


def test_words_are_tentative_until_their_final() -> None:
    """A commit changes nothing; the final, with its times, takes the words over."""
    rig, word = Rig(), Word("Yes.", 100, 400)
    rig.voiced(500)
    assert rig.partial(" yes ") == [TranscriptUpdated("", "yes")]
    assert rig.partial("yes") == []
    rig.commit()
    assert rig.final(1, " Yes. ", (word,)) == [TranscriptUpdated("Yes.", "", 1, (word,))]
    assert rig.final(rig.commit(), "") == [TranscriptUpdated("", "", 2)]


def test_a_partial_can_be_taken_back() -> None:
    """The recogniser has changed its mind: an empty text is news."""
    rig = Rig()
    assert rig.partial("") == []
    assert rig.shows("yes") == "yes"
    assert rig.shows("") == ""


def test_the_next_segment_follows_the_words_that_wait_for_their_final() -> None:
    """The tentative text is all that may still change, and the final takes only its own words out of it."""
    rig = waiting("one two")
    rig.voiced(2_000)
    assert rig.shows("three") == "one two three"
    assert rig.final(1, "won two") == [TranscriptUpdated("won two", "three", 1)]
    rig.commit()
    assert rig.final(2, "three") == [TranscriptUpdated("three", "", 2)]


def test_two_commits_wait() -> None:
    """Their finals come in order."""
    rig = waiting("one", "two")
    assert rig.final(1, "won") == [TranscriptUpdated("won", "two", 1)]
    assert rig.final(2, "too") == [TranscriptUpdated("too", "", 2)]


@pytest.mark.parametrize(("pcmu", "counts"), [(tones.sine(300, 240), True), (frames.silence(240), False)])
def test_sound_is_measured_from_the_audio(pcmu: bytes, counts: bool) -> None:
    """Only with new sound are known words said again."""
    rig = known("one two")
    rig.sent(pcmu)
    assert rig.shows("one two") == ("one two" if counts else None)


# --- repeated words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["one two three", "One two.", "one", "two three", "three"])
def test_repeating_known_words_needs_voice(again: str) -> None:
    """The beginning or end of known text is a repeat unless there were 120 ms of new voice per word."""
    count = len(again.split())
    for heard in ("partial", "final"):
        for voice_ms, new in ((0, False), (120 * count - 1, False), (120 * count, True)):
            rig = known("one two three")
            rig.voiced(voice_ms)
            found = rig.shows(again) if heard == "partial" else rig.ends(0, again)
            jumped = heard == "partial" and count == 3
            assert found == (again if new and not jumped else None)
    assert WORD_MS == 120


@pytest.mark.parametrize("other", ["two", "one three", "three four", "zero one two three"])
def test_other_words_are_new(other: str) -> None:
    """They are new even if they contain known words or come without voice."""
    assert known("one two three").shows(other) == other
    assert known("one two three").ends(0, other) == other


def test_three_known_words_count_only_if_they_arrive_gradually() -> None:
    """All at once they are a repeat, however much voice there was; growing from a shorter partial they are new."""
    rig = known("one two three")
    rig.voiced(5_000)
    assert rig.shows("one two three") is None
    rig = known("one two three")
    rig.voiced(5_000)
    for text in ("one", "one two", "one two three"):
        assert rig.shows(text) == text
    assert rig.shows("one two three") is None  # no longer than before
    rig.partial("yes")
    assert rig.shows("one two three") is None  # longer, but not grown from it
    assert known("one two").shows("one two") is None
    rig = known("one two")
    rig.voiced(5_000)
    assert rig.shows("one two") == "one two"


def test_a_stale_partial_may_begin_like_the_next_sentence() -> None:
    """Four words at once, without the sound for them, are no growth of the one before."""
    rig = Rig()
    rig.says("wait one two three four")
    rig.ends(rig.commit(), "wait one two three four")
    rig.voiced(2_000)
    assert rig.shows("wait") == "wait"
    assert rig.shows("wait one two three four") is None


def test_a_partial_that_continued_known_words_once_more_is_a_repeat() -> None:
    """However much voice there was since: it is a stale message of the known segment."""
    rig = known("one two three")
    assert rig.shows("one two three four") == "four"
    rig.voiced(5_000)
    assert rig.shows("one two three four") is None
    assert rig.shows("five") == "five"
    assert rig.shows("one two three four") is None
    for text in ("one", "one two", "one two three", "one two three four"):
        assert rig.shows(text) == text


def test_a_partial_that_continues_known_words() -> None:
    """Without enough voice to repeat the known words, only the rest is new."""
    rig = known("one two three")
    rig.voiced(WORD_MS)
    assert rig.shows("one two three four") == "four"
    rig = known("one two three")
    rig.voiced(3 * WORD_MS)
    assert rig.shows("one two three four") == "one two three four"


def test_the_latest_six_transcripts_are_compared() -> None:
    """Repeats of older text count as new."""
    assert KNOWN == 6
    for more, forgotten in ((5, False), (6, True)):
        rig = known("first words")
        for number in range(more):
            rig.says(f"other {number}")
        assert rig.ends(0, "first words") == ("first words" if forgotten else None)
    rig = known("first words")
    for _ in range(KNOWN):
        rig.says("the same again")
    assert rig.ends(0, "first words") is None


def test_a_transcript_that_joins_known_ones_is_a_repeat() -> None:
    """The recogniser closes one segment where there were two."""
    assert known("zero").says("one two").says("three four").ends(0, "one two three four") is None


def test_a_partial_is_known_with_its_final() -> None:
    """The uncorrected partial may be repeated after its final, unless it already belonged to the next words."""
    rig = waiting("one too")
    assert rig.ends(1, "one two") == "one two"
    assert rig.shows("one too") is None
    rig = waiting("")
    rig.voiced(240)
    rig.partial("one too")
    assert rig.final(1, "one two") == [TranscriptUpdated("one two", "one too", 1)]


def test_voice_after_a_commit_is_not_used_up_by_its_final() -> None:
    """The caller may have repeated the same words during it."""
    rig = waiting("")
    rig.voiced(240)
    rig.final(1, "one two")
    assert rig.shows("one two") == "one two"


def test_a_final_of_an_earlier_commit_uses_up_no_later_voice() -> None:
    """The words of the later commit are still to come."""
    rig = waiting("", "")
    assert rig.ends(1, "one two") == "one two"
    assert rig.ends(0, "one two") == "one two"
    assert rig.ends(2, "three") == "three"
    assert rig.ends(0, "three") is None


# --- finals ---------------------------------------------------------------------------------------------------------


def test_a_commit_has_one_final() -> None:
    """A repeated final, or one of an earlier commit, is ignored whatever its text."""
    rig = waiting("", "")
    assert rig.ends(2, "two") == "two"
    assert rig.ends(2, "other words") is None
    assert rig.ends(1, "other words") is None


def test_a_missing_final_leaves_the_words_of_its_partial() -> None:
    """They become stable before those of the next final, which has no times then."""
    rig = waiting("one", "two")
    assert rig.final(2, "too", (Word("too", 0, 1),)) == [TranscriptUpdated("one too", "", 2)]
    rig = waiting("", "two")
    assert rig.final(2, "too", (Word("too", 0, 1),)) == [TranscriptUpdated("too", "", 2, (Word("too", 0, 1),))]


def test_words_shown_after_an_empty_commit_are_those_of_the_next_final() -> None:
    """They were taken for the committed segment's, and are not said twice."""
    rig = waiting("what is it", "")
    assert rig.partial("yes") == [TranscriptUpdated("", "what is it yes")]
    rig.commit()
    assert rig.final(3, "yes") == [TranscriptUpdated("what is it yes", "", 3)]


def test_finals_that_are_given_up() -> None:
    """Up to the newest commit with words: the audio of later ones can be sent again."""
    rig = waiting("one", "two", "")
    rig.voiced(2_000)
    rig.partial("three")
    assert rig.given_up() == [TranscriptUpdated("one two", "three", 2)]
    assert rig.given_up() == []
    assert rig.final(3, "") == [TranscriptUpdated("", "three", 3)]
    assert waiting("", "").given_up() == []
    assert Rig().given_up() == []


def test_few_commits_wait() -> None:
    """With the ninth, the first counts as lost: the next event has its words."""
    rig = waiting(*[f"word{number}" for number in range(PENDING + 1)])
    rig.voiced(2_000)
    shown = " ".join(f"word{number}" for number in range(1, PENDING + 1))
    assert rig.partial("yes") == [TranscriptUpdated("word0", f"{shown} yes", 1)]
    assert rig.ends(1, "word0") is None


def test_the_final_of_an_unknown_commit() -> None:
    """It was refused, or belongs to a session before: its words are stable, and others stay."""
    rig = waiting("one", "two")
    rig.refused(2)
    assert rig.final(2, "zero") == [TranscriptUpdated("one zero", "two", 2)]


def test_the_recogniser_splits_a_committed_segment() -> None:
    """The first part is stable, and no commit wholly; the rest waits for the final."""
    rig = waiting("one two three four")
    assert rig.final(0, "one two three") == [TranscriptUpdated("one two three", "four", 0)]
    assert rig.final(1, "for") == [TranscriptUpdated("for", "", 1)]
    rig = waiting("I want a table")
    assert rig.final(0, "I want a table for two") == [TranscriptUpdated("I want a table for two", "", 0)]


def test_the_recogniser_splits_a_later_segment() -> None:
    """Then the final of the earlier one is lost: its words come first."""
    rig = waiting("zero", "one two three")
    assert rig.final(0, "one two") == [TranscriptUpdated("zero one two", "three", 1)]
    assert rig.final(2, "three") == [TranscriptUpdated("three", "", 2)]
    rig = waiting("zero", "one two three")
    assert rig.final(0, "nothing like it")[0].stable == "nothing like it"


@pytest.mark.parametrize(
    ("partial", "final", "left"),
    [
        ("one two three", "one two three", ""),
        ("one two three", "one two", "three"),
        ("one", "one two three", ""),
        ("six", "one two three", ""),
        ("", "one two three", ""),
    ],
)
def test_the_recogniser_closes_the_open_segment(partial: str, final: str, left: str) -> None:
    """What the partial has beyond the final belongs to the next segment; a dissimilar partial was misheard."""
    rig = Rig()
    rig.voiced(2_000)
    rig.partial(partial)
    assert rig.final(0, final) == [TranscriptUpdated(final, left, 0)]
    assert rig.final(0, final) == []
    assert rig.final(0, "") == []


# --- partials after a commit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "text"),
    [
        ("one two three four five", "one two three four five"),  # the same, but longer
        ("one two three for", "one two three for"),  # similar
        ("one two", None),  # stale
        ("six seven", "one two three four six seven"),  # shorter, and different
        ("six seven eight nine", "six seven eight nine"),  # different, but no shorter
        ("...", "one two three four ..."),
        ("", None),
    ],
)
def test_a_partial_after_a_commit_without_new_voice(partial: str, text: str | None) -> None:
    """It belongs to the committed segment if it is similar or no shorter."""
    assert waiting("one two three four").shows(partial) == text


@pytest.mark.parametrize(("partial", "needed_ms"), [("one two three", 360), ("one two", 240), ("six seven", 240)])
def test_a_partial_after_a_commit_with_new_voice(partial: str, needed_ms: int) -> None:
    """It belongs to the next segment if there was enough voice to say it."""
    for voice_ms, text in ((needed_ms - 1, partial), (needed_ms, f"one two {partial}")):
        rig = waiting("one two")
        rig.voiced(voice_ms)
        assert (rig.shows(partial) or "one two") == text


QUICK_MS, SLOW_MS = 50, 400
"""Sound before a partial: too little to say a word, or enough for three."""
COMMIT = (0, None)


@pytest.mark.parametrize(
    ("committed", "then", "tentative"),
    [
        # what was shown at the commit, what comes then, and all words that there are
        ("", [(QUICK_MS, "yes"), (SLOW_MS, "yes it is")], "yes it is"),
        ("", [(QUICK_MS, "yes"), (SLOW_MS, "yes")], "yes"),
        ("", [(QUICK_MS, "yes"), (QUICK_MS, "yes it"), (SLOW_MS, "yes it is")], "yes it is"),
        ("", [(QUICK_MS, "one two three"), (2 * SLOW_MS, "one two tree four")], "one two tree four"),
        ("", [(QUICK_MS, "yes"), COMMIT, (QUICK_MS, "yes it is")], "yes it is"),
        ("", [(QUICK_MS, "yes"), COMMIT, (SLOW_MS, "yes it is")], "yes it is"),
        ("", [(QUICK_MS, "yes"), COMMIT, COMMIT, (SLOW_MS, "yes it is")], "yes it is"),
        ("hello", [(QUICK_MS, "yes"), (SLOW_MS, "yes it is")], "hello yes it is"),
        ("hello there", [(QUICK_MS, "yes it"), (SLOW_MS, "yes it is")], "hello there yes it is"),
        ("hello", [(QUICK_MS, "yes it is"), (2 * SLOW_MS, "yes it is now")], "hello yes it is now"),
        ("hello", [(QUICK_MS, "yes"), COMMIT, (SLOW_MS, "yes it is")], "hello yes it is"),
        # words of the committed segment after all
        ("", [(QUICK_MS, "yes"), (SLOW_MS, "what is it")], "yes what is it"),
        ("hello", [(QUICK_MS, "yes"), (QUICK_MS, "hello you"), (SLOW_MS, "yes it is")], "hello you yes it is"),
        ("hello", [(QUICK_MS, "hello there"), (SLOW_MS, "yes it is")], "hello there yes it is"),
        ("one two three", [(QUICK_MS, "one two tree"), (SLOW_MS, "yes it is")], "one two tree yes it is"),
        # a caller who says the same again
        ("one two", [(SLOW_MS, "one two")], "one two one two"),
        ("one two", [(SLOW_MS, "one two three")], "one two one two three"),
    ],
)
def test_words_soon_after_a_commit_are_the_next_segment_s_if_a_partial_goes_on_with_them(
    committed: str, then: list[tuple[int, str | None]], tentative: str
) -> None:
    """Until then they are taken for the committed segment's, which keeps the words that it had. If its final never
    comes, each word is stable once."""
    rig, shown = waiting(committed), ""
    for sound_ms, text in then:
        rig.voiced(sound_ms)
        if text is None:
            rig.commit()
        else:
            shown = rig.shows(text) or shown
    assert shown == tentative
    commit = rig.commit()
    assert rig.final(commit, then[-1][1] or "")[0].stable == tentative
    assert rig.shows("") is None


def test_the_final_of_a_segment_does_not_repeat_the_words_of_the_next() -> None:
    """It has words that were never shown; one that came soon after the commit was the next segment's."""
    rig = waiting("")
    assert rig.shows("four") == "four"
    rig.voiced(SLOW_MS)
    assert rig.shows("four six two") == "four six two"
    assert rig.final(1, "my number is") == [TranscriptUpdated("my number is", "four six two", 1)]
    assert rig.ends(rig.commit(), "four six two") == "four six two"


def test_a_late_partial_replaces_what_was_taken_for_the_next_segment() -> None:
    """It turns out that all of it is of the committed one."""
    rig = waiting("one two three")
    assert rig.shows("four") == "one two three four"
    assert rig.shows("one two three five") == "one two three five"
    rig = waiting("one", "two")
    assert rig.shows("two three") == "one two three"


def test_a_final_takes_over_an_open_partial_without_voice() -> None:
    """The words are of the committed segment; with voice, they are of the next."""
    rig = waiting("one two")
    rig.partial("three")
    assert rig.final(1, "one two three") == [TranscriptUpdated("one two three", "", 1)]
    rig = waiting("one two")
    rig.voiced(WORD_MS)
    rig.partial("three")
    assert rig.final(1, "one two") == [TranscriptUpdated("one two", "three", 1)]


# --- refused commits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "text"),
    [("one two three", None), ("one two three four", "one two three four"), ("six", "six")],
)
def test_a_refused_commit_gives_its_words_back_to_the_partial(partial: str, text: str | None) -> None:
    """The segment is still open, and the next partial replaces all of it, however much was said since."""
    for voice_ms in (0, 1_000):
        rig = waiting("one two three")
        rig.refused(1)
        rig.voiced(voice_ms)
        assert rig.shows(partial) == text


def test_a_refusal_keeps_the_order_of_words() -> None:
    """What was shown after the commit follows, without duplicates."""
    rig = waiting("one two three")
    rig.partial("six")
    rig.refused(1)
    rig.refused(7)
    rig.commit()
    assert rig.given_up() == [TranscriptUpdated("one two three six", "", 2)]


# --- segments that the recogniser closes by itself ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partial", "voice_ms", "tentative"),
    [
        ("four people", 2 * WORD_MS, "one two three now four people"),
        ("four people", 2 * WORD_MS - 1, "four people"),  # not said since: the recogniser has changed its mind
        ("for all of us", 1_000, "for all of us"),  # as many words
        ("one two", 1_000, "one two"),
    ],
)
def test_a_partial_that_starts_over(partial: str, voice_ms: int, tentative: str) -> None:
    """A few other words instead of many: the recogniser has closed the segment, and its final is still to come."""
    rig = Rig()
    rig.voiced(2_000)
    rig.partial("one two three now")
    rig.voiced(voice_ms)
    assert rig.shows(partial) == tentative


def started_over(*, commit: bool) -> Rig:
    rig = Rig()
    rig.voiced(2_000)
    rig.partial("one two three now")
    rig.voiced(1_000)
    assert rig.shows("four five") == "one two three now four five"
    if commit:
        rig.commit()
    return rig


@pytest.mark.parametrize("commit", [False, True])
def test_the_final_of_a_segment_that_the_recogniser_closed(commit: bool) -> None:
    """It takes its own words over, and its partial may be repeated before it."""
    rig = started_over(commit=commit)
    assert rig.shows("one two three") is None
    assert rig.part("One two three now.")
    assert rig.part("One two three now then.")
    assert not rig.part("One two three now four five.")
    assert not rig.part("Six.")
    assert rig.final(0, "One two three now.") == [TranscriptUpdated("One two three now.", "four five")]
    if not commit:
        rig.commit()
    assert rig.final(1, "Four five.") == [TranscriptUpdated("Four five.", "", 1)]


def test_a_segment_that_was_not_closed_after_all() -> None:
    """The final of our commit has its words, too."""
    rig = started_over(commit=True)
    assert rig.final(1, "One two three now four five.") == [TranscriptUpdated("One two three now four five.", "", 1)]


def test_a_segment_that_the_recogniser_closed_without_a_final() -> None:
    """Its words become stable with the next final, or when no more finals are expected."""
    rig = started_over(commit=True)
    assert rig.final(1, "Four five.") == [TranscriptUpdated("one two three now Four five.", "", 1)]
    assert started_over(commit=True).given_up() == [TranscriptUpdated("one two three now four five", "", 1)]


@pytest.mark.parametrize(("text", "part"), [("one two", True), ("one two three", False), ("two", False), ("", False)])
def test_a_final_may_lack_the_last_words_shown(text: str, part: bool) -> None:
    rig = waiting("one two three")
    assert rig.part(text) == part
    assert not Rig().part(text)


# --- texts that repeat themselves -----------------------------------------------------------------------------------

CODE = "4 2 7 1"


def test_finals_and_partials_that_repeat_themselves() -> None:
    """The sound is that of their own segment."""
    rig = known("one two three")
    rig.voiced(1_200)
    assert rig.shows(CODE) == CODE
    assert rig.shows(f"{CODE} {CODE} {CODE}") is None
    assert rig.ends(rig.commit(), f"{CODE} {CODE} {CODE}") == CODE
    rig.voiced(1_200)
    assert rig.ends(0, f"{CODE} five {CODE} five") == f"{CODE} five"


def test_a_final_whose_end_repeats_itself() -> None:
    """However the code is written, and only if the voice is too short."""
    for final, voice_ms, left in (
        ("My code is 4271 4271 4271.", 2_000, "My code is 4271"),
        ("My code is 4271 4271 4271.", 3_000, "My code is 4271 4271 4271."),
    ):
        rig = Rig()
        rig.voiced(voice_ms)
        assert rig.shows("my code is 4 2 7 1") == "my code is 4 2 7 1"
        assert rig.ends(rig.commit(), final) == left
