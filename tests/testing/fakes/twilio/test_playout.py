"""The local carrier's playout: real time, marks, clear."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.console.carrier.playout import SILENCE, CallerVoice, MarkEcho, Playout

LOUD = b"\x10"


def test_audio_is_played_at_8000_bytes_a_second() -> None:
    """Audio sent all at once is heard in real time from its arrival on, with silence around it."""
    playout = Playout()
    playout.add_audio(100, LOUD * 1600)
    playout.advance(200)
    assert playout.heard == b"\xff" * 800 + LOUD * 800
    assert playout.queued_bytes == 800
    playout.advance(400)
    assert playout.heard == b"\xff" * 800 + LOUD * 1600 + b"\xff" * 800


def test_a_mark_comes_back_when_its_last_sample_was_played() -> None:
    """The echo is due `mark_latency_ms` after the last sample before the mark; on an empty queue, after the mark."""
    playout = Playout(mark_latency_ms=20)
    playout.add_audio(0, LOUD * 800)
    playout.add_mark(0, "a")
    assert playout.next_due_ms() == 120
    playout.advance(119)
    assert playout.due_echoes(119) == []
    assert playout.due_echoes(120) == ["a"]
    playout.add_mark(500, "b")
    assert playout.due_echoes(520) == ["b"]
    assert playout.marks == [MarkEcho("a", 100, "played"), MarkEcho("b", 500, "played")]


def test_a_clear_drops_the_sound_and_brings_all_marks_back() -> None:
    """Outstanding marks come back at once and in order, behind marks already passed whose echo was not yet due."""
    playout = Playout(mark_latency_ms=40)
    for name in "abc":
        playout.add_audio(0, LOUD * 800)
        playout.add_mark(0, name)
    playout.clear(110)
    assert playout.due_echoes(110) == ["a", "b", "c"]
    assert [mark.fate for mark in playout.marks] == ["played", "cleared", "cleared"]
    assert playout.cleared_bytes == 3 * 800 - 110 * 8
    assert playout.clears == [110]
    playout.add_audio(200, b"\x11" * 80)
    playout.advance(300)
    assert playout.heard == LOUD * 880 + b"\xff" * 720 + b"\x11" * 80 + b"\xff" * 720


def test_what_a_clear_kept_from_being_heard_is_known() -> None:
    """The time to the end of the sound that was dropped; a clear that dropped only silence is none."""
    playout = Playout()
    playout.add_audio(0, LOUD * 800 + b"\xff" * 800)
    playout.clear(60)
    assert playout.dropped == [(60, 40)]
    playout.add_audio(100, b"\xff" * 800)
    playout.clear(110)
    playout.add_audio(200, b"\xff" * 400 + LOUD * 400 + b"\xff" * 80)
    playout.clear(200)
    assert playout.dropped == [(60, 40), (200, 100)]


def test_sound_and_silence_are_distinguished() -> None:
    """Comfort noise and silent samples are not sound; `loud_until_ms` is the end of the last sound."""
    playout = Playout()
    playout.add_audio(0, b"\xff\x7f\xfb\x75" * 400)
    playout.advance(200)
    assert playout.loud_until_ms < 0
    playout.add_audio(200, LOUD * 1600)
    playout.advance(300)
    assert playout.loud_until_ms == 300
    playout.advance(900)
    assert playout.loud_until_ms == 400


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["audio", "mark", "clear", "look"])), max_size=60))
def test_nothing_is_lost_or_played_twice(steps: list[tuple[int, str]]) -> None:
    """In any order of messages, every byte is played, queued or cleared, and each mark comes back once, in order."""
    playout, now, sent, marks, echoed = Playout(30), 0, 0, list[str](), list[str]()
    for wait_ms, what in steps:
        now += wait_ms
        match what:
            case "audio":
                playout.add_audio(now, LOUD * 1000)
                sent += 1000
            case "mark":
                marks.append(str(len(marks)))
                playout.add_mark(now, marks[-1])
            case "clear":
                playout.clear(now)
            case _:
                playout.advance(now)
        echoed += playout.due_echoes(now)
    playout.advance(now)
    assert len(playout.heard) == now * 8
    assert playout.heard.count(LOUD) + playout.queued_bytes + playout.cleared_bytes == sent
    playout.advance(now + 10_000)
    assert echoed + playout.due_echoes(now + 10_000) == marks


def test_the_caller_speaks_in_whole_frames() -> None:
    """Audio is padded to whole frames, silence fills the rest, and the timeline has both."""
    voice = CallerVoice()
    assert voice.add(LOUD * 200) == 320
    frames = [voice.take(160, at) for at in (100, 120, 140)]
    assert frames == [LOUD * 160, LOUD * 40 + b"\xff" * 120, b"\xff" * 160]
    assert voice.said == b"\xff" * 800 + b"".join(frames)


def test_sound_is_put_where_it_belongs() -> None:
    """Also when that time has passed in silence; the timeline gets no longer by it."""
    playout = Playout()
    playout.advance(100)
    playout.put(40, LOUD * 160)
    playout.put(60, LOUD * 160)
    playout.advance(100)
    assert playout.heard == SILENCE * 320 + LOUD * 320 + SILENCE * 160
    assert playout.loud_until_ms == 80
    playout.put(120, LOUD * 160)
    assert len(playout.heard) == 140 * 8
