"""STT for recorded audio: the simulator's caller speaks from recordings, and a scripted recogniser knows the words.

    sim.hears(at, clip)            # the clip's first frame begins at `at`; from there on it replaces earlier clips

Theory of operation. Each frame of a clip holds the voice detector's result for it, so the core sees real onsets, tails
and levels. Between clips, the first frames of the first clip are repeated: clips begin with the noise of the line. The
recogniser yields a word when it has ended: partials come `Latencies.partial` later, finals `Latencies.final` after
their commit. A commit in the middle of a word yields the complete words; one with less than 0.3 s of new audio is
refused, as by the real service. With `error_share`, some words of a partial are wrong (another word, none, or half of
the word); the final has them right. With `errors` the recogniser errs as real ones do. With a `model`, the words are
what a real recogniser makes of the audio.
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
MODEL_PARTIALS_MS = 100
"""How often a `model` is asked for its partial transcript: the port sends audio in chunks of this length."""
LEAD_FRAMES = 48
"""How many frames are repeated between clips: just under a second, and a whole number of detector windows."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A recogniser's message: the whole text so far of the segment that is not committed yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """A recogniser's message: the text of a committed segment, or (`commit` 0) of one that it closed by itself."""

    commit: int
    text: str


Scripted = e.Event | Partial | Final


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """20 ms: mu-law audio, the detector's speech probability (thousandths, or None) and the level (tenths of dBFS)."""

    pcmu: bytes
    speech: int | None
    level: int


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word as it is written, and its end in ms from the start of its clip."""

    text: str
    end_ms: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording: its frames, and its words in order."""

    frames: Sequence[HeardFrame]
    words: Sequence[SpokenWord]


MISHEARD = tuple("the a and then there it is that in for to of one two so but well".split())
"""Words that a recogniser writes instead of one that it got wrong."""


class Errors(Protocol):
    """How a recogniser errs. Delays in ms, evenly between bounds: of partials from the end of a word, of finals from
    the commit; `figures`: percentage of finals with numbers as figures."""

    @property
    def figures(self) -> int: ...
    @property
    def partial_ms(self) -> tuple[int, int]: ...
    @property
    def final_ms(self) -> tuple[int, int]: ...

    def heard(self, word: str, rng: Random) -> tuple[str, str]:
        """(the word in the final, the word in partials); either may be "" or two words."""

    def punctuated(self, text: str, end: str, rng: Random) -> str:
        """`text` as a sentence that ends with the mark `end`, if the recogniser gets it right."""


class SttModel(Protocol):
    """A real recogniser, as `telephony.offline.blocking.local_stt` makes one."""

    def hear(self, pcmu: bytes) -> None: ...

    def partial(self) -> str: ...

    def commit(self) -> tuple[str, list[tuple[str, float, float]]]: ...


@dataclass(frozen=True, slots=True)
class TranscriptStyle:
    """How the scripted recogniser writes. `punctuated`: with capitals and punctuation, as the real service does, and a
    full stop at the end of a segment; otherwise in lower case without punctuation. `figures`: dictated digits, letters
    and e-mail addresses are written as by `written.py`. `error_share`: percentage of wrong words in partials. `errors`
    takes the place of these three, and of the simulator's latencies."""

    punctuated: bool = False
    figures: bool = False
    error_share: int = 0
    seed: int = 0
    errors: Errors | None = None
    model: Callable[[], SttModel] | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as finals and as partials have it, its end in ms of the call, and the mark of a sentence ending here."""

    end_ms: int
    final: str
    partial: str
    end: str = "."


class _Latencies(Protocol):
    partial: int
    final: int


class RecordedStt:
    """The simulator's STT for recordings. `send(at, event, valid)` schedules an event, as `Simulator.at` does."""

    def __init__(
        self, send: Callable[[int, Scripted, Callable[[], bool]], None], latencies: _Latencies, how: TranscriptStyle
    ) -> None:
        self._send, self._latencies, self._how = send, latencies, how
        self._clips: list[tuple[int, Clip]] = []
        self._words: list[_Word] = []
        self._rng = Random(how.seed)  # of delays and of whole finals
        self._sent_at = 0
        self._now = 0
        self._taken = 0
        self._committed_ms = 0
        self._last_partial = ""
        self._model = how.model() if how.model else None

    def add(self, at: int, clip: Clip) -> None:
        """Adds a clip whose first frame begins at `at` (a multiple of 20 ms, later than the previous clip's)."""
        self._clips.append((at, clip))
        rng = Random(f"{self._how.seed}/{len(self._words)}")
        for word in clip.words:
            plain = " ".join(plain_words(word.text))
            if plain and self._how.errors is not None:
                final, partial = self._how.errors.heard(plain, rng)
                self._words.append(_Word(at + word.end_ms, final, partial, _end(word.text)))
            elif plain:
                text = word.text if self._how.punctuated else plain
                self._words.append(_Word(at + word.end_ms, text, self._misheard(text, rng)))

    def perform(self, action: a.Action, now: int) -> None:
        if not isinstance(action, a.CommitTranscript):
            return
        errors = self._how.errors
        at = self._in_order(self._now + (self._rng.randint(*errors.final_ms) if errors else self._latencies.final))
        if self._now - self._committed_ms < LEAST_COMMIT_MS:
            self._send(at, e.CommitRefused(action.commit), lambda: True)
            return
        count = self._said()
        text = self._written(self._words[self._taken : count])
        text = self._model.commit()[0] if self._model else text
        self._taken, self._committed_ms, self._last_partial = count, self._now, ""
        self._send(at, Final(action.commit, text), lambda: True)

    def frame(self, now: int) -> e.AudioReceived:
        """The frame that ends at `now`."""
        self._now, start = now, now - FRAME_MS
        partial = " ".join(word.partial for word in self._words[self._taken : self._said()] if word.partial)
        partial = written(partial) if self._how.figures else partial
        frame = self._frame(start)
        if self._model is not None:
            self._model.hear(frame.pcmu)
            partial = self._last_partial if now % MODEL_PARTIALS_MS else self._model.partial()
        if partial != self._last_partial:
            self._last_partial, committed, errors = partial, self._committed_ms, self._how.errors
            at = self._in_order(now + (self._rng.randint(*errors.partial_ms) if errors else self._latencies.partial))
            self._send(at, Partial(partial), lambda: self._committed_ms == committed)
        return e.AudioReceived(frame.pcmu, start, frame.speech, frame.level)

    def _frame(self, start: int) -> HeardFrame:
        for at, clip in reversed(self._clips):
            if at <= start < at + len(clip.frames) * FRAME_MS:
                return clip.frames[(start - at) // FRAME_MS]
        lead = self._clips[0][1].frames[:LEAD_FRAMES]
        return lead[start // FRAME_MS % len(lead)]

    def _said(self) -> int:
        """How many words have ended by now."""
        return sum(1 for word in self._words if word.end_ms <= self._now)

    def _in_order(self, at: int) -> int:
        """Messages come in the order in which they were sent."""
        self._sent_at = max(self._sent_at, at)
        return self._sent_at

    def _written(self, words: list[_Word]) -> str:
        text = " ".join(word.final for word in words if word.final)
        if (errors := self._how.errors) is not None:
            text = written(text) if self._rng.randrange(100) < errors.figures else text
            return errors.punctuated(text, words[-1].end if words else "", self._rng)
        text = written(text) if self._how.figures else text
        if not text or not self._how.punctuated:
            return text
        return text[0].upper() + text[1:].rstrip(",") + ("" if text[-1] in ".?!" else ".")

    def _misheard(self, text: str, rng: Random) -> str:
        """The word as partials show it: as it is, another word, nothing, or half of it."""
        chance, kind = rng.randrange(100), rng.randrange(3)
        if chance >= self._how.error_share:
            return text
        return (rng.choice(MISHEARD), "", text[: max(1, len(text) // 2)])[kind]


def _end(word: str) -> str:
    """The mark that a sentence has that ends with `word`."""
    return word[-1] if word[-1] in "?!,." else "."
