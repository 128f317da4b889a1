"""What guests are told, and how many calls may be made from browsers.

Counts are kept in memory: a restart forgets them, and a link's expiry does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from telephony.console.passes import Pass

CALLS_AT_ONCE = 8
"""From all browsers together; each takes a place of TELEPHONY_MAX_CALLS as well."""
GUEST_CALLS, GUEST_CALL_MS = 5, 300_000
"""How many calls may be made from one link, and how long each may take."""


class TooManyCalls(Exception):
    """Why a call is not made now: a sentence for the page."""


def for_guests(event: Mapping[str, Any]) -> dict[str, Any]:
    """What a guest is told of an event: all but its `details`, which come from inside the service (what tools are given
    and return, numbers, addresses, reports of providers)."""
    return {name: value for name, value in event.items() if name != "details"}


@dataclass(slots=True)
class _Link:
    calls: int = 0
    live: bool = False


@dataclass(slots=True)
class CallLimit:
    """How many calls are made from browsers now, and how many were made from each link."""

    live: int = 0
    _links: dict[str, _Link] = field(default_factory=dict)

    @contextmanager
    def one(self, guest: Pass | None) -> Iterator[None]:
        """A call, of a guest or of somebody else. Raises TooManyCalls."""
        if self.live >= CALLS_AT_ONCE:
            raise TooManyCalls(f"There are {CALLS_AT_ONCE} calls from browsers already: try again when one is over.")
        link = self._links.setdefault(guest.id, _Link()) if guest is not None else _Link()
        if link.live:
            raise TooManyCalls("Somebody is on the phone with this link: try again when that call is over.")
        if link.calls >= GUEST_CALLS:
            raise TooManyCalls(f"This link was good for {GUEST_CALLS} calls, which have been made: ask for another.")
        link.calls, link.live = link.calls + 1, True
        self.live += 1
        try:
            yield
        finally:
            self.live -= 1
            link.live = False
