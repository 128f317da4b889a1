"""The loop of one call: one inbox, one consumer, one task group.

The consumer awaits only its inbox and performs actions that never block, so there are no locks and no cycle of waits.
The inbox stamps every event on arrival, so a stalled loop cannot move an event in time; the core's deadline comes
before any event with a later stamp. The inbox drops audio when it is full, and never control events; too many control
events end the call.

Port tasks never raise (their contract). An exception in the core ends the call: the observers see it, and the carrier
speaks an apology in its own voice. An observer that raises is detached.
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
from telephony.core.decisions import Decided
from telephony.core.ending import Ended, EndedBy
from telephony.core.engine import Engine
from telephony.core.managed_events import ManagedAction, SwitchTo

log = structlog.get_logger()

AUDIO_LIMIT = 500  # frames: ten seconds of audio
CONTROL_LIMIT = 20_000  # events; more means that a peer floods the call
YIELD_EVERY = 16  # events handled in a row before other calls have their turn
FAREWELL_MS = 5_000  # how long the leg may take to play what is queued and close
APOLOGY = "I'm sorry, I'm having technical trouble. Please call again in a few minutes. Goodbye."


class Inbox:
    """The queue of events. `put` is synchronous and stamps; `next` returns (event, now_ms) in order of arrival."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._zero = clock.ms()
        self._items: deque[tuple[e.Event, int]] = deque()
        self._arrived = asyncio.Event()
        self._audio = 0
        self._lost_ms = 0
        self._flooded = False
        self._given = 0  # the time of what `next` returned last
        self._timer: tuple[int, asyncio.TimerHandle] | None = None  # (when it fires, the timer)

    def now(self) -> int:
        """Milliseconds since the call began."""
        return self.clock.ms() - self._zero

    def put(self, event: e.Event) -> None:
        """Never blocks, never raises. Over the limits it drops audio (reported as AudioMissed), or ends the call."""
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
            event = e.CallerLeft(e.LegEnd.FLOODED)
        self._items.append((event, self.now()))
        self._arrived.set()

    def put_first(self, events: Sequence[e.Event], now: int) -> None:
        """Puts `events` at the front of the queue, stamped `now`: the stamp of the event taken out last."""
        self._items.extendleft((event, now) for event in reversed(events))
        self._arrived.set()

    async def next(self, before: int | None) -> tuple[e.Event, int]:
        """The next event, or `TimeReached(before)` if that comes first, and its time, which never goes back."""
        event, now = await self._next(before)
        self._given = max(self._given, now)
        return event, self._given

    async def _next(self, before: int | None) -> tuple[e.Event, int]:
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
        """Sets a timer, kept while the deadline stays the same: a new one per frame would cost as much as the frame."""
        if self._timer is not None:
            if self._timer[0] == at_ms:
                return
            self._timer[1].cancel()
        wait = self.clock.real_seconds(max(0, at_ms - self.now()) + 1)
        self._timer = at_ms, asyncio.get_running_loop().call_later(wait, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._arrived.set()

    def close(self) -> None:
        """Cancels the timer; `next` must not be called afterwards."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None


class Observers:
    """The observers of a call. One that raises is detached; the others continue."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)
        self._seq = 0

    def see(self, event: e.Event, actions: tuple[a.Action, ...], now: int) -> None:
        step = Step(self._seq, now, event, actions)
        self._seq += 1
        for observer in list(self._observers):
            try:
                observer.see(step)
            except (Exception, SystemExit):
                log.exception("observer_detached", observer=type(observer).__name__)
                self._observers.remove(observer)

    def close(self) -> None:
        for observer in self._observers:
            try:
                observer.close()
            except (Exception, SystemExit):
                log.exception("observer_close_failed", observer=type(observer).__name__)


class Ports:
    """The four ports of a call; routes each action to its port."""

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
"""Returns the engine that takes over, its ports (already running), and the events that it must receive first."""


async def drive(
    call: Engine, ports: Ports, inbox: Inbox, leg: asyncio.Task[None], observers: Observers, switch: Switch
) -> Ended:
    """Runs `call` to its end. The ports must already be running; `leg` is the leg's task.

    `SwitchTo` replaces the engine; leg, inbox and observers stay. Returns how the call ended, after giving the leg time
    to play what is queued and to close.
    """
    ended, handled = call.ended, 0
    while ended is None:
        event, now = await inbox.next(before=call.deadline)
        handled += 1
        if handled % YIELD_EVERY == 0:  # while events wait, `next` does not
            await asyncio.sleep(0)
        try:
            actions = call.step(event, now)
            ended = call.ended
        except Exception:
            log.exception("core_failed", event_type=type(event).__name__)
            actions, ended = (a.EndCall("broken", APOLOGY),), Ended("broken", EndedBy.AGENT)
        observers.see(event, actions, now)
        for action in actions:
            ports.perform(action)
            if isinstance(action, SwitchTo):
                call, ports, begin = switch(action)
                inbox.put_first(begin, now)
    observers.close()
    inbox.close()
    await asyncio.wait([leg], timeout=inbox.clock.real_seconds(FAREWELL_MS))
    return ended
