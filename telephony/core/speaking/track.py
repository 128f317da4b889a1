"""One turn's audio, and what was sent of it in one piece.

mu-law at 8 kHz: 8 bytes are 1 ms, 160 bytes are one frame.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(slots=True)
class Track:
    """The audio of one turn. `ends` holds (character, end in bytes) in spoken order, `reach` how far the text up to
    each of them reaches, `solid` how many characters of it are no white space; `played` and `sent` are byte positions;
    `words` counts the aligned characters of the words that were heard when the track was last cleared; `closed` says
    that no more audio will come; `cut` that some of it was dropped; `waiting` that it may not be heard yet, if ever."""

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
        """All audio has come and all of it was played."""
        return not self.waiting and self.closed and self.played >= len(self.audio)

    def words_heard(self, position: int) -> tuple[int, int]:
        """(number of aligned characters in whole words heard up to `position`, byte position where they end)."""
        for index in range(bisect_right(self.reach, position) - 1, -1, -1):
            char, end = self.ends[index]
            following = self.ends[index + 1][0] if index + 1 < len(self.ends) else " " if self.closed else "x"
            if char.isspace() or following.isspace():
                return index + 1, end
        return 0, 0

    def align(self, char: str, end: int) -> None:
        """One more character, and where its sound ends."""
        self.ends.append((char, end))
        self.reach.append(max(end, self.reach[-1] if self.reach else 0))
        self.solid.append((self.solid[-1] if self.solid else 0) + (not char.isspace()))

    def unalign(self) -> None:
        """The last character is taken back."""
        for one in (self.ends, self.reach, self.solid):
            one.pop()


@dataclass(frozen=True, slots=True)
class Span:
    """Audio of `turn` from byte `start` to byte `end`, sent at `sent_ms`, followed by `mark`."""

    turn: int
    start: int
    end: int
    mark: str
    sent_ms: int
