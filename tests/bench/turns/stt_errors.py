"""The errors of a real recogniser, for the scripted one of `recorded_stt.py`: wrong words, wrong punctuation, varying
delays.

    TranscriptStyle(errors=SttErrors(), seed=7)        # 8 % of the words wrong; the same seed errs in the same places

Theory of operation. A word that the recogniser gets wrong stays wrong in its final; of the words that are right in the
end, some are wrong in partials first. Partials have neither capitals nor punctuation. A final has them, and some of its
ends are wrong: a full stop after half a sentence, a question mark after a statement, nothing at all. Numbers are
written as words or as figures, as it happens. A final may be empty although words were said.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from telephony.testing.recorded_stt import MISHEARD

SOUNDS_LIKE = {
    "for": "four", "four": "for", "to": "two", "two": "to", "one": "won", "won": "one", "eight": "ate", "your": "you",
    "there": "their", "their": "there", "here": "hear", "know": "no", "right": "write", "by": "buy", "our": "are",
    "can": "can't", "can't": "can", "and": "in", "in": "and", "is": "as", "it": "that", "i'd": "i", "i'm": "i",
    "would": "wood", "week": "weak", "see": "c", "be": "b", "you": "u", "um": "", "uh": "", "the": "a", "a": "the",
    "five": "nine", "nine": "five", "fifteen": "fifty", "fifty": "fifteen", "tuesday": "thursday",
}  # fmt: skip
ENDS = (".", "?", "", ",")


@dataclass(frozen=True, slots=True)
class SttErrors:
    """How often (in percent) and how late (in ms, evenly between the two bounds). `words`: wrong in the final;
    `revised`: wrong in partials only; `ends`: finals that end with a wrong mark; `empty`: finals without any text;
    `figures`: finals with numbers as figures. `partial_ms` counts from the end of a word, `final_ms` from the
    commit."""

    words: int = 8
    revised: int = 10
    ends: int = 15
    empty: int = 1
    figures: int = 50
    partial_ms: tuple[int, int] = (100, 250)
    final_ms: tuple[int, int] = (120, 350)

    def heard(self, word: str, rng: Random) -> tuple[str, str]:
        """(the word in the final, the word in partials); either may be "" or two words."""
        final = misheard(word, rng) if rng.randrange(100) < self.words else word
        return final, misheard(word, rng) if rng.randrange(100) < self.revised else final

    def punctuated(self, text: str, end: str, rng: Random) -> str:
        """`text` as a sentence, with `end` or, at times, another mark in its place."""
        if not text or rng.randrange(100) < self.empty:
            return ""
        if rng.randrange(100) < self.ends:
            end = rng.choice([other for other in ENDS if other != end])
        return text[0].upper() + text[1:] + end


def misheard(word: str, rng: Random) -> str:
    """Another word, one that sounds like it, none, or half of it."""
    alike = SOUNDS_LIKE.get(word.lower().strip(".,?!"))
    if alike is not None and rng.randrange(2):
        return alike
    return (rng.choice(MISHEARD), "", word[: max(1, len(word) // 2)])[rng.randrange(3)]
