"""How much silence ends a turn: the rule by itself, then callers who pause, spell, count and hesitate."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.language.registry import language_for
from telephony.core.policy import PRESETS, Expects, Policy, TurnTaking
from telephony.core.turn_taking.endpointing import PAUSES, Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext
from tests.core.calls import asks, caller, decided, number, play, reasons
from tests.core.turn_taking.expected_waits import HELD_MS, QUICK_MS, SOON_MS

RULES = TurnTaking()
QUESTION = "can you tell me what time you open tomorrow"
ASKED = AnswerContext(answering=True)
NUMBER = AnswerContext(answering=True, expects=Expects("number", "digits"))
WAITS = ("shortest_wait_ms", "likely_ms", "open_ms", "longest_wait_ms")


def wait(text: str, context: AnswerContext | None = None, language: str = "en") -> int:
    return Endpointing(RULES, language_for(language)).wait(Evidence(text, context or AnswerContext())).ms


# --- the rule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yes", "that's all thank you", "could you tell me what time you open on sunday"])
def test_finished_text_has_a_short_wait(text: str) -> None:
    """A short answer, a goodbye, a complete question."""
    assert wait(text) <= SOON_MS


@pytest.mark.parametrize("text", ["I want to book a table and", "my number is", "um", "because", "I'd like to"])
def test_trailing_words_have_a_long_wait(text: str) -> None:
    """Such words hold the floor, whatever precedes them."""
    assert wait(text) >= HELD_MS


@pytest.mark.parametrize("text", ["I was here with my brother and we liked the window", "cancel my appointment"])
def test_text_that_may_continue_has_a_wait_in_between(text: str) -> None:
    """Statements and requests may be complete, or continue."""
    assert RULES.shortest_wait_ms < wait(text) < RULES.longest_wait_ms


def test_voice_without_words_has_its_own_wait() -> None:
    """Without a transcript, text is neither finished nor trailing."""
    assert wait("") == RULES.unheard_ms


@pytest.mark.parametrize("preset", PRESETS)
def test_waits_are_graded_in_every_preset(preset: str) -> None:
    """The less complete the text, the longer the wait; steps are at most 750 ms (2 s in some frameworks)."""
    waits = [getattr(TurnTaking.preset(preset), name) for name in WAITS]
    assert waits == sorted(waits)
    assert all(later - sooner <= 750 for sooner, later in pairwise(waits))


def test_presets_are_quicker_and_slower_than_the_default() -> None:
    """`eager` waits less than `balanced` at every step, `patient` longer."""
    eager, balanced, patient = (TurnTaking.preset(name) for name in ("eager", "balanced", "patient"))
    for name in WAITS:
        assert getattr(eager, name) < getattr(balanced, name) < getattr(patient, name)
    assert balanced == TurnTaking()
    with pytest.raises(ValueError, match="balanced"):
        TurnTaking.preset("hasty")


def test_a_short_answer_is_complete_when_something_was_asked() -> None:
    """ "Tomorrow at nine" is complete after a question; by itself it may continue."""
    assert wait("tomorrow at nine", ASKED) <= QUICK_MS
    assert wait("tomorrow at nine") > SOON_MS


def test_one_digit_is_an_answer_unless_digits_are_expected() -> None:
    """ "Four" answers "how many people"; after "what is your number" it is the first digit of several."""
    assert wait("four", ASKED) <= QUICK_MS
    assert wait("four", NUMBER) >= RULES.open_ms


def test_an_entry_of_known_length_is_complete_at_its_last_symbol() -> None:
    """If the agent expects four digits, the turn ends soon after the fourth."""
    pin = AnswerContext(answering=True, expects=Expects("code", "digits", length=4))
    assert RULES.shortest_wait_ms < wait("one two three", pin) <= RULES.entry_ms
    assert wait("one two three four", pin) == RULES.shortest_wait_ms
    assert wait("double one double four", pin) == RULES.shortest_wait_ms
    assert wait("12 34", pin) == RULES.shortest_wait_ms


def test_a_full_telephone_number_is_complete() -> None:
    """Ten digits are complete, in words or figures."""
    assert wait("five five five oh one two three four five six", NUMBER) == RULES.shortest_wait_ms
    assert wait("555 012 34", NUMBER) > RULES.shortest_wait_ms


def test_an_email_address_is_complete_with_its_end() -> None:
    """ "At example" is incomplete; "at example dot com" is complete."""
    email = AnswerContext(answering=True, expects=Expects("email", "email"))
    for part in ("john dot smith", "john dot smith at example"):
        assert RULES.shortest_wait_ms < wait(part, email) <= RULES.entry_ms
    assert wait("john dot smith at example dot com", email) == RULES.shortest_wait_ms


def test_a_question_may_have_waits_of_its_own() -> None:
    """An agent may allow longer waits for one answer."""
    slow = Expects("story", turn_taking=RULES.tuned(shortest_wait_ms=2_000, longest_wait_ms=3_000))
    text = "well it was a long time ago that I had that problem"
    assert wait(text, AnswerContext(answering=True, expects=slow)) >= 2_000
    assert wait(text, ASKED) < 2_000


def test_a_language_without_data_is_judged_by_silence_alone() -> None:
    """No word is known to trail, ask or answer, so every text has the same wait."""
    for text in ("et puis", "oui", "quelle heure est-il", "um and"):
        assert wait(text, ASKED, "fr") == RULES.silence_ms
    assert wait("", language="fr") == RULES.unheard_ms


def test_pauses_are_learned_and_bounded() -> None:
    """Two long pauses extend the wait, up to the longest; a single one does not."""
    endpointing = Endpointing(RULES, language_for("en"))
    text = "could you book a table"
    usual = wait(text)
    endpointing.paused(usual)
    assert endpointing.wait(Evidence(text)).ms == usual
    endpointing.paused(usual)
    assert usual < endpointing.wait(Evidence(text)).ms < usual + RULES.tuning.pause_margin_ms
    for _ in range(PAUSES):
        endpointing.paused(30_000)
    assert usual + 100 < endpointing.wait(Evidence(text)).ms <= RULES.longest_wait_ms
    assert endpointing.wait(Evidence("yes", ASKED)).ms <= SOON_MS  # finished text gets hardly any extra wait


def test_old_pauses_are_forgotten() -> None:
    """Only the most recent pauses count."""
    endpointing = Endpointing(RULES, language_for("en"))
    for ms in [1_500] * PAUSES + [250] * PAUSES:
        endpointing.paused(ms)
    assert endpointing.usual_pause_ms == 250


# --- callers --------------------------------------------------------------------------------------------------------


def test_a_finished_question_is_decided_within_its_wait() -> None:
    """At most the wait and a few frames pass between the last word and the decision."""
    sim = play(asks(QUESTION).waits(3))
    end = sim.sounds[0].end
    assert wait(QUESTION) <= decided(sim)[0] - end <= SOON_MS + 60
    assert caller(sim) == [QUESTION]


def test_a_pause_after_a_trailing_word_does_not_end_the_turn() -> None:
    """The pause after "and" would have ended a finished question."""
    pause = (wait("I want a table and") - 200) / 1_000
    sim = play(asks("I want a table and").waits(pause).says("a high chair please").waits(4))
    assert caller(sim) == ["I want a table and a high chair please"]


def test_digits_in_groups_are_one_turn() -> None:
    """The pauses between the groups would end any other answer."""
    number = asks("I want to be called back").interrupts("five five five", 2.5)
    number = number.waits(0.9).says("oh one two").waits(0.9).says("three four five six")
    sim = play(number.waits(4), ["What is your phone number?"])
    assert caller(sim)[1:] == ["five five five oh one two three four five six"]
    assert reasons(sim, d.TurnEnded)[1] == "complete"


def test_a_declared_expectation_applies_to_the_agents_own_words() -> None:
    """`Expects` makes any phrase of the agent ask for digits of a given length."""
    policy = Policy(expects=(Expects("magic word", "digits", length=3),))
    sim = play(
        asks("hello").interrupts("one", 2.5).waits(0.9).says("two").waits(0.9).says("three").waits(4),
        agent=["Your magic word please?"],
        policy=policy,
    )
    assert caller(sim)[1:] == ["one two three"]
    assert decided(sim)[1] - sim.sounds[-1].end <= RULES.shortest_wait_ms + 60


def test_a_caller_who_pauses_gets_a_longer_wait() -> None:
    """After two long pauses within a turn, a pause that would have ended the turn no longer does."""
    text = "my brother said the"
    first, second, third = (wait(" ".join([text] * times)) / 1_000 for times in (1, 2, 3))
    policy = Policy(turn_taking=RULES.tuned(pause_margin_ms=350))
    hasty = play(asks(text).waits(first + 0.04).says(text).waits(5), policy=policy, first_token=1_500)
    assert len(decided(hasty)) == 2
    script = asks(text).waits(first - 0.06).says(text).waits(second - 0.06).says(text).waits(third + 0.04).says(text)
    sim = play(script.waits(5), policy=policy)
    assert len(decided(sim)) == 1
    [(_, because)] = sim.explained(d.TurnEnded)
    assert 0 < number(because, "pause_allowance_ms") <= RULES.tuning.pause_allowance_ms


def test_short_answers_are_decided_quickly() -> None:
    """ "Yes", "no" and "four" after a question."""
    for word in ("yes", "no", "four"):
        sim = play(asks("hello").interrupts(word, 2.4, ms=300).waits(3), agent=["Shall I book it for you?"])
        assert caller(sim)[-1] == word
        assert decided(sim)[-1] - sim.sounds[-1].end <= QUICK_MS + 60


def test_the_transcript_is_committed_before_the_decision() -> None:
    """The commit is sent during the wait, so that even a slow final does not delay the decision."""
    text = "we were here last year with some of our friends and had a good evening"
    whole = wait(text)
    sim = play(asks(text).waits(4), final=whole - RULES.tuning.commit_after_ms - 40)
    end = sim.sounds[0].end
    [(asked, _)] = sim.actions(a.CommitTranscript)
    assert asked < decided(sim)[0]
    assert decided(sim)[0] - end <= whole + 60


def test_not_every_pause_costs_a_commit() -> None:
    """Three short pauses in one turn lead to one commit, not before the shortest commit delay."""
    parts = ("I want to book a table for the", "family party that we have with the", "people from the office and the")
    pause = (RULES.tuning.commit_after_ms - 60) / 1_000
    script = asks(parts[0])
    for text in (*parts[1:], "cats please"):
        script = script.waits(pause).says(text)
    sim = play(script.waits(4))
    assert len(sim.actions(a.CommitTranscript)) == 1
    assert len(caller(sim)) == 1
    assert sim.actions(a.CommitTranscript)[0][0] - sim.sounds[-1].end >= RULES.tuning.commit_after_ms


def test_a_language_without_data_pauses_and_ends() -> None:
    """Pauses shorter than the silence wait stay within the turn."""
    pause = (RULES.silence_ms - 200) / 1_000
    sim = play(asks("je voudrais").waits(pause).says("une table").waits(3), policy=Policy(language="fr"))
    assert caller(sim) == ["je voudrais une table"]
    assert reasons(sim, d.TurnEnded) == ["silence"]


def test_the_end_of_a_turn_explains_itself() -> None:
    """The decision states its reason, the wait that applied, and the measured silence."""
    sim = play(asks(QUESTION).waits(3))
    [(_, because)] = sim.explained(d.TurnEnded)
    assert because["why"] == "finished"
    waited = Endpointing(RULES, language_for("en")).wait(Evidence(QUESTION, final=True))
    assert because["wait_ms"] == waited.ms
    assert waited.ms <= number(because, "silence_ms") <= waited.ms + 60
    assert because["score"] == waited.score == sum(map(int, re.findall(r"[+-]\d+", str(because["features"]))))
    assert number(because, "voice_ms") > 1_000
    assert because["transcript"] == "final"
