"""Reads numbers in words back: an independent inverse, made of num2words' own words for 0 to 999 and the scales."""

from __future__ import annotations

import functools
import re
import unicodedata

from num2words import num2words

NAMES = {"en": "en", "de": "de", "es": "es", "fr": "fr", "it": "it", "pt": "pt_BR", "nl": "nl"}
THOUSAND = {"en": "thousand", "de": "tausend", "es": "mil", "fr": "mille", "it": "mila|mille", "pt": "mil",
            "nl": "duizend"}  # fmt: skip
SCALES = {
    "en": (("billion", 9), ("million", 6)),
    "de": (("milliarden?", 9), ("millione?n?", 6)),
    "es": (("mill(?:on|ones)", 6),),
    "fr": (("milliards?", 9), ("millions?", 6)),
    "it": (("miliard[io]", 9), ("milion[ei]", 6)),
    "pt": (("bilh(?:ao|oes)", 9), ("milh(?:ao|oes)", 6)),
    "nl": (("miljard", 9), ("miljoen", 6)),
}
#: Forms that agree with a noun, or stand before one -> the form that counts alone.
AGREEING = {
    "en": (),
    "de": ((r"(?<!m)eine?$", "eins"),),
    "es": (("veintiun$", "veintiuno"), ("(?<!veinti)una?$", "uno"), ("entas", "entos"),
           ("veintiuna$", "veintiuno")),
    "fr": (("une$", "un"), ("(?<=vingt|.cent)s$", "")),
    "it": (("un[oa]?$", "uno"),),
    "pt": (("uma$", "um"), ("duas$", "dois"), ("entas", "entos")),
    "nl": (("^een$", "een"),),
}  # fmt: skip


def unaccented(words: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", words.lower()) if not unicodedata.combining(char))


def key(words: str) -> str:
    """Letters only, without accents, hyphens and words for "and" between numbers."""
    plain = unaccented(words.replace("ß", "ss"))
    plain = re.sub(r"\b(?:and|et|y|e)\b", " ", plain)
    return "".join(char for char in plain if char.isalpha() and char.isascii())


@functools.cache
def table(language: str) -> dict[str, int]:
    found = dict[str, int]()
    for number in range(1000):
        found[alone(key(num2words(number, lang=NAMES[language])), language)] = number
    return found


def alone(word: str, language: str) -> str:
    for pattern, instead in AGREEING[language]:
        word = re.sub(pattern, instead, word)
    return word


def value(words: str, language: str) -> int:
    """The number. Raises KeyError if the words are none."""
    plain = unaccented(words)
    for pattern, zeros in SCALES[language]:
        if (found := re.search(rf"^(.*?)\b{pattern}\b(.*)$", plain)) is not None:
            rest = re.sub(r"^ (?:de|di|e)\b", "", found[2]).strip()
            low = value(rest, language) if rest else 0
            return value(found[1], language) * int(10**zeros) + low
    return _value(key(words), language)


def _value(word: str, language: str) -> int:
    if (found := re.search(f"^(.*?)(?:{THOUSAND[language]})(.*)$", word)) is not None:
        high = _value(found[1], language) if found[1] else 1
        low = _value(found[2], language) if found[2] else 0
        return high * 1000 + low
    return table(language)[alone(word, language)]
