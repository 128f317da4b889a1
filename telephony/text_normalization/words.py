"""Written forms without a number: addresses, abbreviations, Roman numerals, signs between words."""

from __future__ import annotations

import re

from telephony.text_normalization.amounts import amount
from telephony.text_normalization.dates import month_first, numeric
from telephony.text_normalization.language import Gender
from telephony.text_normalization.rules import Found, Kind, Rules, before, starts_sentence

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>()\"'\[\]]+", re.I)
_TOP = (
    "com|org|net|edu|gov|info|biz|io|ai|app|dev|me|co|tv|shop|online|eu|de|at|ch|es|fr|it|pt|nl|be|uk|us|ca|au|ie|br|mx|ar|"
    "cl|pe|lu|dk|se|no|pl|cat|berlin|health|clinic|tech|store|site"
)
_DOMAIN = re.compile(
    rf"(?<![\w.@-])[\w-]{{3,63}}(?:\.[\w-]{{1,63}}){{0,4}}?\.(?:{_TOP})(?![^\W_]|\.[^\W\d_])(?:/[\w\-./]*[\w/])?"
)
_ADDRESS_PARTS = re.compile(r"\d+|[^\W\d_]+|.", re.S)
_STREET = re.compile(r"([^\W\d_]{1,40}-?)str\.(?![^\W_])", re.I)
_ROADS = {"Dr": "Drive", "St": "Street", "Ave": "Avenue", "Rd": "Road", "Ln": "Lane", "Blvd": "Boulevard",
          "Pkwy": "Parkway", "Hwy": "Highway", "Ct": "Court", "Pl": "Place"}  # fmt: skip
_TITLES = {"Dr": "Doctor", "St": "Saint"}
_ROAD = re.compile(rf"({'|'.join(_ROADS)})(\.|(?![^\W_]))")
_FEET = re.compile(r"(\d)['’′] ?(1[01]|\d)(?:[\"”″]|'')(?![^\W_])")
_CLOSING = ".,;:!?"
_ROMAN = re.compile(r"(?=[IVXLC]{2})(X[LC]|L?X{0,3})(I[XV]|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NAME_AFTER = re.compile(r"\s[A-ZÀ-Ý]")
_STREET_BEFORE = re.compile(r"\d[^\W_]*\s(?:[NSEW]\.?\s)?(?:[A-Z][\w'’]*\s|\d+(?:st|nd|rd|th)\s){1,3}$")
_NAME_BEFORE = re.compile(r"(?<![^\W_])[A-Z][\w'’]+\s$")


def address(rules: Rules, text: str, at: int) -> Found | None:
    """A URL, an e-mail address or a domain."""
    if (found := _EMAIL.match(text, at)) is not None:
        end = found.end()
        name, _, host = text[at:end].partition("@")
        return Found(end, f"{_spell(rules, name)} {rules.language.signs['@']} {_spell(rules, host)}")
    if (found := _URL.match(text, at)) is not None:
        link = found[0].rstrip(_CLOSING)
        plain = re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.I)
        if re.search(r"[?#=%]", plain):  # a link for machines: nobody can type it from hearing
            plain = re.split(r"[/?#:]", plain)[0]
        return Found(at + len(link), _spell(rules, plain.rstrip("/"))) if plain else None
    found = _DOMAIN.match(text, at)
    return None if found is None else Found(found.end(), _spell(rules, found[0].rstrip("/")))


def _spell(rules: Rules, part: str) -> str:
    """Part of an address: signs become words, digits are read one by one if they are many."""
    signs, said = rules.language.signs, []
    for run in _ADDRESS_PARTS.findall(part):
        if run.isdecimal():
            said.append(rules.digits(run) if len(run) > 2 else rules.whole(run))
        elif run == ".":
            said.append(signs["dot"])
        else:
            said.append(signs.get(run, run))
    return " ".join(said)


def abbreviation(rules: Rules, text: str, at: int) -> Found | None:
    known = rules.language.abbreviations
    if rules.locale.language == "en" and (street := _street(text, at)) is not None:
        return street
    if rules.locale.language == "de" and (road := _STREET.match(text, at)) is not None:
        return Found(road.end(), f"{road[1]}straße" + ("." if _ends_sentence(text, road.end()) else ""))
    found = rules.patterns.abbreviation.match(text, at)
    if found is None or not _fits(rules, text, found):
        return None
    short, end = found[1], found.end()
    words = known.get(short) or known[short.lower()].capitalize()
    if found[1][-1] == "." and _ends_sentence(text, end):
        words += "."
    return Found(end, words)


def day_range(rules: Rules, text: str, at: int) -> Found | None:
    """ "Mon-Fri", "Mo.–Fr.", "ma t/m vr"."""
    found = rules.patterns.day_range.match(text, at)
    if found is None:
        return None
    names = {short.lower(): name for short, name in rules.days.items()}
    end = found.end() - (1 if found[3] and _ends_sentence(text, found.end()) else 0)
    first, last, to = names[found[1].lower()], names[found[2].lower()], rules.language.to_day
    return Found(end, f"{first} {to} {last}" if to else rules.span(before(text, at), first, last))


def day_of_week(rules: Rules, text: str, at: int) -> Found | None:
    """ "Thu, Nov 12", "di 3 maart": a short name before a date."""
    found = rules.patterns.day.match(text, at)
    if found is None:
        return None
    after = found.end()
    dates = (find(rules, text, after) for find in (month_first, numeric, amount))
    if not any(date is not None and date.kind is Kind.DATE for date in dates):
        return None
    names = {short.lower(): name for short, name in rules.days.items()}
    comma = "," if "," in found[0] else ""
    return Found(after - 1, names[found[1].lower()] + comma)


def _ends_sentence(text: str, end: int) -> bool:
    return not text[end : end + 9].strip("\"')]”»* ")


def _fits(rules: Rules, text: str, found: re.Match[str]) -> bool:
    """Short ones are also words: "no." before a number only, "St" and "M." before a name."""
    short, end = found[1], found.end()
    if short not in rules.language.abbreviations and (
        not starts_sentence(text, found.start()) or _ends_sentence(text, end)
    ):
        return False  # "Ich heiße Max."
    digit_next = re.match(r"\s?#?(?:[A-Z]{1,3}-?)?\d", text[end : end + 7]) is not None
    name_next = _NAME_AFTER.match(text, end) is not None
    if short.lower() in ("no.", "no", "n.", "nos.", "p.", "pp.", "pag.", "s.", "art.", "abs.", "bd.", "fl."):
        if short in ("S.",) and rules.locale.language in ("es", "it", "pt"):
            return name_next
        return digit_next
    if short in _BEFORE_NAMES and not (rules.locale.language == "en" and short in ("Sr.", "Jr.")):
        return name_next
    if short in ("min.", "sec.", "Sek.", "Std.", "Min.", "hr.", "hrs."):
        before_it = text[max(0, found.start() - 12) : found.start()].rstrip()
        counted = before_it[-1:].isdigit() or before_it.endswith(_COUNTED)
        return counted or (rules.locale.language == "de" and short == "min.")
    if short in _DAYS:
        return digit_next or _AND_DAY.match(text, end) is not None
    if short == "Fr.":
        return name_next
    return True


_BEFORE_NAMES = frozenset(
    "M. MM. Me Pr St Ste D. R. Al. Sr. Jr. Mt. Ft. Gen. Lt. Rev. Gov. Hon. Capt. Sgt. Pl. pl.".split()
)
_COUNTED = ("st", "nd", "rd", "th")
_AND_DAY = re.compile(r"[-–,]| (?:and|und|en|&) ")
_DAYS = frozenset(
    "Mo. Di. Mi. Do. Sa. So. ma. di. wo. do. vr. za. zo. Mon. Tue. Tues. Wed. Thu. Thurs. Fri. Sat. Sun.".split()
)


def _street(text: str, at: int) -> Found | None:
    """ "Dr." and "St." are a title before a name, and a street behind one."""
    found = _ROAD.match(text, at)
    end, head = (at, "") if found is None else (found.end(), text[max(0, at - 60) : at])
    if found is None or (found[1] not in _TITLES and not _STREET_BEFORE.search(head)):
        return None
    title, road = _TITLES.get(found[1], ""), _ROADS[found[1]]
    if not title:
        return Found(end, road + ("." if found[2] and _ends_sentence(text, end) else ""))
    name_next = _NAME_AFTER.match(text, end) is not None
    is_road = _STREET_BEFORE.search(head) is not None or (not name_next and _NAME_BEFORE.search(head) is not None)
    if not is_road and not name_next:
        return None if not found[2] else Found(end, title if found[1] == "Dr" else road)
    dot = "." if is_road and found[2] and _ends_sentence(text, end) else ""
    return Found(end, (road if is_road else title) + dot)


def height(rules: Rules, text: str, at: int) -> Found | None:
    """6'2", in English."""
    found = _FEET.match(text, at) if rules.locale.language == "en" else None
    if found is None:
        return None
    feet, inches = rules.whole(found[1]), rules.whole(found[2])
    return Found(found.end(), f"{feet} {'foot' if found[1] == '1' else 'feet'} {inches}")


def roman(rules: Rules, text: str, at: int) -> Found | None:
    """ "World War II", "siglo XIX", "XIXe siècle": only where the words around it leave no doubt."""
    found = _ROMAN.match(text, at)
    if found is None or not found[0]:
        return None
    language = rules.language
    value = _value(found[0])
    if (mark := rules.patterns.roman_ordinal.match(text, found.end())) is not None:
        return Found(mark.end(), language.ordinal(value, Gender.MASCULINE, before(text, at)))
    if text[found.end() : found.end() + 1].isalnum():
        return None
    if rules.patterns.roman_before.search(before(text, at)) is None:
        return None
    return Found(found.end(), rules.cardinal(value))


def _value(roman: str) -> int:
    values = [_ROMAN_VALUES[char] for char in roman]
    return sum(-one if one < max(values[index:]) else one for index, one in enumerate(values))


def sign(rules: Rules, text: str, at: int) -> Found | None:
    """A sign that stands for a word."""
    char, after, previous = text[at], text[at + 1 : at + 2], text[at - 1 : at] if at else ""
    if char in "&=×±≈§‰°" or (char == "@" and after and previous):
        return Found(at + 1, f" {rules.language.signs[char]} ")
    if char == "+" and (after.isdigit() or previous.isdigit() or (after.isspace() and previous.isspace())):
        return Found(at + 1, f" {rules.language.signs['+']} ")
    if char in "<>" and re.match(r"\s?\d", text[at + 1 : at + 3]):
        return Found(at + 1, f" {rules.language.signs[char]} ")
    if char == "~" and after.isdigit():
        return Found(at + 1, f"{rules.language.signs['≈']} ")
    if char == "%" and previous:
        return Found(at + 1, f" {rules.language.signs['%']} ")
    return None
