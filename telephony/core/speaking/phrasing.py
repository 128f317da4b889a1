"""Reply text -> speakable units.

A unit ends where a sentence ends. Only the first unit of a reply may end earlier, at a clause boundary, if its sentence
is long: the caller hears something sooner, and the TTS still gets whole phrases, which it needs for the intonation. A
unit is returned once the text after it has begun, so that "3.5" or "Dr. Smith" are not split.
"""

from __future__ import annotations

_SENTENCE_ENDS = ".!?…。！？"
_CLOSERS = "\"')]»”’*_"
_CLAUSE_ENDS = ",;:—–"
ABBREVIATIONS = frozenset(
    ("mr mrs ms dr prof st sr jr vs etc e.g i.e no approx dept est inc ltd co a.m p.m u.s u.k").split()
)
FIRST_CLAUSE_CHARS = 30
"""The first unit may end at a clause boundary once it has this many characters..."""
LONG_SENTENCE_CHARS = 60
"""...and its sentence has at least this many without having ended."""
LONGEST_UNIT_CHARS = 320
"""A longer unit is split between words, for models that do not end their sentences."""


class Phrasing:
    """Collects the text of one reply. `add` and `end` return the units that are complete, in order, stripped."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def add(self, text: str) -> list[str]:
        self._text += text
        units = []
        while (end := self._boundary()) is not None:
            unit, self._text = self._text[:end].strip(), self._text[end:]
            if unit:
                units.append(unit)
                self._first = False
        return units

    def end(self) -> list[str]:
        unit, self._text = self._text.strip(), ""
        return [unit] if unit else []

    def _boundary(self) -> int | None:
        """Where the first complete unit ends, or None."""
        text = self._text
        for index, char in enumerate(text):
            if char == "\n" and text[:index].strip():
                return index + 1
            if char in _SENTENCE_ENDS and self._ends_sentence(index):
                return self._after_closers(index)
        if self._first and len(text) >= LONG_SENTENCE_CHARS:
            for index in range(FIRST_CLAUSE_CHARS, len(text) - 1):
                if text[index] in _CLAUSE_ENDS and text[index + 1].isspace():
                    return index + 1
        if len(text) > LONGEST_UNIT_CHARS:
            return max(text[:LONGEST_UNIT_CHARS].rfind(" "), 0) or LONGEST_UNIT_CHARS
        return None

    def _after_closers(self, index: int) -> int:
        end = index + 1
        while end < len(self._text) and self._text[end] in _CLOSERS + _SENTENCE_ENDS:
            end += 1
        return end

    def _ends_sentence(self, index: int) -> bool:
        text, after = self._text, self._after_closers(index)
        if text[index] in "。！？":
            return True
        if after >= len(text) or not text[after].isspace():
            return False
        if text[index] != ".":
            return True
        word = text[:index].split()[-1].lower().lstrip("(\"'") if text[:index].split() else ""
        if word in ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
            return False
        return not (word.isdigit() and len(text[:index].strip()) == len(word))  # "1. " opens a list item
