"""One turn's audio (`Track`), and a piece of it that was sent at once (`Span`).

mu-law at 8 kHz: 8 bytes are 1 ms, 160 bytes are one frame.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Track:
    """The audio of one turn. Positions are in bytes.

    ends      (character, end position) of each aligned character, in spoken order
    reach     for each of them, the end position of the text up to it
    solid     for each of them, the number of characters up to it that are not white space
    sent, played   how far the audio was sent, and provably played
    words     number of aligned characters in the words that were heard when the track was last cleared
    closed    no more audio will come
    cut       some of the audio was dropped
    waiting   the audio must not be played yet, because the turn is speculative
    """

    audio: bytearray = field(default_factory=bytearray)
    ends: list[tuple[str, int]] = field(default_factory=list)
    reach: list[int] = field(default_factory=list)
    solid: list[int] = field(default_factory=list)
    sent: int = 0
    played: int = 0
    words: int = 0
    closed: bool = False
    cut: bool = False
    waiting: bool = False

    def finished(self) -> bool:
        """Whether all audio has come and was played."""
        return not self.waiting and self.closed and self.played >= len(self.audio)

    def words_heard(self, position: int) -> tuple[int, int]:
        """Returns the number of aligned characters in the whole words heard up to `position`, and the position where
        they end; (0, 0) if there are none."""
        for index in range(bisect_right(self.reach, position) - 1, -1, -1):
            if self._ends_word(index):
                return index + 1, self.ends[index][1]
        return 0, 0

    def next_word(self, position: int) -> int | None:
        """The position beyond this one where `words_heard` will return more; None: nowhere, as things are."""
        for index in range(bisect_right(self.reach, position), len(self.ends)):
            if self._ends_word(index):
                return self.reach[index]
        return None

    def _ends_word(self, index: int) -> bool:
        """Whether no more of a word follows the aligned character."""
        following = self.ends[index + 1][0] if index + 1 < len(self.ends) else " " if self.closed else "x"
        return self.ends[index][0].isspace() or following.isspace()

    def align(self, char: str, end: int) -> None:
        """Adds one character whose sound ends at position `end`."""
        self.ends.append((char, end))
        self.reach.append(max(end, self.reach[-1] if self.reach else 0))
        self.solid.append((self.solid[-1] if self.solid else 0) + (not char.isspace()))

    def keep(self, text: str) -> None:
        """The audio so far says `text`: removes other characters, and spreads the missing ones over the audio that has
        no alignment. The last word is complete."""
        said = [char for char in text if not char.isspace()]
        while self.solid and self.solid[-1] > len(said):
            for one in (self.ends, self.reach, self.solid):
                one.pop()
        missing = said[self.solid[-1] if self.solid else 0 :]
        begin = min(self.reach[-1], len(self.audio)) if self.reach else 0
        for n, char in enumerate(missing, 1):
            self.align(char, begin + (len(self.audio) - begin) * n // len(missing))
        if self.ends and not self.ends[-1][0].isspace():
            self.align(" ", self.reach[-1])


@dataclass(frozen=True, slots=True)
class Span:
    """Audio of `turn` from byte `start` to byte `end`, sent at `sent_ms`, followed by `mark`."""

    turn: int
    start: int
    end: int
    mark: str
    sent_ms: int
