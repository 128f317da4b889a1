"""The short way: frames that change nothing are not looked at, and nobody notices.

Each call is played twice, event by event: by a `Conversation`, and by one whose parts are asked at every frame. Their
actions and deadlines are the same. Half of the calls are heard as over a bad line.

WALKS=5000 pytest tests/core/test_calm.py -n 4      many more calls than usual
WALK=1234 pytest tests/core/test_calm.py            the call of one seed, and the three after it
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.listening.calm import Part
from telephony.core.policy import Policy
from tests.core.walks import walk

BLOCKS = 4
FIRST_SEED = int(os.environ.get("WALK", 0))
WALKS = int(os.environ.get("WALKS", BLOCKS if "WALK" in os.environ else 240))
Stream = list[tuple[int, e.Event]]
"""What happens, and when; without the deadlines."""


class Both:
    """One call, played both ways. `short` counts the frames that went the short way."""

    def __init__(self, policy: Policy) -> None:
        self.calls = Conversation(policy), Conversation(policy)
        self.long = self.calls[1]
        self.long._parts = tuple(Part(part.tick) for part in self.long._parts)
        self.frames = self.short = 0

    def play(self, stream: Stream) -> None:
        for now, event in stream:
            while self.long.deadline is not None and self.long.deadline < now:
                self._step(e.TimeReached(self.long.deadline), self.long.deadline)
            self._step(event, now)

    def _step(self, event: e.Event, now: int) -> None:
        calm = self.calls[0]._calm
        one, other = (call.step(event, now) for call in self.calls)
        assert one == other, f"{now}: {event} -> {one}, but {other} if all parts are asked"
        one_at, other_at = (call.deadline for call in self.calls)
        assert one_at == other_at, f"{now}: {event} -> deadline {one_at}, but {other_at} if all parts are asked"
        self.frames += isinstance(event, e.AudioReceived)
        self.short += calm is not None and calm is self.calls[0]._calm


def bad_line(stream: Stream, rng: Random) -> Iterator[tuple[int, e.Event]]:
    """The same call over a bad line: frames late or lost, levels and voice that waver, events that never come."""
    late_ms, last, level = 0, 0, -300
    jitter, unsure, lossy = rng.choice((0, 5, 60)), rng.choice((0, 0, 0.1)), rng.choice((0, 0, 0.05))
    for at, event in stream:
        late_ms = max(0, late_ms + rng.randint(-jitter, jitter)) if rng.random() > 0.005 else rng.choice((300, 1_200))
        last = now = max(last, at + late_ms)
        if rng.random() < lossy:
            if isinstance(event, e.AudioReceived):
                yield now, e.AudioMissed(20)
            if isinstance(event, e.AudioReceived | e.MarkReached | e.TranscriptUpdated):
                continue
        if isinstance(event, e.AudioReceived):
            level = min(-100, max(-700, level + rng.randint(-60, 60))) if unsure or rng.random() < 0.1 else event.level
            speech = rng.choice((0, 300, 600, 950, None)) if rng.random() < unsure else event.speech
            event = replace(event, speech=speech, level=level)
        yield now, event


def call_of(seed: int) -> Both:
    sim = walk(seed, most_sounds=3, quiet_ms=4_000).sim
    stream: Stream = [(now, event) for now, event, _ in sim.steps if not isinstance(event, e.TimeReached)]
    both = Both(sim.policy)
    both.play(stream if seed % 2 else list(bad_line(stream, Random(seed))))
    return both


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_short_way_changes_nothing(block: int) -> None:
    short = frames = 0
    for number in range(WALKS // BLOCKS):
        seed = FIRST_SEED + number * BLOCKS + block
        try:
            both = call_of(seed)
        except AssertionError as broken:
            raise AssertionError(f"seed {seed} (WALK={seed} pytest {__file__}): {broken}") from broken
        short, frames = short + both.short, frames + both.frames
    assert short > frames // 2, "the short way is not the usual one"
