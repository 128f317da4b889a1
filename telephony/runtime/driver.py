"""One call's loop: one mailbox, one consumer, one task group.

The consumer awaits nothing but its mailbox and performs actions that never block: so there are no locks and no cycle
of waits. The mailbox stamps every event when it arrives, so a stalled loop cannot move an event in time; the core's
deadline comes before any event stamped later than it. The mailbox sheds audio first and control events never; too
many control events end the call.

Port tasks never raise (their contract); a bug in the core is reported to the observers, apologised for by the
carrier's own voice and ends the call. An observer that raises is detached.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import assert_never

import structlog

from telephony.clock import Clock
from telephony.contracts.observer import Observer, Step
from telephony.contracts.port import Port
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Ended
from telephony.core.decisions import Decided
from telephony.core.engine import Engine
from telephony.core.managed_events import ManagedAction, SwitchTo

log = structlog.get_logger()

AUDIO_LIMIT = 500  # frames: ten seconds of a stalled loop
CONTROL_LIMIT = 20_000  # a provider that floods
FAREWELL_MS = 5_000  # how long the leg may take to say what is queued and close
APOLOGY = "I'm sorry, I'm having technical trouble. Please call again in a few minutes. Goodbye."


class Inbox:
    """The mailbox. `put` is synchronous and stamps; `next` gives (event, now_ms) in the order of arrival."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._zero = clock.ms()
        self._items: deque[tuple[e.Event, int]] = deque()
        self._arrived = asyncio.Event()
        self._audio = 0
        self._lost_ms = 0
        self._flooded = False
        self._alarm: tuple[int, asyncio.TimerHandle] | None = None  # (when, what wakes us then)

    def now(self) -> int:
        """Milliseconds since the call began."""
        return self.clock.ms() - self._zero

    def put(self, event: e.Event) -> None:
        """Never blocks, never raises. Over its limits it sheds audio (reported as missed), or ends the call."""
        if isinstance(event, e.AudioReceived):
            if self._audio >= AUDIO_LIMIT:
                self._lost_ms += 20
                return
            self._audio += 1
            if self._lost_ms:
                self._items.append((e.AudioMissed(self._lost_ms), self.now()))
                self._lost_ms = 0
        elif len(self._items) - self._audio >= CONTROL_LIMIT:
            if self._flooded:
                return
            self._flooded = True
            event = e.CallerLeft("flooded")
        self._items.append((event, self.now()))
        self._arrived.set()

    def put_first(self, events: Sequence[e.Event], now: int) -> None:
        """Before everything that waits: `events` happened at `now`, the stamp of the event taken out last."""
        self._items.extendleft((event, now) for event in reversed(events))
        self._arrived.set()

    async def next(self, before: int | None) -> tuple[e.Event, int]:
        """The next event, or `TimeReached(before)` if that comes first."""
        while not self._items:
            if before is not None and self.now() >= before:
                return e.TimeReached(before), before
            self._arrived.clear()
            if before is not None:
                self._wake_at(before)
            await self._arrived.wait()
        event, stamped = self._items[0]
        if before is not None and before < stamped:
            return e.TimeReached(before), before
        self._items.popleft()
        self._audio -= isinstance(event, e.AudioReceived)
        return event, stamped

    def _wake_at(self, at_ms: int) -> None:
        """A timer, kept while the deadline stays the same: one for every frame would cost as much as the frame."""
        if self._alarm is not None:
            if self._alarm[0] == at_ms:
                return
            self._alarm[1].cancel()
        wait = self.clock.real_seconds(max(0, at_ms - self.now()) + 1)
        self._alarm = at_ms, asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._arrived.set()

    def close(self) -> None:
        """Nobody takes anything out any more."""
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None


class Observers:
    """All who watch a call. One that raises is detached, and the others go on."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = list(observers)
        self._seq = 0

    def see(self, event: e.Event, actions: tuple[a.Action, ...], now: int) -> None:
        step = Step(self._seq, now, event, actions)
        self._seq += 1
        for observer in list(self._observers):
            try:
                observer.see(step)
            except Exception:
                log.exception("observer_detached", observer=type(observer).__name__)
                self._observers.remove(observer)

    def close(self) -> None:
        for observer in self._observers:
            try:
                observer.close()
            except Exception:
                log.exception("observer_close_failed", observer=type(observer).__name__)


class Ports:
    """The four shells of a call, and which action is whose."""

    def __init__(self, leg: Port, stt: Port, llm: Port, tts: Port) -> None:
        self.leg, self.stt, self.llm, self.tts = leg, stt, llm, tts

    def perform(self, action: a.Action) -> None:
        if isinstance(action, ManagedAction):
            self.llm.perform(action)
            return
        match action:
            case a.SendAudio() | a.SendMark() | a.ClearPlayout() | a.EndCall():
                self.leg.perform(action)
            case a.Transcribe() | a.CommitTranscript():
                self.stt.perform(action)
            case a.StartReply() | a.CancelReply() | a.RunTool() | a.RefuseTool():
                self.llm.perform(action)
            case a.Speak() | a.CloseContext():
                self.tts.perform(action)
            case a.LineAdded() | Decided():
                pass
            case _:
                assert_never(action)


Switch = Callable[[SwitchTo], tuple[Engine, Ports, Sequence[e.Event]]]
"""Gives the engine that takes over, its ports, which are running already, and what it must know first."""


async def drive(
    call: Engine,
    ports: Ports,
    inbox: Inbox,
    leg: asyncio.Task[None],
    observers: Observers,
    switch: Switch | None = None,
) -> Ended:
    """Runs `call` to its end; the ports are running already, `leg` is the leg's own task.

    `SwitchTo` puts another engine in its place; leg, inbox and observers stay. Returns how it ended, after the leg
    has had time to say what is queued and to close.
    """
    ended = call.ended
    while ended is None:
        event, now = await inbox.next(before=call.deadline)
        try:
            actions = call.step(event, now)
            ended = call.ended
        except Exception:
            log.exception("core_failed", event_type=type(event).__name__)
            actions, ended = (a.EndCall("broken", APOLOGY),), Ended("broken")
        observers.see(event, actions, now)
        for action in actions:
            ports.perform(action)
            if isinstance(action, SwitchTo) and switch is not None:
                call, ports, begin = switch(action)
                inbox.put_first(begin, now)
    observers.close()
    inbox.close()
    await asyncio.wait([leg], timeout=inbox.clock.real_seconds(FAREWELL_MS))
    return ended
