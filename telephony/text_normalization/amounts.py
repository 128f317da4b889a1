"""Numbers that count: money, percentages, units, ordinals, fractions, decades, days of a month, and bare numbers."""

from __future__ import annotations

import re

from telephony.text_normalization.dates import day_of_month
from telephony.text_normalization.digits import after_code_word
from telephony.text_normalization.fractions import VULGAR, fraction, vulgar
from telephony.text_normalization.language import Currency, Gender, Scale, last_word
from telephony.text_normalization.numerals import Numeral
from telephony.text_normalization.rules import Found, Kind, Rules, before

_SIGNS = ("€", "$", "£")
_YEARS = range(1000, 2100)
_YEAR_FOLLOWS = re.compile(r"\s?[-–]\s?(?:\d{4}|\d{2})(?!\d)")
_AFTER_ORDINAL = re.compile(r"\.(?=\s[^\W\d_]|,|\s?$)")
_CODE = re.compile(r"[ \u00a0]?([A-Z]{3})(?![^\W_])")
_PER = re.compile(r"\s?/\s?([^\W\d_]+[²³]?)(?:\.(?= [a-z]))?")
_PERCENT = re.compile(r"[ \u00a0\u202f]?([%‰])")
_NAME = re.compile(r" [A-ZÄÖÜÉ][a-zäöüßéèàñç]")
_STATE = re.compile(r"(?<![^\W_])[A-Z]{2} $")
_FACTOR = re.compile(r"x(?:\d|\s[^\W\d_])")
_HOUSE = re.compile(
    r" (?:[NSEW]\.? )?(?:[A-Z][a-z'’]+ |\d+(?:st|nd|rd|th) ){1,3}"
    r"(?:St|Ave|Rd|Dr|Ln|Blvd|Pkwy|Hwy|Ct|Pl|Street|Avenue|Road|Drive|Lane|Boulevard|Parkway|Highway|Court|Place|Way)\b"
)
_EXTENSION = re.compile(
    r"(?:Durchwahl|DW|[Ee]xt(?:\.|ension|ensión)|[Rr]amal|[Ii]nterno|[Tt]oestel|[Pp]oste|[Aa]nexo)\s$"
)
_HOUR = re.compile(r"(?:\b[aA] la |\b[Aa]ll['’]|\b[Dd]all['’]|(?<!\w)[àÀ] )$")
_ANOTHER = re.compile(r"(?:,| [eoy]| ou) \d{1,2}[°º] [^\W\d_CF]")
_NUMBERED = frozenset("il dal al del la dalla alla el o ao do".split())
_YEAR_RANGE = re.compile(r"\d{4}\s?[-–]\s?$")


def amount(rules: Rules, text: str, at: int) -> Found | None:
    """A number at `at`, with its sign, its currency, and what stands behind it."""
    if text[at] in VULGAR:
        return vulgar(rules, text, at)
    found = rules.patterns.amount.match(text, at)
    if found is None or (found[4] and found[5].count(".")):
        return None
    if found[1] and not found[2] and _EXTENSION.search(text[max(0, at - 24) : at]):
        return Found(found.end(), rules.digits(found[5]))  # "Durchwahl -45"
    glued = at > 0 and (text[at - 1].isalnum() or text[at - 1] in ")]")
    if glued and (found[1] or found[4]):
        return None
    numeral = rules.parse(found[5]) if not found[4] else Numeral("0", found[5], ".")
    if numeral is None:
        return None
    read = _money_before(rules, text, found, numeral) if found[2] else _number(rules, text, at, found.end(), numeral)
    if read is None or not (found[1] or found[3]):
        return None if read is None else _adjective(rules, text, at, read)
    return Found(read.end, f"{rules.language.minus} {read.words}", read.kind)


def _number(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    digits = text[at:end]
    for read in (_ordinal, _decade, fraction, day_of_month, _money_after, _scaled, _unit):
        if (found := read(rules, text, at, end, numeral)) is not None:
            return found
    if end < len(text) and text[end].isalpha() and not (text[end] == "x" and _FACTOR.match(text, end)):
        return None
    if digits.isdecimal():
        if (len(digits) >= 7 and not digits.endswith("000")) or (len(digits) > 2 and after_code_word(rules, text, at)):
            return None
        if (
            len(digits) == 3
            and rules.patterns.dial_before.search(before(text, at))
            and rules.noun_gender(text, end) is None
        ):
            return None
        if len(digits) == 5 and _is_postcode(text, at, end):
            return None
        if len(digits) == 4 and _is_year(rules, text, at, end, numeral.value):
            return Found(end, rules.language.year(numeral.value), Kind.AMOUNT)
    compound = text[end : end + 1] == "-" and text[end + 1 : end + 2].isalpha()  # "1-Zimmer-Wohnung"
    gender = Gender.MASCULINE if compound else rules.noun_gender(text, end)
    if numeral.value == 1 and numeral.exact and _HOUR.search(before(text, at)):
        gender = Gender.FEMININE  # "a la 1 de la tarde"
    words = rules.number(numeral, gender)
    full, short, letters = rules.language.elided
    if words == full and text[end + 1 : end + 2] in letters:
        return Found(end + 1, short, Kind.AMOUNT)
    return Found(end, words, Kind.AMOUNT)


# --- money ----------------------------------------------------------------------------------------------------------


def _scale(rules: Rules, text: str, end: int, *, money: bool) -> tuple[Scale | None, int]:
    """The scale behind a number, and where it ends. A lone letter is a scale only of money, or "k"."""
    scales, patterns = rules.language.scales, rules.patterns
    found = (patterns.money_scale if money else patterns.scale).match(text, end)
    apart = text[end : end + 1] in (" ", "\u00a0", "\u202f")
    if found is None or (apart and found[1] in "kKmb" and text[found.end() : found.end() + 1] not in _SIGNS):
        return None, end
    return scales[found[1]], found.end()


def _money_before(rules: Rules, text: str, found: re.Match[str], numeral: Numeral) -> Found | None:
    """ "$5", "USD 20k", "$5-10"."""
    currency = rules.currencies[found[2]]
    end = found.end()
    second = rules.patterns.second_amount.match(text, end)
    if second is not None and (last := rules.parse(second[1])) is not None:
        words = rules.number(numeral, currency.gender)
        rest = _said(rules, text, last, currency, second.end())
        return Found(rest.end, rules.span(before(text, found.start()), words, rest.words), Kind.AMOUNT)
    return _said(rules, text, numeral, currency, end)


def _said(rules: Rules, text: str, numeral: Numeral, currency: Currency, end: int) -> Found:
    """An amount of a currency that was written before it."""
    scale, end = _scale(rules, text, end, money=True)
    code = _CODE.match(text, end)
    if code and code[1] in rules.currencies:
        end = code.end()
    words = money(rules, numeral, scale, currency)
    return _per(rules, text, Found(end, words, Kind.AMOUNT))


def _money_after(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    """ "5 €", "1,2 Mio. Euro", "3€50"."""
    scale, behind = _scale(rules, text, end, money=True)
    found = rules.patterns.currency_after.match(text, behind)
    if found is None:
        return None
    currency = rules.currencies.get(found[1]) or rules.currency_names[found[1]]
    if found[2] and numeral.exact:
        numeral = Numeral(numeral.whole, found[2], ",")
    return _per(rules, text, Found(found.end(), money(rules, numeral, scale, currency), Kind.AMOUNT))


def money(rules: Rules, numeral: Numeral, scale: Scale | None, currency: Currency) -> str:
    if scale is not None and not scale.one:
        numeral, scale = numeral.times_ten(scale.zeros), None
    one = rules.is_one(numeral)
    if scale is not None:
        return f"{_with_scale(rules, numeral, scale)} {rules.language.of_million(currency.many)}"
    if len(numeral.fraction) != 2 or not currency.cent:
        return f"{rules.number(numeral, currency.gender)} {_noun(rules, numeral, currency, one)}"
    cents = int(numeral.fraction)
    said = rules.cardinal(cents, currency.cent_gender)
    if numeral.value == 0 and cents:
        return f"{said} {currency.cent if cents == 1 else currency.cents}"
    whole = Numeral(numeral.whole)
    words = f"{rules.number(whole, currency.gender)} {_noun(rules, whole, currency, rules.is_one(whole))}"
    return words + (rules.language.and_cents(said, cents, currency) if cents else "")


def _adjective(rules: Rules, text: str, at: int, found: Found) -> Found:
    """ "a $20 bill": in English, the currency stays in the singular."""
    if rules.locale.language != "en" or last_word(before(text, at)) not in ("a", "an"):
        return found
    for currency in rules.currencies.values():
        if found.words.endswith(f" {currency.many}") and rules.noun_gender(text, found.end) is not None:
            return Found(found.end, found.words.removesuffix(currency.many) + currency.one, found.kind)
    return found


def _noun(rules: Rules, numeral: Numeral, currency: Currency, one: bool) -> str:
    if numeral.exact and numeral.value and numeral.value % 1_000_000 == 0:
        return rules.language.of_million(currency.many)
    return currency.one if one else currency.many


def _per(rules: Rules, text: str, found: Found) -> Found:
    """ "/h", "/night" behind an amount."""
    match = _PER.match(text, found.end)
    if match is None:
        return found
    noun = rules.units[match[1]][0] if match[1] in rules.units else match[1]
    return Found(match.end(), f"{found.words} {rules.language.per(noun)}", found.kind)


# --- what else stands behind a number -------------------------------------------------------------------------------


def _with_scale(rules: Rules, numeral: Numeral, scale: Scale) -> str:
    gender = rules.language.gender(scale.one) or Gender.MASCULINE
    return f"{rules.number(numeral, gender)} {scale.one if rules.is_one(numeral) else scale.many}"


def _is_abbreviation(rules: Rules, text: str, unit: re.Match[str]) -> bool:
    """Whether the letters are an abbreviation that goes on behind the unit: "1 t/m 5"."""
    found = rules.patterns.abbreviation.match(text, unit.start(1))
    return found is not None and found.end() > unit.end()


def _scaled(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    scale, end = _scale(rules, text, end, money=False)
    if scale is None:
        return None
    if scale.one:
        return Found(end, _with_scale(rules, numeral, scale), Kind.AMOUNT)
    return Found(end, rules.number(numeral.times_ten(scale.zeros), rules.noun_gender(text, end)), Kind.AMOUNT)


def _unit(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    if (percent := _PERCENT.match(text, end)) is not None:
        word = rules.language.signs[percent[1]]
        gender = None if " " in word else rules.language.gender(word)
        return Found(percent.end(), f"{rules.number(numeral, gender)} {word}", Kind.AMOUNT)
    found = rules.patterns.unit.match(text, end)
    if found is None or _is_abbreviation(rules, text, found):
        return None
    if found[1] in ("V", "W", "s") and found[0] != found[1] and text[end + 2 : end + 3] == " ":
        return None
    one, many = rules.units[found[1]]
    gender = rules.language.gender(one.split()[0]) or Gender.MASCULINE
    words = f"{rules.number(numeral, gender)} {one if rules.is_one(numeral) else many}"
    full, short, letters = rules.language.elided
    if full and words.startswith(f"{full} ") and one[0] in letters:
        words = short + one
    return _per(rules, text, Found(found.end(), words, Kind.AMOUNT))


def _ordinal(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    language = rules.language
    if not numeral.exact or len(numeral.whole) > 4:
        return None
    if language.dotted_ordinals:
        return _dotted(rules, text, at, end, numeral)
    found = rules.patterns.ordinal.match(text, end)
    if found is None or day_of_month(rules, text, at, end, numeral) is not None:
        return None
    gender = rules.noun_gender(text, found.end())
    degrees = re.compile(r"\s?[CF](?![^\W_])").match(text, found.end()) is not None
    counted = (
        gender is not None or _ANOTHER.match(text, found.end()) is not None or last_word(before(text, at)) in _NUMBERED
    )
    if found[1] == "°" and (not counted or degrees or numeral.value > 30):
        return None
    feminine = found[1][-1] == "ª" or found[1] in ("ra", "da", "ta", "re", "ère", "nde", "res", "ères")
    words = language.ordinal(numeral.value, Gender.FEMININE if feminine else Gender.MASCULINE, before(text, at))
    if found[1] == "er" or (gender is Gender.MASCULINE and not feminine):
        words = re.sub(r"(primer|tercer)o$", r"\1", words)
    return Found(found.end(), words, Kind.AMOUNT)


def _dotted(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    """ "3. Stock", "am 3.", "3.–5. März"."""
    language = rules.language
    if len(numeral.whole) > 3 or not text.startswith(".", end):
        return None
    if day_of_month(rules, text, at, end, numeral) is not None:
        return None
    article = rules.patterns.article_before.search(before(text, at)) is not None
    article = article and _AFTER_ORDINAL.match(text, end) is not None
    if not article and rules.patterns.dotted.match(text, end) is None:
        return None
    gender = rules.noun_gender(text, end + 1) or Gender.MASCULINE
    last = end + 1 if text[end + 1 : end + 2] else end
    return Found(last, language.ordinal(numeral.value, gender, before(text, at)), Kind.AMOUNT)


def _decade(rules: Rules, text: str, at: int, end: int, numeral: Numeral) -> Found | None:
    language, value = rules.language, numeral.value
    if language.decade is None or not numeral.exact or value % 10 or not (20 <= value < 100 or value in _YEARS):
        return None
    found = rules.patterns.decade.match(text, end)
    return None if found is None else Found(found.end(), language.decade(value) + found[2], Kind.AMOUNT)


# --- bare numbers ---------------------------------------------------------------------------------------------------


def _is_year(rules: Rules, text: str, at: int, end: int, value: int) -> bool:
    house = rules.locale.language == "en" and value % 1000 and _HOUSE.match(text, end)
    if house:
        return True  # "1600 Pennsylvania Avenue" is said like a year
    if value not in _YEARS:
        return False
    head = before(text, at)
    if last_word(head) in rules.month_numbers or _YEAR_RANGE.search(text[max(0, at - 12) : at]):
        return True
    if _YEAR_FOLLOWS.match(text, end):
        return True
    noun = rules.noun_gender(text, end) is not None and not text[end + 1 : end + 2].isupper()
    if rules.patterns.year_before.search(head):
        return not noun or value >= 1900
    return value >= 1900 and not noun and rules.noun_gender(text, end) is None


def _is_postcode(text: str, at: int, end: int) -> bool:
    """Five digits before a name, or behind a state: "10115 Berlin", "CA 90210"."""
    name = _NAME.match(text, end) is not None and not text.endswith("00", at, end)
    return name or _STATE.search(text[max(0, at - 8) : at]) is not None
