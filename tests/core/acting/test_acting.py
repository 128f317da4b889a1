"""What tools and people do beside the conversation: texts said at once, notices, moves to other TwiML."""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.acting.asides import MOST_WAITING
from telephony.core.ending import Ended, EndedBy
from telephony.core.history import AgentSaid, CallerSaid, Noticed
from telephony.core.policy import Policy
from telephony.testing.simulator import Simulator
from tests.core.bare import Bare

LOOKING = "I am still looking."


# --- said at once -----------------------------------------------------------------------------------------------------


def say(call: Bare, at: int, text: str = LOOKING) -> None:
    call.at(at, e.SayRequested(text))


def test_it_is_said_while_a_tool_runs_between_the_words_of_its_reply() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_000, turn, "One moment. ")
    call.speaks(1_000, turn, "One moment. ")
    call.wants(1_010, turn, "call_1")
    say(call, 3_000)
    assert call.spoken()[-1] == (turn + 1, 1, f"{LOOKING} ")
    call.speaks(3_100, turn + 1, f"{LOOKING} ")
    call.confirms(3_100, turn + 1)
    call.returns(5_500, turn, "call_1")
    call.replies(5_600, turn, "It is on its way.")
    call.run(9_000)
    assert call.said == [LOOKING, "One moment. It is on its way."]
    assert [item for item in call.sim.call._turns.transcript.history() if item == AgentSaid(LOOKING)]


def test_it_waits_until_the_agent_has_said_what_it_is_saying() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_000, turn, "One moment. ")
    call.speaks(1_000, turn, "One moment. ")
    call.wants(1_010, turn, "call_1")
    say(call, 1_100)
    call.run(2_190)
    assert len(call.spoken()) == 1
    call.run(2_260)
    assert call.spoken()[-1][2] == f"{LOOKING} "


def test_it_waits_for_words_that_have_no_audio_yet() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_000, turn, "One moment. ")
    call.wants(1_010, turn, "call_1")
    say(call, 1_100)
    call.run(2_000)
    assert [text for _, _, text in call.spoken()] == ["One moment. "]


def test_the_model_knows_it_before_the_words_that_came_after_it() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    say(call, 1_100)
    call.speaks(1_100, turn + 1, f"{LOOKING} ")
    call.confirms(1_100, turn + 1)
    call.returns(5_500, turn, "call_1")
    call.replies(5_600, turn, "It is on its way.")
    call.asks(9_000)
    history = call.did(a.StartReply)[-1][1].history
    assert [item.text for item in history if isinstance(item, AgentSaid)] == [LOOKING, "It is on its way."]


def test_what_found_no_room_until_the_reply_goes_on_is_not_said() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    say(call, 1_100, "One moment.")
    call.speaks(1_110, turn + 1, "One moment. ")
    call.confirms(1_120, turn + 1)
    say(call, 1_200)
    call.returns(1_300, turn, "call_1")
    call.replies(1_400, turn, "It is on its way.")
    call.run(9_000)
    assert call.said == ["One moment.", "It is on its way."]


def test_it_is_never_said_over_the_caller() -> None:
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    call.sim.coughs(2_000, 400)
    call.run(2_200)
    say(call, 2_200)
    assert call.spoken() == []
    call.run(6_000)
    assert call.spoken()[-1][2] == f"{LOOKING} "


def test_it_can_be_interrupted() -> None:
    call = Bare(filler_ms=60_000)
    say(call, 1_000, "This is a long text that goes on for quite a while.")
    call.speaks(1_100, 1, "This is a long text that goes on for quite a while. ")
    call.asks(2_000)
    assert call.said == ["This is a --"]


def test_what_is_blank_is_not_said_and_of_too_many_the_latest_are() -> None:
    sim = Simulator(Policy(greeting="Hello, how can I help you today?"))
    for number in range(MOST_WAITING + 2):
        sim.at(100, e.SayRequested(f"Text {number}."))
    sim.at(100, e.SayRequested(" \n"))
    sim.run(9_000)
    assert [text for _, text in sim.lines[1:]] == [f"Text {number}." for number in range(2, MOST_WAITING + 2)]


def test_nothing_is_said_at_once_when_the_call_is_being_ended() -> None:
    call = Bare()
    call.at(1_000, e.EndRequested("operator"))
    say(call, 1_010)
    call.run(9_000)
    assert call.spoken() == []
    assert call.ended == "operator"


# --- a tool ends the call ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failed", "ended"), [(False, "agent"), (True, "")])
def test_a_tool_that_fails_does_not_end_the_call_either(failed: bool, ended: str) -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    call.at(1_020, e.EndWanted(turn, "call_1"))
    call.at(1_030, e.ToolFinished(turn, "call_1", "It is done.", failed))
    call.replies(1_100, turn, "Goodbye.")
    call.run(4_000)
    assert call.ended == ended


def test_another_tool_that_fails_does_not_keep_the_call() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1")
    call.wants(1_010, turn, "call_2")
    call.at(1_020, e.EndWanted(turn, "call_1"))
    call.at(1_030, e.ToolFinished(turn, "call_2", "It failed.", True))
    call.at(1_040, e.ToolFinished(turn, "call_1", "It is done."))
    call.replies(1_100, turn, "Goodbye.")
    call.run(4_000)
    assert call.ended == "agent"


# --- notices ----------------------------------------------------------------------------------------------------------


def test_a_notice_is_told_to_the_model_which_answers_for_it() -> None:
    call = Bare(Policy(greeting="Hello."))
    call.at(3_000, e.NoticeReceived("Anna has accepted."))
    [(at, start)] = call.did(a.StartReply)
    assert at == 3_000
    assert start.history == (AgentSaid("Hello."), Noticed("Anna has accepted."))


def test_a_notice_with_nothing_to_say_about_it_waits_for_the_next_reply() -> None:
    call = Bare()
    call.at(1_000, e.NoticeReceived("Half of it is done.", speak=False))
    assert call.did(a.StartReply) == []
    call.asks(3_000)
    assert call.did(a.StartReply)[0][1].history == (Noticed("Half of it is done."), CallerSaid("[keys: #]"))


def test_a_notice_waits_for_the_reply_under_way() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.at(1_050, e.NoticeReceived("Anna has accepted."))
    call.replies(1_100, turn, "We open at nine.")
    assert len(call.did(a.StartReply)) == 1
    call.run(9_000)
    assert len(call.did(a.StartReply)) == 2
    assert call.did(a.StartReply)[1][1].history[-1] == Noticed("Anna has accepted.")


def test_a_notice_is_told_although_the_reply_under_way_is_cut_by_a_voice_without_words() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.replies(1_100, turn, "We open at nine in the morning and close at six in the evening.")
    call.at(2_000, e.NoticeReceived("Anna has accepted."))
    call.sim.coughs(3_000, 4_000)
    call.run(9_000)
    assert len(call.explained(d.Cut)) == 1
    assert call.did(a.StartReply)[-1][1].history[-1] == Noticed("Anna has accepted.")


def test_a_notice_that_is_being_told_is_owed_no_more() -> None:
    call = Bare()
    call.at(1_000, e.NoticeReceived("Anna has accepted."))
    call.replies(1_100, 1, "Good news: Anna has accepted, and will call you in the afternoon.")
    call.sim.coughs(3_000, 4_000)
    call.run(9_000)
    assert len(call.explained(d.Cut)) == 1
    assert len(call.did(a.StartReply)) == 1


def test_a_blank_notice_is_none() -> None:
    call = Bare()
    call.at(1_000, e.NoticeReceived(" "))
    assert call.did(a.StartReply) == []


# --- moves ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [one for one in e.LegEnd if one is not e.LegEnd.STATUS])
def test_the_end_of_the_leg_is_then_the_move(how: e.LegEnd) -> None:
    call = Bare()
    call.at(1_000, e.MoveStarted("transfer"))
    call.at(2_000, e.CallerLeft(how))
    assert call.sim.call.ended == Ended("transfer", EndedBy.MOVED)
    assert call.end == []


def test_a_call_that_is_over_is_not_moved() -> None:
    call = Bare()
    call.at(1_000, e.MoveStarted("transfer"))
    call.at(2_000, e.CallerLeft(e.LegEnd.STATUS))
    assert call.sim.call.ended == Ended("caller", EndedBy.CALLER)


def test_a_leg_that_goes_dead_is_moved_too_and_nobody_hangs_up() -> None:
    call = Bare()
    call.at(1_000, e.MoveStarted("transfer"))
    call.sim.frames = False
    call.run(60_000)
    assert call.sim.call.ended == Ended("transfer", EndedBy.MOVED)
    assert call.end == []


def test_nothing_is_asked_and_nothing_ends_by_itself_meanwhile() -> None:
    call = Bare(silence_prompt_ms=2_000, silence_end_ms=2_000, call_ms=20_000)
    call.at(1_000, e.MoveStarted("transfer"))
    call.run(60_000)
    assert call.explained(d.StillThereAsked) == []
    assert call.end == []
    assert call.ended == ""


def test_a_goodbye_is_none_if_the_call_moves() -> None:
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_010, turn, "call_1", "end_call")
    call.returns(1_020, turn, "call_1")
    call.replies(1_100, turn, "Goodbye.")
    call.at(1_500, e.MoveStarted("transfer"))
    call.run(9_000)
    assert call.end == []


def test_a_move_that_fails_is_undone() -> None:
    """Silence is asked about again, from then on."""
    call = Bare(silence_prompt_ms=2_000)
    call.at(1_000, e.MoveStarted("transfer"))
    call.at(9_000, e.MoveFailed("transfer"))
    call.run(10_900)
    assert call.explained(d.StillThereAsked) == []
    call.run(11_100)
    assert len(call.explained(d.StillThereAsked)) == 1
    call.at(12_000, e.CallerLeft(e.LegEnd.STOP))
    assert call.sim.call.ended == Ended("caller", EndedBy.CALLER)


def test_an_operator_can_end_the_call_all_the_same() -> None:
    call = Bare()
    call.at(1_000, e.MoveStarted("transfer"))
    call.at(2_000, e.EndRequested("operator"))
    call.run(9_000)
    assert call.sim.call.ended == Ended("operator", EndedBy.AGENT)
