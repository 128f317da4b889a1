"""Scripted callers: the same script through the core and over real sockets; the fixtures as users have them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.agent import Agent
from telephony.audio import tones, wav
from telephony.core.policy import Limits
from telephony.tape.timeline import Timeline
from telephony.testing.fixtures import OverSockets
from telephony.testing.script import CallerScript, Calls, Reply, ScriptFailed
from telephony.tools import tool

LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead for groups."


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


AGENT = Agent(prompt="p", greeting="Hello!", tools=(book_table,))
REPLIES: list[Reply] = [LONG, [Calls("book_table", '{"people": 4}', "Booked for 4."), "It is done."], "Goodbye."]


def busy(caller: CallerScript) -> CallerScript:
    """Asks, interrupts, waits, presses a key, hangs up."""
    return (
        caller.waits_for_agent()
        .says("what are your opening hours")
        .interrupts("wait book a table", after_s=1.8)
        .waits_for_agent()
        .presses("4#")
        .waits_for_agent()
        .hangs_up()
    )


def check(call: Timeline) -> None:
    assert [speaker for speaker, _ in call.lines] == ["agent", "caller", "agent", "caller", "agent", "caller", "agent"]
    greeting, asked, answer, _, done, keys, bye = (text for _, text in call.lines)
    assert (greeting, asked, done) == ("Hello!", "what are your opening hours", "It is done.")
    assert answer.endswith(" --")
    assert LONG.startswith(answer.removesuffix(" --"))
    assert (keys, bye) == ("[keys: 4#]", "Goodbye.")
    assert call.called("book_table", people=4)
    assert not call.called("book_table", people=5)
    assert call.remembered_unheard == []
    assert call.interruptions[0].verdict == "cut"
    assert 0 < call.longest_overlap_ms <= 600
    assert call.slowest_answer_ms <= 2_500
    assert call.ended == "caller"


def test_a_script_through_the_core(caller: CallerScript) -> None:
    """In virtual time, much faster than the call."""
    began = time.thread_time()  # work, not waiting for others
    call = busy(caller).call(AGENT, REPLIES)
    took = time.thread_time() - began
    check(call)
    assert call.history[-1] == ("caller", "[keys: 4#]")
    assert took < call.length_ms / 1_000 / 20


async def test_the_same_script_over_real_sockets(carrier: OverSockets, caller: CallerScript) -> None:
    """Carrier, ears, mind and voice by their wires; the real tool runs."""
    check(await carrier(busy(caller), AGENT, REPLIES, speed=20))


def test_a_recording_is_said_with_its_words(caller: CallerScript, tmp_path: Path) -> None:
    """Its pauses are the caller's: a long one ends the turn."""
    sound = tones.sine(300, 900) + tones.silence(1_500) + tones.sine(300, 900)
    wav.write(tmp_path / "two.wav", sound)
    call = caller.waits_for_agent().says(tmp_path / "two.wav", text="book a table for four").call(AGENT, REPLIES)
    assert [text for speaker, text in call.lines if speaker == "caller"] == ["book a", "table for four"]


def test_a_script_that_waits_in_vain_says_for_what(caller: CallerScript) -> None:
    """An agent without a greeting does not speak first."""
    with pytest.raises(ScriptFailed, match="the agent did not speak"):
        caller.waits_for_agent().call(Agent(prompt="p", limits=Limits(silence_prompt_ms=60_000)))


def test_a_cough_does_not_interrupt(caller: CallerScript) -> None:
    """It holds the agent for a moment, and nothing of the answer is lost."""
    call = (
        caller.waits_for_agent().says("when do you open").waits(2.0).coughs(150).waits_for_agent().call(AGENT, [LONG])
    )
    assert call.lines[-1] == ("agent", LONG)


USERS_TESTS = """
import telephony.testing.fixtures  # and with it the services of `carrier`
from telephony import Agent

def test_same(replay):
    assert replay("call").called("book_table")

def test_other(replay):
    replay("changed")

def test_caller(caller):
    call = caller.waits_for_agent().says("hi").call(Agent(prompt="p", greeting="Hello!"), ["Hi there."])
    assert call.lines[-1] == ("agent", "Hi there.")
"""


def test_the_plugin_in_a_users_pytest(pytester: pytest.Pytester) -> None:
    """A tape that replays passes; one that does not fails with both sides in words and without our traceback. Also
    where all warnings are errors."""

    from telephony.core.policy import TurnTaking
    from telephony.tape.format import Header
    from telephony.tape.writer import write
    from tests.tape.calls import conversation, steps

    sim = conversation()
    write(pytester.path / "call", Header(policy=sim.policy), steps(sim))
    other = replace(sim.policy, turn_taking=TurnTaking(hold_after_ms=500))
    write(pytester.path / "changed", Header(policy=other), steps(sim))
    pytester.makepyfile(USERS_TESTS)
    strict = ("-W", "error", "-p", "telephony.testing.pytest_plugin", "-p", "no:asyncio")
    done = pytester.runpytest_subprocess(*strict)
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*DIFFERENT*", "*- on the tape: decide: held*", "*+ now: nothing*"])
    done.stdout.no_fnmatch_line("*fixtures.py*")
