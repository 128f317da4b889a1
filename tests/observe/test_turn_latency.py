"""The stop-watch: latencies counted on the call's own time line, never negative, never of another turn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Policy, TurnTaking
from telephony.observe.turn_latency import TurnClock, TurnReport, waterfall
from telephony.testing.simulator import CallTool, Simulator
from tests.core.calls import number
from tests.observe.calls import watched

POLICY = Policy(greeting="Hello, how can I help?")
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def test_an_answer_is_taken_apart_without_gaps() -> None:
    """The stages add up to the wait, and each is what it was in the simulated services."""
    policy = replace(POLICY, turn_taking=TurnTaking(speculate="off"))
    sim = Simulator(policy, lambda history: ["We open at nine. Anything else?"])
    end = sim.says(3_000, "what are your opening hours")
    clock = TurnClock()
    watched(sim.run(9_000), clock)
    (report,) = clock.reports
    stages = {stage.name: stage.ms for stage in report.stages()}
    assert report.answer_ms == sum(stages.values())
    assert all(before.end_ms == after.start_ms for before, after in pairwise(report.stages()))
    assert report.voiced_ms is not None
    assert abs(report.voiced_ms - end) <= 40
    assert stages["llm"] == sim.latencies.first_token
    assert stages["tts"] == sim.latencies.first_audio
    [(_, because)] = sim.explained(d.TurnEnded)
    assert number(because, "wait_ms") - 20 <= stages["endpointing"] <= number(because, "wait_ms") + 60
    assert (report.caller, report.agent) == ("what are your opening hours", "We open at nine. Anything else?")
    assert report.why
    assert 0 <= stages["endpointing"] - (report.wait_ms or 0) <= 60
    assert clock.greeting_ms == 0


def test_a_reply_prepared_ahead_leaves_a_shorter_wait() -> None:
    """What happened before the decision is no part of the wait; trials that were dropped are no turns."""
    sim = Simulator(POLICY, lambda history: ["We open at nine. Anything else?"])
    end = sim.says(3_000, "what are your opening hours")
    sim.says(end + 330, "on saturday morning")
    clock = TurnClock()
    watched(sim.run(12_000), clock)
    assert sim.explained(d.SpeculationDropped)
    (report,) = clock.reports
    assert report.ahead_ms >= 200
    assert report.why
    assert report.answer_ms == sum(stage.ms for stage in report.stages())
    assert report.answer_ms < 380 + sim.latencies.first_token + sim.latencies.first_audio
    assert "ahead" in waterfall(report)


def test_a_turn_whose_model_was_asked_twice_is_one_turn() -> None:
    """The wait counts from the caller's last voice, and has both requests in it."""
    sim = Simulator(POLICY, lambda history: ["We open at nine."], unfinished=lambda history: True)
    sim.latencies.first_token = 600
    sim.says(3_000, "what are your opening hours")
    clock = TurnClock()
    watched(sim.run(12_000), clock)
    assert [x.must_answer for _, x in sim.actions(a.StartReply)] == [False, True]
    (report,) = clock.reports
    assert (report.caller, report.agent) == ("what are your opening hours", "We open at nine.")
    assert report.answer_ms is not None
    assert report.answer_ms > 2 * sim.latencies.first_token
    assert report.answer_ms == sum(stage.ms for stage in report.stages())


def test_an_interruption_is_timed_from_the_first_voiced_frame_to_the_clear() -> None:
    """What the caller experiences as being cut off, or not."""
    sim = Simulator(Policy(), lambda history: [LONG])
    sim.says(500, "hello there what are your hours")
    sim.run(4_200)
    onset = sim.heard[0][0] + 1_500
    sim.says(onset, "wait I need something else", ms=1_500)
    sim.run(onset + 6_000)
    clock = TurnClock()
    watched(sim, clock)
    (barge_in,) = clock.barge_ins
    assert barge_in.verdict == "cut"
    assert 0 <= barge_in.onset_ms - onset <= 60
    assert 60 <= barge_in.ms <= 250
    assert [report.interrupted for report in clock.reports] == [True, False]


def test_a_false_alarm_is_not_an_interruption() -> None:
    """A cough holds and resumes; the turn is not interrupted, and the cough is no latency of the next turn."""
    sim = Simulator(Policy(), lambda history: [LONG])
    sim.says(500, "hello there what are your hours")
    sim.run(4_200)
    sim.coughs(sim.heard[0][0] + 1_500, 300)
    clock = TurnClock()
    watched(sim.run(14_000), clock)
    assert [one.verdict for one in clock.barge_ins] == ["resume"]
    assert [report.interrupted for report in clock.reports] == [False]


def test_tools_and_fillers_are_told() -> None:
    """A slow tool: the filler is not taken for the answer."""
    sim = Simulator(POLICY, lambda history: [CallTool("look_up"), "It is free."])
    sim.latencies.tool = 3_000
    sim.says(3_000, "is the table free")
    clock = TurnClock()
    watched(sim.run(12_000), clock)
    (report,) = clock.reports
    assert report.tools == 1
    assert report.filler_ms is not None
    assert report.sent_ms is not None
    assert report.sent_ms > report.filler_ms
    assert "1 tool" in waterfall(report)


def test_a_moment_out_of_order_gives_no_stage() -> None:
    """Tokens that overtake, a clock that was set: never negative, never 200 seconds (seen elsewhere)."""
    report = TurnReport(4, voiced_ms=5_000, decided_ms=4_000, started_ms=5_600, delta_ms=5_500, sent_ms=6_000)
    assert [(stage.name, stage.ms) for stage in report.stages()] == [("starting", 600), ("sending", 400)]
    assert TurnReport(4, voiced_ms=7_000, sent_ms=6_000).answer_ms is None
    assert TurnReport(4).stages() == []
    assert waterfall(TurnReport(4)) == ""


def test_voice_long_ago_is_not_the_beginning_of_this_turn() -> None:
    """Keys pressed a minute after the last word: the answer's wait begins with the decision."""
    clock = TurnClock()
    steps = [
        Step(0, 1_000, e.AudioReceived(b"", 0, 900, -200), ()),
        Step(1, 61_000, e.KeyPressed("1"), (a.LineAdded("caller", "[keys: 1]", 3), a.StartReply(3, ()))),
        Step(2, 61_200, e.ReplyDelta(3, "Yes."), (a.Speak(3, 1, "Yes. "),)),
        Step(3, 61_300, e.SpeechAudio(3, 1, b"\0" * 160), (a.SendAudio(b"\0" * 160),)),
    ]
    for step in steps:
        clock.see(step)
    clock.close()
    assert [report.answer_ms for report in clock.reports] == [300]


@pytest.mark.parametrize("width", [1, 10, 80])
def test_a_waterfall_keeps_its_width(width: int) -> None:
    """A line per stage, bars within the width, and every stage visible."""
    report = TurnReport(
        1, voiced_ms=0, decided_ms=9_000, started_ms=9_000, delta_ms=9_001, unit_ms=9_001, audio_ms=9_100, sent_ms=9_101
    )
    bars = [line.partition(" ms  ")[2] for line in waterfall(report, width).splitlines()[:-1]]
    assert len(bars) == 5
    assert all(len(bar.strip()) >= 1 and len(bar) <= width + 1 for bar in bars)
