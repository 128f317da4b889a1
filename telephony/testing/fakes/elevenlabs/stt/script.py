"""What a recognizer is, and a scripted one for tests: words come from a script, and only their times from the audio.

    script = Script("what are your opening hours")
    recognizer = ScriptedRecognizer(script)         # one for each STT connection

Theory of operation. The next text of the script belongs to the next voiced stretch of audio. Its words appear one by
one while the voice goes on, and all of them are there once it ends. A commit takes the words since the previous commit,
so an utterance that a commit splits gives its two halves. When the connection breaks, words whose final was not
delivered go back to the front of the script, because the client will send their audio again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from telephony.audio.level import level
from telephony.testing.fakes.elevenlabs.stt.faults import SttLatency

OVER_MS = 100
"""After this much quiet all words of a stretch have been said."""


class Recognizer(Protocol):
    """The STT model behind one connection. Its methods raise ProviderBusy if it cannot keep up."""

    def hear(self, pcmu: bytes) -> None:
        """Takes the next mu-law 8 kHz audio."""
        ...

    async def partial(self) -> str:
        """The text of the open segment so far."""
        ...

    async def commit(self) -> tuple[str, list[tuple[str, float, float]]]:
        """Closes the open segment. Returns its text, and its words as (word, start, end) in seconds from the socket's
        first audio."""
        ...


@runtime_checkable
class Estimating(Protocol):
    """A recognizer that only estimates the times of its words; the finals say so."""

    words_estimated: bool


@runtime_checkable
class Paced(Protocol):
    """A recognizer with its own latency, which replaces the server's."""

    @property
    def latency(self) -> SttLatency: ...


class Script:
    """The texts that the caller is going to say, in order."""

    def __init__(self, *texts: str) -> None:
        self._texts = deque(texts)

    def add(self, text: str) -> None:
        """Appends a text; "" stands for a sound without words."""
        self._texts.append(text)

    def next(self) -> str:
        """Removes and returns the text of the next voiced stretch; "" at the end of the script."""
        return self._texts.popleft() if self._texts else ""

    def give_back(self, texts: list[str]) -> None:
        """Puts texts back at the front, in this order."""
        self._texts.extendleft(reversed(texts))


@dataclass(slots=True)
class _Stretch:
    """A voiced stretch of audio from `start` to `end` (ms), its words, and how many of them were committed and
    delivered. `answered`: a final was delivered that covers a part of it, even one without words."""

    words: list[str]
    start: int
    end: int
    committed: int = 0
    delivered: int = 0
    answered: bool = False


class ScriptedRecognizer:
    """A `Recognizer` that takes the words from a script, and their times from the audio.

    Each word takes `ms_per_word`; a stretch ends after `gap_ms` of quiet; frames of at least `voiced_level` (tenths of
    dBFS) are voice.
    """

    def __init__(self, script: Script, *, ms_per_word: int = 300, gap_ms: int = 500, voiced_level: int = -450) -> None:
        self._script, self._ms_per_word, self._gap_ms, self._level = script, ms_per_word, gap_ms, voiced_level
        self._ms = 0
        self._stretches: list[_Stretch] = []
        self._commits: deque[list[tuple[_Stretch, int]]] = deque()
        self._over = False

    def hear(self, pcmu: bytes) -> None:
        if self._over:
            return
        for at in range(0, len(pcmu), 160):
            self._ms += 20
            if level(pcmu[at : at + 160]) < self._level:
                continue
            last = self._stretches[-1] if self._stretches else None
            if last is None or self._ms - last.end > self._gap_ms:
                self._stretches.append(_Stretch(self._script.next().split(), self._ms - 20, self._ms))
            else:
                last.end = self._ms

    async def partial(self) -> str:
        return " ".join(
            word for stretch in self._stretches for word in stretch.words[stretch.committed : self._said(stretch)]
        )

    async def commit(self) -> tuple[str, list[tuple[str, float, float]]]:
        words: list[tuple[str, float, float]] = []
        self._commits.append([])
        for stretch in self._stretches:
            said = self._said(stretch)
            words += self._placed(stretch)[stretch.committed : said]
            stretch.committed = said
            self._commits[-1].append((stretch, said))
        self._stretches = [stretch for stretch in self._stretches if not self._gone(stretch)]
        return " ".join(word for word, _, _ in words), words

    def delivered(self) -> None:
        """Notes that the final of the oldest unanswered commit was sent: its words will not go back to the script."""
        for stretch, said in self._commits.popleft() if self._commits else ():
            stretch.delivered, stretch.answered = said, True

    def give_back(self) -> None:
        """Ends this recognizer, as its connection broke: undelivered words go back to the script."""
        self._over = True
        stretches = {id(stretch): stretch for commit in self._commits for stretch, _ in commit}
        stretches |= {id(stretch): stretch for stretch in self._stretches}
        self._script.give_back(
            [
                " ".join(stretch.words[stretch.delivered :])
                for stretch in stretches.values()
                if not stretch.answered or stretch.delivered < len(stretch.words)
            ]
        )
        self._stretches, self._commits = [], deque()

    def _said(self, stretch: _Stretch) -> int:
        """How many words of the stretch have been said so far."""
        over = self._ms - stretch.end > OVER_MS
        so_far = len(stretch.words) if over else (self._ms - stretch.start) // self._ms_per_word
        return max(stretch.committed, min(so_far, len(stretch.words)))

    def _gone(self, stretch: _Stretch) -> bool:
        """Whether the stretch is over and all its words are committed."""
        return stretch.committed == len(stretch.words) and self._ms - stretch.end > self._gap_ms

    def _placed(self, stretch: _Stretch) -> list[tuple[str, float, float]]:
        """The words of the stretch, spread evenly over it, with start and end in seconds."""
        length = (stretch.end - stretch.start) / max(1, len(stretch.words))
        starts = [stretch.start + index * length for index in range(len(stretch.words))]
        return [
            (word, round(start / 1000, 3), round((start + length) / 1000, 3))
            for word, start in zip(stretch.words, starts, strict=True)
        ]
