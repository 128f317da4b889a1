"""What guests are told, and how many calls they may make."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.console.guests import CALLS_AT_ONCE, GUEST_CALLS, CallLimit, TooManyCalls, for_guests
from telephony.console.passes import Kind, Pass
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool
from tests.console.page_client import page, says
from tests.console.test_pages import KEY, PUBLIC, shared
from tests.console.visitors import ask, cookie_of, login

SECRET, NUMBER, REASON = "customer 4711 owes 90 euros", "+12025550199", "the caller is a nuisance"


@tool(read_only=True)
def look_up(account: str) -> str:
    """Looks an account up."""
    return SECRET


AGENT = Agent(prompt="You are a test.", greeting="Hello.", tools=(look_up,))


def respond(body: dict[str, Any]) -> list[Part]:
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    if said[-1:] == ["bye"]:
        return [Say("Goodbye!"), CallTool("end_call", {"reason": REASON})]
    if any(message["role"] == "tool" for message in body["messages"]):
        return [Say("All is well.")]
    return [CallTool("look_up", {"account": "inner-account-77"})]


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    settings = {"public_url": PUBLIC, "console_key": KEY, "fallback_number": NUMBER}
    async with (
        asyncio.timeout(60),
        local_stack(AGENT, clock=SteadyClock(20), replies=respond, **settings) as running,  # type: ignore[arg-type]
    ):
        yield running


async def told(s: Stack, cookie: str) -> str:
    """All that a page is told of a call in which a tool runs and which ends, and of one that goes to another number."""
    found = []
    async with page(s, Cookie=cookie) as phone:
        await phone.event("line")
        await says(s, phone, "how is my account")
        await phone.until(lambda: ("agent", "All is well.") in phone.lines)
        await says(s, phone, "bye")
        assert await phone.ended() == "completed"
        found += phone.told
    async with page(s, Cookie=cookie) as phone:
        call_sid = (await phone.event("ringing"))["call"]
        await phone.event("line")
        call = s.service.console._live[call_sid].call
        call.complete(f"<Response><Play>https://inside.example/x.mp3</Play><Dial>{NUMBER}</Dial></Response>")
        assert await phone.ended() == "dialled"
        found += phone.told
    return json.dumps(found)


INSIDE = (SECRET, "look_up", "inner-account-77", REASON, NUMBER, "inside.example")


async def test_guests_are_told_what_a_caller_hears_and_nothing_from_inside() -> None:
    """Neither what tools are given and return, nor the number that takes over when the service fails. That a tool runs
    is told."""
    async with stack() as s:
        text = await told(s, cookie_of(await ask(s, await shared(s))))
    assert [inside for inside in INSIDE if inside in text] == []
    assert "The agent uses a tool" in text
    assert "Twilio would connect you with another number now" in text


async def test_whoever_has_the_key_is_told_everything() -> None:
    async with stack() as s:
        text = await told(s, await login(s, KEY))
    assert [inside for inside in INSIDE if inside not in text] == []


def test_details_are_all_that_guests_are_not_told() -> None:
    event = {"type": "problem", "text": "The call failed", "details": "http://10.0.0.1", "code": "11200"}
    assert for_guests(event) == {"type": "problem", "text": "The call failed", "code": "11200"}
    assert for_guests({"type": "partial", "text": "details"}) == {"type": "partial", "text": "details"}


def link(name: str) -> Pass:
    return Pass(Kind.LINK, name, 2_000_000_000)


def test_a_link_is_good_for_so_many_calls_one_at_a_time() -> None:
    """Those that are refused do not count, and another link has its own."""
    limit = CallLimit()
    for _ in range(GUEST_CALLS):
        with limit.one(link("a")):
            with pytest.raises(TooManyCalls, match="Somebody is on the phone"), limit.one(link("a")):
                pass
            with limit.one(None):
                assert limit.live == 2
    assert limit.live == 0
    with pytest.raises(TooManyCalls, match="ask for another"), limit.one(link("a")):
        pass
    with limit.one(link("b")):
        assert limit.live == 1


def test_all_browsers_together_have_so_many_calls() -> None:
    """A place is free again when its call is over, however that ends; a refusal takes none of a link's calls."""
    limit = CallLimit()

    def calls(left: int) -> None:
        if left:
            with limit.one(None):
                calls(left - 1)
        else:
            with pytest.raises(TooManyCalls, match=f"There are {CALLS_AT_ONCE} calls"), limit.one(link("a")):
                pass
            raise KeyError

    with pytest.raises(KeyError):
        calls(CALLS_AT_ONCE)
    assert limit.live == 0
    for _ in range(GUEST_CALLS):
        with limit.one(link("a")):
            pass
