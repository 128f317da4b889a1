"""What short utterances mean for turn-taking, and which words of a transcript are new."""

from __future__ import annotations

import pytest

from telephony.core.language.farewells import is_farewell, parts
from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.language.words import (
    alike,
    backchannel,
    beyond,
    claims_the_floor,
    continues,
    unfinished_backchannel,
    wants_the_floor,
    without,
    words,
)

EN = language_for("en-GB")
UNKNOWN = language_for("xx")


def test_words_are_lower_case_and_without_punctuation() -> None:
    """Transcripts may differ in case, apostrophes and punctuation without differing in meaning."""
    assert words("I’d like — UH-HUH, 2 tables!") == ["i'd", "like", "uh-huh", "2", "tables"]
    assert words(" ... ") == []


@pytest.mark.parametrize("text", ["mm-hm", "Yeah.", "okay, okay", "I see", "oh I see", "yeah, that's right", "uh huh"])
def test_listener_words_do_not_ask_for_the_floor(text: str) -> None:
    """Up to four backchannel words, in any combination, do not take the turn."""
    assert backchannel(text, EN)
    assert not wants_the_floor(text, EN)


@pytest.mark.parametrize(
    "text", ["no", "stop", "wait", "hold on", "yeah but", "okay stop", "I see a problem", "mm-hm what"]
)
def test_objections_ask_for_the_floor(text: str) -> None:
    """One word that is not a backchannel is enough."""
    assert wants_the_floor(text, EN)


def test_five_listener_words_are_more_than_listening() -> None:
    """More than four of them count as the beginning of a turn."""
    assert not backchannel("yeah yeah okay sure right", EN)


def test_empty_text_is_no_backchannel_and_does_not_ask_for_the_floor() -> None:
    """An empty transcript is evidence of nothing."""
    assert not backchannel("", EN)
    assert not wants_the_floor("", EN)
    assert not unfinished_backchannel("", EN)


def test_a_partial_backchannel_is_recognised() -> None:
    """ "I" may become "I see"; "I want" cannot, nor can "no"."""
    assert unfinished_backchannel("I", EN)
    assert unfinished_backchannel("okay that's", EN)
    assert not unfinished_backchannel("I want", EN)
    assert not unfinished_backchannel("no", EN)


def test_goodbyes() -> None:
    """A farewell contains only words of a goodbye."""
    assert is_farewell("thank you, bye bye", EN)
    assert not is_farewell("bye wait", EN)
    assert not is_farewell("", EN)


@pytest.mark.parametrize(
    "text",
    [
        "bye-bye", "Bye, bye!", "take care", "Thank you so much.", "you too",
        "okay thanks a lot, have a lovely evening",
        "thank you so much for your help, have a great day, bye bye", "see you later", "take", "thank you so",
        "thanks b",
    ],
)  # fmt: skip
def test_good_wishes_are_a_goodbye_too(text: str) -> None:
    """Of any length, and before its last phrase is complete."""
    assert is_farewell(text, EN)


@pytest.mark.parametrize(
    "text", ["oh wait, one more thing", "take me to the manager", "bye what", "so when do you open", "no", "b"]
)
def test_a_new_request_is_no_goodbye(text: str) -> None:
    """Whatever its first words are."""
    assert not is_farewell(text, EN)


def test_what_says_goodbye() -> None:
    """A word of parting in the last sentence."""
    assert parts("Thank you for calling. Have a lovely evening, goodbye.")
    assert parts("Gracias por llamar. ¡Adiós!")
    assert not parts("Say goodbye to end the call. What can I do for you?")
    assert not parts("")


def test_without_data_every_word_asks_for_the_floor() -> None:
    """In a language without data, every word but a murmur asks for the floor."""
    assert Language() == UNKNOWN
    assert wants_the_floor("hola", UNKNOWN)
    assert claims_the_floor("no", UNKNOWN)
    assert not backchannel("hola", UNKNOWN)


@pytest.mark.parametrize("language", [EN, UNKNOWN])
@pytest.mark.parametrize("text", ["mhm", "Ok.", "Sí, sí", "ja", "Oui", "haan", "d'accord", "ok ja genau"])
def test_murmurs_are_known_in_every_language(text: str, language: Language) -> None:
    """Callers murmur in their own language, also to an agent that speaks another."""
    assert backchannel(text, language)
    assert not wants_the_floor(text, language)
    assert not claims_the_floor(text, language)


def test_the_beginning_of_a_murmur_may_become_one() -> None:
    """Where there is no data, the first letters of a murmur are no word yet."""
    assert unfinished_backchannel("ou", UNKNOWN)
    assert not unfinished_backchannel("no", UNKNOWN)
    assert not unfinished_backchannel("ja pero", UNKNOWN)


def test_what_is_beyond_a_partial() -> None:
    """`beyond` returns what a final adds to the partial that was used in its place, even if that had words misheard."""
    assert beyond("What time do you open?", "what time") == "do you open?"
    assert beyond("I want a table for two", "I want a cable") == "for two"
    assert beyond("I want a table", "I want a cable") == ""
    assert beyond("four", "for") == ""
    assert beyond("a table for two", "yes") == "a table for two"
    assert beyond("yes", "") == "yes"
    assert beyond("", "yes") == ""


def test_a_new_sentence_is_not_taken_for_the_old() -> None:
    """Words are removed only from a text that begins with them, or nearly so."""
    assert without("I want a table for two", "I want a") == "table for two"
    assert without("what is the time please", "what's the time") == "please"
    assert without("yes please", "no thanks") == "yes please"
    assert without("yes", "") == "yes"
    assert continues("My number is four", "my number")
    assert not continues("my", "my number")
    assert not alike("book a table", "cancel the order")
