"""Decisions made by time alone: silence prompts, the length of the call, and drain."""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Limits, Policy
from tests.core.bare import Bare

WORDING = Policy().wording
PROMPT_MS = 1_400
"""Duration of the simulator's cached "Are you still there?"."""
LATE = 1_000_000
"""A limit longer than any of these calls."""


# --- silence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("greeting", "quiet_from"), [("", 0), ("Hello there.", 840)])
def test_a_silent_caller_is_asked_once_the_silence_is_long_enough(greeting: str, quiet_from: int) -> None:
    """The silence is counted from the end of the agent's speech, to the millisecond."""
    call = Bare(Policy(greeting=greeting))
    call.run(quiet_from + 9_999)
    assert call.explained(d.StillThereAsked) == []
    call.run(quiet_from + 10_000)
    assert call.explained(d.StillThereAsked) == [quiet_from + 10_000]
    call.run(quiet_from + 10_000 + PROMPT_MS)
    assert call.said[-1] == WORDING.still_there


def test_silence_after_the_prompt_ends_the_call() -> None:
    """The prompt is not repeated; the goodbye is a fixed phrase, and the reason is recorded."""
    call = Bare(silence_prompt_ms=3_000, silence_end_ms=5_000)
    asked = 3_000 + PROMPT_MS
    call.run(asked + 4_999)
    assert call.explained(d.CallEnding) == []
    call.run(asked + 5_000)
    assert call.sim.explained(d.CallEnding) == [(asked + 5_000, {"reason": "silent_goodbye"})]
    call.run(60_000)
    assert call.said == [WORDING.still_there, WORDING.silent_goodbye]
    assert call.ended == "silent_goodbye"
    assert call.explained(d.StillThereAsked) == [3_000]


def test_a_caller_who_answers_is_asked_again_at_the_next_silence() -> None:
    """The full wait applies again, counted from the end of the reply."""
    call = Bare(silence_prompt_ms=3_000, silence_end_ms=9_000)
    call.run(5_000)
    turn = call.asks(5_000)
    call.replies(5_100, turn, "Fine.")
    call.run(20_000)
    over = 5_100 + 600
    assert call.explained(d.StillThereAsked) == [3_000, over + 3_000]


def test_sounds_and_pending_replies_restart_the_silence() -> None:
    """Noise restarts the silence, and the time until a pending reply has been heard does not count."""
    call = Bare(silence_prompt_ms=3_000, filler_ms=60_000)
    turn = call.asks(2_999)
    call.run(9_000)
    call.replies(9_000, turn, "Fine.")
    call.run(9_600 + 2_999)
    assert call.explained(d.StillThereAsked) == []
    call.run(9_600 + 3_000)
    assert call.explained(d.StillThereAsked) == [12_600]
    noise = Bare(silence_prompt_ms=3_000)
    noise.sim.coughs(2_000, 150)
    noise.run(5_000)
    assert noise.explained(d.StillThereAsked) == []


def test_an_unfinished_dtmf_entry_is_no_silence() -> None:
    """There is no silence prompt between two keys."""
    call = Bare(silence_prompt_ms=3_000, dtmf_gap_ms=6_000)
    call.at(2_000, e.KeyPressed("1"))
    call.run(7_999)
    assert call.explained(d.StillThereAsked) == []


def test_a_pending_answer_is_no_silence() -> None:
    """A tool of an interrupted reply is running, and the caller is waiting for its result."""
    call = Bare(silence_prompt_ms=3_000, filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.asks(1_200)
    call.run(15_000)
    assert call.explained(d.StillThereAsked) == []


# --- the length of the call -------------------------------------------------------------------------------------------


def test_the_caller_is_warned_before_the_call_limit() -> None:
    """Warning and end each come once, to the millisecond, with their own phrases."""
    call = Bare(call_ms=16_000, call_warning_ms=11_000, silence_prompt_ms=LATE)
    call.run(4_999)
    assert call.explained(d.TimeWarned) == []
    call.run(15_999)
    assert call.explained(d.TimeWarned) == [5_000]
    assert call.explained(d.CallEnding) == []
    call.run(36_000)
    assert call.sim.explained(d.CallEnding) == [(16_000, {"reason": "time_over"})]
    assert call.said == [WORDING.time_warning, WORDING.time_over]
    assert call.ended == "time_over"


@pytest.mark.parametrize(("warning_ms", "warned"), [(0, []), (1, [7_999]), (7_999, [1]), (8_000, []), (8_001, [])])
def test_there_is_a_warning_only_within_the_call(warning_ms: int, warned: list[int]) -> None:
    """A warning due at the start, before it, or at the end of the call is not given."""
    call = Bare(call_ms=8_000, call_warning_ms=warning_ms, silence_prompt_ms=LATE)
    call.run(8_000)
    assert call.explained(d.TimeWarned) == warned


def test_the_warning_waits_until_nobody_speaks() -> None:
    """It does not interrupt a reply, and follows it immediately."""
    call = Bare(call_ms=20_000, call_warning_ms=17_000, silence_prompt_ms=LATE)
    turn = call.asks(2_500)
    call.replies(2_900, turn, "We open at nine.")
    call.run(11_000)
    assert call.explained(d.TimeWarned) == [2_900 + 1_700]
    assert call.said == ["We open at nine.", WORDING.time_warning]


def test_the_call_limit_interrupts_agent_and_caller() -> None:
    """The reply is cut, and the goodbye is said even while the caller is speaking."""
    call = Bare(call_ms=6_000, call_warning_ms=0)
    turn = call.asks(4_900)
    call.replies(5_000, turn, "We open at nine in the morning.")
    call.sim.coughs(5_900, 3_000)
    call.run(16_000)
    assert call.explained(d.CallEnding) == [6_000]
    assert call.said == ["We open at --", WORDING.time_over]


def test_a_warning_postpones_the_silence_prompt() -> None:
    """When both are due, the warning is said, and the silence is counted again from its end."""
    call = Bare(call_ms=60_000, call_warning_ms=50_000)
    call.run(30_000)
    assert call.explained(d.TimeWarned) == [10_000]
    [asked, *_] = call.explained(d.StillThereAsked)
    assert asked == call.sim.heard[0][1] + 10_000


# --- drain ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("deadline", "ends"), [(9_000, 9_000), (5_001, 5_001), (5_000, 5_000), (10, 5_000)])
def test_a_drained_call_goes_on_until_the_deadline(deadline: int, ends: int) -> None:
    """A deadline that has already passed ends the call at once."""
    call = Bare()
    call.sim.at(5_000, e.DrainStarted(deadline))
    call.run(ends - 1)
    assert call.explained(d.CallEnding) == []
    call.run(30_000)
    assert call.sim.explained(d.CallEnding) == [(ends, {"reason": "draining"})]
    assert call.said == [WORDING.draining]
    assert call.ended == "draining"


def test_a_drain_before_the_call_starts_is_kept() -> None:
    """The stream starts later; no deadline is set before it does."""
    call = Bare()
    call.sim.call.step(e.DrainStarted(3_000), 0)
    assert call.sim.call.deadline is None
    call.run(20_000)
    assert call.explained(d.CallEnding) == [3_000]


def test_the_last_drain_counts() -> None:
    """A later drain may extend the deadline."""
    call = Bare()
    call.at(1_000, e.DrainStarted(3_000))
    call.at(2_000, e.DrainStarted(6_000))
    call.run(20_000)
    assert call.explained(d.CallEnding) == [6_000]


def test_when_two_ends_are_due_the_length_of_the_call_is_the_reason() -> None:
    """The call ends once."""
    call = Bare(call_ms=5_000, call_warning_ms=0)
    call.at(1_000, e.DrainStarted(5_000))
    call.run(30_000)
    assert call.sim.explained(d.CallEnding) == [(5_000, {"reason": "time_over"})]
    assert len(call.end) == 1


def test_nothing_is_due_once_an_end_has_come() -> None:
    """The call limit passes during the goodbye and triggers nothing."""
    call = Bare(call_ms=12_000, call_warning_ms=0, silence_prompt_ms=3_000)
    call.at(1_000, e.DrainStarted(2_000))
    call.run(30_000)
    assert call.explained(d.CallEnding) == [2_000]
    assert call.said == [WORDING.draining]


def test_the_time_is_counted_from_the_start_of_the_stream() -> None:
    """A second start event changes nothing."""
    call = Bare(Policy(greeting="Hello."), call_ms=12_000, call_warning_ms=0, silence_prompt_ms=LATE)
    call.at(9_000, e.CallStarted("MZ2"))
    call.run(30_000)
    assert call.explained(d.CallEnding) == [12_000]
    assert call.said == ["Hello.", WORDING.time_over]
    assert len(call.did(a.EndCall)) == 1


def test_limits_have_defaults_that_fit_each_other() -> None:
    """The warning lies within the call, and a filler comes before a reply is given up."""
    limits = Limits()
    assert 0 < limits.call_warning_ms < limits.call_ms
    assert limits.filler_ms < limits.reply_ms < limits.call_ms
    assert limits.frames_stop_ms < limits.frames_dead_ms
