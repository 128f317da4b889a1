"""Ears for recorded audio: the simulator's caller speaks from recordings, and a scripted recogniser knows the words.

    sim.hears(at, clip)            # the clip's first frame begins at `at`; from there on it hides the clips before it

Theory of operation. Each frame of a clip is what the voice detector made of it, so the core sees real onsets, tails
and levels. Where no clip is, the line goes on: the first frames of the first clip are repeated (clips begin with the
line's own noise). The recogniser gives a word when it is over: partials come `Latencies.partial` late, finals
`Latencies.final` after their commit. A commit in the middle of a word gives what is complete; one with less than 0.3 s
of new audio is refused, as the real service does. With `error_share` some words of a partial are not what was said
(another word, none, or half of it); the final has them right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from telephony.audio.frames import FRAME_MS
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.language.words import words as plain_words
from telephony.testing.written import written

LEAST_COMMIT_MS = 300
LEAD_FRAMES = 48
"""What is repeated where no clip is: just under a second, and a whole number of detector windows."""
MISHEARD = tuple("the a and then there it is that in for to of one two so but well".split())
"""What a recogniser puts in place of a word that it is not sure of yet."""


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """20 ms: mu-law, the detector's answer (thousandths or None) and the level (tenths of dBFS)."""

    pcmu: bytes
    speech: int | None
    level: int


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it would be written, and when it is over, in ms from the start of its clip."""

    text: str
    end_ms: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording as the core hears it."""

    frames: Sequence[HeardFrame]
    words: Sequence[SpokenWord]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """How the scripted recogniser writes. `punctuated`: as the real service does, with a full stop where a segment is
    closed; otherwise lower case and nothing else. `figures`: what is dictated is written in figures, as addresses and
    letter by letter. `error_share`: of the words in partials, in percent."""

    punctuated: bool = False
    figures: bool = False
    error_share: int = 0
    seed: int = 0


class _Latencies(Protocol):
    partial: int
    final: int


class RecordedStt:
    """The simulator's ears, for recordings. `send(at, event, valid)` puts an event on the simulator's list."""

    def __init__(
        self, send: Callable[[int, e.Event, Callable[[], bool]], None], latencies: _Latencies, how: Recogniser
    ) -> None:
        self._send, self._latencies, self._how = send, latencies, how
        self._clips: list[tuple[int, Clip]] = []
        self._words: list[tuple[int, str, str]] = []  # (over at, as said, as a partial has it)
        self._now = 0
        self._taken = 0
        self._committed_ms = 0
        self._last_partial = ""

    def add(self, at: int, clip: Clip) -> None:
        """The clip's first frame begins at `at` (a multiple of 20 ms, later than that of the clip before)."""
        self._clips.append((at, clip))
        rng = Random(f"{self._how.seed}/{len(self._words)}")
        for word in clip.words:
            text = word.text if self._how.punctuated else " ".join(plain_words(word.text))
            if text:
                self._words.append((at + word.end_ms, text, self._misheard(text, rng)))

    def perform(self, action: a.Action) -> None:
        if not isinstance(action, a.CommitTranscript):
            return
        at = self._now + self._latencies.final
        if self._now - self._committed_ms < LEAST_COMMIT_MS:
            self._send(at, e.CommitRefused(action.commit), lambda: True)
            return
        count = self._said()
        text = self._written([said for _, said, _ in self._words[self._taken : count]])
        self._taken, self._committed_ms, self._last_partial = count, self._now, ""
        self._send(at, e.TranscriptFinal(action.commit, text), lambda: True)

    def frame(self, now: int) -> e.AudioReceived:
        """The frame that is complete at `now`."""
        self._now, start = now, now - FRAME_MS
        partial = " ".join(part for _, _, part in self._words[self._taken : self._said()] if part)
        partial = written(partial) if self._how.figures else partial
        if partial != self._last_partial:
            self._last_partial, taken = partial, self._taken
            self._send(now + self._latencies.partial, e.TranscriptPartial(partial), lambda: self._taken == taken)
        frame = self._frame(start)
        return e.AudioReceived(frame.pcmu, start, frame.speech, frame.level)

    def _frame(self, start: int) -> HeardFrame:
        for at, clip in reversed(self._clips):
            if at <= start < at + len(clip.frames) * FRAME_MS:
                return clip.frames[(start - at) // FRAME_MS]
        lead = self._clips[0][1].frames[:LEAD_FRAMES]
        return lead[start // FRAME_MS % len(lead)]

    def _said(self) -> int:
        """How many words are over by now."""
        return sum(1 for at, _, _ in self._words if at <= self._now)

    def _written(self, words: list[str]) -> str:
        text = written(" ".join(words)) if self._how.figures else " ".join(words)
        if not text or not self._how.punctuated:
            return text
        return text[0].upper() + text[1:].rstrip(",") + ("" if text[-1] in ".?!" else ".")

    def _misheard(self, text: str, rng: Random) -> str:
        """What a partial has for the word: itself, another word, nothing, or half of it."""
        chance, kind = rng.randrange(100), rng.randrange(3)
        if chance >= self._how.error_share:
            return text
        return (rng.choice(MISHEARD), "", text[: max(1, len(text) // 2)])[kind]
