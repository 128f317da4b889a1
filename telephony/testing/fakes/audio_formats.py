"""The vendors' audio formats, as streams: local servers work in mu-law at 8 kHz inside, whatever a client asks for.

Decoder("pcm_16000").decode(data)      # -> mu-law, 8 kHz
Encoder("pcm_24000").encode(pcmu)      # -> 16-bit little-endian, 24 kHz
"""

from __future__ import annotations

import audioop

RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
PCM = tuple(f"pcm_{rate}" for rate in RATES)


def rate_of(name: str) -> int:
    """Hz of "ulaw_8000", "pcm_24000" and the like."""
    return int(name.split("_")[1])


class Decoder:
    """Audio in format `name` ("ulaw_8000" or one of `PCM`) to mu-law at 8 kHz, piece by piece."""

    def __init__(self, name: str) -> None:
        self._pcm, self._rate = name.startswith("pcm_"), rate_of(name)
        self._state: object = None

    def decode(self, data: bytes) -> bytes:
        """Raises ValueError if a piece ends within a sample."""
        if not self._pcm:
            return data
        if len(data) % 2:
            raise ValueError("16-bit audio has an even number of bytes")
        if self._rate != 8_000 and data:
            data, self._state = audioop.ratecv(data, 2, 1, self._rate, 8_000, self._state)  # type: ignore[arg-type]
        return audioop.lin2ulaw(data, 2)


class Encoder:
    """Mu-law at 8 kHz to format `name` ("ulaw_8000", "alaw_8000" or one of `PCM`), piece by piece."""

    def __init__(self, name: str) -> None:
        self._name, self._rate = name.split("_")[0], rate_of(name)
        self._state: object = None

    def encode(self, pcmu: bytes) -> bytes:
        if self._name == "ulaw":
            return pcmu
        pcm16 = audioop.ulaw2lin(pcmu, 2)
        if self._name == "alaw":
            return audioop.lin2alaw(pcm16, 2)
        if self._rate != 8_000:
            pcm16, self._state = audioop.ratecv(pcm16, 2, 1, 8_000, self._rate, self._state)  # type: ignore[arg-type]
        return pcm16
