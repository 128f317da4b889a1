"""The level of a piece of audio as an integer, the same on every machine."""

from __future__ import annotations

import audioop
from bisect import bisect_right

FLOOR = -960
"""Digital silence, in tenths of dBFS."""
LOUD = -450
"""Where no detector runs, a frame at or above this level (tenths of dBFS) is taken for voice."""


def _thresholds() -> list[int]:
    """The smallest RMS (of 32,768) for each tenth of a dB above the floor, by integer arithmetic only.

    10 ** (1/200) to 18 digits, multiplied up from the floor: `math` differs between machines, integers do not.
    """
    scale, step = 10**18, 1_011_579_454_259_898_523
    value = 32_768 * scale * 10_000 // 630_957_344  # 10 ** (-96/20) of full scale, as 10**18ths
    values = []
    for _ in range(-FLOOR + 1):
        values.append(-(-value // scale))
        value = value * step // scale
    return [0, *values[1:]]  # whatever is quieter than the floor counts as the floor


_RMS = _thresholds()


def level(pcmu: bytes) -> int:
    """RMS of mu-law audio in tenths of dBFS, from -960 (silence, or nothing) to 0."""
    return level_pcm16(audioop.ulaw2lin(pcmu, 2))


def level_pcm16(pcm16: bytes) -> int:
    """RMS of 16-bit linear audio in tenths of dBFS."""
    return FLOOR + bisect_right(_RMS, audioop.rms(pcm16, 2)) - 1
