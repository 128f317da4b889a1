"""Tones as mu-law at 8 kHz: sine, DTMF. Made without `math`, so the bytes are the same on every machine."""

from __future__ import annotations

import audioop
from array import array
from functools import lru_cache

from telephony.audio import mulaw
from telephony.audio.frames import silence as silence
from telephony.audio.resample import sin_pi

RATE = 8_000
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")
_QUARTER = [int(sin_pi(n / 128) * 32_767) for n in range(65)]  # sin(0 .. pi/2) in 64 steps


def _wave(phase: int) -> int:
    """The sine at `phase` 256ths of a period, times 32,767."""
    quarter, at = divmod(phase & 255, 64)
    value = _QUARTER[at] if quarter % 2 == 0 else _QUARTER[64 - at]
    return value if quarter < 2 else -value


@lru_cache(maxsize=64)
def sine(hertz: int, ms: int, amplitude: int = 8_000) -> bytes:
    """A sine of 1-3,999 Hz, `ms` long; full scale is an `amplitude` of 32,767."""
    samples = (_wave(n * hertz * 256 // RATE) * amplitude // 32_767 for n in range(ms * RATE // 1000))
    return mulaw.encode(array("h", samples).tobytes())


def dtmf(key: str, ms: int = 100) -> bytes:
    """The two tones of a DTMF key (0-9, *, #, A-D). Raises ValueError for any other."""
    row = next((index for index, keys in enumerate(_KEYS) if key in keys), None)
    if row is None or len(key) != 1:
        raise ValueError(f"{key!r} is no key of a telephone")
    pair = (sine(hertz, ms, 6_000) for hertz in (_ROWS[row], _COLUMNS[_KEYS[row].index(key)]))
    low, high = (mulaw.decode(tone) for tone in pair)
    return mulaw.encode(audioop.add(low, high, 2))
