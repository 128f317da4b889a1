"""French. "un" agrees with its noun; Switzerland and Belgium count "septante" and "nonante"."""

from __future__ import annotations

import re
from functools import partial

from telephony.text_normalization.language import Currency, F, Gender, Language, M, Scale, plain

_NO_NOUNS = frozenset("et ou à au aux de du des en dans par pour sur le la les un une est sont se avec ne".split())
_FEMININE = frozenset(
    "heure minute seconde personne nuit semaine année chambre table place fois page rue ligne étoile bouteille "
    "journée matinée livre tonne once calorie carte adresse boîte pièce porte question classe part tasse "
    "facture commande voiture livraison saison raison maison clé salle demande réponse couronne roupie lire".split()
)
_FEMININE_ENDS = ("tion", "sion", "té", "ette", "ure", "ance", "ence", "ée", "euse", "trice")
_MASCULINE_ENDS = ("musée", "lycée", "été", "côté", "comité")


def _cardinal(name: str, number: int, gender: Gender | None) -> str:
    words = plain(number, name)
    return re.sub(r"\bun$", "une", words) if gender is F else words


def _ordinal(name: str, number: int, gender: Gender, before: str) -> str:
    if number == 1:
        return "première" if gender is F else "premier"
    words = re.sub(r"(?<=vingt|.cent)s$", "", plain(number, name))
    for end, other in (("cinq", "cinquième"), ("neuf", "neuvième"), ("mille", "millième")):
        if words.endswith(end):
            return words.removesuffix(end) + other
    return words.removesuffix("e") + "ième"


def _date(name: str, day: int, month: str, year: str, before: str) -> str:
    return f"{'premier' if day == 1 else _cardinal(name, day, None)} {month}" + (f" {year}" if year else "")


def _time(name: str, hour: int, minute: int, half: str, words: bool) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{_cardinal(name, hour, F)} heure{'s' if hour > 1 else ''}" + (
        f" {_cardinal(name, minute, F)}" if minute else ""
    )


def _fraction(name: str, over: int, under: int) -> str:
    one = {2: "demi", 3: "tiers", 4: "quart"}.get(under) or _ordinal(name, under, M, "")
    return f"{_cardinal(name, over, M)} {one}{'' if over == 1 or one.endswith('s') else 's'}"


def _cents(said: str, number: int, currency: Currency) -> str:
    if number >= 10:
        return f" {said}"
    return f" et {said} {currency.cent if number == 1 else currency.cents}"


# fmt: off
_SIGNS = {
    "&": "et", "+": "plus", "=": "égale", "@": "arobase", ".": "point", ",": "virgule", "/": "slash",
    "-": "tiret", "_": "tiret bas", "%": "pour cent", "×": "fois", "x": "fois", "over": "sur",
    "±": "plus ou moins", "≈": "environ",
    "§": "paragraphe", "dot": "point", "second": "secondes", "time": "à", "°": "degrés", "<": "inférieur à",
    ">": "supérieur à", "‰": "pour mille",
}
_CURRENCIES = {
    "€": Currency("euro", "euros", "centime", "centimes"),
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "£": Currency("livre", "livres", "penny", "pence", F),
    "¥": Currency("yen", "yens"),
    "₹": Currency("roupie", "roupies", "paisa", "paisas", F),
    "R$": Currency("réal", "réaux", "centavo", "centavos"),
    "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
    "Fr.": Currency("franc", "francs", "centime", "centimes"),
}
_ABBREVIATIONS = {
    "M.": "monsieur", "M. et Mme": "monsieur et madame", "MM.": "messieurs", "Mme": "madame",
    "Mmes": "mesdames", "Mlle": "mademoiselle",
    "Mr": "monsieur", "Dr": "docteur", "Dr.": "docteur", "Pr": "professeur", "Me": "maître",
    "av.": "avenue", "Av.": "avenue", "bd": "boulevard", "Bd": "boulevard", "bd.": "boulevard",
    "boul.": "boulevard", "St": "Saint", "Ste": "Sainte", "n°": "numéro", "N°": "numéro", "nº": "numéro",
    "Nº": "numéro", "p. ex.": "par exemple", "par ex.": "par exemple", "etc.": "et cetera",
    "c.-à-d.": "c'est-à-dire", "env.": "environ", "tél.": "téléphone", "Tél.": "téléphone",
    "apt.": "appartement", "appt.": "appartement", "RDV": "rendez-vous", "rdv": "rendez-vous",
    "svp": "s'il vous plaît", "SVP": "s'il vous plaît", "max.": "maximum", "min.": "minutes",
    "p.": "page", "pp.": "pages", "vs": "versus", "vs.": "versus", "pl.": "place", "rdc": "rez-de-chaussée",
    "RDC": "rez-de-chaussée", "TTC": "toutes taxes comprises", "HT": "hors taxes",
}
_CODES = (
    "PIN|IBAN|[Cc]omposez le|code|Code|postal|digicode|passe|compte|Compte|carte|Carte|commande|Commande|"
    "réservation|Réservation|référence|Référence|facture|Facture|client|dossier|Dossier|vol|Vol|confirmation|"
    "poste|suivi|numéro|Numéro|billet"
)
_MONTHS = {"janv.": 1, "févr.": 2, "fév.": 2, "avr.": 4, "juil.": 7, "sept.": 9, "oct.": 10, "nov.": 11,
        "déc.": 12}


def language(region: str) -> Language:
    name = {"CH": "fr_CH", "BE": "fr_BE"}.get(region, "fr")
    million, billion = Scale(6, "million", "millions"), Scale(9, "milliard", "milliards")
    return Language(
        cardinal=partial(_cardinal, name),
        ordinal=partial(_ordinal, name),
        year=lambda number: plain(number, name),
        date=partial(_date, name),
        time=partial(_time, name),
        fraction=partial(_fraction, name),
        gender=_gender,
        signs=_SIGNS,
        minus="moins",
        to="à",
        between="entre",
        half={M: "un demi", F: "une demi"},
        half_after={M: " et demi", F: " et demie"},
        per=lambda noun: f"par {noun}",
        number="numéro",
        half_more=" et demi",
        and_cents=_cents,
        currencies=_CURRENCIES,
        scales={
            "k": Scale(3), "K": Scale(3), "M": million, "Mio": million, "million": million, "millions": million,
            "Md": billion, "Mds": billion, "Mrd": billion, "milliard": billion, "milliards": billion,
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="est|le|la|numéro|n°|de|postal|se|termine|par|client|finit|finissant|PIN",
        months=_MONTHS,
        of_million=lambda noun: f"d'{noun}" if noun[0].lower() in "aeiouyéè" else f"de {noun}",
        pairs=True,
        ordinal_mark="ères?|ers?|res?|nde?|ièmes?|ème|e",
        date_before="le|du|au|jusqu'au|dès|avant|après|et",
        hour_words=r"heures?|h",
        hour_before=r"",
        year_before="en|depuis|de|année|an|avant|après|été|hiver",
        singular_below_two=True,
        zero_singular=True,
        roman_before="chapitre|Chapitre|tome|partie|phase|type|classe|Louis|Henri|Charles|François|Napoléon|article",
        units={"Ko": ("kilooctet", "kilooctets"), "Mo": ("mégaoctet", "mégaoctets"),
               "Go": ("gigaoctet", "gigaoctets"), "To": ("téraoctet", "téraoctets"),
               "km/h": ("kilomètre à l'heure", "kilomètres à l'heure")},
        roman_ordinal=r"(?:ème|e)",
    )
# fmt: on


def _gender(noun: str) -> Gender | None:
    word = noun.lower()
    if word in _NO_NOUNS:
        return None
    single = word.removesuffix("s")
    if single in _FEMININE or word in _FEMININE:
        return F
    return F if single.endswith(_FEMININE_ENDS) and not single.endswith(_MASCULINE_ENDS) else M
