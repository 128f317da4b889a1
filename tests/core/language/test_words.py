"""What short utterances mean to turn-taking, and which words of a transcript are new."""

from __future__ import annotations

import pytest

from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.language.words import (
    alike,
    backchannel,
    beyond,
    continues,
    gist,
    is_farewell,
    unfinished_backchannel,
    wants_the_floor,
    without,
    words,
)

EN = language_for("en-GB")
UNKNOWN = language_for("xx")


def test_words_are_lower_case_and_without_punctuation() -> None:
    """Transcripts differ in case, apostrophes and full stops, and mean the same."""
    assert words("I’d like — UH-HUH, 2 tables!") == ["i'd", "like", "uh-huh", "2", "tables"]
    assert words(" ... ") == []


@pytest.mark.parametrize("text", ["mm-hm", "Yeah.", "okay, okay", "I see", "oh I see", "yeah, that's right", "uh huh"])
def test_listener_words_do_not_ask_for_the_floor(text: str) -> None:
    """Backchannels alone, in any mixture of up to four words."""
    assert backchannel(text, EN)
    assert not wants_the_floor(text, EN)


@pytest.mark.parametrize(
    "text", ["no", "stop", "wait", "hold on", "yeah but", "okay stop", "I see a problem", "mm-hm what"]
)
def test_objections_ask_for_the_floor(text: str) -> None:
    """One word that is none of a listener's is enough."""
    assert wants_the_floor(text, EN)


def test_five_listener_words_are_more_than_listening() -> None:
    """Nobody murmurs that much: it is the beginning of a turn."""
    assert not backchannel("yeah yeah okay sure right", EN)


def test_nothing_is_no_backchannel_and_wants_nothing() -> None:
    """Empty transcripts are no evidence of anything."""
    assert not backchannel("", EN)
    assert not wants_the_floor("", EN)
    assert not unfinished_backchannel("", EN)


def test_a_phrase_of_a_listener_may_be_half_said() -> None:
    """ "I" may become "I see"; "I want" cannot, nor can "no"."""
    assert unfinished_backchannel("I", EN)
    assert unfinished_backchannel("okay that's", EN)
    assert not unfinished_backchannel("I want", EN)
    assert not unfinished_backchannel("no", EN)


def test_goodbyes() -> None:
    """A farewell is nothing but words of a goodbye."""
    assert is_farewell("thank you, bye bye", EN)
    assert not is_farewell("bye wait", EN)


def test_without_data_every_word_asks_for_the_floor() -> None:
    """In a language that we know nothing of, no word can be taken for a murmur."""
    assert Language() == UNKNOWN
    assert wants_the_floor("mhm", UNKNOWN)
    assert not backchannel("mhm", UNKNOWN)


def test_gist_is_the_same_for_the_same_meaning() -> None:
    """Case, full stops, fillers and figures do not change a meaning; another word does."""
    assert gist("Um, four please.", EN) == gist("4 please", EN)
    assert gist("a table for two", EN) != gist("a table for ten", EN)
    assert gist("I want it", EN) != gist("I want it not", EN)
    assert gist("um", EN) == ()


def test_what_is_beyond_a_partial() -> None:
    """The rest of a final behind the partial that was taken for it, with words that were misheard and all."""
    assert beyond("What time do you open?", "what time") == "do you open?"
    assert beyond("I want a table for two", "I want a cable") == "for two"
    assert beyond("I want a table", "I want a cable") == ""
    assert beyond("four", "for") == ""
    assert beyond("a table for two", "yes") == "a table for two"
    assert beyond("yes", "") == "yes"
    assert beyond("", "yes") == ""


def test_a_new_sentence_is_not_taken_for_the_old() -> None:
    """Words are only taken out of a text that begins with them, or nearly so."""
    assert without("I want a table for two", "I want a") == "table for two"
    assert without("what is the time please", "what's the time") == "please"
    assert without("yes please", "no thanks") == "yes please"
    assert without("yes", "") == "yes"
    assert continues("My number is four", "my number")
    assert not continues("my", "my number")
    assert not alike("book a table", "cancel the order")
