"""The turns of the agent: when they want to be called again, and that nothing of them is kept once they are over."""

from __future__ import annotations

import pytest

from telephony.audio.frames import BYTES_PER_MS
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.policy import Policy
from telephony.core.speaking.hearing import Hearing
from telephony.core.speaking.turns import Turns

POLICY = Policy()
CLOSE_MS, MARKS_MS = POLICY.limits.speech_close_ms, POLICY.limits.goodbye_ms


def saying(text: str) -> Turns:
    """Turn 1 says `text`, a fixed phrase that is not in stock, since 1,000 ms."""
    turns = Turns(POLICY, lambda text: text, last=0)
    turns.phrase("goodbye", 1_000, text)
    return turns


def test_speech_without_audio_is_due_after_a_while() -> None:
    """After its end only its marks are due, and nothing before anything is said or once it was played."""
    assert Turns(POLICY, lambda text: text, last=0).deadline is None
    turns = saying("Goodbye.")
    assert turns.deadline == 1_000 + CLOSE_MS
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 800), 1_200)
    assert turns.deadline == 1_200 + CLOSE_MS
    turns.context_ended(1, 1, 1_300)
    assert turns.deadline == 1_200 + 100 + MARKS_MS
    assert turns.playout.mark_reached("t1.2", 1_310)
    assert turns.deadline is None


@pytest.mark.parametrize("cut", [False, True])
def test_a_phrase_that_is_over_is_forgotten(cut: bool) -> None:
    """Neither the turn nor its audio is kept, so a long call needs no more memory than a short one."""
    turns = saying("Goodbye.")
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 160), 1_200)
    turns.context_ended(1, 1, 1_300)
    assert turns.get(1) is not None
    if cut:
        turns.cut(1_400)
    else:
        assert turns.playout.mark_reached("t1.1", 1_400)
        turns.settle(1_400)
    assert turns.get(1) is None
    assert turns.playout.tracks == {}


def test_a_phrase_from_stock_goes_on_at_the_word_where_it_was_held() -> None:
    """Its alignment counts from its first byte."""
    turns, text = Turns(POLICY, lambda text: text, last=0), "Goodbye and thank you."
    pcmu = bytes(range(1, 201)) * (len(text) * 100 * BYTES_PER_MS // 200)
    turns.learn((e.Phrase("goodbye", text, pcmu, tuple(100 * at for at in range(1, len(text) + 1))),))
    turns.phrase("goodbye", 1_000, text)
    assert turns.playout.mark_reached("t1.2", 1_520)
    turns.playout.hold(2_000)  # in the middle of "and"
    again = b"".join(action.pcmu for action in turns.playout.resume(2_500) if isinstance(action, a.SendAudio))
    assert again == pcmu[800 * BYTES_PER_MS :]


def test_what_was_begun_first_is_said_first() -> None:
    """A phrase in stock waits for one whose audio has not come yet."""
    turns = saying("One moment, please.")
    turns.learn((e.Phrase("goodbye", "Goodbye.", b"\x66" * 160),))
    assert turns.phrase("goodbye", 1_100, "Goodbye.") == []
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 160), 1_200)
    actions, _ = turns.context_ended(1, 1, 1_300)
    assert a.SendAudio(b"\x66" * 160) in actions


def replying(written: str, spoken: str) -> Turns:
    """Turn 1 is a reply of the model's, which has written one unit."""
    turns = Turns(POLICY, lambda text: text.replace(written, spoken), last=0)
    turns.start(1_000, 1_000)
    turns.delta(e.ReplyDelta(1, f"{written}\n"), 1_100)
    return turns


def test_a_goodbye_that_nobody_has_heard_yet_parts_nobody() -> None:
    """What the caller says before belongs to the conversation."""
    turns = replying("Goodbye.", "Goodbye.")
    assert not Hearing(turns, ()).parting(1_150)
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 800), 1_200)
    assert not Hearing(turns, ()).parting(1_210)
    assert turns.playout.mark_reached("t1.1", 1_220)
    assert Hearing(turns, ()).parting(1_220)


def test_a_turn_that_was_said_waits_for_its_tool() -> None:
    """The reply was given up while the tool ran: the result still enters the history."""
    turns = replying("One moment.", "One moment.")
    assert turns.tool_wanted(e.ToolWanted(1, "call_1", "book", "{}"), 1_150) == []
    assert turns.allow_tools(1_150) == [a.RunTool(1, "call_1")]
    turns.give_up_reply(1_200)
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 160), 1_300)
    turns.context_ended(1, 1, 1_350)
    assert turns.playout.mark_reached("t1.1", 1_400)
    _, replied = turns.settle(1_400)
    assert (replied, turns.saying(1), turns.unfinished()) == (False, False, True)
    turns.tool_finished(e.ToolFinished(1, "call_1", "booked", False), 2_000)
    assert "booked" in repr(turns.transcript.history())
    assert turns.get(1) is None


def test_a_reply_goes_on_when_its_speech_is_lost() -> None:
    """It is live until the model has finished, though all that could be said was played."""
    turns = replying("One moment.", "One moment.")
    turns.audio(e.SpeechAudio(1, 1, b"\x55" * 160), 1_200)
    turns.context_ended(1, 1, 1_300, lost=True, retryable=False)
    assert turns.playout.mark_reached("t1.1", 1_400)
    _, replied = turns.settle(1_400)
    assert (replied, turns.reply is turns.get(1) is not None) == (False, True)
    assert turns.ended(e.ReplyEnded(1, e.Finish.STOP), 1_500) == ([], False)
    assert turns.get(1) is None
