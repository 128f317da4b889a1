"""Dutch. "één" keeps its accents, and a space follows "duizend"."""

from __future__ import annotations

import re

from telephony.text_normalization.language import Currency, Gender, Language, M, N, Scale, plain, plain_ordinal

_NO_NOUNS = frozenset("en of tot in op om is zijn per van voor met de het een".split())
_NEUTER = frozenset("uur jaar pond glas brood kwartier blik pak stuk procent".split())


def _cardinal(number: int, gender: Gender | None) -> str:
    words = re.sub(r"^een (m|b|tr)ilj", r"één \1ilj", plain(number, "nl"))
    words = re.sub(r"één(?=duizend)", "een", words)
    return re.sub(r"duizend(?=\w)", "duizend ", words)


def _gender(noun: str) -> Gender | None:
    if noun in _NO_NOUNS:
        return None
    return N if noun in _NEUTER else M


def _ordinal(number: int, gender: Gender, before: str) -> str:
    return re.sub(r"duizend(?=\w)", "duizend ", plain_ordinal(number, "nl"))


def _year(number: int) -> str:
    if 1100 <= number <= 1999:
        rest = number % 100
        return plain(number // 100, "nl") + "honderd" + (plain(rest, "nl") if rest else "")
    return _cardinal(number, None)


def _date(day: int, month: str, year: str, before: str) -> str:
    return f"{_cardinal(day, None)} {month}" + (f" {year}" if year else "")


def _time(hour: int, minute: int, half: str, words: bool) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{_cardinal(hour, None)} uur" + (f" {_cardinal(minute, None)}" if minute else "")


def _fraction(over: int, under: int) -> str:
    if (over, under) == (1, 2):
        return "een half"
    name = {2: "tweede", 4: "kwart"}.get(under) or plain_ordinal(under, "nl")
    return f"{_cardinal(over, None)} {name}"


def _cents(cents: str, number: int, currency: Currency) -> str:
    if number >= 10:
        return f" {cents}"
    return f" en {cents} {currency.cent if number == 1 else currency.cents}"


# fmt: off
_SIGNS = {
    "&": "en", "+": "plus", "=": "is", "@": "apenstaartje", ".": "punt", ",": "komma", "/": "schuine streep",
    "-": "streepje", "_": "liggend streepje", "%": "procent", "×": "keer", "x": "keer", "±": "ongeveer",
    "≈": "ongeveer",
    "§": "paragraaf", "dot": "punt", "second": "seconden", "time": "om", "°": "graden", "<": "kleiner dan",
    ">": "groter dan", "‰": "promille",
}
_CURRENCIES = {
    "€": Currency("euro", "euro", "cent", "cent"),
    "$": Currency("dollar", "dollar", "cent", "cent"),
    "£": Currency("pond", "pond", "penny", "pence"),
    "¥": Currency("yen", "yen"),
    "₹": Currency("roepie", "roepie", "paisa", "paisa"),
    "R$": Currency("real", "real", "centavo", "centavo"),
    "CHF": Currency("Zwitserse frank", "Zwitserse frank", "rappen", "rappen"),
}
_ABBREVIATIONS = {
    "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "enz.": "enzovoort",
    "o.a.": "onder andere", "m.b.t.": "met betrekking tot", "t/m": "tot en met", "i.p.v.": "in plaats van",
    "a.u.b.": "alstublieft", "ca.": "circa", "Ca.": "Circa", "nr.": "nummer", "Nr.": "nummer", "nrs.": "nummers",
    "incl.": "inclusief", "excl.": "exclusief", "dhr.": "de heer", "Dhr.": "De heer", "mevr.": "mevrouw",
    "Mevr.": "Mevrouw", "mw.": "mevrouw", "Mw.": "Mevrouw", "dr.": "dokter", "Dr.": "Dokter",
    "prof.": "professor", "Prof.": "Professor", "ir.": "ingenieur", "mr.": "meester", "St.": "Sint",
    "tel.": "telefoon", "Tel.": "telefoon", "blz.": "bladzijde", "p.": "pagina", "min.": "minuten",
    "sec.": "seconden", "max.": "maximaal", "evt.": "eventueel", "resp.": "respectievelijk",
    "vs.": "versus", "z.s.m.": "zo snel mogelijk", "btw": "b t w", "BTW": "B T W", "p.p.": "per persoon",
    "str.": "straat", "m.i.v.": "met ingang van", "n.v.t.": "niet van toepassing", "jl.": "jongstleden",
    "ma.": "maandag", "di.": "dinsdag", "wo.": "woensdag", "do.": "donderdag", "vr.": "vrijdag",
    "za.": "zaterdag", "zo.": "zondag",
}
_CODES = (
    "[^\\W\\d_]*(?:nummer|nr\\.|code)|PIN|IBAN|pin|pincode|Pincode|code|Code|postcode|Postcode|wachtwoord|rekening|rekeningnummer|kaart|kaartnummer|"
    "Kaart|klantnummer|Klantnummer|bestelnummer|Bestelnummer|bestelling|Bestelling|factuur|factuurnummer|"
    "ordernummer|referentie|boeking|boekingsnummer|reservering|reserveringsnummer|toestel|nummer|Nummer|vlucht"
)
_MONTHS = {"jan.": 1, "feb.": 2, "mrt.": 3, "apr.": 4, "jun.": 6, "jul.": 7, "aug.": 8, "sep.": 9, "sept.": 9,
        "okt.": 10, "nov.": 11, "dec.": 12, "jan": 1, "feb": 2, "mrt": 3, "apr": 4, "jun": 6, "jul": 7,
        "aug": 8, "sep": 9, "sept": 9, "okt": 10, "nov": 11, "dec": 12}


def language(region: str) -> Language:
    million, billion = Scale(6, "miljoen", "miljoen"), Scale(9, "miljard", "miljard")
    return Language(
        cardinal=_cardinal,
        ordinal=_ordinal,
        year=_year,
        date=_date,
        time=_time,
        fraction=_fraction,
        gender=_gender,
        signs=_SIGNS,
        minus="min",
        to="tot",
        between="tussen",
        dials="bel",
        half={M: "een halve", N: "een half"},
        dashed_before="op|sinds|per|vanaf|tot",
        to_day="tot en met",
        per=lambda noun: f"per {noun}",
        number="nummer",
        half_more=" en een half",
        and_cents=_cents,
        currencies=_CURRENCIES,
        scales={
            "k": Scale(3), "duizend": Scale(3), "mln.": million, "mln": million, "miljoen": million, "M": million,
            "mld.": billion, "mld": billion, "miljard": billion, "mio.": million,
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="is|nummer|nr|luidt|het|de|met|eindigt|op",
        months=_MONTHS,
        postcode=r"[1-9]\d{3} ?[A-Z]{2}(?![^\W_])",
        pairs=True,
        units={"km/u": ("kilometer per uur", "kilometer per uur"), "°": ("graad", "graden")},
        ordinal_mark="ste|de|e",
        date_before="op|tot|vanaf|van|sinds|voor|na|per|en",
        hour_words="uur|u",
        hour_before="om|tot|vanaf|van|rond|na|voor|en|tussen",
        year_before="in|sinds|vanaf|tot|jaar|van|begin|eind|zomer|winter|en|voor|na",
        roman_before="hoofdstuk|Hoofdstuk|deel|Deel|klasse|fase|type|artikel|Wereldoorlog",
    )
# fmt: on
