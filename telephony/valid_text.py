"""Makes text from outside valid, once, where it comes in: surrogates, control characters, normal form NFC. Pure.

    valid("caf\\ud83d")                             # "caf": half a surrogate pair cannot be encoded as UTF-8
    valid("e\\u0301")                               # "\\u00e9"
    stream.add("\\ud83d"), stream.add("\\ude00!")    # "", then the emoji: a pair may be split between two pieces

A JSON text may hold half of a surrogate pair (a text cut in the middle of an emoji). Python decodes it, but no later
request that holds it can be encoded. Control characters are refused by XML and by some servers. Two spellings of one
word (an accent as a character of its own) would not be recognised as the same.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

#: All that `valid` removes: control characters except tab and line feed, and code points that are not characters.
_REMOVED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
#: Removed characters, half pairs, and the parts of a Korean syllable after the first: what is before stays open.
_FOLLOWS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff\ufeff\ud800-\udfff\u1160-\u11ff]")
_LINE_BREAK = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_LONGEST_OPEN_END = 32  # a letter with more marks than this is no word


def valid(text: str) -> str:
    """`text` without what no text may contain; all line breaks as line feeds; NFC. Valid text is returned as it is."""
    if text.isascii() and text.isprintable():
        return text
    text = _REMOVED.sub("", _LINE_BREAK.sub("\n", encodable(text)))
    return unicodedata.normalize("NFC", text)


def encodable(text: str) -> str:
    """`text` with the halves of each pair joined, and without a half on its own; all else stays as it is."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def load(body: str | bytes) -> Any:
    """The JSON value in `body`, with every string `encodable`. Raises ValueError, RecursionError."""
    text = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "surrogatepass")
    found = json.loads(text)
    if "\\u" in text or encodable(text) is not text:  # only then may there be halves
        found = json.loads(encodable(json.dumps(found, ensure_ascii=False)))
    return found


class ValidStream:
    """`valid` for text in pieces. What the next piece may still change (half a pair, the last letter of a word, which
    an accent may follow) is kept until then; `rest` returns it at the end."""

    def __init__(self) -> None:
        self._open = ""

    def add(self, piece: str) -> str:
        text = self._open + piece
        end = _open_end(text)
        self._open = text[end:]
        return valid(text[:end])

    def rest(self) -> str:
        text, self._open = self._open, ""
        return valid(text)


def _open_end(text: str) -> int:
    """The index at which the part begins that the next piece may change."""
    end = len(text)
    lowest = max(end - _LONGEST_OPEN_END, 0)
    while end > lowest and (unicodedata.combining(text[end - 1]) or _FOLLOWS.match(text[end - 1])):
        end -= 1
    last = text[end - 1 : end]
    return end - 1 if last.isalpha() or last == "\r" else end
