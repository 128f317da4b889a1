"""Where in a turn a pause is."""

from __future__ import annotations

from collections.abc import Sequence

PLACES = IN_PHRASE, BETWEEN, AFTER_SENTENCE, IN_ENTRY = (
    "inside a phrase", "between phrases", "after a whole sentence", "inside an entry",
)  # fmt: skip
OPENS_A_CONDITION = frozenset("if when since because while once until although unless before after as".split())
"""With such a first word, the words since the last pause between phrases are not a whole sentence."""
LEAST_WORDS = 3
"""Nor are fewer words."""


def places(kind: str, texts: Sequence[str], inside: Sequence[bool]) -> tuple[str, ...]:
    """The place of the pause after each of `texts` but the last; `inside` says which are inside a phrase."""
    found, words = list[str](), list[str]()
    for text, within in zip(texts, inside, strict=False):
        words += text.lower().split()
        whole = len(words) >= LEAST_WORDS and words[0] not in OPENS_A_CONDITION
        found.append(IN_ENTRY if kind == "digits" else IN_PHRASE if within else AFTER_SENTENCE if whole else BETWEEN)
        words = words if within else []
    return tuple(found)
