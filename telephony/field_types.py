"""Checks the values of a frozen dataclass against the types that its fields declare.

A text where a tuple is meant would be taken apart into its letters, on the first call and not before. So what the user
writes is checked when it is made: the error is raised in the user's own line.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

SHOWN_CHARS = 60
_OURS = ("telephony.core.policy", "telephony.core.language.wording")


def check_types(value: Any) -> None:
    """Raises TypeError, naming every field of `value`, and of dataclasses in it, that has a value of another type."""
    if problems := list(_mismatches(value)):
        raise TypeError("; ".join(problems))


def _mismatches(value: Any) -> Iterator[str]:
    kind, hints = type(value), typing.get_type_hints(type(value))
    for one in fields(value):
        given, hint = getattr(value, one.name), hints[one.name]
        if not _fits(given, hint):
            yield f"{kind.__name__}.{one.name} must be {_words(hint)}, not {_shown(given)}"
            continue
        for part in given if isinstance(given, tuple | list) else (given,):
            if is_dataclass(part) and _is_ours(part):
                yield from _mismatches(part)


def _is_ours(part: Any) -> bool:
    """Whether the part has not been checked when it was made, and holds only plain values."""
    return not isinstance(part, type) and type(part).__module__ in _OURS


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:  # of any length; a list serves as well
        return isinstance(value, tuple | list) and all(_fits(one, inner[0]) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping)
    if hint in (int, float):
        return isinstance(value, int if hint is int else int | float) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _words(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(one) for one in inner)
    if origin is tuple:
        return f"a tuple of {inner[0].__name__}"
    return "None" if hint is types.NoneType else str(getattr(origin or hint, "__name__", hint))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:SHOWN_CHARS]!r}"
    if isinstance(value, tuple | list):
        return f"({', '.join(_shown(one) for one in value[:3])}{', ...' if len(value) > 3 else ''})"
    if isinstance(value, types.FunctionType):
        code = value.__code__
        return f"the plain function {value.__name__} ({code.co_filename}:{code.co_firstlineno})"
    return f"{type(value).__name__} {value!r}"[:SHOWN_CHARS] if not isinstance(value, type) else f"the class {value}"
