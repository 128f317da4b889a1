"""Wire replay: a recorded call once more, through every socket of the service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from telephony.core import decisions as d
from telephony.core import events as e
from telephony.tape.reader import read
from telephony.tape.timeline import Timeline
from telephony.testing.simulator import Simulator
from telephony.testing.steady import SteadyClock
from telephony.testing.wire_replay import alike, conversation, wire_replay, wire_replay_all
from tests.tape.calls import GREETING, replies, steps, tape


def call(said: str = "what are your opening hours", *, cut_at: int = 6_500, partials: bool = True) -> Simulator:
    """A question, an interruption, a tool, a key, a hang-up: 18 seconds."""
    sim = Simulator(GREETING, replies)
    sim.faults.no_partials = not partials
    sim.says(2_500, said)
    sim.says(cut_at, "wait I want to book a table", ms=1_500)
    sim.at(11_500, e.KeyPressed("5"))
    sim.at(17_000, e.CallerLeft("stop"))
    return sim.run(18_000)


async def test_a_tape_is_the_same_conversation_over_sockets(tmp_path: Path) -> None:
    """The same words, interruption, tool and key; the carrier finds nothing wrong. Other words are told."""
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
    assert "ANOTHER CONVERSATION" in done.report()


async def test_ears_that_showed_nothing_before_the_end_show_nothing_again(tmp_path: Path) -> None:
    """Partials that the tape does not have would cut an interruption off long before it was."""
    recorded = read(tape(tmp_path / "call", call(partials=False)))
    done = await wire_replay(recorded, clock=SteadyClock(speed=20))
    assert done.now.events(e.TranscriptPartial) == []
    then, now = (one.decided(d.Cut)[0] for one in (Timeline(recorded.steps), done.now))
    assert abs(then - now) <= 300
    assert done.same, done.report()


def test_a_line_that_breaks_off_elsewhere_is_another_conversation() -> None:
    """The same words of the caller's, and the same line, heard a second longer or with other words in it."""
    then, moved = (conversation(Timeline(steps(call(cut_at=at)))) for at in (6_500, 7_600))
    assert then.said == moved.said
    assert alike(then, then)
    assert not alike(then, moved)
    (words, cut, ms), *_ = lines = list(then.lines[1:])
    assert cut
    for other, same in (((words, cut, ms + 300), True), ((("no", *words[1:]), cut, ms), False)):
        assert alike(then, replace(then, lines=(then.lines[0], other, *lines[1:]))) is same


def test_a_damaged_tape_is_never_the_same_conversation(tmp_path: Path) -> None:
    """Without the caller's sound the words may be the same; the exit code says that the tape is damaged."""
    folder = tape(tmp_path / "call", call())
    (folder / "caller.ulaw").unlink()
    told: list[str] = []
    assert wire_replay_all([read(folder)], told.append, 12) == 2
    assert "caller.ulaw" in told[0]
