"""Which tape is meant: the newest call of a folder, whatever the folders are called and whenever they were copied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from telephony.tape.choose import find, meant, newest_whole, one
from telephony.tape.codec import BadTape
from telephony.tape.format import Header
from telephony.tape.writer import write


def made(folder: Path, began: str, modified_s: int = 0) -> Path:
    """A tape without steps of a call that began then, whose file was changed at another time."""
    write(folder, Header(began=began), [])
    os.utime(folder / "tape.jsonl", (modified_s, modified_s))
    return folder


JAN_5 = "2026-01-05T10:00:00.000+00:00"
ROWS = [
    ("by name", [("a", JAN_5, 0), ("b", "2026-01-05T10:00:00.001+00:00", 0)], "b"),
    ("against the names", [("a", "2026-01-06T00:00:00.000+00:00", 0), ("b", JAN_5, 0)], "a"),
    ("against the copies", [("a", "2026-01-06T00:00:00.000+00:00", 1), ("b", JAN_5, 2_000_000_000)], "a"),
    ("in folders", [("z/1", JAN_5, 0), ("a/2", "2026-02-01T00:00:00.000+00:00", 0)], "a/2"),
    ("a second leg", [("120000-CA1", JAN_5, 0), ("120000-CA1-2", "2026-01-05T10:05:00.000+00:00", 0),
                      ("120000-CA1-10", "2026-01-05T10:09:00.000+00:00", 0)], "120000-CA1-10"),
    ("a time zone", [("a", "2026-01-05T12:00:00+05:00", 0), ("b", "2026-01-05T08:00:00+00:00", 0)], "b"),
    ("Z", [("a", "2026-01-05T12:00:00Z", 0), ("b", JAN_5, 0)], "a"),
    ("no zone is UTC", [("a", "2026-01-05T12:00:00", 0), ("b", JAN_5, 0)], "a"),
    ("no time: that of the file", [("a", "", 1_767_700_000), ("b", "", 1_767_600_000)], "a"),
    ("some without a time", [("a", "", 2_000_000_000), ("b", JAN_5, 0)], "a"),
    ("words for a time", [("a", "yesterday", 1), ("b", JAN_5, 0)], "b"),
    ("the same time", [("a", JAN_5, 0), ("b", JAN_5, 0)], "b"),
]  # fmt: skip


@pytest.mark.parametrize(("tapes", "newest"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_newest_call_is_meant(tmp_path: Path, tapes: list[tuple[str, str, int]], newest: str) -> None:
    for name, began, modified_s in tapes:
        made(tmp_path / name, began, modified_s)
    assert one(str(tmp_path)) == tmp_path / newest
    assert newest_whole(meant(str(tmp_path)), print).path == tmp_path / newest
    assert find(tmp_path) == sorted(tmp_path / name for name, _, _ in tapes)


def test_a_part_of_a_sid_means_the_newest_call_of_it(tmp_path: Path) -> None:
    made(tmp_path / "b-CA17", JAN_5)
    made(tmp_path / "a-CA17", "2026-01-06T00:00:00+00:00")
    made(tmp_path / "c-CA2", "2026-01-07T00:00:00+00:00")
    assert one("CA17", tmp_path) == tmp_path / "a-CA17"
    with pytest.raises(BadTape, match="neither a folder nor a call"):
        one("CA9", tmp_path)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]\n", b'{"began": 5}\n', b'{"began": null}\n', b"[" * 70_000, b"\xff\n"]
)
def test_a_header_that_cannot_be_read_has_the_files_time(tmp_path: Path, line: bytes) -> None:
    made(tmp_path / "a", JAN_5)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "tape.jsonl").write_bytes(line)
    assert meant(str(tmp_path)) == [tmp_path / "a", tmp_path / "b"]
    told: list[str] = []
    assert newest_whole(meant(str(tmp_path)), told.append).path == tmp_path / "a"
    assert len(told) == 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    made(tmp_path / "a", JAN_5)
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / "tape.jsonl")
    assert tmp_path / "a" in meant(str(tmp_path))
