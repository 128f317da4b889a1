"""Numbers as they are written: digits, separators of thousands, a decimal mark. Exact: nothing is a float."""

from __future__ import annotations

import re
from dataclasses import dataclass

THIN = "\u00a0\u202f\u2009'’"
"""Separators of thousands in every language: spaces that do not break, the Swiss apostrophe."""
_GROUPED = re.compile(rf"[1-9]\d{{0,2}}(?:[{THIN} ]\d{{3}})+")
_LONGEST = 15


@dataclass(frozen=True, slots=True)
class Numeral:
    """`mark` is the character between `whole` and `fraction` if the text has a fraction."""

    whole: str
    fraction: str = ""
    mark: str = ""

    @property
    def value(self) -> int:
        return int(self.whole)

    @property
    def exact(self) -> bool:
        """A whole number."""
        return not self.fraction

    def times_ten(self, zeros: int) -> Numeral:
        """The numeral with its decimal mark moved."""
        moved = self.fraction[:zeros].ljust(zeros, "0")
        rest = self.fraction[zeros:]
        return Numeral((self.whole + moved).lstrip("0") or "0", rest, self.mark if rest else "")


NUMERAL = rf"(?:[1-9]\d{{0,2}}(?:[{THIN} ]\d{{3}})+(?![{THIN} ]?\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
"""A pattern without groups."""


def parse(text: str, decimal: str) -> Numeral | None:
    """The value of `text`, where `decimal` is the language's mark. None if it is no number: a version, a date, a code.

    Of two kinds of marks, the last is the decimal one, whatever the language: "1,234.56" is no other value in German.
    """
    whole, mark, fraction = text, "", ""
    marks = [char for char in text if char in ".,"]
    if len(set(marks)) == 2:
        if marks.count(marks[-1]) > 1:
            return None
        whole, mark, fraction = text.rpartition(marks[-1])
    elif len(marks) == 1 and not (_thousand(text, marks[0]) and marks[0] != decimal):
        whole, mark, fraction = text.partition(marks[0])
    whole = _joined(whole)
    if not whole or len(whole) > _LONGEST or (len(whole) > 1 and whole.startswith("0")):
        return None
    return Numeral(whole, fraction, mark)


def _thousand(text: str, mark: str) -> bool:
    before, _, after = text.partition(mark)
    return len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")


def _joined(whole: str) -> str:
    """The digits without separators, or "" if these are not where thousands are separated."""
    if whole.isdecimal():
        return whole
    if _GROUPED.fullmatch(whole):
        return re.sub(rf"[{THIN} ]", "", whole)
    for mark in ".,":
        first, *rest = whole.split(mark)
        if rest and first.isdecimal() and len(first) <= 3 and first[0] != "0" and rest[-1].isdecimal():
            thousands = all(len(part) == 3 for part in rest)
            lakhs = len(first) <= 2 and len(rest[-1]) == 3 and all(len(part) == 2 for part in rest[:-1])
            if all(part.isdecimal() for part in rest) and (thousands or lakhs):
                return first + "".join(rest)
    return ""
