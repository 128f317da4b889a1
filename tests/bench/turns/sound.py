"""The sounds of the generated callers: speech clips with the ends of their words, noises, and the telephone line.

Samples are float32 at 8 kHz, 1.0 is full scale; levels are RMS in dBFS; times are ms. Needs numpy.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from telephony.audio import mulaw
from tests.bench.turns.espeak import EspeakVoice
from tests.bench.turns.sentences import BABBLE
from tests.bench.turns.store import Store

Samples: TypeAlias = NDArray[np.float32]

PER_MS = 8
BAND_HZ = (150, 3_700)
EDGE_DB = -45
"""A clip begins and ends at the first and last sample this far below its peak."""
LINE_DB = -65
"""The noise of a quiet line, which is on every recording."""
VERSION = "2"
"""Part of the key of every stored clip: raise it when clips are made differently."""

NOISES = ("white", "pink", "babble", "hum")
SOUNDS = ("cough", "throat", "click", "breath", "thump", "dtmf", "beep", "bark", "horn", "rustle")


def ms(samples: Samples) -> int:
    """The length in ms, rounded."""
    return round(len(samples) / PER_MS)


def quiet(length_ms: int) -> Samples:
    return np.zeros(length_ms * PER_MS, np.float32)


def rms_db(samples: Samples) -> float:
    """RMS in dBFS; -120 for silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * np.log10(power) if power > 1e-12 else -120.0


def at_level(samples: Samples, db: float) -> Samples:
    """The same sound at this RMS level in dBFS."""
    return (samples * np.float32(10 ** ((db - rms_db(samples)) / 20))).astype(np.float32)


def banded(samples: Samples) -> Samples:
    """The sound limited to the band of a telephone: 150-3,700 Hz, with transitions of 50 Hz."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / 8_000)
    gain = np.clip((hz - BAND_HZ[0] + 25) / 50, 0, 1) * np.clip((BAND_HZ[1] + 25 - hz) / 50, 0, 1)
    return np.fft.irfft(spectrum * gain, len(samples)).astype(np.float32)


def edges(samples: Samples) -> tuple[int, int]:
    """The first sample of the sound and the one after its last; (0, 0) for silence."""
    loud = np.nonzero(np.abs(samples) > np.max(np.abs(samples), initial=0.0) * 10 ** (EDGE_DB / 20))[0]
    return (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, 0)


def encoded(samples: Samples) -> bytes:
    """Samples -> mu-law."""
    return mulaw.encode((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


def decoded(pcmu: bytes) -> Samples:
    """Mu-law -> samples."""
    return (np.frombuffer(mulaw.decode(pcmu), "<i2") / 32_768).astype(np.float32)


class Speaks(Protocol):
    """A voice. `key` tells it from others in the store; `say` gives mu-law and the end of each word in ms."""

    @property
    def key(self) -> str: ...

    def say(self, text: str) -> tuple[bytes, tuple[int, ...]]: ...


def spoken(text: str, voice: Speaks, store: Store) -> tuple[Samples, tuple[int, ...]]:
    """A clip of `text`, trimmed to its voice, and the end in ms of each of its words (split at white space)."""

    def make() -> bytes:
        pcmu, ends = voice.say(text)
        padded = np.concatenate([quiet(100), decoded(pcmu), quiet(100)]).astype(np.float32)
        clip = banded(padded)
        begin, end = edges(clip)
        places = [max(0, min(at + 100 - begin // PER_MS, (end - begin) // PER_MS)) for at in ends]
        places[-1] = (end - begin) // PER_MS
        header = json.dumps(places).encode()
        return header + b"\n" + clip[begin:end].astype("<f4").tobytes()

    recipe = f"{VERSION}|{text}|{voice.key}"
    header, _, rest = store.get("clips", recipe, make).partition(b"\n")
    return np.frombuffer(rest, "<f4").astype(np.float32), tuple(json.loads(header))


def background(kind: str, length: int, seed: int, store: Store) -> Samples:
    """`length` samples of one of `NOISES`, at no particular level."""
    rng = np.random.default_rng(seed)
    if kind == "babble":
        all_of_it = _babble(store)
        start = int(rng.integers(0, max(1, len(all_of_it) - length)))
        return np.resize(all_of_it[start:], length)
    if kind == "hum":
        t = np.arange(length) / 8_000
        tones = [np.sin(2 * np.pi * 60 * n * t + rng.uniform(0, 6.28)) / n for n in range(3, 16)]
        return banded(np.sum(tones, axis=0).astype(np.float32))
    white = rng.standard_normal(length)
    if kind == "pink":
        spectrum = np.fft.rfft(white)
        white = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), length)
    return banded(white.astype(np.float32))


@lru_cache(maxsize=1)
def _babble(store: Store) -> Samples:
    """Half a minute of six voices at once."""
    voices = ("en-us", "en-us+f2", "en-us+m4", "en-gb-x-rp+f5", "en-us+m6", "en-gb-scotland")
    total = np.zeros(30_000 * PER_MS, np.float32)
    for number, name in enumerate(voices):
        voice = EspeakVoice(name, 150 + 8 * number, 35 + 6 * number)
        talk = np.concatenate([at_level(spoken(text, voice, store)[0], -20) for text in BABBLE])
        total += np.resize(np.roll(talk, 9_000 * number), len(total))
    return total


def line(pcmu_samples: Samples, seed: int) -> Samples:
    """The sound with the faint noise of a quiet telephone line added."""
    noise = banded(np.random.default_rng(seed).standard_normal(len(pcmu_samples)).astype(np.float32))
    return pcmu_samples + at_level(noise, LINE_DB)


def sound(kind: str, seed: int) -> Samples:
    """One of `SOUNDS`, none of which is speech: trimmed, 20-1,000 ms long, at no particular level."""
    rng = np.random.default_rng(seed)
    raw = np.concatenate([quiet(50), _RAW[kind](rng), quiet(50)]).astype(np.float32)
    clip = banded(raw)
    begin, end = edges(clip)
    return clip[begin:end]


def _noise(rng: np.random.Generator, length_ms: float) -> NDArray[np.float64]:
    return rng.standard_normal(int(length_ms * PER_MS))


def _fall(samples: NDArray[np.float64], rise_ms: float, fall_ms: float) -> NDArray[np.float64]:
    """The samples with an envelope of a quick rise and an exponential fall."""
    t = np.arange(len(samples)) / PER_MS
    return np.asarray(samples * np.minimum(1, t / rise_ms) * np.exp(-np.maximum(0, t - rise_ms) / fall_ms))


def _coloured(samples: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    spectrum, hz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / 8_000)
    octaves = np.log2((hz + 1) / np.sqrt(low * high)) / np.log2(high / low)
    return np.fft.irfft(spectrum * np.exp(-4 * octaves**2), len(samples))


def _tone(hz: float, length_ms: float, harmonics: int = 1) -> NDArray[np.float64]:
    t = np.arange(int(length_ms * PER_MS)) / 8_000
    return np.asarray(sum(np.sin(2 * np.pi * hz * n * t) / n for n in range(1, harmonics + 1)))


def _cough(rng: np.random.Generator) -> NDArray[np.float64]:
    """One to three bursts of rough noise with a little voice in it."""
    bursts: list[NDArray[np.float64]] = []
    for _ in range(int(rng.integers(1, 4))):
        length = rng.uniform(140, 260)
        rough = _coloured(_noise(rng, length), 400, 2_500)
        voiced = _tone(rng.uniform(110, 220), length, 12)[: len(rough)] * 0.15
        bursts += [_fall(rough + voiced, 8, length / 3), np.zeros(int(rng.uniform(60, 200) * PER_MS))]
    return np.concatenate(bursts)


def _throat(rng: np.random.Generator) -> NDArray[np.float64]:
    length = rng.uniform(250, 600)
    rough = _coloured(_noise(rng, length), 200, 1_200)
    flutter = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(22, 35) * np.arange(len(rough)) / 8_000)
    return np.asarray(_fall(rough * flutter, 60, length / 2))


def _click(rng: np.random.Generator) -> NDArray[np.float64]:
    parts: list[NDArray[np.float64]] = []
    for _ in range(int(rng.integers(1, 6))):
        parts += [_fall(_noise(rng, 12), 0.5, 2), np.zeros(int(rng.uniform(60, 180) * PER_MS))]
    return np.concatenate(parts)


def _breath(rng: np.random.Generator) -> NDArray[np.float64]:
    samples = _coloured(_noise(rng, rng.uniform(300, 900)), 500, 3_000)
    return np.asarray(samples * np.hanning(len(samples)))


def _thump(rng: np.random.Generator) -> NDArray[np.float64]:
    return _fall(_tone(rng.uniform(150, 220), 160) + 0.3 * _noise(rng, 160), 2, 35)


def _dtmf(rng: np.random.Generator) -> NDArray[np.float64]:
    low, high = rng.choice([697, 770, 852, 941]), rng.choice([1_209, 1_336, 1_477])
    length = rng.uniform(80, 300)
    return _tone(float(low), length) + _tone(float(high), length)


def _beep(rng: np.random.Generator) -> NDArray[np.float64]:
    return _tone(rng.uniform(400, 1_800), rng.uniform(100, 700))


def _bark(rng: np.random.Generator) -> NDArray[np.float64]:
    parts: list[NDArray[np.float64]] = []
    for _ in range(int(rng.integers(1, 4))):
        length = rng.uniform(110, 190)
        t = np.arange(int(length * PER_MS)) / 8_000
        sweep = rng.uniform(350, 600) * (t - 0.9 * t**2 / (2 * length / 1_000))
        body = sum(np.sin(2 * np.pi * sweep * n) / n for n in range(1, 7)) + 0.5 * rng.standard_normal(len(t))
        parts += [_fall(np.asarray(body), 15, length / 2), np.zeros(int(rng.uniform(80, 220) * PER_MS))]
    return np.concatenate(parts)


def _horn(rng: np.random.Generator) -> NDArray[np.float64]:
    length = rng.uniform(200, 900)
    return _tone(rng.uniform(330, 420), length, 9) + _tone(rng.uniform(430, 520), length, 9)


def _rustle(rng: np.random.Generator) -> NDArray[np.float64]:
    samples = _coloured(_noise(rng, rng.uniform(200, 800)), 1_000, 3_500)
    return np.asarray(samples * np.repeat(rng.uniform(0, 1, len(samples) // 160 + 1), 160)[: len(samples)])


_RAW = {
    "cough": _cough, "throat": _throat, "click": _click, "breath": _breath, "thump": _thump, "dtmf": _dtmf,
    "beep": _beep, "bark": _bark, "horn": _horn, "rustle": _rustle,
}  # fmt: skip
