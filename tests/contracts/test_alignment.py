"""Which characters of the asked text a piece of audio covers, whatever the service's alignment looks like."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from telephony.contracts.alignment import (
    FAST_MS_PER_CHAR,
    JITTER_MS,
    LATE_MS,
    LONGEST,
    OVERLAP_MS,
    Alignment,
    TimedChar,
    _plain,
    one_by_one,
    possible,
    spread,
)

TEXT = "We open at nine, and close at six. "
MS = 50


def block(text: str, start_ms: int = 0) -> tuple[TimedChar, ...]:
    return spread((char, start_ms + MS * n, MS) for n, char in enumerate(text))


class Rig(Alignment):
    """An attempt that is to say a text. Audio is 50 ms a character unless said otherwise."""

    def __init__(self, asked: str = TEXT) -> None:
        super().__init__()
        self.ask(asked)
        self.said, self.ends = "", list[int]()

    def comes(self, text: str, start_ms: int = 0, audio_ms: int | None = None) -> str:
        """A message with this block; returns what it adds."""
        ms = MS * len(text) if audio_ms is None else audio_ms
        added, ends_ms = self.audio(block(text, start_ms), 8 * ms)
        self.said, self.ends = self.said + added, [*self.ends, *ends_ms]
        assert len(self.said) == len(self.ends)
        assert self._asked.startswith(self.said)
        assert all(one <= other for one, other in pairwise(self.ends))
        return added


def test_blocks_continue_the_text() -> None:
    """Each character once, with its end in the attempt's audio."""
    rig = Rig()
    assert [rig.comes(part) for part in ("We op", "en at nine, and", " close at six. ")] == [
        "We op",
        "en at nine, and",
        " close at six. ",
    ]
    assert rig.ends == [MS * n for n in range(1, len(TEXT) + 1)]


@pytest.mark.parametrize(
    ("first_ms", "second_ms", "why"),
    [(0, 0, "from the message"), (0, 250, "from the attempt"), (0, 250, "from the segment")],
)
def test_times_may_count_from_anywhere(first_ms: int, second_ms: int, why: str) -> None:
    rig = Rig()
    rig.comes("We op", first_ms)
    rig.comes("en at", second_ms)
    assert rig.ends == [MS * n for n in range(1, 11)], why


def test_a_whole_segment_may_come_at_once() -> None:
    """With its first audio; the next segment's times count from its own start."""
    rig = Rig("Yes. At six. ")
    rig.comes("Yes. ", audio_ms=100)
    rig.comes("", audio_ms=150)
    rig.comes("At six. ", audio_ms=100)
    assert rig.ends == [MS * n for n in range(1, 14)]


def test_items_of_several_characters_are_spread() -> None:
    assert spread([("in", 100, 80), ("", 180, 20), ("t", 200, 50)]) == (
        TimedChar("i", 100, 140),
        TimedChar("n", 140, 180),
        TimedChar("t", 200, 250),
    )
    assert spread([("\ud83d", 0, 10)]) == (TimedChar("?", 0, 10),)
    for odd in ([("a", None, 1)], [("a", "x", 1)], [("a", float("inf"), 1)]):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            spread(odd)  # type: ignore[arg-type]


@given(
    some.lists(some.one_of(some.characters(codec="utf-8"), some.text(max_size=2)), max_size=5),
    some.lists(some.integers(-900, 900), max_size=5),
    some.lists(some.integers(-9, 900), max_size=5),
)
def test_single_characters_need_no_spreading(chars: list[str], starts: list[int], durations: list[int]) -> None:
    """`one_by_one` gives the same as `spread`, or refuses."""
    single = len(chars) == len(starts) == len(durations) and all(len(char) == 1 for char in chars)
    if single:
        assert one_by_one(chars, starts, durations) == spread(zip(chars, starts, durations, strict=True))
    else:
        with pytest.raises(ValueError, match="one character each"):
            one_by_one(chars, starts, durations)


def test_text_of_any_script_is_compared_character_by_character() -> None:
    """Without case, and never longer: a capital dotted I is two characters in lower case, sigma has another at the end
    of a word."""
    assert (
        Rig("\u0130stanbul \u03a3\u03a3 Nine ").comes("\u0130STANBUL \u03c3\u03c3 nine ")
        == "\u0130stanbul \u03a3\u03a3 Nine "
    )
    every = [chr(code) for code in range(128)]
    assert [_plain(char) for char in every] == ["" if char.isspace() else char.lower() for char in every]
    assert _plain("".join(every)) == "".join(map(_plain, every))


@pytest.mark.parametrize("leading", [" ", "", "  "])
def test_white_space_is_that_of_the_text(leading: str) -> None:
    """A normalized alignment often begins with a space, and may have other white space."""
    rig = Rig("We  open. ")
    assert rig.comes(f"{leading}We open. ") == "We  open. "


def test_what_is_repeated_counts_once() -> None:
    """A second start from the beginning adds what goes beyond the first; what is placed keeps its place."""
    rig = Rig()
    rig.comes(TEXT[:12], audio_ms=100)
    assert rig.comes(TEXT, audio_ms=100) == TEXT[12:]
    assert rig.ends == [MS * n for n in range(1, len(TEXT) + 1)]
    assert rig.comes(TEXT) == rig.comes(TEXT[:12]) == rig.comes("nine") == ""


def test_a_text_that_repeats_itself_is_continued() -> None:
    rig = Rig("No, no, no, no. ")
    assert [rig.comes(part) for part in ("No, ", "no, ", "no, ", "no. ")] == ["No, ", "no, ", "no, ", "no. "]


def test_text_without_alignment_ends_where_the_next_block_begins() -> None:
    """It is proved to be over only then."""
    rig = Rig()
    rig.comes("We open ")
    assert rig.comes("", audio_ms=500) == ""
    assert rig.comes("and close") == "at nine, and close"
    assert rig.ends[7:12] == [400, 900, 900, 900, 900]
    assert rig.ends[-9:] == [900 + MS * n for n in range(1, 10)]


def test_text_is_passed_over_only_if_there_was_audio_for_it() -> None:
    """At least 30 ms for each letter; punctuation has no sound."""
    for audio_ms, added in ((6 * FAST_MS_PER_CHAR - 1, ""), (6 * FAST_MS_PER_CHAR, "at nine, and")):
        rig = Rig()
        rig.comes("We open ")
        rig.comes("", audio_ms=audio_ms)
        assert rig.comes("and") == added
    rig = Rig()
    assert rig.comes("We open at nine") == "We open at nine"
    assert rig.comes(" and close") == ", and close"


def test_another_spelling_places_what_agrees() -> None:
    """Figures are spelled out in a normalized alignment."""
    rig = Rig("Um 20 Uhr. Bis bald. ")
    assert rig.comes("um zwanzig Uhr. ") == "Um 20 Uhr. "
    assert rig.comes("Bis bald.") == "Bis bald."
    rig = Rig("\u041f\u0440\u0438\u0432\u0435\u0442 ")
    assert rig.comes("privet ") == ""
    rig = Rig("a" * 500 + "bcd")
    assert rig.comes("x" * (LONGEST - 2) + "aaa") == ""  # it would take too long
    assert rig.comes("x" * (LONGEST - 3) + "aaa") == "aaa"


def parts(start_ms: Callable[[int], int], size: int = 7) -> list[tuple[str, int]]:
    """The text in blocks, each with its start."""
    return [(TEXT[at : at + size], start_ms(at)) for at in range(0, len(TEXT), size)]


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        (parts(lambda at: 0), "from the message"),
        (parts(lambda at: MS * at), "from the attempt"),
        (parts(lambda at: -3_000), "all are negative"),
        (parts(lambda at: -170), "half of each block is negative"),
        (parts(lambda at: -600 if at == 7 else 0), "one is negative"),
        (parts(lambda at: MS * 7 if at == 0 else 0), "the second is before the first"),
        (parts(lambda at: MS * (len(TEXT) - at)), "each is before the last"),
        ([(TEXT[: at + 7], -MS * at) for at in range(0, len(TEXT), 7)], "all the text so far, from the message"),
        ([(TEXT[7:14], 0), (TEXT[:7], 0), *parts(lambda at: 0)[2:]], "the second text before the first"),
        ([(TEXT[21:], 0), *parts(lambda at: 0)], "the last text before the first"),
    ],
)
def test_nothing_ends_before_it_can_have_been_said(blocks: list[tuple[str, int]], why: str) -> None:
    """Whatever the starts of the blocks: each has 50 ms of audio for each character, and 20 more are placed later."""
    rig = Rig()
    for text, start_ms in blocks:
        rig.comes(text, start_ms, audio_ms=MS * 7)
    assert all(end >= MS * n for n, end in enumerate(rig.ends)), why
    assert len(rig.said) > 20, why


@pytest.mark.parametrize(
    ("starts", "durations", "why"),
    [
        ([300, 250, 200, 150, 100, 50, 0], [MS] * 7, "backwards"),
        ([0, 50, 100, 0, 50, 100, 150], [MS] * 7, "starts again"),
        ([0] * 7, [0] * 7, "no time at all"),
        ([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3], [0.05] * 7, "seconds"),
        ([10**6 + MS * n for n in range(7)], [MS] * 7, "a quarter of an hour later"),
    ],
)
def test_times_that_cannot_be_count_as_missing(starts: list[float], durations: list[float], why: str) -> None:
    """The next block that can be proves that the text before it is over."""
    rig = Rig()
    items = spread(zip(TEXT[:7], starts, durations, strict=True))
    assert possible(items) == (starts[0] > 0 and starts == sorted(starts)), why
    assert rig.audio(items, 8 * MS * 7) == ("", ()), why
    rig.comes(TEXT[7:14])
    assert (rig.said, rig.ends[:8]) == (TEXT[:14], [MS * 8] * 8)  # the next block begins with a space


def test_a_little_disorder_is_rounding() -> None:
    assert possible(spread([("a", 100, 90), ("b", 100 - JITTER_MS, 90)]))
    assert not possible(spread([("a", 100, 90), ("b", 99 - JITTER_MS, 90)]))
    letters = [(char, 10 * n, 10) for n, char in enumerate("morning")]
    assert possible(spread(letters[:5]))
    assert not possible(spread(letters))
    rig = Rig()
    rig.comes(TEXT[:7], audio_ms=MS * 7 - OVERLAP_MS)
    rig.comes(TEXT[7:14])
    assert rig.ends[6:8] == [MS * 7, MS * 7]
    rig = Rig()
    rig.comes(TEXT[:7], audio_ms=MS)
    rig.comes(TEXT[7:14])
    assert rig.ends[-1] == MS * 13 - OVERLAP_MS


def test_a_block_may_begin_a_little_after_its_audio() -> None:
    for start_ms, placed in ((MS * 7 + LATE_MS, TEXT[:7]), (MS * 7 + LATE_MS + 1, "")):
        assert Rig().comes(TEXT[:7], start_ms) == placed


def test_another_spelling_passes_over_no_text_without_audio() -> None:
    rig = Rig("We open. We close. ")
    assert rig.comes("we close now") == ""
    assert rig.comes("We open. ") == "We open. "
    assert rig.comes("we close now") == "We close"


def test_any_blocks_in_any_order_say_only_the_text() -> None:
    """The rig checks it. Well-formed blocks after any others are still placed if there is audio for what is missing."""
    rng = random.Random(1)
    for _ in range(300):
        rig = Rig(TEXT * 2)
        for _ in range(rng.randint(0, 8)):
            begin = rng.randrange(len(TEXT))
            odd = rng.choice((TEXT[begin : begin + rng.randint(0, 9)], "zz zz", " ", "\u00df\u0130"))
            rig.comes(odd, rng.choice((0, -40, 300, 10**7)), rng.choice((0, 20, 400)))
