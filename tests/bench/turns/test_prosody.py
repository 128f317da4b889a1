"""The features of a voice's end on sounds whose melody is known, and what the evaluation makes of them."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

pytest.importorskip("numpy")

import numpy as np

from tests.bench.turns.espeak import EspeakVoice, available
from tests.bench.turns.prosody import Silence, area, elsewhere, interval, judged, main, meetings, pairs
from tests.bench.turns.sound import Samples, banded, decoded
from tests.bench.turns.store import Store
from tests.bench.turns.voice_end import FEATURES, end_features, pitch, track

SPEAKS = pytest.mark.skipif(not available(), reason="the program espeak-ng is not on this machine")


def voice(*hz: float, seconds: float = 1.0) -> Samples:
    """Twenty harmonics on a telephone line, gliding through these pitches at equal steps."""
    count = int(seconds * 8_000)
    base = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(hz)), hz)
    phase = 2 * np.pi * np.cumsum(base) / 8_000
    return banded(np.sum([np.sin(n * phase) / n for n in range(1, 21)], axis=0).astype(np.float32) * np.float32(0.1))


@pytest.mark.parametrize("hz", [75, 110, 150, 220, 330])
def test_the_pitch_is_that_of_the_period_even_without_the_fundamental(hz: float) -> None:
    found, periodicity = pitch(voice(hz)[2_000:2_320])
    assert 50 * 2 ** (found / 12) == pytest.approx(hz, rel=0.02)
    assert periodicity > 0.8


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).standard_normal(320).astype(np.float32)
    assert pitch(noise)[1] < 0.5
    assert pitch(np.zeros(320, np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("last", [200.0, 120.0, 150.0], ids=["up", "down", "flat"])
def test_the_end_of_a_melody(last: float) -> None:
    """A level voice whose last quarter of a second rises, falls, or stays where it is."""
    sound = np.concatenate([voice(150), voice(150, last, seconds=0.25), np.zeros(2_400, np.float32)])
    found = end_features(track(sound, np.arange(len(sound) // 160) < 62), 1_240)
    assert found is not None
    values, semitones = dict(zip(FEATURES, found, strict=True)), 12 * np.log2(last / 150)
    assert values["pitch slope"] == pytest.approx(semitones / 0.25, abs=4)
    assert values["pitch level"] == pytest.approx(semitones, abs=1)
    assert values["pitch distance"] == pytest.approx(abs(semitones), abs=1)
    assert values["pitch fall"] == pytest.approx(max(0, -semitones), abs=1)


def test_too_little_voice_has_no_features() -> None:
    assert end_features(track(voice(150, seconds=0.1), np.ones(5, np.bool_)), 100) is None


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    done = np.array([True, True, False, False])
    assert area(np.array([3.0, 1.0, 2.0, 1.0]), done) == (1 + 1 + 0 + 0.5) / 4


def test_an_interval_is_wider_for_fewer_voices() -> None:
    """The same silences, of two voices that disagree or of forty: a voice is what is resampled."""
    scores = np.tile(np.array([2.0, 1.0, 1.0, 2.0]), 20)
    done = np.tile(np.array([True, False]), 40)
    of_two = ["one", "one", "other", "other"] * 20
    of_forty = [f"{at // 2}" for at in range(80)]
    widths = []
    for voices in (of_two, of_forty):
        low, high = interval(lambda some: area(scores[some], done[some]), done, voices)
        widths.append(high - low)
    assert widths[0] == 1.0
    assert widths[1] < 0.5


def test_a_voice_is_judged_by_the_others() -> None:
    """A voice that does the opposite of all others is judged wrongly, which it would not be if it judged itself."""
    done = np.tile(np.array([True, False]), 12)
    voices = [f"{at // 4}" for at in range(24)]
    features = np.where(done, 1.0, 0.0)[:, None].copy()
    features[:4] = 1 - features[:4]
    odds = judged(features, done, voices)
    assert area(odds[:4], done[:4]) == 0.0
    assert area(odds[4:], done[4:]) == 1.0


def test_what_is_learned_in_one_place_is_tried_in_the_others() -> None:
    """Two sources that agree, one that does the opposite, and one without recordings."""
    signs = {"up": 1, "too": 1, "down": -1, "none": 0}
    found = {
        name: [Silence(f"{at}", at % 2 == 0, np.full(len(FEATURES), sign * (at % 2))) for at in range(20 * abs(sign))]
        for name, sign in signs.items()
    }
    assert list(elsewhere(found)) == [
        "all, fitted on up: too 1.00, down 0.00",
        "all, fitted on too: up 1.00, down 0.00",
        "all, fitted on down: up 0.00, too 0.00",
    ]


def recorded(path: Path, *parts: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((np.concatenate(parts) * 32_767).astype("<i2").tobytes())


def test_a_folder_without_recordings_is_said_to_have_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--folder", str(tmp_path)])
    assert capsys.readouterr().out.splitlines() == [
        f"{name}: none in these folders" for name in ("meetings", "prompts", "readers", "pairs")
    ]


def said(text: str) -> Samples:
    return decoded(EspeakVoice("en-us", 165, 45).say(text)[0])


@SPEAKS
def test_what_follows_the_cut_of_a_pair_is_not_heard(tmp_path: Path) -> None:
    """The rest of the long sentence may be what it will, here itself backwards."""
    words, rest = said("Are you a student"), said("here at this university?")
    recorded(tmp_path / "one.wav", words, rest)
    recorded(tmp_path / "other.wav", words, rest[::-1])
    cut = len(words) / 8_000
    entries = [{"file": f"x/{name}.wav", "voice": "A", "may_end_s": cut} for name in ("one", "other")]
    (tmp_path / "prosody.json").write_text(json.dumps([*entries, {"file": "one.wav", "voice": "A"}]))
    one, other, whole = pairs(tmp_path, Store(tmp_path / "store"))
    assert [one.done, other.done, whole.done] == [False, False, True]
    assert one.features == pytest.approx(other.features, abs=0.5)
    assert whole.features != pytest.approx(one.features, abs=0.5)


@SPEAKS
def test_in_a_meeting_an_end_is_where_another_speaks_next(tmp_path: Path) -> None:
    """Ann pauses, goes on, and Bob speaks after her; what happens after the last voice is not known."""
    phrase, pause = said("I would like to book a table for four"), np.zeros(4_000, np.float32)
    recorded(tmp_path / "m.wav", *(phrase, pause) * 5)
    step = (len(phrase) + 4_000) / 8_000
    speakers = enumerate(("ann", "ann", "bob", "bob", "ann"))
    lines = [f"SPEAKER m 1 {at * step} {len(phrase) / 8_000} <NA> <NA> {who} <NA> <NA>\n" for at, who in speakers]
    (tmp_path / "m.rttm").write_text("".join(lines))
    found = list(meetings(tmp_path, Store(tmp_path / "store")))
    assert [(one.voice, one.done) for one in found] == [("ann", False), ("ann", True), ("bob", False), ("bob", True)]
