"""Nothing is dialled twice: over interruptions, restarts, timeouts at any step, and lost or repeated callbacks."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from telephony.errors import DialRefused
from telephony.outbound.calls import Calls
from telephony.settings import Settings
from telephony.testing.fakes.twilio.carrier import Carrier
from telephony.testing.fakes.twilio.outgoing import Callee, PlacingFaults, Post
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock, SteadyLoop
from telephony.twilio import twiml
from telephony.twilio.outbound_webhooks import OutboundWebhooks
from telephony.twilio.rest.calls import TwilioRest
from telephony.twilio.signed_forms import Form, SignedForms
from tests.outbound.ringing import AGENT, OWN, own_number

TOKEN = "the-token"
NUMBERS = ("+12025550123", "+12025550124")
EVENTS = st.frozensets(st.sampled_from(["initiated", "ringing", "answered", "completed"]))
FAULTS = st.builds(
    PlacingFaults,
    post=st.lists(st.sampled_from(list(Post)), min_size=1, max_size=3),
    lost=EVENTS,
    late=EVENTS,
    times=st.integers(1, 3),
    not_found=st.booleans(),
)
CALLEES = st.sampled_from(
    [Callee(), Callee("busy"), Callee("failed", sip="404"), Callee("no-answer"), Callee("busy", 0)]
)
#: (what is done, key, number): an order for a call, one that is cancelled while its POST is under way, a restart.
STEPS = st.lists(
    st.tuples(st.sampled_from(["dial", "dial", "interrupt", "restart"]), st.integers(0, 2), st.sampled_from(NUMBERS)),
    min_size=2,
    max_size=6,
)


class World:
    """A carrier, and one process after another that places calls there and shares the folder."""

    def __init__(self, data: Path, clock: SteadyClock, carrier: Carrier) -> None:
        self.data, self.clock, self.carrier = data, clock, carrier
        self.calls: Calls
        self.waiting: list[asyncio.Task[Any]] = []
        self._process = AsyncExitStack()

    async def restart(self) -> None:
        """Ends the process, with whatever it was doing, and starts the next."""
        for task in self.waiting:
            task.cancel()
        await self.over()
        given = replace(
            Settings(), data=self.data, twilio_auth_token=TOKEN, twilio_account_sid=self.carrier.account_sid,
            twilio_api_base_url=self.carrier.api_base_url,
        )  # fmt: skip
        rest = TwilioRest(given.twilio_account_sid, TOKEN, given.twilio_api_base_url, self.clock)
        self._process.push_async_callback(rest.aclose)
        self.calls = Calls(given, self.clock, rest, AGENT, lambda name: AGENT)
        hooks = OutboundWebhooks(self.calls, SignedForms(given, self.clock), answer, noted)
        self.calls.base_url = await self._process.enter_async_context(serve_app(Starlette(routes=hooks.routes())))
        await self._process.enter_async_context(self.calls.running())

    def order(self, key: int, to: str) -> asyncio.Task[Any]:
        self.waiting.append(asyncio.create_task(self._dial(self.calls, key, to)))
        return self.waiting[-1]

    async def _dial(self, calls: Calls, key: int, to: str) -> Any:
        try:
            return await calls.dial(to, key=f"key-{key}")
        except DialRefused as refused:
            return refused

    async def over(self) -> None:
        ends = await asyncio.gather(*self.waiting, return_exceptions=True)
        self.waiting.clear()
        await self._process.aclose()
        assert [one for one in ends if isinstance(one, Exception) and not isinstance(one, DialRefused)] == []


async def answer(request: Request, form: Form) -> Response:
    return Response(twiml.hang_up(), media_type="text/xml")


async def noted(request: Request, form: Form) -> Response:
    return Response(status_code=204)


async def lives(steps: list[tuple[str, int, str]], faults: PlacingFaults, callee: Callee, data: Path) -> None:
    clock = SteadyClock(100)
    async with asyncio.timeout(120), Carrier(auth_token=TOKEN, clock=clock) as carrier:
        carrier.account.numbers = [own_number(OWN)]
        carrier.outgoing.faults = replace(faults, post=list(faults.post))
        carrier.outgoing.callees = dict.fromkeys(NUMBERS, callee)
        world = World(data, clock, carrier)
        await world.restart()
        for what, key, to in steps:
            if what == "restart":
                await world.restart()
                continue
            before = len(carrier.outgoing.posts)
            order = world.order(key, to)
            if what == "interrupt":
                posted = asyncio.create_task(carrier.outgoing.until_posted(before + 1))
                await asyncio.wait([posted, order], return_when=asyncio.FIRST_COMPLETED)
                posted.cancel()
                order.cancel()
        await world.restart()
        used = {key: to for _, key, to in reversed(steps)}  # the first number of each key
        refused = set()  # of these nothing was dialled: another call to the number was not over, or the key is taken
        for key, to in used.items():
            outcome = await world.order(key, to)
            if isinstance(outcome, DialRefused):
                refused.add(key)
            else:
                assert outcome.over
        for key, to in used.items():
            before = len(carrier.outgoing.posts)
            await world.order(key, to)
            assert key in refused or len(carrier.outgoing.posts) == before
        addresses = [form["Url"][0] for form in carrier.outgoing.posts]
        assert len(addresses) == len(set(addresses)) <= len(used)
        assert len(carrier.outgoing.placed) <= len(addresses)
        await world.over()


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, FAULTS, CALLEES)
def test_a_key_is_dialled_at_most_once(
    steps: list[tuple[str, int, str]], faults: PlacingFaults, callee: Callee
) -> None:
    """Whatever happens to the process, to the requests and to the callbacks: as many POSTs as keys, at most, and none
    when all the orders are given once more."""
    with tempfile.TemporaryDirectory() as folder:
        loop = SteadyLoop()
        try:
            loop.run_until_complete(lives(steps, faults, callee, Path(folder)))
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
