"""The regular expressions of one locale. All are compiled when its rules are made, none during a call."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from telephony.text_normalization.language import Language
from telephony.text_normalization.numerals import NUMERAL

SPACE = "[ \u00a0\u202f]"
END = r"(?![^\W_])"
"""Nothing that would go on with the word."""
_START = r"(?<![^\W_])"
_NEVER = "(?!)"
Pattern = re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """`..._before` are searched at the end of the text before a form; the others are matched where a form begins."""

    amount: Pattern
    scale: Pattern
    money_scale: Pattern
    currency_after: Pattern
    second_amount: Pattern
    unit: Pattern
    ordinal: Pattern
    dotted: Pattern
    article_before: Pattern
    decade: Pattern
    year_before: Pattern
    date_before: Pattern
    day_of_month: Pattern
    month_first: Pattern
    clock: Pattern
    hour: Pattern
    hour_before: Pattern
    code_before: Pattern
    postcode: Pattern
    dashed_before: Pattern
    dial_before: Pattern
    between: Pattern
    day_before: Pattern
    day: Pattern
    abbreviation: Pattern
    day_range: Pattern
    roman_before: Pattern
    roman_ordinal: Pattern


def one_of(texts: Iterable[str]) -> str:
    """A pattern of any of the texts, the longest first."""
    return "(?:" + "|".join(re.escape(text) for text in sorted(texts, key=lambda text: -len(text))) + ")"


def compiled(
    language: Language,
    *,
    code: str,
    months: Collection[str],
    days: Collection[str],
    units: Collection[str],
    signs: Collection[str],
    currencies: Collection[str],
) -> Patterns:
    """`code` is the language's; `months`, `days`, `units` are names as written; `signs` those of currencies, and
    `currencies` the names that may stand behind a number."""
    scales = [name for name in language.scales if len(name) > 1 or name == "k"]
    day, month = one_of(days), one_of(months)
    clock, hour = _times(language, code, units)
    return Patterns(
        amount=re.compile(rf"([-−])?({one_of(signs)})?{SPACE}?([-−])?(\.(?=\d))?({NUMERAL})(?:[.,][-–—]+(?!\d))?"),
        scale=re.compile(rf"{SPACE}?({one_of(scales)})(?:{END}|(?<=\.))"),
        money_scale=re.compile(rf"{SPACE}?({one_of(language.scales)})(?:{END}|(?<=\.))"),
        currency_after=re.compile(rf"{SPACE}?({one_of({*signs, *currencies})})(\d\d(?!\d))?{END}"),
        second_amount=re.compile(rf"\s?[-–—]\s?(?={NUMERAL}(?!\s?[-–—/]\d))({NUMERAL})"),
        unit=re.compile(rf"{SPACE}?({one_of(units)})(?![^\W_]|[²³])(?:\.(?= [a-zäöü\d]))?"),
        ordinal=re.compile(rf"({language.ordinal_mark or _NEVER}){END}"),
        dotted=_dotted(language, month),
        article_before=re.compile(rf"{_START}(?:{language.ordinal_before or _NEVER})\s$"),
        decade=re.compile(f"({language.decade_mark or _NEVER})(n?)" + END),
        year_before=_before(language.year_before, r"\s['’]?"),
        date_before=_before(language.date_before, r"\s"),
        day_of_month=_day_of_month(language, month),
        month_first=_month_first(language, month) if code == "en" else re.compile(_NEVER),
        clock=clock,
        hour=hour,
        hour_before=_before(language.hour_before, r"['’\s]"),
        code_before=re.compile(
            rf"{_START}(?i:{language.codes})(?:[\s:#]|{_START}(?:{language.links}|[A-Z]{{2}}){END}\.?|n\.|nº|n°){{1,7}}$"
        ),
        dashed_before=_before(language.dashed_before, r"\s"),
        dial_before=_before(language.dials, r"\s"),
        between=_before(language.between, r"\s"),
        day_before=re.compile(rf"{_START}(?:{day}|[^\W\d_]+(?:tag|woch))\.?,?\s$"),
        day=re.compile(rf"({day})(?:\.,?|,)?\s(?=[^\W_])", re.I if day.islower() else 0),
        postcode=re.compile(language.postcode or _NEVER),
        abbreviation=re.compile(rf"({one_of(_abbreviations(language))})(?:{END}|(?<=[./°º]))"),
        day_range=re.compile(rf"({day})\.?\s?(?:[-–]|t/m)\s?({day})(\.?){END}", re.I),
        roman_before=_before(language.roman_before, r"\s", 0),
        roman_ordinal=re.compile(language.roman_ordinal or _NEVER),
    )


def _abbreviations(language: Language) -> Collection[str]:
    """All, and those in small letters as they are written at the beginning of a sentence too."""
    known = language.abbreviations
    small = {short for short, words in known.items() if len(short) > 3 and short.islower() and words.islower()}
    return {*known, *map(str.capitalize, small)}


def _before(words: str, between: str, flags: int = re.I) -> Pattern:
    return re.compile(rf"{_START}(?:{words or _NEVER}){between}$", flags)


def _dotted(language: Language, month: str) -> Pattern:
    """Behind "3" in "3. Stock", "3.–5. März", "3. und 4. Stock"."""
    if not language.dotted_ordinals:
        return re.compile(_NEVER)
    noun = rf"\.{SPACE}(?:{language.ordinal_nouns}){END}"
    days = rf"\.\s?[-–]\s?\d{{1,2}}\.\s?{month}"
    return re.compile(rf"{noun}|{days}|\.,\s\d{{1,2}}\.|\.\s(?:und|oder|bis|sowie)\s\d{{1,2}}\.\s[^\W\d_]")


def _day_of_month(language: Language, month: str) -> Pattern:
    mark = f"(?:{language.ordinal_mark})?" if language.ordinal_mark else ""
    dot = r"\.?" if language.dotted_ordinals else ""
    link = f"(?:{language.day_mark}{SPACE})?" if language.day_mark else ""
    year = rf"(?:,?{SPACE}(?:del? )?(?P<year>\d{{4}})(?!\d))?"
    return re.compile(rf"{mark}{dot}{SPACE}{link}(?P<month>{month})(?:{END}|(?<=\.))(?:\.(?=,? \d{{4}}))?{year}")


def _month_first(language: Language, month: str) -> Pattern:
    mark = f"(?:{language.ordinal_mark})?"
    return re.compile(
        rf"(?P<month>{month})\.?{SPACE}(?P<day>\d{{1,2}}){mark}(?:\s?[-–]\s?(?P<last>\d{{1,2}}){mark})?"
        rf"(?![^\W_]|[:.,/]\d|\s?[ap]\.?m\b|%)(?:,?{SPACE}(?P<year>\d{{4}})(?!\d))?"
    )


def _times(language: Language, code: str, units: Collection[str]) -> tuple[Pattern, Pattern]:
    """Hour and minute; an hour alone. In German, "9 am" is no time: "um 9 am Montag"."""
    words = rf"(?:\s?(?P<words>{language.hour_words or _NEVER}){END})?"
    half = rf"(?:\s?(?P<half>[ap])\.?\s?m{'' if code != 'de' else '(?=[.])'}\.?{END})?"
    letter = "" if code == "en" else r"|[hu]|\s[hu]\s"
    clock = (
        rf"(?P<h>[01]?\d|2[0-4])(?P<sep>[:.]{letter})(?P<min>[0-5]\d)(?::(?P<s>[0-5]\d))?{half}{words}"
        rf"(?!:?\d|\s?min|[.,]\d|\s?[%€$£°]|/\d|[^\W_])(?P<unit>{SPACE}?{one_of(units)}{END})?"
    )
    hour = rf"(?P<h>[01]?\d|2[0-4])(?P<s>(?!))?{half}{words}(?![^\W_]|[:.]\d)"
    return re.compile(clock, re.I), re.compile(hour, re.I)
