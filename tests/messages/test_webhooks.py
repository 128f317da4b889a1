"""What Twilio sends us about messages, signed, over a real socket; and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from telephony.agent import Agent, IncomingCall, Voice
from telephony.errors import MessageRefused
from telephony.messages.message import Outcome
from telephony.testing.fakes.twilio.faults import Step
from telephony.testing.stack import AUTH_TOKEN, Stack, local_stack
from telephony.testing.steady import SteadyClock
from tests.outbound.ringing import own_number

OWN, CALLER = "+12025550100", "+12025550123"
AGENT = Agent(prompt="P", greeting="Hello.", voice=Voice(id="local"))
CALL = IncomingCall("CA1", CALLER, OWN)


@asynccontextmanager
async def serving(data: Path) -> AsyncIterator[Stack]:
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20), data=data) as stack:
        stack.carrier.account.numbers = [own_number(OWN)]
        yield stack


async def post(url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> httpx2.Response:
    signature = RequestValidator(token).compute_signature(url, form)
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.post(url, data=form, headers={"X-Twilio-Signature": signature})


async def send(stack: Stack, text: str = "Hello", key: str = "k") -> str:
    """What came of a message: whether Twilio has it (reports may be faster than its answer), or why it was refused."""
    try:
        sent = (await stack.service.messaging.of(CALL).send(text, key=key)).message
        return "sent" if sent.sid else str(sent.outcome)
    except MessageRefused as error:
        return error.code


async def test_reports_come_to_the_address_of_the_message(tmp_path: Path) -> None:
    """In any order and repeatedly; one that cannot be read changes nothing."""
    async with serving(tmp_path) as stack:
        stack.carrier.steps[Step.MESSAGE].lost = frozenset({"sent", "delivered"})
        assert await send(stack) == "sent"
        [message] = stack.carrier.messages.sent.values()
        url, sid = message.form["StatusCallback"][0], message.sid
        assert url.startswith(stack.service.base_url)
        for status, code in (("undelivered", "30006"), ("sent", ""), ("undelivered", "30006"), ("", "x" * 50)):
            form = {"MessageSid": sid, "MessageStatus": status} | ({"ErrorCode": code} if code else {})
            assert (await post(url, form)).status_code == 204
        stored = await stack.service.messaging.store.get(url.rpartition("/")[2])
        assert stored is not None
        assert (stored.outcome, stored.code) == (Outcome.UNDELIVERED, 30006)
        assert await send(stack, "Again", "k2") == "landline"


async def test_stop_and_start_are_heard(tmp_path: Path) -> None:
    """The answer is empty: Twilio itself confirms both to the person."""
    async with serving(tmp_path) as stack:
        url = f"{stack.service.base_url}/twilio/messages"
        answered = await post(url, {"MessageSid": "SM1", "From": CALLER, "To": OWN, "Body": "Stop"})
        assert (answered.status_code, answered.text) == (200, "<Response/>")
        assert await send(stack) == "opted_out"
        await post(url, {"MessageSid": "SM2", "From": CALLER, "To": OWN, "Body": "what are your hours"})
        assert await send(stack) == "opted_out"
        await post(url, {"MessageSid": "SM3", "From": CALLER, "To": OWN, "Body": "x", "OptOutType": "START"})
        assert await send(stack) == "sent"
        assert len(stack.carrier.messages.posts) == 1


@pytest.mark.parametrize("path", ["", "/status/some-id"])
async def test_who_is_not_twilio_is_refused(tmp_path: Path, path: str) -> None:
    """Otherwise anybody could opt others out, or say that a message has arrived."""
    async with serving(tmp_path) as stack:
        url = f"{stack.service.base_url}/twilio/messages{path}"
        form = {"From": CALLER, "Body": "STOP", "MessageStatus": "delivered"}
        assert (await post(url, form, token="another")).status_code == 403
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.post(url, data=form)).status_code == 403
            assert (await client.get(url)).status_code == 405
        assert await send(stack) == "sent"


async def test_odd_forms_do_no_harm(tmp_path: Path) -> None:
    async with serving(tmp_path) as stack:
        base = f"{stack.service.base_url}/twilio/messages"
        forms: list[dict[str, Any]] = [{}, {"Body": "STOP"}, {"From": CALLER}, {"From": "x\x00", "Body": "STOP " * 900}]
        for form in forms:
            assert (await post(base, form)).status_code == 200
            assert (await post(f"{base}/status/nobody", form)).status_code == 204
        assert await send(stack) == "sent"


async def test_an_opt_out_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    """Twilio shows it; it is not as if nothing had been asked."""
    async with serving(tmp_path) as stack:
        (tmp_path / "messages.sqlite3").write_bytes(b"no database" * 200)
        url = f"{stack.service.base_url}/twilio/messages"
        assert (await post(url, {"From": CALLER, "Body": "STOP"})).status_code == 503
        assert await send(stack) == "no_store"
