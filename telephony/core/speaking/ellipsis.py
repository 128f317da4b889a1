"""The reply that says that the caller has not finished: an ellipsis and nothing else.

It may come in pieces, in white space and in quotation marks. A text that only begins with dots is a reply like any
other.
"""

from __future__ import annotations

ELLIPSES = ("…", "...")
_BEGINNINGS = ("", ".", "..", *ELLIPSES)
_QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»‹›「」『』")
MOST_CHARS = 100
"""A longer text is none, whatever it holds: it is looked at again with every piece."""


def is_ellipsis(text: str) -> bool:
    """Whether a reply is an ellipsis and nothing else."""
    return len(text) <= MOST_CHARS and _bare(text) in ELLIPSES


def may_become_ellipsis(text: str) -> bool:
    """Whether a reply that begins with `text` may still be an ellipsis and nothing else."""
    return len(text) <= MOST_CHARS and _bare(text) in _BEGINNINGS


def _bare(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and char not in _QUOTES)
