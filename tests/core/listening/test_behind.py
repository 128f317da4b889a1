"""Which words of a transcript are somebody else's, as the recogniser adds to it and revises it."""

from __future__ import annotations

import pytest

from telephony.core.listening.behind import callers, carried

NEW_WORDS = [  # the transcript, with the other's words in capitals; the next one; whose its new words are; the result
    ("", "one two", True, "ONE TWO"),
    ("", "one two", False, "one two"),
    ("one two", "one two three four", True, "one two THREE FOUR"),
    ("ONE TWO", "one two three", False, "ONE TWO three"),
    ("one TWO three", "one two three four", True, "one TWO three FOUR"),
    ("one TWO three", "One. Two! Three, four?", False, "one TWO three four"),
]
REVISED = [
    ("one two", "one too", True, "one too"),  # another word in its place
    ("one TWO", "one too", False, "one TOO"),
    ("one two", "won too three", True, "won too THREE"),
    ("ONE two", "won two three", False, "WON two three"),
    ("one two THREE", "two three", False, "two THREE"),  # a word fewer
    ("one two THREE FOUR", "one two", False, "one two"),
    ("one TWO", "", False, ""),
    ("one THREE", "one two three", True, "one two THREE"),  # a word more, in the middle: as the one before it
    ("ONE three", "one two three", False, "ONE TWO three"),
]


def flags(marked: str) -> tuple[bool, ...]:
    return tuple(word.isupper() for word in marked.split())


@pytest.mark.parametrize(("before", "after", "behind", "result"), [*NEW_WORDS, *REVISED])
def test_each_word_keeps_its_voice(before: str, after: str, behind: bool, result: str) -> None:
    """Only words that are new at the end are judged."""
    found = carried(before.lower(), flags(before) if any(flags(before)) else (), after, behind)
    assert found == (flags(result) if any(flags(result)) else ())


def test_figures_in_place_of_words_are_of_the_same_voice() -> None:
    """However many words they replace."""
    assert carried("five five five one", (False, False, False, True), "555 one", False) == (False, True)
    assert carried("five five one", (True, True, False), "55 one", False) == (True, False)


@pytest.mark.parametrize(
    ("text", "others", "left"),
    [
        ("One, two. Three?", (False, False, True), "One, two."),
        ("One, two. Three?", (True, False, False), "two. Three?"),
        ("One, two. Three?", (False, True, False), "One, Three?"),
        ("One, two.", (True, True), ""),
    ],
)
def test_the_callers_words_are_left_as_they_are_written(text: str, others: tuple[bool, ...], left: str) -> None:
    """With their punctuation."""
    assert callers(text, others) == left
