"""What a voice says at its end, apart from its words: pitch, level, length and breath, from 20 ms frames at 8 kHz.

Not part of the product: `prosody.py` measures what these features are worth, and the rules use none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.bench.turns.sound import Samples

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

FRAME, WINDOW, FFT = 160, 320, 512
LAGS = (20, 134)
"""Pitch is looked for between 60 and 400 Hz."""
OCTAVE_COST = 0.022
"""What an octave down costs in correlation: of two equally good periods the shorter is the voice's."""
PERIODIC = 0.5
FAINT_DB = -60
FROM_MEDIAN = 9
"""Semitones from the caller's median: what is further away is an error of an octave."""
LEAST_PITCHED = 8
FINAL, LONGER_FINAL = 15, 25
"""Frames (300 and 500 ms) before the last one with pitch."""
BREATH = slice(3, 10)
"""Frames after the end: 60-200 ms, which ends before the shortest pause does."""

_SHAPE = np.hanning(WINDOW).astype(np.float32)
_OWN = np.fft.irfft(np.abs(np.fft.rfft(_SHAPE, FFT)) ** 2, FFT)
_FAIR = _OWN[0] / _OWN[LAGS[0] : LAGS[1]]
_COST = OCTAVE_COST * np.log2(np.arange(*LAGS) / LAGS[0])

FEATURES = (
    "pitch slope", "pitch level", "pitch distance", "pitch fall", "pitch range", "level slope", "level", "last stretch",
    "lengthening", "periodicity", "unvoiced tail", "breath",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Track:
    """Each frame's pitch (semitones above 50 Hz; NaN: none), periodicity (0-1), level (dBFS), and whether the detector
    heard voice in it."""

    pitch: Numbers
    periodicity: Numbers
    level: Numbers
    voiced: Flags

    def median(self) -> float:
        return float(np.nanmedian(np.where(self.voiced, self.pitch, np.nan)))


def pitch(window: Samples) -> tuple[float, float]:
    """40 ms of sound -> (semitones above 50 Hz, periodicity), in about 20 us. By autocorrelation: the telephone lacks
    the fundamental of low voices, not their period."""
    spectrum = np.fft.rfft(window * _SHAPE, FFT)
    own = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, FFT)
    if own[0] <= 1e-9:
        return 0.0, 0.0
    fair = own[LAGS[0] : LAGS[1]] * _FAIR
    judged = fair - own[0] * _COST
    best = int(judged.argmax())
    if best == 0:
        return 0.0, 0.0
    lag = float(LAGS[0] + best)
    if best < len(judged) - 1:
        before, at, after = judged[best - 1 : best + 2]
        bend = before - 2 * at + after
        lag += 0.5 * float((before - after) / bend) if bend < 0 else 0.0
    return 12 * float(np.log2(8_000 / lag / 50)), float(fair[best] / own[0])


def track(samples: Samples, voiced: Flags) -> Track:
    """Whole frames, and which of them are voice."""
    count = len(samples) // FRAME
    pitches, periodicity, level = np.full(count, np.nan), np.zeros(count), np.zeros(count)
    padded = np.concatenate([np.zeros(FRAME, np.float32), samples])
    for at in range(count):
        window = padded[at * FRAME : at * FRAME + WINDOW]
        level[at] = 10 * np.log10(float(np.mean(np.square(window[FRAME:], dtype=np.float64))) + 1e-9)
        if level[at] > FAINT_DB:
            found, periodicity[at] = pitch(window)
            if periodicity[at] >= PERIODIC:
                pitches[at] = found
    return Track(pitches, periodicity, level, voiced[:count])


def end_features(heard: Track, end_ms: int, median: float | None = None) -> Numbers | None:
    """The `FEATURES` of the voice that ends at `end_ms`; None if it has too little pitch. `median` is the caller's
    pitch so far, if more is known than these frames.

    Slopes are per second over the last 300 ms, pitch in semitones and as a distance from the median, level in dB from
    the caller's median. A stretch is a run of frames with pitch; it and its lengthening (compared with the median of
    those before) are logarithms. The tail is what the detector took for voice after the last pitch.
    """
    end = end_ms // 20
    voiced = heard.voiced[:end]
    pitches, level = np.where(voiced, heard.pitch[:end], np.nan), heard.level[:end]
    if np.count_nonzero(~np.isnan(pitches)) < LEAST_PITCHED:
        return None
    median = float(np.nanmedian(pitches)) if median is None else median
    pitched = np.flatnonzero(np.abs(pitches - median) <= FROM_MEDIAN)
    if len(pitched) < LEAST_PITCHED:
        return None
    last = int(pitched[-1])
    final, longer = pitched[pitched > last - FINAL], pitches[pitched[pitched > last - LONGER_FINAL]]
    at_end = float(np.median(pitches[pitched[-3:]])) - median
    stretches = [len(run) for run in np.split(pitched, np.flatnonzero(np.diff(pitched) > 2) + 1)]
    levels = level[max(0, last - FINAL + 1) : last + 1]
    after = heard.level[end:][BREATH]
    return np.array(
        [
            np.clip(_slope(final, pitches[final]), -60, 60),
            at_end,
            abs(at_end),
            max(0.0, -at_end),
            longer.max() - longer.min(),
            np.clip(_slope(np.arange(len(levels)), levels), -200, 200),
            np.median(level[max(0, last - 9) : last + 1]) - np.median(level[voiced]),
            np.log(stretches[-1]),
            np.log(stretches[-1] / np.median(stretches[:-1])) if len(stretches) > 1 else 0.0,
            heard.periodicity[max(0, last - 4) : last + 1].mean(),
            20.0 * (end - 1 - last),
            after.max() - np.percentile(level, 5) if len(after) else 0.0,
        ]
    )


def _slope(frames: NDArray[np.int64], values: Numbers) -> float:
    """Per second, by least squares; 0 for fewer than four frames."""
    if len(frames) < 4:
        return 0.0
    times = (frames - frames.mean()) * 0.02
    return float((times * (values - values.mean())).sum() / (times * times).sum())
