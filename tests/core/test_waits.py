"""Waits and apologies: fillers bridge silence, a reply without progress is given up, and too many apologies in a row
end the call.

With the defaults, the first filler comes 2.2 s after the last word of caller or agent, and later ones 5.5 s after the
previous one, at most four in all. A reply is given up 12 s after its last progress.
"""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid
from telephony.core.policy import Policy
from tests.core.bare import Bare

WORDING = Policy().wording
FILLER_MS = 1_340
"""Duration of the simulator's cached filler, in whole frames."""
QUIET = 400_000
"""A limit longer than any of these calls."""


# --- fillers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "filler"),
    [
        (1_003, 2_200),  # the whole 2.2 s since the start of the call was silent
        (1_300, 2_200),
        (1_301, 2_201),
        (5_003, 5_903),  # at most 1.3 s of the silence before the decision count
    ],
)
def test_a_filler_comes_when_the_silence_has_lasted_long_enough(asked: int, filler: int) -> None:
    """It comes to the millisecond, counted from the caller's last sound, whenever the turn was decided."""
    call = Bare()
    call.asks(asked)
    call.run(filler - 1)
    assert call.explained(d.FillerSaid) == []
    call.run(filler)
    assert call.sim.explained(d.FillerSaid) == [(filler, {"waited_ms": filler - asked})]


def test_a_filler_is_counted_from_the_callers_last_word() -> None:
    """The wait before the decision is silence for the caller as well."""
    call = Bare(Policy(), filler_ms=1_500)
    end = call.sim.says(1_000, "what are your hours", ms=1_000)
    call.run(end + 3_000)
    [first, *_] = call.explained(d.FillerSaid)
    assert end + 1_500 - 60 <= first <= end + 1_500 + 20  # the voice ends with a detector window


def test_the_agents_speech_delays_the_filler() -> None:
    """The wait for a filler begins when the agent's speech has been played."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "One sentence. And")
    call.speaks(1_200, turn, "One sentence. ")
    call.run(1_200 + 1_400 + 2_199)
    assert call.explained(d.FillerSaid) == []
    call.run(1_200 + 1_400 + 2_200)
    assert call.explained(d.FillerSaid) == [1_200 + 1_400 + 2_200]


def test_fillers_come_more_slowly_after_the_first_and_four_times_at_most() -> None:
    """After the fourth filler, the silence is left alone."""
    call = Bare(reply_ms=QUIET, silence_prompt_ms=QUIET)
    call.asks(1_003)
    call.run(60_000)
    second = 2_200 + FILLER_MS + 5_500
    assert call.explained(d.FillerSaid) == [2_200, second, second + FILLER_MS + 5_500, second + 2 * (FILLER_MS + 5_500)]
    assert call.said == [WORDING.filler] * 4


def test_every_wait_has_its_own_fillers() -> None:
    """The count starts again with each reply: its first filler comes after the short time."""
    call = Bare(reply_ms=QUIET, silence_prompt_ms=QUIET)
    call.asks(1_003)
    call.run(4_500)
    call.asks(5_003)
    call.run(10_000)
    assert call.explained(d.FillerSaid) == [2_200, 2_200 + FILLER_MS + 2_200]


def test_no_filler_while_the_caller_speaks() -> None:
    """No filler is played while the caller is speaking."""
    call = Bare()
    call.asks(1_003)
    call.sim.says(1_400, "and one more thing if I may", ms=4_000)
    call.run(5_300)
    assert call.explained(d.FillerSaid) == []


def test_a_filler_plays_before_a_reply_without_audio() -> None:
    """The filler plays although the reply was queued first; the reply follows it."""
    call = Bare()
    turn = call.asks(1_003)
    call.writes(2_000, turn, "We open at nine. ")
    call.finishes(2_000, turn)
    call.run(3_000)
    call.speaks(3_000, turn, "We open at nine. ")
    call.confirms(3_000, turn)
    call.run(8_000)
    assert call.said == [WORDING.filler, "We open at nine."]
    assert call.sim.heard[0] == (2_200, 2_200 + FILLER_MS + 1_700)


def test_a_tool_that_outlives_its_reply_is_bridged_as_well() -> None:
    """The next reply waits for a tool that has only begun, and a filler bridges that wait."""
    call = Bare(silence_prompt_ms=QUIET)
    turn = call.asks(1_003)
    call.wants(1_100, turn, "call_1")
    call.asks(1_500)
    call.run(2_190)
    assert len(call.did(a.StartReply)) == 1
    call.run(2_400)
    assert call.explained(d.FillerSaid) == [2_200]
    assert call.when(a.StartReply) == [1_003, 2_200]
    assert call.explained(d.Apologised) == []


# --- replies without progress -----------------------------------------------------------------------------------------


def given_up(call: Bare) -> list[tuple[int, str]]:
    """(when, why) of each apology."""
    return [(at, str(because["why"])) for at, because in call.sim.explained(d.Apologised)]


def test_a_reply_without_any_progress_is_given_up() -> None:
    """12 s after the request, the caller hears an apology and the model request is cancelled."""
    call = Bare()
    turn = call.asks(1_003)
    call.run(13_002)
    assert given_up(call) == []
    call.run(13_003)
    assert given_up(call) == [(13_003, "reply_timeout")]
    assert call.did(a.CancelReply) == [(13_003, a.CancelReply(turn))]
    call.run(20_000)
    assert call.said[-1] == WORDING.apology


@pytest.mark.parametrize("audible", [True, False])
def test_new_text_extends_the_reply_limit(audible: bool) -> None:
    """New text counts as progress, whether its audio is playing or not."""
    call = Bare(silence_prompt_ms=QUIET)
    turn = call.asks(1_003)
    call.writes(9_000, turn, "Well, this is it. " if audible else "Well")
    if audible:
        call.speaks(9_100, turn, "Well, this is it. " + "x" * 200)
    call.run(20_999)
    assert given_up(call) == []
    call.run(21_000)
    assert given_up(call) == [(21_000, "reply_timeout")]


def test_a_running_tool_has_a_limit_of_its_own_and_its_end_is_progress() -> None:
    """The core does not give up on a running tool; once it has returned, the reply has another 12 s."""
    call = Bare()
    turn = call.asks(1_003)
    call.wants(2_000, turn, "call_1")
    call.run(40_000)
    assert given_up(call) == []
    call.returns(41_000, turn, "call_1")
    call.run(52_999)
    assert given_up(call) == []
    call.run(53_000)
    assert given_up(call) == [(53_000, "reply_timeout")]


def test_a_reply_that_has_ended_is_not_given_up() -> None:
    """The limit does not apply to playout, however long that takes."""
    call = Bare()
    turn = call.asks(1_003)
    call.replies(1_500, turn, "So " * 60 + "there.")
    call.run(19_000)
    assert given_up(call) == []


def test_what_was_said_of_a_reply_that_is_given_up_is_heard() -> None:
    """Text already sent to TTS is played in full; the apology follows."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_100, turn, "We open at nine. And we")
    call.speaks(1_200, turn, "We open ")
    call.at(1_500, e.ReplyFailed(turn, "provider_unavailable"))
    call.speaks(1_600, turn, "at nine. ", start_ms=800)
    assert call.when(a.CloseContext) == [1_600]
    call.confirms(1_600, turn)
    call.run(9_000)
    assert call.said == ["We open at nine.", WORDING.apology]
    assert given_up(call) == [(1_500, "provider_unavailable")]


def test_a_failure_of_another_turn_is_ignored() -> None:
    """Stale failures are ignored by turn number, even when no reply is live."""
    call = Bare()
    call.at(500, e.ReplyFailed(1, "provider_unavailable"))
    turn = call.asks(1_003)
    call.at(1_100, e.ReplyFailed(turn + 1, "provider_unavailable"), e.ReplyEnded(turn + 1, e.Finish.STOP))
    assert given_up(call) == []


# --- what the model may end with --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_an_empty_reply_is_an_apology(text: str) -> None:
    """The apology comes in the same millisecond, and the next turn can begin."""
    call = Bare()
    turn = call.asks(1_003)
    call.writes(1_100, turn, text)
    call.finishes(1_200, turn)
    assert given_up(call) == [(1_200, "empty_reply")]
    call.run(9_000)
    assert call.asks(9_000) > turn


def test_a_reply_that_cannot_be_spoken_is_an_apology() -> None:
    """A reply that is only markup has no spoken form."""
    call = Bare(spoken_form=lambda text: text.strip("*"))
    turn = call.asks(1_003)
    call.writes(1_100, turn, "***")
    call.finishes(1_200, turn)
    assert given_up(call) == [(1_200, "empty_reply")]
    assert call.spoken() == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("We open at nine. And on Sun", ["We open at nine. "]),  # the incomplete sentence is dropped
        ("On Sun", ["On Sun "]),  # unless it is the whole reply
    ],
)
def test_a_reply_that_was_cut_off_by_its_length_ends_with_a_whole_sentence(text: str, spoken: list[str]) -> None:
    """Only the incomplete last sentence is dropped."""
    call = Bare()
    turn = call.asks(1_003)
    call.writes(1_100, turn, text)
    call.finishes(1_200, turn, "length")
    assert [said for _, _, said in call.spoken()] == spoken
    assert given_up(call) == []


def test_only_the_length_limit_drops_the_rest() -> None:
    """With any other finish reason, the unfinished rest is spoken."""
    call = Bare()
    turn = call.asks(1_003)
    call.writes(1_100, turn, "We open at nine. And on Sun")
    call.finishes(1_200, turn, "content_filter")
    assert [said for _, _, said in call.spoken()] == ["We open at nine. ", "And on Sun "]


def test_text_after_the_end_is_ignored() -> None:
    """A second end is ignored as well."""
    call = Bare()
    turn = call.asks(1_003)
    call.writes(1_100, turn, "Yes. ")
    call.finishes(1_200, turn)
    call.writes(1_300, turn, "No. ")
    call.finishes(1_300, turn)
    assert [said for _, _, said in call.spoken()] == ["Yes. "]


# --- apologies --------------------------------------------------------------------------------------------------------


def fail(call: Bare, at: int, code: str = "provider_unavailable") -> None:
    """The caller asks, and the reply fails."""
    turn = call.asks(at)
    call.at(at + 100, e.ReplyFailed(turn, code, e.ReplyFault.BUSY if code == "provider_busy" else e.ReplyFault.OTHER))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_one_apology_more_than_the_limit_ends_the_call(most: int) -> None:
    """The call continues at the limit. One more failure ends it with a goodbye; the reason is the last failure."""
    call = Bare(apologies=most)
    for i in range(most):
        fail(call, 1_000 + 10_000 * i)
    call.run(10_000 * most)
    assert call.said == [WORDING.apology] * most
    assert [because["in_a_row"] for _, because in call.sim.explained(d.Apologised)] == list(range(1, most + 1))
    fail(call, 10_000 * most + 1_000)
    call.run(10_000 * most + 20_000)
    assert call.said[-1] == WORDING.broken
    assert call.ended == "provider_unavailable"


def test_a_reply_that_was_heard_resets_the_apology_count() -> None:
    """Only apologies in a row count. A fixed phrase that was heard does not reset them."""
    call = Bare(apologies=1)
    fail(call, 1_000)
    turn = call.asks(10_000)
    call.replies(10_100, turn, "We open at nine.")
    call.run(15_000)
    fail(call, 16_000)
    call.run(25_000)
    assert call.said == [WORDING.apology, "We open at nine.", WORDING.apology]
    assert call.ended == ""


def test_an_unfinished_reply_does_not_reset_the_apology_count() -> None:
    """Its heard beginning does not count as a reply."""
    call = Bare(apologies=1)
    fail(call, 1_000)
    turn = call.asks(10_000)
    call.writes(10_100, turn, "We open at nine. ")
    call.speaks(10_200, turn, "We open at nine. ")
    call.run(12_500)
    call.at(12_500, e.ReplyFailed(turn, "provider_unavailable"))
    call.run(30_000)
    assert call.ended == "provider_unavailable"


def test_a_busy_model_is_asked_once_more() -> None:
    """The caller is told why they wait, and the same words are answered without being repeated."""
    call = Bare()
    fail(call, 1_000, "provider_busy")
    call.run(7_000)
    assert call.said == [WORDING.provider_busy]
    asked = [x for _, x in call.did(a.StartReply)]
    assert [x.history for x in asked] == [
        (CallerSaid("[keys: #]"),),
        (CallerSaid("[keys: #]"), AgentSaid(WORDING.provider_busy)),
    ]
    call.at(7_000, e.ReplyFailed(asked[1].turn, "provider_busy", e.ReplyFault.BUSY))
    call.run(15_000)
    assert call.said == [WORDING.provider_busy, WORDING.apology]
    assert len(call.did(a.StartReply)) == 2


def test_the_second_try_begins_when_the_explanation_has_been_heard() -> None:
    """The request is repeated in the millisecond in which the explanation ends."""
    call = Bare()
    fail(call, 1_000, "provider_busy")
    call.run(20_000)
    _, explained = call.sim.heard[0]
    assert call.when(a.StartReply) == [1_000, explained]
