"""Writes dictated words as recognisers do: "555 012 3456", "S-M-I-T-H", "john.smith@example.com"."""

from __future__ import annotations

import re

from telephony.core.language.english import ENGLISH

_FIGURES = {word: figures for word, figures in ENGLISH.numerals.items() if len(figures) == 1}
_RUN = re.compile(r"\b\d(?: \d)+\b")
_LETTERS = re.compile(r"(?<!['’])\b[A-Za-z](?: [A-Za-z])+\b")
_MAIL = re.compile(r"\b((?:\w+ (?:dot|underscore) )*\w+) at ((?:\w+ )+)dot (\w+)", re.IGNORECASE)


def written(text: str) -> str:
    """`text`, given in words, with digits, spelled letters and e-mail addresses as they are written. Digits are grouped
    in threes."""
    text = _MAIL.sub(_address, text)
    words = [_FIGURES.get(word.lower().strip(".,"), word) for word in text.split()]
    grouped = _RUN.sub(lambda run: _by_three(run.group().replace(" ", "")), " ".join(words))
    return _LETTERS.sub(lambda run: run.group().replace(" ", "-").upper(), grouped)


def _by_three(digits: str) -> str:
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = ["".join(groups[-2:])]
    return " ".join(groups)


def _address(match: re.Match[str]) -> str:
    name = match.group(1).replace(" dot ", ".").replace(" underscore ", "_").replace(" ", "")
    return f"{name}@{match.group(2).replace(' ', '')}.{match.group(3)}".lower()
