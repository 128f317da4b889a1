"""A language may be written in many ways; each place that looks one up knows it by one code."""

from __future__ import annotations

import pytest

from telephony.core.language.codes import UNKNOWN, as_meant, is_tag, primary
from telephony.core.language.english import ENGLISH
from telephony.core.language.registry import language_for
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
        ("english", "en"),
        ("jp", "ja"),
        ("CZ", "cs"),
        ("dk", "da"),
        ("us", "en"),
        ("gb", "en"),
        ("gr", "el"),
        ("se", "sv"),
        ("cn", "zh"),
        ("kr", "ko"),
        ("ua", "uk"),
        ("br", "pt"),
        ("uk", "uk"),
        ("ca", "ca"),
        ("sme", "sme"),
        ("cym", "cy"),
        ("Deutsch", "de"),
        ("Espa\u00f1ol", "es"),
        ("espanol", "es"),
        ("\u65e5\u672c\u8a9e", "ja"),
        ("English (US)", "en"),
        ("Brazilian Portuguese", "pt"),
        ("spanish_mexico", "es"),
        ("en (US)", "en"),
        ("en-US,en;q=0.9", "en"),
        ("pt_BR.UTF-8", "pt"),
        ("zh-Hans-CN", "zh"),
        ("German and English", ""),
        ("de, en", ""),
        ("not a language", ""),
        ("xx", ""),
        ("C.UTF-8", ""),
        ("german" + " " * 100, "de"),
        (" " * 100 + "x" * 10_000, ""),
        ("e", ""),
        ("dé", ""),
        ("-US", ""),
    ],
)
def test_one_code_for_each_language(tag: str, code: str) -> None:
    """No script, region, case, former or national variety; "" for what names no language."""
    assert primary(tag) == code
    assert primary(code) == code


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("pt-BR", "pt-BR"),
        ("zh_Hant_TW", "zh_Hant_TW"),
        ("nb", "nb"),
        ("deu", "deu"),
        (" en_GB.UTF-8 ", "en_GB"),
        ("sr@latin", "sr"),
        ("jp", "ja"),
        ("jp-JP", "ja"),
        ("se", "sv"),
        ("Deutsch", "de"),
        ("xx", UNKNOWN),
        ("auto", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_tag_is_kept_and_what_is_none_replaced(tag: str, meant: str) -> None:
    """With its region, which the carrier's voice can use. A tape can be read with any of them."""
    assert as_meant(tag) == meant
    assert as_meant(meant) == meant
    assert is_tag(meant)


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
    assert is_tag("en_US")
