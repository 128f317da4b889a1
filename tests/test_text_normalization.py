"""Text as a model writes it -> text as TTS should speak it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.text_normalization import spoken_form


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("We open at 9:00 AM and close at 17:30.", "We open at nine AM and close at seventeen thirty."),
        ("It costs $12.50.", "It costs twelve dollars and fifty cents."),
        ("That is €1,000 for 3 people.", "That is one thousand euros for three people."),
        ("**Hello** there 😀", "Hello there"),
        ("*smiles warmly* Sure (laughs)", "Sure"),
        ("See https://www.example.com/foo?x=1.", "See example dot com."),
        ("[our page](https://example.com) tells", "our page tells"),
        ("Write to john.doe@example.com", "Write to john dot doe at example dot com"),
        ("Call +1 555-123-4567", "Call plus one, five five five, one two three, four five six seven"),
        ("Room 12, code 00423", "Room twelve, code zero zero four two three"),
        ("On 2026-03-05 at 7pm.", "On March fifth, twenty twenty-six at seven PM."),
        ("Dr. Smith & co., 50% off", "Doctor Smith and co., fifty percent off"),
        ("- one item", "one item"),
        ("1. First", "First"),
        ("# Title", "Title"),
        ("the 21st, in 1999", "the twenty-first, in nineteen ninety-nine"),
        ("It's 5°C, version 3.5", "It's five degrees Celsius, version three point five"),
        ("👍", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_written_forms_become_words(written: str, spoken: str) -> None:
    """Numbers, money, dates, times and addresses become words before synthesis; markup and emoji are removed."""
    assert spoken_form(written) == spoken


def test_other_languages() -> None:
    """Numbers are written in the agent's language; text in an unknown language is unchanged."""
    assert spoken_form("Wir haben 3 Tische", "de") == "Wir haben drei Tische"
    assert spoken_form("3 tables", "xx") == "3 tables"


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_never_raises_and_is_idempotent(text: str) -> None:
    """For any text; the length stays bounded, and a second pass changes nothing."""
    once = spoken_form(text)
    assert len(once) <= 40 * len(text) + 40
    assert spoken_form(spoken_form(once)) == spoken_form(once)


@given(st.from_regex(r"[-$€£+#*_\[\](){}<>|`~@:/.,%°0-9 apm&]{0,60}", fullmatch=True))
@settings(max_examples=500, deadline=None)
def test_digits_and_signs_in_any_order_never_raise(text: str) -> None:
    """Any sequence of digits and signs is accepted."""
    spoken_form(text)
