"""What a port is: a shell's side of the driver.

A port carries out some of the core's actions and reports everything that happens as events. Four ports make a call:
the leg (carrier), the ears (STT), the voice (TTS) and the mind (LLM and tools).

The contract, the same for all:

- `run(emit)` lives as long as the call. It never raises (`CancelledError` aside): a failure becomes an event.
- `perform(action)` is synchronous, never blocks, never raises, and may be called before `run` has connected anything.
  What it queues is bounded; overflow has a named policy in the port.
- `emit(event)` is synchronous and may be called from the port's own tasks only, on the same event loop.
- `stop()` asks for an orderly end; the driver cancels `run` afterwards. Calling it twice is fine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from telephony.core.actions import Action
from telephony.core.events import Event

Emit = Callable[[Event], None]


class Port(Protocol):
    """One shell of a call. See the module text for the contract of each method."""

    async def run(self, emit: Emit) -> None: ...

    def perform(self, action: Action) -> None: ...

    def stop(self) -> None: ...
