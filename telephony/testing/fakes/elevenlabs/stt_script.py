"""Ears that know what will be said: for tests, where the words come from a script and only their place from the sound.

    script = Script("what are your opening hours")
    recognizer = ScriptedRecognizer(script)         # one for each connection to the ears

Theory of operation. The next text of the script belongs to the next voiced stretch of audio. Its words appear one by
one while the voice goes on, and all of them are said once it is over. A commit takes the words said since the commit
before, so an utterance that is split by a commit gives its two halves. Words whose answer was never delivered go back
to the front of the script when the connection breaks, because the client will send their audio again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from telephony.audio.level import level

OVER_MS = 100
"""After so much quiet a stretch has had all its words."""


class Script:
    """What the caller is going to say, in order."""

    def __init__(self, *texts: str) -> None:
        self._texts = deque(texts)

    def add(self, text: str) -> None:
        """The caller will say this after all the rest; "" is a sound without words."""
        self._texts.append(text)

    def next(self) -> str:
        """The text of the next voiced stretch; "" when the script is over."""
        return self._texts.popleft() if self._texts else ""

    def give_back(self, texts: list[str]) -> None:
        """These will be heard again, first."""
        self._texts.extendleft(reversed(texts))


@dataclass(slots=True)
class _Stretch:
    """A voiced stretch (in ms), its words, and how many of them were committed and delivered."""

    words: list[str]
    start: int
    end: int
    committed: int = 0
    delivered: int = 0
    answered: bool = False


class ScriptedRecognizer:
    """A `Recognizer` that knows the words; it hears only where they are.

    A word is said every `ms_per_word`; a stretch ends after `gap_ms` of quiet; what is louder than `voiced_level`
    (tenths of dBFS) is voice.
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
        """The answer to the oldest commit was sent: its words will not be heard again."""
        for stretch, said in self._commits.popleft() if self._commits else ():
            stretch.delivered, stretch.answered = said, True

    def give_back(self) -> None:
        """The connection broke: what was not delivered will be heard again, and nothing more here."""
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
        """How many words of it were said so far."""
        over = self._ms - stretch.end > OVER_MS
        so_far = len(stretch.words) if over else (self._ms - stretch.start) // self._ms_per_word
        return max(stretch.committed, min(so_far, len(stretch.words)))

    def _gone(self, stretch: _Stretch) -> bool:
        """Nothing more can come of it."""
        return stretch.committed == len(stretch.words) and self._ms - stretch.end > self._gap_ms

    def _placed(self, stretch: _Stretch) -> list[tuple[str, float, float]]:
        """Its words, spread over it, with their times in seconds."""
        length = (stretch.end - stretch.start) / max(1, len(stretch.words))
        starts = [stretch.start + index * length for index in range(len(stretch.words))]
        return [
            (word, round(start / 1000, 3), round((start + length) / 1000, 3))
            for word, start in zip(stretch.words, starts, strict=True)
        ]
