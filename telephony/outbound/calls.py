"""Placing calls: `service.calls.dial(to)` rings somebody, lets the agent talk, and says how it went.

Theory of operation. Twilio has no idempotency key, so an attempt is stored before its one POST (`attempts.py`), and
only who has stored it sends it. The POST, whatever becomes of it, is never repeated: not after a timeout, not after a
restart, not for a second `dial` with the same key. What became of an attempt is learned from callbacks, whose address
holds its id; if they do not come, from the call's state at Twilio; and if the POST's answer was lost too, from the list
of calls between the two numbers. If nothing can be found out for long enough, it is `unknown`: a person decides.

Any process that shares the data directory may answer the phone, take the callbacks and wait for the outcome. After a
restart the service goes on with every attempt that is not over (`running`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.errors import CallNotPlaced, CarrierError, DialRefused, SettingsError
from telephony.loopback import leads_to_loopback
from telephony.outbound import order, rules
from telephony.outbound.attempt import Attempt, Report, after, given_up, refused
from telephony.outbound.attempts import Attempts
from telephony.outbound.looked_up import SKEW_S, match, report_of
from telephony.settings import Settings
from telephony.twilio import account
from telephony.twilio.rest.calls import PLACE_MS, TwilioRest

log = structlog.get_logger()

RING_S = 25
"""Default time to ring. Most mailboxes answer later than that, which is the cheapest way not to talk to them."""
GRACE_MS = 65_000
"""How long after the end of ringing a report may still come: five seconds that Twilio adds, and a minute."""
LOOK_MS = 1_000
"""How often the store is read while waiting: another process may take the callbacks."""
ASK_MS = {True: 30_000, False: 5_000}
"""How often Twilio is asked while no callback comes: about a call whose SID is known, and about one in doubt."""
LONGEST_MS = 5 * 3_600_000
"""An hour longer than the longest call that Twilio allows."""
OWN_MS = 300_000
"""How long the list of one's own numbers is believed."""


class Calls:
    """The calls that this service places. `base_url`: the address under which Twilio reaches this service. `agents`:
    who talks unless another is named; `load`: an agent's name -> the agent. `closed`: whether no
    call can be taken now."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        rest: TwilioRest | None,
        agents: AgentSource,
        load: Callable[[str], AgentSource],
        closed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.base_url = settings.public_url
        self._settings, self._clock, self._rest = settings, clock, rest
        self._agents, self._load, self._closed = agents, load, closed
        self._attempts = Attempts(settings.data) if settings.data is not None else None
        self._sources: dict[str, AgentSource] = {}  # agents by attempt, or by name
        self._changed: dict[str, asyncio.Event] = {}
        self._own: tuple[int, tuple[account.Number, ...]] | None = None
        self._group: asyncio.TaskGroup | None = None

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
        return attempt if attempt.over else await self.finished(attempt.id)

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
        if key and (kept := await self._store().by_key(key)) is not None:
            return order.same(kept, to)
        rest, base = self._ready()
        number, caller_id = await self._numbers(to, from_)
        attempt = Attempt(
            id=secrets.token_urlsafe(24), key=key or f"call-{secrets.token_hex(8)}", to=number, from_=caller_id,
            created_s=self._clock.wall_s(), agent=agent if isinstance(agent, str) else "", variables=variables,
            ring_s=ring_s,
        )  # fmt: skip
        if attempt.agent:
            await self._agent(attempt.agent)
        kept, new = await self._claim(attempt)
        if not new:
            return order.same(kept, number)
        if agent is not None and not isinstance(agent, str):
            self._sources[attempt.id] = agent
        if self._group is not None:  # before the POST, during which whoever asked may be cancelled
            self._group.create_task(self._follow(attempt.id))
        try:
            return await self._post(rest, base, attempt, detect_machine)
        except DialRefused as error:  # the record cannot be written any more, but the phone may ring
            log.error("attempt_not_recorded", problem=str(error))
            return given_up(attempt)

    async def finished(self, attempt_id: str) -> Attempt:
        """Waits for the outcome of an attempt. Raises KeyError if there is no such attempt."""
        clock, changed = self._clock, self._changed.setdefault(attempt_id, asyncio.Event())
        began_ms = asked_ms = clock.ms()
        while True:
            changed.clear()
            attempt = await self._store().get(attempt_id)
            if attempt is None:
                raise KeyError(attempt_id)
            if attempt.over:
                self._changed.pop(attempt_id, None)
                return attempt
            if clock.ms() - asked_ms >= ASK_MS[bool(attempt.call_sid)]:
                asked_ms = clock.ms()
                await self._ask(attempt, waited_ms=clock.ms() - began_ms)
                continue
            try:
                async with clock.timeout(LOOK_MS):
                    await changed.wait()
            except TimeoutError:
                pass

    async def get(self, attempt_id: str) -> Attempt | None:
        return await self._store().get(attempt_id)

    async def store_identity(self) -> str:
        return await self._store().identity()

    async def hang_up(self, attempt_id: str) -> bool:
        """Ends the call of an attempt, whether it rings or is answered. False if there was nothing to end. Raises
        CarrierError."""
        attempt = await self._store().get(attempt_id)
        if attempt is None or attempt.over or not attempt.call_sid or self._rest is None:
            return False
        return await self._rest.hang_up(attempt.call_sid)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follows attempts that are not over, also those of an earlier process, while the context lasts."""
        following = asyncio.create_task(self._follow_all())
        await asyncio.sleep(0)  # lets it begin
        try:
            yield
        finally:
            self._group = None
            following.cancel()
            await asyncio.wait([following])

    # --- for the webhooks -------------------------------------------------------------------------------------------

    async def report(self, attempt_id: str, report: Report) -> Attempt | None:
        """Notes what the carrier says of an attempt. Returns it as it is now, None if there is none."""
        if self._attempts is None:
            return None
        attempt = await self._attempts.change(attempt_id, partial(after, report=report))
        if attempt is not None:
            log.info("call_report", call_sid=report.call_sid, status=report.status, outcome=str(attempt.outcome or ""))
            self._tell(attempt)
        return attempt

    async def would_answer(self, identity: str, agent: str) -> str:
        """Why this process would not answer a phone that is rung by whoever uses the record of attempts with this
        `identity`, with the agent of that name; "" if it would."""
        if self._attempts is None or await self._attempts.identity() != identity:
            return "it keeps its attempts elsewhere: both need the same TELEPHONY_DATA"
        if self._closed():
            return "it takes no calls now"
        return "" if not agent or await self._agent(agent) else "it does not have the agent"

    async def about(self, call: IncomingCall) -> tuple[IncomingCall, AgentSource | None]:
        """A call with the variables that it was placed with, and its agent, if it is not the one for all calls."""
        if not call.outbound or self._attempts is None:
            return call, None
        try:
            attempt = await self._attempts.by_call(call.call_sid)
        except DialRefused as error:
            log.error("attempts_unreadable", call_sid=call.call_sid, problem=str(error))
            return call, None
        if attempt is None:
            return call, None
        source = self._sources.get(attempt.id) or self._sources.get(attempt.agent)
        if source is None and attempt.agent and await self._agent(attempt.agent):
            source = self._sources[attempt.agent]
        return replace(call, variables=attempt.variables), source

    # --- inside -----------------------------------------------------------------------------------------------------

    def _store(self) -> Attempts:
        if self._attempts is None:
            raise DialRefused("TELEPHONY_DATA is not set: calls are recorded there first", code="no_store")
        return self._attempts

    def _ready(self) -> tuple[TwilioRest, str]:
        if self._rest is None:
            raise DialRefused("placing calls needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN", code="no_account")
        local = leads_to_loopback(self.base_url) and leads_to_loopback(self._settings.twilio_api_base_url)
        if not self.base_url.startswith("https://") and not local:
            raise DialRefused("PUBLIC_URL is not set: Twilio must reach this service", code="no_address")
        if self._closed():
            raise DialRefused("the service takes no calls now: it is full, or being stopped", code="closed")
        return self._rest, self.base_url

    async def _numbers(self, to: str, from_: str) -> tuple[str, str]:
        """(number to call, caller id). Raises DialRefused."""
        settings, clock = self._settings, self._clock
        if self._own is None or clock.ms() - self._own[0] > OWN_MS:
            access = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url, clock)
            self._own = clock.ms(), await account.numbers(*access)
        own = self._own[1]
        caller_id = order.caller_id(own, from_ or settings.dial_from, f"{self.base_url}/twilio/voice")
        return rules.allowed(to, caller_id, {one.number for one in own}, settings.dial_countries), caller_id

    async def _agent(self, name: str) -> bool:
        """Loads an agent by its name, unless it is loaded. True; raises DialRefused if it cannot be."""
        if name not in self._sources:
            try:
                self._sources[name] = await asyncio.to_thread(self._load, name)
            except SettingsError as error:
                raise DialRefused("; ".join(error.problems), code="no_agent") from None
        return True

    async def _claim(self, attempt: Attempt) -> tuple[Attempt, bool]:
        """As `Attempts.claim`; an older attempt that is only not known to be over is looked up first."""
        try:
            return await self._store().claim(attempt)
        except DialRefused as error:
            if error.code != "already_calling":
                raise
            for other in await self._store().open():
                if other.to == attempt.to:
                    await self._ask(other, waited_ms=0)
            return await self._store().claim(attempt)

    async def _post(self, rest: TwilioRest, base: str, attempt: Attempt, detect_machine: bool) -> Attempt:
        """The attempt's one POST. Returns the attempt as it is stored then."""
        source = self._sources.get(attempt.id) or self._sources.get(attempt.agent) or self._agents
        request = order.request(base, attempt, source, detect_machine)
        log.info("call_placing", attempt=attempt.key, pii_called=attempt.to)
        kept: Attempt | None
        try:
            state = await rest.place_call(request)
        except CallNotPlaced as error:
            log.warning("call_not_placed", attempt=attempt.key, carrier_code=error.carrier_code, problem=str(error))
            kept = await self._store().change(attempt.id, partial(refused, carrier_code=error.carrier_code))
        except CarrierError as error:
            log.warning("call_in_doubt", attempt=attempt.key, problem=str(error))
            kept = await self._store().get(attempt.id)
        else:
            report = Report(state.sid, state.status, named=True)
            kept = await self._store().change(attempt.id, partial(after, report=report))
        found = kept or attempt
        self._tell(found)
        return found

    async def _ask(self, attempt: Attempt, waited_ms: int) -> None:
        """Asks Twilio what became of an attempt. If nothing is known when it must be over, it becomes unknown."""
        age_ms = max(waited_ms, int((self._clock.wall_s() - attempt.created_s) * 1_000))
        late = age_ms > (LONGEST_MS if attempt.call_sid else PLACE_MS + attempt.ring_s * 1_000 + GRACE_MS)
        report = await self._found(attempt)
        if report is not None:
            changed = await self._store().change(attempt.id, partial(after, report=report))
        elif late:
            log.warning("call_unknown", attempt=attempt.key)
            changed = await self._store().change(attempt.id, given_up)
        else:
            return
        if changed is not None:
            self._tell(changed)

    async def _found(self, attempt: Attempt) -> Report | None:
        """What Twilio knows of the attempt's call; None if it is not known, or Twilio cannot be asked."""
        if self._rest is None:
            return None
        try:
            if attempt.call_sid:
                state = await self._rest.fetch_call(attempt.call_sid)
                return report_of(state) if state is not None else None
            listed = await self._rest.list_calls(attempt.to, attempt.from_, attempt.created_s - SKEW_S)
        except CarrierError as error:
            log.warning("call_not_looked_up", attempt=attempt.key, code=error.code)
            return None
        state = match(attempt, listed, await self._store().known_calls(attempt.to))
        return report_of(state) if state is not None else None

    def _tell(self, attempt: Attempt) -> None:
        """Wakes whoever waits for the attempt; forgets what is no longer needed when it is over."""
        if (waiting := self._changed.get(attempt.id)) is not None:
            waiting.set()
        if attempt.over:
            self._changed.pop(attempt.id, None)
            self._sources.pop(attempt.id, None)

    async def _follow_all(self) -> None:
        """Until it is cancelled: the attempts that are open, and those that are placed meanwhile."""
        async with asyncio.TaskGroup() as self._group:
            try:
                for one in await self._attempts.open() if self._attempts is not None else []:
                    self._group.create_task(self._follow(one.id))
            except DialRefused as error:
                log.error("attempts_unreadable", problem=str(error))
            await asyncio.Event().wait()

    async def _follow(self, attempt_id: str) -> None:
        try:
            attempt = await self.finished(attempt_id)
        except Exception:  # the attempt stays as it is stored; the service goes on
            log.exception("call_not_followed", attempt_id=attempt_id)
        else:
            log.info("call_outcome", attempt=attempt.key, call_sid=attempt.call_sid, outcome=str(attempt.outcome),
                     code=attempt.code)  # fmt: skip
