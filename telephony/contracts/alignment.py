"""A service's alignment -> the characters of the asked text that audio covers, each once, in order. Pure; for any TTS.

Theory of operation. An alignment says which characters a piece of audio contains, and when. It is evidence, and not
always good: items of several characters, messages without one, another spelling, a missing full stop, a second start
from the beginning. So each block is compared with the text that was asked for (`ask`), of which a part is placed
already. In order of preference, a block

    continues the placed text      its characters are placed
    overlaps the placed text       it has started again: only what goes beyond the placed text is new
    comes later in the text        some alignment is missing; the text before the block has ended where that begins,
                                   provided that there was audio for it
    is spelled differently         the runs of characters that agree are placed
    is anything else               it counts as missing

Sources disagree on whether times count from the start of the attempt's audio, of the message or of the previous block.
Each block is read in whichever way best continues the previous one. Audio is positioned by the number of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from telephony.audio.frames import BYTES_PER_MS

FAST_MS_PER_CHAR = 30
"""No voice is faster: audio of this length contains at most one character."""
RUN = 3
"""A block that is spelled differently agrees in runs of at least this many characters."""
LONGEST = 400
"""Longer blocks are not searched for such runs, which takes time."""


class TimedChar(NamedTuple):
    """One character, with its start and end in ms as the service counts them."""

    char: str
    start_ms: int
    end_ms: int


def spread(items: Iterable[tuple[str, float, float]]) -> tuple[TimedChar, ...]:
    """(text, start, duration) in ms -> single characters; an item of several is spread evenly over them. Raises
    TypeError, ValueError or OverflowError if an item is none."""
    found: list[TimedChar] = []
    for text, start, duration in items:
        begin, length, count = int(start), int(duration), len(text)
        for n, char in enumerate(text.encode("utf-8", "replace").decode()):  # a lone surrogate becomes "?"
            found.append(TimedChar(char, begin + length * n // count, begin + length * (n + 1) // count))
    return tuple(found)


class Alignment:
    """One attempt's text and audio. See the module text."""

    def __init__(self) -> None:
        self._asked = ""
        self._solid: list[int] = []  # the index of each character of the text that is not white space...
        self._plain = ""  # ...and the characters, without case
        self._at = 0  # index of the first character that is not placed...
        self._done = 0  # ...and the number of placed ones, without white space
        self._audio_bytes = 0
        self._block_ms = 0  # start of the last block
        self._placed_ms = 0  # end of the last placed character

    def ask(self, text: str) -> None:
        """The attempt is to say this, too."""
        begin = len(self._asked)
        self._asked += text
        self._solid += [begin + n for n, char in enumerate(text) if not char.isspace()]
        self._plain += _plain(text)

    def audio(self, block: Sequence[TimedChar], size: int) -> tuple[str, tuple[int, ...]]:
        """Takes `size` bytes of mu-law with their alignment. Returns the characters that are now placed, and where each
        ends, in ms of the attempt's audio; the text continues the last one returned."""
        base_ms = self._audio_bytes // BYTES_PER_MS
        self._audio_bytes += size
        solid = [item for item in block if not item.char.isspace()]
        places = self._match("".join(_plain(item.char) for item in solid), base_ms) if solid else []
        if not places:
            return "", ()
        origin_ms = self._origin(solid[places[0][0]].start_ms, base_ms)
        begin, ends = self._at, list[int]()
        for number, place in places:
            ends += [self._end(origin_ms + solid[number].start_ms)] * (self._solid[place] - begin - len(ends))
            ends.append(self._end(origin_ms + solid[number].end_ms))
        self._done = places[-1][1] + 1
        until = begin + len(ends)
        if block[-1].char.isspace() and self._asked[until : until + 1].isspace():
            ends.append(self._end(origin_ms + block[-1].end_ms))
        self._at = begin + len(ends)
        return self._asked[begin : self._at], tuple(ends)

    def _end(self, ms: int) -> int:
        self._placed_ms = max(self._placed_ms, ms)
        return self._placed_ms

    def _origin(self, first_ms: int, base_ms: int) -> int:
        """From where the block's times count, if its first new character starts at `first_ms`."""
        low, high = sorted((self._placed_ms, base_ms))  # that character should begin in this range

        def off_by(origin: int) -> int:
            return max(low - origin - first_ms, origin + first_ms - high, 0)

        self._block_ms = min((base_ms, self._block_ms, 0), key=off_by)
        return self._block_ms

    def _match(self, block: str, base_ms: int) -> list[tuple[int, int]]:
        """Pairs of a character of the block and the character of the text that it is; only new ones, in order."""
        text, done = self._plain, self._done
        if text.startswith(block, done):
            return [(n, done + n) for n in range(len(block))]
        if (at := text.find(block, max(0, done - len(block) + 1), done + len(block) - 1)) >= 0:
            return [(n, at + n) for n in range(done - at, len(block))]
        if (at := text.find(block, done)) >= 0 and self._had_audio(text[done:at], base_ms):
            return [(n, at + n) for n in range(len(block))]
        if block in text[:done] or len(block) > LONGEST:
            return []
        runs = SequenceMatcher(None, block, text[done : done + 2 * len(block)], autojunk=False).get_matching_blocks()
        return [(run.a + n, done + run.b + n) for run in runs if run.size >= RUN for n in range(run.size)]

    def _had_audio(self, text: str, base_ms: int) -> bool:
        """Whether the audio that has no alignment is long enough for this."""
        return sum(char.isalnum() for char in text) * FAST_MS_PER_CHAR <= max(0, base_ms - self._placed_ms)


def _plain(text: str) -> str:
    """The characters without case and white space; as many as there were."""
    return "".join(char.lower()[:1] for char in text if not char.isspace())
