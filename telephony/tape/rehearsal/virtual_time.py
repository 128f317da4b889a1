"""A call in virtual time: the agenda of coming events, the carrier, and the loop. Pure.

A rehearsal and the tests' `Simulator` differ in the parts of the world around the core, and in when marks come back.

Events from a tape carry their step number: in the same millisecond they keep the tape's order, and events that are not
on the tape come last. So an unchanged rehearsal equals the tape step for step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.engine import Engine
from telephony.tape.audio import Playback

LATER = 1_000_000_000
"""Larger than every step number."""
LAST = 2 * LATER
"""Larger than every place in the order."""

Make = Callable[[], "e.Event | None"]


@dataclass(order=True, slots=True)
class Due:
    """An event due at `at` (ms); `make` returns it, or None if it no longer applies."""

    at: int
    order: int
    count: int
    make: Make = field(compare=False)


class Agenda:
    """A heap of due events."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._count = 0

    def put(self, at: int, event: e.Event | Make, order: int = LATER) -> None:
        """Adds an event at `at` (ms). `order` is its place among the events of the same millisecond, such as its step
        number on the tape; those of the same place come in the order of adding."""
        self._count += 1
        make: Make = event if callable(event) else lambda: event
        heapq.heappush(self._heap, Due(at, order, self._count, make))

    def peek(self) -> Due | None:
        return self._heap[0] if self._heap else None

    def take(self) -> Due:
        return heapq.heappop(self._heap)


class Part(Protocol):
    """Something that the core's actions reach, and that answers on the agenda."""

    def perform(self, action: a.Action, now: int) -> None: ...


class VirtualTime:
    """Runs a core by the times on the agenda and its own deadlines. `steps` records the call as (now, event, actions).

    `timers` maps deadlines to their place among the events of the same millisecond; other deadlines come last.
    """

    def __init__(self, agenda: Agenda, timers: Mapping[int, int]) -> None:
        self.agenda, self._timers = agenda, timers
        self.now = 0
        self.steps: list[tuple[int, e.Event, tuple[a.Action, ...]]] = []

    def run(self, core: Engine, parts: Sequence[Part], until: int) -> None:
        """Runs `core` with its `parts` until nothing more is due by `until` ms, or until the call ends."""
        while core.ended is None:
            due, deadline = self.agenda.peek(), core.deadline
            timer = None if deadline is None else (deadline, self._timers.get(deadline, LAST))
            if due is not None and (timer is None or (due.at, due.order) < timer):
                timer, at = None, due.at
            elif deadline is not None:
                at = deadline
            else:
                return
            if at > until:
                return
            self.now = max(self.now, at)
            event = self.agenda.take().make() if timer is None else e.TimeReached(at)
            if event is None:
                continue
            actions = core.step(event, self.now)
            self.steps.append((self.now, event, actions))
            for action in actions:
                for part in parts:
                    part.perform(action, self.now)


class Echoes(Protocol):
    """When a carrier's marks come back, in ms of the call."""

    def after_audio(self, name: str, end: int) -> int | None:
        """When a mark comes back whose audio ends at `end`; None: never, not even after a clear."""
        ...

    def after_clear(self, name: str, due: int, now: int) -> int:
        """When a mark comes back that was due at `due`, and is cleared `now`."""
        ...

    def order(self, name: str) -> int:
        """The place of its echo among the events of the same millisecond."""
        ...


class VirtualCarrier:
    """Plays what it is sent, and puts the echoes of marks on the agenda. `playback` is what it plays."""

    def __init__(self, agenda: Agenda, echoes: Echoes) -> None:
        self.playback = Playback()
        self._agenda, self._echoes = agenda, echoes
        self._due: dict[str, tuple[int, bool]] = {}  # mark that is out -> (when it comes back, whether it was cleared)

    def perform(self, action: a.Action, now: int) -> None:
        self.playback.perform(action, now)
        match action:
            case a.SendMark(name):
                at = self._echoes.after_audio(name, max(self.playback.end, now))
                if at is not None:
                    self._echo(name, max(at, now), cleared=False)
            case a.ClearPlayout():
                for name, due in [(name, due) for name, (due, cleared) in self._due.items() if not cleared]:
                    self._echo(name, self._echoes.after_clear(name, due, now), cleared=True)
            case _:
                pass

    def _echo(self, name: str, at: int, *, cleared: bool) -> None:
        mine = self._due[name] = (at, cleared)

        def come() -> e.Event | None:
            if self._due.get(name) is not mine:  # cleared since
                return None
            del self._due[name]
            return e.MarkReached(name)

        self._agenda.put(at, come, self._echoes.order(name))


def middle(values: Sequence[int], default: int) -> int:
    """The median; `default` without values."""
    return sorted(values)[len(values) // 2] if values else default
