"""Placing one leg, never twice: the number rules, the attempt on disk, its one POST, and what became of it.

A leg is one phone that is rung, whatever it then hears: a call of the agent's own (`calls.py`), or a second leg for a
call that is in progress. `numbers` applies the rules, `place` stores the attempt and sends the POST, `finished` waits
for the outcome, `report` takes what callbacks say.

Theory of operation. Twilio has no idempotency key, so an attempt is stored before its one POST (`attempts.py`), and
only who has stored it sends it. The POST, whatever becomes of it, is never repeated: not after a timeout, not after a
restart, not for a second order with the same key. What became of an attempt is learned from callbacks, whose address
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
from functools import partial

import structlog

from telephony.clock import Clock
from telephony.errors import CallNotPlaced, CarrierError, DialRefused
from telephony.loopback import leads_to_loopback
from telephony.outbound import order, rules
from telephony.outbound.attempt import Attempt, Report, after, given_up, refused
from telephony.outbound.attempts import Attempts
from telephony.outbound.looked_up import SKEW_S, match, report_of
from telephony.settings import Settings
from telephony.twilio import account
from telephony.twilio.rest.calls import PLACE_MS, CallRequest, TwilioRest

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
UNREAD_MS = 30_000
"""How long the record may be unreadable while an outcome is waited for."""
OWN_MS = 300_000
"""How long the list of one's own numbers is believed."""


class Legs:
    """The legs that this service places. `base_url`: the address under which Twilio reaches this service. `closed`:
    whether nothing can be placed now. `over` is called with each attempt whose outcome becomes known here."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        rest: TwilioRest | None,
        closed: Callable[[], bool] = lambda: False,
        over: Callable[[Attempt], None] = lambda attempt: None,
    ) -> None:
        self.base_url = settings.public_url
        self.attempts = Attempts(settings.data) if settings.data is not None else None
        self.closed = closed
        self._settings, self._clock, self._rest, self._over = settings, clock, rest, over
        self._changed: dict[str, asyncio.Event] = {}
        self._own: tuple[int, tuple[account.Number, ...]] | None = None
        self._group: asyncio.TaskGroup | None = None

    # --- placing ----------------------------------------------------------------------------------------------------

    def store(self) -> Attempts:
        """The record of attempts. Raises DialRefused with code `no_store` if there is none."""
        if self.attempts is None:
            raise DialRefused("TELEPHONY_DATA is not set: calls are recorded there first", code="no_store")
        return self.attempts

    async def numbers(self, to: str, from_: str = "") -> tuple[str, str]:
        """(number to call, caller id) in E.164, if the one may be called from the other. Raises DialRefused, also if
        nothing can be placed now, and CarrierError if Twilio cannot be asked for our numbers."""
        self._ready()
        settings, clock = self._settings, self._clock
        if self._own is None or clock.ms() - self._own[0] > OWN_MS:
            access = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url, clock)
            self._own = clock.ms(), await account.numbers(*access)
        own = self._own[1]
        caller_id = order.caller_id(own, from_ or settings.dial_from, f"{self.base_url}/twilio/voice")
        return rules.allowed(to, caller_id, {one.number for one in own}, settings.dial_countries), caller_id

    def attempt(
        self,
        to: str,
        from_: str,
        *,
        key: str = "",
        agent: str = "",
        variables: Mapping[str, str] | None = None,
        ring_s: int = RING_S,
    ) -> Attempt:
        """A new attempt, not stored yet. `to` and `from_` as `numbers` returns them; without a `key`, one is made."""
        return Attempt(
            id=secrets.token_urlsafe(24), key=key or f"call-{secrets.token_hex(8)}", to=to, from_=from_,
            created_s=self._clock.wall_s(), agent=agent, variables=variables or {}, ring_s=ring_s,
        )  # fmt: skip

    async def place(self, attempt: Attempt, request: CallRequest) -> Attempt:
        """Stores the attempt, and only then sends its one POST. Returns the attempt as it is stored then; if its key
        was used before, places nothing, and returns what became of the first, which has another id.

        The addresses in the request must hold the attempt's id, and its status callback must come to `report`: the id
        alone proves whose call it is.

        Raises DialRefused if the leg must not or cannot be placed. Then nothing was dialled and no key was used up.
        """
        rest = self._ready()
        kept, new = await self._claim(attempt)
        if not new:
            return order.same(kept, attempt.to)
        if self._group is not None:  # before the POST, during which whoever asked may be cancelled
            self._group.create_task(self._follow(attempt))
        try:
            return await self._post(rest, attempt, request)
        except DialRefused as error:  # the record cannot be written any more, but the phone may ring
            log.error("attempt_not_recorded", attempt=attempt.short, problem=str(error))
            return given_up(attempt)

    async def finished(self, attempt_id: str) -> Attempt:
        """Waits for the outcome of an attempt. Raises KeyError if there is no such attempt, DialRefused if the record
        cannot be read for half a minute."""
        clock, changed = self._clock, self._changed.setdefault(attempt_id, asyncio.Event())
        began_ms = asked_ms = clock.ms()
        while True:
            changed.clear()
            attempt = await self._patiently_read(attempt_id)
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

    async def hang_up(self, attempt_id: str) -> bool:
        """Ends the call of an attempt, whether it rings or is answered. False if there was nothing to end. Raises
        CarrierError."""
        attempt = await self.store().get(attempt_id)
        if attempt is None or attempt.over or not attempt.call_sid or self._rest is None:
            return False
        return await self._rest.hang_up(attempt.call_sid)

    async def report(self, attempt_id: str, report: Report) -> Attempt | None:
        """Notes what the carrier says of an attempt. Returns it as it is now, None if there is none."""
        if self.attempts is None:
            return None
        attempt = await self.attempts.change(attempt_id, partial(after, report=report))
        if attempt is not None:
            log.info("call_report", attempt=attempt.short, call_sid=report.call_sid, status=report.status,
                     outcome=str(attempt.outcome or ""))  # fmt: skip
            self._tell(attempt)
        return attempt

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

    # --- inside -----------------------------------------------------------------------------------------------------

    def _ready(self) -> TwilioRest:
        if self._rest is None:
            raise DialRefused("placing calls needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN", code="no_account")
        local = leads_to_loopback(self.base_url) and leads_to_loopback(self._settings.twilio_api_base_url)
        if not self.base_url.startswith("https://") and not local:
            raise DialRefused("PUBLIC_URL is not set: Twilio must reach this service", code="no_address")
        if self.closed():
            raise DialRefused("the service takes no calls now: it is full, or being stopped", code="closed")
        return self._rest

    async def _patiently_read(self, attempt_id: str) -> Attempt:
        """The attempt as it is stored, while another process may have locked the file."""
        began_ms = self._clock.ms()
        while True:
            try:
                attempt = await self.store().get(attempt_id)
            except DialRefused:
                if self._clock.ms() - began_ms > UNREAD_MS:
                    raise
                await self._clock.sleep(LOOK_MS)
            else:
                if attempt is None:
                    raise KeyError("no such attempt")  # without its id, which is secret
                return attempt

    async def _claim(self, attempt: Attempt) -> tuple[Attempt, bool]:
        """As `Attempts.claim`; an older attempt that is only not known to be over is looked up first."""
        try:
            return await self.store().claim(attempt)
        except DialRefused as error:
            if error.code != "already_calling":
                raise
            for other in await self.store().open():
                if other.to == attempt.to:
                    await self._ask(other, waited_ms=0)
            return await self.store().claim(attempt)

    async def _post(self, rest: TwilioRest, attempt: Attempt, request: CallRequest) -> Attempt:
        """The attempt's one POST. Returns the attempt as it is stored then."""
        log.info("call_placing", attempt=attempt.short, pii_key=attempt.key, pii_called=attempt.to)
        kept: Attempt | None
        try:
            state = await rest.place_call(request)
        except CallNotPlaced as error:
            log.warning("call_not_placed", attempt=attempt.short, carrier_code=error.carrier_code, problem=str(error))
            kept = await self.store().change(attempt.id, partial(refused, carrier_code=error.carrier_code))
        except CarrierError as error:
            log.warning("call_in_doubt", attempt=attempt.short, problem=str(error))
            kept = await self.store().get(attempt.id)
        else:
            report = Report(state.sid, state.status, named=True)
            kept = await self.store().change(attempt.id, partial(after, report=report))
        found = kept or attempt
        self._tell(found)
        return found

    async def _ask(self, attempt: Attempt, waited_ms: int) -> None:
        """Asks Twilio what became of an attempt. If nothing is known when it must be over, it becomes unknown."""
        age_ms = max(waited_ms, int((self._clock.wall_s() - attempt.created_s) * 1_000))
        late = age_ms > (LONGEST_MS if attempt.call_sid else PLACE_MS + attempt.ring_s * 1_000 + GRACE_MS)
        report = await self._found(attempt)
        if report is not None:
            changed = await self.store().change(attempt.id, partial(after, report=report))
        elif late:
            log.warning("call_unknown", attempt=attempt.short)
            changed = await self.store().change(attempt.id, given_up)
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
            log.warning("call_not_looked_up", attempt=attempt.short, code=error.code)
            return None
        state = match(attempt, listed, await self.store().known_calls(attempt.to))
        return report_of(state) if state is not None else None

    def _tell(self, attempt: Attempt) -> None:
        """Wakes whoever waits for the attempt."""
        if (waiting := self._changed.get(attempt.id)) is not None:
            waiting.set()
        if attempt.over:
            self._changed.pop(attempt.id, None)
            self._over(attempt)

    async def _follow_all(self) -> None:
        """Until it is cancelled: the attempts that are open, and those that are placed meanwhile."""
        async with asyncio.TaskGroup() as self._group:
            try:
                for one in await self.attempts.open() if self.attempts is not None else []:
                    self._group.create_task(self._follow(one))
            except DialRefused as error:
                log.error("attempts_unreadable", problem=str(error))
            await asyncio.Event().wait()

    async def _follow(self, attempt: Attempt) -> None:
        while not attempt.over:
            try:
                attempt = await self.finished(attempt.id)
            except DialRefused as error:  # it is tried again for as long as this process runs
                log.error("attempts_unreadable", attempt=attempt.short, problem=str(error))
            except Exception:  # the attempt stays as it is stored; the service goes on
                log.exception("call_not_followed", attempt=attempt.short)
                return
        log.info("call_outcome", attempt=attempt.short, call_sid=attempt.call_sid, outcome=str(attempt.outcome),
                 code=attempt.code)  # fmt: skip
