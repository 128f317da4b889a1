"""Replay: exact, with a readable report of the first difference."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest
from typer.testing import CliRunner

from telephony.cli.commands import app
from telephony.core.decisions import RULES
from telephony.core.listening.listening import Closed
from telephony.core.managed.bridge import BridgePolicy
from telephony.core.policy import Limits, Policy, TurnTaking
from telephony.core.turn_taking import floor
from telephony.tape.format import BRIDGE, Header
from telephony.tape.reader import Tape, read
from telephony.tape.replay import replay, replay_all
from telephony.tape.writer import write
from telephony.testing.simulator import Simulator
from telephony.text_normalization import spoken_form
from tests.tape.calls import GREETING, conversation, steps, tape


def made(rules: TurnTaking | None = None) -> Tape:
    """The tape of `conversation()`, with `rules` in its header."""
    sim = conversation()
    policy = replace(sim.policy, turn_taking=rules or TurnTaking())
    tape = Tape(Path("call"), header_of(policy), steps(sim), ended=True)
    tape.whole = len(tape.steps)
    return tape


def header_of(policy: Policy) -> Header:
    return Header(policy=policy)


def test_the_same_core_decides_the_same() -> None:
    """Every action of every step."""
    done = replay(made())
    assert done.same
    assert done.report().endswith("the same")


def test_the_first_difference_is_reported_in_words_with_its_context() -> None:
    """The report shows both sides, and two seconds before and after."""
    done = replay(made(TurnTaking(hold_after_ms=400)))
    assert done.difference is not None
    report = done.report()
    assert "DIFFERENT" in report
    assert "- on the tape: decide: held (turn 2): why=voice" in report
    assert "- on the tape: silence the agent (clear)" in report
    assert "+ now: nothing" in report
    shown = [float(line.split()[0]) for line in report.splitlines()[3:] if line.strip()[:1].isdigit()]
    at = done.difference.step.now_ms / 1000
    assert at - 2 <= min(shown) < at < max(shown) <= at + 2


OTHER = TurnTaking().tuned(shortest_wait_ms=700, likely_ms=700)
"""By these, the call would have gone differently."""
NONE, DIFFERENT, UNREADABLE, RULES_DIFFER = 0, 1, 2, 3


@pytest.mark.parametrize(
    ("turn_taking", "rules", "whole", "code"),
    [
        (None, RULES, True, NONE),
        (OTHER, RULES, True, DIFFERENT),
        (None, RULES, False, UNREADABLE),
        (OTHER, RULES, False, DIFFERENT),
        (None, RULES - 1, True, RULES_DIFFER),
        (OTHER, RULES - 1, True, RULES_DIFFER),
        (OTHER, 1, True, RULES_DIFFER),
        (None, RULES - 1, False, UNREADABLE),
        (OTHER, RULES - 1, False, UNREADABLE),
        (None, RULES + 1, True, RULES_DIFFER),
        (OTHER, RULES + 1, True, RULES_DIFFER),
    ],
)
def test_a_tape_of_other_rules_says_so(turn_taking: TurnTaking | None, rules: int, whole: bool, code: int) -> None:
    """Whether it replays or not: it is reported with both numbers and what to do, and has an exit code of its own, so
    that a difference that is meant is no failure of the code. A tape of today's rules says nothing of the kind."""
    tape = made(turn_taking) if whole else replace_ended(made(turn_taking))
    tape.header = replace(tape.header, rules=rules)
    said: list[str] = []
    assert replay_all([tape], said.append) == code
    told = f"made by {'older' if rules < RULES else 'newer'} rules ({rules}; today's are {RULES})"
    assert (told in said[0], "`telephony rehearse call`" in said[0]) == (rules != RULES, rules != RULES)
    assert ("DIFFERENT" in said[0]) == (turn_taking is not None)


def test_only_what_can_be_rehearsed_is_to_be_rehearsed() -> None:
    """Not the calls of a managed agent."""
    tape = made()
    tape.header = Header(engine=BRIDGE, engine_policy=BridgePolicy(), rules=RULES - 1)
    report = replay(tape).report()
    assert ("older rules" in report, "telephony rehearse" in report) == (True, False)


def test_the_command_has_the_exit_code_of_older_rules(tmp_path: Path) -> None:
    """`telephony replay`, with and without a tape that is worse; its help names the code. Blessing, which finds
    everything the same, makes it a tape of today's rules."""
    sim = conversation()
    write(tmp_path / "older", replace(header_of(sim.policy), rules=RULES - 1), steps(sim))
    write(tmp_path / "today", header_of(sim.policy), steps(sim))
    run = CliRunner().invoke
    ran = run(app, ["replay", str(tmp_path)])
    assert (ran.exit_code, ran.output.count("older rules"), ran.output.count(": the same")) == (RULES_DIFFER, 1, 2)
    (tmp_path / "unreadable").mkdir()
    (tmp_path / "unreadable" / "tape.jsonl").write_bytes(b"x")
    assert run(app, ["replay", str(tmp_path)]).exit_code == UNREADABLE
    assert "3: a tape of other rules" in " ".join(run(app, ["replay", "--help"]).output.split())
    assert run(app, ["replay", "--bless", str(tmp_path / "older")]).exit_code == NONE
    assert read(tmp_path / "older").header.rules == RULES
    assert run(app, ["replay", str(tmp_path / "older")]).exit_code == NONE


def test_another_deadline_is_a_difference_even_if_no_action_is() -> None:
    """A core that wants to be called at another time would have received other events."""
    sim = Simulator(replace(GREETING, limits=Limits(silence_prompt_ms=5_000)))
    sim.frames = False
    sim.run(9_000)
    tape = Tape(Path("call"), header_of(sim.policy), steps(sim), ended=True, whole=len(sim.steps))
    assert replay(tape).same
    tape.header = header_of(replace(sim.policy, limits=Limits(silence_prompt_ms=4_000, frames_stop_ms=10_000)))
    found = replay(tape).difference
    assert found is not None
    assert "deadline" in found.why or "wants to be called" in found.why


def test_an_exception_of_the_core_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its text, the step, and the tape's actions."""

    def broken(self: floor.Floor, closed: Closed, now: int) -> Never:
        raise ZeroDivisionError("a slip")

    tape = made()
    monkeypatch.setattr(floor.Floor, "utterance_over", broken)
    report = replay(tape).report()
    assert "the core raises ZeroDivisionError: a slip" in report
    assert "start a reply (turn 2) to 'what are your opening hours'" in report


def test_the_exit_code_is_that_of_the_worst_tape() -> None:
    """1: a difference; 2: damaged; 3: of other rules; 0: all the same. In this order, whichever tape comes first."""
    good, bad, damaged, older = made(), made(OTHER), replace_ended(made()), made(OTHER)
    older.header = replace(older.header, rules=RULES - 1)
    said: list[str] = []
    assert replay_all([good], said.append) == NONE
    assert replay_all([good, older, good], said.append) == RULES_DIFFER
    assert replay_all([older, good, damaged], said.append) == UNREADABLE
    assert replay_all([damaged, older, bad, good], said.append) == DIFFERENT
    assert len(said) == 11


def replace_ended(tape: Tape) -> Tape:
    tape.ended, tape.problems = False, ["it breaks off"]
    return tape


def test_spoken_forms_are_those_of_the_recorded_call() -> None:
    """The header holds the language for which `spoken_form` was called."""
    sim = Simulator(GREETING, lambda history: ["It costs 25 euros."], spoken_form=lambda text: spoken_form(text, "de"))
    sim.says(3_000, "how much is it")
    sim.run(9_000)
    tape = Tape(Path("call"), replace(header_of(sim.policy), language="de"), steps(sim), ended=True, whole=10**6)
    assert replay(tape).same
    tape.header = replace(tape.header, language="en")
    assert not replay(tape).same


THEN = {
    "That is 1.234 Euro, please.": "That is eins Komma zwei drei vier Euro, please.",
    "It is 5 now.": "It is five now.",
    "Room 1,000,000.": "Room one,zero zero zero,zero zero zero.",
    "1,000,000!": "one,zero zero zero!",
}


def read_back(folder: Path, then: Callable[[str], str], policy: Policy = GREETING) -> Tape:
    """The tape of a call whose text normalisation was `then`, written and read."""
    sim = Simulator(policy, lambda history: [" ".join(THEN)], spoken_form=then)
    sim.says(3_000, "how much is it")
    sim.run(20_000)
    write(folder, replace(header_of(sim.policy), language="en"), steps(sim))
    return read(folder)


def test_a_tape_keeps_the_spoken_forms_it_was_made_with(tmp_path: Path) -> None:
    """However the same text is read out today."""
    tape = read_back(tmp_path / "call", lambda text: THEN.get(text, text))
    assert replay(tape).same
    changed = {written: said for written, said in THEN.items() if spoken_form(written) != said}
    assert dict(tape.header.spoken) == changed
    assert len(changed) == 3


def test_a_greeting_keeps_its_spoken_form(tmp_path: Path) -> None:
    policy = replace(GREETING, greeting="You have 1,000,000 points.")
    tape = read_back(tmp_path / "call", lambda text: text.replace("1,000,000", "one,zero zero zero"), policy)
    assert replay(tape).same


@pytest.mark.parametrize("then", ["It is eight then.", "", "Something else."])
def test_other_words_are_a_difference_and_no_spoken_form(tmp_path: Path, then: str) -> None:
    """Only what is written with digits or signs may be read in another way."""
    tape = read_back(tmp_path / "call", lambda text: then if text == "It is 5 now." else spoken_form(text))
    assert not replay(tape).same


ROOT = Path(__file__).parent.parent.parent
VARIED = [
    {"PYTHONHASHSEED": "0", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONUTF8": "0"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/New_York", "LC_ALL": "C.UTF-8", "PYTHONOPTIMIZE": "1"},
]
CHECK = """
import decimal, random, sys, threading, time
decimal.getcontext().prec = 5
def never(*args, **kwargs):
    raise AssertionError("the core asked for something that differs between machines")
from pathlib import Path
from telephony.tape.reader import read
from telephony.tape.replay import replay
tape = read(Path(sys.argv[1]))
for module, names in ((time, ("time", "monotonic", "perf_counter", "localtime")), (random, ("random", "choice"))):
    for name in names:
        setattr(module, name, never)
threading.Thread.start = never
done = replay(tape)
print(done.report().split(": ", 1)[1])
sys.exit(not done.same)
"""


@pytest.mark.parametrize("environ", VARIED, ids=["one", "other"])
def test_nothing_of_the_machine_reaches_a_decision(tmp_path: Path, environ: dict[str, str]) -> None:
    """A tape replays the same with another clock, hash seed, time zone, locale, encoding, decimal precision or Python
    version, and without randomness and threads."""
    folder = tape(tmp_path / "call")
    bare = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    for python in (sys.executable, *other_pythons()):
        done = subprocess.run(
            [python, "-c", CHECK, str(folder)],
            env=bare | environ, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout.split(": ")[-1]) == (0, "the same\n"), (python, done.stderr)


def other_pythons() -> list[str]:
    """Other installed Python versions that can import the package; OTHER_PYTHON may name one more."""
    found = []
    for name in (os.environ.get("OTHER_PYTHON", ""), "python3.11", "python3.12", "python3.13"):
        path = shutil.which(name)
        if path and not name.endswith(f"python{sys.version_info[0]}.{sys.version_info[1]}"):
            there = subprocess.run([path, "-c", "import telephony.tape.replay"], cwd=ROOT, capture_output=True)
            found += [path] if there.returncode == 0 else []
    return found


def test_an_unreadable_tape_does_not_keep_the_others_from_being_replayed(tmp_path: Path) -> None:
    """In a folder, it is reported, and the exit code is 2."""
    for name in ("a", "b", "c"):
        tape(tmp_path / name)
    (tmp_path / "a" / "tape.jsonl").write_bytes(b"x")
    for command in ("replay", "rehearse"):
        ran = CliRunner().invoke(app, [command, str(tmp_path)])
        assert ran.exit_code == 2
        assert "line 1: this is not a tape: the line is cut off" in ran.output
        assert ran.output.count("the same") == 2
