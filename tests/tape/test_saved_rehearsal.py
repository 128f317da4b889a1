"""A saved test guards the user's agent: the same caller, with the agent module as it is today."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telephony.cli.commands import app
from telephony.core.policy import TurnTaking
from telephony.tape.choose import find
from telephony.tape.format import Header
from telephony.tape.reader import read
from telephony.tape.save import broken_by
from telephony.tape.show import timeline
from telephony.tape.writer import write
from tests.tape.calls import conversation, steps, tape

ROOT = Path(__file__).parents[2]
TAPES = ROOT / "tests" / "tapes"
AGENT = """
from telephony import Agent, TurnTaking, tool

@tool
async def book_table(people: int) -> str:
    \"\"\"Book a table.\"\"\"
    return "Booked."

agent = Agent(prompt="Hi", greeting="Hello, how can I help?", tools=(book_table,))
"""
CHANGES = {
    "patient": ("tools=(", "turn_taking=TurnTaking.preset('patient'), tools=("),
    "eager": ("tools=(", "turn_taking=TurnTaking.preset('eager'), tools=("),
    "no such tool": ("tools=(book_table,)", "tools=()"),
    "another argument": ("people: int", "guests: int"),
}


@pytest.fixture
def project(tmp_path: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with an agent and a tape, in which the command line runs."""
    monkeypatch.syspath_prepend(pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # this package, whichever is installed
    pytester.makepyfile(my_agent=AGENT)
    tape(pytester.path / "tapes" / "call")
    return pytester.path


def save(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["save-test", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def run(pytester: pytest.Pytester, *, subprocess: bool = False) -> pytest.RunResult:
    """Runs the project's tests: in a process of their own, or in this one, which has loaded the package already."""
    sys.modules.pop("my_agent", None)  # as it is in the file now
    start = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
    return start(
        "tests/calls", "-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:xdist"
    )  # fmt: skip


def test_both_tests_pass_and_a_changed_agent_fails_the_rehearsal(project: Path, pytester: pytest.Pytester) -> None:
    """Another preset, faster or slower; a tool that is gone, or that would refuse the recorded arguments."""
    told = save("tapes", "--name", "booking", "--agent", "my_agent:agent")
    assert f"from {Path('tapes/call')}" in told
    assert "ended: " in told
    assert "would not pass" not in told
    run(pytester, subprocess=True).assert_outcomes(passed=2)
    for old, new in CHANGES.values():
        assert old in AGENT
        pytester.makepyfile(my_agent=AGENT.replace(old, new))
        done = run(pytester)
        done.assert_outcomes(passed=1, failed=1)
        assert "test_booking_rehearsed" in done.stdout.str()
        assert "passed" in done.stdout.str()


@pytest.mark.parametrize("preset", ["eager", "patient"])
def test_every_tape_with_an_answer_sees_another_preset(preset: str) -> None:
    for path in find(TAPES):
        one = read(path)
        assert broken_by(one, one.header) == [], path
        if timeline(one).waits_ms:
            policy = replace(one.header.policy, turn_taking=TurnTaking.preset(preset))
            assert broken_by(one, replace(one.header, policy=policy)), path


def test_an_agent_that_already_differs_is_told(project: Path, pytester: pytest.Pytester) -> None:
    """The test is written; what it would not pass is named at once."""
    pytester.makepyfile(my_agent=AGENT.replace(*CHANGES["patient"]), bare=AGENT.replace(*CHANGES["no such tool"]))
    told = save("tapes", "--name", "booking", "--agent", "my_agent:agent")
    assert "my_agent:agent as it is now would not pass" in told
    assert "call.waits_ms == " in told
    assert "There is no tool 'book_table'" in save("tapes", "--name", "other", "--agent", "bare:agent")


def test_an_agent_that_cannot_be_loaded_leaves_nothing_behind(project: Path) -> None:
    assert "my_agent.py has no agnet" in save("tapes", "--name", "booking", "--agent", "my_agent:agnet", code=2)
    assert not (project / "tests").exists()


def test_a_damaged_newest_tape_is_passed_over(project: Path) -> None:
    """Cut off, still being recorded, or not a tape at all: the newest whole one is taken, and the others are named."""
    tapes = project / "tapes"
    for name in ("cut_off", "unreadable"):
        tape(tapes / name)
    lines = (tapes / "cut_off" / "tape.jsonl").read_bytes().splitlines(keepends=True)
    (tapes / "cut_off" / "tape.jsonl").write_bytes(b"".join(lines[:20]))
    (tapes / "unreadable" / "tape.jsonl").write_bytes(b"\0\0")
    told = save("tapes", "--name", "booking", "--agent", "my_agent:agent")
    assert "from tapes/call: " in told
    assert "passed over: tapes/cut_off/tape.jsonl: the tape breaks off after" in told
    assert "passed over: tapes/unreadable/tape.jsonl" in told


def test_a_call_without_an_end_is_not_asked_for_one(project: Path, pytester: pytest.Pytester) -> None:
    """As when the service was stopped in the middle of it: the tape is whole, and what is on it is guarded."""
    whole = conversation()
    cut = [step for step in steps(whole) if step.now_ms < 30_000]
    write(project / "tapes" / "stopped", Header(policy=whole.policy, call={"sid": "CA2"}), cut)
    told = save("tapes/stopped", "--name", "stopped", "--agent", "my_agent:agent")
    assert "The call's end is not on the tape, so the test does not ask how it ended" in told
    text = (project / "tests" / "calls" / "stopped" / "test_stopped.py").read_text()
    assert "call.ended" not in text
    assert text.count("call.slowest_answer_ms <= ") == 2
    run(pytester).assert_outcomes(passed=2)


def test_a_damaged_tape_that_is_meant_is_refused(project: Path) -> None:
    lines = (project / "tapes" / "call" / "tape.jsonl").read_bytes().splitlines(keepends=True)
    (project / "tapes" / "call" / "tape.jsonl").write_bytes(b"".join(lines[:20]))
    assert "only a whole tape makes a test" in save("tapes/call", "--agent", "my_agent:agent", code=2)
    tape(project / "tapes" / "more")
    (project / "tapes" / "more" / "tape.jsonl").write_bytes(b"")
    assert "none of the 2 tapes is whole" in save("tapes", "--agent", "my_agent:agent", code=2)
