"""Which words the agent has said aloud, and when each began to be played: what an echo can contain.

The times are estimates: a mark's echo tells when its span has ended, and mu-law at 8 kHz is 8 bytes a millisecond. A
word counts as a whole as soon as it begins, also when it is sent again from its middle on. Without an alignment nothing
is known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.speaking.track import Span, Track

REMEMBERED = 100
"""About half a minute of speech."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of `turn` that begins at its character `place`; it began to be played at `began_ms` (the core's `now`)."""

    turn: int
    place: int
    text: str
    began_ms: int


BROKEN_OFF = Word(0, 0, "", 0)
"""What was being said has been cleared, perhaps inside a word."""


class Aloud:
    """See the module text."""

    def __init__(self) -> None:
        self._words: deque[Word] = deque(maxlen=REMEMBERED)

    def add(self, words: Iterable[Word]) -> None:
        """`words` were played after all others; the first may be the last one's end."""
        for word in words:
            last = self._words.pop() if self._words else word
            if (last.turn, last.place) == (word.turn, word.place):
                word = Word(word.turn, word.place, word.text, last.began_ms)
            else:
                self._words.append(last)
            self._words.append(word)

    def since(self, ms: int, passing: Iterable[Word]) -> str:
        """The words that began to be played at `ms` or later; `passing` are those that are being played now."""
        all_words = Aloud()
        all_words.add((*self._words, *passing))
        return " ".join(word.text for word in all_words._words if word.text and word.began_ms >= ms)


def played(track: Track, span: Span, ended_ms: int, until_ms: int | None = None) -> Iterable[Word]:
    """The words of which characters end in `span`, which ends to be played at `ended_ms`; only those that have begun
    at `until_ms`."""
    index, chars = bisect_right(track.reach, span.start), [char for char, _ in track.ends]
    end = bisect_right(track.reach, span.end)
    while index < end:
        if chars[index].isspace():
            index += 1
            continue
        starts = max(span.start, track.reach[index - 1] if index else 0)
        at = ended_ms - (span.end - starts) // BYTES_PER_MS
        if until_ms is not None and at > until_ms:
            return
        first = index
        while first and not chars[first - 1].isspace():
            first -= 1
        while index < len(chars) and not chars[index].isspace():
            index += 1
        yield Word(span.turn, first, "".join(chars[first:index]), at)
