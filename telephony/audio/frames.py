"""Frames of 20 ms: 160 bytes of mu-law at 8 kHz."""

from __future__ import annotations

from collections.abc import Iterator

from telephony.audio.mulaw import SILENCE

FRAME_BYTES = 160
FRAME_MS = 20
BYTES_PER_MS = 8


def ms(pcmu: bytes) -> int:
    """How long mu-law audio lasts, in whole milliseconds."""
    return len(pcmu) // BYTES_PER_MS


def silence(length_ms: int) -> bytes:
    """Mu-law silence."""
    return SILENCE * (length_ms * BYTES_PER_MS)


def frames(pcmu: bytes) -> Iterator[bytes]:
    """160-byte frames; the last one is filled up with silence."""
    for at in range(0, len(pcmu), FRAME_BYTES):
        yield pcmu[at : at + FRAME_BYTES].ljust(FRAME_BYTES, SILENCE)


class Reframer:
    """Pieces of any size in, multiples of 160 bytes out: odd pieces in the middle of a stream would click.

    The remainder (at most 159 bytes) waits for the next piece; only the end of the stream is filled up.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, pcmu: bytes) -> bytes:
        """As many whole frames as there are now; possibly none."""
        whole = self._rest + pcmu
        end = len(whole) - len(whole) % FRAME_BYTES
        self._rest = whole[end:]
        return whole[:end]

    def flush(self) -> bytes:
        """The remainder as one frame, filled up with silence; b"" if there is none."""
        rest, self._rest = self._rest, b""
        return rest.ljust(FRAME_BYTES, SILENCE) if rest else b""
