"""Whether a voice is the caller's, judged by level: in tenths of dBFS, exact at every threshold."""

from __future__ import annotations

from bisect import bisect_left
from copy import deepcopy

import pytest

from telephony.core.listening.loudness import (
    ABOVE_BACKGROUND,
    BACKGROUND_WINDOWS,
    BELOW_CALLER,
    FORGET_WINDOWS,
    GONE,
    KNOWN_WINDOWS,
    LEAST_WINDOWS,
    LEVEL_FRAMES,
    LOOK_EVERY,
    NEAR,
    TALK_SHARE,
    Background,
    CallerLevel,
)

QUIETER = 140
CALLER = -200
TALK = -500
SILENCE = -960


def test_the_numbers_of_this_file_are_the_defaults() -> None:
    """The tests below write these numbers out; this fails when one changes, so that the change is deliberate."""
    assert (LEVEL_FRAMES, KNOWN_WINDOWS, FORGET_WINDOWS) == (10, 12, 32)
    assert (BACKGROUND_WINDOWS, LOOK_EVERY, LEAST_WINDOWS) == (128, 8, 24)
    assert (NEAR, TALK_SHARE, ABOVE_BACKGROUND, BELOW_CALLER, GONE) == (60, 8, 95, 60, 100)


# --- the caller's own level -------------------------------------------------------------------------------------------


def window(caller: CallerLevel, loud: int, voiced: bool = True) -> bool:
    """Feeds a window that replaces all earlier levels. Returns whether it is the caller's voice."""
    for _ in range(10):
        caller.frame(loud)
    return caller.is_theirs(voiced)


def on_a_quiet_line(quieter: int = QUIETER) -> CallerLevel:
    """A caller who has not spoken yet, without talk in the background: one window of silence shows that."""
    caller = CallerLevel(quieter)
    assert not window(caller, SILENCE, voiced=False)
    return caller


def speaks(windows: int, loud: int = CALLER, caller: CallerLevel | None = None) -> CallerLevel:
    """The caller after this many windows of voice."""
    caller = caller or on_a_quiet_line()
    for _ in range(windows):
        window(caller, loud)
    return caller


def quietest(caller: CallerLevel) -> int:
    """The lowest level that would now count as the caller's voice."""
    levels = range(SILENCE, 1)
    return levels[bisect_left(levels, True, key=lambda loud: window(deepcopy(caller), loud))]


def test_a_caller_is_known_after_twelve_windows_of_voice() -> None:
    """Until then any voice may be the caller's."""
    assert not speaks(11).known
    assert quietest(speaks(11)) == SILENCE
    assert speaks(12).known
    assert quietest(speaks(12)) == CALLER - QUIETER


def test_the_margin_for_other_voices_comes_from_the_policy() -> None:
    """This module has no number of its own for it."""
    assert quietest(speaks(12, caller=on_a_quiet_line(80))) == CALLER - 80


def test_windows_without_voice_are_never_the_callers_and_make_nobody_known() -> None:
    """However loud: a slammed door does not show how loudly the caller speaks."""
    caller = speaks(11)
    for _ in range(20):
        assert not window(caller, 0, voiced=False)
    assert not caller.known
    assert quietest(speaks(1, caller=caller)) == CALLER - QUIETER


def test_a_voice_is_as_loud_as_its_loudest_of_ten_frames() -> None:
    """A loud syllable counts for ten frames including its own, not for an eleventh."""
    caller = speaks(12)
    caller.frame(CALLER)
    for _ in range(9):
        caller.frame(-900)
    assert caller.is_theirs(voiced=True)
    caller.frame(-900)
    assert not caller.is_theirs(voiced=True)


@pytest.mark.parametrize(("louder", "rises"), [(1, 1), (2, 1), (3, 2), (4, 2), (100, 50), (101, 51)])
def test_the_level_follows_a_louder_voice_by_half_rounded_up(louder: int, rises: int) -> None:
    """A single shout does not set the level; a louder caller does within a few windows."""
    assert quietest(speaks(1, CALLER + louder, speaks(12))) == CALLER + rises - QUIETER


def test_the_first_voice_is_the_level() -> None:
    """With no earlier level, the first window sets it."""
    caller = speaks(1)
    assert quietest(speaks(11, CALLER - 70, caller)) == CALLER - QUIETER


def test_a_caller_who_speaks_lower_brings_their_level_down_slowly() -> None:
    """More than half of `quieter` below the level: 0.1 dB every second window. Half of it changes nothing."""
    assert quietest(speaks(20, CALLER - 70, speaks(12))) == CALLER - QUIETER
    for windows, down in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3)):  # the thirteenth window is an odd one
        assert quietest(speaks(windows, CALLER - 75, speaks(12))) == CALLER - down - QUIETER
    assert quietest(speaks(1, CALLER - 71, speaks(12))) == CALLER - 1 - QUIETER


def test_a_persistent_quiet_voice_lowers_the_level() -> None:
    """Every 32nd rejected window lowers the level by 0.1 dB: the caller may have stepped back."""
    for windows, down in ((31, 0), (32, 1), (63, 1), (64, 2), (96, 3)):
        assert quietest(speaks(windows, CALLER - 300, speaks(12))) == CALLER - down - QUIETER


def test_a_rejected_voice_does_not_count_as_the_callers() -> None:
    """Another person's windows do not shift which of the caller's own windows count."""
    caller = speaks(1, CALLER - 300, speaks(12))
    assert quietest(speaks(1, CALLER - 75, caller)) == CALLER - 1 - QUIETER


def test_a_transcript_sets_the_callers_level() -> None:
    """The loudest of the last ten frames becomes the level."""
    caller = speaks(12)
    for level in (-600, -450, -600):
        for _ in range(5):
            caller.frame(level)
    caller.heard_words()
    assert quietest(caller) == -450 - QUIETER


def test_what_was_learned_from_sounds_without_words_does_not_count() -> None:
    """A cough may be louder than the caller. What was learned before, with words, stays."""
    caller = speaks(12)
    caller.confirm(words=True)
    speaks(3, CALLER + 200, caller).confirm(words=False)
    assert quietest(caller) == CALLER - QUIETER
    coughed = speaks(12)
    coughed.confirm(words=False)
    assert not coughed.known


def test_a_level_that_is_forgotten_is_learned_anew() -> None:
    """Any voice may be the caller's then, and sounds without words do not bring the old level back."""
    caller = speaks(12)
    caller.confirm(words=True)
    caller.forget()
    assert (caller.known, quietest(caller)) == (False, SILENCE)
    caller.confirm(words=False)
    assert quietest(speaks(12, CALLER - 300, caller)) == CALLER - 300 - QUIETER


def test_words_before_the_first_frame_change_nothing() -> None:
    """There is no level yet to learn from."""
    caller = CallerLevel(QUIETER)
    caller.heard_words()
    assert quietest(speaks(12, caller=caller)) == CALLER - QUIETER


# --- background talk --------------------------------------------------------------------------------------------------


def background(*windows: tuple[int, int, int]) -> Background:
    """The background after (windows, level, voiced): the last `voiced` of these windows are voice."""
    talk = Background()
    for count, loud, voiced in windows:
        for at in range(count):
            talk.window(loud, voiced=at >= count - voiced)
    return talk


def test_the_background_is_known_after_24_windows() -> None:
    """Its level is that of the quietest window."""
    assert background((23, TALK, 23)).level is None
    assert background((24, TALK, 24)).level == TALK
    assert background((20, TALK, 20), (1, TALK - 9, 1), (3, TALK, 3)).level == TALK - 9


def test_the_background_is_updated_every_eight_windows() -> None:
    """Between updates the level stays unchanged."""
    assert background((24, TALK, 24), (7, TALK - 20, 7)).level == TALK
    assert background((24, TALK, 24), (8, TALK - 20, 8)).level == TALK - 20
    assert background((16, TALK, 16), (15, TALK - 20, 15)).level == TALK - 20


def test_steady_noise_is_no_talk() -> None:
    """At least one window in eight must be voice."""
    assert background((24, TALK, 3)).level == TALK
    assert background((24, TALK, 2)).level is None
    assert background((25, TALK, 3), (7, TALK + 60, 7)).level is None


def test_only_what_is_close_to_the_quietest_is_the_background() -> None:
    """A level 6 dB above the quietest is the caller."""
    assert background((8, TALK, 0), (16, TALK + 59, 16)).level == TALK
    assert background((8, TALK, 0), (16, TALK + 60, 16)).level is None


def test_talk_is_eight_windows_of_the_background_or_more() -> None:
    """Fewer quiet windows may be pauses in the caller's own speech."""
    assert background((8, TALK, 8), (16, TALK + 60, 16)).level == TALK
    assert background((7, TALK, 7), (17, TALK + 60, 17)).level is None


def test_the_background_is_that_of_the_last_128_windows() -> None:
    """A quieter window is dropped at the first update after 128 later windows."""
    first, eighth = (1, TALK - 20, 1), (7, TALK, 7)
    assert background(first, (127, TALK, 127)).level == TALK - 20
    assert background(eighth, first, (128, TALK, 128)).level == TALK
    assert background((8, TALK, 8), first, (127, TALK, 127)).level == TALK - 20


def test_a_known_background_stays_while_nobody_talks() -> None:
    """Talk has pauses. The background is gone once it is 10 dB quieter."""
    talk = (24, TALK, 24)
    assert background(talk, (8, TALK - 99, 0)).level == TALK - 99
    assert background(talk, (8, TALK - 100, 0)).level is None
    assert background((24, TALK - 99, 0)).level is None


# --- the caller in front of the background ----------------------------------------------------------------------------


def in_front(level: int, windows: int = 20, voiced: int = 3) -> CallerLevel:
    """A caller of this level who has spoken for `windows`, in front of background talk."""
    caller = CallerLevel(QUIETER)
    for at in range(24):
        window(caller, TALK, voiced=at >= 24 - voiced)
    for _ in range(windows):
        window(caller, level)
    return caller


def test_a_voice_must_stand_out_of_the_background() -> None:
    """While the caller is unknown, 9.5 dB above the background is needed: the level so far may be the background's."""
    assert quietest(in_front(TALK, windows=0)) == TALK + 95


def test_what_does_not_stand_out_is_not_learned_from() -> None:
    """Such a voice neither makes the caller known nor lowers the level of a known one."""
    assert quietest(in_front(TALK + 94, windows=50)) == TALK + 95
    known = in_front(-300)
    assert known.known
    assert quietest(speaks(64, -410, known)) == quietest(in_front(-300))


@pytest.mark.parametrize(
    ("level", "least"),
    [
        (-250, -390),  # the caller's own level minus 14 dB
        (-300, TALK + 95),  # the background plus 9.5 dB, if that is higher
        (-344, TALK + 95),
        (-345, -405),
        (-346, -406),  # the caller's own level minus 6 dB, if that is lower
        (-400, -460),
    ],
)
def test_a_known_caller_is_heard_in_front_of_the_background(level: int, least: int) -> None:
    """A known caller is accepted down to 6 dB below their own level, even within 9.5 dB of the background."""
    caller = in_front(level)
    assert caller.known
    assert quietest(caller) == least


def test_windows_without_voice_count_for_the_background() -> None:
    """Of 24 windows, only three need to be voice."""
    assert quietest(in_front(TALK, windows=0, voiced=2)) == SILENCE
    assert quietest(in_front(TALK, windows=0, voiced=3)) == TALK + 95
