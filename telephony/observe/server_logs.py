"""Replaces uvicorn's tracebacks at shutdown by one log line.

When the grace period is over, uvicorn cancels the remaining requests and prints a traceback for each. That is not an
error: a client has not ended its request. So one line is logged instead, with the number of requests.
"""

from __future__ import annotations

import asyncio
import logging

import structlog

log = structlog.get_logger()


def listen() -> None:
    """Installs the filter for the whole process. Calling it again has no effect."""
    logging.getLogger("uvicorn.error").addFilter(_keep)


def _keep(record: logging.LogRecord) -> bool:
    """Whether to print the server's own line; logs ours in place of the one about cancelled tasks."""
    if str(record.msg).startswith("Cancel %s running task(s)"):
        count = record.args[0] if isinstance(record.args, tuple) and record.args else 0
        log.warning("requests_cancelled", count=count, why="they did not end within the grace period of the shutdown")
        return False
    return not (isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], asyncio.CancelledError))
