"""Text of strangers on a terminal: a Host header or a name must not move the cursor, nor pass for a line of the log."""

from __future__ import annotations

import io
import logging
from collections.abc import MutableMapping
from typing import Any, TextIO

from structlog.typing import ExcInfo

from telephony.observe.tracebacks import plain_traceback


def printable(text: str) -> str:
    """`text` on one line: line breaks and other unprintable characters are written as in Python (`\\n`, `\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def printable_lines(text: str) -> str:
    """As `printable`, for text that has several lines."""
    return "\n".join(map(printable, text.expandtabs().split("\n")))


def printable_values(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: makes the texts of a line printable. (Values of other types are printed as `repr`.)"""
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = printable_lines(value) if key == "exception" else printable(value)
    return line


def printable_traceback(out: TextIO, error: ExcInfo) -> None:
    """An exception formatter of structlog: plain (the default shows local variables: phone numbers, texts, keys)."""
    text = io.StringIO()
    plain_traceback(text, error)
    out.write(printable_lines(text.getvalue()))


class PrintableFormatter(logging.Formatter):
    """Makes the lines of another formatter printable."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(self._inner.format(record))
