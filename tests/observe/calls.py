"""Feeds simulated calls to observers."""

from __future__ import annotations

from telephony.contracts.observer import Observer, Step
from telephony.testing.simulator import Simulator


def watched(sim: Simulator, *observers: Observer) -> list[Step]:
    """Shows every step of `sim` to `observers`; returns the steps."""
    steps = [Step(seq, now, event, actions) for seq, (now, event, actions) in enumerate(sim.steps)]
    for observer in observers:
        for step in steps:
            observer.see(step)
        observer.close()
    return steps
