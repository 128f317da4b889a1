"""German. Ordinals take their ending from the word before them, numbers before a noun that of "ein"."""

from __future__ import annotations

import re

from telephony.text_normalization.language import (
    Currency,
    F,
    Gender,
    Language,
    M,
    N,
    Scale,
    last_word,
    plain,
    plain_ordinal,
)

_WEAK = frozenset(
    "am im vom zum zur beim dem den des einem einen eines jedem jeden jedes diesem diesen dieses ab bis seit ihrem "
    "ihren meinem meinen unserem unseren seinem seinen deinem deinen".split()
)
_DATIVE_BEFORE = frozenset("in auf an bei mit von aus nach vor zu seit unter über ab neben zwischen".split())
_NEUTER = frozenset(
    "jahr jahre zimmer kind kinder bett betten mal kilo kilogramm stück getränk bier glas gläser ticket tickets paket "
    "pakete gericht gerichte menü auto haus buch fahrrad angebot prozent pfund gramm grad wochenende produkt "
    "hotel restaurant formular dokument konto büro obergeschoss stockwerk quartal jahrhundert kapitel".split()
)
_FEMININE = frozenset(
    "person nachricht sicht schicht ansicht nacht mark "
    "stadt bank wahl zahl hand wand frau mail e-mail nummer option uhr million milliarde".split()
)
_MASCULINE_E = frozenset("name kunde käse junge kollege gedanke buchstabe franken".split())
_NEUTER_E = frozenset("auge ende interesse".split())
_FEMININE_ENDS = ("ung", "heit", "keit", "schaft", "ion", "tät", "ei", "ur", "ik", "e")


def _cardinal(number: int, gender: Gender | None) -> str:
    words = plain(number, "de")
    words = words.replace("einstausend", "eintausend").replace("eins Milli", "eine Milli")
    if gender is None or number != 1:
        return words
    return "eine" if gender is F else "ein"


def _stem(number: int) -> str:
    return plain_ordinal(number, "de")[:-1]


def _weak(before: str) -> bool:
    """Whether the ending is -en after these words: after an article of the dative or the accusative."""
    word = last_word(before)
    if word in _WEAK:
        return True
    if word == "der":
        return last_word(before, 1) in _DATIVE_BEFORE
    return bool(
        re.search(
            r"\b(?:[Aa]m|[Vv]om|[Bb]is|[Zz]um|[Aa]b|[Ss]eit) (?:[A-Z]\w+(?:tag|woch)|(?:Mo|Di|Mi|Do|Fr|Sa|So)\.?),? ?$",
            before,
        )
    )


def _ordinal(number: int, gender: Gender, before: str) -> str:
    word = last_word(before)
    if _weak(before):
        ending = "en"
    elif word in ("der", "die", "das", "ins", "ans", "aufs", "jede", "diese", "dieser"):
        ending = "e"
    else:
        ending = {F: "e", N: "es", M: "er"}[gender]
    return _stem(number) + "e" + ending.removeprefix("e")


def _year(number: int) -> str:
    if 1100 <= number <= 1999:
        rest = number % 100
        return plain(number // 100, "de") + "hundert" + (plain(rest, "de") if rest else "")
    return plain(number, "de")


def _date(day: int, month: str, year: str, before: str) -> str:
    return f"{_ordinal(day, M, before)} {month}" + (f" {year}" if year else "")


def _time(hour: int, minute: int, half: str, words: bool) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{_cardinal(hour, M)} Uhr" + (f" {plain(minute, 'de')}" if minute else "")


def _fraction(over: int, under: int) -> str:
    if (over, under) == (1, 2):
        return "ein halb"
    name = "Halbe" if under == 2 else _stem(under).capitalize() + "el"
    return f"{_cardinal(over, N)} {name}"


def _cents(cents: str, number: int, currency: Currency) -> str:
    if number >= 10:
        return f" {cents}"
    return f" und {cents} {currency.cent if number == 1 else currency.cents}"


def _decade(year: int) -> str:
    words = _year(year) if year >= 100 else plain(year, "de")
    return words + "er"


def _gender(noun: str) -> Gender | None:
    if not noun[:1].isupper():
        return None
    word = noun.lower()
    if word in _NEUTER or word in _NEUTER_E or word.endswith(("chen", "lein", "zimmer")):
        return N
    if word.endswith("ee") and word not in ("idee", "allee", "armee"):
        return M
    if word in _FEMININE or (word.endswith(_FEMININE_ENDS) and word not in _MASCULINE_E):
        return F
    return M


# fmt: off
_SIGNS = {
    "&": "und", "+": "plus", "=": "gleich", "@": "at", ".": "Punkt", ",": "Komma", "/": "Schrägstrich",
    "-": "Bindestrich", "_": "Unterstrich", "%": "Prozent", "×": "mal", "x": "mal", "±": "plus minus",
    "≈": "ungefähr",
    "§": "Paragraf", "dot": "Punkt", "second": "Sekunden", "time": "um", "°": "Grad", "<": "kleiner als",
    ">": "größer als", "‰": "Promille",
}
_CURRENCIES = {
    "€": Currency("Euro", "Euro", "Cent", "Cent"),
    "$": Currency("Dollar", "Dollar", "Cent", "Cent"),
    "£": Currency("Pfund", "Pfund", "Penny", "Pence", N),
    "¥": Currency("Yen", "Yen"),
    "₹": Currency("Rupie", "Rupien", "Paisa", "Paise", F),
    "R$": Currency("Real", "Reais", "Centavo", "Centavos"),
    "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    "ct": Currency("Cent", "Cent"),
}
_ABBREVIATIONS = {
    "z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt",
    "u. a.": "unter anderem", "u.a.": "unter anderem", "usw.": "und so weiter", "bzw.": "beziehungsweise",
    "ca.": "circa", "z. Hd.": "zu Händen", "Erw.": "Erwachsene",
    "Ca.": "Circa", "Z. B.": "Zum Beispiel", "Z.B.": "Zum Beispiel",
    "inkl.": "inklusive", "zzgl.": "zuzüglich", "ggf.": "gegebenenfalls", "evtl.": "eventuell",
    "Nr.": "Nummer", "Nrn.": "Nummern", "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau",
    "Str.": "Straße", "St.": "Sankt", "Tel.": "Telefon", "Std.": "Stunden", "Min.": "Minuten",
    "Sek.": "Sekunden", "vgl.": "vergleiche", "max.": "maximal", "mind.": "mindestens", "min.": "minimal",
    "MwSt.": "Mehrwertsteuer", "S.": "Seite", "Abs.": "Absatz", "Art.": "Artikel", "Bd.": "Band",
    "bspw.": "beispielsweise", "o. Ä.": "oder Ähnliches", "i. d. R.": "in der Regel", "v. a.": "vor allem",
    "Mo.": "Montag", "Di.": "Dienstag", "Mi.": "Mittwoch", "Do.": "Donnerstag", "Sa.": "Samstag",
    "So.": "Sonntag", "Stk.": "Stück", "Pers.": "Personen", "Jh.": "Jahrhundert",
    "OG": "Obergeschoss", "EG": "Erdgeschoss", "Frl.": "Fräulein", "geb.": "geboren",
}
_CODES = (
    "[^\\W\\d_]*(?:[Nn]ummer|nr\\.|[Cc]ode|konto|bestellung|rechnung|auftrag|buchung)|"
    "[Ww]ählen Sie|PIN|Pin|TAN|PLZ|Postleitzahl|Kennwort|Passwort|Konto|"
    "Karte|Bestellung|Rechnung|Auftrag|Referenz|Buchung|Durchwahl|BLZ|Vorgang|Flug|Nummer|IBAN"
)
_MONTHS = {"Jan.": 1, "Feb.": 2, "Mrz.": 3, "Apr.": 4, "Jun.": 6, "Jul.": 7, "Aug.": 8, "Sep.": 9, "Sept.": 9,
        "Okt.": 10, "Nov.": 11, "Dez.": 12, "Jänner": 1}


def language(region: str) -> Language:
    million, billion = Scale(6, "Million", "Millionen"), Scale(9, "Milliarde", "Milliarden")
    return Language(
        cardinal=_cardinal,
        ordinal=_ordinal,
        year=_year,
        date=_date,
        time=_time,
        fraction=_fraction,
        gender=_gender,
        signs=_SIGNS,
        minus="minus",
        to="bis",
        between="zwischen",
        dials="rufen Sie|rufen Sie die",
        half={M: "ein halber", F: "eine halbe", N: "ein halbes"},
        per=lambda noun: f"pro {noun}",
        number="Nummer",
        half_more="einhalb",
        and_cents=_cents,
        currencies=_CURRENCIES | ({"Fr.": _CURRENCIES["CHF"]} if region == "CH" else {}),
        scales={
            "k": Scale(3), "Tsd.": Scale(3), "Tausend": Scale(3), "tausend": Scale(3),
            "Mio.": million, "Mio": million, "Million": million, "Millionen": million,
            "Mrd.": billion, "Mrd": billion, "Milliarde": billion, "Milliarden": billion,
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="lautet|ist|Nr|Nummer|die|mit|endet|auf|der|Endziffern|heißt",
        months=_MONTHS,
        dotted_ordinals=True,
        ordinal_before=(
            r"(?:[Dd](?:er|ie|as|em|en|es)|[AaIi]m|[Vv]om|[Zz]u[mr]|[Bb]eim|[Jj]ede[rmns]?|[Ii]ns|[Aa]ns|[Bb]is|[Aa]b|"
            r"[Ss]eit|[Dd]iese[rmns]?|[Mm]eine?[mnrs]?|[Ii]hre?[mnrs]?|[Uu]nsere?[mnrs]?|[Ss]eine?[mnrs]?|[Ee]ine?[mnrs]?)"
        ),
        ordinal_nouns=(
            "Stock|Etage|Mal|Platz|Klasse|Tag|Woche|Monat|Quartal|Jahrhundert|Obergeschoss|OG|Kapitel|Stunde|Runde|"
            "Advent|Auflage|Generation|Reihe|Stockwerk|Person|Oktober|Gang|Semester|Geburtstag|Jahrestag|Versuch|Termin|Mahnung|Rate|Liga|Stufe"
        ),
        date_before="am|vom|zum|bis|ab|dem|den|der|seit|und|im",
        hour_words="Uhr",
        hour_before="um|ab|bis|gegen|von|nach|vor|und|zwischen",
        year_before="im|in|seit|ab|bis|Jahr|Jahre|Jahres|Anfang|Ende|Mitte|Sommer|Winter|Frühjahr|Herbst|von|und|vor|"
        "nach",
        decade=_decade,
        decade_mark="er",
        roman_before="Kapitel|Teil|Band|Klasse|Artikel|Phase|Typ|Weltkrieg|Stufe|Akt",
    )
# fmt: on
