"""What a frame costs, counted in function calls: there are 50 a second in each call, and hardly any brings news."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from telephony.core import events as e
from telephony.testing.script import CallerScript
from tests.core.calls import asks, play

NOBODY_SPEAKS = CallerScript().waits(0.5)
AGENT_SPEAKS = asks("what are your opening hours", 1).listens(2)
CALLER_PAUSES = asks("i would like to book a table and", 1).waits(0.4)
REPLY_IS_PREPARED = asks("what are your opening hours", 1).waits(0.2)
BOTH_SPEAK = AGENT_SPEAKS.says("mm-hm yeah", ms=800).waits(0.1)
AGENT_IS_HELD = AGENT_SPEAKS.coughs(1_000)
WORDS = ("/core/language/", "/completeness.py", "/dictation.py", "/question.py")


def called(script: CallerScript, frames: int) -> list[str]:
    """The file of each Python function that the core calls to take `frames` silent frames after the script."""
    sim, files = play(script), list[str]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            files.append(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for now in range(sim.now + 20, sim.now + 20 * frames + 1, 20):
            sim.call.step(e.AudioReceived(b"\xff" * 160, now, 0, -600), now)
            _ = sim.call.deadline
    finally:
        sys.setprofile(before)
    return [file for file in files if "/core/" in file]


@pytest.mark.parametrize(
    ("script", "most"),
    [
        (NOBODY_SPEAKS, 70),
        (AGENT_SPEAKS, 80),
        (CALLER_PAUSES, 90),
        (REPLY_IS_PREPARED, 95),
        (BOTH_SPEAK, 210),
        (AGENT_IS_HELD, 120),
    ],
    ids=["nobody speaks", "the agent speaks", "the caller pauses", "a reply is prepared", "both speak", "held"],
)
def test_a_frame_that_brings_no_news_is_cheap(script: CallerScript, most: int) -> None:
    """If this fails, something is asked anew in every frame."""
    assert 0 < len(called(script, frames=1)) <= most


@pytest.mark.parametrize(
    ("script", "frames"),
    [(AGENT_SPEAKS, 25), (CALLER_PAUSES, 10), (REPLY_IS_PREPARED, 5)],
    ids=["the agent speaks", "the caller pauses", "a reply is prepared"],
)
def test_words_are_judged_once(script: CallerScript, frames: int) -> None:
    """The caller's words when they change, and the agent's only while the caller has the floor or wants it."""
    assert [file for file in called(script, frames) if any(part in file for part in WORDS)] == []
