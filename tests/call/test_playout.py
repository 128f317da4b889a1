"""The ledger: what was sent, held, cleared, and what of it was heard."""

from __future__ import annotations

from collections.abc import Iterable

from telephony.call.actions import Action, ClearPlayout, SendAudio, SendMark
from telephony.call.playout import Playout

WORDS = "one two three four "


def marks(actions: Iterable[Action]) -> list[str]:
    return [action.name for action in actions if isinstance(action, SendMark)]


def sent(actions: Iterable[Action]) -> bytes:
    return b"".join(action.pcmu for action in actions if isinstance(action, SendAudio))


def speaking(ms: int = 2_000) -> tuple[Playout, list[Action]]:
    """A playout with one closed track of `ms`, 100 ms a character."""
    playout = Playout()
    playout.align(1, WORDS, tuple(100 * (i + 1) for i in range(len(WORDS))), 0)
    return playout, playout.add(1, bytes(range(1, 201)) * (ms * 8 // 200), 0) + playout.close(1, 0)


def test_first_mark_follows_the_first_20_ms_and_the_rest_every_500() -> None:
    """Nothing counts as heard before its echo, so the first echo must come early."""
    _playout, actions = speaking()
    sizes = [len(action.pcmu) for action in actions if isinstance(action, SendAudio)]
    assert sizes[0] == 160
    assert max(sizes) == 4_000
    assert len(marks(actions)) == len(sizes)


def test_nothing_is_heard_before_the_first_echo() -> None:
    """Time alone proves nothing: the carrier may not have begun."""
    playout, _ = speaking()
    assert playout.heard(1, 10_000) == 0


def test_heard_is_the_last_mark_and_the_time_since_to_the_next_mark_at_most() -> None:
    """Neither bytes sent nor a stalled echo make anything heard."""
    playout, actions = speaking()
    assert playout.mark_reached(marks(actions)[0], 30)
    assert playout.heard(1, 30) == 160
    assert playout.heard(1, 130) == 160 + 800
    assert playout.heard(1, 5_000) == 160 + 4_000


def test_an_underrun_starts_from_nothing_again() -> None:
    """Time that passed while nothing was queued is not playback of what is sent next."""
    playout = Playout()
    first = playout.add(1, b"\x55" * 160, 0)
    playout.mark_reached(marks(first)[0], 40)
    playout.add(1, b"\x55" * 1_600, 3_000)
    assert playout.heard(1, 3_500) == 160


def test_hold_and_resume_lose_and_repeat_nothing_beyond_the_word_at_the_seam() -> None:
    """Resume sends again from the end of the last whole word heard."""
    playout, actions = speaking()
    audio = sent(actions)
    playout.mark_reached(marks(actions)[0], 20)
    assert playout.hold(520) == [ClearPlayout()]  # 520 ms of "one t": "one " ends at 400
    again = sent(playout.resume(600))
    assert again == audio[400 * 8 :]


def test_audio_that_comes_while_held_waits() -> None:
    """A reply survives being held while it is still being spoken."""
    playout = Playout()
    playout.add(1, b"\x55" * 1_600, 0)
    playout.hold(50)
    assert playout.add(1, b"\x66" * 1_600, 60) == []
    assert sent(playout.resume(200)).endswith(b"\x66" * 1_600)


def test_echoes_of_cleared_marks_prove_nothing() -> None:
    """Twilio echoes every outstanding mark at once after a clear."""
    playout, actions = speaking()
    names = marks(actions)
    playout.mark_reached(names[0], 20)
    playout.cut(100)
    assert [playout.mark_reached(name, 110) for name in names] == [False] * len(names)
    assert playout.heard_chars(1, 5_000) == 0  # 100 ms of "one"


def test_cut_remembers_whole_words() -> None:
    """What was heard is rounded down to a word."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[0], 20)
    playout.cut(490)
    assert playout.heard_chars(1, 490) == len("one")
    assert playout.tracks[1].cut


def test_speech_of_the_next_turn_queues_behind_the_tail() -> None:
    """Marks are not stale by turn number: turn 2 waits behind turn 1 and both are proved."""
    playout = Playout()
    one = playout.add(1, b"\x55" * 320, 0)
    assert playout.add(2, b"\x66" * 320, 0) == []
    two = playout.close(1, 10)
    assert sent(two) == b"\x66" * 320
    for name in marks(one) + marks(two):
        assert playout.mark_reached(name, 100)
    assert playout.heard(2, 100) == 320


def test_a_lost_echo_is_implied_by_the_next() -> None:
    """Echoes come in order, so a later one proves the earlier audio."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[-1], 2_100)
    assert playout.tracks[1].finished()


def test_odd_sizes_leave_in_whole_frames() -> None:
    """Odd-sized fragments click: only multiples of 160 bytes leave, the last one padded with silence."""
    playout = Playout()
    first = playout.add(1, b"\x55" * 250, 0)
    rest = playout.close(1, 10)
    assert len(sent(first)) == 160
    assert sent(rest) == b"\x55" * 90 + b"\xff" * 70


def test_a_respoken_word_counts_once() -> None:
    """After a lost context the word under way is spoken again; its first half is not counted as well."""
    playout = Playout()
    playout.align(1, "one tw", (100, 200, 300, 400, 500, 600), 0)
    actions = playout.add(1, b"\x55" * 4_800, 0)
    base = playout.new_attempt(1)
    playout.align(1, "two", (100, 200, 300), base)
    actions += playout.add(1, b"\x55" * 2_400, 100) + playout.close(1, 100)
    for name in marks(actions):
        playout.mark_reached(name, 1_000)
    assert playout.heard_chars(1, 1_000) == len("onetwo")
