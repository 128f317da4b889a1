"""Watches how many file descriptors are in use.

At the limit no connection is accepted and none can be opened, and with uvloop nobody says so: callers hear nothing,
the log shows nothing. So it is said beforehand, when nine tenths are in use.
"""

from __future__ import annotations

import os

import structlog

from telephony.clock import Clock

try:
    import resource
except ImportError:  # not on Windows, whose limit is no matter of files
    resource = None  # type: ignore[assignment]

log = structlog.get_logger()

CHECK_MS = 5_000
AGAIN_MS = 60_000
"""While they stay scarce it is said again after this time."""


def in_use() -> tuple[int, int]:
    """(open descriptors, how many there may be); (0, 0) where that cannot be told."""
    if resource is None:
        return 0, 0
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        return len(os.listdir("/dev/fd")), limit
    except FileNotFoundError:
        return 0, 0
    except OSError:  # listing takes a descriptor, too
        return limit, limit


async def watch(clock: Clock) -> None:
    """Logs when descriptors become scarce, until cancelled."""
    said_ms: int | None = None
    while True:
        used, limit = in_use()
        now, scarce = clock.ms(), limit > 0 and used >= limit * 9 // 10
        if scarce and (said_ms is None or now - said_ms >= AGAIN_MS):
            said_ms = now
            log.error(
                "descriptors_scarce", used=used, limit=limit, fix="raise the limit (ulimit -n) or take fewer calls"
            )
        elif said_ms is not None and not scarce:
            said_ms = None
            log.info("descriptors_free", used=used, limit=limit)
        await clock.sleep(CHECK_MS)
