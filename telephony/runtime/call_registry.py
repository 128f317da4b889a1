"""The live calls: admission, preparation, lookup, drain.

Each call is one task here. It starts at the webhook, about a second before the media stream: `prepare` opens the
providers' connections then, so that no caller waits for a handshake. It waits for its leg (`attach`); a call whose leg
never comes is reaped. When the core ends the call, all its resources are freed: its tasks run in its own task group.

`full` counts prepared and live calls together, so the limit also bounds the provider connections (two sockets a call).
`prepare` itself refuses what is over the limit: whoever asks first and then waits for something else cannot pass it.

The engine may change during a call: if a managed agent fails, our own pipeline takes over (`SwitchTo`) on the same
leg, inbox and observers. The pipeline's ports are created at that moment; the old port is asked to stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import structlog

from telephony.agent import Agent, IncomingCall, ManagedAgent, language_of
from telephony.clock import Clock
from telephony.contracts.observer import Observer
from telephony.contracts.port import Port
from telephony.core.conversation import Conversation
from telephony.core.ending import Ended, EndedBy
from telephony.core.engine import Engine
from telephony.core.events import (
    CallerLeft,
    CallStarted,
    DrainStarted,
    EndRequested,
    Event,
    LegEnd,
    NoticeReceived,
    PhrasesLoaded,
)
from telephony.core.history import History
from telephony.core.managed.bridge import Bridge, taking_over
from telephony.core.managed_events import OperatorMessage, SwitchTo
from telephony.core.policy import TurnTaking
from telephony.key_entries.screen import KeyScreen
from telephony.runtime.driver import Ports, drive
from telephony.runtime.endings import Ending, EndingRecorder, Endings
from telephony.runtime.inbox import Inbox
from telephony.runtime.model_verdicts import ModelVerdicts
from telephony.runtime.observers import Observers
from telephony.runtime.port_factory import PortFactory, ProviderPorts

log = structlog.get_logger()

REAP_MS = 20_000
"""The media stream must start within this time after the webhook."""


class Refusal(StrEnum):
    """Why a call is not admitted. The values are log codes."""

    DRAINING = "draining"
    BUSY = "busy"


@dataclass(slots=True)
class LiveCall:
    """A call, from its webhook to its end. `engine`: our pipeline, if it has the call."""

    call: IncomingCall
    agent: Agent | ManagedAgent
    inbox: Inbox
    leg: asyncio.Future[Port]
    done: asyncio.Event = field(default_factory=asyncio.Event)
    ended: Ended | None = None
    engine: Engine | None = None

    @property
    def turn_taking(self) -> TurnTaking:
        """The rules of the agent; of a managed one, those of its fallback."""
        agent = self.agent.fallback if isinstance(self.agent, ManagedAgent) else self.agent
        return agent.turn_taking if agent is not None else TurnTaking()


ObserverFactory = Callable[[LiveCall], Observer | None]


class CallRegistry:
    """See the module docstring. `run` must be running (in the app's lifespan) before `prepare` is called."""

    def __init__(self, clock: Clock, factory: PortFactory, max_calls: int) -> None:
        self.calls: dict[str, LiveCall] = {}
        self.draining = False
        self._drained_ms = 0
        self.observers: list[ObserverFactory] = []
        self._clock = clock
        self._factory = factory
        self._max_calls = max_calls
        self._endings = Endings()
        self.verdicts = ModelVerdicts()
        self._group: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs the calls' tasks until `stop` is set; then ends the remaining calls, cancelling them after 6 s."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await stop.wait()
            finally:
                self._group = None
                for live in self.calls.values():
                    live.inbox.put(CallerLeft(LegEnd.SHUTDOWN))
                try:
                    async with self._clock.timeout(6_000):
                        await self._idle.wait()
                except TimeoutError:
                    log.warning("calls_cancelled", count=len(self.calls))
                    raise asyncio.CancelledError from None

    # --- admission --------------------------------------------------------------------------------------------------

    def full(self) -> bool:
        return len(self.calls) >= self._max_calls

    def refusal(self, call_sid: str, *, rung: bool = False) -> Refusal | None:
        """Why a call would not be admitted now; None if it would be, or is here already. `rung`: we have placed it, so
        its phone rang before the drain."""
        if call_sid in self.calls:
            return None
        return Refusal.DRAINING if self.draining and not rung else Refusal.BUSY if self.full() else None

    def prepare(self, agent: Agent | ManagedAgent, call: IncomingCall, back: Sequence[Event] = ()) -> Refusal | None:
        """Starts a call, whose ports begin to connect; for a call that is here already, nothing more is done. Returns
        why it is not admitted, or None if it is. `back`: the first events of a call that returns; it is admitted."""
        refusal = self.refusal(call.call_sid, rung=call.outbound)
        if (refusal is not None and not back) or call.call_sid in self.calls:
            return refusal
        assert self._group is not None, "the call registry is not running"
        live = LiveCall(call, agent, Inbox(self._clock), asyncio.get_running_loop().create_future())
        for event in back:
            live.inbox.put(event)
        if self.draining:
            live.inbox.put(DrainStarted(live.inbox.now() + max(0, self._drained_ms - self._clock.ms())))
        self.calls[call.call_sid] = live
        self._idle.clear()
        self._group.create_task(self._serve(live), name=f"call {call.call_sid}")
        return None

    def awaits_leg(self, call_sid: str) -> bool:
        """Whether the call is prepared, and its leg has not come yet."""
        live = self.calls.get(call_sid)
        return live is not None and not live.leg.done()

    def attach(self, call_sid: str, leg: Port) -> LiveCall | None:
        """Gives a prepared call its leg. Returns None if there is no such call, or it already has a leg."""
        live = self.calls.get(call_sid)
        if live is None or live.leg.done():
            return None
        live.leg.set_result(leg)
        return live

    def hung_up(self, call_sid: str) -> None:
        """Handles the carrier's report that the call is over. Repeated, late and unknown reports are harmless."""
        if (live := self.calls.get(call_sid)) is not None:
            live.inbox.put(CallerLeft(LegEnd.STATUS))
            live.leg.cancel()  # no effect if it has come

    def end(self, call_sid: str, reason: str) -> bool:
        """Ends a call with a goodbye, for an operator. Returns False if there is no such call."""
        if (live := self.calls.get(call_sid)) is not None:
            live.inbox.put(EndRequested(reason))
        return live is not None

    def notify(self, call_sid: str, text: str, speak: bool) -> None:
        """Tells the agent of a call something (`NoticeReceived`), if the call is live here."""
        if (live := self.calls.get(call_sid)) is not None:
            live.inbox.put(NoticeReceived(text, speak))

    def send_message(self, call_sid: str, text: str, *, silent: bool = True) -> bool:
        """Sends an operator's text to a managed agent: as context (`silent`), or as if the caller had said it. Returns
        False if there is no such call, or if our own pipeline runs it."""
        return self._operator(call_sid, OperatorMessage("contextual_update" if silent else "user_message", text))

    def active(self, call_sid: str) -> bool:
        """Makes a managed agent wait a little before it speaks, because of user activity. Returns as `send_message`."""
        return self._operator(call_sid, OperatorMessage("user_activity"))

    def _operator(self, call_sid: str, told: OperatorMessage) -> bool:
        live = self.calls.get(call_sid)
        if live is None or not isinstance(live.agent, ManagedAgent):
            return False
        live.inbox.put(told)
        return True

    def ending(self, call_sid: str) -> Ending | None:
        """How a call ended, if it ended in this process and was neither lost nor broken."""
        return self._endings.get(call_sid)

    async def drain(self, limit_ms: int) -> None:
        """Refuses new calls; live ones may go on for `limit_ms`, then say goodbye. Returns when all have ended."""
        self.draining, self._drained_ms = True, self._clock.ms() + limit_ms
        for live in self.calls.values():
            if not live.call.outbound:
                live.leg.cancel()
            live.inbox.put(DrainStarted(live.inbox.now() + limit_ms))
        try:
            async with self._clock.timeout(limit_ms + 20_000):
                await self._idle.wait()
        except TimeoutError:
            log.warning("drain_incomplete", count=len(self.calls))

    # --- one call ---------------------------------------------------------------------------------------------------

    async def _serve(self, live: LiveCall) -> None:
        structlog.contextvars.bind_contextvars(call_sid=live.call.call_sid)  # for every line of this task's children
        ended = Ended("broken", EndedBy.AGENT)
        try:
            ended = live.ended = await self._converse(live)
        except Exception:
            log.exception("call_failed", call_sid=live.call.call_sid)
        finally:
            self.calls.pop(live.call.call_sid, None)
            if not self.calls:
                self._idle.set()
            live.done.set()
            if ended.by is EndedBy.CALLER:
                self._endings.remember(live.call.call_sid, Ending(ended.reason))

    async def _converse(self, live: LiveCall) -> Ended:
        async with asyncio.TaskGroup() as group:
            ports = _CallPorts(group, live, self._factory, self.verdicts)
            engine = ports.start_engine()
            try:
                leg = await self._leg(live)
                if leg is None:
                    return Ended("no_media", EndedBy.LOST_LEG)
                listening = ports.start(leg)
                recorder = EndingRecorder(self._endings, live.call.call_sid, language_of(live.agent))
                observers = Observers([recorder, *self._watching(live)])
                return await drive(engine, ports.with_leg(leg), live.inbox, listening, observers, ports.switch)
            finally:
                ports.stop()
                await self._wind_down(ports.running)

    def _watching(self, live: LiveCall) -> Iterator[Observer]:
        """The observers of a call. One that cannot be made is left out, as one that raises later is detached."""
        if isinstance(live.agent, Agent) and (learning := self.verdicts.observe(live.agent)) is not None:
            yield learning
        for make in self.observers:
            try:
                found = make(live)
            except (Exception, SystemExit):
                log.exception("observer_not_made", call_sid=live.call.call_sid)
            else:
                if found is not None:
                    yield found

    async def _leg(self, live: LiveCall) -> Port | None:
        try:
            async with self._clock.timeout(REAP_MS):
                return await asyncio.shield(live.leg)
        except TimeoutError:
            log.info("call_reaped", call_sid=live.call.call_sid)
        except asyncio.CancelledError:
            if not live.leg.cancelled():
                raise
        return None

    async def _wind_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """Waits for the ports, which were asked to stop; cancels those still running after 2.5 seconds."""
        await asyncio.wait(tasks, timeout=self._clock.real_seconds(2_500))
        for task in tasks:
            task.cancel()


class _CallPorts:
    """The ports of one call, whichever engine it has. `running` holds their tasks."""

    def __init__(self, group: asyncio.TaskGroup, live: LiveCall, factory: PortFactory, verdicts: ModelVerdicts) -> None:
        self.running: list[asyncio.Task[None]] = []
        self._group, self._live, self._factory, self._verdicts = group, live, factory, verdicts
        self._leg: Port | None = None
        self._ports: list[Port] = []  # stt, llm, tts
        self._late: asyncio.Task[None] | None = None
        self._screen = KeyScreen()  # the pipeline's; of what ports report, only what comes from the leg concerns it

    def start_engine(self) -> Engine:
        """Creates the engine of the call's agent and starts its ports."""
        agent = self._live.agent
        if isinstance(agent, Agent):
            self._live.agent = agent = self._verdicts.settled(agent)
            engine, phrases = self._pipeline(agent)
            self._live.inbox.put(phrases)
            return engine
        socket = self._factory.managed(agent, self._live.call)
        self.start(socket)
        self._ports = [socket, socket, socket]
        return Bridge(agent.policy())

    def switch(self, action: SwitchTo) -> tuple[Engine, Ports, tuple[Event, ...]]:
        """Lets our own pipeline take over the call, with an apology; if nothing was said yet, with its greeting."""
        before, leg = self._live.agent, self._leg
        assert isinstance(before, ManagedAgent), "only a managed agent can be replaced"
        assert before.fallback is not None, "no fallback to switch to"
        assert leg is not None, "no leg to switch"
        log.warning("engine_switched", call_sid=self._live.call.call_sid, engine=action.engine, why=action.why)
        for port in self._ports:
            port.stop()
        policy = taking_over(before.fallback.policy(), action.history)
        agent = replace(before.fallback, greeting=policy.greeting)
        self._live.agent = agent
        engine, phrases = self._pipeline(agent, action.history, action.turn)
        return engine, self.with_leg(leg), (phrases, CallStarted("")) if action.begun else (phrases,)

    def start(self, port: Port) -> asyncio.Task[None]:
        task = self._group.create_task(port.run(lambda event: self._live.inbox.put(self._screen.screened(event))))
        self.running.append(task)
        return task

    def with_leg(self, leg: Port) -> Ports:
        self._leg = leg
        stt, llm, tts = self._ports
        return Ports(leg, stt, llm, tts)

    def stop(self) -> None:
        for port in (*self._ports, *([self._leg] if self._leg is not None else [])):
            port.stop()
        if self._late is not None:
            self._late.cancel()

    def _pipeline(self, agent: Agent, history: History = (), turn: int = 0) -> tuple[Engine, PhrasesLoaded]:
        """Creates the engine and starts its ports. Also returns the phrases that it must receive first."""
        providers = self._factory(agent, self._live.call)
        self._ports = [providers.stt, providers.llm, providers.tts]
        self._screen = providers.screen
        for port in self._ports:
            self.start(port)
        self._late = self._group.create_task(self._late_phrases(providers))
        self._live.engine = engine = Conversation(agent.policy(), providers.spoken_form, history, turn)
        return engine, providers.phrases

    async def _late_phrases(self, providers: ProviderPorts) -> None:
        self._live.inbox.put(await providers.late_phrases())
