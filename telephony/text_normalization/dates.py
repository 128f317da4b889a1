"""Dates and times of day: numeric, ISO 8601, with names of months; twelve and twenty-four hours."""

from __future__ import annotations

import re

from telephony.text_normalization.language import Gender, last_word
from telephony.text_normalization.numerals import Numeral
from telephony.text_normalization.rules import Found, Kind, Rules, before

_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
    r"(?:[T ](?P<h>[01]\d|2[0-4]):(?P<min>[0-5]\d)(?::(?P<s>[0-5]\d)(?:[.,](?P<f>\d+))?)?"
    r"\s?(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?![\d-]|[^\W_])"
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})[/.](?P<m>\d{1,2})[/.](?P<d>\d{1,2})(?!\d|[/.]\d)")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d|[./-]\d|[^\W_])")
_UNTIL = re.compile(r"\s?[-–]\s?(?:1?\d|2[0-4])\.[0-5]\d(?![.\d])")
_SPAN = re.compile(r"(\d{1,2})\.?\s?[-–]\s?(\d{1,2}\.\d{1,2}\.)")
_AFTER_DATE = re.compile(r"(?<![\d/])\d\d/\d\d [^\W\d_]{1,3} $")
_MONTH_OF_YEAR = re.compile(r"(0[1-9]|1[0-2])/(\d\d)(?![\d/]|[^\W_])")
_SHORT = re.compile(r"(\d{1,2})([./-])(\d{1,2})(\.?)(?!\d|[./-]\d|[^\W_]|\s?[%€$£])")
PARTS = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 64, 100, 1000})
"""What a whole is divided into."""


def iso(rules: Rules, text: str, at: int) -> Found | None:
    found = _ISO.match(text, at) or _YEAR_FIRST.match(text, at)
    if found is None:
        return None
    words = _date(rules, int(found["d"]), int(found["m"]), found["y"], before(text, at))
    if not words:
        return None
    if found.re is _ISO and found["h"]:
        hour, minute = int(found["h"]), int(found["min"])
        signs = rules.language.signs
        at_time = signs.get("time_one", signs["time"]) if hour == 1 else signs["time"]
        words += f" {at_time} {rules.language.time(hour, minute, '', True)}".replace("' ", "'")
        words += _seconds(rules, found["s"], found["f"]) + _zone(rules, found["zone"])
    return Found(found.end(), words, Kind.DATE)


def _seconds(rules: Rules, seconds: str | None, fraction: str | None) -> str:
    part = (fraction or "").rstrip("0")
    if not seconds or not (int(seconds) or part):
        return ""
    numeral = Numeral(str(int(seconds)), part, rules.decimal if part else "")
    return f" {rules.language.signs['&']} {rules.number(numeral)} {rules.language.signs['second']}"


def _zone(rules: Rules, zone: str | None) -> str:
    if not zone:
        return ""
    hours, minutes = (zone[1:3], zone[-2:]) if zone != "Z" else ("0", "0")
    if not int(hours) and not int(minutes):
        return " UTC"
    sign = rules.language.signs["+"] if zone[0] == "+" else rules.language.minus
    rest = f" {rules.cardinal(int(minutes))}" if int(minutes) else ""
    return f" UTC {sign} {rules.cardinal(int(hours))}{rest}"


def _date(rules: Rules, day: int, month: int, year: str, head: str) -> str:
    """The date in words; "" if there is no such day. `year`: four digits, two, or none."""
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return ""
    if len(year) == 2:
        year = ("20" if int(year) < 70 else "19") + year
    return rules.language.date(day, rules.months[month], rules.language.year(int(year)) if year else "", head)


def day_span(rules: Rules, text: str, at: int) -> Found | None:
    """ "1.-15.8." """
    found = _SPAN.match(text, at) if rules.language.dotted_ordinals else None
    last = None if found is None else numeric(rules, text, found.start(2))
    if found is None or last is None or not 1 <= int(found[1]) <= 31:
        return None
    first = rules.language.ordinal(int(found[1]), Gender.MASCULINE, before(text, at))
    if first.endswith("en"):  # "vom ersten bis fünfzehnten"
        last = numeric(rules, "am " + text[found.start(2) :], 3)
        assert last is not None
        return Found(found.start(2) + last.end - 3, f"{first} {rules.language.to} {last.words}", Kind.OTHER)
    return Found(last.end, f"{first} {rules.language.to} {last.words}", Kind.OTHER)


def numeric(rules: Rules, text: str, at: int) -> Found | None:
    """ "25/12/2024", "5.3.", "5/3" behind a word that wants a date."""
    if (found := _NUMERIC.match(text, at)) is not None:
        first, sign, second, year = found.groups()
        if len(year) == 2 and (sign == "-" or (sign == "." and not rules.language.dotted_ordinals)):
            return None
    elif (found := _SHORT.match(text, at)) is not None and _is_short_date(rules, text, at, found):
        first, sign, second, _ = found.groups()
        year = ""
    else:
        return None
    day, month = (int(first), int(second)) if rules.day_first or sign == "." else (int(second), int(first))
    if rules.day_first and month > 12 and (of_year := _MONTH_OF_YEAR.match(text, at)):
        said = rules.language.year(2000 + month)  # "03/27" on a card
        return Found(of_year.end(), f"{rules.months[day]} {rules.language.of_year}{said}", Kind.DATE)
    if month > 12 and day <= 12:
        day, month = month, day
    words = _date(rules, day, month, year, before(text, at))
    end = found.end()
    if not year and found[4] and end == len(text):
        end -= 1  # the full stop
    return Found(end, words, Kind.DATE) if words else None


def _is_short_date(rules: Rules, text: str, at: int, found: re.Match[str]) -> bool:
    language, (first, sign, second, dot) = rules.language, found.groups()
    head = before(text, at)
    patterns = rules.patterns
    expected = patterns.date_before.search(head) is not None or patterns.day_before.search(head) is not None
    expected = expected or _AFTER_DATE.search(head) is not None
    if sign == "-":
        dashed = patterns.dashed_before.search(head) is not None
        return dashed and int(second) <= 12 and rules.noun_gender(text, found.end()) is None
    if sign == ".":
        return language.dotted_ordinals and bool(dot) and (expected or found.end() < len(text) or len(first) == 2)
    if expected:
        return rules.noun_gender(text, found.end()) is None or text[found.end() + 1].isupper()
    over, under = int(first), int(second)
    part = over < under and first[0] != "0" and under in PARTS
    return not dot and len(first) == len(second) == 2 and not part and over != under


# --- with the name of a month ---------------------------------------------------------------------------------------


def day_of_month(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    """ "5. März 2026", "1er mars", "5th of March": the day stands before the month."""
    if not numeral.exact or not 1 <= numeral.value <= 31 or len(text[at:end]) > 2:
        return None
    found = rules.patterns.day_of_month.match(text, end)
    if found is None:
        return None
    month = rules.month_numbers[found["month"].lower()]
    words = _date(rules, numeral.value, month, found["year"] or "", before(text, at))
    if numeral.value == 1 and text[end] in ".º" and rules.locale.language == "es":  # "1.º de mayo"
        words = words.replace("uno", "primero", 1)
    return Found(found.end(), words, Kind.DATE)


def month_first(rules: Rules, text: str, at: int) -> Found | None:
    """ "March 5th, 2026", "Jan 3-5": in English."""
    found = rules.patterns.month_first.match(text, at)
    if found is None:
        return None
    days = [int(day) for day in (found["day"], found["last"]) if day]
    if not all(1 <= day <= 31 for day in days):
        return None
    language, name = rules.language, rules.months[rules.month_numbers[found["month"].lower()]]
    said = [language.ordinal(day, Gender.MASCULINE, "") for day in days]
    year = f", {language.year(int(found['year']))}" if found["year"] else ""
    return Found(found.end(), f"{name} {f' {language.to} '.join(said)}{year}", Kind.DATE)


# --- times ----------------------------------------------------------------------------------------------------------


def time(rules: Rules, text: str, at: int) -> Found | None:
    found = rules.patterns.clock.match(text, at)
    if found is not None and (found["sep"] != "." or _dotted_time(rules, text, at, found)):
        return _time(rules, text, found, int(found["min"]))
    found = rules.patterns.hour.match(text, at)
    if found is None or not (found["half"] or found["words"]):
        return None
    return _time(rules, text, found, 0)


def _dotted_time(rules: Rules, text: str, at: int, found: re.Match[str]) -> bool:
    """Whether "7.30" is a time: it says so, or the word before it wants one and nothing is counted."""
    if found["half"] or found["words"] or _UNTIL.match(text, found.end()):
        return True
    head = before(text, at)
    wanted = rules.patterns.hour_before.search(head) is not None
    return wanted and not found["unit"] and last_word(head) != "von"


def _time(rules: Rules, text: str, found: re.Match[str], minute: int) -> Found:
    half = (found["half"] or "").lower()
    words = rules.language.time(int(found["h"]), minute, half, bool(found["words"])) + _seconds(rules, found["s"], None)
    end = found.start("unit") if "unit" in found.re.groupindex and found["unit"] else found.end()
    if half and text[end - 1] == "." and not text[end:].strip():
        end -= 1  # also the end of the sentence
    return Found(end, words, Kind.TIME)
