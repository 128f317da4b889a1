"""The port contract: how the core reaches an outside service.

A port performs some of the core's actions and reports everything that happens as events. A call has four ports: the
leg (carrier), STT, TTS, and LLM (with the tools).

The contract is the same for all:

- `run(emit)` lasts as long as the call. It raises nothing but `CancelledError`: a failure becomes an event.
- `perform(action)` is synchronous, never blocks, never raises, and may be called before `run` has connected anything.
  Its queue is bounded; each port names its overflow policy.
- `emit(event)` is synchronous and may be called from the port's own tasks only, on the same event loop. What follows
  from the event happens before it returns: `perform` may be called inside it, so a port is in order before it emits.
- `stop()` requests an orderly end; `run` is cancelled if it does not return soon. Calling it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from telephony.core.actions import Action
from telephony.core.events import Event

Emit = Callable[[Event], None]


class Port(Protocol):
    """One port of a call. The module docstring has the contract of each method."""

    async def run(self, emit: Emit) -> None: ...

    def perform(self, action: Action) -> None: ...

    def stop(self) -> None: ...
