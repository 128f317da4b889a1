"""Whether a transcript can be what was said. Pure.

The recogniser answers sound without words with words ("You", "Thank you for watching", notes of music, one phrase again
and again), and reports no confidence. What tells such transcripts from speech: how much of the sound the voice
detector takes for a voice, how many words it would be in a second, and repetition.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST_VOICE_MS = 130
"""Less voice than this has no words: a "yes" or a "no" has 160 ms or more."""
LEAST_SHARE = 0.25
"""Of the time from the first voice to the last."""
SHORT_MS, SURE_SHARE, LEAST_PEAK = 500, 0.5, 900
"""The detector is sure of most of a voice; of music and machines it is not, though it takes them for one now and then.
In a sound shorter than this it is late, so its highest probability (thousandths) decides."""
SURE_WORD_MS = 110
"""Several words in so short a sound need this much clear voice each."""
MOST_WORDS_PER_S, FREE_WORDS = 6.0, 0.4
"""A quick speaker has five words a second; the detector misses the soft edges of the first and the last."""
LEAST_WORDS_PER_S, LONG_MS = 0.5, 3_000
"""Voice of this length has some words."""
REPEATS, REPEATED_WORDS = 3, 6
"""A phrase this often in a row, with so many words together, is a decoder that does not find its end..."""
PHRASE_WORDS = 4
"""...or one of so many words twice, if that is all."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the detector heard: `voice_ms` of voice, `sure_ms` of it clearly, in all the `span_ms` from its first to its
    last; `peak`: the highest probability in thousandths."""

    span_ms: int
    voice_ms: int
    sure_ms: int
    peak: int


def plausible(text: str, sound: Sound) -> bool:
    """Whether somebody can have said `text` in this sound."""
    words = re.findall(r"[\w']+", text.lower())
    return bool(words) and is_voice(sound) and at_a_pace(len(words), sound) and not repeats(words)


def is_voice(sound: Sound) -> bool:
    if sound.voice_ms < LEAST_VOICE_MS or sound.voice_ms < LEAST_SHARE * sound.span_ms:
        return False
    if sound.voice_ms < SHORT_MS:
        return sound.peak >= LEAST_PEAK
    return sound.sure_ms >= SURE_SHARE * sound.voice_ms


def at_a_pace(words: int, sound: Sound) -> bool:
    if words > MOST_WORDS_PER_S * sound.span_ms / 1_000 + FREE_WORDS:
        return False
    if sound.voice_ms < SHORT_MS and words > 1 and sound.sure_ms < words * SURE_WORD_MS:
        return False
    return sound.voice_ms < LONG_MS or words >= LEAST_WORDS_PER_S * sound.voice_ms / 1_000


def repeats(words: list[str]) -> bool:
    """Whether a phrase is repeated as people do not. (They do repeat single words and digits.)"""
    for size in range(1, len(words) // 2 + 1):
        for first in range(size):
            run = 0
            for at in range(first, len(words) - size + 1, size):
                phrase, following = words[at : at + size], words[at + size : at + 2 * size]
                run = run + 1 if phrase == following else 0
                again = run + 1
                if again >= REPEATS + (size == 1) * REPEATS and again * size >= REPEATED_WORDS:
                    return True
                if again == 2 and size >= PHRASE_WORDS and 2 * size == len(words):
                    return True
    return False
