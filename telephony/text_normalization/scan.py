"""Goes through a text from left to right, asks the finders at each word, number and sign, and joins ranges."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from telephony.text_normalization.amounts import amount
from telephony.text_normalization.dates import day_span, iso, month_first, numeric, time
from telephony.text_normalization.digits import dotted, grouped, hash_sign, mixed, plain, postcode
from telephony.text_normalization.rules import Found, Kind, Rules, before
from telephony.text_normalization.words import abbreviation, address, day_of_week, day_range, height, roman, sign

Finder = Callable[[Rules, str, int], Found | None]

_START = re.compile(r"(?<![^\W_])[^\W_]|[^\w\s]|(?<=[^\W\d_])(?=\d)\d")
_WORD = re.compile(r"[^\W_]+")
_RANGE = re.compile(r"(?:\s[-–—]\s|[-–—])(?=[\d$€£])")
_TIMES = re.compile(r"\s?[x×]\s?(?=\d)")
_APOSTROPHE = re.compile(r"(?<!\d)['’](?=\d0)")
_OFTEN = re.compile(r"[x×](?=\s[^\W\d_])")
_RATIO = re.compile(r":(?=\d)")
_LETTER = re.compile(r"/[A-Za-z](?![^\W_]|[./])")
_MORE = re.compile(r"[-–][^\W_]")
IN_WORDS: tuple[Finder, ...] = (
    address, day_range, day_of_week, abbreviation, month_first, amount, roman, mixed
)  # fmt: skip
"""At a letter."""
IN_NUMBERS: tuple[Finder, ...] = (
    address, postcode, height, iso, day_span, numeric, time, grouped, amount, dotted,
    mixed, plain,
)  # fmt: skip
"""At a digit."""
AT_SIGNS: tuple[Finder, ...] = (hash_sign, grouped, amount, sign)
"""At anything else but white space."""
COUNTED: tuple[Finder, ...] = (iso, numeric, time, amount)
"""What may be the end of a range."""


def rewrite(rules: Rules, text: str) -> str:
    """`text` with its written forms in words."""
    said, done, at = list[str](), 0, 0
    while (start := _START.search(text, at)) is not None:
        at = start.start()
        found = _find(rules, text, at)
        if found is None:
            word = _WORD.match(text, at)
            at = at + 1 if word is None or text[at].isdecimal() else word.end()
            continue
        found = _joined(rules, text, at, found)
        previous, after = text[at - 1 : at], text[found.end : found.end + 1]
        space = " " if previous.isalnum() else ""
        glued = not after.isalnum() or found.words.endswith("'")
        said += [text[done:at], space, found.words, "" if glued else " "]
        done = at = found.end
    return "".join(said) + text[done:]


def _find(rules: Rules, text: str, at: int) -> Found | None:
    char = text[at]
    if (skipped := _APOSTROPHE.match(text, at)) is not None:
        return amount(rules, text, skipped.end())
    finders = IN_NUMBERS if char.isdecimal() else IN_WORDS if char.isalpha() else AT_SIGNS
    for finder in finders:
        if (found := finder(rules, text, at)) is not None:
            return found
    return amount(rules, text, at) if char.isnumeric() else None


def _joined(rules: Rules, text: str, at: int, first: Found) -> Found:
    """`first` with the end of its range, if one follows: "9-5pm", "10–15 %", "2019-2021"."""
    if first.kind is Kind.OTHER:
        return first
    if (often := _OFTEN.match(text, first.end)) is not None:
        return Found(often.end(), f"{first.words} {rules.language.signs['x']}")
    if (times := _TIMES.match(text, first.end)) is not None:
        return Found(times.end(), f"{first.words} {rules.language.signs.get('by', rules.language.signs['×'])} ")
    if _LETTER.match(text, first.end):  # a house: "12/A"
        return Found(first.end + 1, f"{first.words} {rules.language.signs['/']} ")
    if (ratio := _RATIO.match(text, first.end)) is not None:
        return Found(ratio.end(), f"{first.words} ")
    dash = _RANGE.match(text, first.end)
    if dash is None:
        return first
    for finder in COUNTED:
        last = finder(rules, text, dash.end())
        if last is not None and last.words == first.words:
            return Found(last.end, f"{first.words} {last.words}")  # "fifty-fifty"
        if last is not None and last.kind is not Kind.OTHER and not _MORE.match(text, last.end):
            if last.kind is Kind.TIME and last.words.endswith("M"):
                first = replace(first, words=first.words.removesuffix(" o'clock"))
            of_day = first.kind is last.kind is Kind.TIME
            words = rules.span(before(text, at), first.words, last.words, times=of_day)
            return replace(last, words=words, kind=Kind.OTHER)
    return first
