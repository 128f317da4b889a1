"""The order of coming events in a rehearsal. Pure.

Events from the tape carry their step number: in the same millisecond they keep the tape's order, and events that are
not on the tape come last. So an unchanged rehearsal equals the tape step for step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from telephony.core import events as e

LATER = 1_000_000_000
"""Larger than every step number."""

Make = Callable[[], "e.Event | None"]


@dataclass(order=True, slots=True)
class Due:
    """An event due at `at` (ms); `make` returns it, or None if it no longer applies."""

    at: int
    order: int
    make: Make = field(compare=False)


class Agenda:
    """A heap of due events."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._count = LATER

    def put(self, at: int, event: e.Event | Make, order: int | None = None) -> None:
        """Adds an event at `at` (ms). `order` is its step number on the tape, or None if it is not on the tape."""
        if order is None:
            self._count += 1
            order = self._count
        make: Make = event if callable(event) else lambda: event
        heapq.heappush(self._heap, Due(at, order, make))

    def peek(self) -> Due | None:
        return self._heap[0] if self._heap else None

    def take(self) -> Due:
        return heapq.heappop(self._heap)


def middle(values: Sequence[int], default: int) -> int:
    """The median; `default` without values."""
    return sorted(values)[len(values) // 2] if values else default
