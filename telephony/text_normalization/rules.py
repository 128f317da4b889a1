"""The rules of one locale: the language's data with CLDR's, compiled. Made once for each locale, then read only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from babel import Locale

from telephony.text_normalization.cldr import (
    CODES,
    currency_names,
    day_names,
    decimal_mark,
    month_names,
    sign_of,
    unit_names,
)
from telephony.text_normalization.language import Currency, Gender, Language, last_word
from telephony.text_normalization.numerals import Numeral, parse
from telephony.text_normalization.patterns import Patterns, compiled

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


class Rules:
    """See the module text. `months` are 1-12 -> name, `days` short name -> name, `units` symbol -> names of one and of
    many, `currencies` sign or code -> names, `currency_names` those that a text may hold as words."""

    def __init__(self, language: Language, locale: Locale, region: str) -> None:
        self.language = language
        self.locale = locale
        point = region in _POINT_DECIMALS and locale.language == "es"
        self.decimal = "." if point else decimal_mark(locale)
        self.day_first = locale.language != "en" or region not in ("", "US", "CA", "PH")
        self.months = month_names(locale)
        self.days = day_names(locale)
        # One spelling of English: "kilometre" sounds the same.
        self.units = unit_names(Locale("en") if locale.language == "en" else locale) | dict(language.units)
        self.currencies = self._currencies()
        main = [self.currencies[sign] for sign in ("R$", "$", "€", "peso") if sign in self.currencies]
        self.currency_names = {name: currency for currency in main for name in (currency.one, currency.many)}
        self.month_numbers = self._month_numbers()
        self.patterns = self._patterns()

    def _month_numbers(self) -> dict[str, int]:
        """Every name of a month, in lower case."""
        names = {name.lower(): number for number, name in self.months.items()}
        return {name.lower(): number for name, number in self.language.months.items()} | names

    def _patterns(self) -> Patterns:
        months = {*self.months.values(), *self.language.months}
        if not self.months[1][0].isupper():  # where it is, "may" is no month
            months |= {name.capitalize() for name in months}
        return compiled(
            self.language,
            code=self.locale.language,
            months=months,
            days=self.days,
            units=self.units,
            signs=self.currencies,
            currencies=self.currency_names,
        )

    def _currencies(self) -> dict[str, Currency]:
        found = dict(self.language.currencies)
        for code, (one, many) in currency_names(self.locale).items():
            gender = self.language.gender(one.split()[0]) or Gender.MASCULINE
            found.setdefault(code, Currency(_lower(one), _lower(many), gender=gender))
        for code in CODES:
            if (sign := sign_of(code)) != code and sign in found:
                found[code] = found["US$"] if code == "USD" and "US$" in found else found[sign]
        return found

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

    def span(self, head: str, first: str, last: str, *, times: bool = False) -> str:
        """The range from `first` to `last`, behind the text `head`."""
        if self.patterns.between.search(head):
            return f"{first} {self.language.signs['&']} {last}"
        if self.language.span is not None:
            return self.language.span(first, last, last_word(head), times)
        return f"{first} {self.language.to} {last}"

    def noun_gender(self, text: str, end: int) -> Gender | None:
        """Of the noun behind a number that ends at `end`; None if it counts nothing."""
        found = _NOUN.match(text, _REST_OF_RANGE.match(text, end).end())  # type: ignore[union-attr]
        if found is None:
            return None
        gender = self.language.gender(found[1])
        if gender is None and found[2] and _INFLECTED.search(found[1]):  # "1 neue Nachricht"
            return self.language.gender(found[2]) if found[2][0].isupper() else None
        return gender


_REST_OF_RANGE = re.compile(r"(?:\s?[-–]\s?\d{1,4}(?=[ \u00a0\u202f]))?")
_NOUN = re.compile(r"[ \u00a0\u202f]([^\W\d_]+)(?: ([^\W\d_]+))?")
_INFLECTED = re.compile(r"e[nrsm]?$")


def _lower(name: str) -> str:
    """CLDR writes some names as in a list ("Coroas suecas")."""
    first, _, rest = name.partition(" ")
    return f"{first.lower()} {rest}" if rest and rest.islower() else name


def starts_sentence(text: str, at: int) -> bool:
    return at == 0 or text[:at].rstrip("\"'«„“( ")[-1:] in ("", ".", "!", "?", ":", "…", "¿", "¡")


def before(text: str, at: int) -> str:
    """The text up to `at`, without the first half of a range."""
    head = text[max(0, at - 60) : at]
    return re.sub(r"\d{1,2}\.?\s?[-–]\s?$", "", head)
