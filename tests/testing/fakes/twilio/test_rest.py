"""The local carrier's REST API and stream in what endangers a client: redirects, quoting errors, floods of keys."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from telephony.core.events import KeyPressed
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults
from telephony.testing.steady import SteadyClock
from tests.twilio.service import TOKEN, phone_call


async def answer(**faults: Any) -> httpx2.Response:
    """The API's answer to a request for a call that does not exist."""
    async with (
        asyncio.timeout(30),
        Carrier(auth_token=TOKEN, clock=SteadyClock(20), faults=CarrierFaults(**faults)) as carrier,
        httpx2.AsyncClient(trust_env=False, auth=(carrier.account_sid, TOKEN)) as client,
    ):
        url = f"{carrier.api_base_url}/2010-04-01/Accounts/{carrier.account_sid}/Calls/CA1.json"
        return await client.post(url, data={"Status": "+15550001111"})


@pytest.mark.parametrize("quote", [True, False])
async def test_errors_may_quote_the_form_and_the_credentials(quote: bool) -> None:
    found = await answer(rest_quotes=quote)
    assert (found.status_code, found.json()["code"]) == (404, 20404)
    assert ("15550001111" in found.text) is quote
    assert ("Basic " in found.text) is quote


async def test_requests_may_be_redirected() -> None:
    found = await answer(rest_redirect="http://elsewhere.example/")
    assert (found.status_code, found.headers["location"]) == (307, "http://elsewhere.example/")


async def test_a_flood_of_keys() -> None:
    """All of them arrive; a service that counts them may end the stream."""
    async with phone_call(CarrierFaults(key_flood=50)) as (it, _):
        await it.until(lambda: len(it.of(KeyPressed)) == 50)
    async with phone_call(CarrierFaults(key_flood=5_000)) as (it, _):
        await it.until(lambda: it.left() == ["flooded"])
