"""Whose voice it is: levels in tenths of dBFS, exact where a number decides."""

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
    """The tests below write numbers out; a changed number is meant, and says so here."""
    assert (LEVEL_FRAMES, KNOWN_WINDOWS, FORGET_WINDOWS) == (10, 12, 8)
    assert (BACKGROUND_WINDOWS, LOOK_EVERY, LEAST_WINDOWS) == (128, 8, 24)
    assert (NEAR, TALK_SHARE, ABOVE_BACKGROUND, BELOW_CALLER, GONE) == (60, 8, 95, 60, 100)


# --- the caller's own level -------------------------------------------------------------------------------------------


def window(caller: CallerLevel, loud: int, voiced: bool = True) -> bool:
    """A window in which nothing is left of what came before; whether it is the caller's voice."""
    for _ in range(10):
        caller.frame(loud)
    return caller.is_theirs(voiced)


def on_a_quiet_line(quieter: int = QUIETER) -> CallerLevel:
    """A caller who has said nothing yet, where nobody talks in the background: a moment of silence shows it."""
    caller = CallerLevel(quieter)
    assert not window(caller, SILENCE, voiced=False)
    return caller


def speaks(windows: int, loud: int = CALLER, caller: CallerLevel | None = None) -> CallerLevel:
    """A caller after so many windows of voice."""
    caller = caller or on_a_quiet_line()
    for _ in range(windows):
        window(caller, loud)
    return caller


def quietest(caller: CallerLevel) -> int:
    """The quietest voice that would be taken for the caller's now."""
    levels = range(SILENCE, 1)
    return levels[bisect_left(levels, True, key=lambda loud: window(deepcopy(caller), loud))]


def test_a_caller_is_known_after_twelve_windows_of_voice() -> None:
    """Until then any voice may be theirs."""
    assert not speaks(11).known
    assert quietest(speaks(11)) == SILENCE
    assert speaks(12).known
    assert quietest(speaks(12)) == CALLER - QUIETER


def test_how_much_quieter_is_somebody_else_is_given() -> None:
    """It is the policy's number, not one of this module's."""
    assert quietest(speaks(12, caller=on_a_quiet_line(80))) == CALLER - 80


def test_windows_without_voice_are_never_the_callers_and_make_nobody_known() -> None:
    """However loud: a slammed door says nothing of how loud the caller speaks."""
    caller = speaks(11)
    for _ in range(20):
        assert not window(caller, 0, voiced=False)
    assert not caller.known
    assert quietest(speaks(1, caller=caller)) == CALLER - QUIETER


def test_a_voice_is_as_loud_as_its_loudest_of_ten_frames() -> None:
    """A syllable counts for ten frames, its own included, and not for an eleventh."""
    caller = speaks(12)
    caller.frame(CALLER)
    for _ in range(9):
        caller.frame(-900)
    assert caller.is_theirs(voiced=True)
    caller.frame(-900)
    assert not caller.is_theirs(voiced=True)


@pytest.mark.parametrize(("louder", "rises"), [(1, 1), (2, 1), (3, 2), (4, 2), (100, 50), (101, 51)])
def test_the_level_follows_a_louder_voice_by_half_rounded_up(louder: int, rises: int) -> None:
    """One shout is not at once how the caller speaks; a louder caller is, in a few windows."""
    assert quietest(speaks(1, CALLER + louder, speaks(12))) == CALLER + rises - QUIETER


def test_the_first_voice_is_the_level() -> None:
    """There is nothing yet to rise from."""
    caller = speaks(1)
    assert quietest(speaks(11, CALLER - 70, caller)) == CALLER - QUIETER


def test_a_caller_who_speaks_lower_brings_their_level_down_slowly() -> None:
    """More than half of `quieter` below: 0.1 dB every second window; half of it is no change."""
    assert quietest(speaks(20, CALLER - 70, speaks(12))) == CALLER - QUIETER
    for windows, down in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3)):  # the thirteenth window is an odd one
        assert quietest(speaks(windows, CALLER - 75, speaks(12))) == CALLER - down - QUIETER
    assert quietest(speaks(1, CALLER - 71, speaks(12))) == CALLER - 1 - QUIETER


def test_a_quiet_voice_comes_to_be_heard_in_the_end() -> None:
    """Every eighth window of a voice that is too quiet brings the level down by 0.1 dB: a caller who stepped back."""
    for windows, down in ((7, 0), (8, 1), (15, 1), (16, 2), (24, 3)):
        assert quietest(speaks(windows, CALLER - 300, speaks(12))) == CALLER - down - QUIETER


def test_a_rejected_voice_does_not_count_as_the_callers() -> None:
    """Windows of somebody else do not shift which of the caller's own windows count."""
    caller = speaks(1, CALLER - 300, speaks(12))
    assert quietest(speaks(1, CALLER - 75, caller)) == CALLER - 1 - QUIETER


def test_words_make_the_voice_of_the_moment_the_callers() -> None:
    """The loudest of the last ten frames is the level from then on."""
    caller = speaks(12)
    for level in (-600, -450, -600):
        for _ in range(5):
            caller.frame(level)
    caller.heard_words()
    assert quietest(caller) == -450 - QUIETER


def test_words_before_the_first_frame_change_nothing() -> None:
    """There is no level to learn from."""
    caller = CallerLevel(QUIETER)
    caller.heard_words()
    assert quietest(speaks(12, caller=caller)) == CALLER - QUIETER


# --- what people say behind the caller --------------------------------------------------------------------------------


def background(*windows: tuple[int, int, int]) -> Background:
    """The background after (windows, level, how many of them, the last ones, are voice)."""
    behind = Background()
    for count, loud, voiced in windows:
        for at in range(count):
            behind.window(loud, voiced=at >= count - voiced)
    return behind


def test_the_background_is_known_after_24_windows() -> None:
    """Its level is the quietest of them."""
    assert background((23, TALK, 23)).level is None
    assert background((24, TALK, 24)).level == TALK
    assert background((20, TALK, 20), (1, TALK - 9, 1), (3, TALK, 3)).level == TALK - 9


def test_it_is_looked_at_with_every_eighth_window() -> None:
    """In between it stays what it was."""
    assert background((24, TALK, 24), (7, TALK - 20, 7)).level == TALK
    assert background((24, TALK, 24), (8, TALK - 20, 8)).level == TALK - 20
    assert background((16, TALK, 16), (15, TALK - 20, 15)).level == TALK - 20


def test_steady_noise_is_no_talk() -> None:
    """One window in eight must be voice to the detector."""
    assert background((24, TALK, 3)).level == TALK
    assert background((24, TALK, 2)).level is None
    assert background((25, TALK, 3), (7, TALK + 60, 7)).level is None


def test_only_what_is_close_to_the_quietest_is_the_background() -> None:
    """6 dB above it is the caller."""
    assert background((8, TALK, 0), (16, TALK + 59, 16)).level == TALK
    assert background((8, TALK, 0), (16, TALK + 60, 16)).level is None


def test_talk_is_eight_windows_of_the_background_or_more() -> None:
    """Fewer quiet moments may be the caller's own."""
    assert background((8, TALK, 8), (16, TALK + 60, 16)).level == TALK
    assert background((7, TALK, 7), (17, TALK + 60, 17)).level is None


def test_the_background_is_that_of_the_last_128_windows() -> None:
    """What was quieter is forgotten with the 129th window behind it, at the next look."""
    first, eighth = (1, TALK - 20, 1), (7, TALK, 7)
    assert background(first, (127, TALK, 127)).level == TALK - 20
    assert background(eighth, first, (128, TALK, 128)).level == TALK
    assert background((8, TALK, 8), first, (127, TALK, 127)).level == TALK - 20


def test_a_known_background_stays_while_nobody_talks() -> None:
    """Talk has pauses; the background has gone when it is quieter by 10 dB."""
    talk = (24, TALK, 24)
    assert background(talk, (8, TALK - 99, 0)).level == TALK - 99
    assert background(talk, (8, TALK - 100, 0)).level is None
    assert background((24, TALK - 99, 0)).level is None


# --- the caller in front of the background ----------------------------------------------------------------------------


def in_front(level: int, windows: int = 20, voiced: int = 3) -> CallerLevel:
    """A caller of this level, in front of talk: the caller speaks for `windows`."""
    caller = CallerLevel(QUIETER)
    for at in range(24):
        window(caller, TALK, voiced=at >= 24 - voiced)
    for _ in range(windows):
        window(caller, level)
    return caller


def test_a_voice_must_stand_out_of_the_background() -> None:
    """9.5 dB above it, as long as the caller is not known: their level so far may be the background's."""
    assert quietest(in_front(TALK, windows=0)) == TALK + 95


def test_what_does_not_stand_out_is_not_learned_from() -> None:
    """It makes nobody known, nor does it bring the level of a known caller down."""
    assert quietest(in_front(TALK + 94, windows=50)) == TALK + 95
    known = in_front(-300)
    assert known.known
    assert quietest(speaks(64, -410, known)) == quietest(in_front(-300))


@pytest.mark.parametrize(
    ("level", "least"),
    [
        (-250, -390),  # the caller's own level less 14 dB
        (-300, TALK + 95),  # the background and 9.5 dB, where that is more
        (-344, TALK + 95),
        (-345, -405),
        (-346, -406),  # the caller's own level less 6 dB, where that is less
        (-400, -460),
    ],
)
def test_a_known_caller_is_heard_in_front_of_the_background(level: int, least: int) -> None:
    """Below what stands out they are heard down to 6 dB below their own level."""
    caller = in_front(level)
    assert caller.known
    assert quietest(caller) == least


def test_windows_without_voice_tell_the_background_too() -> None:
    """Both kinds of window are looked at: 24 in all, three of them voice."""
    assert quietest(in_front(TALK, windows=0, voiced=2)) == SILENCE
    assert quietest(in_front(TALK, windows=0, voiced=3)) == TALK + 95
