"""The audio of a tape, and writing it to a file."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telephony.cli.commands import app
from telephony.contracts.observer import Step
from telephony.core import events as e
from telephony.tape.audio import agent_side, caller_side
from telephony.tape.codec import BadTape
from tests.tape.calls import conversation, steps, tape


def edited(steps: list[Step], media_ms: int | None = None, now_ms: int | None = None) -> list[Step]:
    """The steps with the 500th frame stamped `media_ms`, and everything from it on `now_ms` later."""
    found = list(steps)
    at = [index for index, step in enumerate(steps) if isinstance(step.event, e.AudioReceived)][500]
    if media_ms is not None:
        event = steps[at].event
        assert isinstance(event, e.AudioReceived)
        found[at] = replace(steps[at], event=replace(event, media_ms=media_ms))
    if now_ms is not None:
        found[at:] = [replace(step, now_ms=step.now_ms + now_ms) for step in found[at:]]
    return found


def test_an_impossible_time_takes_no_memory() -> None:
    """An edited time stamp is refused: silence up to it would be terabytes."""
    made = steps(conversation())
    tracemalloc.start()
    try:
        for wrong in (edited(made, media_ms=10**12), edited(made, media_ms=10**7)):
            with pytest.raises(BadTape, match=r"step \d+: a frame of the caller's"):
                caller_side(wrong)
        for side, wrong in ((agent_side, edited(made, now_ms=10**12)), (caller_side, edited(made, 10**12, 10**12))):
            with pytest.raises(BadTape, match="no call is so long"):
                side(wrong)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert len(caller_side(edited(made, media_ms=-(10**12)))) < 10**7


def test_a_file_that_cannot_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    """Nothing is raised when the unfinished file is collected, either."""
    folder = tape(tmp_path / "call")
    for out in (tmp_path / "nothing" / "x.wav", tmp_path):
        ran = CliRunner().invoke(app, ["tape", "wav", str(folder), str(out)])
        gc.collect()
        assert ran.exit_code == 2
        assert str(out) in ran.output
        assert "Errno" not in ran.output
        assert len(ran.output.splitlines()) == 1
    assert isinstance(ran.exception, SystemExit)
