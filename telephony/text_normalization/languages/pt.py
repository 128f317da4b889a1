"""Portuguese: of Brazil, unless the region says otherwise. One, two and the hundreds agree with the noun."""

from __future__ import annotations

import re
from functools import partial

from telephony.text_normalization.language import Currency, F, Gender, Language, M, Scale, plain, plain_ordinal

_NO_NOUNS = frozenset(
    "e ou a à ao às o os as de do da dos das em no na nos nas com por para que é são se um uma até desde não "
    "mas cada sem sobre entre está estão era foi há tem têm agora".split()
)
_PREPOSITIONS = frozenset(
    "de do da dos das desde a o as os ao à às em no na por para com cada entre até página páginas pág págs".split()
)
_MASCULINE_A = frozenset("dia dias problema problemas mapa mapas idioma idiomas sistema sistemas programa programas "
                         "tema temas".split())  # fmt: skip
_FEMININE = frozenset(
    "noite noites mulher mulheres vez vezes parte partes chave chaves tarde tardes classe classes sessão sessões "
    "unidade unidades opção opções".split()
)
_FRACTIONS = {2: "meio", 3: "terço", 4: "quarto", 5: "quinto", 6: "sexto", 7: "sétimo", 8: "oitavo", 9: "nono",
              10: "décimo"}  # fmt: skip


def _gender(noun: str) -> Gender | None:
    word = noun.lower()
    if word in _NO_NOUNS:
        return None
    if word in _FEMININE or word.endswith(("ção", "ções", "são", "sões", "dade", "dades")):
        return F
    masculine = word in _MASCULINE_A or word.endswith(("grama", "gramas"))
    return F if word.endswith(("a", "as")) and not masculine else M


def _span(first: str, last: str, word: str, times: bool) -> str:
    """ "de três a cinco", "das nove às dezoito"; "de" stands there already behind some words."""
    known = word in _PREPOSITIONS
    if not times:
        return f"{first} a {last}" if known else f"de {first} a {last}"
    start = first if known else f"{'da' if first.startswith('uma') else 'das'} {first}"
    return f"{start} {'à' if last.startswith('uma') else 'às'} {last}"


def _cardinal(name: str, number: int, gender: Gender | None) -> str:
    words = plain(number, name)
    if gender is F and number % 1_000_000:
        high, million, low = _after_millions(words)
        low = re.sub(r"\bum$", "uma", re.sub(r"\bdois\b", "duas", low))
        return high + million + re.sub(r"entos\b", "entas", low)
    return words


def _ordinal(name: str, number: int, gender: Gender, before: str) -> str:
    words = plain_ordinal(number, name)
    return re.sub(r"o\b", "a", words) if gender is F else words


def _date(name: str, day: int, month: str, year: str, before: str) -> str:
    return f"{'primeiro' if day == 1 else _cardinal(name, day, None)} de {month}" + (f" de {year}" if year else "")


def _time(name: str, hour: int, minute: int, half: str, words: bool) -> str:
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    said = _cardinal(name, hour, F)
    if minute:
        return f"{said} e {_cardinal(name, minute, None)}"
    return said + (" hora" if hour == 1 else " horas")


def _fraction(name: str, over: int, under: int) -> str:
    part = _FRACTIONS.get(under) or plain(under, name) + (" avo" if over == 1 else " avos")
    return f"{_cardinal(name, over, M)} {part}{'s' if over > 1 and under in _FRACTIONS else ''}"


# fmt: off
_ABBREVIATIONS = {
    "Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita", "Srs.": "senhores", "Dr.": "doutor",
    "Dra.": "doutora", "D.": "dona", "Prof.": "professor", "Profa.": "professora", "Profª": "professora",
    "Eng.": "engenheiro", "Av.": "avenida", "R.": "rua", "Pç.": "praça", "Pça.": "praça", "Al.": "alameda",
    "Rod.": "rodovia", "nº": "número", "Nº": "número", "n.º": "número", "n°": "número", "N°": "número",
    "No.": "número", "etc.": "et cetera", "p. ex.": "por exemplo", "p.ex.": "por exemplo",
    "ex.": "exemplo", "aprox.": "aproximadamente", "tel.": "telefone", "Tel.": "telefone",
    "pág.": "página", "págs.": "páginas", "min.": "minutos", "máx.": "máximo", "mín.": "mínimo",
    "apto.": "apartamento", "Apto.": "apartamento", "ap.": "apartamento", "Sto.": "santo", "Sta.": "santa",
    "S.": "São", "V. Sa.": "vossa senhoria", "obs.": "observação", "vs.": "versus", "ltda.": "limitada",
    "Ltda.": "limitada", "hab.": "habitantes",
}
_CODES = (
    "PIN|IBAN|pin|código|Código|senha|Senha|CEP|conta|Conta|cartão|Cartão|pedido|Pedido|reserva|Reserva|"
    "referência|Referência|fatura|Fatura|cliente|voo|Voo|confirmação|protocolo|Protocolo|ramal|Ramal|CPF|CNPJ|"
    "postal|número|Número|final|NIF"
)
_MONTHS = {"jan": 1, "fev": 2, "mar": 3, "abr": 4, "mai": 5, "jun": 6, "jul": 7, "ago": 8, "set": 9, "out": 10,
        "nov": 11, "dez": 12}


def _currencies(cent: str) -> dict[str, Currency]:
    return {
        "R$": Currency("real", "reais", "centavo", "centavos"),
        "€": Currency("euro", "euros", cent, cent + "s"),
        "$": Currency("dólar", "dólares", "centavo", "centavos"),
        "US$": Currency("dólar", "dólares", "centavo", "centavos"),
        "£": Currency("libra", "libras", "penny", "pence", F),
        "¥": Currency("iene", "ienes"),
        "₹": Currency("rupia", "rupias", "paisa", "paisas", F, F),
        "CHF": Currency("franco suíço", "francos suíços", "cêntimo", "cêntimos"),
    }


def language(region: str) -> Language:
    name = "pt" if region in ("PT", "AO", "MZ", "CV") else "pt_BR"
    million = Scale(6, "milhão", "milhões")
    billion = Scale(9, "mil milhões", "mil milhões") if name == "pt" else Scale(9, "bilhão", "bilhões")
    cent = "cêntimo" if name == "pt" else "centavo"
    return Language(
        cardinal=partial(_cardinal, name),
        ordinal=partial(_ordinal, name),
        year=lambda number: plain(number, name),
        date=partial(_date, name),
        time=partial(_time, name),
        fraction=partial(_fraction, name),
        gender=_gender,
        signs={
            "&": "e", "+": "mais", "=": "igual a", "@": "arroba", ".": "ponto", ",": "vírgula", "/": "barra",
            "-": "hífen", "_": "underline" if name == "pt_BR" else "sublinhado", "%": "por cento", "×": "vezes",
            "x": "vezes", "over": "sobre",
            "±": "mais ou menos", "≈": "cerca de", "§": "parágrafo", "dot": "ponto", "second": "segundos",
            "time": "às", "time_one": "à",
            "°": "graus", "<": "menor que", ">": "maior que", "‰": "por mil",
        },
        minus="menos",
        to="a",
        span=_span,
        between="entre",
        dials="ligue para|disque",
        half={M: "meio", F: "meia"},
        half_after={M: " e meio", F: " e meia"},
        of_year="de ",
        per=lambda noun: f"por {noun}",
        number="número",
        half_more=" e meio",
        and_cents=_cents,
        currencies=_currencies(cent),
        scales={
            "k": Scale(3), "K": Scale(3), "mil": Scale(3), "mi": million, "M": million, "milhão": million,
            "milhões": million, "bi": billion, "bilhão": billion, "bilhões": billion,
        },
        abbreviations=_ABBREVIATIONS,
        codes=_CODES,
        links="é|número|n[.º°]*|do|da|de|o|a|seu|sua|termina|em|com|postal",
        months=_MONTHS,
        of_million=lambda noun: f"de {noun}",
        pairs=True,
        ordinal_mark=r"\.?[ºª°]",
        day_mark="de",
        date_before="dia|em|até|desde|de|no|ao|e|a",
        hour_words=r"horas?|hrs?|h",
        hour_before="às|as|das|à",
        year_before="em|desde|até|de|ano|anos|verão|inverno",
        singular_below_two=True,
        roman_before="século|Século|capítulo|Capítulo|tomo|parte|fase|tipo|Guerra|artigo",
    )
# fmt: on


def _after_millions(words: str) -> tuple[str, str, str]:
    found = re.match(r"(.*(?:ilhão|ilhões|ilião|iliões))(.*)", words)
    return (found[1], "", found[2]) if found else ("", "", words)


def _cents(cents: str, number: int, currency: Currency) -> str:
    return f" e {cents} {currency.cent if number == 1 else currency.cents}"
