"""Tapes that somebody sent: pipes, devices, sparse files and absurd lengths are refused, and quickly."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from telephony.audio import wav
from telephony.cli.commands import app
from telephony.tape import reader
from telephony.tape.codec import BadTape
from tests.tape.calls import tape

FILES = ("tape.jsonl", "caller.ulaw", "agent.ulaw")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tape(tmp_path_factory.mktemp("tapes") / "call")


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    for file in recorded.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**42)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("make", [fifo, device, folder, sparse])
def test_only_regular_files_of_a_possible_length_are_read(copy: Path, make: Callable[[Path], None], file: str) -> None:
    """A tape's lines: one sentence. Its audio: a problem of the tape, whose steps can still be read."""
    (copy / file).unlink()
    make(copy / file)
    tracemalloc.start()
    try:
        if file == "tape.jsonl":
            with pytest.raises(BadTape, match=file):
                reader.read(copy)
        else:
            found = reader.read(copy)
            assert file in found.problems[0]
            assert len(found.steps) > 100
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_the_command_line_says_so_in_a_sentence(copy: Path) -> None:
    """Exit code 2, no traceback, for a folder that was named and for one that was found."""
    (copy / "tape.jsonl").unlink()
    fifo(copy / "tape.jsonl")
    for command in (["tape", "show", str(copy)], ["replay", str(copy)]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 2, done.output
        assert "Traceback" not in done.output


def test_a_link_to_a_regular_file_is_read(copy: Path) -> None:
    """Some keep the audio elsewhere."""
    (copy / "caller.ulaw").rename(copy / "elsewhere")
    (copy / "caller.ulaw").symlink_to(copy / "elsewhere")
    assert reader.read(copy).good


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (lambda n: [["AudioReceived", ["silence", 2**20], 0, None, 0], []], "bytes of audio"),
        (lambda n: [["AudioReceived", ["caller", 0, 2**18], 0, None, 0], []], "bytes of audio"),
        (lambda n: [["AudioReceived", ["caller", 0, 0, 2**20], 0, None, 0], []], "bytes of audio"),
        (lambda n: [["AudioReceived", ["silence", 2**60], 0, None, 0], []], "is not audio"),
        (lambda n: [["AudioReceived", ["silence", 10**400], 0, None, 0], []], "is not audio"),
        (lambda n: [["AudioReceived", ["caller", 10**400, 160], 0, None, 0], []], "is not audio"),
        (
            lambda n: [["TimeReached", 0], [["StartReply", n, [n * 100, [["CallerSaid", "hm"]] * 100], False]]],
            "histories have more than",
        ),
    ],
)
def test_a_small_file_cannot_ask_for_much_memory(
    copy: Path, monkeypatch: pytest.MonkeyPatch, line: Callable[[int], list[Any]], what: str
) -> None:
    """Pieces that are referred to again and again, and histories that grow with every step, are counted."""
    monkeypatch.setattr(reader, "MOST_AUDIO", 2**24)  # 16 MB instead of 512
    header = (copy / "tape.jsonl").read_bytes().splitlines(keepends=True)[0]
    steps = [json.dumps([number, 0, *line(number)]).encode() + b"\n" for number in range(600)]
    (copy / "tape.jsonl").write_bytes(header + b"".join(steps))
    found = reader.read(copy)
    assert what in found.problems[0]
    assert len(found.steps) < 500


def test_a_step_of_another_day_is_no_call_of_a_day(copy: Path) -> None:
    """One edited time stamp would make gigabytes of silence: both sides of the call, written as 16 bits."""
    lines = (copy / "tape.jsonl").read_bytes().splitlines(keepends=True)
    seq, now, *rest = json.loads(lines[-2])
    lines[-2] = json.dumps([seq, now + 80_000_000, *rest]).encode() + b"\n"
    (copy / "tape.jsonl").write_bytes(b"".join(lines))
    found = reader.read(copy)
    assert "quiet for so long" in found.problems[0]
    assert found.length_ms < 60_000


def test_a_day_of_silence_is_written_in_pieces(tmp_path: Path) -> None:
    """A few bytes of a tape may stand for hours of sound: the file is not made in memory."""
    tracemalloc.start()
    try:
        wav.write(tmp_path / "call.wav", b"\xff" * 8_000 * 600, b"\x55" * 8_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    left, right = wav.read(tmp_path / "call.wav")
    assert (len(left), len(right)) == (8_000 * 600, 8_000 * 600)
    assert right[:8_001] == b"\x55" * 8_000 + b"\xff"
