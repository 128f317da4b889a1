"""A text as it is compared with another: words, and numbers by their value, however they are said or written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telephony.core.language.language import Language
from telephony.core.language.words import words

MAGNITUDES = 100, 1_000
"""Numbers that multiply the ones said before them."""
_HAS_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or consecutive figures as one: as it is compared (a number by its value), and as it is `spelt`; `number`
    counts the words up to its end."""

    spelt: tuple[str, ...]
    number: int
    figure: bool
    text: str
    digits: str

    @property
    def written(self) -> bool:
        """It has figures; others are said in words. A recogniser may write a number again, in the other way."""
        return any(_HAS_FIGURE.search(word) for word in self.spelt)


def tokens(text: str, language: Language, *, joined: bool = False) -> list[Token]:
    """`joined`: all consecutive figures are one token, and not only those written without a space."""
    found, number = list[Token](), 0
    for piece in text.split():
        first = len(found)
        for word in words(piece):
            number += 1
            figure, spelt = _is_figure(word, language), tuple[str, ...]((word,))
            if figure and found[0 if joined else first :] and found[-1].figure:
                spelt = (*found.pop().spelt, word)
            digits = [language.numerals.get(part, part) for one in spelt for part in one.split("-")]
            found.append(Token(spelt, number, figure, _value(digits) if figure else word, "".join(digits)))
    return found


def _is_figure(word: str, language: Language) -> bool:
    """Whether the word is a number."""
    numeral = all(part in language.numerals for part in word.split("-"))
    return numeral or bool(_HAS_FIGURE.search(word)) or word in language.ordinals


def _value(digits: Sequence[str]) -> str:
    """A number, said in these parts, in figures: 20 5 -> 25, 9 30 -> 930, 2 100 50 -> 250; "" if it has no value."""
    whole, total = "", 0
    last = "0"
    for part in digits:
        if not part.isdecimal():
            return ""
        if int(part) in MAGNITUDES:
            total, whole = total + int(whole or "1") * int(part), ""
        elif 0 < int(part) < 10 and 20 <= int(last) < 100 and not int(last) % 10:
            whole = whole[:-1] + part
        else:
            whole += part
        last = part
    return str(total + int(whole or "0")) if total else whole
