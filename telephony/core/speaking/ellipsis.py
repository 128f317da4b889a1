"""The reply that says that the caller has not finished: an ellipsis and nothing else.

Models write it in many ways: "…", "...", "……", "(…)", "*…*", in pieces, in white space and in quotation marks. A text
that only begins with dots is a reply like any other.
"""

from __future__ import annotations

from unicodedata import category

ELLIPSIS = "…"
_ELLIPSES = frozenset("…‥⋯")
_DOTS = frozenset(".。․・")
_ROUND = frozenset("\"'`´‘’‚‛“”„‟«»‹›「」『』()[]{}（）【】*_~")
_UNSEEN = frozenset({"Cf"})
DOTS = 3
"""This many dots or more are an ellipsis."""
MOST_CHARS = 100
"""A longer text is none, whatever it holds: it is looked at again with every piece."""


def is_ellipsis(text: str) -> bool:
    """Whether a reply is an ellipsis and nothing else."""
    bare = _bare(text)
    return may_become_ellipsis(text) and (len(bare) >= DOTS or any(char in _ELLIPSES for char in bare))


def may_become_ellipsis(text: str) -> bool:
    """Whether a reply that begins with `text` may still be an ellipsis and nothing else."""
    return len(text) <= MOST_CHARS and all(char in _ELLIPSES or char in _DOTS for char in _bare(text))


def _bare(text: str) -> str:
    """Without white space, quotation marks, brackets, markup, and characters that are not seen."""
    return "".join(char for char in text if not char.isspace() and char not in _ROUND and category(char) not in _UNSEEN)
