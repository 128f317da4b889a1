"""Reply text -> speakable units."""

from __future__ import annotations

import pytest

from telephony.call.phrasing import LONGEST_UNIT_CHARS, Phrasing


def units(text: str, size: int = 3) -> list[str]:
    """The units of `text`, fed in pieces of `size` characters as a model would."""
    phrasing, found = Phrasing(), []
    for at in range(0, len(text), size):
        found += phrasing.add(text[at : at + size])
    return found + phrasing.end()


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
def test_units_end_with_sentences(size: int) -> None:
    """Whatever the pieces, the units are the sentences."""
    assert units("We open at nine. On Sundays we are closed! Anything else?", size) == [
        "We open at nine.",
        "On Sundays we are closed!",
        "Anything else?",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith sees you at 3.30 p.m. today.",
        "It costs 3.50 with tax.",
        'He said "Yes." and left.',
        "Ask for J. Doe please.",
    ],
)
def test_full_stops_that_end_no_sentence(text: str) -> None:
    """Abbreviations, initials, decimals and quotations do not split a unit before its end."""
    assert units(text)[0] in (text, 'He said "Yes."')


def test_only_the_first_unit_may_end_at_a_clause() -> None:
    """The first words of a long sentence are spoken early; later sentences stay whole."""
    text = (
        "If you would like to come this evening, we still have a table for two by the window near the door. "
        "If you would rather come tomorrow, we have several tables free at any time of the evening you like."
    )
    found = units(text)
    assert found[0] == "If you would like to come this evening,"
    assert len(found) == 3


def test_a_short_first_sentence_is_not_split() -> None:
    """Clauses matter only when the sentence is long."""
    assert units("Yes, of course, we can.") == ["Yes, of course, we can."]


def test_a_sentence_without_end_is_split_at_words() -> None:
    """A model that never ends its sentence does not make the caller wait for ever."""
    found = units("word " * 200)
    assert all(len(unit) <= LONGEST_UNIT_CHARS for unit in found)
    assert " ".join(found).split() == ["word"] * 200


def test_nothing_is_lost_or_invented() -> None:
    """All words come out once, in order."""
    text = "One. Two, three; four: five - six!\nSeven?\n\n- eight\n1. nine"
    assert "".join(units(text)).replace(" ", "") == text.replace(" ", "").replace("\n", "")
