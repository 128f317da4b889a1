"""Placing calls: `service.calls.dial(to)` rings somebody, lets the agent talk, and says how it went.

`legs.py` places the leg, never twice; here is what the call is about: who talks, and with which variables.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.errors import DialRefused, SettingsError
from telephony.outbound import order
from telephony.outbound.attempt import Attempt, Report, given_up
from telephony.outbound.legs import RING_S, Legs
from telephony.settings import Settings
from telephony.twilio.rest.calls import TwilioRest

log = structlog.get_logger()


class Calls:
    """The calls that this service places. `agents`: who talks unless another is named; `load`: an agent's name -> the
    agent. `closed`: whether no call can be taken now."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        rest: TwilioRest | None,
        agents: AgentSource,
        load: Callable[[str], AgentSource],
        closed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.legs = Legs(settings, clock, rest, closed, self._forget)
        self._agents, self._load = agents, load
        self._sources: dict[str, AgentSource] = {}  # agents by attempt, or by name

    @property
    def base_url(self) -> str:
        """The address under which Twilio reaches this service."""
        return self.legs.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        self.legs.base_url = url

    # --- placing calls ----------------------------------------------------------------------------------------------

    async def dial(
        self,
        to: str,
        *,
        agent: Agent | ManagedAgent | str | None = None,
        variables: Mapping[str, str] | None = None,
        key: str = "",
        from_: str = "",
        ring_s: int = RING_S,
        detect_machine: bool = False,
    ) -> Attempt:
        """Places a call (see `place`) and returns the attempt once it is over. To give up waiting does not end it."""
        asked: dict[str, Any] = {"agent": agent, "variables": variables, "key": key, "from_": from_, "ring_s": ring_s}
        attempt = await self.place(to, **asked, detect_machine=detect_machine)
        return await self.settled(attempt)

    async def place(
        self,
        to: str,
        *,
        agent: Agent | ManagedAgent | str | None = None,
        variables: Mapping[str, str] | None = None,
        key: str = "",
        from_: str = "",
        ring_s: int = RING_S,
        detect_machine: bool = False,
    ) -> Attempt:
        """Places a call and returns at once: the phone is about to ring.

        The agent that answers calls here talks, or `agent` (an object only in this process, a name `module:name` in any
        that shares the data directory). `variables` reach it as `IncomingCall.variables`, in the prompt, and in
        `ToolContext`. A `key` stands for one call for ever: used again, it places nothing, and returns what became of
        the first. `from_` is a number of the account; by default TELEPHONY_DIAL_FROM, the number that calls us, or the
        only one. With `detect_machine`, Twilio reports for a fee who it believes has answered (`answered_by`).

        Raises DialRefused if the call must not or cannot be placed, CarrierError if Twilio cannot be asked for our
        numbers. In both cases nothing was dialled and no key was used up.
        """
        variables = order.checked(variables or {}, key, ring_s)
        if key and (kept := await self.legs.store().by_key(key)) is not None:
            return order.same(kept, to)
        number, caller_id = await self.legs.numbers(to, from_)
        name = agent if isinstance(agent, str) else ""
        if name:
            await self._agent(name)
        attempt = self.legs.attempt(number, caller_id, key=key, agent=name, variables=variables, ring_s=ring_s)
        if agent is not None and not isinstance(agent, str):
            self._sources[attempt.id] = agent
        request = order.request(self.base_url, attempt, self._source(attempt) or self._agents, detect_machine)
        try:
            placed = await self.legs.place(attempt, request)
        except DialRefused:
            self._forget(attempt)
            raise
        if placed.id != attempt.id:
            self._forget(attempt)
        return placed

    async def settled(self, attempt: Attempt) -> Attempt:
        """Waits for the outcome of an attempt that was placed. It is unknown if the record cannot be read any more."""
        try:
            return attempt if attempt.over else await self.finished(attempt.id)
        except (DialRefused, KeyError) as error:
            log.error("attempt_not_recorded", attempt=attempt.short, problem=str(error))
            return given_up(attempt)

    async def finished(self, attempt_id: str) -> Attempt:
        """Waits for the outcome of an attempt. Raises as `Legs.finished`."""
        return await self.legs.finished(attempt_id)

    async def get(self, attempt_id: str) -> Attempt | None:
        return await self.legs.store().get(attempt_id)

    async def store_identity(self) -> str:
        return await self.legs.store().identity()

    async def hang_up(self, attempt_id: str) -> bool:
        """Ends the call of an attempt, whether it rings or is answered. False if there was nothing to end. Raises
        CarrierError."""
        return await self.legs.hang_up(attempt_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follows attempts that are not over, also those of an earlier process, while the context lasts."""
        async with self.legs.running():
            yield

    # --- for the webhooks -------------------------------------------------------------------------------------------

    async def report(self, attempt_id: str, report: Report) -> Attempt | None:
        """Notes what the carrier says of an attempt. Returns it as it is now, None if there is none."""
        return await self.legs.report(attempt_id, report)

    async def would_answer(self, identity: str, agent: str) -> str:
        """Why this process would not answer a phone that is rung by whoever uses the record of attempts with this
        `identity`, with the agent of that name; "" if it would."""
        attempts = self.legs.attempts
        if attempts is None or await attempts.identity() != identity:
            return "it keeps its attempts elsewhere: both need the same TELEPHONY_DATA"
        if self.legs.closed():
            return "it takes no calls now"
        return "" if not agent or await self._agent(agent) else "it does not have the agent"

    async def about(self, call: IncomingCall) -> tuple[IncomingCall, AgentSource | None]:
        """A call with the variables that it was placed with, and its agent, if it is not the one for all calls."""
        attempts = self.legs.attempts
        if not call.outbound or attempts is None:
            return call, None
        try:
            attempt = await attempts.by_call(call.call_sid)
        except DialRefused as error:
            log.error("attempts_unreadable", call_sid=call.call_sid, problem=str(error))
            return call, None
        if attempt is None:
            return call, None
        log.info("call_placed_here", call_sid=call.call_sid, attempt=attempt.short, variables=sorted(attempt.variables),
                 pii_variables=dict(attempt.variables), pii_key=attempt.key)  # fmt: skip
        source = self._source(attempt)
        if source is None and attempt.agent and await self._agent(attempt.agent):
            source = self._sources[attempt.agent]
        return replace(call, variables=attempt.variables), source

    # --- inside -----------------------------------------------------------------------------------------------------

    def _source(self, attempt: Attempt) -> AgentSource | None:
        """The attempt's own agent, as far as it is loaded."""
        return self._sources.get(attempt.id) or self._sources.get(attempt.agent)

    async def _agent(self, name: str) -> bool:
        """Loads an agent by its name, unless it is loaded. True; raises DialRefused if it cannot be."""
        if name not in self._sources:
            try:
                self._sources[name] = await asyncio.to_thread(self._load, name)
            except SettingsError as error:
                raise DialRefused("; ".join(error.problems), code="no_agent") from None
        return True

    def _forget(self, attempt: Attempt) -> None:
        self._sources.pop(attempt.id, None)
