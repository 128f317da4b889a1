"""Which words the agent has said aloud, and when each began to be played."""

from __future__ import annotations

import pytest

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.speaking.aloud import BROKEN_OFF, Aloud, Word, played
from telephony.core.speaking.track import Span, Track

TEXT = "we open  at nine"
CHAR_MS = 100
"""Each character takes this long: "we" 0-200 ms, "open" 300-700, "at" 900-1,100, "nine" 1,200-1,600."""


def track(text: str = TEXT) -> Track:
    made = Track()
    for at, char in enumerate(text, 1):
        made.align(char, at * CHAR_MS * BYTES_PER_MS)
    return made


def span(start_ms: int, end_ms: int) -> Span:
    return Span(3, start_ms * BYTES_PER_MS, end_ms * BYTES_PER_MS, "t3.1", 0)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "words"),
    [
        (0, 1_600, [("we", 0, 0), ("open", 3, 300), ("at", 9, 900), ("nine", 12, 1_200)]),
        (0, 200, [("we", 0, 0)]),
        (0, 100, [("we", 0, 0)]),  # as a whole as soon as it begins
        (0, 99, []),
        (200, 300, []),  # white space
        (300, 700, [("open", 3, 300)]),
        (500, 700, [("open", 3, 500)]),  # the rest of a word
        (250, 400, [("open", 3, 300)]),
        (700, 1_300, [("at", 9, 900), ("nine", 12, 1_200)]),
        (1_600, 1_700, []),
    ],
)
def test_the_words_of_a_span(start_ms: int, end_ms: int, words: list[tuple[str, int, int]]) -> None:
    """(text, place in the track, ms); each begins where the character before it ended, and not before the span."""
    found = played(track(), span(start_ms, end_ms), 10_000 + end_ms)
    assert [(word.text, word.place, word.began_ms - 10_000) for word in found] == words
    assert {word.turn for word in played(track(), span(0, 1_600), 0)} == {3}


@pytest.mark.parametrize(("until_ms", "count"), [(-1, 0), (0, 1), (299, 1), (300, 2), (1_199, 3), (1_200, 4)])
def test_only_what_has_begun(until_ms: int, count: int) -> None:
    """A span that is being played: the words after `until_ms` are still to come."""
    assert len(list(played(track(), span(0, 1_600), 1_600, until_ms))) == count


def said(aloud: Aloud, since_ms: int = 0) -> list[str]:
    return aloud.since(since_ms, ()).split()


def test_the_words_since_a_time() -> None:
    """Those that are being played now come last, and are not kept."""
    aloud = Aloud()
    assert aloud.since(0, ()) == ""
    aloud.add([Word(1, 0, "we", 1_000), Word(1, 3, "open", 1_300)])
    assert (said(aloud), said(aloud, 1_300), said(aloud, 1_301)) == (["we", "open"], ["open"], [])
    assert aloud.since(1_300, [Word(1, 8, "at", 1_900)]) == "open at"
    assert said(aloud) == ["we", "open"]


def test_the_end_of_a_word_is_no_second_one() -> None:
    """It is in two spans: the word began with the first. At the same place of another turn, or after a clear that may
    have broken it off, it is said anew."""
    aloud, word = Aloud(), Word(1, 3, "open", 1_300)
    aloud.add([word, Word(1, 3, "open", 1_500)])
    assert (said(aloud), said(aloud, 1_300), said(aloud, 1_301)) == (["open"], ["open"], [])
    aloud.add([Word(2, 3, "open", 1_700)])
    assert said(aloud) == ["open", "open"]
    aloud.add([BROKEN_OFF, Word(2, 3, "open", 1_900)])
    assert (said(aloud), said(aloud, 1_800)) == (["open", "open", "open"], ["open"])
    aloud.add([Word(2, 8, "open", 2_500)])
    assert said(aloud, 1_800) == ["open", "open"]


def test_the_first_word_of_a_turn_may_be_broken_off() -> None:
    aloud = Aloud()
    aloud.add([Word(1, 0, "we", 1_000), BROKEN_OFF, Word(1, 0, "we", 2_000)])
    assert said(aloud) == ["we", "we"]


def test_half_a_minute_is_remembered() -> None:
    aloud = Aloud()
    aloud.add(Word(1, at, f"w{at}", at) for at in range(101))
    assert (said(aloud)[0], len(said(aloud))) == ("w1", 100)
