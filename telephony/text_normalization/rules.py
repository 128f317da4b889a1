"""The rules of one locale: the language's data with CLDR's, compiled. Made once for each locale, then read only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from babel import Locale

from telephony.text_normalization import cldr
from telephony.text_normalization.language import Currency, Gender, Language
from telephony.text_normalization.numerals import Numeral, parse

SPACE = "[ \u00a0\u202f]"
END = r"(?![^\W_])"
"""Nothing that would go on with the word."""
_POINT_DECIMALS = frozenset({"MX", "US", "GT", "HN", "NI", "PA", "PE", "PR", "SV", "DO", "419"})


class Kind(Enum):
    """What a found form is, for those that may be joined into a range."""

    AMOUNT = 1
    DATE = 2
    TIME = 3
    OTHER = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A written form that ends at `end`, in words."""

    end: int
    words: str
    kind: Kind = Kind.OTHER


def one_of(texts: Iterable[str]) -> str:
    """A pattern of any of the texts, the longest first."""
    return "(?:" + "|".join(re.escape(text) for text in sorted(texts, key=lambda text: -len(text))) + ")"


class Rules:
    """See the module text. The patterns belong to the modules that use them, and are cached here."""

    def __init__(self, language: Language, locale: Locale, region: str) -> None:
        self.language = language
        self.locale = locale
        point = region in _POINT_DECIMALS and locale.language == "es"
        self.decimal = "." if point else cldr.decimal_mark(locale)
        self.day_first = locale.language != "en" or region not in ("", "US", "CA", "PH")
        self.months = cldr.months(locale)
        self.days = cldr.days(locale)
        self.units = cldr.unit_names(locale) | dict(language.units)
        self.currencies = self._currencies()
        self.patterns: dict[str, re.Pattern[str]] = {}

    def _currencies(self) -> dict[str, Currency]:
        found = dict(self.language.currencies)
        for code, (one, many) in cldr.currency_names(self.locale).items():
            gender = self.language.gender(one.split()[0]) or Gender.MASCULINE
            found.setdefault(code, Currency(_lower(one), _lower(many), gender=gender))
        for code in cldr.CODES:
            if (sign := cldr.sign_of(code)) != code and sign in found:
                found[code] = found["US$"] if code == "USD" and "US$" in found else found[sign]
        return found

    def pattern(self, name: str, text: str, flags: int = 0) -> re.Pattern[str]:
        """`text`, compiled at its first use."""
        if (known := self.patterns.get(name)) is None:
            known = self.patterns[name] = re.compile(text, flags)
        return known

    @cached_property
    def month_numbers(self) -> dict[str, int]:
        """Every name of a month, in lower case."""
        names = {name.lower(): number for number, name in self.months.items()}
        return {name.lower(): number for name, number in self.language.months.items()} | names

    @cached_property
    def month(self) -> str:
        """A pattern of the names of months. Where nouns are written with a capital, "may" is no month."""
        names = [*self.months.values(), *self.language.months]
        if self.months[1][0].isupper():
            return one_of(names)
        return one_of({*names, *(name.capitalize() for name in names)})

    def parse(self, text: str) -> Numeral | None:
        return parse(text, self.decimal)

    # --- reading ----------------------------------------------------------------------------------------------------

    def cardinal(self, number: int, gender: Gender | None = None) -> str:
        return self.language.cardinal(number, gender)

    def digits(self, text: str) -> str:
        """The digits of `text`, one by one."""
        return " ".join(self.cardinal(int(char)) for char in text if char.isdecimal())

    def whole(self, text: str) -> str:
        """A run of digits: as a number, or one by one if that would lose a zero."""
        return self.digits(text) if len(text) > 15 or (text[0] == "0" and len(text) > 1) else self.cardinal(int(text))

    def number(self, numeral: Numeral, gender: Gender | None = None) -> str:
        """A number before a noun of `gender`, or alone."""
        if numeral.exact:
            return self.cardinal(numeral.value, gender)
        mark = self.language.signs["," if numeral.mark == "," else "."]
        return f"{self.cardinal(numeral.value)} {mark} {self._fraction(numeral.fraction)}"

    def _fraction(self, digits: str) -> str:
        if self.language.pairs and len(digits) == 2 and digits[0] != "0":
            return self.cardinal(int(digits))
        return self.digits(digits)

    def is_one(self, numeral: Numeral) -> bool:
        """Whether what is counted stands in the singular."""
        if self.language.singular_below_two and numeral.value == 1:
            return True
        if self.language.zero_singular and numeral.value == 0:
            return True
        return numeral.value == 1 and numeral.exact

    def noun_gender(self, text: str, end: int) -> Gender | None:
        """Of the noun behind a number that ends at `end`; None if it counts nothing."""
        found = _NOUN.match(text, end)
        if found is None:
            return None
        gender = self.language.gender(found[1])
        if gender is None and found[2] and _INFLECTED.search(found[1]):  # "1 neue Nachricht"
            return self.language.gender(found[2]) if found[2][0].isupper() else None
        return gender


_NOUN = re.compile(r"[ \u00a0\u202f]([^\W\d_]+)(?: ([^\W\d_]+))?")
_INFLECTED = re.compile(r"e[nrsm]?$")


def _lower(name: str) -> str:
    """CLDR writes some names as in a list ("Coroas suecas")."""
    first, _, rest = name.partition(" ")
    return f"{first.lower()} {rest}" if rest and rest.islower() else name


def before(text: str, at: int) -> str:
    """The text up to `at`, without the first half of a range."""
    head = text[max(0, at - 60) : at]
    return re.sub(r"\d{1,2}\.?\s?[-–]\s?$", "", head)
