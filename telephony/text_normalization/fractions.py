"""Fractions: "3/4", "½", "1 1/2", "2½ hours", and those that are no part of a whole: "24/7"."""

from __future__ import annotations

import re

from telephony.text_normalization.dates import PARTS
from telephony.text_normalization.language import Gender
from telephony.text_normalization.numerals import Numeral
from telephony.text_normalization.rules import Found, Kind, Rules, before

_FRACTION = re.compile(r"[/⁄](\d{1,3})(?![\d/⁄]|[.,]\d)")
_MIXED = re.compile(r" (\d{1,2})[/⁄](\d{1,2})(?![\d/⁄])")
VULGAR = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
           "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8)}  # fmt: skip
_SAID_TOGETHER = ((24, 7), (9, 11))
_COUNTED = re.compile(r"[ \u00a0\u202f]([^\W\d_]+)")


def vulgar(rules: Rules, text: str, at: int) -> Found:
    over, under = VULGAR[text[at]]
    half = _half(rules, text, at, at + 1) if (over, under) == (1, 2) else None
    return half or Found(at + 1, rules.language.fraction(over, under), Kind.AMOUNT)


def fraction(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    language = rules.language
    if not numeral.exact or not text[at:end].isdecimal():
        return None
    if (mixed := _MIXED.match(text, end)) and 0 < int(mixed[1]) < int(mixed[2]):
        return _and_part(rules, text, mixed.end(), numeral, (int(mixed[1]), int(mixed[2])))
    if text[end : end + 1] in VULGAR and end < len(text):
        return _and_part(rules, text, end + 1, numeral, VULGAR[text[end]])
    if (found := _FRACTION.match(text, end)) is None:
        return None
    over, under = numeral.value, int(found[1])
    if (over, under) == (1, 2) and (half := _half(rules, text, at, found.end())) is not None:
        return half
    if 0 < over < under and under in PARTS:
        return Found(found.end(), language.fraction(over, under), Kind.AMOUNT)
    together = over == under or (over, under) in _SAID_TOGETHER
    slash = " " if together else f" {language.signs.get('over', language.signs['/'])} "
    return Found(found.end(), rules.cardinal(over) + slash + rules.whole(found[1]))


def _half(rules: Rules, text: str, at: int, end: int) -> Found | None:
    """1/2 of what stands behind it; None if nothing does, or if the language says it in no other way."""
    noun, gender, last = _counted(rules, text, end, one=True)
    if gender is None or (half := rules.language.half.get(gender)) is None:
        return None
    article = before(text, at).split()[-1:]
    if article and half.startswith(article[0].lower() + " "):  # "eine 1/2 Stunde"
        half = half.partition(" ")[2]
    return Found(last, f"{half} {noun}", Kind.AMOUNT)


def _and_part(rules: Rules, text: str, end: int, whole: Numeral, part: tuple[int, int]) -> Found:
    """ "two and a half hours", "dos horas y media"."""
    language = rules.language
    noun, gender, last = _counted(rules, text, end, one=rules.is_one(whole))
    after = language.half_after.get(gender) if gender is not None else None
    if part == (1, 2) and after is not None:
        noun = re.sub(r"(?<=mes)es$|s$", "", noun) if whole.value == 1 else noun
        return Found(last, f"{rules.cardinal(whole.value, gender)} {noun}{after}", Kind.AMOUNT)
    noun, gender, last = _counted(rules, text, end, one=False)
    if part == (1, 2):
        words = rules.cardinal(whole.value, Gender.MASCULINE) + language.half_more
    else:
        words = f"{rules.cardinal(whole.value)} {language.signs['&']} {language.fraction(*part)}"
    return Found(last, f"{words} {noun}" if gender else words, Kind.AMOUNT)


def _counted(rules: Rules, text: str, end: int, *, one: bool) -> tuple[str, Gender | None, int]:
    """The noun behind a number, its gender, and where it ends: a unit's name, or a word as it is written."""
    if (unit := rules.patterns.unit.match(text, end)) is not None:
        names = rules.units[unit[1]]
        return names[not one], rules.language.gender(names[0].split()[0]) or Gender.MASCULINE, unit.end()
    gender, found = rules.noun_gender(text, end), _COUNTED.match(text, end)
    return (found[1], gender, found.end()) if gender is not None and found is not None else ("", None, end)
