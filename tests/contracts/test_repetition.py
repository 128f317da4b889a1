"""What was said once counts once, however often the recogniser writes it; what was said twice counts twice."""

from __future__ import annotations

import random

import pytest

from telephony.contracts.repetition import MOST_ATOMS, QUICK_WORD_MS, WORD_MS, once

CODE = "4 2 7 1"
SAID_ONCE = [
    (f"{CODE} {CODE} {CODE}", CODE, 1_200, CODE),
    (f"{CODE} {CODE} {CODE}", "4 2", 1_200, CODE),
    (f"{CODE} {CODE} {CODE}", "", 1_200, CODE),
    (f"{CODE} {CODE}", CODE, QUICK_WORD_MS * 8 - 1, CODE),
    (" ".join([CODE] * 5), CODE, 1_200, CODE),
    (f"{CODE} {CODE} {CODE} 4 2", CODE, 1_200, CODE),
    ("4271 4271 4271", CODE, 1_200, "4271"),
    ("4271, 4271, 4271.", "4271", 1_200, "4271"),
    ("(4271) (4271) (4271)", "", 1_200, "(4271)"),
    ("4-2-7-1 4-2-7-1 4-2-7-1", "4-2-7-1", 1_200, "4-2-7-1"),
    ("4-2-7-1-4-2-7-1-4-2-7-1", "4-2-7-1", 1_200, "4-2-7-1"),
    (f"{CODE} 4271 4-2-7-1", "four two seven one", 1_200, CODE),
    (f"my code is {CODE} {CODE} {CODE}", f"my code is {CODE}", 2_200, f"my code is {CODE}"),
    (f"my code is {CODE} {CODE} {CODE}", "my code", 2_200, f"my code is {CODE}"),
    (f"my code is {CODE} {CODE}", f"my code is {CODE}", 2_000, f"my code is {CODE}"),
    (f"{CODE} {CODE} {CODE} please", f"{CODE} please", 1_500, f"{CODE} please"),
    ("I want tea. I want tea. i want tea", "", 900, "I want tea."),
    ("I'd like tea. I’d like tea. I'd like tea.", "I'd like", 900, "I'd like tea."),
    ("Yes. I want tea. I want tea. I want tea.", "Yes. I want tea.", 1_400, "Yes. I want tea."),
    ("appointment tomorrow " * 3, "appointment tomorrow", 1_000, "appointment tomorrow"),
    ("四二七一" * 3, "四二七一", 1_000, "四二七一"),
    ("2 1 2 1 2 1 2 1 2 1 2 1", "2 1 2 1", 900, "2 1 2 1"),
]
SAID = [
    (f"{CODE} {CODE} {CODE}", CODE, QUICK_WORD_MS * 12, "there was time for it"),
    (f"{CODE} {CODE}", CODE, QUICK_WORD_MS * 8, "there was time for it"),
    (f"{CODE} {CODE} {CODE}", f"{CODE} {CODE} {CODE}", 1_200, "the partial shows it"),
    (f"{CODE} {CODE}", f"{CODE} 4", 1_200, "the partial shows its beginning"),
    (f"my code is {CODE} {CODE}", "my code", WORD_MS * 11, "no partial says otherwise, and it is not impossible"),
    ("0800 800 800", "0800 800", 1_900, "groups are often the same"),
    ("555 555 1234", "555", 1_900, "groups are often the same"),
    ("1 000 000", "1", 600, "noughts"),
    ("1,000,000", "", 500, "noughts"),
    ("my number is 12 12 12", "my number is 12", 1_000, "a short group"),
    ("no no no", "no", 300, "people say it quickly"),
    ("thank you thank you thank you", "thank you", 600, "people say it quickly"),
    ("はいはいはい", "はい", 300, "people say it quickly"),
    ("I think I think we should go", "I think", 900, "a false start"),
    ("one two three one two four", "one two three", 900, "not the same"),
    ("one two three", "", 100, "no repeat"),
    ("", "", 0, "no text"),
]


@pytest.mark.parametrize(("text", "shown", "sound_ms", "left"), SAID_ONCE)
def test_what_was_said_once_counts_once(text: str, shown: str, sound_ms: int, left: str) -> None:
    assert once(text, shown, sound_ms) == left


@pytest.mark.parametrize(("text", "shown", "sound_ms", "why"), SAID)
def test_what_was_said_twice_counts_twice(text: str, shown: str, sound_ms: int, why: str) -> None:
    assert once(text, shown, sound_ms) == text, why


def test_any_text_loses_no_more_than_its_repeats() -> None:
    """What the partial shows stays, and everything with enough sound; what is left is the text's beginning."""
    rng = random.Random(1)
    for _ in range(2_000):
        part = rng.sample(("4", "27", "13", "8-5", "tea", "please"), rng.randint(1, 6))
        text = " ".join(part * rng.randint(1, 5) + part[: rng.randint(0, len(part))])
        shown = text[: rng.randint(0, len(text))]
        left = once(text, shown, rng.randint(0, 4_000))
        assert text.startswith(left)
        assert left.startswith(" ".join(shown.split()[:-1]))
        assert left.startswith(" ".join(part)[: len(text)])
        assert once(left, shown, 10**6) == left
        assert once(text, shown, 10**6) == text


def test_long_texts_are_left_alone() -> None:
    """They take time to search."""
    part = [f"word{number}" for number in range(MOST_ATOMS // 4)]  # a word and its figures are at least two atoms
    assert once(" ".join(part * 3), "", 0) == " ".join(part * 3)
