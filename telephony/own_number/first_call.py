"""Places one call from the command line, and serves it, if no service runs already.

The service that will answer the phone may be this process or another one on this machine. Before anybody is rung, it is
asked through its public address whether it shares the record of attempts and knows the agent: a phone that is answered
by nobody is worse than no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2
import structlog

from telephony.agent import AgentSource
from telephony.app.loading import load_agent
from telephony.app.server import running
from telephony.clock import Clock
from telephony.errors import CarrierError, DialRefused
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls
from telephony.outbound.attempt import Attempt, given_up
from telephony.outbound.calls import Calls
from telephony.outbound.legs import RING_S
from telephony.own_number.here import announced_address, listens
from telephony.settings import Settings
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.signature import HEADER, sign_webhook

log = structlog.get_logger()

ASKED_MS = 15_000
WARM_MS = 30_000
END_MS = 20_000
"""How long the end of a call is waited for that was hung up here."""


@dataclass(frozen=True, slots=True)
class Order:
    """The call that is wanted; see `Calls.place`."""

    to: str
    agent: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    key: str = ""
    from_: str = ""
    ring_s: int = RING_S
    detect_machine: bool = False


@asynccontextmanager
async def calling(settings: Settings, agents: AgentSource, clock: Clock) -> AsyncIterator[Calls]:
    """What places calls: of the service that is started here, or, if one listens already at its address, beside it.
    Raises DialRefused with code `not_ready`."""
    if listens(settings):
        rest = TwilioRest(
            settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_base_url or None, clock
        )
        calls = Calls(settings, clock, rest if settings.twilio_account_sid else None, agents, load_agent)
        calls.base_url = calls.base_url or announced_address(settings)
        if not calls.base_url and leads_to_loopback(settings.twilio_api_base_url):
            calls.base_url = f"http://{settings.host}:{settings.port}"
        try:
            async with calls.running():
                yield calls
        finally:
            await rest.aclose()
        return
    async with running(settings, clock, agents=agents) as service:
        try:
            async with clock.timeout(WARM_MS):
                await service.warm.wait()
        except TimeoutError:
            refused = ", ".join(service.keys.refused)
            raise DialRefused(
                f"the service does not become ready{f' ({refused} refused)' if refused else ''}: "
                "`telephony check --online` says why",
                code="not_ready",
            ) from None
        yield service.calls


async def make(
    calls: Calls, settings: Settings, order: Order, say: Callable[[Attempt], None], stop: asyncio.Event, clock: Clock
) -> Attempt:
    """Places the call and waits for its end; `say` is told each state, `stop` hangs up. Raises DialRefused and
    CarrierError if nothing was dialled."""
    await _will_answer(calls, settings, order.agent, clock)
    if stop.is_set():
        raise DialRefused("stopped before anybody was called", code="stopped")
    attempt = await calls.place(
        order.to, agent=order.agent or None, variables=order.variables, key=order.key, from_=order.from_,
        ring_s=order.ring_s, detect_machine=order.detect_machine,
    )  # fmt: skip
    say(attempt)
    finishing = asyncio.create_task(calls.settled(attempt))
    watching = asyncio.create_task(_tell_changes(calls, attempt, say, clock))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([finishing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not finishing.done():
            return await _hung_up(calls, attempt, finishing, clock)
        return await finishing
    except DialRefused as error:  # the record cannot be read any more, but the phone may have rung
        log.error("attempt_not_recorded", attempt=attempt.short, problem=str(error))
        return given_up(attempt)
    finally:
        for task in (finishing, watching, stopping):
            task.cancel()


async def _hung_up(calls: Calls, attempt: Attempt, finishing: asyncio.Task[Attempt], clock: Clock) -> Attempt:
    try:
        async with clock.timeout(END_MS):
            await calls.hang_up(attempt.id)
            return await asyncio.shield(finishing)
    except (TimeoutError, CarrierError):
        return await calls.get(attempt.id) or attempt


async def _tell_changes(calls: Calls, attempt: Attempt, say: Callable[[Attempt], None], clock: Clock) -> None:
    shown = attempt.status
    while True:
        await clock.sleep(500)
        now = None
        with suppress(DialRefused):  # whoever waits for the end says so
            now = await calls.get(attempt.id)
        if now is not None and not now.over and now.status != shown:
            shown = now.status
            say(now)


async def _will_answer(calls: Calls, settings: Settings, agent: str, clock: Clock) -> None:
    """Raises DialRefused unless the service behind the public address would answer the phone."""
    if not calls.base_url:
        raise DialRefused(
            "there is no public address: set PUBLIC_URL, or leave `telephony up` running in another terminal with the "
            "same HOST, PORT and TELEPHONY_DATA",
            code="no_address",
        )
    url = f"{calls.base_url}/twilio/outbound/ready"
    form = {"Store": await calls.store_identity(), "Agent": agent}
    headers = {HEADER: sign_webhook(settings.twilio_auth_token, url, form.items())}
    trust = not leads_to_loopback(url)
    try:
        async with (
            clock.timeout(ASKED_MS),
            httpx2.AsyncClient(timeout=None, trust_env=trust, verify=tls(trust_env=trust)) as http,
        ):
            answer = await http.post(url, data=form, headers=headers)
    except (httpx2.HTTPError, TimeoutError) as error:
        raise DialRefused(
            f"{calls.base_url} does not answer ({type(error).__name__}), and would not when the phone is answered: "
            "start the service and its tunnel or proxy",
            code="not_ready",
        ) from None
    if answer.status_code == 204:
        return
    why = {
        403: "it runs with another TWILIO_AUTH_TOKEN or PUBLIC_URL",
        404: "what runs there is not this service, or an older one",
        409: answer.text[:300],
    }.get(answer.status_code, f"it answers {answer.status_code}")
    raise DialRefused(f"the service at {calls.base_url} would not answer the phone: {why}", code="not_ready")
