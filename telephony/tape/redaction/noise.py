"""Sound that says nothing: noise with the level of what it replaces. Pure."""

from __future__ import annotations

from functools import lru_cache

from telephony.audio import audioop, mulaw


def noise(pcmu: bytes, silence: bool = False) -> bytes:
    """Noise with the length and, frame by frame, the level of `pcmu`, with the spectrum of speech; or silence."""
    if silence:
        return mulaw.SILENCE * len(pcmu)
    made = bytearray()
    for at in range(0, len(pcmu), 160):
        frame = mulaw.decode(pcmu[at : at + 160])
        begin = at * 2 % (len(_noise()) - 320)
        piece = _noise()[begin : begin + len(frame)]
        made += mulaw.encode(audioop.mul(piece, 2, audioop.rms(frame, 2) / max(1, audioop.rms(piece, 2))))
    return bytes(made)


@lru_cache(maxsize=1)
def _noise() -> bytes:
    """A second of noise (16-bit PCM at 8 kHz) that falls off towards high frequencies, the same on every machine."""
    state, smooth, samples = 1, 0, []
    for _ in range(8_000):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        smooth += ((state >> 8) % 8_001 - 4_000 - smooth) // 4
        samples.append(smooth)
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
