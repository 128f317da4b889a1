"""Runs the port of a managed conversation as a call does."""

from __future__ import annotations

from telephony.core.events import Event
from telephony.core.managed_events import ManagedClosed
from telephony.elevenlabs.agents import ManagedSocket


async def run_until_closed(port: ManagedSocket) -> list[Event]:
    """The events that the port reports. It is stopped when the platform has closed: until then it waits, because what
    was said last may still be heard, and deferred work depends on that."""
    events: list[Event] = []

    def happened(event: Event) -> None:
        events.append(event)
        if isinstance(event, ManagedClosed):
            port.stop()

    await port.run(happened)
    return events
