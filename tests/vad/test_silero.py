"""The detector on real sound. Speech and noises come from a folder beside the repository; else tests are skipped."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from telephony.audio import frames, tones, wav
from telephony.contracts.vad import Detector
from telephony.vad.silero import SileroDetector

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
needs_speech = pytest.mark.skipif(not SPEECH.exists(), reason=f"no recordings in {SPEECH}")


def listen(pcmu: bytes, detector: Detector | None = None) -> list[tuple[int, int]]:
    """(end of the frame in ms, probability in thousandths) of each completed window, which the frame after answers."""
    detector = detector or SileroDetector()
    heard = [(20 * n, detector.hear(frame)[0]) for n, frame in enumerate(frames.frames(pcmu))]
    return [(at, speech) for at, speech in heard if speech is not None]


def voiced(windows: list[tuple[int, int]]) -> list[int]:
    """The times, in ms, at which two consecutive windows were voice."""
    return [at for (_, before), (at, now) in pairwise(windows) if min(before, now) >= 500]


def test_five_windows_in_eight_frames() -> None:
    """A 32 ms window completes in five frames out of eight, and is answered in the frame after. All return a level."""
    detector = SileroDetector()
    answers = [detector.hear(b"\xff" * 160) for _ in range(17)]
    assert [speech is not None for speech, _ in answers[:9]] == [False, *map(bool, (0, 1, 0, 1, 1, 0, 1, 1))]
    assert sum(speech is not None for speech, _ in answers[1:]) == 10
    assert {level for _, level in answers} == {-960}
    assert {speech for speech, _ in answers} == {None, 0}


def test_odd_frame_lengths_are_accepted() -> None:
    """A short frame is padded with silence and a long one truncated, so windows keep their place in time."""
    detector = SileroDetector()
    for pcmu in (b"", b"\x00", b"\xff" * 159, b"\xff" * 8_000):
        _, level = detector.hear(pcmu)
        assert -960 <= level <= 0
    assert [detector.hear(b"\xff" * 160)[0] is None for _ in range(5)] == [False, False, True, False, False]


def test_detectors_share_no_state() -> None:
    """Each leg has its own detector, and the same sound gives the same numbers."""
    sound = tones.sine(300, 1_000) + frames.silence(200) + tones.dtmf("5", 500)
    alone = listen(sound)
    one, other = SileroDetector(), SileroDetector()
    mixed = []
    for frame in frames.frames(sound):
        other.hear(tones.sine(1_000, 20, 30_000))
        mixed.append(one.hear(frame)[0])
    assert [speech for speech in mixed if speech is not None] == [speech for _, speech in alone]


def test_reset_restores_the_initial_state() -> None:
    """After lost audio the detector behaves like a new one."""
    sound = tones.sine(220, 500)
    used = SileroDetector()
    listen(tones.dtmf("1", 1_010), used)
    used.reset()
    assert listen(sound, used) == listen(sound)


@needs_speech
def test_people_are_heard_when_they_begin() -> None:
    """The onset (two windows) comes within 250 ms of the labelled one in all but two clips, and is never missed."""
    clips = [clip for clip in json.loads((SPEECH / "labels.json").read_text()).values() if clip["label_type"] != "rttm"]
    late = []
    for clip in clips:
        at = voiced(listen(wav.read_mono(SPEECH / clip["file"])))
        onset = 1_000 * clip["segments"][0][0]
        assert at, clip["file"]
        late.append(at[0] - onset)
    assert sorted(late)[len(late) // 2] <= 160
    assert sum(ms > 250 for ms in late) <= 2


@needs_speech
def test_voice_ends_with_the_speech() -> None:
    """No voice is detected in the final line noise."""
    truth = json.loads((SPEECH / "synthetic" / "truth.json").read_text())
    assert truth
    for path in sorted((SPEECH / "synthetic").glob("*.wav"))[:8]:
        windows = listen(wav.read_mono(path))
        assert windows[-1][0] - voiced(windows)[-1] >= 2_000, path.name  # 2.5 s of line noise at the end


@needs_speech
@pytest.mark.parametrize("name", ["digital_silence", "line_65", "white_40", "pink_40", "hum60", "clicks", "ringback"])
def test_noise_is_no_voice(name: str) -> None:
    """Line noise, hum, hiss and ringback are not detected as voice, even after digital silence."""
    noise = wav.read_mono(SPEECH / "noise" / f"{name}.wav")
    assert voiced(listen(frames.silence(2_000) + noise)) == []


@needs_speech
def test_a_caller_is_heard_at_once_after_a_minute_of_music() -> None:
    """After long music a recurrent model reacts late, so it is reset in the pause before the caller."""
    music = wav.read_mono(SPEECH / "noise" / "jazz.wav") * 2
    pause = b"\xfb\x7b" * 2_400  # 0.6 s, just above the gate
    labels = json.loads((SPEECH / "labels.json").read_text())
    late = []
    for name in ("jfk", "arctic_a0024", "ps_librivox_0870", "ps_librivox_0920"):
        detector = SileroDetector()
        listen(music + pause, detector)
        onset = voiced(listen(wav.read_mono(SPEECH / labels[name]["file"]), detector))[0]
        late.append(onset - 1_000 * labels[name]["segments"][0][0])
    assert sum(late) / len(late) <= 130
    assert max(late) <= 200
