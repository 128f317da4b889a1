"""The observer contract. Tape, console and logs are observers of one stream of `Step`s.

An observer never changes a call. One that raises is detached and logged by the driver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telephony.core.actions import Action
from telephony.core.events import Event


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the core: `event` arrived at `now_ms` (since the call began) and the core returned `actions`."""

    seq: int
    now_ms: int
    event: Event
    actions: tuple[Action, ...]


class Observer(Protocol):
    def see(self, step: Step) -> None:
        """Called synchronously after each step; must be fast."""
        ...

    def close(self) -> None:
        """The call is over."""
        ...
