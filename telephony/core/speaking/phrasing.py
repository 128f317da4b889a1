"""Reply text -> speakable units.

A unit ends where a sentence ends. Only the first unit of a reply may end earlier: after a lead-in of a few words ("All
right, ..."), or at a clause boundary, if its sentence is long. The caller hears something sooner, and the TTS still
gets whole phrases, which it needs for the intonation. A unit is returned once the text after it has begun, so that
"3.5" or "Dr. Smith" are not split.
"""

from __future__ import annotations

from telephony.core.speaking.lead_ins import LEAD_INS
from telephony.core.speaking.sentence_ends import SENTENCE_ENDS, after_closers, ends_clause, ends_sentence, last_gap

FIRST_CLAUSE_CHARS = 30
"""The first unit may end at a clause boundary once it has this many characters..."""
LONG_SENTENCE_CHARS = 60
"""...and its sentence has at least this many without having ended."""
LONGEST_UNIT_CHARS = 320
"""A longer unit is split between words, for models that do not end their sentences."""


class Phrasing:
    """Collects the text of one reply. `add` and `end` return the units that are complete, in order, stripped.

    `ordinals`: the language writes "5. März" (`writes_ordinals_with_dots`)."""

    def __init__(self, *, ordinals: bool = False) -> None:
        self._ordinals = ordinals
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
            if char in SENTENCE_ENDS and ends_sentence(text, index, ordinals=self._ordinals):
                return after_closers(text, index)
        if self._first and (lead_in := _lead_in(text)):
            return lead_in
        if self._first and len(text) >= LONG_SENTENCE_CHARS:
            for index in range(FIRST_CLAUSE_CHARS, len(text) - 1):
                if ends_clause(text, index):
                    return index + 1
        if len(text) > LONGEST_UNIT_CHARS:
            return last_gap(text[:LONGEST_UNIT_CHARS]) or LONGEST_UNIT_CHARS
        return None


def _lead_in(text: str) -> int:
    """Where a lead-in ends, or 0."""
    end = text.find(",") + 1
    known = text[: max(0, end - 1)].strip().lower().replace("’", "'") in LEAD_INS
    return end if known and ends_clause(text, end - 1) and text[end:].strip() else 0
