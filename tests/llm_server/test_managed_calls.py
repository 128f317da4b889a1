"""A managed agent that uses our endpoint as its custom LLM, with a platform that drops and repeats requests."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import openai

from telephony.agent import Agent, ManagedAgent
from telephony.testing.fakes.elevenlabs.agents import LocalAgent
from telephony.testing.fakes.elevenlabs.agents_llm import CustomLlm
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool

KEY = "a-platform-key"
booked: list[int] = []


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    booked.append(people)
    return f"Booked for {people}."


def respond(body: dict[str, Any]) -> list[Part]:
    messages = [m for m in body["messages"] if m["role"] != "system"]
    if messages[-1]["role"] == "tool":
        return [Say("It is booked.")]
    if "bye" in messages[-1]["content"]:
        return [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("book_table", {"people": 2}) if "table" in messages[-1]["content"] else Say("You are welcome.")]


async def test_a_managed_call_with_our_llm() -> None:
    """The platform drops and repeats requests: our tool runs once; end_call is passed back and ends the call."""
    booked.clear()
    agent = Agent(prompt="You are a test.", tools=(book_table,))
    llm_client = CustomLlm(url="", api_key=KEY, restless=True, headers={"X-Call-Id": "{{call_id}}"})
    agents = ManagedAgent("agent_1", fallback=agent, extra_body={"caller": "+1555"})
    platform = {"agent_1": LocalAgent(first_message="Hello!", respond=llm_client)}
    async with (
        asyncio.timeout(60),
        local_stack(agents, clock=SteadyClock(20), replies=respond, platform=platform, platform_key=KEY) as s,
    ):
        llm_client.url = s.service.base_url + "/v1"
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", "Hello!") in tape.lines)
        await s.says(phone, "a table for two please")
        await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        await s.says(phone, "thank you bye")
        await phone.ended()
        assert booked == [2]
        assert llm_client.dropped
        assert tape.lines[-1] == ("agent", "Goodbye!")
        assert s.elevenlabs.agents.seen.violations == []
        assert all(request["elevenlabs_extra_body"] == {"caller": "+1555"} for request in llm_client.requests)


async def test_the_endpoint_exists_only_with_a_key() -> None:
    """Off by default; with a key the service's own agent is listed as a model."""
    agent = Agent(prompt="You are a test.")
    async with (
        local_stack(agent, clock=SteadyClock(20), platform_key=KEY) as s,
        openai.AsyncOpenAI(api_key=KEY, base_url=s.service.base_url + "/v1") as client,
    ):
        assert [model.id async for model in client.models.list()] == ["agent"]
    async with local_stack(agent, clock=SteadyClock(20)) as s, httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(s.service.base_url + "/v1/models")).status_code == 404
        assert (await http.post(s.service.base_url + "/elevenlabs/personalization")).status_code == 404
        assert (await http.post(s.service.base_url + "/elevenlabs/post-call")).status_code == 404
