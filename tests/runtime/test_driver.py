"""The inbox and the observers of a call: time never goes back, whatever the core's deadline says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest

from telephony.clock import Clock
from telephony.contracts.observer import Step, step_of_frame
from telephony.contracts.port import Emit, Port
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.ending import Ended, EndedBy
from telephony.core.engine import Engine
from telephony.core.managed_events import SwitchTo
from telephony.core.policy import PHRASE_NAMES, Limits, Policy
from telephony.runtime.driver import Ports, drive
from telephony.runtime.inbox import AT_ONCE, AUDIO_LIMIT, CONTROL_LIMIT, Inbox
from telephony.runtime.observers import Observers
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


class Quiet:
    """A port that does nothing."""

    async def run(self, emit: Emit) -> None: ...

    def perform(self, action: a.Action) -> None: ...

    def stop(self) -> None: ...


def no_switch(action: object) -> NoReturn:
    raise AssertionError("nothing switches here")


class Recording:
    """A core behind the real inbox and driver, recorded by the real writer. `steps` are (now, event, actions)."""

    def __init__(self, call: Engine, folder: Path, policy: Policy) -> None:
        self.call = call
        self.clock = HandClock()
        self.inbox = Inbox(self.clock)
        self.steps: list[tuple[int, e.Event, tuple[a.Action, ...]]] = []
        taped = _Taped(TapeWriter(folder, Header(policy=policy)), self.steps)
        quiet = Quiet()
        self.leg = asyncio.ensure_future(quiet.run(lambda event: None))
        driving = drive(call, Ports(quiet, quiet, quiet, quiet), self.inbox, self.leg, Observers([taped]), no_switch)
        self.driving = asyncio.ensure_future(driving)

    async def take(self, event: e.Event, at: int) -> None:
        """The event arrives at `at`; what the core's deadlines ask for before it is done first."""
        self.clock.at = at
        self.inbox.put(event)
        while self.call.ended is None and not (self.steps and self.steps[-1][1] is event):  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Ends the call, if it has not ended."""
        if self.call.ended is None:
            await self.take(e.CallerLeft(e.LegEnd.STOP), self.clock.at)
        await self.driving


class _Taped:
    """Writes a tape, and keeps the steps."""

    def __init__(self, writer: TapeWriter, steps: list[tuple[int, e.Event, tuple[a.Action, ...]]]) -> None:
        self._writer, self._steps, self.close = writer, steps, writer.close

    def see(self, step: Step) -> None:
        self._writer.step(step)
        self._steps.append((step.now_ms, step.event, step.actions))

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self.see(step_of_frame(seq, now_ms, event))


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
    given = len(recording.steps)
    await recording.end()
    assert recording.steps[:given] == sim.steps[:given]
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
    await recording.end()
    times = [at for at, _, _ in recording.steps]
    assert times == sorted(times)
    assert read(tmp_path / "tape").problems == []


class Asking:
    """An engine that notes what it is given, and asks for the moments of `deadlines`, one after the other."""

    def __init__(self, *deadlines: int | None) -> None:
        self.ended: Ended | None = None
        self.given: list[tuple[e.Event, int]] = []
        self._deadlines = list(deadlines)
        self.deadline: int | None = None

    def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
        self.given.append((event, now))
        self.deadline = self._deadlines.pop(0) if self._deadlines else None
        if isinstance(event, e.CallerLeft):
            self.ended = Ended("caller", EndedBy.CALLER)
        return ()


@asynccontextmanager
async def driven(engine: Engine, *, leg: Port | None = None, clock: Clock | None = None) -> AsyncIterator[Inbox]:
    """The inbox of a call that `engine` has; at the end the caller leaves."""
    inbox, quiet = Inbox(clock or HandClock()), Quiet()
    task = asyncio.ensure_future(quiet.run(inbox.put))
    driving = asyncio.ensure_future(
        drive(engine, Ports(leg or quiet, quiet, quiet, quiet), inbox, task, Observers([]), no_switch)
    )
    await asyncio.sleep(0)  # lets it begin
    yield inbox
    inbox.put(e.CallerLeft(e.LegEnd.STOP))
    await driving


KEYS = [e.KeyPressed(str(number % 10)) for number in range(100)]


async def test_an_event_is_taken_before_put_returns() -> None:
    """No task is woken between an event and what follows from it."""
    engine = Asking()
    async with driven(engine) as inbox:
        inbox.put(KEYS[1])
        assert engine.given == [(KEYS[1], 0)]


async def test_an_engine_that_asks_for_the_past_is_called_now() -> None:
    """A deadline before the last step comes at the time of that step, before what arrives later."""
    engine, clock = Asking(1_900, None), HandClock()
    async with driven(engine, clock=clock) as inbox:
        clock.at = 5_000
        inbox.put(KEYS[1])
        clock.at = 5_020
        inbox.put(KEYS[2])
        assert engine.given == [(KEYS[1], 5_000), (e.TimeReached(1_900), 5_000), (KEYS[2], 5_020)]


async def test_deadlines_come_before_what_arrives_later_and_not_before_what_arrives_then() -> None:
    """However late the loop is: each at its own time."""
    engine, clock = Asking(40, 70, 100, None), HandClock()
    async with driven(engine, clock=clock) as inbox:
        inbox.put(KEYS[1])
        clock.at = 100
        inbox.put(KEYS[2])
        assert engine.given == [
            (KEYS[1], 0), (e.TimeReached(40), 40), (e.TimeReached(70), 70), (KEYS[2], 100)
        ]  # fmt: skip


async def test_a_deadline_wakes_a_call_in_which_nothing_happens() -> None:
    """Also one that was moved to an earlier moment, and one that was moved to a later one."""
    engine = Asking(10**9, 30, None)
    async with driven(engine, clock=Clock(speed=10)) as inbox:
        inbox.put(KEYS[1])
        inbox.put(KEYS[2])
        while e.TimeReached(30) not in [event for event, _ in engine.given]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    later = Asking(30, 50, None)
    async with driven(later, clock=Clock(speed=10)) as inbox:
        inbox.put(KEYS[1])
        inbox.put(KEYS[2])
        while e.TimeReached(50) not in [event for event, _ in later.given]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert e.TimeReached(30) not in [event for event, _ in later.given]


async def test_what_a_port_reports_while_it_performs_comes_next() -> None:
    """The core is never entered twice; the order is that of arrival."""

    class Reports(Quiet):
        def perform(self, action: a.Action) -> None:
            inbox.put(KEYS[3])
            assert len(engine.given) == 1

    class Clears(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            super().step(event, now)
            return (a.ClearPlayout(),) if event is KEYS[1] else ()

    engine = Clears()
    async with driven(engine, leg=Reports()) as inbox:
        inbox.put(KEYS[1])
        inbox.put(KEYS[4])
        while len(engine.given) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert [event for event, _ in engine.given] == [KEYS[1], KEYS[3], KEYS[4]]


async def test_a_burst_lets_other_calls_have_their_turn() -> None:
    """A few events of one call at once, then those of others; in order, and with the stamps of their arrival."""
    engine, other, clock = Asking(), Asking(), HandClock()
    async with driven(engine, clock=clock) as inbox, driven(other) as others:
        for key in KEYS:
            inbox.put(key)
        taken = [len(engine.given)]
        others.put(KEYS[5])
        assert len(other.given) == 1
        clock.at = 7_000
        while len(engine.given) < len(KEYS):
            await asyncio.sleep(0)
            taken.append(len(engine.given))
        assert engine.given == [(key, 0) for key in KEYS]
        assert max(after - before for before, after in pairwise([0, *taken])) <= AT_ONCE


async def test_a_burst_whose_steps_take_long_is_a_burst_too() -> None:
    """The time that the core takes is no pause between two events."""

    class Slow(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            clock.at += 5
            return super().step(event, now)

    clock, engine = HandClock(), Slow()
    async with driven(engine, clock=clock) as inbox:
        for key in KEYS:
            inbox.put(key)
        assert len(engine.given) <= AT_ONCE
        while len(engine.given) < len(KEYS):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_dropped_audio_is_reported_with_the_next_frame() -> None:
    """Also if nothing waits any more when it comes."""
    inbox, frame = Inbox(HandClock()), e.AudioReceived(b"", 0, None, -960)
    for _ in range(AUDIO_LIMIT + 3):
        inbox.put(frame)
    got: list[e.Event | None] = []
    inbox.open(lambda event, now: got.append(event))
    while len(got) < AUDIO_LIMIT:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    inbox.put(frame)
    while len(got) < AUDIO_LIMIT + 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert got[AUDIO_LIMIT:] == [e.AudioMissed(60), frame]
    inbox.close()


async def test_before_the_call_audio_is_dropped_first_and_floods_end_it() -> None:
    """What waits is bounded. Dropped audio is reported where it is missing."""
    inbox, frame = Inbox(HandClock()), e.AudioReceived(b"", 0, None, -960)
    for _ in range(AUDIO_LIMIT + 3):
        inbox.put(frame)
    for _ in range(CONTROL_LIMIT + 10):
        inbox.put(KEYS[1])
    inbox.put(frame)
    got: list[e.Event | None] = []
    inbox.open(lambda event, now: got.append(event))
    while len(got) < AUDIO_LIMIT + CONTROL_LIMIT + 1:  # noqa: ASYNC110
        await asyncio.sleep(0)
    inbox.put(frame)
    while got.count(frame) <= AUDIO_LIMIT:  # noqa: ASYNC110
        await asyncio.sleep(0)
    inbox.close()
    assert got.count(frame) == AUDIO_LIMIT + 1
    assert got.count(KEYS[1]) == CONTROL_LIMIT
    rest = [event for event in got if event not in (frame, KEYS[1])]
    assert rest == [e.CallerLeft(e.LegEnd.FLOODED), e.AudioMissed(80)]


CALL: ContextVar[str] = ContextVar("call", default="")


async def test_what_follows_from_an_event_belongs_to_its_call() -> None:
    """Whoever brought the event: so the logs of what the ports do, and of the tasks they start, name the call."""
    found: list[str] = []

    class Looks(Quiet):
        def perform(self, action: a.Action) -> None:
            found.append(CALL.get())

    class Clears(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            super().step(event, now)
            return (a.ClearPlayout(),)

    CALL.set("this one")
    inbox, port = Inbox(HandClock()), Looks()
    task = asyncio.ensure_future(port.run(inbox.put))
    driving = asyncio.ensure_future(
        drive(Clears(10**9), Ports(port, port, port, port), inbox, task, Observers([]), no_switch)
    )
    inbox.put(KEYS[1])  # waits
    await asyncio.sleep(0)
    CALL.set("another")
    while not found:  # noqa: ASYNC110
        await asyncio.sleep(0)
    inbox.put(KEYS[2])  # at once
    inbox.put(e.CallerLeft(e.LegEnd.STOP))
    await driving
    assert found == ["this one"] * 3


async def test_another_engine_begins_before_whatever_else_comes() -> None:
    """Also if a deadline made the call switch, before an event that arrived after it."""
    clock, inbox, quiet, after = HandClock(), Inbox(HandClock()), Quiet(), Asking()
    inbox.clock = clock
    ports = Ports(quiet, quiet, quiet, quiet)

    class Switches(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            super().step(event, now)
            return (SwitchTo("pipeline", "why", ()),) if isinstance(event, e.TimeReached) else ()

    def switch(action: object) -> tuple[Engine, Ports, tuple[e.Event, ...]]:
        return after, ports, (e.PhrasesLoaded(()), e.CallStarted(""))

    task = asyncio.ensure_future(quiet.run(inbox.put))
    driving = asyncio.ensure_future(drive(Switches(40), ports, inbox, task, Observers([]), switch))
    await asyncio.sleep(0)
    inbox.put(KEYS[1])
    clock.at = 100
    inbox.put(KEYS[2])
    assert after.given == [(e.PhrasesLoaded(()), 40), (e.CallStarted(""), 40), (KEYS[2], 100)]
    inbox.put(e.CallerLeft(e.LegEnd.STOP))
    await driving


async def test_a_bug_in_the_core_ends_the_call_with_an_apology() -> None:
    """What the ports are asked for, and what `drive` returns."""

    class Broken(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            raise ZeroDivisionError

    class Notes(Quiet):
        def perform(self, action: a.Action) -> None:
            asked.append(action)

    asked: list[a.Action] = []
    leg = Notes()
    inbox = Inbox(HandClock())
    inbox.put(KEYS[1])
    task = asyncio.ensure_future(leg.run(inbox.put))
    ended = await drive(Broken(), Ports(leg, leg, leg, leg), inbox, task, Observers([]), no_switch)
    assert ended == Ended("broken", EndedBy.AGENT)
    assert [action for action in asked if isinstance(action, a.EndCall)]


@pytest.mark.parametrize("late", [False, True])
async def test_a_bug_in_a_port_is_raised_where_the_call_is_driven(late: bool) -> None:
    """Not where the event came from: a socket or another port."""

    class Broken(Quiet):
        def perform(self, action: a.Action) -> None:
            raise ZeroDivisionError

    class Clears(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            super().step(event, now)
            return (a.ClearPlayout(),)

    inbox, quiet = Inbox(HandClock()), Broken()
    task = asyncio.ensure_future(quiet.run(inbox.put))
    driving = asyncio.ensure_future(
        drive(Clears(), Ports(quiet, quiet, quiet, quiet), inbox, task, Observers([]), no_switch)
    )
    if late:
        await asyncio.sleep(0)
    inbox.put(KEYS[1])
    with pytest.raises(ZeroDivisionError):
        await driving


async def test_an_engine_that_asks_for_one_moment_for_ever_ends_its_call_only() -> None:
    """The loop goes on."""

    class Stuck(Asking):
        def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
            self.deadline = 0
            return ()

    clock, inbox, quiet = HandClock(), Inbox(HandClock()), Quiet()
    inbox.clock = clock
    task = asyncio.ensure_future(quiet.run(inbox.put))
    clock.at = 50
    inbox.put(KEYS[1])
    with pytest.raises(RuntimeError, match="same moment"):
        await drive(Stuck(), Ports(quiet, quiet, quiet, quiet), inbox, task, Observers([]), no_switch)


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
