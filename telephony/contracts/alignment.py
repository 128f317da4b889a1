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
    is anything else               it counts as missing; so does one whose times go back, or are faster than any voice

Sources disagree on whether times count from the start of the attempt's audio, of the message or of the previous block.
Each block is read in whichever way best continues the previous one. Audio is positioned by the number of its bytes.
Text counts as heard once its end was played, so no block begins before both its own audio and what is placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from operator import add
from typing import NamedTuple

from telephony.audio.frames import BYTES_PER_MS

FAST_MS_PER_CHAR = 30
"""No voice is faster: audio of this length contains at most one character."""
RUN = 3
"""A block that is spelled differently agrees in runs of at least this many characters."""
JITTER_MS = 20
"""A character may start this much before the one that it follows."""
LATE_MS = 1_000
"""A block does not begin later than this after its own audio."""
OVERLAP_MS = 200
"""A block may begin this much before the end of what is placed: its times and its audio differ a little in length."""
SLACK_MS = 100
"""A few characters may be faster than `FAST_MS_PER_CHAR`, by this much in a block; it may begin with such a pause."""
LONGEST = 400
"""Longer blocks are not searched for such runs, which takes time."""


class TimedChar(NamedTuple):
    """One character, with its start and end in ms as the service counts them."""

    char: str
    start_ms: int
    end_ms: int


def spread(items: Iterable[tuple[str, float | str, float | str]]) -> tuple[TimedChar, ...]:
    """(text, start, duration) in ms -> single characters; an item of several is spread evenly over them. Raises
    TypeError, ValueError or OverflowError if an item is none."""
    found: list[TimedChar] = []
    for text, start, duration in items:
        begin, length, count = int(float(start)), int(float(duration)), len(text)
        for n, char in enumerate(text.encode("utf-8", "replace").decode()):  # a lone surrogate becomes "?"
            found.append(TimedChar(char, begin + length * n // count, begin + length * (n + 1) // count))
    return tuple(found)


def one_by_one(chars: list[str], starts_ms: list[int], lasts_ms: list[int]) -> tuple[TimedChar, ...]:
    """As `spread`, at a fraction of the cost, for valid text. Raises ValueError if not all items are one character, or
    the lists differ in length."""
    if not (len(chars) == len(starts_ms) == len(lasts_ms) and [*"".join(chars)] == chars):
        raise ValueError("not one character each")
    return tuple(map(TimedChar, chars, starts_ms, map(add, starts_ms, lasts_ms)))


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
        places = self._match(solid, base_ms) if solid else []
        if not places or not possible(solid):
            return "", ()
        origin_ms = self._origin(first_ms := solid[places[0][0]].start_ms, base_ms)
        if origin_ms + first_ms > max(self._placed_ms, self._audio_bytes // BYTES_PER_MS) + LATE_MS:
            return "", ()
        begin, times = self._at, list[int]()
        for number, place in places:
            _, start_ms, end_ms = solid[number]
            times += [start_ms] * (self._solid[place] - begin - len(times))
            times.append(end_ms)
        self._done = places[-1][1] + 1
        until = begin + len(times)
        if block[-1].char.isspace() and self._asked[until : until + 1].isspace():
            times.append(block[-1].end_ms)
        ends = tuple(accumulate((origin_ms + ms for ms in times), max, initial=self._placed_ms))[1:]
        self._at, self._placed_ms = begin + len(ends), ends[-1]
        return self._asked[begin : self._at], ends

    def _origin(self, first_ms: int, base_ms: int) -> int:
        """From where the block's times count, if its first new character starts at `first_ms`."""
        # It should begin between what is placed and the block's own audio. If that leaves a choice, take the latest.
        low = max(min(self._placed_ms, base_ms), self._placed_ms - OVERLAP_MS)
        high = max(self._placed_ms, base_ms + SLACK_MS * (base_ms > self._placed_ms))

        def off_by(origin: int) -> int:
            return max(low - origin - first_ms, origin + first_ms - high, 0)

        self._block_ms = max(min((base_ms, self._block_ms, 0), key=off_by), low - first_ms)
        return self._block_ms

    def _match(self, items: Sequence[TimedChar], base_ms: int) -> list[tuple[int, int]]:
        """Pairs of a character of the block and the character of the text that it is; only new ones, in order."""
        block = _plain("".join(item.char for item in items))
        text, done = self._plain, self._done
        if text.startswith(block, done):
            return [(n, done + n) for n in range(len(block))]
        if (at := text.find(block, max(0, done - len(block) + 1), done + len(block) - 1)) >= 0:
            return [(n, at + n) for n in range(done - at, len(block))]
        if (at := text.find(block, done)) >= 0 and self._had_audio(text[done:at], base_ms):
            return [(n, at + n) for n in range(len(block))]
        if block in text[:done] or len(block) > LONGEST:
            return []
        expected = text[done : done + 2 * len(block)]
        matching = SequenceMatcher(None, block, expected, autojunk=False).get_matching_blocks()
        runs = [run for run in matching if run.size >= RUN]
        said_ms = items[runs[0].a].start_ms - items[0].start_ms if runs else 0
        if not runs or not self._had_audio(expected[: runs[0].b], base_ms + said_ms):
            return []
        return [(run.a + n, done + run.b + n) for run in runs for n in range(run.size)]

    def _had_audio(self, text: str, base_ms: int) -> bool:
        """Whether the audio that has no alignment is long enough for this."""
        return sum(char.isalnum() for char in text) * FAST_MS_PER_CHAR <= max(0, base_ms - self._placed_ms)


def possible(items: Sequence[TimedChar]) -> bool:
    """Whether a voice can have said these characters at these times."""
    going_back = any(after.start_ms < one.start_ms - JITTER_MS for one, after in pairwise(items))
    letters_ms = sum(item.char.isalnum() for item in items) * FAST_MS_PER_CHAR
    return not going_back and letters_ms <= max(item.end_ms for item in items) - items[0].start_ms + SLACK_MS


def _plain(text: str) -> str:
    """The characters without case and white space; as many as there were."""
    if text.isascii():
        return "".join(text.split()).lower()
    return "".join(char.lower()[:1] for char in text if not char.isspace())
