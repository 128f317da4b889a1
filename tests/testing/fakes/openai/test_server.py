"""The local chat server's answers that endanger a client: redirects, errors that quote their input, floods."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from telephony.testing.fakes.openai.server import LlmFaults, LocalOpenAi, Say, scripted
from telephony.testing.steady import SteadyClock

BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "my pin is 1234"}]}


@asynccontextmanager
async def post(faults: LlmFaults, *, key: str = "local") -> AsyncIterator[httpx2.Response]:
    """The server's answer to a request, with its body read."""
    responder = scripted([[Say("We open at nine, and we close at six.")]])
    async with (
        asyncio.timeout(30),
        LocalOpenAi(clock=SteadyClock(20), responder=responder, faults=faults) as server,
        httpx2.AsyncClient(trust_env=False) as client,
    ):
        url = f"{server.base_url}/chat/completions"
        yield await client.post(url, json=BODY, headers={"authorization": f"Bearer {key}"})


async def test_a_redirect_keeps_method_and_body() -> None:
    async with post(LlmFaults(redirect="http://elsewhere.example/v1")) as answer:
        assert (answer.status_code, answer.headers["location"]) == (307, "http://elsewhere.example/v1")


@pytest.mark.parametrize("faults", [LlmFaults(status=400), LlmFaults(unknown_param="stream")])
@pytest.mark.parametrize("quote", [True, False])
async def test_errors_may_quote_the_words_and_the_key(faults: LlmFaults, quote: bool) -> None:
    faults.quote = quote
    async with post(faults) as answer:
        message = answer.json()["error"]["message"]
        assert answer.status_code == 400
        assert ("my pin is 1234" in message) is quote
        assert ("Bearer local" in message) is quote


async def test_a_flood_comes_between_two_words() -> None:
    async with post(LlmFaults(flood=2_000)) as answer:
        events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
        choices = [choice for event in events[:-1] for choice in json.loads(event)["choices"]]
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        assert text == "We open at " + "and " * 2_000 + "nine, and we close at six."
