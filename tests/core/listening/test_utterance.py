"""The words of an utterance, and which of the caller's words were answered before they were stable."""

from __future__ import annotations

import pytest

from telephony.core.events import TranscriptUpdated
from telephony.core.listening.utterance import Answered, Utterance


def committed(*texts: str) -> Utterance:
    """An utterance whose words were committed as 1, 2, ... and are all tentative."""
    utterance = Utterance(0, 0)
    for number, text in enumerate(texts, 1):
        utterance.heard("", f"{utterance.tentative} {text}".strip(), 0)
        utterance.commit(number)
    return utterance


def answered(*texts: str) -> Answered:
    """Texts that were answered while they waited for commits 1, 2, ..."""
    found = Answered()
    found.add(committed(*texts))
    return found


def test_a_new_utterance_is_empty() -> None:
    """No voice, no words, no earlier text, no commit."""
    assert Utterance(1, 2) == Utterance(1, 2, 0, "", "", [], 0, "", False)
    assert (Utterance(1, 2).text, Utterance(1, 2).open_words, Utterance(1, 2).awaited) == ("", False, 0)


def test_words_are_added_and_tentative_ones_replaced() -> None:
    """The text is both, in order."""
    utterance = Utterance(0, 0)
    utterance.heard("", "one to", 0)
    assert utterance.text == "one to"
    utterance.heard("One,", "two", 0)
    assert utterance.text == "One, two"
    utterance.heard("two.", "", 0)
    assert (utterance.text, utterance.stable, utterance.tentative) == ("One, two.", "One, two.", "")


@pytest.mark.parametrize(("commit", "awaited"), [(0, 7), (6, 7), (7, 0), (8, 0)])
def test_a_commit_is_awaited_until_its_audio_is_stable(commit: int, awaited: int) -> None:
    """An earlier one is not enough, a later one is."""
    utterance = Utterance(0, 0)
    utterance.commit(7)
    assert (utterance.awaited, utterance.committed) == (7, True)
    utterance.heard("", "one", commit)
    assert utterance.awaited == awaited


def test_words_that_no_commit_covers() -> None:
    """Tentative ones, unless a commit is under way and there was no voice since."""
    utterance = Utterance(0, 0, tentative="one")
    assert utterance.open_words
    utterance.commit(1)
    assert not utterance.open_words
    utterance.committed = False
    assert utterance.open_words
    utterance.heard("", "one", 1)
    utterance.committed = True
    assert utterance.open_words
    utterance.heard("one", "...", 0)
    assert not utterance.open_words


def test_each_commit_has_the_words_that_it_added() -> None:
    """Those of a refused one are left to the next."""
    utterance = committed("one", "two", "")
    assert utterance.commits == [(1, "one"), (2, "two"), (3, "")]
    utterance.heard("one", "two", 1)
    assert utterance.commits == [(2, "two"), (3, "")]
    utterance.refused(2)
    assert (utterance.commits, utterance.awaited) == ([(3, "")], 3)
    utterance.commit(4)
    assert utterance.commits == [(3, ""), (4, "two")]


# --- answered words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stable", "new"),
    [
        ("I want a table for two", "for two"),
        ("I want the table for two", "for two"),
        ("I want a table", ""),
        ("please, a table", ""),
        ("", ""),
    ],
)
def test_only_words_beyond_the_answered_ones_are_new(stable: str, new: str) -> None:
    """The stable version of answered words is not answered again, and they are forgotten."""
    found = answered("I want a table")
    assert found.take(TranscriptUpdated(stable, "and", 1)) == (new, "and")
    assert found.take(TranscriptUpdated("I want a table", "", 2)) == ("I want a table", "")


@pytest.mark.parametrize(
    ("tentative", "new"),
    [
        ("I want a table for two", "for two"),
        ("I want the table for two", "for two"),
        ("I want a table", ""),
        ("I want", ""),
        ("", ""),
        ("is it open today", "is it open today"),
    ],
)
def test_answered_words_are_taken_out_of_the_tentative_text(tentative: str, new: str) -> None:
    """Until they are stable; a text without them is new."""
    assert answered("I want a table").take(TranscriptUpdated("", tentative)) == ("", new)


def test_answers_to_two_utterances_wait() -> None:
    """The stable version of the first ends only the removal of its own words."""
    found = answered("no thanks", "yes please")
    assert found.take(TranscriptUpdated("", "no thanks yes please and")) == ("", "and")
    assert found.take(TranscriptUpdated("no thanks", "yes please and", 1)) == ("", "and")
    assert found.take(TranscriptUpdated("yes please", "and", 2)) == ("", "and")
    assert found.take(TranscriptUpdated("and", "yes please", 3)) == ("and", "yes please")
    assert answered("no thanks", "yes please").take(TranscriptUpdated("no thanks yes please", "", 2)) == ("", "")


def test_each_answered_word_keeps_its_commit_when_those_before_it_become_stable() -> None:
    """The recogniser closes a part by itself, then the finals come in turn; the rest is not new with the first."""
    found = answered("I want a table", "")
    assert found.take(TranscriptUpdated("I want", "a table for two")) == ("", "for two")
    assert found.take(TranscriptUpdated("a table", "for two", 1)) == ("", "for two")
    found = answered("I want a table", "for two")
    assert found.take(TranscriptUpdated("I want a table for", "two")) == ("", "")
    assert found.take(TranscriptUpdated("", "two please", 1)) == ("", "please")
    assert found.take(TranscriptUpdated("two please", "", 2)) == ("please", "")


def test_a_part_may_become_stable_with_the_lost_words_before_it() -> None:
    """The event then has the number of an earlier commit; the part was answered with a later one."""
    found = answered("no thanks", "", "I want a table for two")
    assert found.take(TranscriptUpdated("no thanks I want a", "table for two", 2)) == ("", "")
    assert found.take(TranscriptUpdated("table for two please", "", 3)) == ("please", "")
    found = answered("no thanks", "yes please")
    assert found.take(TranscriptUpdated("no thanks yes", "please", 1)) == ("", "")
    found = answered("no thanks", "yes please")
    assert found.take(TranscriptUpdated("no thanks, not for me", "yes please", 1)) == ("not for me", "")


def test_the_words_of_a_refused_commit_may_never_come() -> None:
    """The recogniser was lost after the refusal: what was answered later is still known."""
    found = answered("no thanks", "yes please", "")
    assert found.take(TranscriptUpdated("", "yes please and")) == ("", "and")
    assert found.take(TranscriptUpdated("yes", "please and")) == ("", "and")
    assert found.take(TranscriptUpdated("please and", "", 4)) == ("and", "")


def test_the_stable_version_may_come_with_a_later_commit() -> None:
    """The answered commit was refused: only words that are like the answered ones are left out."""
    assert answered("I want a table").take(TranscriptUpdated("I want a table for two", "", 2)) == ("for two", "")
    assert answered("I want a table").take(TranscriptUpdated("is it open", "", 2)) == ("is it open", "")
    assert answered("").take(TranscriptUpdated("is it open", "", 1)) == ("is it open", "")


def test_words_that_were_corrected_after_the_commit() -> None:
    """They belong to the last commit."""
    utterance = committed("one")
    utterance.heard("", "one two", 0)
    found = Answered()
    found.add(utterance)
    assert found.take(TranscriptUpdated("", "one two three")) == ("", "three")
    assert found.take(TranscriptUpdated("one too", "three", 1)) == ("", "three")


def test_words_of_earlier_audio_were_not_answered() -> None:
    """Their own commit had no words when its utterance was closed."""
    utterance = Utterance(0, 0, tentative="yes please")
    utterance.commit(2)
    found = Answered()
    found.add(utterance)
    assert found.take(TranscriptUpdated("no thanks", "yes please", 1)) == ("no thanks", "")


@pytest.mark.parametrize(
    ("stable", "new", "then", "rest"),
    [
        ("I want a", "", "table for two", "for two"),
        ("I want", "", "a table for two", "for two"),
        ("I want a table for two", "for two", "please", "please"),
        ("I want a table", "", "for two", "for two"),
        ("is it open", "is it open", "I want a table for two", "for two"),
    ],
)
def test_a_part_of_the_answered_words_becomes_stable(stable: str, new: str, then: str, rest: str) -> None:
    """By no commit: the others are still taken out."""
    found = answered("I want a table")
    assert found.take(TranscriptUpdated(stable, "")) == (new, "")
    assert found.take(TranscriptUpdated("", then)) == ("", rest)
    assert found.take(TranscriptUpdated(then, "", 1)) == (rest, "")
