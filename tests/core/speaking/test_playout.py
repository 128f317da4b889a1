"""The playout ledger: what was sent, held and cleared, and how much of it was heard.

Heard is a lower bound: the last played mark, advanced by the time since its echo, at most to the next outstanding mark.
A mark is outstanding, played, or written off by the clear that covered it. A hold keeps every byte; a cut drops what
was not heard. 8 bytes are 1 ms.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from telephony.core.actions import Action, ClearPlayout, SendAudio, SendMark
from telephony.core.speaking.playout import Playout

WORDS = "one two three four "


def marks(actions: Sequence[Action]) -> list[str]:
    return [action.name for action in actions if isinstance(action, SendMark)]


def sent(actions: Sequence[Action]) -> bytes:
    return b"".join(action.pcmu for action in actions if isinstance(action, SendAudio))


def sizes(actions: Sequence[Action]) -> list[int]:
    """The number of bytes before each mark."""
    return [len(action.pcmu) for action in actions if isinstance(action, SendAudio)]


def speaking(ms: int = 2_000) -> tuple[Playout, list[Action]]:
    """A playout with one closed track of `ms`, 100 ms a character."""
    playout = Playout()
    playout.align(1, WORDS, tuple(100 * (i + 1) for i in range(len(WORDS))), 0)
    return playout, playout.add(1, bytes(range(1, 201)) * (ms * 8 // 200), 0) + playout.close(1, 0)


def test_first_mark_follows_the_first_20_ms_and_the_rest_every_500() -> None:
    """Nothing counts as heard before the first echo, so that echo must come early."""
    _playout, actions = speaking()
    sizes = [len(action.pcmu) for action in actions if isinstance(action, SendAudio)]
    assert sizes[0] == 160
    assert max(sizes) == 4_000
    assert len(marks(actions)) == len(sizes)


def test_nothing_is_heard_before_the_first_echo() -> None:
    """Elapsed time proves nothing: the carrier may not have begun to play."""
    playout, _ = speaking()
    assert playout.heard(1, 10_000) == 0


def test_heard_is_the_last_mark_and_the_time_since_to_the_next_mark_at_most() -> None:
    """Neither sent bytes nor a delayed echo count as heard."""
    playout, actions = speaking()
    assert playout.mark_reached(marks(actions)[0], 30)
    assert playout.heard(1, 30) == 160
    assert playout.heard(1, 130) == 160 + 800
    assert playout.heard(1, 5_000) == 160 + 4_000


def test_an_underrun_restarts_the_heard_time() -> None:
    """Time that passed with an empty queue does not count towards audio sent later."""
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
    """Audio that arrives during a hold is sent with the resume."""
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
    """The heard part is rounded down to a whole word."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[0], 20)
    playout.cut(490)
    assert playout.heard_chars(1, 490) == len("one")
    assert playout.tracks[1].cut


def test_speech_of_the_next_turn_queues_behind_the_tail() -> None:
    """Marks are not stale by turn number: turn 2 plays after turn 1, and the marks of both count."""
    playout = Playout()
    one = playout.add(1, b"\x55" * 320, 0)
    assert playout.add(2, b"\x66" * 320, 0) == []
    two = playout.close(1, 10)
    assert sent(two) == b"\x66" * 320
    for name in marks(one) + marks(two):
        assert playout.mark_reached(name, 100)
    assert playout.heard(2, 100) == 320


def test_a_lost_echo_is_implied_by_the_next() -> None:
    """Echoes come in order, so a later one proves that the earlier audio was played."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[-1], 2_100)
    assert playout.tracks[1].finished()


def test_odd_sizes_leave_in_whole_frames() -> None:
    """Odd-sized pieces click, so only multiples of 160 bytes are sent, the last one padded with silence."""
    playout = Playout()
    first = playout.add(1, b"\x55" * 250, 0)
    rest = playout.close(1, 10)
    assert len(sent(first)) == 160
    assert sent(rest) == b"\x55" * 90 + b"\xff" * 70


def test_a_respoken_word_counts_once() -> None:
    """After a lost context, the unfinished word is spoken again; its first half does not count in addition."""
    playout = Playout()
    playout.align(1, "one tw", (100, 200, 300, 400, 500, 600), 0)
    actions = playout.add(1, b"\x55" * 4_800, 0)
    base = playout.new_attempt(1, "one ")
    playout.align(1, "two", (100, 200, 300), base)
    actions += playout.add(1, b"\x55" * 2_400, 100) + playout.close(1, 100)
    for name in marks(actions):
        playout.mark_reached(name, 1_000)
    assert playout.heard_chars(1, 1_000) == len("onetwo")


# --- what is sent -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every_ms", "expected"), [(0, 160), (19, 160), (20, 160), (39, 160), (40, 320), (50, 320), (500, 4_000)]
)
def test_marks_come_at_least_as_often_as_configured_in_whole_frames(every_ms: int, expected: int) -> None:
    """Spans after the first are the longest whole number of frames within the interval, at least one."""
    playout = Playout(every_ms)
    actions = playout.add(1, b"\x55" * 8_160, 0)
    assert sizes(actions)[0] == 160
    assert set(sizes(actions)[1:]) == {expected}


def test_every_span_is_followed_by_a_mark_of_its_turn_with_a_number_of_its_own() -> None:
    """Mark names are unique in a call; two ledgers on one leg use different prefixes."""
    playout = Playout(20, prefix="m")
    actions = playout.add(1, b"\x55" * 320, 0) + playout.close(1, 0) + playout.add(2, b"\x66" * 160, 0)
    assert [type(action) for action in actions] == [SendAudio, SendMark] * 3
    assert marks(actions) == ["m1.1", "m1.2", "m2.3"]


def test_the_first_span_of_a_run_alone_is_short() -> None:
    """Spans are long while audio is outstanding or the run has had an echo; a new run starts with a short one."""
    playout = Playout()
    first = playout.add(1, b"\x55" * 320, 0)
    assert sizes(first) == [160, 160]
    assert sizes(playout.add(1, b"\x55" * 800, 5)) == [800]
    playout.mark_reached(marks(first)[0], 20)
    assert sizes(playout.add(1, b"\x55" * 800, 25)) == [800]
    playout.mark_reached("t1.4", 300)
    assert sizes(playout.add(1, b"\x55" * 800, 400)) == [160, 640]


def test_tracks_play_in_the_order_in_which_they_were_opened() -> None:
    """Audio of a turn opened later waits, even if it arrives first."""
    playout = Playout()
    playout.open(2)
    assert playout.add(1, b"\x55" * 160, 0) == []
    assert sent(playout.add(2, b"\x66" * 160, 0)) == b"\x66" * 160
    assert sent(playout.close(2, 0)) == b"\x55" * 160
    assert playout.open(2) is playout.tracks[2]


def test_a_track_that_is_opened_first_plays_before_all_that_wait() -> None:
    """A filler is heard before the reply whose audio has yet to arrive."""
    playout = Playout()
    playout.open(1)
    playout.open_first(2)
    assert sent(playout.add(2, b"\x66" * 160, 0)) == b"\x66" * 160
    playout.close(2, 0)
    assert sent(playout.add(1, b"\x55" * 160, 0)) == b"\x55" * 160


def test_a_waiting_track_is_not_sent_and_does_not_block_others() -> None:
    """Audio of a speculation is silent until released, and tracks opened after it play."""
    playout = Playout()
    playout.open(1).waiting = True
    assert playout.add(1, b"\x55" * 160, 0) == []
    assert not playout.speaking(0)
    assert sent(playout.add(2, b"\x66" * 160, 0)) == b"\x66" * 160
    assert sent(playout.release(1, 10)) == b"\x55" * 160
    assert playout.release(7, 10) == []


def test_a_track_is_padded_once_when_it_is_closed() -> None:
    """A partial last frame is filled with silence, a whole one stays unchanged, and closing again adds nothing."""
    playout = Playout()
    playout.add(1, b"\x55" * 161, 0)
    assert sent(playout.close(1, 0)) == b"\x55" + b"\xff" * 159
    assert playout.close(1, 0) == []
    assert len(playout.tracks[1].audio) == 320
    whole = Playout()
    whole.add(1, b"\x55" * 320, 0)
    assert whole.close(1, 0) == []
    assert not whole.held


# --- marks ------------------------------------------------------------------------------------------------------------


def test_a_mark_counts_once() -> None:
    """Unknown and repeated echoes prove nothing and change nothing."""
    playout, actions = speaking()
    first = marks(actions)[0]
    assert not playout.mark_reached("t1.99", 5)
    assert playout.heard(1, 1_000) == 0
    assert playout.mark_reached(first, 20)
    assert not playout.mark_reached(first, 900)
    assert playout.heard(1, 120) == 160 + 800


def test_a_mark_of_a_turn_that_was_forgotten_still_proves_that_audio_was_played() -> None:
    """The carrier still echoes marks of a settled turn, and the marks after them count."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 160, 0) + playout.close(1, 0) + playout.add(2, b"\x66" * 800, 0)
    playout.forget(1)
    assert playout.mark_reached(marks(actions)[0], 20)
    assert playout.heard(2, 20) == 0
    assert playout.heard(2, 70) == 400
    assert set(playout.tracks) == {2}
    playout.forget(9)


def test_a_written_off_mark_never_becomes_playback() -> None:
    """However often it arrives, and whatever was sent after the clear."""
    playout, actions = speaking()
    names = marks(actions)
    playout.mark_reached(names[0], 20)
    playout.hold(100)
    again = playout.resume(200)
    assert not playout.mark_reached(names[1], 210)
    assert not playout.mark_reached(names[1], 220)
    assert playout.tracks[1].played == 0
    assert playout.mark_reached(marks(again)[0], 230)
    assert playout.tracks[1].played == 160


# --- what is heard ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "heard"), [(30, 160), (31, 168), (529, 4_152), (530, 4_160), (531, 4_160), (9_999, 4_160)]
)
def test_heard_advances_with_time_to_the_next_mark_and_no_further(now: int, heard: int) -> None:
    """It advances by 8 bytes a millisecond since the echo; a late next echo adds nothing."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[0], 30)
    assert playout.heard(1, now) == heard


def test_time_advances_only_the_turn_that_is_being_played() -> None:
    """The next turn's audio is queued after it and has not been heard yet."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 1_600, 0) + playout.close(1, 0) + playout.add(2, b"\x66" * 800, 0)
    playout.mark_reached(marks(actions)[0], 20)
    assert playout.heard(2, 5_000) == 0
    playout.mark_reached(marks(actions)[1], 200)
    assert playout.heard(1, 5_000) == 1_600
    assert playout.heard(2, 250) == 400


@pytest.mark.parametrize(
    ("ms", "words"),
    [(299, ""), (300, "one"), (399, "one"), (699, "one"), (700, "onetwo"), (1_300, "onetwothree")],
)
def test_a_word_is_heard_when_its_last_character_was(ms: int, words: str) -> None:
    """Not a millisecond earlier, and its space adds nothing. 100 ms a character."""
    playout, actions = speaking()
    names = marks(actions)
    for name in names[: 1 + (ms - 20) // 500]:  # the echoes that have come by then
        playout.mark_reached(name, 20 + 500 * names.index(name))
    assert playout.heard_chars(1, ms) == len(words)


def test_the_last_word_needs_no_space_once_the_track_is_closed() -> None:
    """Before that, the word may continue."""
    playout = Playout()
    playout.align(1, "one two", tuple(100 * (i + 1) for i in range(7)), 0)
    actions = playout.add(1, b"\x55" * 5_600, 0)
    playout.mark_reached(marks(actions)[-1], 700)
    assert playout.heard_chars(1, 700) == len("one")
    playout.close(1, 700)
    assert playout.heard_chars(1, 700) == len("onetwo")


@pytest.mark.parametrize(("ms", "chars"), [(89, 0), (90, 1), (179, 1), (180, 2)])
def test_without_an_alignment_speech_is_taken_to_be_slow(ms: int, chars: int) -> None:
    """It counts 90 ms a character, rounded down."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 4_160, 0)
    playout.mark_reached(marks(actions)[0], 20)
    assert playout.heard_chars(1, ms) == chars


def test_alignments_that_step_back_prove_nothing_early() -> None:
    """A character counts once all characters before it have been heard, even if its own end time is earlier."""
    playout = Playout()
    playout.align(1, "ab cd ", (100, 400, 300, 350, 360, 500), 0)
    actions = playout.add(1, b"\x55" * 4_160, 0)
    playout.mark_reached(marks(actions)[0], 20)
    assert playout.heard_chars(1, 399) == 0
    assert playout.heard_chars(1, 400) == len("abcd")


def test_an_alignment_counts_from_its_base_and_not_beyond_its_text() -> None:
    """The base is where the attempt's audio begins in the track; ends without a character are ignored."""
    playout = Playout()
    playout.align(1, "ab", (10, 20, 30), 800)
    assert playout.tracks[1].ends == [("a", 880), ("b", 960)]


def test_a_new_attempt_removes_what_is_said_again() -> None:
    """Its audio begins at the present end of the track; the words that are kept stay, and the last of them is whole."""
    for aligned, kept in (("one tw", "one "), ("one two th", "one "), ("one", "one "), ("one ", "one")):
        playout = Playout()
        playout.align(1, aligned, tuple(range(1, len(aligned) + 1)), 0)
        playout.add(1, b"\x55" * 100, 0)
        for _ in range(2):
            assert playout.new_attempt(1, kept) == 100
            track = playout.tracks[1]
            assert "".join(char for char, _ in track.ends) == "one "
            assert track.solid == [1, 2, 3, 3]
            assert len(track.reach) == 4
    assert playout.new_attempt(2, "") == 0


@pytest.mark.parametrize(("aligned", "ends"), [("", [40, 80, 120, 160, 200]), ("two ", [8, 16, 24, 32, 116, 200])])
def test_words_without_alignment_that_are_kept_are_spread_over_their_audio(aligned: str, ends: list[int]) -> None:
    """The text of the next attempt begins behind them."""
    playout = Playout()
    playout.align(1, aligned, tuple(range(1, len(aligned) + 1)), 0)
    playout.add(1, b"\x55" * 200, 0)
    assert playout.new_attempt(1, "two so") == 200
    track = playout.tracks[1]
    assert [end for _, end in track.ends[:-1]] == ends
    assert track.ends[-1] == (" ", 200)
    assert track.solid[-1] == 5


# --- hold, resume, cut ------------------------------------------------------------------------------------------------


def test_a_hold_sends_one_clear_and_nothing_more_until_the_resume() -> None:
    """A second hold changes nothing. With no audio at the carrier, nothing is cleared."""
    playout, _ = speaking()
    assert playout.hold(10) == [ClearPlayout()]
    assert playout.hold(20) == []
    assert playout.close(1, 30) == []
    assert Playout().hold(0) == []


def test_a_resume_starts_at_the_last_whole_word_and_never_after_it() -> None:
    """The byte position is rounded down to a frame, so that nothing is skipped."""
    playout = Playout()
    playout.align(1, "ab cd ", (100, 205, 215, 300, 500, 600), 0)
    actions = playout.add(1, bytes(range(1, 201)) * 24, 0)
    playout.mark_reached(marks(actions)[0], 20)
    playout.hold(400)
    assert playout.heard_chars(1, 400) == len("ab")
    assert sent(playout.resume(500)) == sent(actions)[215 * 8 // 160 * 160 :]


def test_a_second_hold_does_not_move_the_place_where_the_resume_goes_on() -> None:
    """That place is rounded down to a frame; judged again from there, the word before it would not be whole."""
    playout = Playout()
    playout.align(1, "ab cd ", (100, 205, 215, 300, 500, 600), 0)
    actions = playout.add(1, bytes(range(1, 201)) * 24, 0)
    playout.mark_reached(marks(actions)[0], 20)
    playout.hold(400)
    playout.hold(420)
    assert sent(playout.resume(500)) == sent(actions)[215 * 8 // 160 * 160 :]


def test_a_resume_without_an_alignment_goes_on_at_the_last_frame_heard() -> None:
    """Without an alignment, word boundaries are unknown."""
    playout = Playout()
    actions = playout.add(1, bytes(range(1, 201)) * 24, 0)
    playout.mark_reached(marks(actions)[0], 20)
    playout.hold(233)
    assert sent(playout.resume(300)) == sent(actions)[233 // 20 * 160 :]


def test_a_track_that_was_heard_whole_is_not_sent_again() -> None:
    """A hold affects only the remaining audio; a fully played track keeps its mark."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 160, 0) + playout.close(1, 0) + playout.add(2, b"\x66" * 320, 0)
    playout.mark_reached(marks(actions)[0], 20)
    playout.hold(21)
    assert playout.tracks[1].finished()
    assert sent(playout.resume(30)) == b"\x66" * 320


def test_silence_behind_the_last_word_that_was_heard_is_not_sent_again() -> None:
    """The track was heard whole, although its last word ends 100 ms before its audio does."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[-1], 2_000)
    playout.hold(2_010)
    assert playout.tracks[1].finished()
    assert playout.resume(2_100) == []


def test_words_once_heard_stay_heard_through_holds() -> None:
    """A resume starts slightly before the heard position, but the heard words are not reduced."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[0], 20)
    playout.hold(430)
    assert playout.heard_chars(1, 430) == len("one")
    playout.resume(500)
    playout.hold(520)
    assert playout.heard_chars(1, 520) == len("one")
    playout.cut(530)
    assert playout.heard_chars(1, 530) == len("one")


def test_a_cut_drops_what_was_not_heard_and_ends_every_track() -> None:
    """The tracks remain, to report what was heard; they have no bytes left to send."""
    playout, actions = speaking()
    playout.mark_reached(marks(actions)[0], 20)
    assert playout.cut(490) == [ClearPlayout()]
    track = playout.tracks[1]
    assert (track.played, track.sent, len(track.audio), track.closed, track.cut) == (3_200, 3_200, 3_200, True, True)
    assert not playout.speaking(490)
    assert playout.resume(500) == []


@pytest.mark.parametrize(
    ("closed", "played", "cut"), [(True, True, False), (False, True, True), (True, False, True), (False, False, True)]
)
def test_a_track_was_cut_unless_all_of_it_had_come_and_was_played(closed: bool, played: bool, cut: bool) -> None:
    """If more audio might have come, it is a cut as well. Once cut, a track stays cut."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 160, 0)
    if closed:
        playout.close(1, 0)
    if played:
        playout.mark_reached(marks(actions)[0], 20)
    playout.cut(30)
    assert playout.tracks[1].cut is cut
    playout.cut(40)
    assert playout.tracks[1].cut is cut


def test_a_track_cut_before_any_audio_was_not_heard() -> None:
    """Its alignment had arrived before the audio."""
    playout = Playout()
    playout.align(1, "one two ", tuple(100 * (i + 1) for i in range(8)), 0)
    playout.cut(10)
    assert playout.heard_chars(1, 10) == 0


def test_a_cut_track_does_not_block_others() -> None:
    """It accepts no more audio, although its end had not arrived."""
    playout = Playout()
    playout.add(1, b"\x55" * 1_600, 0)
    playout.cut(10)
    assert sent(playout.add(2, b"\x66" * 160, 20)) == b"\x66" * 160


def test_a_cut_ends_a_hold() -> None:
    """The caller has the floor, and the next reply is sent at once."""
    playout, _ = speaking()
    playout.hold(10)
    assert playout.cut(20) == []
    playout.forget(1)
    assert sent(playout.add(2, b"\x66" * 160, 30)) == b"\x66" * 160


# --- queries ----------------------------------------------------------------------------------------------------------


def test_the_end_of_the_playout() -> None:
    """Audio is queued after what is playing; after a pause it starts at once; a clear ends it immediately."""
    playout = Playout()
    playout.add(1, b"\x55" * 1_600, 100)
    assert playout.until_ms == 300
    playout.add(1, b"\x55" * 1_600, 200)
    assert playout.until_ms == 500
    playout.hold(400)
    assert playout.until_ms == 400
    late = Playout()
    late.add(1, b"\x55" * 160, 0)
    late.mark_reached("t1.1", 20)
    late.hold(900)
    assert late.until_ms == 20


@pytest.mark.parametrize(("now", "speaking"), [(199, True), (200, False)])
def test_the_agent_speaks_until_the_last_audio_is_over(now: int, speaking: bool) -> None:
    """Even when the echoes are early."""
    playout = Playout()
    actions = playout.add(1, b"\x55" * 1_600, 0)
    for name in marks(actions):
        playout.mark_reached(name, 100)
    assert playout.speaking(now) is speaking


def test_the_agent_speaks_while_marks_are_outstanding() -> None:
    """A late echo means that the caller may still be hearing it."""
    playout, _ = speaking(100)
    assert playout.speaking(5_000)


def test_held_audio_counts_as_speech_unless_it_waits_or_was_all_played() -> None:
    """A hold keeps back unplayed audio; a waiting speculation does not count as speech."""
    playout, _ = speaking()
    playout.hold(10)
    assert playout.speaking(5_000)
    waiting = Playout()
    waiting.hold(0)
    waiting.add(1, b"\x55" * 160, 0)
    waiting.tracks[1].waiting = True
    assert not waiting.speaking(5_000)
    done = Playout()
    done.add(1, b"\x55" * 160, 0)
    done.mark_reached("t1.1", 20)
    done.hold(50)
    assert not done.speaking(50)
    assert not Playout().speaking(0)


def test_marks_are_overdue_a_grace_after_the_audio_should_have_been_played() -> None:
    """None while no mark is outstanding."""
    playout = Playout()
    assert playout.overdue_ms(2_000) is None
    actions = playout.add(1, b"\x55" * 800, 10)
    assert playout.overdue_ms(2_000) == 2_110
    playout.mark_reached(marks(actions)[-1], 110)
    assert playout.overdue_ms(2_000) is None


def test_marks_given_up_prove_no_word_and_let_the_turn_end() -> None:
    """The audio may have been heard, but only proven words count, and the track is finished."""
    playout, actions = speaking()
    names = marks(actions)
    playout.mark_reached(names[0], 20)
    playout.give_up(410)
    track = playout.tracks[1]
    assert track.finished()
    assert track.cut
    assert playout.heard_chars(1, 9_999) == len("one")
    assert [playout.mark_reached(name, 500) for name in names] == [False] * len(names)
    assert playout.overdue_ms(0) is None


def test_marks_given_up_of_a_forgotten_turn_are_no_error() -> None:
    """With two turns, each keeps its own words."""
    playout, actions = speaking(500)
    playout.align(2, "x y ", (100, 200, 300, 400), 0)
    playout.add(2, b"\x66" * 3_200, 0)
    playout.mark_reached(marks(actions)[-1], 500)
    playout.hold(600)
    playout.resume(600)
    playout.forget(1)
    playout.give_up(3_000)
    assert playout.tracks[2].finished() is False
    assert playout.heard_chars(2, 3_000) == len("x")
    playout.close(2, 3_000)
    assert playout.tracks[2].finished()


@pytest.mark.parametrize(
    ("waiting", "closed", "played", "finished"),
    [(False, True, 160, True), (False, True, 159, False), (False, False, 160, False), (True, True, 160, False)],
)
def test_a_track_is_finished_when_all_has_come_and_was_played(
    waiting: bool, closed: bool, played: int, finished: bool
) -> None:
    """A waiting track is not finished."""
    track = Playout().open(1)
    track.audio += b"\x55" * 160
    track.waiting, track.closed, track.played = waiting, closed, played
    assert track.finished() is finished
