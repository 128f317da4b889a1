"""Local TTS: espeak-ng through ctypes. Needs no account and no network; sounds synthetic.

The library has global state, so a lock guards it and it runs in a thread. It synthesises at 22,050 Hz; complete
sentences are resampled to 8 kHz with an anti-alias filter. Word events give the times of the words; the characters of a
word share its time evenly. First audio takes under a millisecond, a sentence about ten.

The same sentence does not always give the same bytes, so exact tests compare timing and text, never samples.
"""

from __future__ import annotations

import asyncio
import ctypes
import threading
from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from telephony.audio import audioop, mulaw
from telephony.audio.resample import to_8k
from telephony.errors import TelephonyError
from telephony.testing.steady import time_stands_still

RATE = 22_050
PEAK = 28_000
"""The loudest sample after normalisation; gives -20 to -21 dBFS RMS, measured on sentences."""
QUIET = 250
"""Quieter samples at either end are trimmed."""
MARGIN = 400  # samples of 8 kHz kept around the voice: 50 ms
TAIL = 480  # the same after it: 60 ms, so that a soft last sound is whole

_LOCK = threading.Lock()
_EVENT_WORD = 1


Starts = list[tuple[int, int, int]]
"""Words as (first character, length, start in ms)."""


class NotInstalled(TelephonyError):
    """A local part is not installed."""

    code = "offline_not_installed"


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Library:
    """espeak-ng, initialised once. Use it only with the lock held."""

    def __init__(self) -> None:
        try:
            import espeakng_loader
        except ImportError:
            raise NotInstalled("the local speech synthesiser needs: pip install 'telephony[offline]'") from None
        self._lib: Any = ctypes.cdll.LoadLibrary(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
        self._lib.espeak_Initialize(2, 500, str(data).encode(), 0x8000)  # synchronous; never exit()
        self._samples = array("h")
        self._words: Starts = []
        self._callback = _Callback(self._collect)  # keeps a reference: the library holds none
        self._lib.espeak_SetSynthCallback(self._callback)

    def _collect(self, wav: Any, count: int, events: Any) -> int:
        index = 0
        while events and events[index].type != 0:
            event = events[index]
            if event.type == _EVENT_WORD:
                self._words.append((event.text_position - 1, event.length, event.audio_position))
            index += 1
        if wav and count > 0:
            self._samples.frombytes(ctypes.string_at(wav, count * 2))
        return 0

    def speak(
        self, text: str, voice: str, words_per_minute: int, pitch: int
    ) -> tuple[bytes, list[tuple[int, int, int]]]:
        """(16-bit samples at 22,050 Hz, words as (first character, length, ms))."""
        self._samples, self._words = array("h"), []
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:  # the previous voice would speak instead
            raise NotInstalled(f"the local speech synthesiser has no voice {voice}")
        self._lib.espeak_SetParameter(1, words_per_minute, 0)
        self._lib.espeak_SetParameter(3, pitch, 0)
        encoded = text.encode() + b"\0"
        self._lib.espeak_Synth(encoded, len(encoded), 0, 0, 0, 1, None, None)
        return self._samples.tobytes(), self._words


@lru_cache(maxsize=1)
def _library() -> _Library:
    return _Library()


@dataclass(frozen=True, slots=True)
class EspeakTts:
    """A voice: an espeak voice name, a speed and a pitch (0-99)."""

    name: str = "en-us"
    words_per_minute: int = 165
    pitch: int = 45

    def say(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        """Returns (mu-law at 8 kHz, end of each character in ms). Blocks for some milliseconds. Raises NotInstalled."""
        with _LOCK:
            samples, words = _library().speak(text, self.name, self.words_per_minute, self.pitch)
        narrow = _normalised(to_8k(samples, RATE))
        begin, end = _voiced(narrow)
        pcmu = mulaw.encode(narrow[begin * 2 : end * 2])
        return pcmu, _ends(text, words, len(pcmu) // 8, begin // 8)

    async def synthesize(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        """`say` in a thread, in the form that the local TTS server expects."""
        with time_stands_still():
            return await asyncio.to_thread(self.say, text)


def _normalised(pcm16: bytes) -> bytes:
    peak = audioop.max(pcm16, 2) if pcm16 else 0
    return audioop.mul(pcm16, 2, PEAK / peak) if peak else pcm16


def _voiced(pcm16: bytes) -> tuple[int, int]:
    """The range of samples that contains the voice, with a margin: (first, end)."""
    samples = array("h", pcm16)
    loud = [index for index in range(0, len(samples), 8) if abs(samples[index]) > QUIET]
    if not loud:
        return 0, len(samples)
    return max(0, loud[0] - MARGIN), min(len(samples), loud[-1] + TAIL)


def _ends(text: str, words: Starts, total_ms: int, cut_ms: int) -> tuple[int, ...]:
    """The end of each character in ms, from the starts of the words. Monotone; the last is the end of the audio."""
    anchors = [(position, max(0, ms - cut_ms)) for position, _, ms in words if 0 <= position < len(text)]
    points = sorted({0: 0, **dict(anchors), len(text): total_ms}.items())
    ends: list[int] = []
    for (first, begin), (last, end) in pairwise(points):
        end = max(begin, min(end, total_ms))
        ends += [begin + (end - begin) * (index + 1) // (last - first) for index in range(last - first)]
    highest = 0
    for index, end in enumerate(ends):
        highest = max(highest, min(end, total_ms))
        ends[index] = highest
    return tuple(ends)
