"""Spanish. "uno" and the hundreds agree with the noun; "uno" loses its end before a masculine one."""

from __future__ import annotations

import re

from telephony.text_normalization.language import Currency, F, Gender, Language, M, Scale, plain

_PESOS = frozenset({"MX", "CO", "CL", "AR", "UY", "DO", "CU"})
_NO_NOUNS = frozenset(
    "y o e u a de del al en con por para que es son el la los las un una hasta desde como más menos se si no lo le "
    "ya pero cada sin sobre entre tras durante está están era fue hay tiene tienen queda ahora".split()
)
_PREPOSITIONS = frozenset(
    "de del desde a al el la los las en por para con cada entre unos unas página páginas págs".split()
)
_MASCULINE_A = frozenset("día días problema problemas mapa mapas idioma idiomas sistema sistemas programa programas "
                         "tema temas".split())  # fmt: skip
_FEMININE = frozenset(
    "noche noches habitación habitaciones mujer mujeres opción opciones vez veces sesión sesiones clase clases calle "
    "calles llave llaves tarde tardes parte partes unidad unidades reservación reservaciones".split()
)
_ORDINALS = (
    "cero primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo undécimo duodécimo decimotercero "
    "decimocuarto decimoquinto decimosexto decimoséptimo decimoctavo decimonoveno"
).split()
_TENS = "vigésimo trigésimo cuadragésimo quincuagésimo sexagésimo septuagésimo octogésimo nonagésimo".split()
_FRACTIONS = {2: "medio", 3: "tercio", 4: "cuarto", 5: "quinto", 6: "sexto", 7: "séptimo", 8: "octavo", 9: "noveno",
              10: "décimo"}  # fmt: skip


def _cardinal(number: int, gender: Gender | None) -> str:
    words = plain(number, "es")
    words = re.sub(r"veintiuno (?=mil)", "veintiún ", words)
    words = re.sub(r"\buno (?=mil)", "un ", words)
    if gender is F and number % 1_000_000:
        high, million, low = words.rpartition("mill")
        words = high + million + low.replace("cientos", "cientas").replace("quinientos", "quinientas")
        return re.sub(r"uno$", "una", words)
    if gender is not None:
        return re.sub(r"\buno$", "un", re.sub(r"veintiuno$", "veintiún", words))
    return words


def _ordinal(number: int, gender: Gender, before: str) -> str:
    if number >= 100:
        return _cardinal(number, None)
    words = _ORDINALS[number] if number < 20 else _TENS[number // 10 - 2]
    if number >= 20 and number % 10:
        words += " " + _ORDINALS[number % 10]
    return re.sub(r"o\b", "a", words) if gender is F else words


def _year(number: int) -> str:
    return plain(number, "es")


def _date(day: int, month: str, year: str, before: str) -> str:
    return f"{_cardinal(day, None)} de {month}" + (f" de {year}" if year else "")


_HALVES = {"a": "de la mañana", "p": "de la tarde"}


def _time(hour: int, minute: int, half: str, words: bool) -> str:
    part = _HALVES.get(half, "")
    if half == "p" and hour >= 8 and hour != 12:
        part = "de la noche"
    if hour == 12 and half:
        part = "de la noche" if half == "a" else "del mediodía"
    said = _cardinal(hour, F)
    if minute:
        said += f" {'y ' if minute < 10 else ''}{_cardinal(minute, None)}"
    elif not half and (words or hour == 0 or hour > 12):
        said += " hora" if hour == 1 else " horas"
    return f"{said} {part}".rstrip()


def _fraction(over: int, under: int) -> str:
    name = _FRACTIONS.get(under) or plain(under, "es") + "avo"
    return f"{_cardinal(over, M)} {name}{'' if over == 1 else 's'}"


def _cents(cents: str, number: int, currency: Currency) -> str:
    return f" con {cents} {currency.cent if number == 1 else currency.cents}"


def _span(first: str, last: str, word: str, times: bool) -> str:
    """ "de" stands there already behind some words."""
    return f"{first} a {last}" if word in _PREPOSITIONS else f"de {first} a {last}"


def _gender(noun: str) -> Gender | None:
    word = noun.lower()
    if word in _NO_NOUNS:
        return None
    if word in _FEMININE or word.endswith(("ción", "ciones", "sión", "siones", "dad", "dades", "tud")):
        return F
    return F if word.endswith(("a", "as")) and word not in _MASCULINE_A else M


# fmt: off
_SIGNS = {
    "&": "y", "+": "más", "=": "igual a", "@": "arroba", ".": "punto", ",": "coma", "/": "barra",
    "-": "guion", "_": "guion bajo", "%": "por ciento", "×": "por", "x": "veces", "over": "sobre",
    "±": "más menos", "≈": "aproximadamente",
    "§": "sección", "dot": "punto", "second": "segundos", "time": "a las", "time_one": "a la", "°": "grados",
    "<": "menor que", ">": "mayor que",
    "‰": "por mil",
}
_ABBREVIATIONS = {
    "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores", "Dr.": "doctor",
    "Dra.": "doctora", "D.": "don", "Dña.": "doña", "Prof.": "profesor", "Lic.": "licenciado",
    "Ing.": "ingeniero", "Av.": "avenida", "Avda.": "avenida", "Avd.": "avenida", "C/": "calle",
    "c/": "calle", "Pza.": "plaza", "Pl.": "plaza", "Ctra.": "carretera", "P.º": "paseo", "Núm.": "número",
    "núm.": "número", "Nº": "número", "nº": "número", "N.º": "número", "n.º": "número", "N°": "número",
    "n°": "número", "No.": "número", "p. ej.": "por ejemplo", "P. ej.": "por ejemplo", "etc.": "etcétera",
    "aprox.": "aproximadamente", "tel.": "teléfono", "Tel.": "teléfono", "Tfno.": "teléfono",
    "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "pág.": "página",
    "págs.": "páginas", "min.": "minutos", "máx.": "máximo", "mín.": "mínimo", "ej.": "ejemplo",
    "Sta.": "santa", "Sto.": "santo", "S.": "san", "ext.": "extensión",
    "L-V": "lunes a viernes", "L-J": "lunes a jueves", "L-S": "lunes a sábado", "L-D": "lunes a domingo",
    "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos",
    "Dpto.": "departamento", "Depto.": "departamento", "izq.": "izquierda", "dcha.": "derecha",
    "IVA": "iva", "hab.": "habitación", "vs.": "versus",
}
_CODES = (
    "PIN|IBAN|[Mm]arque el|pin|código|Código|clave|Clave|contraseña|postal|CP|C\\.P\\.|cuenta|Cuenta|tarjeta|"
    "Tarjeta|pedido|Pedido|reserva|Reserva|referencia|Referencia|factura|Factura|cliente|vuelo|Vuelo|"
    "confirmación|extensión|Extensión|caso|expediente|localizador|terminada|DNI|número|Número"
)
_MONTHS = {"ene": 1, "feb": 2, "mar": 3, "abr": 4, "jun": 6, "jul": 7, "ago": 8, "sep": 9, "sept": 9, "oct": 10,
        "nov": 11, "dic": 12, "setiembre": 9}


def language(region: str) -> Language:
    million = Scale(6, "millón", "millones")
    dollar = Currency("dólar", "dólares", "centavo", "centavos")
    peso = Currency("peso", "pesos", "centavo", "centavos")
    return Language(
        cardinal=_cardinal,
        ordinal=_ordinal,
        year=_year,
        date=_date,
        time=_time,
        fraction=_fraction,
        gender=_gender,
        signs=_SIGNS,
        minus="menos",
        to="a",
        span=_span,
        between="entre",
        half={M: "medio", F: "media"},
        half_after={M: " y medio", F: " y media"},
        of_year="de ",
        per=lambda noun: f"por {noun}",
        number="número",
        half_more=" y medio",
        and_cents=_cents,
        currencies={
            "€": Currency("euro", "euros", "céntimo", "céntimos"),
            "$": peso if region in _PESOS else dollar,
            "US$": dollar,
            "£": Currency("libra", "libras", "penique", "peniques", F),
            "¥": Currency("yen", "yenes"),
            "₹": Currency("rupia", "rupias", "paisa", "paisas", F, F),
            "R$": Currency("real", "reales", "centavo", "centavos"),
            "S/": Currency("sol", "soles", "céntimo", "céntimos"),
            "CHF": Currency("franco suizo", "francos suizos", "céntimo", "céntimos"),
            "peso": peso,
        },
        scales={
            "k": Scale(3), "K": Scale(3), "mil": Scale(3), "M": million, "millón": million, "millones": million,
            "mill.": million, "billón": Scale(12, "billón", "billones"), "billones": Scale(12, "billón", "billones"),
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="es|número|n[.º°]*|de|su|el|la|en|termina|terminada|postal|con",
        months=_MONTHS,
        of_million=lambda noun: f"de {noun}",
        pairs=True,
        ordinal_mark=r"\.?[ºª]|\.?er|ra|ro|do|da|to|ta",
        day_mark="de",
        date_before="el|del|al|día|hasta|desde|y|para|antes",
        hour_words=r"horas|hrs?\.?|h\.?",
        hour_before="las|la",
        year_before="en|desde|hasta|de|del|año|años|verano|invierno",
        roman_before="siglo|Siglo|capítulo|Capítulo|tomo|parte|fase|tipo|Guerra|artículo",
    )
# fmt: on
