"""WAV files in and out. In: PCM of 8, 16, 24 or 32 bits, any rate, mono or stereo. Out: 16 bits at 8 kHz."""

from __future__ import annotations

import audioop
import io
import wave
from pathlib import Path

from telephony.audio import mulaw
from telephony.audio.resample import to_8k
from telephony.errors import TelephonyError


class BadAudio(TelephonyError):
    """A file that is no readable audio."""

    code = "bad_audio"


def read(source: Path | bytes) -> list[bytes]:
    """The channels of a WAV file as mu-law at 8 kHz. Raises BadAudio with what is wrong, in words."""
    name = str(source) if isinstance(source, Path) else "the audio"
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
        with wave.open(io.BytesIO(data)) as wav:
            width, channels, rate = wav.getsampwidth(), wav.getnchannels(), wav.getframerate()
            frames = wav.readframes(wav.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise BadAudio(f"{name} cannot be read as a PCM WAV file: {error}") from error
    if width not in (1, 2, 3, 4) or channels not in (1, 2) or not frames:
        raise BadAudio(f"{name} has {channels} channels of {8 * width} bits; one or two of 8 to 32 bits can be read")
    frames = frames[: len(frames) - len(frames) % (width * channels)]
    if width == 1:
        frames = audioop.bias(frames, 1, -128)
    pcm16 = audioop.lin2lin(frames, width, 2) if width != 2 else frames
    sides = [pcm16] if channels == 1 else [audioop.tomono(pcm16, 2, 1, 0), audioop.tomono(pcm16, 2, 0, 1)]
    return [mulaw.encode(to_8k(side, rate)) for side in sides]


def read_mono(source: Path | bytes) -> bytes:
    """All channels of a WAV file mixed into one, as mu-law at 8 kHz."""
    sides = read(source)
    if len(sides) == 1:
        return sides[0]
    left, right = (audioop.mul(mulaw.decode(side), 2, 0.5) for side in sides)
    return mulaw.encode(audioop.add(left, right, 2))


def write(path: Path, *channels: bytes) -> None:
    """Mu-law at 8 kHz -> a 16-bit WAV file, one or two channels; the shorter one is filled up with silence."""
    length = max(len(channel) for channel in channels)
    linear = [mulaw.decode(channel.ljust(length, mulaw.SILENCE)) for channel in channels]
    if len(linear) == 2:
        both = audioop.add(audioop.tostereo(linear[0], 2, 1, 0), audioop.tostereo(linear[1], 2, 0, 1), 2)
    else:
        both = linear[0]
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(len(linear))
        wav.setsampwidth(2)
        wav.setframerate(8_000)
        wav.writeframes(both)
