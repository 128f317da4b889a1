"""The backlog of audio and commits that may have to be sent again."""

from __future__ import annotations

import random

from telephony.elevenlabs.stt_backlog import LIMIT_BYTES, NOTHING, Backlog

FRAME = b"\xff" * 160


def drain(backlog: Backlog) -> list[int]:
    """Takes everything that is to be sent: audio as milliseconds, commits as negative numbers."""
    items: list[int] = []
    while len(backlog):
        pcmu, commit = backlog.take(800)
        items += [len(pcmu) // 8] * bool(pcmu) + ([-commit] if commit is not None else [])
    return items


def test_sent_in_pieces_that_end_at_a_commit() -> None:
    """100 ms at a time; a piece ends at a commit."""
    backlog = Backlog()
    items: list[bytes | int] = [*[FRAME] * 7, 1, *[FRAME] * 2, 2, 3, FRAME]
    for item in items:
        assert backlog.add(item) == NOTHING
    assert drain(backlog) == [100, 40, -1, 40, -2, -3, 20]


def test_a_new_socket_gets_everything_unanswered() -> None:
    """Audio up to the last answer and refused commits are not sent again; `begins_ms` gives the position."""
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
    assert backlog.begins_ms == 1_000
    assert drain(backlog) == [100, 100, -3, 20]


def test_a_segment_closed_by_the_service_is_forgotten_up_to_its_last_word() -> None:
    """Only whole pieces are forgotten: sending some audio twice is better than losing a word."""
    backlog = Backlog()
    for _ in range(100):
        backlog.add(FRAME)
    drain(backlog)
    backlog.heard_until(1_530)
    backlog.rewind()
    assert backlog.begins_ms == 1_520
    assert sum(drain(backlog)) == 480


def test_bounded_and_the_oldest_goes_first() -> None:
    """Half a minute is kept through an outage; dropped audio and commits are reported once a second."""
    backlog, pieces, ms, commits, reports = Backlog(), 0, 0, list[int](), 0
    for n in range(3_000):
        shed = backlog.add(FRAME)
        pieces, ms, commits = pieces + shed.pieces, ms + shed.ms, commits + list(shed.commits)
        reports += bool(shed.pieces)
        if n % 500 == 0:
            backlog.add(n // 500 + 1)
    kept = sum(item for item in drain(backlog) if item > 0)
    assert 29_000 <= kept <= LIMIT_BYTES // 8
    assert backlog.begins_ms == ms == pieces * 20 == 60_000 - kept
    assert reports <= 32
    assert commits == [1, 2, 3, 4]


def test_random_operations_keep_count() -> None:
    """Whatever the order of operations, forgotten and kept audio add up to all audio added."""
    chance = random.Random(3)
    backlog, added, number = Backlog(), 0, 0
    for _ in range(20_000):
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
                backlog.heard_until(chance.randrange(added // 8 + 1))
            case 5 | 6:
                backlog.take(chance.randrange(2_000))
            case _:
                size = chance.randrange(1, 2_000)
                backlog.add(b"\xff" * size)
                added += size
    backlog.rewind()
    kept = 0
    while len(backlog):
        kept += len(backlog.take(800)[0])
    assert abs(added - kept - backlog.begins_ms * 8) < 8
    backlog.clear()
    assert abs(backlog.begins_ms * 8 - added) < 8
