"""The interface of whatever holds a conversation."""

from __future__ import annotations

from typing import Protocol

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.ending import Ended


class Engine(Protocol):
    """A pure state machine: the pipeline's `Conversation`, or the `Bridge` to a managed agent."""

    @property
    def ended(self) -> Ended | None: ...

    @property
    def deadline(self) -> int | None: ...

    def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]: ...
