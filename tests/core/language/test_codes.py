"""A language may be written in many ways; each place that looks one up knows it by one code."""

from __future__ import annotations

import pytest

from telephony.core.language.codes import primary
from telephony.core.language.english import ENGLISH
from telephony.core.language.registry import language_for
from telephony.tape.policy_checks import is_language
from telephony.text_normalization import spoken_form
from telephony.twilio.twiml import hang_up


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("en_GB", "en"),
        (" en_US.UTF-8 ", "en"),
        ("zh-Hant-TW", "zh"),
        ("sr@latin", "sr"),
        ("nb", "no"),
        ("nn-NO", "no"),
        ("iw", "he"),
        ("iw-IL", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("mo", "ro"),
        ("tl", "fil"),
        ("tl-PH", "fil"),
        ("fil", "fil"),
        ("eng", "en"),
        ("deu", "de"),
        ("ger", "de"),
        ("nob", "no"),
        ("cmn-Hans", "zh"),
        ("heb", "he"),
        ("yue", "yue"),
        ("", ""),
        ("und", ""),
        ("mul", ""),
        ("auto", ""),
        ("english", ""),
        ("e", ""),
        ("dé", ""),
        ("-US", ""),
    ],
)
def test_one_code_for_each_language(tag: str, code: str) -> None:
    """No script, region, case, former or national variety; "" for what names no language."""
    assert primary(tag) == code
    assert primary(code) == code


@pytest.mark.parametrize("tag", ["en", "EN", "en-US", "en_GB", "eng"])
def test_every_spelling_of_english_has_the_rules_of_english(tag: str) -> None:
    assert language_for(tag) is ENGLISH
    assert spoken_form("It is 7 km", tag) == spoken_form("It is 7 km", "en") == "It is seven kilometers"


@pytest.mark.parametrize("tag", ["pt", "PT", "pt_BR", "por"])
def test_every_spelling_of_portuguese_spells_out_numbers(tag: str) -> None:
    assert spoken_form("7", tag) == "sete"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("en", "en-US"),
        ("en-AU", "en-AU"),
        ("en_au", "en-AU"),
        ("deu", "de-DE"),
        ("nn", "nb-NO"),
        ("zh-Hant-TW", "cmn-CN"),
        ("zh-TW", "zh-TW"),
        ("cmn-CN", "cmn-CN"),
        ("arb", "arb"),
        ("iw-IL", "he-IL"),
        ("es-419", "es-ES"),
    ],
)
def test_the_carriers_voice_gets_a_locale_that_it_knows(tag: str, locale: str) -> None:
    assert f'language="{locale}"' in hang_up("Goodbye.", tag)


@pytest.mark.parametrize("tag", ["", "eu", "auto"])
def test_the_carriers_voice_gets_no_locale_rather_than_a_wrong_one(tag: str) -> None:
    assert "language=" not in hang_up("Goodbye.", tag)


def test_a_tape_with_a_posix_locale_can_be_read() -> None:
    assert is_language("en_US")
