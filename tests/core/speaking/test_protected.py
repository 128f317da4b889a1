"""Protected speech is heard in full, and what the caller says meanwhile is answered afterwards."""

from __future__ import annotations

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Policy
from telephony.testing.script import CallerScript
from telephony.testing.simulator import Simulator
from tests.core.calls import LONG, agent_lines, asks, by_words, caller, decided, first_heard, play, requested_replies

DISCLOSURE = "This call may be recorded."
POLICY = Policy(must_be_heard=(DISCLOSURE,))
GREETING = Policy(greeting=f"Welcome. {DISCLOSURE} How can I help you?", greeting_protected=True)
ASK = asks("what are your hours")
BEFORE = "Thanks for asking."


def whole(sim: Simulator) -> bool:
    """Whether the disclosure was heard without interruption."""
    return sum(DISCLOSURE in text for text in agent_lines(sim)) == 1


def test_a_disclosure_is_not_interrupted_wherever_it_is_said() -> None:
    """Speech during it neither holds nor cuts it; the words are answered afterwards."""
    says = by_words(f"{BEFORE} {DISCLOSURE}", cancel="Cancelled.")
    sim = play(ASK.interrupts("please cancel my order", 0.3).waits(6), says, POLICY)
    assert sim.actions(a.ClearPlayout) == []
    assert whole(sim)
    assert caller(sim)[-1] == "please cancel my order"
    assert agent_lines(sim)[-1] == "Cancelled."
    assert len(agent_lines(sim)) == 2


def test_speech_after_the_disclosure_may_be_interrupted() -> None:
    """Protection ends with the protected sentence."""
    says = by_words(f"{DISCLOSURE} {LONG}", stop="Yes?")
    sim = play(ASK.interrupts("stop please", 4).waits(4), says, POLICY)
    assert whole(sim)
    assert agent_lines(sim)[0].endswith(" --")
    assert agent_lines(sim)[-1] == "Yes?"


def test_a_disclosure_that_comes_while_the_agent_is_held_is_said() -> None:
    """A noise held the agent before the model had written the disclosure; the disclosure ends the hold."""
    sim = play(ASK.listens(0.8).coughs(1_500).waits(9), [f"{BEFORE} {DISCLOSURE}"], POLICY, token=400)
    assert sim.explained(d.Held)
    assert [because["why"] for _, because in sim.explained(d.Resumed)] == ["protected"]
    assert agent_lines(sim) == [f"{BEFORE} {DISCLOSURE}"]


def test_an_unheard_disclosure_does_not_interrupt_the_caller() -> None:
    """A caller who goes on before the reply begins may finish; the new reply has the disclosure again."""
    says = by_words(f"{DISCLOSURE} At nine.", sundays=f"{DISCLOSURE} At ten.")
    goes_on = asks("what time do you open").waits(0.55).says("on sundays in the summer", ms=2_500)
    sim = play(goes_on.waits(6), says, POLICY, first_token=300, first_audio=600)
    assert first_heard(sim, 0) > sim.sounds[-1].end
    assert agent_lines(sim) == [f"{DISCLOSURE} At ten."]


def test_words_during_a_protected_greeting_are_answered_once() -> None:
    """Everything said during it, in several utterances, is answered together afterwards."""
    twice = asks("hello", at=0.3).waits(0.9).says("I want to book a table please")
    sim = play(twice.waits(7), ["Of course."], GREETING)
    assert sim.actions(a.ClearPlayout) == []
    assert agent_lines(sim) == [GREETING.greeting, "Of course."]
    assert " ".join(caller(sim)) == "hello I want to book a table please"
    [answer] = [x for x in requested_replies(sim) if any(f"t{x.turn}." in m.name for _, m in sim.actions(a.SendMark))]
    assert "hello" in str(answer.history)
    assert "book a table" in str(answer.history)
    over = next(now for now, line in sim.actions(a.LineAdded) if line.text == GREETING.greeting)
    assert all(now >= over for now, x in sim.actions(a.StartReply) if x is answer)


def test_a_backchannel_during_a_protected_greeting_is_not_answered() -> None:
    """It is dismissed with a reason."""
    sim = play(asks("mm-hm", ms=400, at=0.8).waits(9), policy=GREETING)
    assert requested_replies(sim) == []
    assert sim.explained(d.Ignored)


def test_keys_during_a_protected_greeting_wait_as_well() -> None:
    """A key does not cut the disclosure and is not lost."""
    sim = play(CallerScript().waits(1).presses("42").waits(7.7), ["Thank you."], GREETING)
    assert sim.actions(a.ClearPlayout) == []
    assert caller(sim) == ["[keys: 42]"]
    assert agent_lines(sim)[-1] == "Thank you."


def test_a_forced_goodbye_cannot_be_interrupted() -> None:
    """When the service ends the call, speech during the goodbye does not keep it open."""
    sim = Simulator(Policy(), lambda history: ["Yes?"])
    sim.at(1_000, e.EndRequested("operator"))
    sim.says(1_300, "no wait please")
    sim.run(8_000)
    assert sim.call.ended is not None
    assert sim.actions(a.ClearPlayout) == []
    assert requested_replies(sim) == []


def test_an_unprotected_greeting_is_cut_by_words() -> None:
    """Without protection, the same words interrupt."""
    policy = Policy(greeting=GREETING.greeting)
    sim = play(asks("I want to book a table please", at=0.8).waits(5), ["Of course."], policy)
    assert agent_lines(sim)[0].endswith(" --")
    assert agent_lines(sim)[-1] == "Of course."
    assert len(decided(sim)) == 1
