"""Formats exceptions for the log without their messages, and the lines of libraries without what they quote.

The message comes from whatever raised the exception, such as a user's tool or a library that handles a request, and
may contain a name, a number or a key. So messages and variables are left out. The type with its module, the code of our
own errors, and the frames stay, for the exception, its causes, and each member of a group.

A library's own line is its fixed text, filled with arguments: these are redacted, or the whole line if it has none,
because it may have been put together before. Where personal data is allowed, only secrets and phone numbers go.
"""

from __future__ import annotations

import linecache
import logging
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any, TextIO

from telephony.errors import TelephonyError
from telephony.log_redaction import without_secrets, without_words

HINT = "messages are hidden; TELEPHONY_LOG_PII=1 shows them"
DEEPEST = 20
"""The maximum depth of chained exceptions and nested groups."""
_FRAME = re.compile(r'[ |]*File "(.+)", line \d+(?:, in [\w.<>]+)?')
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


def secretless(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: removes secrets from `exception`, the traceback with messages."""
    if isinstance(text := line.get("exception"), str):
        line["exception"] = _lines_without_secrets(text)
    return line


def plain_traceback(out: TextIO, error: Any) -> None:
    """The console's form of a traceback with messages, without secrets."""
    out.write("\n" + _lines_without_secrets("".join(traceback.format_exception(*error)).rstrip("\n")))


def _lines_without_secrets(text: str) -> str:
    return "\n".join(map(_without_secrets, text.split("\n")))


def _without_secrets(line: str) -> str:
    """The line with its indentation. One that names a file from which the traceback quotes is no stranger's text."""
    if (frame := _FRAME.fullmatch(line)) is not None and frame[1] in linecache.cache:
        return line
    return line[: len(line) - len(line.lstrip())] + without_secrets(line)


class SecretlessFormatter(logging.Formatter):
    """Formats the lines of libraries where personal data is allowed."""

    def format(self, record: logging.LogRecord) -> str:
        return _lines_without_secrets(super().format(record))


class SilentFormatter(logging.Formatter):
    """Formats the lines of libraries, and the exceptions they log, where it is not."""

    def format(self, record: logging.LogRecord) -> str:
        quiet = logging.makeLogRecord(record.__dict__)
        quiet.exc_text = None
        if not record.args:
            quiet.msg = without_words(record.getMessage())
        elif isinstance(record.args, tuple):
            quiet.args = tuple(_redacted(arg) for arg in record.args)
        else:
            quiet.args = {name: _redacted(arg) for name, arg in record.args.items()}
        return super().format(quiet)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return f"{format_error(ei[1])}\n({HINT})" if ei[1] is not None else ""


def _redacted(argument: object) -> object:
    return argument if isinstance(argument, int | float) else without_words(str(argument))


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
