"""The inbox and the observers of a call: time never goes back, whatever the core's deadline says."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from telephony.clock import Clock
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.engine import Engine
from telephony.core.policy import PHRASE_NAMES, Limits, Policy
from telephony.runtime.driver import Inbox, Observers
from telephony.tape.format import Header
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.tape.writer import TapeWriter
from tests.core.test_random_walks import random_event
from tests.core.walks import walk

LATE_DEADLINES = (46, 140, 205, 234, 236)
"""Seeds of walks in which the core asks for a moment that is up to 3.1 s ago."""


class HandClock(Clock):
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0

    def ms(self) -> int:
        return self.at


class Recording:
    """A core behind the real inbox, recorded by the real writer. `steps` are (now, event, actions)."""

    def __init__(self, call: Engine, folder: Path, policy: Policy) -> None:
        self.call = call
        self.clock = HandClock()
        self.inbox = Inbox(self.clock)
        self.steps: list[tuple[int, e.Event, tuple[a.Action, ...]]] = []
        self._tape = _Taped(TapeWriter(folder, Header(policy=policy)))
        self._observers = Observers([self._tape])

    async def take(self, event: e.Event, at: int) -> None:
        """The event arrives at `at`; what the core's deadlines ask for before it is done first."""
        self.clock.at = at
        self.inbox.put(event)
        while self.call.ended is None:
            given, now = await self.inbox.next(before=self.call.deadline)
            actions = self.call.step(given, now)
            self._observers.see(given, actions, now)
            self.steps.append((now, given, actions))
            if given is event:
                return

    def close(self) -> None:
        self._observers.close()


class _Taped:
    def __init__(self, writer: TapeWriter) -> None:
        self.see, self.close = writer.step, writer.close


@pytest.mark.parametrize("seed", [*LATE_DEADLINES, *range(8)])
async def test_a_random_call_through_the_inbox_leaves_a_whole_tape(seed: int, tmp_path: Path) -> None:
    """The same steps as in virtual time; the tape is read to its end, and replays exactly."""
    sim = walk(seed).sim
    limits = replace(sim.policy.limits, apologies=1_000)  # the most that a tape may hold
    policy = replace(sim.policy, limits=limits, language={"xx": "xxx"}.get(sim.policy.language, sim.policy.language))
    recording = Recording(Conversation(policy), tmp_path / "tape", policy)
    for now, event, _ in sim.steps:
        if not isinstance(event, e.TimeReached):
            await recording.take(event, now)
    recording.close()
    assert recording.steps == sim.steps[: len(recording.steps)]
    tape = read(tmp_path / "tape")
    assert tape.problems == []
    assert len(tape.steps) == len(recording.steps)
    assert replay(tape).difference is None


@pytest.mark.parametrize("seed", range(4))
async def test_anything_in_any_order_leaves_a_whole_tape(seed: int, tmp_path: Path) -> None:
    """Any events in any order, some of them late: `now` never goes back."""
    rng = random.Random(seed)
    policy = Policy(greeting="Hello.", limits=Limits(call_ms=10**8, apologies=1_000, silence_end_ms=10**8))
    call = Conversation(policy)
    recording = Recording(call, tmp_path / "tape", policy)
    phrases = tuple(e.Phrase(name, "Hello.", b"\x55" * 800) for name in (*PHRASE_NAMES, "greeting"))
    await recording.take(e.PhrasesLoaded(phrases if seed % 2 else ()), 0)
    now = 0
    for _ in range(2_000):
        now += rng.choice((0, 0, 1, 20, 20, 100, 3_000))
        recent = [action for _, _, actions in recording.steps[-40:] for action in actions]
        marks = [action.name for action in recent if isinstance(action, a.SendMark)]
        await recording.take(random_event(rng, call, now, marks or ["t1.1"], [f"call_{n}" for n in range(4)]), now)
        if call.ended is not None:
            break
    recording.close()
    times = [at for at, _, _ in recording.steps]
    assert times == sorted(times)
    assert read(tmp_path / "tape").problems == []


async def test_an_engine_that_asks_for_the_past_is_called_now() -> None:
    """Also right after a switch of engines, whose first events carry the stamp of the event taken last."""
    clock = HandClock()
    inbox = Inbox(clock)
    clock.at = 5_000
    inbox.put(e.KeyPressed("1"))
    assert await inbox.next(before=None) == (e.KeyPressed("1"), 5_000)
    assert await inbox.next(before=1_900) == (e.TimeReached(1_900), 5_000)
    inbox.put_first([e.CallStarted("")], 5_000)
    assert await inbox.next(before=4_000) == (e.TimeReached(4_000), 5_000)
    assert await inbox.next(before=None) == (e.CallStarted(""), 5_000)


@pytest.mark.parametrize("raises", [ValueError("x"), SystemExit(3)])
def test_an_observer_that_raises_is_detached(raises: BaseException) -> None:
    """The others see every step; one that exits is no exception."""

    class Broken:
        def see(self, step: object) -> None:
            raise raises

        def close(self) -> None:
            raise raises

    class Whole:
        def __init__(self) -> None:
            self.seen: list[object] = []

        def see(self, step: object) -> None:
            self.seen.append(step)

        def close(self) -> None:
            self.seen.append("closed")

    whole = Whole()
    observers = Observers([Broken(), whole])
    observers.see(e.CallStarted("MZ1"), (), 0)
    observers.see(e.CallStarted("MZ1"), (), 20)
    observers.close()
    assert len(whole.seen) == 3
    Observers([Broken()]).close()
