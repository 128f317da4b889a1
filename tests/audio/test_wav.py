"""WAV files in the variants that occur in practice."""

from __future__ import annotations

import array
import struct
import wave
from pathlib import Path

import pytest

from telephony.audio import audioop, level, mulaw, tones, wav
from telephony.errors import TelephonyError

TONE = tones.sine(440, 500)
LINEAR = mulaw.decode(TONE)


def file(samples: bytes, *, kind: int = 1, channels: int = 1, rate: int = 8_000, bits: int = 16, **odd: int) -> bytes:
    """A WAV file with an unrelated chunk of odd length before the format."""
    width = bits // 8
    format = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * width, channels * width, bits)
    if kind == 0xFFFE:
        format += struct.pack("<HHIH", 22, bits, 4, odd.get("subformat", 1)) + bytes(14)
    chunks = b"LIST" + struct.pack("<I", 3) + b"odd\0"
    chunks += b"fmt " + struct.pack("<I", len(format)) + format
    chunks += b"data" + struct.pack("<I", odd.get("size", len(samples))) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("kind", [1, 0xFFFE])
def test_every_width_and_both_headers(bits: int, kind: int) -> None:
    """The "extensible" header, usual for 24 bits, is read on every Python."""
    samples = audioop.lin2lin(LINEAR, 2, bits // 8)
    if bits == 8:
        samples = audioop.bias(samples, 1, 128)
    (heard,) = wav.read(file(samples, bits=bits, kind=kind))
    error = audioop.add(mulaw.decode(heard), audioop.mul(LINEAR, 2, -1), 2)
    assert len(heard) == len(TONE)
    assert audioop.rms(error, 2) < 200


def test_a_mulaw_file_is_read_unchanged() -> None:
    """Call recordings are often mu-law, and are not converted."""
    assert wav.read(file(TONE, kind=7, bits=8)) == [TONE]


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
def test_every_rate(rate: int) -> None:
    """Length and loudness are preserved."""
    samples = array.array("h", [int(8_000 * ((n * 440 * 2 // rate) % 2 * 2 - 1)) for n in range(rate)]).tobytes()
    (heard,) = wav.read(file(samples, rate=rate))
    assert abs(len(heard) - 8_000) <= 2
    assert abs(level.level(heard) - level.level_pcm16(samples)) < 10


def test_stereo_out_and_in(tmp_path: Path) -> None:
    """Both sides of a call in one file: the shorter side is padded with silence, and the sides do not mix."""
    path = tmp_path / "call.wav"
    wav.write(path, TONE, TONE[:800])
    with wave.open(str(path)) as written:
        assert written.getparams()[:4] == (2, 2, 8_000, len(TONE))
    left, right = wav.read(path)
    assert left == TONE
    assert right == TONE[:800] + b"\xff" * (len(TONE) - 800)
    assert level.level(wav.read_mono(path)[:800]) == pytest.approx(level.level(TONE[:800]), abs=3)
    wav.write(path, TONE)
    assert wav.read(path) == [TONE]


def test_header_of_a_pipe() -> None:
    """A recorder that writes to a pipe cannot know the length; all data present is read."""
    for size in (0, 0xFFFF_FFFF):
        assert wav.read(file(LINEAR, size=size)) == [TONE]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a WAV"),
        (b"ID3\x04" + bytes(500), "not a WAV"),
        (b"<html>not found</html>", "not a WAV"),
        (file(LINEAR)[:-100], "cut off"),
        (file(LINEAR)[:40], "cut off"),
        (file(LINEAR)[:20], "cut off"),
        (file(b""), "no sound"),
        (file(bytes(16), kind=3, bits=32), "floating-point"),
        (file(bytes(16), kind=0xFFFE, subformat=3, bits=32), "floating-point"),
        (file(bytes(16), kind=85), "compressed"),
        (file(bytes(18), channels=3), "3 channels"),
        (file(bytes(16), rate=0), "sample rate"),
    ],
)
def test_unreadable_files_are_refused_with_a_reason(data: bytes, why: str) -> None:
    """An MP3, an error page or a truncated file is never played as noise."""
    with pytest.raises(wav.BadAudio, match=why) as caught:
        wav.read(data)
    assert isinstance(caught.value, TelephonyError)
    assert caught.value.code == "bad_audio"


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(wav.BadAudio, match=r"nothing\.wav"):
        wav.read(tmp_path / "nothing.wav")
