"""The caller's direction of a call from the browser: what is sent when, and what is dropped."""

from __future__ import annotations

import pytest

from telephony.audio.level import level
from telephony.console.carrier.line import (
    FRAME,
    HELD_BACK,
    KEPT_FRAMES,
    MOST_FRAMES,
    SILENCE,
    TYPED_MS,
    LineQuality,
    Uplink,
)


def frame(number: int) -> bytes:
    return bytes([number]) * FRAME


def taken(uplink: Uplink, count: int) -> list[int | None]:
    """The next frames: their numbers, 255 for silence, None for a lost one."""
    return [found[0] if (found := uplink.take()) is not None else None for _ in range(count)]


def test_a_little_is_held_back_and_a_gap_is_silence() -> None:
    """After a gap, too."""
    uplink = Uplink()
    for number in range(HELD_BACK - 1):
        uplink.hear(frame(number))
    assert taken(uplink, 2) == [255, 255]
    uplink.hear(frame(2))
    assert taken(uplink, 4) == [0, 1, 2, 255]
    uplink.hear(frame(3))
    assert taken(uplink, 1) == [255]
    uplink.hear(frame(4))
    uplink.hear(frame(5))
    assert taken(uplink, 4) == [3, 4, 5, 255]


def test_what_would_only_be_delay_is_dropped() -> None:
    """The newest frames are kept."""
    uplink = Uplink()
    for number in range(MOST_FRAMES + 1):
        uplink.hear(frame(number))
    assert taken(uplink, KEPT_FRAMES + 1) == [*range(MOST_FRAMES + 1 - KEPT_FRAMES, MOST_FRAMES + 1), 255]


def test_what_is_typed_goes_first_whole_frames_of_it_and_meanwhile_the_page_s_frames_are_not_kept() -> None:
    """And each frame of it is there for the page to hear."""
    uplink = Uplink()
    for number in range(3):
        uplink.hear(frame(number))
    uplink.say(b"\x42" * (FRAME + 10))
    assert taken(uplink, 1) == [0x42]
    assert uplink.take() == (b"\x42" * 10).ljust(FRAME, b"\xff")
    assert taken(uplink, 2) == [2, 255]
    assert list(uplink.spoken) == [frame(0x42), (b"\x42" * 10).ljust(FRAME, b"\xff")]


def test_what_is_typed_is_bounded() -> None:
    uplink = Uplink()
    for _ in range(3):
        uplink.say(b"\x42" * TYPED_MS * 5)
    frames = taken(uplink, TYPED_MS // 20 + 1)
    assert frames == [0x42] * (TYPED_MS // 20) + [255]
    assert len(uplink.spoken) <= MOST_FRAMES


@pytest.mark.parametrize("percent", [0, 5, 50])
def test_as_many_frames_are_lost_as_asked(percent: int) -> None:
    uplink = Uplink()
    uplink.quality = LineQuality(loss_percent=percent)
    assert abs(taken(uplink, 2_000).count(None) / 20 - percent) <= (3 if percent else 0)


@pytest.mark.parametrize("db", [-60, -40, -20])
def test_noise_is_as_loud_as_asked_and_lies_under_the_voice(db: int) -> None:
    uplink = Uplink()
    uplink.quality = LineQuality(noise_db=db)
    quiet = [uplink.take() for _ in range(50)]
    assert all(one is not None and one != SILENCE for one in quiet)
    levels = [level(one) / 10 for one in quiet if one is not None]
    assert abs(sum(levels) / len(levels) - db) < 2


@pytest.mark.parametrize("jitter", [0, 100])
def test_frames_are_late_by_no_more_than_asked(jitter: int) -> None:
    uplink = Uplink()
    uplink.quality = LineQuality(jitter_ms=jitter)
    late = [uplink.late_ms() for _ in range(500)]
    assert min(late) >= 0
    assert max(late) <= jitter
    assert (max(late) > 0) is bool(jitter)
