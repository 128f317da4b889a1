"""What the phone in the browser takes from the playout, to play it there."""

from __future__ import annotations

from telephony.console.carrier.playout import Playout

FRAME = 160


def test_what_was_played_is_taken_in_whole_frames_and_each_once() -> None:
    playout = Playout(mark_latency_ms=0)
    playout.add_audio(0, b"\x01" * 400)
    playout.advance(30)
    assert playout.take(FRAME) == b"\x01" * FRAME
    assert playout.take(FRAME) == b""
    playout.advance(60)
    assert playout.take(FRAME) == b"\x01" * 240 + b"\xff" * 80


def test_marks_come_back_when_they_are_played_however_much_was_taken() -> None:
    playout = Playout(mark_latency_ms=0)
    playout.advance(1_000)
    playout.take(FRAME)
    playout.add_audio(1_000, b"\x01" * 800)
    playout.add_mark(1_000, "t1.1")
    assert playout.next_due_ms() == 1_100
    playout.advance(1_050)
    playout.take(FRAME)
    assert playout.next_due_ms() == 1_100
    playout.advance(1_100)
    assert [(mark.name, mark.at_ms, mark.fate) for mark in playout.marks] == [("t1.1", 1_100, "played")]
