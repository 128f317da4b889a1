"""When a tool may run: once, for the live reply, and only while the caller is not taking the turn back."""

from __future__ import annotations

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import STILL_RUNNING, AgentSaid, CallerSaid, ToolUsed
from tests.core.bare import Bare


def test_a_tool_of_the_live_reply_runs_at_once() -> None:
    """It runs immediately, even while the agent speaks."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    assert call.did(a.RunTool) == [(1_100, a.RunTool(turn, "call_1"))]
    call.writes(1_200, turn, "One moment. ")
    call.speaks(1_300, turn, "One moment. ")
    call.wants(1_400, turn, "call_2")
    assert call.did(a.RunTool)[1:] == [(1_400, a.RunTool(turn, "call_2"))]


def test_a_tool_of_another_turn_is_not_even_refused() -> None:
    """The reply of that turn was cancelled, so no answer is needed."""
    call = Bare()
    turn = call.asks(1_000)
    later = call.asks(1_500)
    call.wants(1_600, turn, "call_1")
    call.wants(1_600, later + 1, "call_2")
    assert call.did(a.RunTool) == []
    assert call.did(a.RefuseTool) == []


def test_a_call_that_is_made_twice_runs_once() -> None:
    """The second call is refused with a reason for the model, whether the first is running or has returned."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.wants(1_200, turn, "call_1")
    call.returns(1_300, turn, "call_1")
    call.wants(1_400, turn, "call_1")
    refused = a.RefuseTool(turn, "call_1", "This call was made already.")
    assert call.when(a.RunTool) == [1_100]
    assert call.did(a.RefuseTool) == [(1_200, refused), (1_400, refused)]


def test_no_tool_runs_while_the_caller_makes_a_sound() -> None:
    """The caller may be taking the turn back. If no words follow, the tools run, all of them at once."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.sim.coughs(2_000, 150)
    call.run(2_200)
    call.wants(2_200, turn, "call_1")
    call.wants(2_210, turn, "call_2")
    assert call.did(a.RunTool) == []
    call.run(6_000)
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1", "call_2"]
    assert len(set(call.when(a.RunTool))) == 1


def test_no_tool_runs_while_the_agent_is_held() -> None:
    """The verdict comes first; after a resume the tool runs in the same step."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, "We open at nine in the morning, every day. ")
    call.speaks(1_200, turn, "We open at nine in the morning, every day. ")
    call.sim.coughs(2_500, 300)
    call.run(2_800)
    assert len(call.explained(d.Held)) == 1
    call.wants(2_800, turn, "call_1")
    call.run(4_000)
    assert call.when(a.RunTool) == call.explained(d.Resumed)


def test_the_tools_that_wait_are_refused_when_their_reply_is_cut() -> None:
    """The reason is given to the model, and the reply is cancelled."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.sim.coughs(2_000, 150)
    call.run(2_200)
    call.wants(2_200, turn, "call_1")
    call.wants(2_200, turn, "call_2")
    call.asks(2_300)
    why = "The caller interrupted."
    assert call.did(a.RefuseTool) == [(2_300, a.RefuseTool(turn, one, why)) for one in ("call_1", "call_2")]
    assert call.did(a.CancelReply) == [(2_300, a.CancelReply(turn))]
    assert call.did(a.RunTool) == []


def test_a_tool_that_runs_outlives_the_cut_and_its_result_is_kept() -> None:
    """The reply is cancelled only when the tool has returned; the next reply waits for the result and receives it."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.at(1_500, e.KeyPressed("#"))
    assert call.did(a.CancelReply) == []
    call.run(3_000)
    assert len(call.did(a.StartReply)) == 1
    call.returns(3_000, turn, "call_1", "booked")
    assert call.did(a.CancelReply) == [(3_000, a.CancelReply(turn))]
    assert call.did(a.RefuseTool) == []
    [_, (at, second)] = call.did(a.StartReply)
    assert at == 3_000
    assert second.history == (
        CallerSaid("[keys: #]"),
        ToolUsed("call_1", "book", "{}", "booked"),
        CallerSaid("[keys: #]"),
    )


def test_a_cut_reply_waits_for_all_its_running_tools() -> None:
    """The reply is cancelled after the last of them has returned."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.wants(1_110, turn, "call_2")
    call.at(1_500, e.KeyPressed("#"))
    call.returns(2_000, turn, "call_2", "second")
    call.returns(2_100, turn, "call_3", "never wanted")
    call.returns(2_200, turn + 1, "call_1", "of another turn")
    assert call.did(a.CancelReply) == []
    call.returns(2_500, turn, "call_1", "first")
    assert call.when(a.CancelReply) == [2_500]
    used = [item for item in call.did(a.StartReply)[-1][1].history if isinstance(item, ToolUsed)]
    assert [(item.tool_call_id, item.result) for item in used] == [("call_2", "second"), ("call_1", "first")]


def test_an_abandoned_reply_runs_no_more_tools_and_says_no_more() -> None:
    """It waits only for the tool that is already running."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.at(1_500, e.KeyPressed("#"))
    call.wants(1_600, turn, "call_2")
    call.writes(1_600, turn, "It is booked. ")
    call.finishes(1_600, turn)
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1"]
    assert call.spoken() == []
    assert call.explained(d.Apologised) == []


def test_the_result_stands_before_what_the_agent_said_with_it() -> None:
    """The next history has the tool result before the agent's line, with the arguments as the model wrote them."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.returns(1_200, turn, "call_1", "booked")
    call.replies(1_300, turn, "It is booked.")
    call.run(4_000)
    call.asks(4_000)
    assert call.did(a.StartReply)[-1][1].history == (
        CallerSaid("[keys: #]"),
        ToolUsed("call_1", "book", "{}", "booked"),
        AgentSaid("It is booked."),
        CallerSaid("[keys: #]"),
    )


# --- slow tools -------------------------------------------------------------------------------------------------------

RUNNING = ToolUsed("call_1", "book", "{}", STILL_RUNNING)
BOOKED = ToolUsed("call_1", "book", "{}", "booked")


def slow() -> tuple[Bare, int, int]:
    """A call whose tool has been running for three seconds when the caller asks something else. Also returns the turn
    of the tool and that of the next reply."""
    call = Bare(filler_ms=5_000)
    first = call.asks(1_000)
    call.wants(1_100, first, "call_1")
    return call, first, call.asks(4_100)


def test_a_question_during_a_slow_tool_is_answered_at_once() -> None:
    """The model is told that the tool still runs; the result comes after what was said meanwhile, in a reply of its
    own, and nothing runs twice."""
    call, first, second = slow()
    assert call.when(a.StartReply)[-1] == 4_100
    assert call.did(a.StartReply)[-1][1].history == (CallerSaid("[keys: #]"), RUNNING, CallerSaid("[keys: #]"))
    call.replies(4_300, second, "We open at nine.")
    call.run(8_000)
    assert len(call.did(a.StartReply)) == 2
    call.returns(8_000, first, "call_1", "booked")
    assert call.when(a.StartReply)[-1] == 8_000
    third = call.did(a.StartReply)[-1][1]
    assert third.history == (
        CallerSaid("[keys: #]"), RUNNING, CallerSaid("[keys: #]"), AgentSaid("We open at nine."), BOOKED,
    )  # fmt: skip
    assert call.when(a.CancelReply) == [8_000]
    call.replies(8_100, third.turn, "It is booked.")
    call.run(10_000)
    assert call.said == ["We open at nine.", "It is booked."]
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1"]


def test_a_late_result_waits_for_the_reply_under_way() -> None:
    """It interrupts nothing; when the reply has been heard, the next one tells it."""
    call, first, second = slow()
    call.replies(4_300, second, "We open at nine.")
    call.run(4_800)
    call.returns(4_800, first, "call_1", "booked")
    assert len(call.did(a.StartReply)) == 2
    call.run(8_000)
    third = call.did(a.StartReply)[-1][1]
    assert third.history[-2:] == (AgentSaid("We open at nine."), BOOKED)
    assert call.said == ["We open at nine."]


def test_a_late_result_and_a_new_question_are_one_reply() -> None:
    """While the caller speaks nothing is said; the reply to them knows the result."""
    call, first, second = slow()
    call.replies(4_300, second, "We open at nine.")
    call.run(8_000)
    call.sim.coughs(8_000, 900)
    call.run(8_600)
    call.returns(8_600, first, "call_1", "booked")
    assert len(call.did(a.StartReply)) == 2
    call.asks(8_800)
    call.run(12_000)
    assert len(call.did(a.StartReply)) == 3
    assert call.did(a.StartReply)[-1][1].history[-2:] == (BOOKED, CallerSaid("[keys: #]"))


def test_what_still_runs_is_not_run_a_second_time() -> None:
    """The same tool with the same arguments is refused for as long as it runs; another one runs."""
    call, first, second = slow()
    call.wants(4_300, second, "call_2")
    assert call.did(a.RefuseTool) == [(4_300, a.RefuseTool(second, "call_2", STILL_RUNNING))]
    call.wants(4_400, second, "call_3", "hours")
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1", "call_3"]
    call.returns(4_500, second, "call_3", "nine")
    call.returns(4_600, first, "call_1", "booked")
    call.wants(4_700, second, "call_4")
    assert [x.tool_call_id for _, x in call.did(a.RunTool)] == ["call_1", "call_3", "call_4"]


def test_only_so_many_tools_run_behind_the_conversation() -> None:
    """With eight turns whose tools never return, no further tool runs, and every question is still answered."""
    call = Bare()
    for number in range(9):
        turn = call.asks(1_000 + 3_000 * number)
        call.wants(1_100 + 3_000 * number, turn, f"call_{number}", f"tool_{number}")
    assert len(call.did(a.RunTool)) == 8
    assert [x.tool_call_id for _, x in call.did(a.RefuseTool)] == ["call_8"]
    assert len(call.did(a.StartReply)) == 9
