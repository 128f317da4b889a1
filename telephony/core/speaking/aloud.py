"""What the agent has said aloud, and when each character of it was played: what an echo can contain.

The times are estimates: a mark's echo tells when its span has ended, and mu-law at 8 kHz is 8 bytes a millisecond.
Without an alignment nothing is known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from itertools import pairwise

from telephony.audio.frames import BYTES_PER_MS
from telephony.core.speaking.track import Span, Track

REMEMBERED_CHARS = 600
"""About half a minute of speech."""
REMEMBERED_UNITS = 8

Chars = Iterable[tuple[int, str, int]]
"""(turn, character, when its sound ended), in the order of playing."""
BROKEN_OFF = 0, " ", 0
"""What was being said has been cleared, perhaps inside a word."""


class Aloud:
    """See the module text. Times are the core's `now`."""

    def __init__(self) -> None:
        self._chars: deque[tuple[int, str, int]] = deque(maxlen=REMEMBERED_CHARS)
        self._written: deque[str] = deque(maxlen=REMEMBERED_UNITS)

    def add(self, chars: Chars) -> None:
        self._chars.extend(chars)

    def wrote(self, text: str) -> None:
        """What is to be said, as it is written."""
        self._written.append(text)

    @property
    def written(self) -> str:
        """What was said last, or is to be said, as it was written."""
        return " ".join(self._written)

    def since(self, ms: int, passing: Chars) -> str:
        """The words that began to be played at `ms` or later; `passing` is what is being played now."""
        chars = [*self._chars, *passing]
        first = next((index for index, (_, _, at) in enumerate(chars) if at >= ms), len(chars))
        while 0 < first < len(chars) and not _begins(chars[first - 1], chars[first]):
            first += 1
        said = "".join(char for _, char, _ in chars[first : first + 1])
        for before, (turn, char, _) in pairwise(chars[first:]):
            said += f" {char}" if turn != before[0] else char
        return said


def _begins(before: tuple[int, str, int], char: tuple[int, str, int]) -> bool:
    """Whether a word ends before `char`."""
    return before[0] != char[0] or before[1].isspace() or char[1].isspace()


def played(track: Track, span: Span, ended_ms: int, until_ms: int | None = None) -> Chars:
    """The characters of `span`, which ends to be played at `ended_ms`; only those up to `until_ms`."""
    for index in range(bisect_right(track.reach, span.start), bisect_right(track.reach, span.end)):
        at = ended_ms - (span.end - track.reach[index]) // BYTES_PER_MS
        if until_ms is None or at <= until_ms:
            yield span.turn, track.ends[index][0], at
