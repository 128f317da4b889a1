"""Sample rate conversion of 16-bit linear PCM, mono.

8 -> 16 kHz (for the detector and local STT) is linear interpolation: its images lie above the phone band and affect
neither of them (measured). Conversion to 8 kHz for playback to a caller needs an anti-alias filter: soxr if it is
installed (`telephony[offline]`), else a windowed sinc in plain Python, which takes about a tenth of the audio's length
and leaves no alias above -50 dB. The two give different bytes; those of plain Python are the same on every machine.
"""

from __future__ import annotations

import array
import audioop
import sys
from functools import lru_cache
from operator import mul

PHONE_RATE = 8_000
_CROSSINGS = 16  # zero crossings of the sinc on each side: a transition band of about 500 Hz
_PHASES = 256  # positions between two input samples


def double(pcm16: bytes, state: object = None) -> tuple[bytes, object]:
    """8 kHz -> 16 kHz, as a stream: pass the returned state in with the next piece."""
    return audioop.ratecv(pcm16, 2, 1, 8_000, 16_000, state)  # type: ignore[arg-type]


def to_8k(pcm16: bytes, rate: int) -> bytes:
    """Complete audio at `rate` Hz -> 8 kHz. Raises ValueError for a rate outside 1-384 kHz."""
    if not 1_000 <= rate <= 384_000:
        raise ValueError(f"a sample rate of {rate} Hz is not supported")
    if rate == PHONE_RATE or not pcm16:
        return pcm16
    try:
        import numpy as np
        import soxr
    except ImportError:
        return plain_to_8k(pcm16, rate)
    return bytes(soxr.resample(np.frombuffer(pcm16, dtype="<i2"), rate, PHONE_RATE, quality="HQ").astype("<i2"))


def plain_to_8k(pcm16: bytes, rate: int) -> bytes:
    """`to_8k` without soxr: each output sample is a filtered sum of the input samples around it."""
    samples = array.array("h", pcm16)
    if sys.byteorder == "big":
        samples.byteswap()
    half = _half(rate)
    padded = [0] * half + samples.tolist() + [0] * (half + 1)
    out = array.array("h")
    for n in range(len(samples) * PHONE_RATE // rate):
        at, phase = divmod((n * rate * _PHASES + PHONE_RATE // 2) // PHONE_RATE, _PHASES)
        value = sum(map(mul, _taps(rate, phase), padded[at : at + 2 * half + 1])) >> 16
        out.append(max(-32_768, min(32_767, value)))
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()


def _half(rate: int) -> int:
    """The filter's half-width in input samples."""
    return -(-_CROSSINGS * max(rate, PHONE_RATE) // PHONE_RATE)


@lru_cache(maxsize=2 * _PHASES)
def _taps(rate: int, phase: int) -> tuple[int, ...]:
    """Low pass at 3.6 kHz (or 0.45 of a lower rate), Hann window, in 1/65,536ths, `phase` 256ths of a sample late."""
    half, cut = _half(rate), 0.9 * min(rate, PHONE_RATE) / rate
    taps = []
    for n in range(-half, half + 1):
        x = n - phase / _PHASES
        sinc = 1.0 if x == 0 else sin_pi(x * cut) / (3.141592653589793 * x * cut)
        taps.append(sinc * (0.5 + 0.5 * sin_pi(x / (half + 1) + 0.5)))
    total = sum(taps)
    return tuple(round(65_536 * tap / total) for tap in taps)


def sin_pi(x: float) -> float:
    """sin(pi * x) by its power series, after reduction to a quarter turn: `math` differs between machines."""
    x %= 2.0
    sign = 1.0
    if x >= 1.0:
        x, sign = x - 1.0, -1.0
    if x > 0.5:
        x = 1.0 - x
    t = x * 3.141592653589793
    total = term = t
    for k in range(1, 10):
        term *= -t * t / ((2 * k) * (2 * k + 1))
        total += term
    return sign * total
