"""Recording on a live service: off the event loop, bounded, and complete; the tape holds what the caller heard."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TypeAlias

import pytest

from telephony.agent import Agent, IncomingCall
from telephony.audio import frames, level, wav
from telephony.contracts.observer import Step
from telephony.core import events as e
from telephony.tape import recorder as recorder_module
from telephony.tape.choose import find
from telephony.tape.format import Header
from telephony.tape.reader import read
from telephony.tape.recorder import Recorder
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.replay import replay
from telephony.tape.show import steps, stereo_wav, timeline, transcript
from telephony.tape.writer import TapeWriter, write
from telephony.testing.fakes.openai.server import CallTool, Say, scripted
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock, SteadyLoop
from telephony.tools import tool

Recorded: TypeAlias = tuple[Path, Path, list[tuple[str, str]]]
"""(the tape's folder, the carrier's own recording, the lines of the call)."""
LONG = "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day."


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A call over real sockets."""
    folder = tmp_path_factory.mktemp("tapes")

    async def call() -> list[tuple[str, str]]:
        agent = Agent(prompt="p", greeting="Hello!", tools=(book_table,), greeting_protected=True)
        answers = scripted([[Say(LONG)], [CallTool("book_table", {"people": 4})], [Say("It is done.")]])
        async with local_stack(agent, clock=SteadyClock(speed=20), replies=answers, tapes=folder) as stack:
            phone = await stack.dial()
            tape = await stack.tape(phone)
            await tape.until(lambda: ("agent", "Hello!") in tape.lines)
            await stack.says(phone, "when do you open")
            await phone.agent_speaking()
            begun = phone.now_ms
            await phone.until(lambda: phone.now_ms - begun >= 1_500)
            await stack.says(phone, "wait book a table")
            await tape.until(lambda: ("agent", "It is done.") in tape.lines)
            await phone.press("7")
            await phone.hang_up()
            await phone.ended()
            phone.stereo_wav(folder / "carrier.wav")
            return tape.lines

    with asyncio.Runner(loop_factory=SteadyLoop) as runner:
        lines = runner.run(call())
    return find(folder)[0], folder / "carrier.wav", lines


def test_a_call_leaves_a_whole_tape_that_replays(recorded: Recorded) -> None:
    """One setting is enough. The header names the call and the agent, and holds the prompt only as a hash."""
    path, _, lines = recorded
    tape = read(path)
    assert tape.good, tape.problems
    assert replay(tape).same
    assert rehearse(tape).steps == tape.steps
    assert timeline(tape).lines[: len(lines)] == lines
    assert tape.header.call["sid"] in path.name
    assert len(tape.header.agent["prompt_sha256"]) == 64
    assert timeline(tape).called("book_table", people=4)
    assert timeline(tape).remembered_unheard == []


def test_the_recording_is_what_the_caller_heard(recorded: Recorded, tmp_path: Path) -> None:
    """Both sides match the carrier's own recording: cleared audio is not in it."""
    path, by_carrier, _ = recorded
    stereo_wav(read(path), tmp_path / "call.wav")
    for ours, theirs in zip(wav.read(tmp_path / "call.wav"), wav.read(by_carrier), strict=True):
        mine, other = loud(ours), loud(theirs)
        assert abs(len(mine) - len(other)) <= 12, "number of frames with sound, of 20 ms each"
        shift = other[0] - mine[0]
        assert all(any(abs(b - a - shift) <= 12 for b in other) for a in mine)


def loud(pcmu: bytes) -> list[int]:
    return [index for index, frame in enumerate(frames.frames(pcmu)) if level.level(frame) > -450]


def test_the_transcript_is_readable(recorded: Recorded) -> None:
    """Lines with times, tools, keys, and the decisions about the interruption."""
    text = "\n".join(transcript(read(recorded[0])))
    for part in ("agent  Hello!", "caller when do you open", "interrupted", 'book_table({"people": 4})', "key    7"):
        assert part in text
    assert "ended: caller" in text
    detail = "\n".join(steps(read(recorded[0])))
    assert "decide: cut" in detail
    assert len(detail.splitlines()) < 250


def test_recording_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk hangs, the call goes on; steps that do not fit are counted, and the tape says so."""
    stuck, real = threading.Event(), TapeWriter.flush
    monkeypatch.setattr(TapeWriter, "flush", lambda writer: (stuck.wait(60), real(writer))[1])
    monkeypatch.setattr(recorder_module, "WAITING_STEPS", 50)
    recorder = Recorder(tmp_path, lambda: 0.0)
    watching = recorder.observe(IncomingCall("CA1"), Agent(prompt="p"))
    seq = 0
    while watching.dropped < 30:  # until the thread hangs and the queue is full
        watching.see(Step(seq, seq, e.KeyPressed("1"), ()))
        seq += 1
    stuck.set()
    while watching.queue:
        threading.Event().wait(0.01)
    watching.see(Step(seq, seq, e.KeyPressed("2"), ()))
    watching.close()
    recorder.close()
    tape = read(find(tmp_path)[0])
    assert tape.ended
    assert "could not be recorded here" in tape.problems[0]
    assert tape.steps[-1].event == e.KeyPressed("2")
    assert tape.whole >= 50


def test_a_disk_that_fails_ends_the_tape_and_not_the_call(tmp_path: Path) -> None:
    """A folder that cannot be created is logged once, and the tape is given up."""
    (tmp_path / "file").touch()
    recorder = Recorder(tmp_path / "file", lambda: 0.0)
    watching = recorder.observe(IncomingCall("CA1"), Agent(prompt="p"))
    for seq in range(5):
        watching.see(Step(seq, seq, e.KeyPressed("1"), ()))
    watching.close()
    recorder.close()
    assert watching.failed


def test_steps_are_on_the_disk_within_a_second(tmp_path: Path) -> None:
    """A crash of the process loses less than a second; a caller who is reconnected gets another folder."""
    assert recorder_module.PAUSE_S < 1
    recorder = Recorder(tmp_path, lambda: 0.0)
    for _ in range(2):
        watching = recorder.observe(IncomingCall("CA/../1"), Agent(prompt="p"))
        watching.see(Step(0, 0, e.CallStarted("MZ1"), ()))
        while watching.queue:  # written without a flush from outside
            threading.Event().wait(0.01)
        assert any(tape.steps for tape in map(read, find(tmp_path)))
    recorder.close()
    tapes = find(tmp_path)
    assert [path.name for path in tapes] == ["000000-CA1", "000000-CA1-2"]
    assert [read(path).ended for path in tapes] == [False, False]


def test_half_a_surrogate_pair_costs_no_tape(tmp_path: Path) -> None:
    """A model may send an emoji in two halves; the tape holds both unchanged."""
    made = [Step(0, 0, e.ReplyDelta(1, "hi \ud83d"), ()), Step(1, 5, e.ReplyDelta(1, "\ude00 Jürgen"), ())]
    write(tmp_path / "call", Header(), made)
    found = read(tmp_path / "call")
    assert found.good
    assert found.steps == made


def test_a_disk_that_fails_keeps_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tape is closed as it is, with a readable header, and nothing more is written to it."""
    recorder = Recorder(tmp_path, lambda: 1_700_000_000.0)
    tape = recorder.observe(IncomingCall("CA1"), Agent(prompt="p"))
    monkeypatch.setattr(TapeWriter, "step", lambda *_: (_ for _ in ()).throw(OSError("full")))
    tape.see(Step(0, 0, e.CallStarted("MZ1"), ()))
    tape.close()
    recorder.close()
    assert tape.failed
    assert tape.writer is not None
    assert all(file.closed for file in (*tape.writer._audio.files, tape.writer._lines))
    assert read(find(tmp_path)[0]).header.call["sid"] == "CA1"
