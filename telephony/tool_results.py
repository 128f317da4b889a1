"""What a tool returned, in words for the model. Pure.

    in_words({"day": date(2026, 1, 5), "free": [9, 10]})     # '{"day": "2026-01-05", "free": [9, 10]}'
    in_words(None)                                           # NO_RESULT

A tool may return anything. Text stays as it is; the rest becomes JSON, in which whatever JSON does not know (dates,
keys that are no text, objects) is its `str()`, or its public attributes if it has no text of its own. Only as much is
written as is kept, so a result of many megabytes costs no more than one of `RESULT_CHARS`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Set
from enum import Enum
from typing import Any

from pydantic import BaseModel

from telephony.valid_text import valid

RESULT_CHARS = 8_000
"""Longer results are truncated: the model reads the result before the caller hears anything."""

DEEPEST = 30
"""Maximum depth of nested lists and objects; one that contains itself has no end."""

_BLANK = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + '"\u200b\u200c\u200d\u2060'
NO_RESULT = "No result: the tool has run and returned nothing."


def in_words(result: Any) -> str:
    """`result` as text that can be sent: never empty, at most `RESULT_CHARS` long. Raises ValueError for one that
    contains itself, and what the methods of the user's own objects raise."""
    if result is None:
        return NO_RESULT
    if isinstance(result, str):
        return _unless_blank(result)
    pieces, size = list[str](), 0
    for piece in _json(result):
        pieces.append(piece)
        size += len(piece)
        if size > RESULT_CHARS:
            break
    return _unless_blank("".join(pieces))


def _unless_blank(text: str) -> str:
    words = shortened(text)
    return words if words.strip(_BLANK) else NO_RESULT


def shortened(text: str) -> str:
    """`text` made valid, and not longer than the model may read."""
    return valid(text[:RESULT_CHARS])[:RESULT_CHARS]


def _json(value: Any, depth: int = 0) -> Iterator[str]:
    """The JSON text of `value`, in pieces."""
    if depth > DEEPEST:
        raise ValueError("the result contains itself, or is nested too deeply")
    match value:
        case Enum():
            yield from _json(value.value, depth + 1)
        case str():
            yield _quoted(value)
        case None | bool() | int() | float():
            yield json.dumps(value)
        case BaseModel():
            yield from _object(value.model_dump().items(), depth + 1)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            yield from _object(((field.name, getattr(value, field.name)) for field in fields), depth + 1)
        case Mapping():
            yield from _object(value.items(), depth + 1)
        case tuple() if hasattr(value, "_asdict"):
            yield from _object(value._asdict().items(), depth + 1)
        case list() | tuple() | Set() | Iterator():
            yield from _list(value, depth + 1)
        case bytes() | bytearray():
            yield _quoted(value[:RESULT_CHARS].decode("utf-8", "replace"))
        case AsyncIterator():
            raise ValueError("the result is an asynchronous iterator")
        case _ if _is_wordless(value):
            public = {name: one for name, one in vars(value).items() if not name.startswith("_")}
            yield from _object(public.items(), depth + 1)
        case _:
            yield _quoted(str(value))


def _is_wordless(value: Any) -> bool:
    """Whether its text would only be its class and its place in memory; its attributes say more."""
    kind: Any = type(value)
    return (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__) and hasattr(value, "__dict__")


def _object(items: Iterable[tuple[Any, Any]], depth: int) -> Iterator[str]:
    yield "{"
    for number, (name, value) in enumerate(items):
        yield f"{', ' if number else ''}{_quoted(name if isinstance(name, str) else str(name))}: "
        yield from _json(value, depth)
    yield "}"


def _list(items: Iterable[Any], depth: int) -> Iterator[str]:
    yield "["
    for number, item in enumerate(items):
        if number:
            yield ", "
        yield from _json(item, depth)
    yield "]"


def _quoted(text: str) -> str:
    return json.dumps(valid(text[:RESULT_CHARS]), ensure_ascii=False)
