"""mu-law (G.711, 8 kHz, one byte a sample) <-> 16-bit linear PCM (little-endian), using the C codec of `audioop`."""

from __future__ import annotations

import audioop

SILENCE = b"\xff"
"""One sample of silence. 0x00 would be full scale; 0x7F is also silence, and re-encodes to 0xFF."""


def encode(pcm16: bytes) -> bytes:
    """16-bit linear -> mu-law. Raises ValueError for an odd number of bytes."""
    if len(pcm16) % 2:
        raise ValueError("16-bit audio has an even number of bytes")
    return audioop.lin2ulaw(pcm16, 2)


def decode(pcmu: bytes) -> bytes:
    """mu-law -> 16-bit linear: twice as many bytes."""
    return audioop.ulaw2lin(pcmu, 2)
