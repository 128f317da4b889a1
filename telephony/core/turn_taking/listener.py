"""Whether words that the caller says while the agent talks are a listener's, who wants nothing.

A listener's words are known by themselves in any place ("mm-hm", "right"). Inside the agent's phrase, when it has asked
nothing, there are more: remarks ("that's lovely"), and by their shape also such as are misheard. Those are short, and
have a listener's word beside words that a recogniser makes of any sound ("the okay"); or they are a single short word,
unlike any that people interrupt with, and said more softly than the caller speaks ("home" for "mhm").
"""

from __future__ import annotations

from telephony.core.language.language import Language
from telephony.core.language.remarks import Remark, remark
from telephony.core.language.words import SURE_LETTERS, claims_the_floor, folded

MURMUR_MS = 700
"""A murmur has at most this much voice..."""
MURMUR_WORDS = 3
"""...and, misheard, at most so many words."""


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
    if len(found) > MURMUR_WORDS:
        return False
    noise = language.weak - language.openers - language.numerals.keys()
    if remark(" ".join(word for word in found if word not in noise), language).is_whole:
        return True
    known = claims_the_floor(text, language) or found[0] in language.numerals
    return soft and len(found) == 1 and len(found[0]) < SURE_LETTERS and not known
