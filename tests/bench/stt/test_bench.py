"""The figures of the STT bench: errors are counted by words, and only against transcripts."""

from __future__ import annotations

import pytest

from tests.bench.stt.bench import Heard, spelled, total


def heard(said: str, text: str) -> Heard:
    return Heard("one", 1_000, spelled(said), text)


@pytest.mark.parametrize(
    ("said", "text", "errors"),
    [
        ("he was not an ill disposed young man", "He was not an ill-disposed young man.", 0),
        ("and mister dashwood", "And Mr. Dashwood.", 0),
        ("seven seven four", "Seven, four.", 1),
        ("people to buy", "people to by it", 2),
        ("people to buy", "", 3),
    ],
)
def test_errors_are_words_wrong_missing_or_too_many(said: str, text: str, errors: int) -> None:
    assert heard(said, text).errors == errors


def test_recordings_without_a_transcript_are_not_in_the_total() -> None:
    """Their costs are measured all the same."""
    found = [
        heard("one two three four", "one two three five"),
        heard("", "Whatever."),
        heard("six", "six"),
    ]
    assert total(found) == "with a transcript: 1 errors in 5 words, 20.0 % (95 %: 3.6-62.4)"
    assert "| - |" in found[1].row
    assert total(found[1:2]) == "no transcripts"
