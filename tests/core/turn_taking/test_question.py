"""The agent's question decides which answer is expected: dictated, spelled, yes or no, or a story."""

from __future__ import annotations

import pytest

from telephony.core import decisions as d
from telephony.core.language.language import Language
from telephony.core.language.registry import language_for
from telephony.core.policy import Expects, TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext, asks_yes_or_no
from telephony.testing.recorded_stt import Partial
from tests.core.calls import asks, caller, decided, play
from tests.core.turn_taking.expected_waits import HELD_MS, QUICK_MS, SOON_MS

RULES = TurnTaking()
EN = language_for("en")
NUMBER = "What's your phone number?"
MAIL = "What is your e-mail address?"
SPELL = "Could you spell your last name for me?"
OFFER = "Would you like me to book that?"
CODE = "What is your order number?"
BIRTH = "What is your date of birth?"
NAME = "Please tell me your name."


def wait(agent: str, text: str, language: str = "en", expects: tuple[Expects, ...] = ()) -> int:
    """The wait in ms after `text`, said in answer to `agent`."""
    known = language_for(language)
    return Endpointing(RULES, known).wait(Evidence(text, AnswerContext.after(agent, expects, known))).ms


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (NUMBER, "555-0123"),
        (NUMBER, "My number is 212-555-0187."),
        (NUMBER, "+1 212 555 0187"),
        (NUMBER, "oh seven seven nine one two three four four eight two"),
        (MAIL, "john.smith@example.com"),
        (MAIL, "maria@startup.ai"),
        (MAIL, "jsmith at gmail.com"),
        (BIRTH, "3/4/85"),
        (BIRTH, "the fourth of March nineteen eighty-five"),
        ("What are the last four digits of your card?", "1 2 3 4."),
        ("And the zip code?", "94110"),
        ("What is your postcode?", "SW1A 1AA"),
        (OFFER, "I would."),
        (OFFER, "Please do."),
        (OFFER, "I don't think so."),
        (OFFER, "Maybe."),
        (NAME, "John Smith."),
        ("What's your name? Take your time.", "John Smith."),
        (NUMBER, "I don't have one."),
        ("Is that a mobile or a landline?", "Yes."),
        ("I've noted your phone number. For how many people?", "Four."),
        ("Is there anything else?", "No, that's all."),
    ],
)
def test_a_complete_answer_has_a_short_wait(agent: str, text: str) -> None:
    """Whatever the STT's spelling: some frameworks react late to yes and no, or split numbers."""
    assert wait(agent, text) <= QUICK_MS


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        (NUMBER, "555"),
        (NUMBER, "It's 123"),
        ("Which number can I reach you at?", "020 7946"),
        ("Could I have your number?", "It's 123"),
        (SPELL, "S-M"),
        (SPELL, "S as in Sam"),
        (SPELL, "M for mother, A"),
        (CODE, "A B as in Bravo"),
        (CODE, "seven seven dash"),
        (MAIL, "My email is john"),
        (MAIL, "john.smith@"),
        (MAIL, "maria underscore lopez"),
        (BIRTH, "the fourth"),
        (BIRTH, "the fourth of March"),
        (CODE, "Let me check."),
        (CODE, "Just a minute."),
        (OFFER, "Let me ask my wife."),
        ("Do you have the order number?", "Yes, it's"),
        ("Which day suits you?", "Any day except"),
    ],
)
def test_an_unfinished_answer_has_a_long_wait(agent: str, text: str) -> None:
    """Groups of digits, letters with their examples, a caller who looks something up."""
    assert wait(agent, text) >= RULES.open_ms


@pytest.mark.parametrize(
    "text", ["Really?", "Can you repeat that?", "When is my next appointment?", "Which one is that?"]
)
def test_a_short_question_is_whole(text: str) -> None:
    """Also after a word that would trail in other sentences, and without its mark."""
    for said in (text, text.rstrip("?")):
        assert wait("We open at nine.", said) <= SOON_MS


@pytest.mark.parametrize("text", ["yes hello", "hi good morning", "okay"])
def test_a_greeting_is_not_what_was_asked_for(text: str) -> None:
    """After "how can I help you", a greeting is not yet the reason for the call."""
    assert wait("Hello, how can I help you?", text) >= HELD_MS


def test_a_language_without_data_knows_what_the_agent_declares() -> None:
    """Declared expectations need only digits, not words of the language."""
    digits = (Expects("numéro", "digits", length=8),)
    assert wait("Quel est votre numéro ?", "06 12 34", "fr", digits) == RULES.entry_ms
    assert wait("Quel est votre numéro ?", "06 12 34 56", "fr", digits) == RULES.shortest_wait_ms
    assert wait("Quel est votre nom ?", "Dupont", "fr") == RULES.silence_ms


# --- the answer context ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answering"),
    [
        ("", False),
        ("We open at nine.", False),
        ("What is your name?", True),
        ("I see. What is your name?", True),
        ("What is your name? No hurry.", True),
        ("What is your name? There is no hurry at all.", False),  # the remark has more than five words
        ("What is your name? There is no hurry now.", True),
        ("What is your name? Well. No hurry.", False),  # only the last two sentences count
        ("What is your name? ...", True),
        ("Tell me your name.", True),
        ("Okay, tell me your name.", True),
        ("You can tell me your name.", False),
        ("I'll tell you.", False),
        ("There is more to tell.", False),
        ("Your name, please.", True),
        ("Please wait a moment.", False),
        ("Sorry.", False),
    ],
)
def test_what_counts_as_asking(said: str, answering: bool) -> None:
    """A question, a command to tell something, or a final "please", each with at most a short remark after it."""
    assert AnswerContext.after(said, (), EN).answering is answering


@pytest.mark.parametrize(
    ("said", "polar"),
    [
        ("Is that right?", True),
        ("So, is that right?", True),
        ("Could you come at nine?", True),
        ("Could you tell me your name?", False),
        ("Could you please now just tell me your name?", False),
        ("Could you please now just quickly tell me your name?", True),
        ("Did you tell me your name?", True),
        ("Tell me, could you come?", False),
        ("What is your name?", False),
        ("Okay?", False),
        ("Nine or ten?", False),
    ],
)
def test_what_asks_for_yes_or_no(said: str, polar: bool) -> None:
    """A question that begins with an auxiliary and, within its first six words, does not ask to be told something."""
    context = AnswerContext.after(said, (), EN)
    assert context.answering
    assert context.polar is polar
    assert asks_yes_or_no(said, EN) is polar


@pytest.mark.parametrize("said", ["", "We open at nine.", "Can I help you?", "How can I help?"])
def test_an_open_question_or_none_asks_for_no_yes_or_no(said: str) -> None:
    assert not AnswerContext.after(said, (), EN).polar
    assert not asks_yes_or_no(said, EN)


def test_the_asking_verb_may_be_the_second_word() -> None:
    """This holds for languages that need no "you" in between."""
    language = Language(auxiliaries=frozenset({"can"}), requesting=frozenset({"can"}), asking=frozenset({"tell"}))
    assert not AnswerContext.after("Can tell the name?", (), language).polar
    assert AnswerContext.after("Can come?", (), language).polar


@pytest.mark.parametrize(
    ("said", "kind", "length"),
    [
        ("What's your order number?", "code", 0),
        ("What's your zip code?", "digits", 5),
        ("Is that your order number?", "", 0),
        ("Do you have your order number?", "code", 0),
        ("Have you got your order number?", "code", 0),
        ("Could you still please tell us your order number?", "code", 0),
        ("Is that order number what you have?", "", 0),  # too late in the question to be its subject
        ("I've sent it to your address. What's your name?", "", 0),
        ("I've noted your order number.", "", 0),
    ],
)
def test_what_a_question_expects(said: str, kind: str, length: int) -> None:
    """The question alone decides. A yes-or-no question expects what it names only if it asks whether that is known."""
    expects = AnswerContext.after(said, (), EN).expects
    assert (expects.kind, expects.length) == (kind, length)


@pytest.mark.parametrize(
    "said", ["The magic word was it.", "Is the Magic Word right?", "The magic word. What is it?", "magic word"]
)
def test_a_declared_expectation_needs_no_question(said: str) -> None:
    """Its phrase may occur anywhere in the agent's text, in any case, and precedes the language's own data."""
    declared = (Expects("other", "date"), Expects("Magic Word", "digits", length=3), Expects("word", "code"))
    assert AnswerContext.after(said, declared, EN).expects == declared[1]
    assert AnswerContext.after("What is your e-mail address?", declared, EN).expects.kind == "email"


@pytest.mark.parametrize("said", ["How can I help you?", "Tell me more about it?", "Hello. What's going on?"])
def test_an_open_question_invites_and_asks_for_nothing(said: str) -> None:
    """The caller may tell a story; no short answer is expected."""
    assert AnswerContext.after(said, (), EN) == AnswerContext(invited=True)
    assert not AnswerContext.after(said + " It is a long way to the next town.", (), EN).invited


@pytest.mark.parametrize(("offset", "heard"), [(3.0, True), (3.8, True), (1.0, False)])
def test_an_answer_may_come_before_the_question_is_over(offset: float, heard: bool) -> None:
    """ "Yes" near the end of the question is the answer; earlier it is a backchannel."""
    ask = "It would be on Tuesday at three. Shall I book it for you?"
    sim = play(asks("a table for two please").interrupts("yes", offset, ms=300).waits(12), [ask])
    assert ("yes" in caller(sim)) is heard


@pytest.mark.parametrize("noise", ["the", "a", "and"])
def test_a_weak_word_from_a_noise_does_not_interrupt(noise: str) -> None:
    """STT often hears such a word in a cough; the agent continues."""
    sim = play(asks("what are your hours").interrupts(noise, 1.5, ms=250).waits(14))
    assert sim.explained(d.Cut) == []
    assert caller(sim) == ["what are your hours"]


def test_a_number_cut_off_is_judged_with_its_beginning() -> None:
    """The agent spoke too early: the rest is still part of the number, and its length counts from the start."""
    number = asks("my number is five five five oh one").waits(1.3).says("two three four five six")
    sim = play(number.waits(6), ["Thank you."])
    last = sim.explained(d.TurnEnded)[-1][1]
    assert (last["why"], last["entry"]) == ("complete", "digits")


@pytest.mark.parametrize(("later_ms", "why"), [(1_500, "complete"), (1_501, "under way")])
def test_what_comes_later_is_judged_by_itself(later_ms: int, why: str) -> None:
    """1.5 s after the decision, the caller was not cut off: five digits are no whole number."""
    sim = play(asks("my number is five five five oh one"))
    while not decided(sim):
        sim.run(sim.now + 20)
    sim.faults.no_finals = True
    sim.at(decided(sim)[0] + later_ms, Partial("two three four five six"))
    sim.run(sim.now + 5_000)
    assert [because["why"] for _, because in sim.explained(d.TurnEnded)] == ["under way", why]
