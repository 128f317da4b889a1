"""How a call ends: after a goodbye that is heard in full, within a time limit; or immediately, when the leg is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.managed_events import ManagedTranscript
from telephony.core.policy import Limits, Policy
from tests.core.bare import Bare

WORDING = Policy().wording
BYE = "Thank you, goodbye."
BYE_MS = 2_000
"""Duration of `BYE` with the space after it, which has audio as well."""


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
    """The call ends in that millisecond, not before. The agent ended it, so no farewell is left to the carrier."""
    call, _ = leaving()
    call.run(1_400 + BYE_MS - 1)
    assert call.ended == ""
    call.run(1_400 + BYE_MS)
    assert call.end == [(1_400 + BYE_MS, a.EndCall("agent"))]
    assert call.said == [BYE]


def test_a_goodbye_whose_marks_do_not_come_back_ends_a_while_after_its_audio() -> None:
    """It ends 2 s after the audio should have been played. The model said the goodbye, so the carrier adds none."""
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
    """The reply limit applies to silence, not to speech."""
    text = "Goodbye, " * 20 + "goodbye."
    call, _ = leaving(text, reply_ms=3_000)
    over = 1_400 + 100 * (len(text) + 1)
    call.run(over - 1)
    assert call.ended == ""
    call.run(over)
    assert [at for at, _ in call.end] == [over]
    assert call.said == [text]


def test_a_fixed_goodbye_that_lasts_longer_than_a_reply_may_take_is_heard_to_its_end() -> None:
    """All its audio is in stock, which sets no limit either."""
    text = "Thank you for your call, " * 4 + "goodbye."
    call = Bare(Policy(wording=replace(WORDING, goodbye=text)), reply_ms=3_000)
    call.at(1_000, e.EndRequested("operator"))
    call.run(20_000)
    assert call.said == [text]
    assert call.end == [(1_000 + 70 * len(text), a.EndCall("operator"))]


def test_a_goodbye_without_audio_still_ends_the_call() -> None:
    """The call ends after the longest time that a reply may take."""
    call = Bare(reply_ms=2_500, speech_close_ms=60_000, filler_ms=60_000)
    turn = call.asks(1_000)
    call.writes(1_100, turn, BYE)
    call.wants(1_200, turn, "call_1", "end_call")
    call.finishes(1_300, turn)
    call.run(3_799)
    assert call.ended == ""
    call.run(3_800)
    assert call.end == [(3_800, a.EndCall("agent"))]


def test_an_end_without_words_plays_the_fixed_goodbye() -> None:
    """If the model ends the call without words, the fixed goodbye is played before the call ends."""
    call, _ = leaving("")
    call.run(10_000)
    assert call.said == [WORDING.goodbye]
    assert call.ended == "agent"
    assert [at for at, _ in call.end] == [1_300 + 560]


def test_the_end_waits_for_the_end_of_the_models_reply() -> None:
    """The model may say more after the tool call."""
    call = Bare(filler_ms=60_000)
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1", "end_call")
    call.returns(1_200, turn, "call_1")
    call.run(4_000)
    assert call.ended == ""
    call.replies(4_000, turn, BYE)
    call.run(4_000 + BYE_MS)
    assert call.ended == "agent"


def test_only_end_call_ends_the_call() -> None:
    """Other tools do not end the call, and a later tool of the same reply does not revoke `end_call`."""
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
    """The caller hears what the reply had said, or the fixed goodbye; there is no apology."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, text)
    call.wants(1_200, turn, "call_1", "end_call")
    if text:
        call.writes(1_250, turn, ". ")
        call.speaks(1_260, turn, "Goodbye. ")
    call.at(1_300, e.ReplyFailed(turn, "provider_unavailable"))
    call.confirms(1_300, turn)
    call.run(9_000)
    assert call.said == ["Goodbye."]
    assert call.explained(d.Apologised) == []
    assert call.ended == "agent"


def test_a_caller_who_objects_keeps_the_call() -> None:
    """A key interrupts the goodbye: it is cut, the call goes on, and the next turn is answered."""
    call, turn = leaving()
    assert call.asks(2_000) > turn
    call.run(15_000)
    assert call.ended == ""
    assert call.said[0] == "Thank --"


def test_a_goodbye_that_is_held_is_not_over() -> None:
    """After a noise held the goodbye, the rest is played before the call ends."""
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


def test_no_filler_or_prompt_interrupts_the_goodbye() -> None:
    """There is no filler and no silence prompt while the goodbye is pending."""
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
    """Current speech is cut and the goodbye is heard in full. A second request changes nothing."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.at(1_000, e.EndRequested("operator"))
    call.at(1_100, e.EndRequested("again"))
    call.run(10_000)
    assert call.said == ["Welcome to the --", WORDING.goodbye]
    assert call.end == [(1_000 + 560, a.EndCall("operator", ""))]
    assert call.sim.explained(d.CallEnding) == [(1_000, {"reason": "operator"})]


def test_a_forced_end_cannot_be_interrupted() -> None:
    """Neither keys nor words stop it, and what the caller says is not answered."""
    call = Bare()
    call.at(1_000, e.DrainStarted(1_000))
    call.at(1_500, e.KeyPressed("1"), e.KeyPressed("#"))
    call.sim.says(2_000, "wait please wait", ms=1_000)
    call.run(20_000)
    assert call.said == [WORDING.draining]
    assert call.ended == "draining"
    assert call.did(a.StartReply) == []
    assert call.when(a.ClearPlayout) == []


def test_a_forced_end_cancels_the_pending_reply() -> None:
    """The reply is cancelled and its turn is not answered later."""
    call = Bare()
    turn = call.asks(1_000)
    call.at(1_500, e.EndRequested("operator"))
    assert call.did(a.CancelReply) == [(1_500, a.CancelReply(turn))]
    call.run(20_000)
    assert len(call.did(a.StartReply)) == 1


def test_a_farewell_that_tts_cannot_speak_is_left_to_the_carrier() -> None:
    """With no cached phrase and no TTS, the carrier says the text after the stream has ended."""
    call = Bare(phrases=False)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.loses(1_200, turn, retryable=False)
    assert call.end == [(1_200, a.EndCall("operator", WORDING.goodbye))]


def test_a_farewell_not_heard_in_time_is_left_to_the_carrier() -> None:
    """If TTS is slow or hangs, the reply limit applies to the farewell."""
    call = Bare(phrases=False, reply_ms=4_000, speech_close_ms=60_000)
    call.at(1_000, e.EndRequested("operator"))
    call.run(4_999)
    assert call.ended == ""
    call.run(5_000)
    assert call.end == [(5_000, a.EndCall("operator", WORDING.goodbye))]


def test_a_farewell_heard_in_part_is_not_repeated() -> None:
    """TTS hangs in the middle of the farewell: its beginning was heard, so the carrier does not repeat it."""
    call = Bare(phrases=False, reply_ms=4_000, speech_close_ms=60_000)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.speaks(1_100, turn, "Good")
    call.run(30_000)
    [(at, ending)] = call.end
    assert ending == a.EndCall("operator", "")
    assert at == 5_000


def test_a_farewell_whose_tts_fails_in_the_middle_is_repeated_by_the_carrier() -> None:
    """TTS has reported the failure, so the rest will not arrive."""
    call = Bare(phrases=False)
    call.at(1_000, e.EndRequested("operator"))
    turn = call.spoken()[0][0]
    call.speaks(1_100, turn, "Good")
    call.run(1_300)
    call.loses(1_300, turn, retryable=False)
    assert call.end == [(1_300, a.EndCall("operator", WORDING.goodbye))]


def test_a_farewell_that_was_sent_and_never_came_back_as_played_is_said_again() -> None:
    """Without marks it is unknown whether the farewell was heard, so the carrier repeats it."""
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
        ("shutdown", "shutdown"),
        ("closed", "closed"),
    ],
)
def test_a_leg_that_is_gone_ends_the_call_at_once(how: str, reason: str) -> None:
    """Only a hang-up counts as ended by the caller. No farewell is said, because nobody can hear it."""
    call = Bare(Policy(greeting="Welcome to the Blue Door."))
    call.run(500)
    assert call.sim.call.step(e.CallerLeft(e.LegEnd(how)), 501) == ()
    assert call.ended == reason
    assert call.sim.call.deadline is None
    assert call.sim.call.step(e.EndRequested("operator"), 502) == ()


def test_a_leg_without_frames_is_given_up() -> None:
    """After 8 s without a frame the leg counts as dead, and the call ends without a goodbye."""
    call = Bare()
    call.run(1_000)
    call.sim.frames = False
    call.run(8_999)
    assert call.ended == ""
    call.run(9_000)
    assert call.end == [(9_000, a.EndCall("unresponsive"))]
    assert call.ended == "unresponsive"


def test_a_frame_in_time_keeps_the_leg_alive() -> None:
    """Every frame restarts the 8 s limit."""
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
    """Late audio does not count as silence: the turn ends by the clock only after 1 s without frames."""
    call = Bare()
    end = call.sim.says(500, "what are your opening hours", ms=1_500)
    call.run(end + 100)
    last = (end + 100) // 20 * 20
    call.sim.frames = False
    call.run(last + silent_ms)
    assert bool(call.did(a.CommitTranscript)) is decided


def test_nothing_happens_before_the_stream_is_up() -> None:
    """Provider events are accepted, but nothing is decided or said."""
    call = Bare(Policy(greeting="Welcome."))
    core = call.sim.call
    assert core.step(e.SttReady(), 0) == ()
    assert core.step(e.TtsReady(), 0) == ()
    assert core.step(e.TimeReached(20_000), 0) == ()
    assert core.deadline is None
    assert core.ended is None


def test_events_of_a_replaced_managed_agent_are_ignored() -> None:
    """Events of the engine that held the call before may still arrive."""
    call = Bare()
    call.at(1_000, ManagedTranscript(1, "hello"))
    call.run(3_000)
    assert call.lines == []


# --- a call that cannot hear ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phrases", [True, False])
def test_an_stt_that_is_lost_for_good_ends_the_call_with_an_apology(phrases: bool) -> None:
    """In our own voice, or in the carrier's; the reply under way is cancelled."""
    call = Bare(phrases=phrases)
    turn = call.asks(1_000)
    call.at(1_500, e.SttLost("quota_exceeded", False))
    assert call.did(a.CancelReply) == [(1_500, a.CancelReply(turn))]
    assert [made.reason for _, made in call.sim.actions(d.CallEnding)] == ["stt_failed"]
    if not phrases:
        call.loses(1_600, call.spoken()[-1][0], retryable=False)
    call.run(20_000)
    [(_, ending)] = call.end
    assert ending == a.EndCall("stt_failed", "" if phrases else WORDING.broken)


def test_an_stt_that_was_refused_while_the_phone_rang_ends_the_call_as_it_starts() -> None:
    """The port may know before the stream is up."""
    conversation = Conversation(Policy(greeting="Hello."))
    assert conversation.step(e.SttLost("auth_error", False), 0) == ()
    actions = conversation.step(e.CallStarted("MZ1"), 500)
    assert [made.reason for made in actions if isinstance(made, d.CallEnding)] == ["stt_failed"]


@pytest.mark.parametrize("lost", [e.SttLost("provider_unavailable", True), e.SttReady()])
def test_an_stt_that_reconnects_ends_nothing(lost: e.Event) -> None:
    call = Bare()
    call.asks(1_000)
    call.at(1_500, lost)
    call.run(3_000)
    assert call.sim.actions(d.CallEnding) == []


def test_a_goodbye_under_way_is_not_replaced_by_an_apology() -> None:
    """The STT fails while the agent says goodbye: nothing has to be heard any more."""
    call, _ = leaving()
    call.at(1_500, e.SttLost("quota_exceeded", False))
    call.run(20_000)
    assert call.end == [(1_400 + BYE_MS, a.EndCall("agent", ""))]
