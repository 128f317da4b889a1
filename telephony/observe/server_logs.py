"""What the HTTP server says when it stops, in our words.

At the limit of its grace uvicorn cancels the requests that are left, and then prints a traceback for each. That is no
fault of anybody's: a client has not ended its request. So it is one line, with their number.
"""

from __future__ import annotations

import asyncio
import logging

import structlog

log = structlog.get_logger()


def listen() -> None:
    """From now on, for the whole process. Calling it again changes nothing."""
    logging.getLogger("uvicorn.error").addFilter(_clear)


def _clear(record: logging.LogRecord) -> bool:
    """Whether the server's own line is to be printed."""
    if str(record.msg).startswith("Cancel %s running task(s)"):
        count = record.args[0] if isinstance(record.args, tuple) and record.args else 0
        log.warning("requests_cancelled", count=count, why="they did not end within the grace limit of the shutdown")
        return False
    return not (isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], asyncio.CancelledError))
