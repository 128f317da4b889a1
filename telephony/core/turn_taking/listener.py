"""Whether words that the caller says while the agent talks are a listener's, who wants nothing.

A listener's words are known by themselves in any place ("mm-hm", "right"). Inside the agent's phrase, when it has asked
nothing, there are more: remarks ("that's lovely"), and by their shape also such as are misheard. Those are short, and
have a listener's word beside words that a recogniser makes of any sound ("the okay"), unless the two mean something
together ("the right", "is it okay"); or they are a single word of at most three letters, unlike any that people
interrupt with, and said more softly than the caller speaks ("hum" for "mhm"). Four letters are a word: people say
"pain", "lost" and "next" softly too.
"""

from __future__ import annotations

from itertools import pairwise

from telephony.core.language.language import Language
from telephony.core.language.murmurs import MURMURS
from telephony.core.language.remarks import Remark, asks_verb_first, remark
from telephony.core.language.words import claims_the_floor, folded

MURMUR_MS = 700
"""A murmur has at most this much voice..."""
MURMUR_WORDS = 3
"""...and, misheard, at most this many words."""
MISHEARD_LETTERS = 3
"""A single word of more letters was meant, however soft."""


class Listener:
    """Judges the words of the caller inside the agent's phrase, anew whenever they change."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._last: tuple[str, bool, bool] = ("", False, False)
        self._remark = Remark.NONE

    def remark(self, text: str, *, voice_ms: int, soft: bool) -> Remark:
        """What the words are; `soft`: said more softly than the caller speaks."""
        asked = (text, 0 < voice_ms <= MURMUR_MS, soft)
        if asked != self._last:
            self._last, found = asked, remark(text, self._language)
            misheard = found is Remark.NONE and asked[1] and is_misheard(text, self._language, soft=soft)
            self._remark = Remark.WHOLE if misheard else found
        return self._remark


def is_misheard(text: str, language: Language, *, soft: bool) -> bool:
    """Whether the words of a short voice may be a murmur that was misheard."""
    found = folded(text)
    if len(found) > MURMUR_WORDS or asks_verb_first(found, language) or _is_placed(found, language):
        return False
    noise = language.weak - language.openers - language.numerals.keys()
    if remark(" ".join(word for word in found if word not in noise), language).is_whole:
        return True
    if not soft or len(found) != 1 or len(found[0]) > MISHEARD_LETTERS:
        return False
    meant = (language.numerals, language.verbs, language.answers, language.noes, language.months)
    known = any(found[0] in words for words in meant) or (found[0],) in language.reopeners
    return not known and not claims_the_floor(text, language)


def _is_placed(found: list[str], language: Language) -> bool:
    """Whether what would be an assessment stands after an article or a preposition: "on the right". After a murmur
    alone ("the okay") such words mean nothing."""
    judging = (language.assessments | language.backchannels) - MURMURS
    return any(word in language.before_nouns and after in judging for word, after in pairwise(found))
