"""What a log may say of an exception: where, and of which type. Not its message.

A message is written by whoever raised it: a tool of the user's, a library with the request in hand. It may hold a name,
a number, a key. So it is left out, as variables are; types (with their modules), the code of our own errors, and the
frames stay: of the exception, of what caused it, and of each member of a group.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

from telephony.errors import TelephonyError

DEEPEST = 20
"""Exceptions behind each other, and groups within groups, that are told."""
_CAUSE = "The above was the direct cause of the following:"
_CONTEXT = "While the above was handled, this happened:"


def without_messages(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: `exc_info` becomes `exception`, as `told` has it."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    error = error or (sys.exc_info()[1] if given else None)
    if error is not None:
        line["exception"] = told(error)
    return line


class SilentFormatter(logging.Formatter):
    """The same for what libraries log."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return told(ei[1]) if ei[1] is not None else ""


def told(error: BaseException) -> str:
    """Type, module and frames, of everything that led to it."""
    return "\n".join(_lines(error, 0))


def _lines(error: BaseException, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        yield "..."
        return
    if error.__cause__ is not None:
        yield from _lines(error.__cause__, depth + 1)
        yield f"\n{_CAUSE}\n"
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _lines(error.__context__, depth + 1)
        yield f"\n{_CONTEXT}\n"
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    kind = type(error)
    code = f" ({error.code})" if isinstance(error, TelephonyError) else ""
    yield f"{kind.__module__}.{kind.__qualname__}{code}"
    if isinstance(error, BaseExceptionGroup):
        for index, member in enumerate(error.exceptions, 1):
            yield f"  member {index}:"
            for line in _lines(member, depth + 1):
                yield "\n".join(f"    {part}" for part in line.split("\n"))
