"""Text as a model writes it -> text for TTS. Pure, deterministic, never raises.

Applied to one unit (sentence or clause) at a time. Markdown, emoji, stage directions and tags are removed; URLs,
e-mail addresses, money, dates, times, telephone numbers and other numbers become words, because fast TTS models
misread them. Numbers are spelled out in the agent's language if `num2words` supports it; the rules for dates, times
and addresses apply to English only. Unrecognised text stays unchanged: a misread word is better than a lost one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from num2words import num2words

from telephony.core.language.codes import primary

_MONTHS = ("January February March April May June July August September October November December").split()
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
_UNITS = {
    "km/h": "kilometers per hour", "mph": "miles per hour", "km": "kilometers", "kg": "kilograms", "cm": "centimeters",
    "mm": "millimeters", "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "%": "percent", "min": "minutes",
}  # fmt: skip
_TITLES = {"Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "approx.": "about"}
_SHORT = {"e.g.": "for example", "i.e.": "that is", "etc.": "and so on", "vs.": "versus", "&": "and"}

_FENCE = re.compile(r"```.*?(?:```|$)", re.S)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ACTION = re.compile(
    r"\*(?:[a-z]+s)(?: [a-z]+){0,3}\*"
    r"|[(\[](?:laugh|sigh|smil|cough|chuckl|paus|clear|gasp|giggl|music|applaus)[^)\]]*[)\]]",
    re.I,
)
_BULLET = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)]|#{1,6}|>)\s+", re.M)
_RULE = re.compile(r"^\s*(?:[-=*_]{3,}|\|?[\s:|-]{3,}\|?)\s*$", re.M)
_MARKS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))")
_URL = re.compile(r"\b(?:https?://|www\.)([^\s<>()\"']+)", re.I)
_EMAIL = re.compile(r"\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b")
_MONEY = re.compile(r"([$€£])\s?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{2}))?(?!\d)( (?:million|billion|thousand))?")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_MONTH_DAY = re.compile(rf"\b({'|'.join(_MONTHS)})\s+(\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(\d{{4}}))?\b")
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})(?:\s?([AaPp])(?:[Mm]\b|\.[Mm]\.))?(?![:\d])")
_HOUR = re.compile(r"\b(\d{1,2})\s?([AaPp])(?:[Mm]\b|\.[Mm]\.)")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?)?\d{2,4}(?:[ .-]\d{2,4}){1,4}(?!\w)|\+\d{7,15}"
)
_ORDINAL = re.compile(r"\b(\d{1,4})(?:st|nd|rd|th)\b")
_YEAR = re.compile(r"\b(in|since|from|of|year|until|till|by)\s+((?:1[89]|20)\d{2})\b", re.I)
_UNIT = re.compile(r"(\d)\s?(km/h|mph|km|kg|cm|mm|°C|°F|%)(?!\w)")
_CODE = re.compile(r"\b\d{7,}\b|\b0\d+\b")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d{1,6})?(?![\w])")
_CHOPPED = 8_000


def spoken_form(text: str, language: str = "en") -> str:
    """`text` as it should be spoken; "" if there is nothing to say."""
    text = _clean(text[:_CHOPPED])
    lang = primary(language)
    if lang == "en":
        text = _english(text)
    text = _sub(_NUMBER, lambda m: _number(m.group().replace(",", ""), lang), text)
    text = re.sub(r"\s+", " ", text).strip()
    return text if any(char.isalnum() for char in text) else ""


def _clean(text: str) -> str:
    text = _FENCE.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _ACTION.sub(" ", text)
    text = _TAG.sub(" ", text)
    text = _RULE.sub(" ", text)
    text = _BULLET.sub("", text)
    text = _MARKS.sub("", text)
    text = text.replace("|", ", ").replace("\n", " ")
    return "".join(char for char in text if not _is_picture(char))


def _is_picture(char: str) -> bool:
    """Whether `char` is an emoji or another symbol with no spoken form, including joiners and variation selectors."""
    if char in "°%$€£&+=@#/<>^~":
        return False
    code = ord(char)
    return unicodedata.category(char) in ("So", "Sk", "Cs", "Cn", "Co", "Cf") or 0xFE00 <= code <= 0xFE0F


def _english(text: str) -> str:
    text = _EMAIL.sub(lambda m: f"{_spell(m[1])} at {_spell(m[2])}", text)
    text = _URL.sub(lambda m: _host(m[1]), text)
    for short, long in (_TITLES | _SHORT).items():
        text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", long, text)
    text = _sub(_MONEY, _money, text)
    text = _sub(_ISO_DATE, _iso_date, text)
    text = _sub(_MONTH_DAY, lambda m: _date(m[1], int(m[2]), m[3]), text)
    text = _sub(_TIME, _time, text)
    text = _sub(_HOUR, lambda m: f"{_number(m[1])} {m[2].upper()}M", text)
    text = _sub(_PHONE, _phone, text)
    text = _sub(_ORDINAL, lambda m: str(num2words(int(m[1]), to="ordinal")), text)
    text = _sub(_YEAR, lambda m: f"{m[1]} {_year(m[2])}", text)
    text = _UNIT.sub(lambda m: f"{m[1]} {_UNITS[m[2]]}", text)
    return _CODE.sub(lambda m: _digits(m.group()), text)


def _sub(pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str], text: str) -> str:
    """`pattern.sub`, but a match that cannot be put into words stays as it is."""

    def safe(match: re.Match[str]) -> str:
        try:
            return replace(match)
        except (ValueError, OverflowError, NotImplementedError, IndexError, KeyError, TypeError):
            return match.group()

    return pattern.sub(safe, text)


def _number(text: str, language: str = "en") -> str:
    value = float(text) if "." in text else int(text)
    words = str(num2words(value, lang=language))
    return words.replace(",", "") if language == "en" else words


def _digits(text: str) -> str:
    return " ".join(_number(digit) for digit in text if digit.isdecimal())


def _spell(part: str) -> str:
    """Part of an address: dots, dashes, underscores and plus signs become words, the rest stays."""
    words = {".": " dot ", "-": " dash ", "_": " underscore ", "+": " plus "}
    return re.sub(r"\s+", " ", "".join(words.get(char, char) for char in part)).strip()


def _host(rest: str) -> str:
    host = re.split(r"[/?#:]", rest.rstrip(".,;!?"))[0].removeprefix("www.")
    tail = rest[len(rest.rstrip(".,;!?")) :]
    return _spell(host) + tail


def _money(match: re.Match[str]) -> str:
    sign, whole, cents, scale = match.groups()
    one, many, cent, cent_many = _CURRENCIES[sign]
    amount = int(whole.replace(",", ""))
    if scale:
        return f"{_number(str(amount))}{scale} {many}"
    parts = [f"{_number(str(amount))} {one if amount == 1 else many}"] if amount or not cents else []
    if cents and int(cents):
        parts.append(f"{_number(str(int(cents)))} {cent if int(cents) == 1 else cent_many}")
    return " and ".join(parts) or f"zero {many}"


def _iso_date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return _date(_MONTHS[int(month) - 1], int(day), year) if int(month) else match.group()


def _date(month: str, day: int, year: str | None) -> str:
    if not 1 <= day <= 31:
        raise ValueError("no such day")
    return f"{month} {num2words(day, to='ordinal')}" + (f", {_year(year)}" if year else "")


def _year(year: str) -> str:
    return str(num2words(int(year), to="year"))


def _time(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1]), int(match[2]), match[3]
    if hour > 23 or minute > 59:
        raise ValueError("no time of day")
    words = _number(str(hour))
    if minute:
        words += f" oh {_number(str(minute))}" if minute < 10 else f" {_number(str(minute))}"
    elif not half:
        words += " o'clock" if 1 <= hour <= 12 else " hundred"
    return words + (f" {half.upper()}M" if half else "")


def _phone(match: re.Match[str]) -> str:
    text = match.group()
    digits = [char for char in text if char.isdecimal()]
    if not 7 <= len(digits) <= 15:
        raise ValueError("no telephone number")
    groups = [_digits(group) for group in re.split(r"[^\d]+", text) if group]
    return ("plus " if text.startswith("+") else "") + ", ".join(groups)
