"""What a frame costs, counted in function calls: there are 50 a second in each call, and hardly any brings news."""

from __future__ import annotations

import sys
from itertools import count
from statistics import median_low
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
CALLER_TALKS = asks("i would like to book a table for four people and", 1)
MUSIC_ON_HOLD = CallerScript().waits(0.5).coughs(3_000)
WORDS = ("/core/language/", "/completeness.py", "/dictation.py", "/question.py")
SILENCE, VOICE = (0, -600), (950, -200)


def called(script: CallerScript, frames: int, sound: tuple[int, int] = SILENCE) -> list[list[str]]:
    """The file of each Python function that the core calls to take a frame, for each of `frames` after the script.
    `sound`: their probability of speech, which comes with five frames of eight, and level."""
    sim, files = play(script), list[list[str]]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "/core/" in frame.f_code.co_filename:
            files[-1].append(frame.f_code.co_filename)

    before, (speech, level) = sys.getprofile(), sound
    for number, now in zip(range(frames), count(sim.now + 20, 20), strict=False):
        frame = e.AudioReceived(b"\xff" * 160, now, None if number % 8 in (0, 2, 5) else speech, level)
        files.append([])
        sys.setprofile(note)
        try:
            sim.call.step(frame, now)
            _ = sim.call.deadline
        finally:
            sys.setprofile(before)
    return files


@pytest.mark.parametrize(
    ("script", "sound", "most", "looks"),
    [
        (NOBODY_SPEAKS, SILENCE, 14, 0),
        (AGENT_SPEAKS, SILENCE, 14, 0),
        (CALLER_PAUSES, SILENCE, 14, 1),
        (REPLY_IS_PREPARED, SILENCE, 14, 0),
        (BOTH_SPEAK, SILENCE, 14, 4),
        (AGENT_IS_HELD, SILENCE, 14, 2),
        (CALLER_TALKS, VOICE, 20, 0),
        (MUSIC_ON_HOLD, VOICE, 20, 0),
    ],
    ids=[
        "nobody speaks",
        "the agent speaks",
        "the caller pauses",
        "a reply is prepared",
        "both speak",
        "held",
        "the caller talks",
        "music on hold",
    ],
)
def test_a_frame_that_brings_no_news_is_cheap(
    script: CallerScript, sound: tuple[int, int], most: int, looks: int
) -> None:
    """If this fails, something is asked anew in every frame, or the parts are asked more often: `looks` of eight."""
    files = called(script, 8, sound)
    assert 0 < median_low(map(len, files)) <= most
    assert sum(len(one) > 2 * most for one in files) <= looks


@pytest.mark.parametrize(
    ("script", "most"),
    [(CALLER_PAUSES, 150), (BOTH_SPEAK, 300), (AGENT_IS_HELD, 190)],
    ids=["the caller pauses", "both speak", "held"],
)
def test_to_ask_all_parts_is_cheap_enough(script: CallerScript, most: int) -> None:
    """That happens after every event, and whenever a part may have to do something."""
    assert max(map(len, called(script, 8))) <= most


@pytest.mark.parametrize(
    ("script", "frames"),
    [(AGENT_SPEAKS, 25), (CALLER_PAUSES, 10), (REPLY_IS_PREPARED, 5)],
    ids=["the agent speaks", "the caller pauses", "a reply is prepared"],
)
def test_words_are_judged_once(script: CallerScript, frames: int) -> None:
    """The caller's words when they change, and the agent's only while the caller has the floor or wants it."""
    files = [file for one in called(script, frames) for file in one]
    assert [file for file in files if any(part in file for part in WORDS)] == []
