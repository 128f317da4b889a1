"""Frames of 20 ms: 160 bytes of mu-law at 8 kHz."""

from __future__ import annotations

from collections.abc import Iterator

from telephony.audio.mulaw import SILENCE

FRAME_BYTES = 160
FRAME_MS = 20
BYTES_PER_MS = 8


def ms(pcmu: bytes) -> int:
    """The duration of mu-law audio in whole milliseconds."""
    return len(pcmu) // BYTES_PER_MS


def silence(length_ms: int) -> bytes:
    """`length_ms` of mu-law silence."""
    return SILENCE * (length_ms * BYTES_PER_MS)


def frames(pcmu: bytes) -> Iterator[bytes]:
    """Yields 160-byte frames; the last one is padded with silence."""
    for at in range(0, len(pcmu), FRAME_BYTES):
        yield pcmu[at : at + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE)
