"""The voices of the generated callers: the program `espeak-ng`, if the machine has it.

It has many voices, which is what the bench needs; how they sound does not matter. It is a program of its own (GPL-3)
and no part of this package: only `scripts/bench turns` starts it, and nothing installs it.

The program does not say when it speaks which word. Spoken with a gap between the words, their lengths can be measured;
without the gap they are as long, or shorter by the same share.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from array import array
from dataclasses import dataclass
from functools import lru_cache

from telephony.audio import audioop, mulaw
from telephony.audio.resample import to_8k

GAP_10_MS = 30
LEAST_GAP_MS = 200
PEAK = 28_000
QUIET = 250
"""Quieter samples are not voice."""
MARGIN_MS = 50


class NoEspeak(RuntimeError):
    """The program is not installed, or lacks the voice."""


def available() -> bool:
    return shutil.which("espeak-ng") is not None


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """A voice of the program: its name, words per minute, and pitch (0-99)."""

    name: str = "en-us"
    words_per_minute: int = 165
    pitch: int = 45

    @property
    def key(self) -> str:
        return f"{self.name}|{self.words_per_minute}|{self.pitch}"

    def say(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        """(mu-law at 8 kHz, the end of each word in ms). Raises NoEspeak."""
        sound = self._pcm16(text, 0)
        begin, end = _voiced(sound)
        lengths, size = _words(self._pcm16(text, GAP_10_MS)), len(text.split())
        if len(lengths) != size:  # a word with a pause in it, or two that the program runs together
            lengths = [len(word) for word in text.split()]
        ends, so_far = [], 0
        for length in lengths:
            so_far += length
            ends.append(begin + (end - begin) * so_far // sum(lengths))
        first, last = max(0, begin - MARGIN_MS), end + MARGIN_MS
        return mulaw.encode(sound[first * 16 : last * 16]), tuple(at - first for at in ends)

    def _pcm16(self, text: str, gap: int) -> bytes:
        """At 8 kHz, as loud as possible."""
        wide, rate = _spoken(self.name, self.words_per_minute, self.pitch, gap, text)
        pcm16 = to_8k(wide, rate)
        return audioop.mul(pcm16, 2, PEAK / max(1, audioop.max(pcm16, 2)))


@lru_cache(maxsize=256)
def _spoken(name: str, words_per_minute: int, pitch: int, gap: int, text: str) -> tuple[bytes, int]:
    command = ["espeak-ng", "--stdout", "--stdin", "-b", "1", "-v", name, "-s", str(words_per_minute), "-p", str(pitch)]
    try:
        done = subprocess.run([*command, "-g", str(gap)], input=text.encode(), capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoEspeak(f"`scripts/bench turns` needs the program espeak-ng, with its voice {name}: {error}") from error
    with wave.open(io.BytesIO(done.stdout)) as file:
        return file.readframes(1 << 30), file.getframerate()


def _voiced(pcm16: bytes) -> tuple[int, int]:
    """The first and the last ms with voice; (0, length) without any."""
    loud = [index // 8 for index, sample in enumerate(array("h", pcm16)) if abs(sample) > QUIET]
    return (loud[0], loud[-1] + 1) if loud else (0, len(pcm16) // 16)


def _words(pcm16: bytes) -> list[int]:
    """The lengths in ms of the stretches of voice between the gaps."""
    found: list[list[int]] = []
    for ms in sorted({index // 8 for index, sample in enumerate(array("h", pcm16)) if abs(sample) > QUIET}):
        if found and ms - found[-1][1] < LEAST_GAP_MS:
            found[-1][1] = ms
        else:
            found.append([ms, ms])
    return [last - first + 1 for first, last in found]
