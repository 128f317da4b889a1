"""One utterance of the caller, and which of the caller's words have been answered before they were stable.

Theory of operation. The STT gives each word once, in order: tentative first, then stable (`TranscriptUpdated`). An
utterance may close while its last words are tentative. They have been answered then, so of all that the STT says of
them later only what goes beyond them is new.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.events import TranscriptUpdated
from telephony.core.language.words import alike, beyond, words


@dataclass(slots=True)
class Utterance:
    """`active_ms`: when its last voice, or word without voice, came; `voice_ms`: all its voice; `awaited`: its last
    commit, if the words up to it are not stable yet, else 0; `text_ms`: when its words last changed; `before`: words of
    the last utterance, if that was closed too early and goes on here; `committed`: all voice so far has been committed.
    Media time."""

    opened_ms: int
    active_ms: int
    voice_ms: int = 0
    stable: str = ""
    tentative: str = ""
    awaited: int = 0
    text_ms: int = 0
    before: str = ""
    committed: bool = False

    @property
    def text(self) -> str:
        return f"{self.stable} {self.tentative}".strip()

    @property
    def open_words(self) -> bool:
        """Whether it has words for which no commit is under way."""
        return bool(words(self.tentative)) and not (self.awaited and self.committed)

    def commit(self, number: int) -> None:
        self.awaited, self.committed = number, True

    def heard(self, stable: str, tentative: str, commit: int) -> None:
        """Takes the words that are new, as in `TranscriptUpdated`."""
        self.stable, self.tentative = f"{self.stable} {stable}".strip(), tentative
        if commit >= self.awaited:
            self.awaited = 0


class Answered:
    """Words that were answered while they were tentative."""

    def __init__(self) -> None:
        self._texts: list[tuple[int, str]] = []  # (the commit that makes them stable, words), in order

    def add(self, commit: int, text: str) -> None:
        """`text`, all the tentative words that were not answered yet, has been answered."""
        if words(text):
            self._texts.append((commit, text))

    def take(self, event: TranscriptUpdated) -> tuple[str, str]:
        """The words of the event, stable and tentative, that were not answered yet."""
        stable, commit = event.stable, event.commit
        if said := " ".join(text for number, text in self._texts if number <= commit):
            stable = beyond(stable, said)
            self._texts = [(number, text) for number, text in self._texts if number > commit]
        elif stable and self._texts and not commit:  # a part of the committed words
            said = " ".join(text for _, text in self._texts)
            stable, rest = _rest(stable, said), _rest(said, stable)
            self._texts = [(self._texts[-1][0], rest)] if rest else []
        return stable, _rest(event.tentative, " ".join(text for _, text in self._texts))


def _rest(text: str, said: str) -> str:
    """What `text` has beyond the words of `said`, if one of the two begins with the other, or nearly so."""
    return beyond(text, said) if alike(text, said) or alike(said, text) else text
