"""Which words of the transcript are somebody else's: those that come when only a voice behind the caller was heard.

Theory of operation. The level tells the voice of somebody behind the caller (`loudness.py`), but the recogniser gives
its words all the same, without times. A word comes soon after it was spoken; so words that come when the caller has
been silent for longer than that, while the other voice was heard, are the other's. A word stays its speaker's when the
recogniser revises the text around it.

A final may come at any time, and its last words may have had no partial. They are given to whom the words before them
were: to lose a word of the caller's is worse than to answer one of somebody else's.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from telephony.core.language.words import from_word, words

WORD_LAG_MS = 400
"""Words of the caller come at most this long after their voice, most of the time. Media time."""
LATE_WORD_MS = 700
"""They never come later than this; until then..."""
OTHERS_WORD_MS = 320
"""...words are the other's only after this much of their voice: it takes time to say a word and to recognise it."""
BEGUN_MS = 96
"""After no more voice of the caller's than this, none of their words can have come."""
RECENT_MS = 2_000
"""Words come at most this long after a voice behind the caller."""


class VoiceBehind:
    """The voice that is too quiet to be the caller's. `least_ms`: less of it is a click. Media time."""

    def __init__(self, least_ms: int) -> None:
        self._least_ms = least_ms
        self._last_ms: int | None = None
        self._voice_ms = 0  # since the caller's

    def heard(self, at_ms: int, voice_ms: int) -> None:
        """`voice_ms` of it, up to `at_ms`."""
        self._last_ms = at_ms
        self._voice_ms += voice_ms

    def caller_speaks(self, burst_ms: int) -> None:
        """The caller has been speaking for `burst_ms`."""
        self._voice_ms = 0 if burst_ms > BEGUN_MS else self._voice_ms

    def silence_ms(self, media_ms: int) -> int:
        """How long it has been silent; never heard counts as silent since the start of the call."""
        return media_ms - (self._last_ms or 0)

    def is_worded(self, media_ms: int, burst_ms: int, silence_ms: int) -> bool:
        """Whether the words that come now are its: the caller's, who has spoken for `burst_ms` and been silent for
        `silence_ms` since, have come already or cannot have come yet."""
        recent = self._voice_ms >= self._least_ms and self.silence_ms(media_ms) <= RECENT_MS
        said = self._voice_ms >= OTHERS_WORD_MS or silence_ms >= LATE_WORD_MS
        return recent and (burst_ms <= BEGUN_MS or (said and silence_ms >= WORD_LAG_MS))


def carried(before: str, others: tuple[bool, ...], after: str, behind: bool) -> tuple[bool, ...]:
    """Which words of `after` are somebody else's, if `others` tells that of the words of `before`, an earlier state of
    the same transcript; `behind`: words at the end that are new are. () if none is."""
    old, new = words(before), words(after)
    flags = list(others) or [False] * len(old)
    found = list[bool]()
    for _, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        known, count = flags[i:i_end] or found[-1:] or flags[:1], j_end - j
        if i_end == len(old):
            known = flags[i:i_end][:count]
            found += known + [behind] * (count - len(known))
        else:
            found += [known[at * len(known) // count] for at in range(count)]
    return tuple(found) if any(found) else ()


@lru_cache(maxsize=64)
def callers(text: str, others: tuple[bool, ...]) -> str:
    """The text without the words that are somebody else's."""
    rests = [from_word(text, at) for at in range(len(others) + 1)]
    kept = [text[len(text) - len(rest) : len(text) - len(after)] for rest, after in pairwise(rests)]
    return "".join(part for part, other in zip(kept, others, strict=True) if not other).strip()
