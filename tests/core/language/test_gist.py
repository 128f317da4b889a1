"""The gist of a text, as tables: what says the same in another form, and what asks for another reply."""

from __future__ import annotations

import pytest

from telephony.core.language.gist import gist
from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.tape.redaction.substitution import Substitution, known_words

EN = language_for("en")
SAME = (
    ("I'd like a table", "I would like a table"),
    ("a table for nine please", "A table for 9, please."),
    ("um what time do you open", "What time do you open?"),
    ("what what time do you open", "what time do you open"),
    ("what time what time do you open", "what time do you open"),
    ("five five five oh one two three four five six", "555 012 3456"),
    ("nine thirty", "9:30"),
    ("four two seven one", "4271"),
    ("twenty-five people", "25 people"),
    ("twenty five people", "twenty-five people"),
    ("a hundred and twenty euros", "120 euros"),
    ("two hundred and five", "205"),
    ("one thousand five hundred", "1,500"),
    ("I can't come", "I cannot come"),
    ("I won't come", "I will not come"),
    ("it's the red one", "It is a red one."),
    ("s m i t h", "S-M-I-T-H"),
    ("john dot smith at example dot com", "john.smith@example.com"),
    ("at nine a.m.", "at 9 am"),
    ("double five three", "553"),
    ("what's the price", "what is the price"),
    ("I wanna cancel", "I want to cancel"),
    ("check-in is when", "check in is when"),
    ("I I I want to", "I want to"),
    ("two point five", "2.5"),
    ("you're closed", "You are closed"),
    ("Um, yes.", "yes"),
    ("I'm late", "I am late"),
    ("they've gone", "they have gone"),
    ("I didn't call", "I did not call"),
    ("twenty one", "21"),
    ("one hundred", "100"),
    ("the five o'clock train", "the 5 o'clock train"),
    ("yes yes", "Yes!"),
    ("okay then", "ok then"),
    ("zero point five", "0.5"),
    ("room number 12", "room number twelve"),
    ("seven thirty p.m.", "7:30 PM"),
    ("double oh seven", "007"),
    ("could you could you call", "Could you call?"),
    ("two thousand", "2,000"),
    ("three hundred and twelve pounds", "312 pounds"),
    ("it is twenty-first street", "it is twenty first street"),
    ("oh five four", "054"),
    ("ANNA SMITH", "Anna Smith."),
)
"""Punctuation, case, fillers, articles, contractions, number spelling, hyphens and stammers are nothing."""
OTHER = (
    ("I can come", "I can't come"),
    ("I want it", "I want it not"),
    ("a table for two", "a table for ten"),
    ("fifteen people", "fifty people"),
    ("flight to Rome", "flight from Rome"),
    ("call Anna", "call Anne"),
    ("a n n a", "a n a"),
    ("b o o k", "b o k"),
    ("two three days", "twenty three days"),
    ("yes", "no"),
    ("it is open", "is it open"),
    ("book it", "cancel it"),
    ("do you open", "do you open on Sundays"),
    ("plan A", "plan"),
    ("a b c", "b c"),
    ("five five", "five"),
    ("I did not say no", "I did say no"),
    ("Monday", "Sunday"),
    ("I'd like a table", "I had a table"),
    ("one table", "tables"),
    ("can I come", "I can come"),
    ("nobody came", "somebody came"),
    ("with ketchup", "without ketchup"),
    ("forty", "fourteen"),
    ("two hundred five", "two hundred fifty"),
    ("vitamin a", "vitamin"),
    ("never on Sundays", "on Sundays"),
    ("the red one", "the red two"),
    ("before nine", "after nine"),
    ("my order", "your order"),
    ("I have none", "I have one"),
    ("don't cancel", "cancel"),
    ("eighteen", "eighty"),
    ("two or three", "two and three"),
    ("one five", "fifteen"),
    ("nine to five", "nine two five"),
    ("not now", "now"),
    ("the A train", "the train"),
    ("two hundred", "two one hundred"),
    ("Jon", "John"),
    ("the order from Monday", "the order for Monday"),
    ("more than ten", "less than ten"),
    ("I can see", "I can't see"),
    ("never mind", "mind"),
    ("without sugar", "with sugar"),
    ("both of them", "neither of them"),
    ("twelve thirty", "twelve thirteen"),
    ("one million", "one thousand"),
    ("yes please", "no please"),
    ("he is not in", "he is in"),
)
"""Another negation, number, name, letter, preposition, verb or order is another meaning, or may be."""


@pytest.mark.parametrize(("one", "another"), SAME)
def test_form_is_not_in_the_gist(one: str, another: str) -> None:
    """A reply to the one answers the other."""
    assert gist(one, EN) == gist(another, EN)


@pytest.mark.parametrize(("one", "another"), OTHER)
def test_another_meaning_has_another_gist(one: str, another: str) -> None:
    """A reply to the one may be wrong for the other."""
    assert gist(one, EN) != gist(another, EN)


def test_fillers_alone_have_no_gist() -> None:
    """There is nothing to answer."""
    assert gist("um", EN) == ()


def test_without_data_only_form_is_nothing() -> None:
    """Case, punctuation and stammers; no word of the language is known."""
    unknown = Language()
    assert gist("Ich, ich hätte gern ZWEI.", unknown) == gist("ich hätte gern zwei", unknown)
    assert gist("ein Tisch", unknown) != gist("Tisch", unknown)


@pytest.mark.parametrize("key", ["a", "b", "c"])
def test_redaction_keeps_what_is_the_same_and_what_is_not(key: str) -> None:
    """A redacted tape drops and keeps the same replies."""
    texts = [text for pair in (*SAME, *OTHER) for text in pair]
    redacted = Substitution(texts, EN, key)
    for pairs, alike in ((SAME, True), (OTHER, False)):
        for one, another in pairs:
            same = gist(redacted.text(one), EN) == gist(redacted.text(another), EN)
            assert same == alike, (one, another, redacted.text(one), redacted.text(another))


def test_what_a_contraction_stands_for_survives_redaction() -> None:
    """All its words are known."""
    assert {word for found in EN.contractions.values() for word in found} <= known_words(EN)
