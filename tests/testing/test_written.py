"""Dictated words, written as recognisers do."""

from __future__ import annotations

import pytest

from telephony.testing.written import written


@pytest.mark.parametrize(
    ("said", "as_written"),
    [
        ("my number is five five five two one eight nine nine oh four", "my number is 555 218 9904"),
        ("that's N G U Y E N", "that's N-G-U-Y-E-N"),
        ("it's john dot smith at example dot com", "it's john.smith@example.com"),
        ("one two three four", "1234"),
        ("I have a question", "I have a question"),
    ],
)
def test_figures_letters_and_addresses(said: str, as_written: str) -> None:
    """Digits are grouped in threes, letters joined by hyphens, e-mail addresses written out."""
    assert written(said) == as_written
