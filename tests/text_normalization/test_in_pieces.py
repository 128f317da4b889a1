"""A reply comes in pieces, and a value may be split between any two characters: the words stay the same."""

from __future__ import annotations

import functools

import pytest

from telephony.core.speaking.phrasing import Phrasing
from telephony.core.speaking.sentence_ends import writes_ordinals_with_dots
from telephony.text_normalization import rules_for, spoken_form
from tests.text_normalization.strings import LANGUAGES, rows

AROUND = ("{}", "{}, ok.", "Ok. {} Ok.", "Thanks Maria, thanks Antonio, thanks for everything, {}")
"""By itself, within a sentence, between sentences, and behind a first clause that is spoken early."""
_spoken_form = functools.cache(spoken_form)


def said(pieces: list[str], language: str) -> str:
    """What is sent to the voice for a reply that comes in these pieces."""
    phrasing = Phrasing(ordinals=writes_ordinals_with_dots(language))
    units = [unit for piece in pieces for unit in phrasing.add(piece)] + phrasing.end()
    return " ".join(filter(None, (_spoken_form(unit, language) for unit in units)))


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_may_be_split_anywhere(language: str, around: str) -> None:
    """Every string of the tables: in two pieces, split at each place, and in single characters."""
    for row in rows(language):
        text = around.format(row.written)
        whole = said([text], language)
        assert said(list(text), language) == whole
        assert {said([text[:at], text[at:]], language) for at in range(1, len(text))} == {whole}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_string_is_one_unit(language: str) -> None:
    """Its words are those of the table when they come through a reply too."""
    for row in rows(language):
        assert said([row.written], language) == row.spoken


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_unit_ends_between_an_abbreviation_and_its_number(language: str) -> None:
    """Whatever is spoken in full is known to whoever divides a reply into units."""
    for short in rules_for(language).language.abbreviations:
        if short.endswith("."):
            text = f"ok {short} 5 abc"
            assert said(list(text), language) == said([text], language) == spoken_form(text, language)
