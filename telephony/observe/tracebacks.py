"""Formats exceptions for the log without their messages.

The message comes from whatever raised the exception, such as a user's tool or a library that handles a request, and
may contain a name, a number or a key. So messages and variables are left out. The type with its module, the code of our
own errors, and the frames stay, for the exception, its causes, and each member of a group.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

from telephony.errors import TelephonyError

HINT = "messages are hidden; TELEPHONY_LOG_PII=1 shows them"
DEEPEST = 20
"""The maximum depth of chained exceptions and nested groups."""
_CAUSE = "The above was the direct cause of the following:"
_CONTEXT = "While the above was handled, this happened:"


def without_messages(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: replaces `exc_info` by `exception`, formatted by `format_error`, and a `hint`."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    error = error or (sys.exc_info()[1] if given else None)
    if error is not None:
        line["exception"] = format_error(error)
        line["hint"] = HINT
    return line


class SilentFormatter(logging.Formatter):
    """Formats exceptions that libraries log in the same way."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return f"{format_error(ei[1])}\n({HINT})" if ei[1] is not None else ""


def format_error(error: BaseException) -> str:
    """The type and frames of `error` and of its causes, as text."""
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
