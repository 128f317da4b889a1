"""The backlog of audio and commits that may have to be sent again."""

from __future__ import annotations

import random
from copy import deepcopy

from telephony.elevenlabs.stt_backlog import LIMIT_BYTES, NOTHING, Backlog

FRAME = b"\xff" * 160


def drain(backlog: Backlog) -> list[int]:
    """Takes everything that is to be sent: audio as milliseconds, commits as negative numbers."""
    items: list[int] = []
    while len(backlog):
        pcmu, commit = backlog.take(800)
        items += [len(pcmu) // 8] * bool(pcmu) + ([-commit] if commit is not None else [])
    return items


def check_ready(backlog: Backlog) -> None:
    """`ready` tells what `take` would give."""
    copy = deepcopy(backlog)
    taken = [copy.take(800) for _ in range(len(copy))]
    size, commits = sum(len(pcmu) for pcmu, _ in taken), sum(commit is not None for _, commit in taken)
    assert backlog.ready(size)
    assert backlog.ready(size + 1) == (commits > 0)


def test_sent_in_pieces_that_end_at_a_commit() -> None:
    """100 ms at a time; a piece ends at a commit."""
    backlog = Backlog()
    items: list[bytes | int] = [*[FRAME] * 7, 1, *[FRAME] * 2, 2, 3, FRAME]
    for item in items:
        assert backlog.add(item) == NOTHING
    assert drain(backlog) == [100, 40, -1, 40, -2, -3, 20]


def test_a_new_socket_gets_everything_unanswered() -> None:
    """Audio up to the last answer and refused commits are not sent again."""
    backlog = Backlog()
    items: list[bytes | int] = [*[FRAME] * 50, 1, *[FRAME] * 5, 2, *[FRAME] * 5, 3, FRAME]
    for item in items:
        backlog.add(item)
    drain(backlog)
    backlog.answered(1)
    backlog.refused(2)
    backlog.answered(1)
    backlog.refused(9)
    backlog.rewind()
    assert drain(backlog) == [100, 100, -3, 20]


def test_a_segment_closed_by_the_service_is_forgotten_but_for_its_end() -> None:
    """Only whole pieces are forgotten, and nothing after a commit: sending some audio twice is better than losing a
    word."""
    for at, kept in ((200, 520), (50, 1_000)):
        backlog = Backlog()
        for n in range(100):
            if n == at:
                backlog.add(7)
            backlog.add(FRAME)
        drain(backlog)
        backlog.heard(but_ms=509)
        backlog.rewind()
        assert sum(size for size in drain(backlog) if size > 0) == kept


def test_bounded_and_the_oldest_goes_first() -> None:
    """Half a minute is kept through an outage; dropped audio and commits are reported once a second."""
    backlog, pieces, commits, reports = Backlog(), 0, list[int](), 0
    for n in range(3_000):
        shed = backlog.add(FRAME)
        pieces, commits = pieces + shed.pieces, commits + list(shed.commits)
        reports += bool(shed.pieces)
        if n % 500 == 0:
            backlog.add(n // 500 + 1)
    kept = sum(item for item in drain(backlog) if item > 0)
    assert 29_000 <= kept <= LIMIT_BYTES // 8
    assert pieces * 20 == 60_000 - kept
    assert reports <= 32
    assert commits == [1, 2, 3, 4]


def test_random_operations_keep_count() -> None:
    """In any order of operations, audio is forgotten only from its beginning, and no more is kept than allowed."""
    chance = random.Random(3)
    backlog, added, number = Backlog(), 0, 0
    for n in range(20_000):
        if n % 100 == 0:
            check_ready(backlog)
        match chance.randrange(12):
            case 0:
                number += 1
                backlog.add(number)
            case 1:
                backlog.answered(chance.randrange(number + 1))
            case 2:
                backlog.refused(chance.randrange(number + 1))
            case 3:
                backlog.rewind()
            case 4:
                backlog.heard(but_ms=chance.randrange(4_000))
            case 5 | 6:
                backlog.take(chance.randrange(2_000))
            case _:
                size = chance.randrange(1, 500)
                backlog.add(added.to_bytes(4, "big") * size)
                added += 1
    backlog.rewind()
    kept = bytearray()
    while len(backlog):
        kept += backlog.take(800)[0]
    assert 0 < len(kept) <= LIMIT_BYTES
    found = sorted({int.from_bytes(kept[at : at + 4], "big") for at in range(0, len(kept), 4)})
    assert found == list(range(found[0], added))
    backlog.clear()
    assert len(backlog) == 0
