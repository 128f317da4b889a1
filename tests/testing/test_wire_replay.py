"""Wire replay: a recorded call runs again through every socket of the service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.decisions import RULES
from telephony.core.policy import Policy
from telephony.tape.format import Header
from telephony.tape.reader import Tape, read
from telephony.tape.timeline import Timeline
from telephony.testing.simulator import Simulator
from telephony.testing.steady import SteadyClock
from telephony.testing.wire_replay import WireReplay, alike, conversation, wire_replay, wire_replay_all
from tests.tape.calls import GREETING, replies, steps, tape


def call(said: str = "what are your opening hours", *, cut_at: int = 6_500, partials: bool = True) -> Simulator:
    """A question, an interruption, a tool, a key, a hang-up: 18 seconds."""
    sim = Simulator(GREETING, replies)
    sim.faults.no_partials = not partials
    sim.says(2_500, said)
    sim.says(cut_at, "wait I want to book a table", ms=1_500)
    sim.presses(11_500, "5")
    sim.hangs_up(17_000)
    return sim.run(18_000)


async def test_a_tape_is_the_same_conversation_over_sockets(tmp_path: Path) -> None:
    """The words, interruption, tool and key are the same, and no protocol is violated. Different words are reported."""
    recorded = read(tape(tmp_path / "call", call()))
    done = await wire_replay(recorded, clock=SteadyClock(speed=20))
    assert done.same, done.report()
    assert [one.verdict for one in done.now.interruptions][:1] == ["cut"]
    assert done.now.called("book_table", people=4)
    assert ("key", "5") in [(line.speaker, line.text) for line in done.now.record]
    assert done.now.remembered_unheard == []
    assert done.now.ended == "caller"
    recorded.steps = steps(call("what are your prices"))
    assert not done.same
    assert "DIFFERENT CONVERSATION" in done.report()


async def test_a_tape_without_partials_is_replayed_without_partials(tmp_path: Path) -> None:
    """With partials that are not on the tape, the interruption would cut the agent much earlier."""
    recorded = read(tape(tmp_path / "call", call(partials=False)))
    done = await wire_replay(recorded, clock=SteadyClock(speed=20))
    assert [x for _, x in done.now.events(e.TranscriptUpdated) if x.tentative] == []
    then, now = (one.decided(d.Cut)[0] for one in (Timeline(recorded.steps), done.now))
    assert abs(then - now) <= 300
    assert done.same, done.report()


def test_a_line_interrupted_elsewhere_is_a_different_conversation() -> None:
    """The caller says the same, but the agent's line is heard for a second longer, or has other words."""
    then, moved = (conversation(Timeline(steps(call(cut_at=at)))) for at in (6_500, 7_600))
    assert then.said == moved.said
    assert alike(then, then)
    assert not alike(then, moved)
    (words, cut, ms), *_ = lines = list(then.lines[1:])
    assert cut
    for other, same in (((words, cut, ms + 300), True), ((("no", *words[1:]), cut, ms), False)):
        assert alike(then, replace(then, lines=(then.lines[0], other, *lines[1:]))) is same


def test_a_damaged_tape_is_never_the_same_conversation(tmp_path: Path) -> None:
    """Without the caller's audio the words might be the same; the exit code says that the tape is damaged."""
    folder = tape(tmp_path / "call", call())
    (folder / "caller.ulaw").unlink()
    reports: list[str] = []
    assert wire_replay_all([read(folder)], reports.append, 12) == 2
    assert "caller.ulaw" in reports[0]


@pytest.mark.parametrize(
    ("rules", "says", "violations", "code"),
    [
        (RULES, "hello", [], 0),
        (RULES, "other words", [], 1),
        (RULES - 1, "hello", [], 3),
        (RULES - 1, "other words", [], 3),
        (RULES - 1, "hello", ["31951 an unknown event"], 1),
    ],
)
def test_the_exit_code_for_older_rules(rules: int, says: str, violations: list[str], code: int) -> None:
    """Another conversation may be meant; a breach of the protocol never is."""
    sims = Simulator(Policy()), Simulator(Policy())
    for sim, text in zip(sims, ("hello", says), strict=True):
        sim.says(1_000, text)
        sim.run(4_000)
    then = Tape(Path("call"), Header(rules=rules), steps(sims[0]), ended=True)
    done = WireReplay(then, Timeline(steps(sims[1])), violations)
    assert done.code == code
    assert ("older rules" in done.report()) == (rules < RULES)
