"""Numbers that name something, read digit by digit: telephone numbers, cards, PINs, postcodes, codes, versions."""

from __future__ import annotations

import re

from telephony.text_normalization.language import last_word
from telephony.text_normalization.rules import Found, Rules, before

_SEPARATORS = r"[ .\-–/\u00a0\u202f\u2011]"
_GROUPS = re.compile(
    rf"(?:\+\d{{1,4}}{_SEPARATORS}?)?(?:\(\d{{1,5}}\){_SEPARATORS}?)?\d{{1,24}}(?:{_SEPARATORS}(?:\(0\){_SEPARATORS}?)?\d{{1,24}}){{0,9}}(?!\d)"
)
_HOURS = re.compile(r"(?:1?\d|2[0-4])\.[0-5]\d\s?[-–]\s?(?:1?\d|2[0-4])\.[0-5]\d(?![.\d])")
_PARTS = re.compile(r"\d+")
_DOTTED = re.compile(r"\d+(?:\.\d+){2,}")
_TOKEN = re.compile(r"[^\W_]{1,64}(?:[-–][^\W_]{1,64}){0,8}")
_RUNS = re.compile(r"\d+|[^\W\d_]+")
_IBAN = re.compile(r"[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?![^\W_])")
_HASH = re.compile(r"[#№](?:\s?(?=\d))?([^\W_]+(?:-[^\W_]+)*)")
_SPELLED = 4
"""Longer runs of letters are words."""


def after_code_word(rules: Rules, text: str, at: int) -> bool:
    """Whether the words before `at` announce a code: "PIN", "your order number is"."""
    return rules.patterns.code_before.search(text[max(0, at - 48) : at]) is not None


def grouped(rules: Rules, text: str, at: int) -> Found | None:
    """A telephone number, a card, or another number in groups."""
    found = _GROUPS.match(text, at)
    if found is None:
        return None
    if _HOURS.match(text, at):
        return None
    code = after_code_word(rules, text, at)
    written, end = found[0], found.end()
    following = text[end : end + 1]
    if following.isalpha() or (following == "," and text[end + 1 : end + 2].isdigit()):
        return None
    if written[0] == "+":
        written = written.replace("(0)", "")  # dialled only without the country's code
    parts = _PARTS.findall(written)
    if not (code and len(parts) <= 6 and sum(map(len, parts)) > 2) and not _names_something(rules, text, end, written):
        return None
    plus = rules.language.signs["+"] + " " if written[0] == "+" else ""
    return Found(end, plus + ", ".join(rules.digits(part) for part in parts))


def _names_something(rules: Rules, text: str, end: int, written: str) -> bool:
    parts = _PARTS.findall(written)
    total = sum(map(len, parts))
    signs = {char for char in written.strip("+") if not char.isdecimal()}
    if len(parts) >= 3 and signs == {"-"}:
        return True
    if len(parts) == 1:
        return (written[0] == "+" and total >= 7) or (parts[0][0] == "0" and total > 1) or _is_long(parts[0])
    if signs == {"."} and rules.parse(written) is not None:
        return False
    if not 7 <= total <= 19:
        return written[0] == "0" and total >= 6 and len(parts[0]) > 1
    if written[0] == "+" or "(" in signs:
        return True
    if parts[0][0] == "0" and len(parts[0]) > 1:
        return True
    if all(len(part) == 4 for part in parts) and len(parts) >= 3:
        return True
    if "/" in signs or (len(signs) == 1 and "." in signs and min(map(len, parts)) < 2):
        return False
    if signs <= {" ", "\u00a0", "\u202f"}:
        return _spaced(rules, text, end, written, parts)
    if len(parts) == 2:
        first, second = int(parts[0]), int(parts[1])
        is_range = first < second and (first % 10 == 0 == second % 10 or (1000 <= first < second < 2100))
        return not is_range
    return min(map(len, parts)) >= 2 or len(parts[0]) == 1


def _is_long(digits: str) -> bool:
    return len(digits) >= 7 and not digits.endswith("000")


def _spaced(rules: Rules, text: str, end: int, written: str, parts: list[str]) -> bool:
    """Groups with spaces between them. Nine digits in threes may be a number as well, if it counts something."""
    if min(map(len, parts)) < 2:
        return False
    if rules.parse(written) is not None:
        counts = rules.noun_gender(text, end) is not None or re.match(r"\s?[€$£%]", text[end : end + 2]) is not None
        return " " in written and len(parts) == 3 and len(parts[0]) == 3 and not counts
    return len(parts) >= 3 or len(parts[-1]) >= 6


def dotted(rules: Rules, text: str, at: int) -> Found | None:
    """A version, an IP address: "2.0.1"."""
    found = _DOTTED.match(text, at)
    if found is None or text[found.end() : found.end() + 1].isalpha():
        return None
    point = f" {rules.language.signs['.']} "
    return Found(found.end(), point.join(rules.whole(part) for part in found[0].split(".")))


def plain(rules: Rules, text: str, at: int) -> Found | None:
    """The last resort: digits that are nothing else, with their separators. No value is lost."""
    if (listed := re.compile(r"\d+(?:,\d+){2,}").match(text, at)) is not None:
        return Found(listed.end(), ", ".join(rules.whole(part) for part in listed[0].split(",")))
    found = re.compile(r"\d+").match(text, at)
    if found is None:
        return None
    digits = found[0]
    code = after_code_word(rules, text, at) or rules.patterns.dial_before.search(before(text, at)) is not None
    code = len(digits) > 2 and (code or len(digits) >= 5)
    words = rules.digits(digits) if code else rules.whole(digits)
    end = found.end()
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit():
        return Found(end + 1, f"{words} {rules.language.signs['.']} ")
    if text[end : end + 1] == "," and text[end + 1 : end + 2].isdigit():
        return Found(end + 1, f"{words}, ")
    return Found(end, words)


def postcode(rules: Rules, text: str, at: int) -> Found | None:
    """One that would be taken for a number and a word: "1012 AB"."""
    found = rules.patterns.postcode.match(text, at)
    if found is None:
        return None
    letters = " ".join(char for char in found[0] if char.isalpha())
    return Found(found.end(), f"{rules.digits(found[0])}, {letters}")


def mixed(rules: Rules, text: str, at: int) -> Found | None:
    """A token of letters and digits: "AB12-34", "COVID-19", "24-hour", "5G"."""
    if (version := re.compile(r"[vV](\d+(?:\.\d+)+)").match(text, at)) is not None:
        point = f" {rules.language.signs['.']} "
        return Found(version.end(), "V " + point.join(rules.whole(part) for part in version[1].split(".")))
    if (iban := _IBAN.match(text, at)) is not None:
        return Found(iban.end(), ", ".join(_spelled(rules, part) for part in iban[0].split()))
    found = _TOKEN.match(text, at)
    if found is None or not any(char.isdecimal() for char in found[0]) or found[0].isdecimal():
        return None
    token = found[0]
    figures = sum(char.isdecimal() for char in token)
    letters = [run for run in _RUNS.findall(token) if not run[0].isdecimal()]
    if not letters:
        return None
    is_code = figures >= 3 and max(map(len, letters)) < _SPELLED
    is_code = is_code and (token.upper() == token or not re.search(r"[-–]", token))
    if is_code or (len(_RUNS.findall(token.partition("-")[0])) > 2 and token.upper() == token):
        return Found(found.end(), ", ".join(_spelled(rules, part) for part in re.split("[-–]", token)))
    return Found(found.end(), _in_words(rules, token))


def _spelled(rules: Rules, part: str) -> str:
    return " ".join(rules.digits(run) if run[0].isdecimal() else " ".join(run) for run in _RUNS.findall(part))


def _in_words(rules: Rules, token: str) -> str:
    """The token with its digits in words; hyphens stay."""
    return "-".join(" ".join(_run(rules, run, part) for run in _RUNS.findall(part)) for part in re.split("[-–]", token))


def _run(rules: Rules, run: str, part: str) -> str:
    if run[0].isdecimal():
        return rules.whole(run)
    return " ".join(run) if run.isupper() and run != part and len(run) < _SPELLED else run


def hash_sign(rules: Rules, text: str, at: int) -> Found | None:
    """ "#4417", "№ 5", "#offer"."""
    found = None if text[at - 1 : at].isalpha() else _HASH.match(text, at)
    if found is None:
        return None
    token = found[1]
    announced = last_word(before(text, at)) in (rules.language.number.lower(), "no", "nr", "n", "nº", "n°")
    number = "" if announced else rules.language.number + " "
    if token.isdecimal():
        return Found(found.end(), number + (rules.digits(token) if len(token) > 2 else rules.whole(token)))
    if any(char.isdecimal() for char in token):
        words = ", ".join(_spelled(rules, part) for part in token.split("-"))
        return Found(found.end(), number + words)
    return Found(found.end(), "hashtag " + token)
