"""Takes out of a text what is written for the eye: Markdown, tags, emoji, stage directions."""

from __future__ import annotations

import re
import unicodedata

_FENCE = re.compile(r"```.*?(?:```|$)", re.S)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ACTION = re.compile(
    r"\*(?:[a-z]+s)(?: [a-z]+){0,3}\*"
    r"|[(\[](?:laugh|sigh|smil|cough|chuckl|paus|clear|gasp|giggl|music|applaus)[^)\]]*[)\]]",
    re.I,
)
_BULLET = re.compile(r"^\s*(?:[-*•+]|\d{1,2}\)|#{1,6}|>)\s+", re.M)
_NUMBERED = re.compile(r"^\s*\d{1,2}\.\s+", re.M)
_RULE = re.compile(r"^\s*(?:[-=*_]{3,}|\|?[\s:|-]{3,}\|?)\s*$", re.M)
_MARKS = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w))")
_SPOKEN_SIGNS = frozenset("°%$€£&+=@#/<>^~№")
_UNSEEN = ("So", "Sk", "Cs", "Cn", "Co", "Cf")


def clean(text: str, *, numbered: bool) -> str:
    """`text` without markup. `numbered`: "1. " at the start of a line is a list item; in a language that writes
    ordinals so ("3. Stock") it may be a value, and stays."""
    text = _FENCE.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _ACTION.sub(" ", text)
    text = _TAG.sub(" ", text)
    text = _RULE.sub(" ", text)
    text = _BULLET.sub("", text)
    if numbered:
        text = _NUMBERED.sub("", text)
    text = _MARKS.sub("", text)
    text = text.replace("|", ", ").replace("\n", " ")
    if text.isascii():
        return text
    return "".join(char for char in text if not _is_picture(char))


def _is_picture(char: str) -> bool:
    """Whether `char` is an emoji or another symbol with no spoken form, including joiners and variation selectors."""
    if char in _SPOKEN_SIGNS:
        return False
    return unicodedata.category(char) in _UNSEEN or 0xFE00 <= ord(char) <= 0xFE0F
