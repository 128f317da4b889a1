"""How a call ends: in words that are heard to their end, with a limit; or at once, when the leg is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.managed_events import ManagedHeard
from telephony.core.policy import Limits, Policy
from tests.core.bare import Bare

WORDING = Policy().wording
BYE = "Thank you, goodbye."
BYE_MS = 2_000
"""With the space behind it, which is spoken as well."""


def leaving(text: str = BYE, **limits: int) -> tuple[Bare, int]:
    """A call whose model has ended it at 1,300 ms; the audio of `text` came at 1,400 ms."""
    call = Bare(Policy(limits=replace(Limits(filler_ms=100_000), **limits)))
    turn = call.asks(1_000)
    if text:
        call.writes(1_100, turn, text)
    call.wants(1_200, turn, "call_1", "end_call")
    call.returns(1_250, turn, "call_1")
    call.finishes(1_300, turn)
    if text:
        call.speaks(1_400, turn, text + " ")
        call.confirms(1_400, turn)
    return call, turn


# --- the agent's goodbye ----------------------------------------------------------------------------------------------


def test_the_call_ends_when_the_last_mark_of_the_goodbye_is_back() -> None:
    """In that millisecond and not before. The agent ended it; the carrier has nothing to add."""
    call, _ = leaving()
    call.run(1_400 + BYE_MS - 1)
    assert call.ended == ""
    call.run(1_400 + BYE_MS)
    assert call.end == [(1_400 + BYE_MS, a.EndCall("agent"))]
    assert call.said == [BYE]


def test_a_goodbye_whose_marks_do_not_come_back_ends_a_while_after_its_audio() -> None:
    """2 s after it should have been played. The carrier says nothing: there was no fixed farewell to say."""
    call = Bare()
    call.sim.faults.marks_lost = True
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1", "end_call")
    call.replies(1_200, turn, BYE)
    call.run(1_200 + BYE_MS + 1_999)
    assert call.ended == ""
    call.run(1_200 + BYE_MS + 2_000)
    assert call.end == [(1_200 + BYE_MS + 2_000, a.EndCall("agent"))]


def test_a_goodbye_that_lasts_longer_than_a_reply_may_take_is_heard_to_its_end() -> None:
    """The limit is for silence, not for speech."""
    text = "Goodbye, " * 20 + "goodbye."
    call, _ = leaving(text, reply_ms=3_000)
    over = 1_400 + 100 * (len(text) + 1)
    call.run(over - 1)
    assert call.ended == ""
    call.run(over)
    assert [at for at, _ in call.end] == [over]
    assert call.said == [text]


def test_a_goodbye_of_which_no_audio_comes_ends_the_call_all_the_same() -> None:
    """After the longest time that a reply may take."""
    call = Bare(reply_ms=2_500, speech_close_ms=60_000, filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, BYE)
    call.wants(1_200, turn, "call_1", "end_call")
    call.finishes(1_300, turn)
    call.run(3_799)
    assert call.ended == ""
    call.run(3_800)
    assert call.end == [(3_800, a.EndCall("agent"))]


def test_an_end_without_words_says_goodbye_from_the_stock() -> None:
    """Nobody is hung up on in silence."""
    call, _ = leaving("")
    call.run(10_000)
    assert call.said == [WORDING.goodbye]
    assert call.ended == "agent"
    assert [at for at, _ in call.end] == [1_300 + 560]


def test_the_end_waits_for_the_end_of_the_models_reply() -> None:
    """It may say more behind the tool."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1", "end_call")
    call.returns(1_200, turn, "call_1")
    call.run(4_000)
    assert call.ended == ""
    call.replies(4_000, turn, BYE)
    call.run(4_000 + BYE_MS)
    assert call.ended == "agent"


def test_another_tool_ends_nothing() -> None:
    """Only `end_call` does; and once asked for, a later tool of the reply does not take it back."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1", "book")
    call.returns(1_200, turn, "call_1")
    call.replies(1_300, turn, BYE)
    call.run(6_000)
    assert call.ended == ""
    both = Bare()
    turn = both.asks(1_000)
    both.wants(1_100, turn, "call_1", "end_call")
    both.wants(1_200, turn, "call_2", "book")
    both.replies(1_300, turn, BYE)
    both.run(6_000)
    assert both.ended == "agent"


@pytest.mark.parametrize("text", ["", "Goodbye"])
def test_a_reply_that_fails_after_it_has_ended_the_call_still_ends_it(text: str) -> None:
    """With what was said of it, or the stock's goodbye: no apology for a reply that nobody waits for."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, text)
    call.wants(1_200, turn, "call_1", "end_call")
    if text:
        call.writes(1_250, turn, ". ")
        call.speaks(1_260, turn, "Goodbye. ")
    call.at(1_300, e.ReplyFailed(turn, "provider_unavailable", False))
    call.confirms(1_300, turn)
    call.run(9_000)
    assert call.said == ["Goodbye."]
    assert call.explained(d.Apologised) == []
    assert call.ended == "agent"


def test_a_caller_who_objects_keeps_the_call() -> None:
    """A key is an objection as well: the goodbye is cut, and the next turn is answered."""
    call, turn = leaving()
    assert call.asks(2_000) > turn
    call.run(15_000)
    assert call.ended == ""
    assert call.said[0] == "Thank --"


def test_a_goodbye_that_is_held_is_not_over() -> None:
    """The caller made a sound; what was held back is said before the call ends."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, BYE + " ")
    call.wants(1_150, turn, "call_1", "end_call")
    call.returns(1_160, turn, "call_1")
    call.writes(1_170, turn, "Bye.")
    call.speaks(1_200, turn, BYE + " Bye. ")
    call.sim.coughs(1_300, 300)
    call.run(1_500)
    assert len(call.explained(d.Held)) == 1
    call.finishes(1_500, turn)
    call.confirms(1_510, turn)
    call.run(20_000)
    assert len(call.explained(d.Resumed)) == 1
    assert call.said == [BYE + " Bye."]
    assert call.ended == "agent"


def test_nothing_is_asked_while_the_agent_takes_its_leave() -> None:
    """No filler, no "are you still there", no answer to what was owed."""
    call = Bare(silence_prompt_ms=2_000, reply_ms=6_000, speech_close_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, BYE)
    call.wants(1_150, turn, "call_1", "end_call")
    call.finishes(1_200, turn)
    call.run(30_000)
    assert call.explained(d.FillerSaid) == []
    assert call.explained(d.StillThereAsked) == []
    assert [at for at, _ in call.end] == [7_200]


# --- forced endings ---------------------------------------------------------------------------------------------------


def test_an_operator_ends_the_call_in_words_with_a_reason_of_their_own() -> None:
    """What is being said is cut; the goodbye is heard to its end. Asked again, nothing happens."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.at(1_000, e.EndRequested("operator"))
    call.at(1_100, e.EndRequested("again"))
    call.run(10_000)
    assert call.said == ["Welcome to the --", WORDING.goodbye]
    assert call.end == [(1_000 + 560, a.EndCall("operator", ""))]
    assert call.sim.explained(d.CallEnding) == [(1_000, {"reason": "operator"})]


def test_a_forced_end_is_not_talked_out_of() -> None:
    """Neither by keys nor by words; what the caller says is not answered."""
    call = Bare()
    call.at(1_000, e.DrainStarted(1_000))
    call.at(1_500, e.KeyPressed("1"), e.KeyPressed("#"))
    call.sim.says(2_000, "wait please wait", ms=1_000)
    call.run(20_000)
    assert call.said == [WORDING.draining]
    assert call.ended == "draining"
    assert call.did(a.StartReply) == []
    assert call.when(a.ClearPlayout) == []


def test_a_forced_end_forgets_what_was_owed() -> None:
    """The reply under way is cancelled and its turn is not answered later."""
    call = Bare()
    turn = call.asks(1_000)
    call.at(1_500, e.EndRequested("operator"))
    assert call.did(a.CancelReply) == [(1_500, a.CancelReply(turn))]
    call.run(20_000)
    assert len(call.did(a.StartReply)) == 1


def test_an_end_in_words_that_no_voice_can_say_is_left_to_the_carrier() -> None:
    """Nothing in stock and no voice: the text is said after the stream."""
    call = Bare(phrases=False)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.loses(1_200, turn, retryable=False)
    assert call.end == [(1_200, a.EndCall("operator", WORDING.goodbye))]


def test_an_end_of_which_nothing_was_heard_in_time_is_left_to_the_carrier() -> None:
    """The voice is slow, or hangs: the limit of a reply holds for the farewell."""
    call = Bare(phrases=False, reply_ms=4_000, speech_close_ms=60_000)
    call.at(1_000, e.EndRequested("operator"))
    call.run(4_999)
    assert call.ended == ""
    call.run(5_000)
    assert call.end == [(5_000, a.EndCall("operator", WORDING.goodbye))]


def test_an_end_of_which_something_was_heard_is_not_said_twice() -> None:
    """The voice broke off in the middle and hangs; the caller has understood."""
    call = Bare(phrases=False, reply_ms=4_000, speech_close_ms=60_000)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.speaks(1_100, turn, "Good")
    call.run(30_000)
    [(at, ending)] = call.end
    assert ending == a.EndCall("operator", "")
    assert at == 5_000


def test_an_end_whose_voice_fails_in_the_middle_is_said_by_the_carrier_again() -> None:
    """It is known that the rest will not come."""
    call = Bare(phrases=False)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.speaks(1_100, turn, "Good")
    call.run(1_300)
    call.loses(1_300, turn, retryable=False)
    assert call.end == [(1_300, a.EndCall("operator", WORDING.goodbye))]


def test_a_farewell_that_was_sent_and_never_came_back_as_played_is_said_again() -> None:
    """Better twice than not at all."""
    call = Bare()
    call.sim.faults.marks_lost = True
    call.at(1_000, e.EndRequested("operator"))
    call.run(1_000 + 560 + 1_999)
    assert call.ended == ""
    call.run(20_000)
    assert [at for at, _ in call.end] == [1_000 + 560 + 2_000]


# --- the leg ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("stop", "caller"),
        ("status", "caller"),
        ("disconnected", "disconnected"),
        ("unread", "unread"),
        ("flooded", "flooded"),
        ("refused", "refused"),
    ],
)
def test_a_leg_that_is_gone_ends_the_call_at_once(how: str, reason: str) -> None:
    """Only a hang-up is the caller's doing. There is nobody to say anything to."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.run(500)
    assert call.sim.call.step(e.CallerLeft(how), 501) == ()
    assert call.ended == reason
    assert call.sim.call.deadline is None
    assert call.sim.call.step(e.EndRequested("operator"), 502) == ()


def test_frames_that_stop_are_time_that_goes_on_and_at_last_a_dead_leg() -> None:
    """After 8 s without any: nobody is there to hear a goodbye."""
    call = Bare()
    call.run(1_000)
    call.sim.frames = False
    call.run(8_999)
    assert call.ended == ""
    call.run(9_000)
    assert call.end == [(9_000, a.EndCall("unresponsive"))]
    assert call.ended == "unresponsive"


def test_a_frame_in_time_keeps_the_leg_alive() -> None:
    """The count begins anew."""
    call = Bare()
    call.run(1_000)
    call.sim.frames = False
    call.at(8_999, e.AudioReceived(b"\xff" * 160, 8_979, None, -650))
    call.run(16_998)
    assert call.ended == ""
    call.run(16_999)
    assert call.ended == "unresponsive"


@pytest.mark.parametrize(("silent_ms", "decided"), [(999, False), (1_000, True)])
def test_time_goes_on_by_the_clock_after_a_second_without_frames(silent_ms: int, decided: bool) -> None:
    """Audio that is merely late is no silence: the turn ends by the clock only after 1 s without any."""
    call = Bare()
    end = call.sim.says(500, "what are your opening hours", ms=1_500)
    call.run(end + 100)
    last = (end + 100) // 20 * 20
    call.sim.frames = False
    call.run(last + silent_ms)
    assert bool(call.did(a.CommitTranscript)) is decided


def test_nothing_happens_before_the_stream_is_up() -> None:
    """Events of the providers are taken in, and nothing is decided or said."""
    call = Bare(Policy(greeting="Welcome."))
    core = call.sim.call
    assert core.step(e.SttReady(), 0) == ()
    assert core.step(e.TtsReady(), 0) == ()
    assert core.step(e.TimeReached(20_000), 0) == ()
    assert core.deadline is None
    assert core.ended is None


def test_the_last_words_of_a_managed_agent_are_none_of_ours() -> None:
    """The engine that had the call before may still be heard of."""
    call = Bare()
    call.at(1_000, ManagedHeard(1, "hello"))
    call.run(3_000)
    assert call.lines == []
