"""Ending a call through Twilio's REST API, against the local carrier's."""

import asyncio
import functools

import pytest
from starlette.types import Receive, Scope, Send
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from telephony.errors import CallNotPlaced, CarrierError
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock
from telephony.twilio.rest.calls import CallRequest, TwilioRest
from tests.twilio.service import TOKEN, service


async def refusal(rest: TwilioRest, call_sid: str = "CA1") -> CarrierError:
    with pytest.raises(CarrierError) as caught:
        await rest.hang_up(call_sid)
    await rest.aclose()
    return caught.value


async def test_a_live_call_is_ended_and_a_finished_one_is_no_error() -> None:
    """429 is retried; 21220 and 404 mean that the call has already ended."""
    async with service() as it, Carrier(auth_token=TOKEN, clock=it.clock, faults=CarrierFaults(rest_busy=2)) as carrier:
        rest = TwilioRest(carrier.account_sid, TOKEN, carrier.api_base_url + "/", it.clock)
        phone = await carrier.dial(it.base_url + "/voice")
        await it.ready()
        assert await rest.hang_up(phone.sid)
        await phone.ended()
        assert not await rest.hang_up(phone.sid)
        assert not await rest.hang_up("CA" + "0" * 32)
        await rest.aclose()
        await rest.aclose()
    assert phone.outcome == "completed"


async def test_twilios_own_client_is_understood_by_the_local_carrier() -> None:
    """The carrier's REST API is Twilio's: the SDK ends a call there, and reads an error."""
    async with service() as it, Carrier(auth_token=TOKEN, clock=it.clock) as carrier:
        client = Client(carrier.account_sid, TOKEN)
        client.api.base_url = carrier.api_base_url
        phone = await carrier.dial(it.base_url + "/voice")
        await it.ready()
        update = functools.partial(client.calls(phone.sid).update, status="completed")
        assert (await asyncio.to_thread(update)).status == "completed"
        await phone.ended()
        with pytest.raises(TwilioRestException) as caught:
            await asyncio.to_thread(update)
        assert (caught.value.status, caught.value.code) == (400, 21220)


async def test_failures_have_codes() -> None:
    """Wrong credentials, an API that stays busy, no server, a SID that would change the path."""
    async with asyncio.timeout(60):
        async with Carrier(auth_token=TOKEN, clock=SteadyClock(20), faults=CarrierFaults(rest_busy=99)) as carrier:
            base_url = carrier.api_base_url
            wrong = await refusal(TwilioRest(carrier.account_sid, "no", base_url, carrier.clock))
            assert (wrong.code, wrong.retryable) == ("rest_refused", False)
            busy = await refusal(TwilioRest(carrier.account_sid, TOKEN, base_url, carrier.clock))
            assert (busy.code, busy.retryable) == ("rest_busy", True)
            assert (await refusal(TwilioRest("AC1", TOKEN, base_url, carrier.clock), "CA1/../x")).code == "rest_bad_sid"
        gone = await refusal(TwilioRest("AC1", TOKEN, base_url, SteadyClock(20)))
        assert (gone.code, gone.retryable) == ("rest_unreachable", True)


async def test_an_api_that_hangs_or_returns_html_is_an_error() -> None:
    """Without an answer the request ends at the deadline (the SDK would wait five minutes); a 500 page is an error."""
    seen, over = asyncio.Event(), asyncio.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        seen.set()
        if "CAhang" in scope["path"]:
            await over.wait()
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>oops</html>"})

    async with asyncio.timeout(60), serve_app(hang, lifespan="off") as base_url:
        slow = await refusal(TwilioRest("AC1", TOKEN, base_url, SteadyClock(50)), "CAhang")
        assert (slow.code, slow.retryable, seen.is_set()) == ("rest_timeout", True, True)
        html = await refusal(TwilioRest("AC1", TOKEN, base_url, SteadyClock(50)), "CA500")
        assert (html.code, html.retryable) == ("rest_failed", True)
        over.set()


REQUEST = CallRequest("+12025550123", "+12025550100", "http://127.0.0.1/v", "http://127.0.0.1/s", 25, 60)


async def test_what_was_not_sent_was_certainly_not_placed() -> None:
    """A refused connection leaves no doubt; a redirect, or an error that is not Twilio's, does."""
    closed = TwilioRest("AC1", TOKEN, "http://127.0.0.1:9", SteadyClock(20))
    with pytest.raises(CallNotPlaced) as refused:
        await closed.place_call(REQUEST)
    assert refused.value.carrier_code == 0
    await closed.aclose()

    answers = [(307, b""), (403, b"<html>blocked by a proxy</html>"), (200, b"{}"), (201, b'{"sid": "../x"}')]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        status, body = answers[0]
        headers = [(b"location", b"http://127.0.0.1:9/elsewhere")] if status == 307 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async with asyncio.timeout(60), serve_app(answer, lifespan="off") as base_url:
        rest = TwilioRest("AC1", TOKEN, base_url, SteadyClock(20))
        while answers:
            with pytest.raises(CarrierError) as doubt:
                await rest.place_call(REQUEST)
            assert doubt.value.code == "placing_in_doubt", answers[0]
            answers = answers[1:]
        await rest.aclose()
