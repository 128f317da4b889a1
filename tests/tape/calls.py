"""Simulated calls for the tests of tapes, and how to write them to a folder."""

from __future__ import annotations

from pathlib import Path

from telephony.contracts.observer import Step
from telephony.core.history import History
from telephony.core.policy import Policy
from telephony.tape.format import Header
from telephony.tape.writer import write
from telephony.testing.simulator import CallTool, Part, Simulator, last_words

GREETING = Policy(greeting="Hello, how can I help?")
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def replies(history: History) -> list[Part]:
    words = last_words(history)
    if "book" in words:
        return [CallTool("book_table", {"people": 4}, "Booked."), "Your table is booked."]
    return ["Goodbye!"] if "bye" in words else [LONG]


def conversation(policy: Policy = GREETING) -> Simulator:
    """A call of 40 seconds: a question, an interruption, a cough, keys, a tool, a goodbye."""
    sim = Simulator(policy, replies)
    sim.says(3_000, "what are your opening hours")
    sim.says(9_000, "wait I want to book a table", ms=1_500)
    sim.coughs(15_000, 200)
    sim.presses(20_000, "1")
    sim.presses(20_300, "#")
    sim.says(29_000, "thank you bye")
    return sim.run(40_000)


def steps(sim: Simulator) -> list[Step]:
    return [Step(seq, now, event, actions) for seq, (now, event, actions) in enumerate(sim.steps)]


def tape(folder: Path, sim: Simulator | None = None) -> Path:
    sim = sim or conversation()
    write(folder, Header(policy=sim.policy, call={"sid": "CA1"}), steps(sim))
    return folder
