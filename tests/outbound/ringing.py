"""A stack whose service may call out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from telephony.agent import Agent, AgentSource, Voice
from telephony.testing.fakes.openai.server import Responder, Say, scripted
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock

OWN = "+12025550100"
THEIRS = "+12025550123"
AGENT = Agent(prompt="You call people.", greeting="Hello, this is the garage.", voice=Voice(id="local"))


@asynccontextmanager
async def ringing(
    data: Path, agents: AgentSource = AGENT, speed: float = 20, replies: Responder | None = None, **settings: Any
) -> AsyncIterator[Stack]:
    """A service with one number, that may call out; the test times out after a minute and a half."""
    replies = replies or scripted([[Say("Good.")]])
    async with (
        asyncio.timeout(90),
        local_stack(agents, clock=SteadyClock(speed), replies=replies, data=data, **settings) as stack,
    ):
        stack.carrier.account.numbers = [own_number()]
        yield stack


def own_number(number: str = OWN, **fields: str) -> dict[str, str]:
    return {"sid": "PN" + "1" * 32, "phone_number": number, "voice_url": "", "voice_method": "POST", **fields}
