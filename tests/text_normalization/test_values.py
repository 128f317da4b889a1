"""The value survives: whatever number is written in whatever way, its words say that number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from telephony.text_normalization import spoken_form
from telephony.text_normalization.rules import Rules
from tests.text_normalization.strings import LANGUAGES
from tests.text_normalization.values import NAMES, value

GROUP = {"en": ",", "fr": "\u202f"}
DECIMAL = {"en": "."}
CODE = {"en": "Your PIN is", "de": "Ihre PIN lautet", "es": "Su PIN es", "fr": "Votre code est", "it": "Il suo PIN è",
        "pt": "Sua senha é", "nl": "Uw pincode is"}  # fmt: skip
EUROS = {"en": "euros?", "de": "Euro", "es": "(?:de )?euros?", "fr": "(?:d')?euros?", "it": "(?:di )?euro",
         "pt": "(?:de )?euros?", "nl": "euro"}  # fmt: skip
CENTS = {"en": "cents?", "de": "Cent", "es": "céntimos?", "fr": "centimes?", "it": "centesim[io]", "pt": "centavos?",
         "nl": "cent"}  # fmt: skip


def grouped(number: int, language: str) -> str:
    return f"{number:,}".replace(",", GROUP.get(language, "."))


def digits_of(words: str, language: str) -> str:
    """The digits that are said one by one."""
    names = {str(num2words(digit, lang=NAMES[language])): str(digit) for digit in range(10)}
    return "".join(names[word] for word in re.split(r"[ ,.]+", words) if word in names)


@pytest.mark.parametrize("language", LANGUAGES)
@given(number=st.one_of(st.integers(0, 999), st.integers(0, 10**6), st.integers(0, 10**11)))
@settings(deadline=None)
def test_a_whole_number_with_separators(language: str, number: int) -> None:
    assert value(spoken_form(grouped(number, language), language), language) == number


@pytest.mark.parametrize("language", LANGUAGES)
@given(number=st.one_of(st.integers(0, 999), st.integers(1, 10**9)))
@settings(deadline=None)
def test_a_negative_number(language: str, number: int) -> None:
    minus, _, words = spoken_form(f"-{grouped(number, language)}", language).partition(" ")
    assert minus == spoken_form("-1", language).split()[0]
    assert value(words, language) == number


@pytest.mark.parametrize("language", LANGUAGES)
@given(number=st.integers(0, 10**6), part=st.from_regex(r"[0-9]{1,5}", fullmatch=True))
@settings(deadline=None)
def test_a_decimal_number(language: str, number: int, part: str) -> None:
    mark = DECIMAL.get(language, ",")
    words = spoken_form(f"{grouped(number, language)}{mark}{part}", language)
    whole, _, fraction = re.split(r" (point|Komma|coma|virgule|virgola|vírgula|komma) ", words)
    assert value(whole, language) == number
    try:
        assert f"{value(fraction, language)}" == part
    except KeyError:
        assert digits_of(fraction, language) == part


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["{} €", "€{}", "EUR {}", "-{}€"])
@given(number=st.one_of(st.integers(0, 999), st.integers(1, 10**9)), cents=st.integers(0, 99))
@settings(deadline=None)
def test_money(language: str, form: str, number: int, cents: int) -> None:
    amount = f"{grouped(number, language)}{DECIMAL.get(language, ',')}{cents:02}"
    words = spoken_form(form.format(amount), language)
    words = words.removeprefix(spoken_form("-1", language).split()[0]) if form[0] == "-" else words
    whole, euros, rest = re.match(rf"(?:(.*?) ?({EUROS[language]})\b)?(.*)$", words.strip()).groups()  # type: ignore[union-attr]
    assert (value(whole, language) if euros else 0) == number
    rest = re.sub(rf" {CENTS[language]}$", "", re.sub(r"^ ?(?:and|und|con|et|e|en)\b", "", rest))
    assert (value(rest, language) if rest.strip() else 0) == cents


@pytest.mark.parametrize("language", LANGUAGES)
@given(digits=st.from_regex(r"[0-9]{4,12}", fullmatch=True))
@settings(deadline=None)
def test_a_pin_digit_by_digit(language: str, digits: str) -> None:
    words = spoken_form(f"{CODE[language]} {digits}.", language).removeprefix(CODE[language])
    assert digits_of(words, language) == digits


@pytest.mark.parametrize("language", LANGUAGES)
@given(groups=st.lists(st.from_regex("[0-9]{2,4}", fullmatch=True), min_size=2, max_size=3), sign=st.sampled_from(" -"))
@settings(deadline=None)
def test_a_telephone_number_with_its_zeros(language: str, groups: list[str], sign: str) -> None:
    written = "+49 30" + sign + sign.join(groups)
    assert digits_of(spoken_form(written, language), language) == "4930" + "".join(groups)


@pytest.mark.parametrize("language", LANGUAGES)
@given(text=st.from_regex(r"([A-Za-zÄÖäß$€£%°#&+./:,\-–()' ]{0,3}[0-9]{1,6}){1,6}[%€$A-Za-z. ]{0,4}", fullmatch=True))
@settings(deadline=None)
def test_no_digit_is_left_and_none_is_invented_from_nothing(language: str, text: str) -> None:
    """Any string of digits and signs becomes words, and never raises. A text without digits says no number."""
    spoken = spoken_form(text, language)
    assert not re.search(r"[0-9]", spoken), spoken
    assert spoken


def test_rules_are_made_once() -> None:
    from telephony.text_normalization import rules_for

    assert isinstance(rules_for("de"), Rules)
    assert rules_for("de") is rules_for("de")
