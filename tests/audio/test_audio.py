"""Codec, levels, frames, tones and sample rates."""

from __future__ import annotations

import array
import hashlib
import math
import random
from collections.abc import Callable

import pytest

from telephony.audio import audioop, frames, level, mulaw, resample, tones


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def every_sample() -> bytes:
    return array.array("h", range(-32_768, 32_768)).tobytes()


def noise(samples: int, seed: int = 1) -> bytes:
    chance = random.Random(seed)
    return array.array("h", (chance.randrange(-20_000, 20_000) for _ in range(samples))).tobytes()


def pure(hertz: int, rate: int, amplitude: int = 10_000) -> bytes:
    return array.array("h", (int(amplitude * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate))).tobytes()


def test_silence_is_0xff() -> None:
    """0x00 is full scale, not silence: padding with zero bytes would be a bang."""
    assert mulaw.encode(bytes(2)) == mulaw.SILENCE == b"\xff"
    assert mulaw.decode(b"\xff") == bytes(2)
    assert level.level(b"\x00" * 160) > -10
    assert mulaw.encode(mulaw.decode(b"\x7f")) == b"\xff"


def test_mulaw_round_trip() -> None:
    """Every code survives decoding and encoding, except for the second zero."""
    codes = bytes(range(256))
    assert mulaw.encode(mulaw.decode(codes)) == codes.replace(b"\x7f", b"\xff")
    with pytest.raises(ValueError, match="even"):
        mulaw.encode(b"\x00")


def test_the_same_bytes_on_every_python() -> None:
    """Codec, levels, tones and resampling are bit-exact, so a tape made on one Python replays on another."""
    pcmu = mulaw.encode(noise(8_000))
    wide, state = resample.double(mulaw.decode(pcmu[:160]))
    assert digest(mulaw.encode(every_sample())) == "81d633c9e6972a18"
    assert digest(mulaw.decode(bytes(range(256)))) == "3dab54339e520bb2"
    assert digest(repr([level.level(bytes([code]) * 160) for code in range(256)]).encode()) == "bd1bf8f66ecfd90b"
    assert digest(repr([level.level(frame) for frame in frames.frames(pcmu)]).encode()) == "7d67d4c2826e9f8c"
    assert digest(wide + resample.double(mulaw.decode(pcmu[160:320]), state)[0]) == "f022ca0c0e2888b5"
    assert (
        digest(b"".join(tones.dtmf(key) for key in "0123456789*#ABCD") + tones.sine(1_000, 400, 16_000))
        == "71dcc73af30bd684"
    )
    assert digest(resample.plain_to_8k(noise(4_410), 44_100)) == "a8df3441979ffd58"


def test_levels_in_tenths_of_dbfs() -> None:
    """Digital silence is the floor, full scale is about 0, and levels in between are accurate to 0.15 dB."""
    assert level.level(mulaw.SILENCE * 160) == level.level(b"") == level.FLOOR == -960
    assert level.level_pcm16(bytes(320)) == level.FLOOR
    assert level.level_pcm16(array.array("h", [-32_768] * 160).tobytes()) in (-1, 0)
    square = array.array("h", [32_767, -32_767] * 80).tobytes()
    assert level.level_pcm16(square) in (-1, 0)
    for amplitude in (30_000, 8_000, 500, 33, 2, 1):
        wave = array.array("h", [amplitude, -amplitude] * 80).tobytes()
        assert abs(level.level_pcm16(wave) - 200 * math.log10(amplitude / 32_768)) <= 1.5


def test_frames_of_odd_audio() -> None:
    """The last frame is padded with silence; no audio gives no frame."""
    assert list(frames.frames(b"\x01" * 161)) == [b"\x01" * 160, b"\x01" + b"\xff" * 159]
    assert list(frames.frames(b"")) == []
    assert frames.silence(40) == b"\xff" * 320
    assert frames.ms(b"\x01" * 161) == 20


def energy(pcmu: bytes, hertz: int) -> float:
    """Magnitude of one frequency, by the Goertzel algorithm."""
    samples = array.array("h", mulaw.decode(pcmu))
    re = sum(x * math.cos(2 * math.pi * hertz * n / 8_000) for n, x in enumerate(samples))
    im = sum(x * math.sin(2 * math.pi * hertz * n / 8_000) for n, x in enumerate(samples))
    return math.hypot(re, im) / max(1, len(samples))


def test_tones_have_the_right_frequencies() -> None:
    """A sine has one frequency, a DTMF key two."""
    assert len(tones.sine(440, 250)) == 2_000
    assert energy(tones.sine(440, 500), 440) > 20 * energy(tones.sine(440, 500), 880)
    five = tones.dtmf("5", 200)
    strong = [hertz for hertz in (697, 770, 852, 941, 1209, 1336, 1477, 1633) if energy(five, hertz) > 1_000]
    assert strong == [770, 1336]
    assert level.level(tones.sine(1_000, 400, 16_000)) > -150
    for wrong in ("", "E", "12"):
        with pytest.raises(ValueError, match="no key"):
            tones.dtmf(wrong)


@pytest.mark.parametrize("to_8k", [resample.to_8k, resample.plain_to_8k])
def test_nothing_above_the_phone_band_folds_back(to_8k: Callable[[bytes, int], bytes]) -> None:
    """Dropping samples would alias hiss into tones. Frequencies within the phone band keep their level."""
    for rate in (16_000, 44_100, 48_000):
        kept, folded = to_8k(pure(1_000, rate), rate), to_8k(pure(5_000, rate), rate)
        assert abs(len(kept) - 16_000) <= 4
        assert audioop.rms(kept, 2) == pytest.approx(7_071, rel=0.01)
        assert audioop.rms(folded[800:-800], 2) < 25
    with pytest.raises(ValueError, match="sample rate"):
        resample.to_8k(b"\x00\x00", 7)


def test_doubling_in_pieces_is_doubling_at_once() -> None:
    """The detector hears a continuous stream without seams between frames."""
    pcm16, whole, state, pieces = noise(1_600), b"", None, b""
    whole, _ = resample.double(pcm16)
    for at in range(0, len(pcm16), 320):
        piece, state = resample.double(pcm16[at : at + 320], state)
        pieces += piece
    assert pieces == whole
