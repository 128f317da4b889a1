"""Text as a model writes it -> text as TTS should speak it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.text_normalization import spoken_form, supported
from tests.text_normalization.strings import LANGUAGES, Row, rows


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("We open at 9:00 AM and close at 17:30.", "We open at nine AM and close at seventeen thirty."),
        ("It costs $12.50.", "It costs twelve dollars and fifty cents."),
        ("That is €1,000 for 3 people.", "That is one thousand euros for three people."),
        ("**Hello** there 😀", "Hello there"),
        ("*smiles warmly* Sure (laughs)", "Sure"),
        ("See https://www.example.com/foo?x=1.", "See example dot com."),
        ("[our page](https://example.com) tells", "our page tells"),
        ("Write to john.doe@example.com", "Write to john dot doe at example dot com"),
        ("Call +1 555-123-4567", "Call plus one, five five five, one two three, four five six seven"),
        ("Room 12, code 00423", "Room twelve, code zero zero four two three"),
        ("On 2026-03-05 at 7pm.", "On March fifth, twenty twenty-six at seven PM."),
        ("Dr. Smith & co., 50% off", "Doctor Smith and co., fifty percent off"),
        ("- one item", "one item"),
        ("1. First", "First"),
        ("# Title", "Title"),
        ("the 21st, in 1999", "the twenty-first, in nineteen ninety-nine"),
        ("It's 5°C, version 3.5", "It's five degrees Celsius, version three point five"),
        ("👍", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_written_forms_become_words(written: str, spoken: str) -> None:
    """Numbers, money, dates, times and addresses become words before synthesis; markup and emoji are removed."""
    assert spoken_form(written) == spoken


ROWS = [(language, row) for language in LANGUAGES for row in rows(language)]


@pytest.mark.parametrize(("language", "row"), ROWS, ids=[f"{language}: {row.written}" for language, row in ROWS])
def test_the_strings_of_each_language(language: str, row: Row) -> None:
    assert spoken_form(row.written, language) == row.spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_sixty_strings(language: str) -> None:
    written = [row.written for row in rows(language)]
    assert len(set(written)) == len(written) >= 60


@pytest.mark.parametrize(
    ("language", "written", "parts"),
    [
        ("en", "1,000,000 people", ["one million"]),
        ("en", "$3.5 million", ["three point five million dollars"]),
        ("en", "Total: $20k.", ["twenty thousand dollars"]),
        ("en", "Card 4242 4242 4242 4242.", ["four two four two"] * 4),
        ("en", "Your PIN is 1234.", ["one two three four"]),
        ("en", "Version 2.0.1", ["two point zero point one"]),
        ("en", "Open 9am-5pm.", ["nine AM to five PM"]),
        ("en", "On 12/25/2024.", ["December", "twenty-fifth"]),
        ("en", "-$5.00", ["minus five dollars"]),
        ("en", "Oak Dr.", ["Drive"]),
        ("en", "Take 100 mg.", ["milligrams"]),
        ("de", "1.234 Euro", ["tausendzweihundertvierunddreißig"]),
        ("de", "030 1234567", ["null drei null"]),
        ("de", "Um 15:30 Uhr.", ["fünfzehn Uhr dreißig"]),
        ("de", "Am 05.03.2026.", ["fünften März"]),
        ("es", "1.500 euros", ["mil quinientos"]),
        ("fr", "1 234 €", ["mille deux cent trente-quatre euros"]),
        ("pt", "R$ 1.234,56", ["mil duzentos", "reais"]),
    ],
)
def test_what_callers_have_heard_wrong(language: str, written: str, parts: list[str]) -> None:
    at, spoken = 0, spoken_form(written, language)
    for part in parts:
        at = spoken.index(part, at) + len(part)


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("en-GB", "On 25/12/2024 at 7.30.", "On the twenty-fifth of December twenty twenty-four at seven thirty."),
        ("en_US", "On 12/25/2024.", "On December twenty-fifth, twenty twenty-four."),
        ("es-MX", "$1,234.50", "mil doscientos treinta y cuatro pesos con cincuenta centavos"),
        ("pt-PT", "16 euros", "dezasseis euros"),
        ("pt-BR", "16 reais", "dezesseis reais"),
        ("fr-CH", "91 francs", "nonante et un francs"),
        ("de-CH", "1'234.50 CHF", "eintausendzweihundertvierunddreißig Franken fünfzig"),
        ("deu", "5 €", "fünf Euro"),
    ],
)
def test_the_region_decides_where_usage_differs(language: str, written: str, spoken: str) -> None:
    assert spoken_form(written, language) == spoken


@pytest.mark.parametrize("language", ["ja", "no", "xx", ""])
@pytest.mark.parametrize("text", ["03-1234-5678", "**3** tables 😀\n", "---", ""])
def test_a_language_without_rules_is_left_as_it_is(language: str, text: str) -> None:
    """Exactly: another language's rules would say other values."""
    assert not supported(language)
    assert spoken_form(text, language) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_written_in_words_is_left_alone(language: str) -> None:
    text = "Una a de la the und, die! Wo? Dr"
    assert supported(language)
    assert spoken_form("Salut mama, no problem. Bravo!", language) == "Salut mama, no problem. Bravo!"
    assert spoken_form(text, language).startswith("Una a de la the und, die! Wo?")


def test_a_call_in_one_language_loads_no_other() -> None:
    code = (
        "import sys; from telephony.text_normalization import spoken_form; spoken_form('5', 'en');"
        "print([name for name in sys.modules if 'normalization.languages.' in name])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['telephony.text_normalization.languages.en']"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_unit_costs_little(language: str) -> None:
    """Far below a millisecond of CPU on average: it runs on the event loop. A hundredfold mistake is found here."""
    texts = [row.written for row in rows(language)]
    began = time.process_time()
    for text in texts * 3:
        spoken_form(text, language)
    assert (time.process_time() - began) / len(texts) / 3 < 0.003


@pytest.mark.parametrize(
    "piece", ["1", "1,", "1 ", "1-", "a.", "$", "1/", "A1-", "+(1", ":", "a@", "(1) ", "12:30", "1x", "Mon-", "a-", "#"]
)
def test_no_text_takes_long(piece: str) -> None:
    """The time is about proportional to the length: 8,000 characters of anything are done at once."""
    text = piece * (8_000 // len(piece))
    began = time.process_time()
    spoken_form(text, "en")
    spoken_form(text, "de")
    assert time.process_time() - began < 5


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.text(max_size=200))
@settings(max_examples=100)
def test_never_raises_and_is_idempotent(language: str, text: str) -> None:
    """For any text; the length stays bounded, and a second pass changes nothing."""
    once = spoken_form(text, language)
    assert len(once) <= 40 * len(text) + 40
    twice = spoken_form(once, language)
    assert spoken_form(twice, language) == twice


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.from_regex(r"[-$€£+#*_\[\](){}<>|`~@:/.,%°0-9 apm&]{0,60}", fullmatch=True))
@settings(max_examples=100)
def test_digits_and_signs_in_any_order_never_raise(language: str, text: str) -> None:
    """Any sequence of digits and signs is accepted."""
    spoken_form(text, language)
