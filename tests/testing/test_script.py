"""Scripted callers: one script through the core and over real sockets; the pytest fixtures in a user's project."""

from __future__ import annotations

import re
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent, Reject
from telephony.audio import tones, wav
from telephony.core.policy import Limits
from telephony.tape.timeline import Timeline
from telephony.testing.fixtures import OverSockets
from telephony.testing.script import CallerScript, CallTool, Reply, Says, ScriptFailed
from telephony.testing.simulator import Simulator
from telephony.tools import ToolContext, tool

LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead for groups."


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


AGENT = Agent(prompt="p", greeting="Hello!", tools=(book_table,))
REPLIES: list[Reply] = [LONG, [CallTool("book_table", {"people": 4}), "It is done."], "Goodbye."]


def busy(caller: CallerScript) -> CallerScript:
    """The caller asks, interrupts, waits, presses keys and hangs up."""
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
    """It runs in virtual time, much faster than the call."""
    began = time.thread_time()  # CPU time: waits for other processes do not count
    call = busy(caller).call(AGENT, REPLIES)
    took = time.thread_time() - began
    check(call)
    assert call.history[-1] == ("caller", "[keys: 4#]")
    assert took < call.length_ms / 1_000 / 20


async def test_the_same_script_over_real_sockets(carrier: OverSockets, caller: CallerScript) -> None:
    """Carrier, STT, LLM and TTS are local servers; the real tool runs."""
    check(await carrier(busy(caller), AGENT, REPLIES, speed=20))


def test_a_recording_is_said_with_its_words(caller: CallerScript, tmp_path: Path) -> None:
    """A long pause in the recording ends the caller's turn."""
    sound = tones.sine(300, 900) + tones.silence(1_500) + tones.sine(300, 900)
    wav.write(tmp_path / "two.wav", sound)
    call = caller.waits_for_agent().says(tmp_path / "two.wav", text="book a table for four").call(AGENT, REPLIES)
    assert [text for speaker, text in call.lines if speaker == "caller"] == ["book a", "table for four"]


def test_a_script_that_waits_in_vain_fails_with_a_reason(caller: CallerScript) -> None:
    """An agent without a greeting does not speak first, so the wait for it times out."""
    with pytest.raises(ScriptFailed, match="the agent did not speak"):
        caller.waits_for_agent().call(Agent(prompt="p", limits=Limits(silence_prompt_ms=60_000)))


def test_a_cough_does_not_interrupt(caller: CallerScript) -> None:
    """It holds the agent for a moment; nothing of the answer is lost."""
    call = (
        caller.waits_for_agent().says("when do you open").waits(2.0).coughs(150).waits_for_agent().call(AGENT, [LONG])
    )
    assert call.lines[-1] == ("agent", LONG)


def test_an_interruption_begins_at_its_time_and_takes_as_long_as_the_script_says(caller: CallerScript) -> None:
    """It counts from the agent's first sound, to the millisecond; over sockets the sound is as long."""
    sim = Simulator(AGENT.policy(), lambda history: [LONG])
    script = caller.waits_for_agent().says("when do you open").interrupts("wait", 1.5, ms=900).coughs(250)
    script.play(sim)
    _, interruption, cough = sim.sounds
    begun = next(start for start, _ in sim.heard if start > sim.sounds[0].end)
    assert (interruption.start, interruption.end) == (begun + 1_500, begun + 2_400)
    assert (cough.start, cough.end) == (begun + 2_400, begun + 2_650)
    sounds = [len(move.sound()) // 8 for move in script.moves if isinstance(move, Says)]
    assert sounds == [4 * 300, 900, 250]


USERS_TESTS = """
import telephony.testing.fixtures  # imports the local servers behind `carrier`, too
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
    """A tape that replays passes; one that differs fails with a report of both sides and without our traceback. This
    holds with all warnings turned into errors."""

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


# --- agents as the service takes them ---------------------------------------------------------------------------------


def answers(call: IncomingCall) -> Agent | Reject:
    """An agent function, as in production."""
    return Reject("no") if call.caller == "anonymous" else replace(AGENT, greeting=f"Hello, {call.caller}!")


async def answers_later(call: IncomingCall) -> Agent | Reject:
    return answers(call)


BOOKED: list[Reply] = [[CallTool("book_table", {"people": 4}), "It is done."]]


@pytest.mark.parametrize("source", [answers, answers_later])
async def test_a_function_of_the_call_answers_in_virtual_time_too(source: AgentSource) -> None:
    """Sync or async, also inside a running loop."""
    script = CallerScript().waits_for_agent().says("a table for four please")
    call = script.call(source, BOOKED, incoming=IncomingCall("CA1", "+15551110000"))
    assert call.lines[0] == ("agent", "Hello, +15551110000!")
    assert script.call(source).lines[0] == ("agent", "Hello, +15005550006!")
    with pytest.raises(ScriptFailed, match="no agent of the pipeline answers: Reject"):
        script.call(source, incoming=IncomingCall("CA1", "anonymous"))
    with pytest.raises(ScriptFailed, match="no agent of the pipeline answers: ManagedAgent"):
        script.call(ManagedAgent("agent_1"))


async def test_a_function_of_the_call_answers_over_sockets_too() -> None:
    script = CallerScript().waits_for_agent().says("a table for four please").waits_for_agent().hangs_up()
    call = await OverSockets()(script, answers, BOOKED)
    assert call.lines[0] == ("agent", "Hello, +15551230000!")
    assert call.called("book_table", people=4)
    assert call.lines[-1] == ("agent", "It is done.")


def test_tools_run_in_virtual_time() -> None:
    """The agent's own, with the values that it checks; what it refuses, and a tool that raises, are failures. The
    script may give a result instead."""
    ran: list[tuple[int, str]] = []

    @tool
    def look_up(number: int, context: ToolContext) -> str:
        """Look it up."""
        ran.append((number, context.caller))
        return f"number {number}"

    @tool
    async def broken() -> str:
        """Break."""
        raise RuntimeError("it is broken")

    agent = replace(AGENT, tools=(look_up, broken))
    script = CallerScript().waits_for_agent().says("look it up please")

    def outcome(part: CallTool) -> tuple[bool, str]:
        [done] = script.call(agent, [[part, "There."]], incoming=IncomingCall("CA1", "+15551110000")).tools
        return done.failed, done.result

    assert outcome(CallTool("look_up", {"number": "7"})) == (False, "number 7")
    assert set(ran) == {(7, "+15551110000")}
    assert outcome(CallTool("look_up", {"number": 1}, "given")) == (False, "given")
    failed, said = outcome(CallTool("look_up", {"number": "many"}))
    assert failed
    assert "arguments of look_up are wrong" in said
    assert outcome(CallTool("broken"))[0]
    assert outcome(CallTool("unknown"))[1].startswith("There is no tool 'unknown'")
    assert set(ran) == {(7, "+15551110000")}


ROOT = Path(__file__).parents[2]


def blocks(name: str) -> list[str]:
    """The document's tests."""
    found = re.findall(r"^```python\n(.*?)^```$", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    return [code for code in found if "def test_" in code]


@pytest.mark.parametrize("name", ["README.md", "telephony/testing/README.md"])
def test_the_tests_of_the_documents_run_in_an_empty_project(
    name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they stand, without any configuration, with what `telephony[test]` installs."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # this package, whichever is installed
    code = blocks(name)
    pytester.makepyfile(**{f"test_block_{index}": block for index, block in enumerate(code)})
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=sum(block.count("def test_") for block in code))
    assert sum("def test_" in block for block in code) >= 1


def test_the_extra_for_tests_holds_what_they_need() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {re.split(r"[^\w-]", line)[0] for line in extras["test"]} == {"pytest", "pytest-asyncio"}
    assert set(extras["test"]) <= set(extras["dev"])
    assert "telephony[test]" in (ROOT / "README.md").read_text()
