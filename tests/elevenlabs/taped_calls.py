"""Replay of taped managed calls: the engine is pure, so a fresh one must produce the same actions."""

from __future__ import annotations

from telephony.core import managed_events as m
from telephony.core.managed.bridge import Bridge, BridgePolicy
from telephony.testing.stack import Tape


def replays(tape: Tape, policy: BridgePolicy | None = None) -> None:
    """Asserts that the tape replays exactly, up to the point at which another engine takes over."""
    bridge = Bridge(policy or BridgePolicy())
    for step in tape.steps:
        assert bridge.step(step.event, step.now_ms) == step.actions, step
        if any(isinstance(action, m.SwitchTo) for action in step.actions):
            return
    assert bridge.ended is not None
