"""Detector windows -> bursts of voice: onset, silence, missed and late audio, key tones. Exact in ms of media time."""

from __future__ import annotations

import pytest

from telephony.audio.frames import FRAME_MS
from telephony.core import events as e
from telephony.core.listening.voice_activity import BURST_GAP_MS, KEY_TONE_MS, SOUND, WINDOW_MS, VoiceActivity, Voiced
from telephony.core.policy import TurnTaking

RULES = TurnTaking().tuned(voiced_at=500, unvoiced_below=350, onset_ms=64, quieter_tenths_db=140)
VOICED, UNVOICED = 950, 10
CALLER, QUIET = -200, -650


def test_the_numbers_of_this_file_are_the_defaults() -> None:
    """The tests below write these numbers out; this fails when one changes, so that the change is deliberate."""
    assert TurnTaking() == RULES
    assert (WINDOW_MS, FRAME_MS, BURST_GAP_MS, KEY_TONE_MS, SOUND) == (32, 20, 250, 300, 120)


def voice(frames: int = 1, activity: VoiceActivity | None = None, level: int = CALLER) -> VoiceActivity:
    """Voice activity after this many frames, each of which completes a window with voice."""
    activity = activity or VoiceActivity(RULES)
    for _ in range(frames):
        activity.frame(VOICED, level)
    return activity


def silence(activity: VoiceActivity, frames: int) -> VoiceActivity:
    """The same activity after this many frames, each of which completes a window without voice."""
    for _ in range(frames):
        activity.frame(UNVOICED, QUIET)
    return activity


# --- what is voice ----------------------------------------------------------------------------------------------------


def test_a_window_is_voice_from_the_upper_threshold_on() -> None:
    """0.500 is voice, 0.499 is not."""
    for speech, voiced in ((499, False), (500, True), (501, True)):
        activity = VoiceActivity(RULES)
        activity.frame(speech, CALLER)
        assert activity.voiced is voiced
        assert activity.burst_ms == (WINDOW_MS if voiced else 0)


def test_voice_goes_on_down_to_the_lower_threshold() -> None:
    """0.350 is still voice, 0.349 is not, and after that the upper threshold applies again."""
    for speech, voiced in ((351, True), (350, True), (349, False)):
        activity = voice(3)
        activity.frame(speech, CALLER)
        assert activity.voiced is voiced
        activity.frame(499, CALLER)
        assert activity.voiced is voiced


def test_a_frame_without_a_window_only_advances_time() -> None:
    """Windows are longer than frames, so the result of the last window stands."""
    activity = voice(1)
    activity.frame(None, CALLER)
    assert (activity.voiced, activity.burst_ms, activity.media_ms, activity.silence_ms) == (True, 32, 40, 20)
    silence(activity, 1)
    activity.frame(None, CALLER)
    assert (activity.voiced, activity.burst_ms, activity.media_ms, activity.silence_ms) == (False, 32, 80, 60)


def test_an_onset_is_two_windows_of_voice_that_goes_on() -> None:
    """One window is a click, and voice that has ended is no onset."""
    assert not VoiceActivity(RULES).onset
    assert not voice(1).onset
    assert voice(2).onset
    assert voice(3).onset
    assert not silence(voice(3), 1).onset
    for onset_ms, onset in ((63, True), (64, True), (65, False)):
        assert voice(2, VoiceActivity(TurnTaking().tuned(onset_ms=onset_ms))).onset is onset


def test_a_voice_that_is_too_quiet_is_silence() -> None:
    """The level rule (`test_loudness.py`) can reject a window, using the policy's margin."""
    for quieter, voiced in ((140, True), (139, False)):
        activity = VoiceActivity(TurnTaking().tuned(quieter_tenths_db=quieter))
        silence(activity, 1)
        voice(12, activity)
        silence(activity, 10)  # a voice is as loud as its loudest of ten frames
        silent_ms = activity.silence_ms
        activity.frame(None, CALLER - 140)
        for _ in range(10):
            activity.frame(None, CALLER - 140)
        activity.frame(VOICED, CALLER - 140)
        assert activity.voiced is voiced
        assert activity.silence_ms == (0 if voiced else silent_ms + 12 * FRAME_MS)


def test_a_rejected_window_ends_the_voice() -> None:
    """After it, the upper threshold applies again, because only the caller's voice sustains the state."""
    activity = silence(VoiceActivity(RULES), 1)
    voice(12, activity)
    for _ in range(10):
        activity.frame(None, -900)
    activity.frame(VOICED, -900)
    assert not activity.voiced
    activity.frame(400, CALLER)
    assert not activity.voiced
    activity.frame(500, CALLER)
    assert activity.voiced


def test_who_watches_a_call_sees_voice_go_on_like_the_core() -> None:
    """Across any event but missed audio."""
    voice = Voiced(RULES)
    assert [voice.hears(e.AudioReceived(b"", 0, speech, CALLER)) for speech in (499, 500, None)] == [False, True, False]
    assert not voice.hears(e.KeyPressed("1"))
    assert voice.hears(e.AudioReceived(b"", 60, 350, CALLER))
    assert not voice.hears(e.AudioMissed(20))
    assert not voice.hears(e.AudioReceived(b"", 100, 350, CALLER))


# --- bursts and silence -----------------------------------------------------------------------------------------------


def test_silence_is_counted_from_the_last_window_with_voice() -> None:
    """In media time, or from the start of the call if there was no voice."""
    assert silence(VoiceActivity(RULES), 3).silence_ms == 60
    activity = silence(voice(2), 3)
    assert activity.silence_ms == 60
    assert activity.last_voiced_ms == 40
    assert voice(1, activity).silence_ms == 0


def test_a_burst_begins_with_its_first_window() -> None:
    """This also holds in the first 250 ms of the call, when no gap can precede it."""
    for before in (0, 4, 11, 12, 13, 50):
        activity = voice(3, silence(VoiceActivity(RULES), before))
        assert activity.burst_ms == 3 * 32
        assert activity.burst_started_ms == (before + 1) * 20 - 32


@pytest.mark.parametrize(("gap_ms", "same"), [(249, True), (250, True), (251, False)])
def test_a_gap_of_more_than_a_quarter_of_a_second_ends_a_burst(gap_ms: int, same: bool) -> None:
    """Up to 250 ms it is one burst, and the gap does not count as voice."""
    activity = voice(5)
    activity.missed(gap_ms - 240)
    silence(activity, 11)
    assert activity.burst_ms == 160  # the burst that is just over
    voice(1, activity)
    assert activity.burst_ms == (192 if same else 32)
    assert activity.burst_started_ms == (-12 if same else activity.media_ms - 32)


# --- audio that is missing or late ------------------------------------------------------------------------------------


def test_missed_audio_is_time_without_voice() -> None:
    """It advances media time. Its content is unknown, so voice does not continue across it."""
    activity = voice(3)
    activity.missed(45)
    assert (activity.media_ms, activity.silence_ms, activity.voiced, activity.burst_ms) == (105, 45, False, 96)
    activity.frame(400, CALLER)
    assert not activity.voiced


def test_a_stall_is_time_by_the_clock_and_late_frames_do_not_count_twice() -> None:
    """Late frames are not counted for the whole frames that the clock has already counted."""
    activity = voice(3)
    activity.stalled(59)
    assert (activity.media_ms, activity.silence_ms, activity.voiced, activity.burst_ms) == (119, 59, False, 96)
    activity.frame(400, CALLER)
    assert not activity.voiced
    assert activity.media_ms == 119
    assert voice(1, activity).media_ms == 119
    assert voice(1, activity).media_ms == 139  # the remaining 19 ms are no whole frame
    assert voice(1, activity).media_ms == 159


@pytest.mark.parametrize(("stalled_ms", "uncounted"), [(19, 0), (20, 1), (21, 1), (39, 1), (40, 2)])
def test_only_whole_frames_are_late(stalled_ms: int, uncounted: int) -> None:
    """A frame is counted unless the clock has already counted all of it."""
    activity = VoiceActivity(RULES)
    activity.stalled(stalled_ms)
    silence(activity, 5)
    assert activity.media_ms == stalled_ms + (5 - uncounted) * 20


def test_stalls_add_up() -> None:
    """The clock may be read several times while no frame arrives."""
    activity = VoiceActivity(RULES)
    activity.stalled(30)
    activity.stalled(30)
    assert silence(activity, 4).media_ms == 80


@pytest.mark.parametrize(("missed_ms", "media_ms", "after_frame"), [
    (60, 100, 100), (80, 100, 100), (81, 100, 120), (100, 100, 120), (130, 130, 150),
])  # fmt: skip
def test_audio_that_never_comes_is_not_counted_again(missed_ms: int, media_ms: int, after_frame: int) -> None:
    """Lost audio that the clock has already counted adds only its remainder, and later frames count again."""
    activity = VoiceActivity(RULES)
    activity.stalled(100)
    activity.missed(missed_ms)
    assert activity.media_ms == media_ms
    assert silence(activity, 1).media_ms == after_frame


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_burst_of_a_key_tone_is_dropped() -> None:
    """Bursts of up to 300 ms are dropped; a longer one is the caller's voice."""
    activity = voice(9)  # 288 ms
    activity.key_pressed()
    assert (activity.voiced, activity.burst_ms, activity.last_voiced_ms) == (False, 0, None)
    activity = voice(10)  # 320 ms
    activity.key_pressed()
    assert (activity.voiced, activity.burst_ms, activity.last_voiced_ms) == (False, 320, 200)


@pytest.mark.parametrize(("late_ms", "heard_at_ms"), [(0, 320), (1, 301)])
def test_nothing_is_voice_for_300_ms_after_a_key(late_ms: int, heard_at_ms: int) -> None:
    """The rest of the tone is ignored; voice counts from the first window after it."""
    activity = VoiceActivity(RULES)
    activity.key_pressed()
    activity.missed(late_ms)
    while activity.media_ms < 1_000 and not activity.voiced:
        voice(1, activity)
    assert activity.media_ms == heard_at_ms
    assert activity.burst_ms == 32


def test_the_key_tone_is_measured_from_the_key() -> None:
    """Not from the beginning of the call."""
    activity = silence(VoiceActivity(RULES), 50)
    activity.key_pressed()
    assert not voice(15, activity).voiced
    assert voice(1, activity).voiced


# --- a sound in the silence -------------------------------------------------------------------------------------------


def test_a_sound_that_stands_out_of_a_silence_stirs() -> None:
    """12 dB above the quietest frame since the last voice, in one of the last two frames."""
    for level, sound in ((-531, False), (-530, True), (-529, True)):
        activity = silence(voice(3), 5)
        assert not activity.sound
        activity.frame(UNVOICED, level)
        assert activity.sound is sound
        silence(activity, 1)
        assert activity.sound is sound
        silence(activity, 1)
        assert not activity.sound


def test_the_first_frame_of_a_call_is_no_stir() -> None:
    """There is no silence yet from which it could stand out."""
    assert not VoiceActivity(RULES).sound
    assert not silence(VoiceActivity(RULES), 1).sound


def test_voice_is_no_stir() -> None:
    """Voice is recognised as such, even when it gets louder."""
    activity = silence(VoiceActivity(RULES), 5)
    assert not voice(1, activity, level=-400).sound
    activity.frame(None, CALLER)
    assert not activity.sound


def test_the_quietest_frame_is_that_of_the_present_silence() -> None:
    """An earlier silence does not count; quieter frames within the present one do."""
    activity = silence(VoiceActivity(RULES), 5)
    voice(1, activity)
    for _ in range(3):
        activity.frame(UNVOICED, -300)
    assert not activity.sound
    activity.frame(UNVOICED, -500)
    activity.frame(None, -500)
    assert not activity.sound
    activity.frame(None, -380)
    assert activity.sound
