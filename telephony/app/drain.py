"""The drain: live calls may go on for a while, and whoever we have rung is not turned away.

The phone of a call that was placed just before may ring for longer than the last live call lasts. If it is answered, it
is answered here, and is told how long it may last. Attempts are looked up on disk, because another process that shares
the data directory may have placed them (`telephony dial`).
"""

from __future__ import annotations

import structlog

from telephony.app.app import Service
from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt
from telephony.outbound.attempts import Attempts
from telephony.twilio.rest import PLACE_MS

log = structlog.get_logger()

LOOK_MS = 1_000
AFTER_RING_S = 5
"""Twilio rings for up to five seconds longer than it is told."""


async def drain(service: Service, limit_ms: int) -> None:
    """Refuses new calls, and returns when no call is live and no phone rings any more that we have rung; not much later
    than `limit_ms`."""
    clock, registry = service.clock, service.registry
    ends_ms = clock.ms() + limit_ms
    while True:
        await registry.drain(max(0, ends_ms - clock.ms()))
        if clock.ms() >= ends_ms or not await _rings(service):
            return
        await clock.sleep(LOOK_MS)


async def _rings(service: Service) -> bool:
    if service.settings.data is None:
        return False
    try:
        found = await Attempts(service.settings.data).open()
    except DialRefused as error:
        log.error("attempts_unreadable", problem=str(error))
        return False
    return any(may_ring(one, service.clock.wall_s()) for one in found)


def may_ring(attempt: Attempt, now_s: float) -> bool:
    """Whether the phone of an attempt may be ringing, be about to (also if it is not known whether it was placed), or
    have been picked up just now, so that its call is not live yet."""
    longest_s = PLACE_MS / 1_000 + attempt.ring_s + AFTER_RING_S
    return not attempt.over and now_s < attempt.created_s + longest_s
