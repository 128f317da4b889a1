"""The turns of the agent: when they want to be called again, and that nothing of them is kept once they are over."""

from __future__ import annotations

import pytest

from telephony.core import events as e
from telephony.core.policy import Policy
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
