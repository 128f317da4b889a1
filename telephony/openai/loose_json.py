"""Reads JSON as models write it by hand: trailing commas, single quotes, Python's True and None, line breaks in texts.
Pure."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

MAX_CHARS = 8_000
_PARTS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\\n])*\'|[{}\[\]()]')
_TRAILING = re.compile(r",(?=\s*[}\]])")
_BEFORE = re.compile(r"\s*(?:```\w*\s*)?(?={)")
_AFTER = re.compile(r"(?:[\s`}\]);,]|</?[|\w]{1,30}>)*")
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}


def object_at(text: str, start: int) -> tuple[Any, int]:
    """The object whose "{" is at `start`, and the index of its end; (None, start) if there is none."""
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except RecursionError:
        return None, start
    except ValueError:
        pass
    end = span_at(text, start)
    if end is None:
        return None, start
    span = text[start:end]
    try:
        return json.loads(_TRAILING.sub("", span), strict=False), end
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(re.sub(r"\b(?:true|false|null)\b", lambda m: _CONSTANTS[m[0]], span))
        json.dumps(value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None, start
    return (value, end) if isinstance(value, dict) else (None, start)


def only_object(text: str) -> Any:
    """The object that `text` consists of, with a fence around it or the closing marks of something else after it; None
    if there is no such object, or if it is not closed: the rest of it could say anything."""
    before = _BEFORE.match(text)
    value, end = object_at(text, before.end()) if before else (None, 0)
    return value if value is not None and _AFTER.fullmatch(text, end) else None


def span_at(text: str, start: int) -> int | None:
    """The index after the bracket that closes the one at `start`; None if it is not closed."""
    depth = 0
    for part in _PARTS.finditer(text, start, start + MAX_CHARS):
        if part[0] in "{[(":
            depth += 1
        elif part[0] in "}])":
            depth -= 1
            if depth == 0:
                return part.end()
    return None
