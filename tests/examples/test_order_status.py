"""The hotline over a slow system: what the caller hears meanwhile, what is never told, and what is done when."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from telephony.agent import IncomingCall
from telephony.cli.text.call import Said, TextCall
from telephony.core import actions as a
from telephony.examples import order_status
from telephony.examples.order_status import UNKNOWN, Order, Shop, agent
from telephony.offline.dialogue import respond
from telephony.openai.client import OpenAiChat
from telephony.testing.fakes.openai.server import LocalOpenAi
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool
from telephony.testing.steady import SteadyClock
from telephony.testing.tool_calls import TriedCall

ASKED = {"number": "714", "postcode": "10117"}


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop({"714": Order("10117", "on its way")}, step_s=0.001)
    monkeypatch.setattr(order_status, "shop", made)
    return made


async def test_the_caller_is_told_that_it_takes_a_while_and_the_agent_knows_how_far_it_is() -> None:
    tried = TriedCall()
    assert await order_status.order_status(**ASKED, context=tried.context()) == "Order 714 is on its way."
    assert tried.said == ["One moment, our system is slow today.", "Almost there."]
    assert tried.known[-1] == "The search for order 714 has done 90 percent."


@pytest.mark.parametrize("about", [{}, {"caller": "+493012345678", "verified": True}])
@pytest.mark.parametrize(("number", "postcode"), [("714", "99999"), ("715", "10117")])
async def test_nothing_is_told_without_the_postcode_whoever_calls(
    number: str, postcode: str, about: dict[str, Any]
) -> None:
    """Nor whether there is such an order."""
    tried = TriedCall(**about)
    assert await order_status.order_status(number, postcode, tried.context()) == UNKNOWN
    assert await order_status.cancel_order(number, postcode, tried.context()) == UNKNOWN
    assert tried.deferred == []


async def test_a_caller_who_moves_on_stops_the_search() -> None:
    tried, stops = TriedCall(), asyncio.Event()
    context = tried.context()
    context.cancelled.set()
    stops.set()
    assert await order_status.order_status(**ASKED, context=context) == UNKNOWN
    assert tried.said == []


async def test_an_order_is_cancelled_when_the_caller_has_heard_it_once_for_each_key(shop: Shop) -> None:
    tried = TriedCall(idempotency_key="key")
    await order_status.cancel_order(**ASKED, context=tried.context())
    await order_status.cancel_order(**ASKED, context=tried.context())
    assert shop.cancelled == []
    await tried.heard()
    assert shop.cancelled == ["key"]


CANCELS: list[Any] = [CallTool("cancel_order", ASKED), "I am cancelling it for you now, as you wish."]


def test_in_a_call_the_order_is_cancelled_after_the_last_word(shop: Shop) -> None:
    caller = CallerScript().waits_for_agent().says("cancel it").waits_for_agent().hangs_up()
    call = caller.call(agent, [CANCELS])
    assert shop.orders["714"].status == "cancelled"
    [(done_ms, _)] = call.actions(a.RunDeferred)
    end_ms = max(end for _, end in call.agent_spans)
    assert end_ms <= done_ms <= end_ms + 200


def test_in_a_call_an_interruption_keeps_the_order(shop: Shop) -> None:
    caller = CallerScript().waits_for_agent().says("cancel it").interrupts("no wait stop", 1.0).hangs_up()
    call = caller.call(agent, [CANCELS, "All right, I leave it as it is."])
    assert shop.orders["714"].status == "on its way"
    assert call.actions(a.RunDeferred) == []
    assert len(call.actions(a.DropDeferred)) == 1


async def say(call: TextCall, text: str) -> str:
    async with aclosing(call.turn(text)) as parts:
        return "".join([part.text async for part in parts if isinstance(part, Said)]).strip()


async def test_the_local_dialogue_plays_it(shop: Shop) -> None:
    """In text, with the local model behind its protocol."""
    clock = SteadyClock(10)
    async with asyncio.timeout(30), LocalOpenAi(clock=clock, responder=respond) as server:
        llm = OpenAiChat(
            api_key="local", base_url=server.base_url, model="m", effort=None, token_field="max_tokens", clock=clock
        )
        call = TextCall(agent, llm, IncomingCall("CA1"), clock)
        assert await say(call, "it is seven one four") == "To which postcode does it go?"
        answer = await say(call, "one zero one one seven")
        assert answer.startswith("I am looking it up. One moment, our system is slow today. Almost there.")
        assert "Order 714 is on its way." in answer
        assert "Are you sure?" in await say(call, "please cancel it")
        assert "not cancelled" in await say(call, "no")
        assert "Are you sure?" in await say(call, "cancel it after all")
        assert "I am cancelling it" in await say(call, "yes")
        assert shop.orders["714"].status == "cancelled"
        assert "goodbye" in await say(call, "no thank you that is all")
        assert call.ended
        await llm.close()
