"""Reads and writes WAV files.

Reads PCM of 8, 16, 24 or 32 bits, or mu-law, mono or stereo, at any rate, with plain or "extensible" headers. Recorders
write the latter for 24 bits; the standard library reads them only from Python 3.12 on, hence our own reader. Writes
16 bits at 8 kHz.
"""

from __future__ import annotations

import audioop
import struct
import wave
from pathlib import Path
from typing import NamedTuple

from telephony.audio import mulaw
from telephony.audio.resample import to_8k
from telephony.errors import TelephonyError

_PCM, _FLOAT, _MULAW, _EXTENSIBLE = 1, 3, 7, 0xFFFE
_PIECE = 8_000 * 60  # samples written at once: a long call is eight times as large in 16 bits and two channels
_STREAMED = (0, 0xFFFF_FFFF)  # data sizes in headers that were written before the data and never corrected


class BadAudio(TelephonyError):
    """The file is not readable audio."""

    code = "bad_audio"


class _Format(NamedTuple):
    kind: int
    channels: int
    rate: int
    bits: int


def read(source: Path | bytes) -> list[bytes]:
    """The channels of a WAV file as mu-law at 8 kHz. Raises BadAudio with a sentence that says what is wrong."""
    name = str(source) if isinstance(source, Path) else "the audio"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise BadAudio(f"{name} cannot be read: {error.strerror or error}") from error
    try:
        format, samples = _parts(data)
        pcm16 = _linear(format, samples)
        mixes = [(1, 0), (0, 1)] if format.channels == 2 else []
        sides = [audioop.tomono(pcm16, 2, *mix) for mix in mixes] or [pcm16]
        return [mulaw.encode(to_8k(side, format.rate)) for side in sides]
    except ValueError as error:
        raise BadAudio(f"{name} cannot be used: {error}") from error


def read_mono(source: Path | bytes) -> bytes:
    """All channels of a WAV file mixed into one, as mu-law at 8 kHz. Raises BadAudio."""
    sides = read(source)
    if len(sides) == 1:
        return sides[0]
    left, right = (audioop.mul(mulaw.decode(side), 2, 0.5) for side in sides)
    return mulaw.encode(audioop.add(left, right, 2))


def write(path: Path, *channels: bytes) -> None:
    """Mu-law at 8 kHz -> a 16-bit WAV file, one or two channels; the shorter one is padded with silence."""
    if len(channels) not in (1, 2):
        raise ValueError("only one or two channels can be written")
    length = max(len(channel) for channel in channels)
    with path.open("wb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(len(channels))
        wav.setsampwidth(2)
        wav.setframerate(8_000)
        for at in range(0, length, _PIECE):
            size = min(_PIECE, length - at)
            linear = [mulaw.decode(channel[at : at + size].ljust(size, mulaw.SILENCE)) for channel in channels]
            if len(linear) == 2:
                left, right = audioop.tostereo(linear[0], 2, 1, 0), audioop.tostereo(linear[1], 2, 0, 1)
                linear = [audioop.add(left, right, 2)]
            wav.writeframesraw(linear[0])


def _parts(data: bytes) -> tuple[_Format, bytes]:
    """The format and the samples. The ValueErrors it raises continue the sentence in `read`."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("it is not a WAV file")
    format, at = None, 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if kind == b"fmt ":
            format = _format(data[at : at + size])
        elif kind == b"data":
            if format is None:
                raise ValueError("its samples come before their format")
            samples = data[at:] if size in _STREAMED else data[at : at + size]
            if len(samples) < size and size not in _STREAMED:
                raise ValueError(f"it is cut off: it has {len(samples)} of {size} bytes")
            if not samples:
                raise ValueError("it contains no sound")
            return format, samples
        at += size + size % 2
    raise ValueError("it is cut off: it contains no samples")


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise ValueError("its header is cut off")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = struct.unpack_from("<H", chunk, 24)[0]
    if (kind, bits) not in ((_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_MULAW, 8)):
        what = "floating-point" if kind == _FLOAT else "compressed" if kind != _PCM else "linear"
        raise ValueError(f"it has {what} samples of {bits} bits; linear samples of 8, 16, 24 or 32 bits are needed")
    if channels not in (1, 2):
        raise ValueError(f"it has {channels} channels; only one or two can be read")
    return _Format(kind, channels, rate, bits)


def _linear(format: _Format, samples: bytes) -> bytes:
    """Samples of any format -> 16 bits, channels interleaved; an incomplete last sample is dropped."""
    width = format.bits // 8
    samples = samples[: len(samples) - len(samples) % (width * format.channels)]
    if format.kind == _MULAW:
        return mulaw.decode(samples)
    if width == 1:
        samples = audioop.bias(samples, 1, -128)  # 8-bit WAV samples are unsigned
    return audioop.lin2lin(samples, width, 2)
