"""The screen: what the call may know while a sensitive entry is open, frame by frame."""

from __future__ import annotations

import pytest

from telephony.audio.level import FLOOR
from telephony.audio.tones import dtmf
from telephony.core.events import AudioMissed, AudioReceived, Event, KeyPressed, MarkReached
from telephony.key_entries.screen import KEY_FRAMES, TAIL_FRAMES, KeyScreen

SILENCE = b"\xff" * 160
TONE = AudioReceived(dtmf("7")[:160], 0, 950, -120)
COVERED = AudioReceived(SILENCE, 0, 0, FLOOR)


def keys(screen: KeyScreen, pressed: str) -> str:
    """What is known of the keys."""
    found = ""
    for key in pressed:
        event = screen.screened(KeyPressed(key))
        assert isinstance(event, KeyPressed)
        found += event.digit
    return found


@pytest.mark.parametrize(
    ("terminator", "pressed", "known", "entry", "revealed"),
    [
        ("#", "1234#", "••••#", "••••", "1234"),
        ("", "1234", "••••", "••••", "1234"),
        ("", "12#4", "••••", "••••", "12#4"),
        ("#", "99*1234#", "••*••••#", "••••", "1234"),
        ("*", "12*", "••*", "••", "12"),
        ("#", "12AD#", "••••#", "••••", "12AD"),
        ("#", "#", "#", "", ""),
        ("#", "1234", "••••", "••", "12"),  # the core has not seen all of them yet
        ("#", "34#", "••#", "12••", "1234"),  # the first were pressed before
        ("#", "12**34#", "••**••#", "••", "34"),
    ],
)
def test_keys_are_masked_and_given_back(terminator: str, pressed: str, known: str, entry: str, revealed: str) -> None:
    """All but `*` and the key that ends the entry, which say nothing."""
    screen = KeyScreen()
    screen.begin(terminator)
    assert keys(screen, pressed) == known
    assert screen.end(entry) == revealed
    assert screen.end("••") == "••"
    assert bytes(screen._vault) == b""


def test_audio_is_silent_while_the_entry_is_open_and_a_little_longer() -> None:
    """Before it and after it nothing is changed; the tone of a late key is covered, too."""
    screen = KeyScreen()
    assert screen.screened(TONE) is TONE
    screen.begin("#")
    assert [screen.screened(TONE) for _ in range(1_000)] == [COVERED] * 1_000
    screen.end()
    assert [screen.screened(TONE) for _ in range(TAIL_FRAMES + 1)] == [COVERED] * TAIL_FRAMES + [TONE]
    assert keys(screen, "5#") == "•#"  # one key too many
    assert [screen.screened(TONE) for _ in range(TAIL_FRAMES + 1)] == [COVERED] * TAIL_FRAMES + [TONE]
    for _ in range(KEY_FRAMES):
        screen.screened(TONE)
    assert keys(screen, "5#") == "5#"
    assert screen.screened(TONE) is TONE


def test_a_frame_without_a_detector_window_stays_so() -> None:
    """Or the windows of the call would come at other times."""
    screen = KeyScreen()
    screen.begin("#")
    assert screen.screened(AudioReceived(b"\x00" * 160, 40, None, -100)) == AudioReceived(SILENCE, 40, None, FLOOR)


@pytest.mark.parametrize("event", [AudioMissed(40), MarkReached("t1.1")])
def test_other_events_pass(event: Event) -> None:
    """Also while an entry is open."""
    screen = KeyScreen()
    screen.begin("#")
    assert screen.screened(event) is event
