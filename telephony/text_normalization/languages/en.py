"""English. Dates are read as in the United States unless the region says otherwise."""

from __future__ import annotations

from num2words import num2words

from telephony.text_normalization.language import Currency, Gender, Language, Scale, last_word, plain, plain_ordinal

_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_DECADES = {0: "hundreds", 10: "tens", 20: "twenties", 30: "thirties", 40: "forties", 50: "fifties", 60: "sixties",
            70: "seventies", 80: "eighties", 90: "nineties"}  # fmt: skip
_NO_NOUNS = frozenset("and or to in on at is are was were per of for by the a an if but than".split())


def _cardinal(number: int, gender: Gender | None) -> str:
    return plain(number, "en")


def _ordinal(number: int, gender: Gender, before: str) -> str:
    return plain_ordinal(number, "en").replace(",", "")


def _year(number: int) -> str:
    return str(num2words(number, lang="en", to="year")).replace(",", "")


def _month_first(day: int, month: str, year: str, before: str) -> str:
    if last_word(before) == "the":  # "the 5th of March"
        return _day_first(day, month, year, before)
    return f"{month} {plain_ordinal(day, 'en')}" + (f", {year}" if year else "")


def _day_first(day: int, month: str, year: str, before: str) -> str:
    the = "" if last_word(before) == "the" else "the "
    return f"{the}{plain_ordinal(day, 'en')} of {month}" + (f" {year}" if year else "")


def _time(hour: int, minute: int, half: str, words: bool) -> str:
    said = plain(hour, "en")
    if minute:
        said += f" oh {plain(minute, 'en')}" if minute < 10 else f" {plain(minute, 'en')}"
    elif not half:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    return said + (f" {half.upper()}M" if half else "")


def _fraction(over: int, under: int) -> str:
    one, many = _FRACTIONS.get(under) or (plain_ordinal(under, "en"), plain_ordinal(under, "en") + "s")
    return f"{plain(over, 'en')} {one if over == 1 else many}"


def _cents(cents: str, number: int, currency: Currency) -> str:
    return f" and {cents} {currency.cent if number == 1 else currency.cents}"


def _decade(year: int) -> str:
    if year < 100:
        return _DECADES[year]
    if year % 1000 == 0:
        return plain(year // 1000, "en") + " thousands"
    return f"{plain(year // 100, 'en')} {_DECADES[year % 100]}"


# fmt: off
_SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "@": "at", ".": "point", ",": "comma", "/": "slash", "-": "dash",
    "_": "underscore", "%": "percent", "×": "times", "x": "times", "by": "by", "±": "plus or minus", "≈": "about",
    "§": "section",
    "dot": "dot", "second": "seconds", "time": "at", "°": "degrees", "<": "less than", ">": "more than",
    "‰": "per mille",
}
_CURRENCIES = {
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "US$": Currency("dollar", "dollars", "cent", "cents"),
    "€": Currency("euro", "euros", "cent", "cents"),
    "£": Currency("pound", "pounds", "penny", "pence"),
    "¥": Currency("yen", "yen"),
    "₹": Currency("rupee", "rupees", "paisa", "paise"),
    "R$": Currency("real", "reais", "centavo", "centavos"),
    "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "¢": Currency("cent", "cents"),
}
_SCALES = {
    "k": Scale(3), "K": Scale(3), "thousand": Scale(3), "grand": Scale(3),
    "m": Scale(6, "million", "million"), "M": Scale(6, "million", "million"),
    "mn": Scale(6, "million", "million"), "mio": Scale(6, "million", "million"),
    "million": Scale(6, "million", "million"), "MM": Scale(6, "million", "million"),
    "b": Scale(9, "billion", "billion"), "B": Scale(9, "billion", "billion"),
    "bn": Scale(9, "billion", "billion"), "billion": Scale(9, "billion", "billion"),
    "trillion": Scale(12, "trillion", "trillion"), "tn": Scale(12, "trillion", "trillion"),
}
_ABBREVIATIONS = {
    "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Sr.": "Senior", "Jr.": "Junior",
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "approx.": "about", "e.g.": "for example",
    "i.e.": "that is", "etc.": "and so on", "vs.": "versus", "vs": "versus", "Ave.": "Avenue",
    "Blvd.": "Boulevard", "Rd.": "Road", "Ln.": "Lane", "Hwy.": "Highway", "Apt.": "Apartment",
    "Ste.": "Suite", "Sq.": "Square", "Pkwy.": "Parkway", "Bldg.": "Building", "Dept.": "Department",
    "Fl.": "Floor", "Ext.": "extension", "ext.": "extension", "No.": "number", "no.": "number",
    "Nos.": "numbers", "Inc.": "Incorporated", "Ltd.": "Limited", "Corp.": "Corporation", "Gov.": "Governor",
    "Gen.": "General", "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Rev.": "Reverend",
    "Hon.": "Honorable", "Mt.": "Mount", "Ft.": "Fort", "min.": "minutes", "hrs.": "hours", "hr.": "hour",
    "p.": "page", "pp.": "pages", "est.": "estimated", "incl.": "including", "max.": "maximum",
    "M-F": "Monday to Friday", "Rm.": "Room", "tel.": "telephone",
    "Tel.": "telephone", "w/o": "without", "w/": "with",
    "Mon.": "Monday", "Tue.": "Tuesday", "Tues.": "Tuesday", "Wed.": "Wednesday", "Thu.": "Thursday",
    "Thurs.": "Thursday", "Fri.": "Friday", "Sat.": "Saturday", "Sun.": "Sunday",
}
_CODES = (
    "PIN|pin|[Dd]ial|codes?|Codes?|passcode|password|ZIP|zip|postcode|postal|account|Account|card|Card|order|Order|"
    "reference|Reference|booking|Booking|confirmation|Confirmation|tracking|serial|extension|Extension|invoice|"
    "Invoice|case|Case|ticket|Ticket|policy|Policy|reservation|Reservation|flight|Flight|routing|member|ID|"
    "number|Number|digits|ending|ends|end|SSN"
)
_MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Sept": 9, "Oct": 10,
        "Nov": 11, "Dec": 12}


def language(region: str) -> Language:
    return Language(
        cardinal=_cardinal,
        ordinal=_ordinal,
        year=_year,
        date=_month_first if region in ("", "US", "CA", "PH") else _day_first,
        time=_time,
        fraction=_fraction,
        gender=lambda noun: None if noun in _NO_NOUNS else Gender.MASCULINE,
        signs=_SIGNS,
        minus="minus",
        to="to",
        between="between",
        dials="call|text",
        per=lambda noun: f"per {noun}",
        number="number",
        half_more=" and a half",
        and_cents=_cents,
        currencies=_CURRENCIES,
        scales=_SCALES,
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="number|no|code|is|ending|in|with|ID|the|at",
        months=_MONTHS,
        ordinal_mark="st|nd|rd|th",
        day_mark="of",
        date_before="on|by|until|till|from|before|after|since|dated|date|due",
        hour_before="at|until|till|by|before|after|around",
        year_before="in|since|died|born|circa|from|of|year|until|till|by|between|after|before|during|early|late|mid|summer|winter|"
        "spring|autumn|fall|and|to|through|to",
        units={"mo": ("month", "months"), "yr": ("year", "years"), "yrs": ("year", "years"), "wk": ("week", "weeks"),
               "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"),
               "wks": ("week", "weeks")},
        decade=_decade,
        decade_mark="'?s",
        roman_before="Chapter|Part|Volume|Phase|Type|Stage|Class|Article|Section|War|Act|Level|Category|Title",
    )
# fmt: on
