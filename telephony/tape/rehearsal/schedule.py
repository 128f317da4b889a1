"""What is going to happen in a rehearsal, in order. Pure.

Events that stand on the tape carry the number of their step: of two in the same millisecond the tape's order decides,
and what the tape does not have comes last. So a rehearsal in which nothing has changed is the tape, step for step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from telephony.core import events as e

LATER = 1_000_000_000
"""Above every step number."""

Make = Callable[[], "e.Event | None"]


@dataclass(order=True, slots=True)
class Due:
    """Something that happens at `at`; `make` gives the event, or None if it does not happen after all."""

    at: int
    order: int
    make: Make = field(compare=False)


class Agenda:
    """A heap of what is due."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._count = LATER

    def put(self, at: int, event: e.Event | Make, order: int | None = None) -> None:
        """`order` is a step number of the tape, or None for what is not on it."""
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
    """The median."""
    return sorted(values)[len(values) // 2] if values else default
