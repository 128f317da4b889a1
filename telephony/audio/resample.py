"""Sample rates, for 16-bit linear PCM, mono.

8 -> 16 kHz (for the detector and local ears) is linear interpolation: its images lie above the phone band, and neither
listener minds them (measured). Anything -> 8 kHz for a caller's ears needs an anti-alias filter: soxr, where it is
installed (`telephony[offline]`); without it a windowed-sinc low pass in plain Python, good enough and slow.
"""

from __future__ import annotations

import array
import audioop
import sys
from functools import lru_cache

_TAPS = 63
Upsampler = tuple[bytes, object]


def double(pcm16: bytes, state: object = None) -> tuple[bytes, object]:
    """8 kHz -> 16 kHz, as a stream: pass the returned state with the next piece."""
    return audioop.ratecv(pcm16, 2, 1, 8_000, 16_000, state)  # type: ignore[arg-type]


def to_8k(pcm16: bytes, rate: int) -> bytes:
    """Whole audio at `rate` Hz -> 8 kHz. Raises ValueError for a rate that makes no sense."""
    if rate == 8_000 or not pcm16:
        return pcm16
    if not 1_000 <= rate <= 384_000:
        raise ValueError(f"a sample rate of {rate} Hz")
    try:
        import numpy as np
        import soxr
    except ImportError:
        filtered = _low_pass(pcm16, rate) if rate > 8_000 else pcm16
        return audioop.ratecv(filtered, 2, 1, rate, 8_000, None)[0]
    return bytes(soxr.resample(np.frombuffer(pcm16, dtype="<i2"), rate, 8_000, quality="HQ").astype("<i2").tobytes())


@lru_cache(maxsize=8)
def _sinc(rate: int) -> tuple[int, ...]:
    """Low pass at 3.6 kHz, Hann window, in 1/65,536ths. Plain series for sine and cosine: no `math` in this ring."""
    middle, taps = _TAPS // 2, []
    cut = 2 * 3_600 / rate
    for n in range(_TAPS):
        x = (n - middle) * cut
        value = cut if x == 0 else cut * _sin_pi(x) / (3.141592653589793 * x)
        window = 0.5 + 0.5 * _sin_pi((n - middle) / (middle + 1) + 0.5)
        taps.append(value * window)
    total = sum(taps)
    return tuple(round(65_536 * tap / total) for tap in taps)


def _sin_pi(x: float) -> float:
    """sin(pi * x) by its series, after reduction to a quarter turn."""
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


def _low_pass(pcm16: bytes, rate: int) -> bytes:
    samples = array.array("h", pcm16)
    if sys.byteorder == "big":
        samples.byteswap()
    half, taps = _TAPS // 2, _sinc(rate)
    padded = [0] * half + samples.tolist() + [0] * half
    out = array.array(
        "h",
        (
            max(-32_768, min(32_767, sum(a * b for a, b in zip(taps, padded[i : i + _TAPS], strict=True)) >> 16))
            for i in range(len(samples))
        ),
    )
    if sys.byteorder == "big":
        out.byteswap()
    return out.tobytes()
