"""Tools without a core: deferred work is done when the answer was given whole, and waits for a repeated request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from telephony.agent import IncomingCall
from telephony.core.policy import Limits
from telephony.runtime.turn_tools import MOST_NOTICES, TurnTools
from telephony.testing.steady import SteadyClock
from telephony.tool_context import ToolContext, ToolFailed
from telephony.tools import tool

DONE: list[str] = []
KEYS: list[str] = []


@tool
async def send(context: ToolContext, must: bool = False, fail: bool = False) -> str:
    """Sends something, later."""
    KEYS.append(context.idempotency_key)
    await context.say("One moment.")
    context.notify("It was asked for.")
    context.when_heard(lambda: DONE.append("sent"), must)
    if fail:
        raise ToolFailed("No.")
    return "soon"


@pytest.fixture
def tools() -> TurnTools:
    DONE.clear()
    KEYS.clear()
    return TurnTools((send,), Limits(), IncomingCall("CA1"), SteadyClock(10))


async def sends(tools: TurnTools, arguments: str = "{}", turn: int = 1) -> None:
    await tools.run(turn, f"call_{len(KEYS)}", "send", arguments, "send {}")


def given(tools: TurnTools) -> None:
    tools.given()


def broken_off(tools: TurnTools) -> None:
    tools.broken_off()


def asked_again(tools: TurnTools) -> None:
    tools.broken_off()
    tools.begin(1)
    tools.given()


def asked_something_else(tools: TurnTools) -> None:
    tools.broken_off()
    tools.begin(2)
    tools.given()


@pytest.mark.parametrize(
    ("arguments", "ends", "done"),
    [
        ("{}", given, ["sent"]),
        ("{}", broken_off, []),
        ("{}", asked_again, ["sent"]),
        ("{}", asked_something_else, []),
        ('{"must": true}', given, ["sent"]),
        ('{"must": true}', broken_off, ["sent"]),
        ('{"must": true}', asked_again, ["sent"]),
        ('{"must": true}', asked_something_else, ["sent"]),
        ('{"fail": true}', given, []),
        ('{"must": true, "fail": true}', broken_off, []),
    ],
)
async def test_what_becomes_of_work(
    tools: TurnTools, arguments: str, ends: Callable[[TurnTools], None], done: list[str]
) -> None:
    async with asyncio.timeout(20):
        tools.begin(1)
        await sends(tools, arguments)
        assert DONE == []
        ends(tools)
        await tools.finish()
    assert done == DONE


async def test_a_tool_that_outlives_its_turn_does_nothing_any_more(tools: TurnTools) -> None:
    async with asyncio.timeout(20):
        tools.begin(2)
        await sends(tools, turn=1)
        tools.given()
        await tools.finish()
    assert DONE == []


async def test_what_tools_say_and_tell_is_taken_once(tools: TurnTools) -> None:
    tools.begin(1)
    await sends(tools)
    assert (tools.take_said(), tools.take_said()) == ("One moment. ", "")
    assert (tools.take_notices(), tools.take_notices()) == (["It was asked for."], [])


async def test_the_model_learns_of_work_that_was_not_done(tools: TurnTools) -> None:
    tools.begin(1)
    await sends(tools)
    tools.broken_off()
    tools.begin(1)
    assert [text for _, text in tools.notices] == ["It was asked for."]
    tools.begin(2)
    turn, text = tools.notices[-1]
    assert turn == 1
    assert text.startswith("what send was to do was not done: the caller interrupted")


async def test_of_too_many_notices_the_latest_are_kept(tools: TurnTools) -> None:
    tools.begin(1)
    for _ in range(MOST_NOTICES + 1):
        await sends(tools)
    assert len(tools.notices) == MOST_NOTICES


async def test_the_key_of_a_repeated_request_is_the_same(tools: TurnTools) -> None:
    """Though the model's id of the call is another each time."""
    tools.begin(1)
    await sends(tools)
    await sends(tools)
    await sends(tools, turn=2)
    assert KEYS[0] == KEYS[1] != KEYS[2]
