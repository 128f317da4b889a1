"""Makes the engine that held a recorded call, from the tape's header. Pure."""

from __future__ import annotations

from collections.abc import Callable

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.ending import Ended
from telephony.core.engine import Engine
from telephony.core.managed.bridge import Bridge, BridgePolicy, taking_over
from telephony.core.managed_events import SwitchTo
from telephony.tape.codec import BadTape
from telephony.tape.format import BRIDGE, PIPELINE, Header


class Relay:
    """A bridge and, after its `SwitchTo`, the pipeline that took over, as one engine."""

    def __init__(self, header: Header) -> None:
        assert isinstance(header.engine_policy, BridgePolicy)
        self._header = header
        self._engine: Engine = Bridge(header.engine_policy)

    @property
    def ended(self) -> Ended | None:
        return self._engine.ended

    @property
    def deadline(self) -> int | None:
        return self._engine.deadline

    def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
        actions = self._engine.step(event, now)
        for action in actions:
            if isinstance(action, SwitchTo):
                policy = taking_over(self._header.policy, action.history)
                self._engine = Conversation(policy, self._header.spoken_form(), action.history, action.turn)
        return actions


ENGINES: dict[str, Callable[[Header], Engine]] = {
    PIPELINE: lambda header: Conversation(header.policy, header.spoken_form()),
    BRIDGE: Relay,
}
"""The engine's name in the header -> its factory."""


def fresh(header: Header) -> Engine:
    """A new core with the settings of the recorded call. Raises BadTape for an unknown engine."""
    if header.engine not in ENGINES:
        raise BadTape(f"the call was held by the engine {header.engine!r}, which this version cannot replay")
    return ENGINES[header.engine](header)
