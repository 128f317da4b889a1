"""A recogniser for the local STT that identifies recordings by their first frame and gives the words of their labels.

Mu-law passes from the carrier to the recogniser unchanged, and no two recordings begin with the same 20 ms of line
noise, so the first frame identifies the recording. A word is recognised in the frame in which its label ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from telephony.audio.frames import FRAME_BYTES, FRAME_MS, frames
from telephony.core.language.words import words as plain_words
from telephony.testing.fakes.elevenlabs.stt.faults import SttLatency
from telephony.testing.recorded_stt import SpokenWord


@dataclass(frozen=True, slots=True)
class KnownClip:
    """A recording (whole frames of mu-law) and its words, whose ends count from its start."""

    name: str
    pcmu: bytes
    words: tuple[SpokenWord, ...]

    @property
    def written(self) -> str:
        """Its words as the STT writes them."""
        return " ".join(text for word in self.words if (text := " ".join(plain_words(word.text))))

    @property
    def first_frame(self) -> bytes:
        return self.pcmu[:FRAME_BYTES]


class ClipStt:
    """A `Recognizer` for one connection, with the latency that `latency_of` gives for the clip heard last."""

    def __init__(self, clips: Mapping[bytes, KnownClip], latency_of: Callable[[str], SttLatency]) -> None:
        self.latency = SttLatency()
        self._clips, self._latency_of = clips, latency_of
        self._ms = 0
        self._words: list[tuple[int, int, str]] = []  # (begins, ends, word), not committed yet

    def hear(self, pcmu: bytes) -> None:
        for frame in frames(pcmu):
            if (clip := self._clips.get(frame)) is not None:
                self.latency = self._latency_of(clip.name)
                begins = self._ms
                for word in clip.words:
                    if text := " ".join(plain_words(word.text)):
                        self._words.append((begins, self._ms + word.end_ms, text))
                    begins = self._ms + word.end_ms
            self._ms += FRAME_MS

    async def partial(self) -> str:
        return " ".join(text for _, _, text in self._said())

    async def commit(self) -> tuple[str, list[tuple[str, float, float]]]:
        said = self._said()
        del self._words[: len(said)]
        return " ".join(text for _, _, text in said), [(text, a / 1_000, b / 1_000) for a, b, text in said]

    def _said(self) -> list[tuple[int, int, str]]:
        return [word for word in self._words if word[1] <= self._ms]
