"""The short way: frames that change nothing are not looked at, and nobody notices.

Each call is played twice, event by event: by a `Conversation`, and by one whose parts are asked at every frame. Their
actions, deadlines and what they remember are the same. Most of the calls are heard as over a bad line, with noise.

WALKS=5000 pytest tests/core/test_calm.py -n 4      many more calls than usual
WALK=1234 pytest tests/core/test_calm.py            the call of one seed, and the three after it
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.listening.calm import Part
from telephony.core.policy import Limits, Policy
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Simulator
from telephony.testing.simulator import Part as Says
from tests.core.calls import asks, play
from tests.core.test_random_walks import random_event
from tests.core.walks import walk

BLOCKS = 4
FIRST_SEED = int(os.environ.get("WALK", 0))
WALKS = int(os.environ.get("WALKS", BLOCKS if "WALK" in os.environ else 120))


class Both:
    """One call, played both ways. `short` counts the frames that went the short way."""

    def __init__(self, policy: Policy) -> None:
        self.calls = Conversation(policy), Conversation(policy)
        self.long = self.calls[1]
        self.long._parts = tuple(Part(part.tick) for part in self.long._parts)
        self.frames = self.short = 0

    def play(self, stream: Iterable[tuple[int, e.Event]]) -> list[a.Action]:
        """Plays what happens and when, with the deadlines that come before. Returns what follows."""
        done = list[a.Action]()
        for now, event in stream:
            while self.long.deadline is not None and self.long.deadline < now:
                done += self._step(e.TimeReached(self.long.deadline), self.long.deadline)
            done += self._step(event, now)
        return done

    def _step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
        calm = self.calls[0]._calm
        one, other = (call.step(event, now) for call in self.calls)
        assert one == other, f"{now}: {event} -> {one}, but {other} if all parts are asked"
        state, other_state = map(kept, self.calls)
        assert state == other_state, f"{now}: {event} -> {state}, but {other_state} if all parts are asked"
        self.frames += isinstance(event, e.AudioReceived)
        self.short += calm is not None and calm is self.calls[0]._calm
        return one


def kept(call: Conversation) -> tuple[object, ...]:
    """The deadline, and what may matter later of what the parts remember."""
    heard, floor, turns = call._listening, call._floor, call._turns
    return (
        call.deadline,
        heard.utterance,
        heard.context,
        heard.commit_early,
        floor._overheard.inside,
        floor._noise._until_ms,
        floor._late_start.now,
        turns.settled_text,
        turns.speculation is None,
        turns.abandoned is None,
        call._answer.restarted,
        call._answer.owed,
        call._timers.deadline,
        len(call._acting.deferred._waiting),
        len(call._acting._asides._waiting),
    )


def bad_line(stream: Iterable[tuple[int, e.Event]], rng: Random) -> Iterator[tuple[int, e.Event]]:
    """The same call over a bad line: frames late or lost, levels and voice that waver, a noise that the detector takes
    for voice, keys, events that never come."""
    late_ms, last, level = 0, 0, -300
    jitter, unsure, lossy = rng.choice((0, 5, 60)), rng.choice((0, 0, 0.1)), rng.choice((0, 0, 0.05))
    noise_at, noise_ms = rng.randrange(15_000), rng.choice((0, 500, 3_000))
    key_at = rng.choice((0, rng.randrange(15_000)))
    for at, event in stream:
        if 0 < key_at <= at:
            key_at = 0
            yield max(last, at), e.KeyPressed(rng.choice("12#"))
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
            if speech is not None and noise_at <= at < noise_at + noise_ms:
                speech = 950
            event = replace(event, speech=speech, level=level)
        yield now, event


def twice(sim: Simulator) -> Both:
    """The call that the simulator has played, both ways."""
    both = Both(sim.policy)
    both.play((now, event) for now, event, _ in sim.steps if not isinstance(event, e.TimeReached))
    return both


def call_of(seed: int) -> Both:
    sim = walk(seed, most_sounds=3, quiet_ms=2_000 if seed % 32 else 25_000).sim
    if seed % 4 == 0:
        return twice(sim)
    both = Both(sim.policy)
    stream = [(now, event) for now, event, _ in sim.steps if not isinstance(event, e.TimeReached)]
    both.play(bad_line(stream, Random(seed)))
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


@pytest.mark.parametrize("seed", range(40))
def test_nor_among_events_in_any_order(seed: int) -> None:
    """The same for nonsensical events, with a while of frames after each."""
    rng, both = Random(seed), Both(Policy(greeting="Hello.", limits=Limits(apologies=10**9, silence_end_ms=10**9)))
    now, media, names, tools = 0, 0, list[str](), list[str]()
    both.play([(0, e.CallStarted("MZ1"))])
    for _ in range(60):
        event = random_event(rng, both.long, now, names, tools)
        both.play([(now, event)])
        speech, level = rng.choice((0, 0, 950)), rng.choice((-600, -300, -150))
        for _ in range(rng.choice((0, 1, 5, 30))):
            now, media = now + rng.choice((20, 20, 20, 0, 40)), media + 20
            done = both.play([(now, e.AudioReceived(b"", media, rng.choice((speech, speech, None)), level))])
            names += [action.name for action in done if isinstance(action, a.SendMark)]
            tools += [f"call_{action.turn}" for action in done if isinstance(action, a.StartReply)]


QUESTION = "what are your opening hours"
BOOKS: list[Says] = [CallTool("book"), "It is booked. Is there anything else?"]
DISCLOSES = Policy(must_be_heard=("This call may be recorded.",))


@pytest.mark.parametrize(
    "scene",
    [
        lambda s: play(asks(QUESTION).waits(s).says("and on sunday").waits(3), first_token=1_500),
        lambda s: play(asks(QUESTION).waits(s).says("and on sunday").waits(3), first_token=400, first_audio=400),
        lambda s: play(asks(QUESTION).waits(s).coughs(40).waits(0.08).coughs(40).waits(2)),
        lambda s: play(asks(QUESTION).listens(s).coughs(300).waits(0.5).coughs(2_500).waits(1)),
        lambda s: play(asks(QUESTION).listens(s).says("mm-hm").waits(0.5).says("wait what about sundays").waits(2)),
        lambda s: play(asks("book a table").waits(s).says("and a chair").waits(4), BOOKS, tool=5_000),
        lambda s: play(asks("my number is four six two").waits(s).says("nine one").waits(3)),
        lambda s: play(
            asks(QUESTION).listens(s).says("stop please").waits(4), ["This call may be recorded. Yes."], DISCLOSES
        ),
        lambda s: play(asks(QUESTION).waits(s).says("yes").waits(2), final=900, partial=400),
    ],
    ids=["late", "restarted", "clicks", "noise", "listener", "tool", "dictation", "disclosure", "slow stt"],
)
def test_nor_in_a_scene_at_any_time(scene: Callable[[float], Simulator]) -> None:
    """The caller goes on after so many seconds."""
    for tenths in range(2, 22, 3):
        twice(scene(tenths / 10))


def test_nor_in_a_long_silence() -> None:
    """The caller is asked whether they are still there; the silence is committed."""
    twice(play(CallerScript().waits(26)))
