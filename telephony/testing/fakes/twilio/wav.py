"""Both sides of a call as a WAV file."""

from __future__ import annotations

import struct
import wave
from pathlib import Path


def write_stereo(path: str | Path, left_pcmu: bytes, right_pcmu: bytes) -> None:
    """Writes two sides, mu-law 8 kHz, as 16 bit stereo; the shorter one is padded with silence."""
    length = max(len(left_pcmu), len(right_pcmu))
    both = bytearray(4 * length)
    for offset, side in ((0, left_pcmu), (2, right_pcmu)):
        filled = side.ljust(length, b"\xff")
        both[offset::4] = filled.translate(_LOW)
        both[offset + 1 :: 4] = filled.translate(_HIGH)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(both)


def _pcm16(code: int) -> int:
    """One mu-law sample as a signed 16 bit integer (ITU-T G.711)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -magnitude if code & 0x80 else magnitude


_LOW = bytes(struct.pack("<h", _pcm16(code))[0] for code in range(256))
_HIGH = bytes(struct.pack("<h", _pcm16(code))[1] for code in range(256))
