"""What the agent is saying, divided into what was provably heard and what was not: `Conversation.saying`."""

from __future__ import annotations

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.simulator import Simulator

LONG = "We open at nine in the morning. On Sundays we stay closed. Please book ahead."


def said(sim: Simulator, at: int) -> list[tuple[str, str]]:
    sim.run(at)
    return [(one.heard, one.unheard) for one in sim.call.saying(sim.now)]


def test_the_greeting_is_heard_word_by_word() -> None:
    sim = Simulator(Policy(greeting="Hello there, how can I help?"))
    seen = [pair for at in range(100, 2_500, 50) for pair in said(sim, at)]
    assert all(f"{heard} {unheard}".strip() == "Hello there, how can I help?" for heard, unheard in seen)
    heard = [one for one, _ in seen]
    assert heard == sorted(heard, key=len)
    assert {"", "Hello there,", "Hello there, how"} <= set(heard)


def test_a_reply_is_there_as_far_as_it_was_handed_out_and_nothing_is_counted_twice() -> None:
    sim = Simulator(Policy(), lambda history: [LONG])
    sim.says(500, "what are your hours")
    seen = [pair for at in range(2_000, 9_000, 50) for pair in said(sim, at)]
    assert all(LONG.startswith(f"{heard} {unheard}".strip()) for heard, unheard in seen)
    assert any(heard.startswith("We open at nine in the morning. On") and unheard for heard, unheard in seen)


def test_the_sentence_under_way_is_shown_as_it_is_spoken() -> None:
    """A time is heard as several words, which are greyed one by one."""
    sim = Simulator(
        Policy(), lambda history: ["We open at 9."], spoken_form=lambda text: text.replace("9", "nine sharp")
    )
    sim.says(500, "what are your hours")
    seen = [pair for at in range(1_500, 5_000, 50) for pair in said(sim, at)]
    assert ("", "We open at 9.") in seen
    assert ("We open at nine", "sharp.") in seen


def test_a_speculation_is_not_shown() -> None:
    """It may be dropped: nothing is shown before the turn is decided."""
    sim = Simulator(Policy(turn_taking=TurnTaking(speculate="speech")), lambda history: [LONG])
    sim.latencies.first_token = 50
    sim.says(500, "what are your hours")
    shown = [sim.now for at in range(0, 6_000, 20) if said(sim, at)]
    (decided, _), *_ = sim.actions(d.SpeculationUsed)
    (spoken, _), *_ = sim.actions(a.Speak)
    assert spoken < decided <= shown[0]
