"""A service whose agent may put callers through, and the people they are put through to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from telephony.agent import Agent, Voice
from telephony.call_control.destinations import Destination
from telephony.call_control.outcomes import back, failed
from telephony.call_control.transfer_tools import transfer_to
from telephony.core.events import CallResumed, NoticeReceived
from telephony.core.transfers.words import Outcome
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.stack import Stack, Tape
from tests.outbound.ringing import OWN, ringing

ANNA, BEN = "+12025550188", "+12025550177"
CALLER = "+12025550123"
COLD = Destination("sales", ANNA, about="orders")
WARM = Destination("Anna", ANNA, about="everything about bills", warm=True)
SUMMARY = "Mr Smith, about an unpaid invoice."
REPLY = "Let me tell you about our opening hours meanwhile."


def agent(*destinations: Destination) -> Agent:
    return Agent(
        prompt="You answer calls.",
        greeting="Hello, how can I help?",
        voice=Voice(id="local"),
        tools=(transfer_to(*destinations),),
    )


def latest(request: dict[str, Any]) -> tuple[str, str]:
    """(role, text) of what the model was told last, but for the date and the like."""
    last = [one for one in request["messages"] if one["role"] != "system"][-1]
    return last["role"], str(last.get("content") or "")


@asynccontextmanager
async def office(data: Path, *destinations: Destination, replies: Any = None, **more: Any) -> AsyncIterator[Stack]:
    async with ringing(data, agent(*destinations), replies=replies or reply, **more) as stack:
        yield stack


def reply(request: dict[str, Any]) -> list[Part]:
    """The model: transfers when asked to, cancels when asked to, and says what it is told."""
    role, told = latest(request)
    name = "Anna" if "Anna (" in str(request.get("tools")) else "sales"
    if told.startswith("[Notice"):
        quoted = told.partition("caller: ")[2].removesuffix("]")
        return [Say(f"I was told: {json.loads(quoted)[:60]}")]
    if role == "tool":
        return [Say(told if "cancelled" in told or "late" in told or "closed" in told else "I am asking them now.")]
    if "put me through" in told:
        return [CallTool("transfer_call", {"destination": name, "summary": SUMMARY})]
    if "never mind" in told:
        return [CallTool("transfer_call", {"destination": "never mind"})]
    return [Say(REPLY)]


async def called(stack: Stack, **options: Any) -> tuple[PhoneCall, Tape]:
    """A caller who has heard the greeting."""
    phone = await stack.dial(caller=CALLER, called=OWN, **options)
    tape = await stack.tape(phone)
    await tape.until(lambda: ("agent", "Hello, how can I help?") in tape.lines)
    return phone, tape


async def leg_to(stack: Stack, number: str, nth: int = 1) -> PhoneCall:
    """The phone of somebody who is called."""
    while True:
        found = [one for one in stack.carrier.calls.values() if one.record.parties.called == number]
        if len(found) >= nth:
            return found[nth - 1]
        await asyncio.sleep(0.01)


async def until(predicate: Callable[[], bool]) -> None:
    """Returns when it is true: for what no event tells."""
    while not predicate():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def notices(stack: Stack, phone: PhoneCall) -> list[str]:
    """What the agent has learned."""
    tape = stack.tapes[phone.sid]
    return [one.notice for _, one in tape.events(CallResumed)] + [one.text for _, one in tape.events(NoticeReceived)]


__all__ = [
    "ANNA",
    "BEN",
    "CALLER",
    "COLD",
    "WARM",
    "Outcome",
    "back",
    "called",
    "failed",
    "leg_to",
    "notices",
    "office",
]
