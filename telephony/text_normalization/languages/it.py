"""Italian. "uno" agrees with its noun and loses its end before most."""

from __future__ import annotations

from telephony.text_normalization.language import Currency, F, Gender, Language, M, Scale, plain, plain_ordinal

_NO_NOUNS = frozenset(
    "e o ed od a ad al alla alle di del della da dal dalla dalle in nel nella con per su sul il lo la i gli le un una "
    "è sono che se non si ma fino ogni tra fra senza sopra sotto ha hanno era fuori dentro oggi".split()
)
_PREPOSITIONS = frozenset(
    "da dal dallo dalla dalle dai dall di del della delle dei a al alle il lo la i gli le in per con su ogni entro "
    "tra fra circa".split()
)
_MASCULINE_A = frozenset("problema problemi sistema programma tema clima".split())
_FEMININE = frozenset(
    "notte notti persona persone volta volte ora ore camera camere opzione opzioni stazione chiave chiavi sterlina "
    "sterline rupia rupie lira lire corona corone settimana settimane pagina pagine libbra libbre tonnellata "
    "tonnellate caloria calorie oncia once prenotazione prenotazioni bottiglia bottiglie".split()
)
_FRACTIONS = {2: ("mezzo", "mezzi"), 3: ("terzo", "terzi"), 4: ("quarto", "quarti")}


def _cardinal(number: int, gender: Gender | None) -> str:
    words = plain(number, "it").replace("é ", "e ") if number >= 1_000_000 else plain(number, "it")
    if number == 1:
        return {None: "uno", M: "un", F: "una"}.get(gender, "un")
    if gender is None or gender is F or number % 100 == 11 or not words.endswith("uno"):
        return words
    return words[:-1]


def _ordinal(number: int, gender: Gender, before: str) -> str:
    words = plain_ordinal(number, "it")
    return words[:-1] + "a" if gender is F else words


def _year(number: int) -> str:
    return plain(number, "it")


def _date(day: int, month: str, year: str, before: str) -> str:
    return f"{'primo' if day == 1 else plain(day, 'it')} {month}" + (f" {year}" if year else "")


def _time(hour: int, minute: int, half: str, words: bool) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    said = "una" if hour == 1 else plain(hour, "it")
    return said + (f" e {plain(minute, 'it')}" if minute else "")


def _fraction(over: int, under: int) -> str:
    ordinal = plain_ordinal(under, "it")
    one, many = _FRACTIONS.get(under) or (ordinal, ordinal[:-1] + "i")
    return f"{_cardinal(over, M)} {one if over == 1 else many}"


def _cents(cents: str, number: int, currency: Currency) -> str:
    return f" e {cents} {currency.cent if number == 1 else currency.cents}"


def _per(noun: str) -> str:
    """ "all'ora", "al mese", "a persona"."""
    if noun[0].lower() in "aeiou":
        return f"all'{noun}"
    return f"a {noun}" if _gender(noun) is F else f"al {noun}"


def _span(first: str, last: str, word: str, times: bool) -> str:
    """ "da tre a cinque", "dalle nove alle diciotto"; "da" stands there already behind some words."""
    known = word in _PREPOSITIONS
    if not times:
        return f"{first} a {last}" if known else f"da {first} a {last}"
    start = first if known else _at("dalle", first)
    return f"{start} {_at('alle', last)}"


def _at(word: str, hour: str) -> str:
    return f"{word[:-2]}l'{hour}" if hour.startswith("una") else f"{word} {hour}"


def _gender(noun: str) -> Gender | None:
    word = noun.lower()
    if word in _NO_NOUNS:
        return None
    if word in _FEMININE or word.endswith(("zione", "zioni", "sione", "tà")):
        return F
    return F if word.endswith("a") and word not in _MASCULINE_A else M


# fmt: off
_SIGNS = {
    "&": "e", "+": "più", "=": "uguale a", "@": "chiocciola", ".": "punto", ",": "virgola", "/": "barra",
    "-": "trattino", "_": "trattino basso", "%": "per cento", "×": "per", "x": "volte", "over": "su",
    "±": "più o meno", "≈": "circa",
    "§": "paragrafo", "dot": "punto", "second": "secondi", "time": "alle", "time_one": "all'", "°": "gradi",
    "<": "minore di",
    ">": "maggiore di", "‰": "per mille",
}
_CURRENCIES = {
    "€": Currency("euro", "euro", "centesimo", "centesimi"),
    "$": Currency("dollaro", "dollari", "centesimo", "centesimi"),
    "£": Currency("sterlina", "sterline", "penny", "pence", F),
    "¥": Currency("yen", "yen"),
    "₹": Currency("rupia", "rupie", "paisa", "paise", F),
    "R$": Currency("real", "reais", "centavo", "centavi"),
    "CHF": Currency("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
    "Fr.": Currency("franco", "franchi", "centesimo", "centesimi"),
}
_ABBREVIATIONS = {
    "Sig.": "signor", "sig.": "signor", "Sig.ra": "signora", "sig.ra": "signora", "Sig.na": "signorina",
    "Sigg.": "signori", "Dott.": "dottor", "dott.": "dottor", "Dott.ssa": "dottoressa",
    "dott.ssa": "dottoressa", "Dr.": "dottor", "Prof.": "professor", "prof.": "professor",
    "Prof.ssa": "professoressa", "Avv.": "avvocato", "avv.": "avvocato", "Ing.": "ingegner",
    "ing.": "ingegner", "Arch.": "architetto", "Geom.": "geometra", "Rag.": "ragionier", "n.": "numero",
    "N.": "numero", "nr.": "numero", "n°": "numero", "N°": "numero", "nº": "numero", "tel.": "telefono",
    "Tel.": "telefono", "ecc.": "eccetera", "es.": "esempio", "p. es.": "per esempio", "p.es.": "per esempio",
    "ad es.": "ad esempio", "ca.": "circa", "pag.": "pagina", "pagg.": "pagine", "p.zza": "piazza",
    "P.zza": "piazza", "P.za": "piazza", "v.le": "viale", "V.le": "viale", "c.so": "corso", "C.so": "corso",
    "S.": "San", "max.": "massimo", "min.": "minuti", "c.m.": "corrente mese", "u.s.": "ultimo scorso",
    "Ca.": "Circa", "IVA": "iva", "vs.": "versus", "int.": "interno", "L.go": "largo",
}
_CODES = (
    "PIN|IBAN|pin|codice|Codice|password|CAP|conto|Conto|carta|Carta|ordine|Ordine|prenotazione|Prenotazione|"
    "riferimento|Riferimento|fattura|Fattura|cliente|volo|Volo|conferma|pratica|Pratica|interno|ticket|"
    "numero|Numero|fiscale"
)
_MONTHS = {"gen": 1, "feb": 2, "mar": 3, "apr": 4, "mag": 5, "giu": 6, "lug": 7, "ago": 8, "ott": 10,
        "nov": 11, "dic": 12}


def language(region: str) -> Language:
    million, billion = Scale(6, "milione", "milioni"), Scale(9, "miliardo", "miliardi")
    return Language(
        cardinal=_cardinal,
        ordinal=_ordinal,
        year=_year,
        date=_date,
        time=_time,
        fraction=_fraction,
        gender=_gender,
        signs=_SIGNS,
        minus="meno",
        to="a",
        per=_per,
        span=_span,
        between="tra|fra",
        dials="chiami il",
        half={M: "mezzo", F: "mezza"},
        half_after={M: " e mezzo", F: " e mezza"},
        number="numero",
        half_more=" e mezzo",
        and_cents=_cents,
        currencies=_CURRENCIES,
        scales={
            "k": Scale(3), "K": Scale(3), "mila": Scale(3), "mln": million, "Mln": million, "mio": million,
            "M": million, "milione": million, "milioni": million, "mld": billion, "Mld": billion,
            "miliardo": billion, "miliardi": billion,
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="è|il|la|numero|n[.°]|di|cliente|d'ordine|termina|con|per|che",
        months=_MONTHS,
        of_million=lambda noun: f"di {noun}",
        pairs=True,
        elided=("una", "un'", "aeouàèéòù"),
        ordinal_mark="[°ºª]",
        date_before="il|dal|al|del|entro|fino|e",
        hour_words="",
        hour_before="ore|alle|dalle|all|dall",
        year_before="nel|dal|al|anno|anni|del|estate|inverno",
        roman_before="capitolo|Capitolo|tomo|parte|fase|tipo|Guerra|articolo|volume",
        roman_ordinal=r"(?= secolo)",
    )
# fmt: on
