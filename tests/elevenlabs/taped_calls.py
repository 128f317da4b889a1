"""The engine is pure: a recorded call, put into a fresh one, gives the same actions."""

from __future__ import annotations

from telephony.core import managed_events as m
from telephony.core.managed.bridge import Bridge, BridgePolicy
from telephony.testing.stack import Tape


def replays(tape: Tape, policy: BridgePolicy | None = None) -> None:
    """Asserts it, up to where another engine took over."""
    bridge = Bridge(policy or BridgePolicy())
    for step in tape.steps:
        assert bridge.step(step.event, step.now_ms) == step.actions, step
        if any(isinstance(action, m.SwitchTo) for action in step.actions):
            return
    assert bridge.ended is not None
