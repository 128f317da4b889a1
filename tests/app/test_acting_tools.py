"""Tools that act on a call of the whole service, over real sockets: said, heard, then done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from telephony.agent import Agent, IncomingCall
from telephony.app.call_services import call_services
from telephony.core import actions as a
from telephony.settings import Settings
from telephony.testing.fixtures import OverSockets
from telephony.testing.script import CallerScript, Reply
from telephony.testing.serving import serve_app
from telephony.testing.simulator import CallTool
from telephony.tool_context import CallMemories, ToolContext, TwilioClient
from telephony.tools import tool

DONE: list[str] = []
SAYS = "I will put you through to our sales department right now."


@tool
def transfer(context: ToolContext) -> str:
    """Put the caller through."""
    context.when_heard(lambda: DONE.append("transferred"))
    return "It begins when your words were heard."


@tool
async def leave(context: ToolContext) -> str:
    """Say goodbye and leave."""
    context.end_call()
    return "The call ends when your words were heard."


agent = Agent(prompt="P", greeting="Hello!", tools=(transfer, leave))
CALLS: list[Reply] = [[CallTool("transfer"), SAYS], "All right, I stay."]


@pytest.fixture(autouse=True)
def nothing_is_done() -> None:
    DONE.clear()


async def test_it_is_done_when_the_carrier_has_played_the_words(carrier: OverSockets, caller: CallerScript) -> None:
    script = caller.waits_for_agent().says("sales please").waits_for_agent().hangs_up()
    call = await carrier(script, agent, CALLS)
    assert DONE == ["transferred"]
    [(done_ms, _)] = call.actions(a.RunDeferred)
    [line] = [line for line in call.record if line.text == SAYS]
    assert not line.interrupted
    assert done_ms >= call.agent_spans[-1][1] - 200


async def test_it_is_not_done_if_the_caller_interrupts(carrier: OverSockets, caller: CallerScript) -> None:
    script = caller.waits_for_agent().says("sales please").interrupts("no wait stop", 1.0).waits_for_agent().hangs_up()
    call = await carrier(script, agent, CALLS)
    assert DONE == []
    assert len(call.actions(a.DropDeferred)) == 1


async def test_a_tool_ends_the_call(carrier: OverSockets, caller: CallerScript) -> None:
    call = await carrier(caller.waits_for_agent().says("bye").waits(6), agent, [[CallTool("leave"), "Goodbye!"]])
    assert call.lines[-1] == ("agent", "Goodbye!")
    assert call.ended == "agent"


async def test_twilios_library_asks_where_the_service_does() -> None:
    """Its client has the account's keys, and reaches the address of the settings."""
    asked = list[tuple[str, str, bool]]()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        asked.append((scope["method"], scope["path"], headers.get(b"authorization", b"").startswith(b"Basic ")))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b'{"sid": "CA1", "status": "completed"}'})

    async with serve_app(app) as url:
        settings = Settings(twilio_account_sid="AC1", twilio_auth_token="token", twilio_api_base_url=url)
        twilio = call_services(settings, CallMemories(), IncomingCall("CA1"))[TwilioClient]
        client = twilio.client()  # type: ignore[attr-defined]  # found by its type
        call = await asyncio.to_thread(lambda: client.calls("CA1").update(status="completed"))
    assert call.status == "completed"
    assert asked == [("POST", "/2010-04-01/Accounts/AC1/Calls/CA1.json", True)]


def test_without_keys_there_is_no_client_of_twilios() -> None:
    assert TwilioClient not in call_services(Settings(), CallMemories(), IncomingCall("CA1"))
