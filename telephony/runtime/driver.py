"""What drives one call: each event through the core, its actions to the ports, and the core's deadlines in between.

    ended = await drive(engine, ports, inbox, leg, observers, switch)

The chain from event to actions is synchronous (`inbox.py`). Before an event come the deadlines of the core that lie
before its time of arrival, each as `TimeReached`, however late the loop is. One timer wakes the call for a deadline
before which nothing arrives. It is only ever moved to an earlier moment: deadlines move with every frame, and a timer
that rings too early costs less than a new one for each.

Port tasks never raise (their contract). An exception in the core ends the call: the observers see it, and the carrier
speaks an apology in its own voice. Any other exception in the chain is raised by `drive`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import assert_never

import structlog

from telephony.contracts.port import Port
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import Cut, Decided, PlatformCut
from telephony.core.ending import Ended, EndedBy
from telephony.core.engine import Engine
from telephony.core.managed_events import ManagedAction, SwitchTo
from telephony.runtime.inbox import Inbox
from telephony.runtime.observers import Observers

log = structlog.get_logger()

DEADLINES_AT_ONCE = 10_000
"""More of them before one event mean that the core asks for the same moment again and again."""
FAREWELL_MS = 5_000  # how long the leg may take to play what is queued and close
APOLOGY = "I'm sorry, I'm having technical trouble. Please call again in a few minutes. Goodbye."


class Ports:
    """The four ports of a call; routes each action to its port."""

    def __init__(self, leg: Port, stt: Port, llm: Port, tts: Port) -> None:
        self.leg, self.stt, self.llm, self.tts = leg, stt, llm, tts

    def perform(self, action: a.Action) -> None:
        match action:
            case a.Transcribe() | a.CommitTranscript():
                self.stt.perform(action)
            case a.SendAudio() | a.SendMark() | a.ClearPlayout() | a.EndCall():
                self.leg.perform(action)
            case a.StartReply() | a.CancelReply() | a.RunTool() | a.RefuseTool() | a.RunDeferred() | a.DropDeferred():
                self.llm.perform(action)
            case a.EndEntry():
                self.llm.perform(action)
            case a.Speak() | a.CloseContext():
                self.tts.perform(action)
            case Cut() | PlatformCut():
                self.llm.perform(action)  # its tools are to know
            case a.LineAdded() | Decided():
                pass
            case _:
                if not isinstance(action, ManagedAction):  # asked last, for it takes time
                    assert_never(action)
                self.llm.perform(action)


Switch = Callable[[SwitchTo], tuple[Engine, Ports, Sequence[e.Event]]]
"""Returns the engine that takes over, its ports (already running), and the events that it must receive first."""


async def drive(
    call: Engine, ports: Ports, inbox: Inbox, leg: asyncio.Task[None], observers: Observers, switch: Switch
) -> Ended:
    """Runs `call` to its end. The ports must already be running; `leg` is the leg's task.

    `SwitchTo` replaces the engine; leg, inbox and observers stay. Returns how the call ended, after giving the leg time
    to play what is queued and to close.
    """
    chain = Chain(call, ports, inbox, observers, switch)
    inbox.open(chain.take)
    try:
        ended = await chain.ended
    finally:
        inbox.close()
        chain.close()
    observers.close()
    await asyncio.wait([leg], timeout=inbox.clock.real_seconds(FAREWELL_MS))
    return ended


class Chain:
    """What happens to an event, synchronously. `ended` is set when the call has ended."""

    def __init__(self, call: Engine, ports: Ports, inbox: Inbox, observers: Observers, switch: Switch) -> None:
        self.ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._call, self._ports, self._inbox = call, ports, inbox
        self._observers, self._switch = observers, switch
        self._now = 0  # the time of the last step
        self._deadline = call.deadline
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ms = 0

    def take(self, event: e.Event | None, now: int) -> None:
        """First the core's deadlines before `now`, then the event; without one, the deadlines up to `now`."""
        try:
            passed = now if event is not None else now + 1
            for _ in range(DEADLINES_AT_ONCE):
                if (due := self._deadline) is None or due >= passed or self.ended.done():
                    break
                self._step(e.TimeReached(due), due)
            else:
                raise RuntimeError("the core asks for the same moment again and again")
            if event is not None and not self.ended.done():
                self._step(event, now)
        except Exception as error:
            if not self.ended.done():
                self.ended.set_exception(error)
        self._set_alarm()

    def close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _step(self, event: e.Event, now: int) -> None:
        call = self._call
        now = self._now = max(self._now, now)
        try:
            actions, ended = call.step(event, now), call.ended
            self._deadline = call.deadline
        except Exception:
            log.exception("core_failed", event_type=type(event).__name__)
            actions, ended = (a.EndCall("broken", APOLOGY),), Ended("broken", EndedBy.AGENT)
        self._observers.see(event, actions, now)
        begin: Sequence[e.Event] = ()
        for action in actions:
            self._ports.perform(action)
            if isinstance(action, SwitchTo):
                self._call, self._ports, begin = self._switch(action)
                self._deadline = self._call.deadline
        if ended is not None and not self.ended.done():
            self.ended.set_result(ended)
        for first in begin:  # before whatever else waits or follows
            self._step(first, now)

    def _set_alarm(self) -> None:
        if (due := self._deadline) is None or self.ended.done():
            return
        if self._alarm is not None:
            if self._alarm_ms <= due:
                return
            self._alarm.cancel()
        wait = self._inbox.clock.real_seconds(max(0, due - self._inbox.now()) + 1)
        self._alarm, self._alarm_ms = asyncio.get_running_loop().call_later(wait, self._ring), due

    def _ring(self) -> None:
        self._alarm = None
        self._inbox.wake()
        self._set_alarm()
