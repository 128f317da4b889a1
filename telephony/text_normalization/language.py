"""What one language has to say for the finders: its words, and how it reads numbers, dates and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from num2words import num2words


class Gender(Enum):
    """Of the noun that a number counts. A number that counts nothing ("number one") has none."""

    MASCULINE = 1
    FEMININE = 2
    NEUTER = 3


M, F, N = Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER


@dataclass(frozen=True, slots=True)
class Currency:
    """Names for one and for many, of the whole and of its hundredth ("": it has none)."""

    one: str
    many: str
    cent: str = ""
    cents: str = ""
    gender: Gender = M
    cent_gender: Gender = M


@dataclass(frozen=True, slots=True)
class Scale:
    """A power of ten that is written as a word or a letter: `20k`, `1,2 Mio.`"""

    zeros: int
    one: str = ""
    many: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The data of one language, in one region. Patterns are regular expressions without groups that capture.

    `cardinal(n, gender)`: n in words, before a noun of that gender, or alone (None). `ordinal(n, gender, before)`:
    `before` is the text up to the number. `date(day, month, year, before)`: `month` is its name, `year` in words or "".
    `time(hour, minute, half, words)`: `half` is "a", "p" or "" (24 hours); `words` says whether the text names the hour
    ("Uhr", "h"). `gender(noun)`: of the noun behind a number; None if the word is no noun. `signs` are words for
    single characters. `codes` are words before a number that is read digit by digit, `links` may stand between.
    """

    cardinal: Callable[[int, Gender | None], str]
    ordinal: Callable[[int, Gender, str], str]
    year: Callable[[int], str]
    date: Callable[[int, str, str, str], str]
    time: Callable[[int, int, str, bool], str]
    fraction: Callable[[int, int], str]
    gender: Callable[[str], Gender | None]
    signs: Mapping[str, str]
    minus: str
    to: str
    per: Callable[[str], str]
    """A noun -> "per hour"."""
    number: str
    half_more: str
    """ " and a half", behind a number."""
    and_cents: Callable[[str, int, Currency], str]
    """(cents in words, cents, currency) -> what follows the whole amount."""
    currencies: Mapping[str, Currency]
    """By sign or code."""
    scales: Mapping[str, Scale]
    abbreviations: Mapping[str, str]
    codes: str
    links: str
    months: Mapping[str, int] = field(default_factory=dict)
    """Short names of months, besides CLDR's."""
    half: Mapping[Gender, str] = field(default_factory=dict)
    """1/2 before a noun of that gender ("media")."""
    half_after: Mapping[Gender, str] = field(default_factory=dict)
    """Behind a noun of that gender after a whole number, if a half is said there ("dos horas y media")."""
    span: Callable[[str, str, str, bool], str] | None = None
    """(first, last, the word before, whether they are times) -> a range, where it is more than "first to last"."""
    dashed_before: str = ""
    """Pattern of words after which "5-3" is a date."""
    of_year: str = ""
    """Between month and year ("de ")."""
    between: str = ""
    """Pattern of words after which a range is "first and last"."""
    dials: str = ""
    """Pattern of words before a telephone number, however short ("call 911")."""
    to_day: str = ""
    """Between two days of the week, if not `to`."""
    of_million: Callable[[str], str] = lambda noun: noun
    """A noun after a round number of millions ("de euros")."""
    pairs: bool = False
    """Two decimals are read as one number ("virgule quatorze")."""
    elided: tuple[str, str, str] = ("", "", "")
    """A number, its form before one of these letters ("un'ora")."""
    dotted_ordinals: bool = False
    ordinal_mark: str = ""
    """Pattern of what makes a number an ordinal."""
    ordinal_before: str = ""
    """Pattern at the end of the text before "3.", if dotted."""
    ordinal_nouns: str = ""
    """Pattern of nouns after "3.", if dotted."""
    day_mark: str = ""
    """Pattern between day and month ("de")."""
    date_before: str = ""
    """Pattern of words after which "5/3" is a date."""
    hour_words: str = ""
    """Pattern after a time or an hour ("Uhr")."""
    hour_before: str = ""
    """Pattern of words after which "7.30" is a time."""
    year_before: str = ""
    """Pattern of words after which a number of four digits is a year."""
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Names of units, where not those of CLDR."""
    postcode: str = ""
    """Pattern of a postcode that would be taken for a number."""
    singular_below_two: bool = False
    zero_singular: bool = False
    decade: Callable[[int], str] | None = None
    """1990 or 90 -> "nineties"."""
    decade_mark: str = ""
    roman_before: str = ""
    roman_ordinal: str = ""
    """Pattern behind a Roman numeral that is an ordinal ("e siècle", "secolo")."""


def plain(number: int, name: str) -> str:
    """The cardinal by num2words, which knows the language as `name`, without its commas."""
    return str(num2words(number, lang=name)).replace(",", "")


def plain_ordinal(number: int, name: str) -> str:
    return str(num2words(number, lang=name, to="ordinal"))


def last_word(before: str, skip: int = 0) -> str:
    """The last word of `before`, in lower case; "" if there is none."""
    words = before.split()
    return words[-1 - skip].lower().strip(",.:;(") if len(words) > skip else ""
