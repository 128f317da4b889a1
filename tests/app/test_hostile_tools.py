"""Tools that do what no tool should, over real sockets: in a call of ours, a managed call, and our LLM server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessageParam

from telephony.agent import Agent, ManagedAgent
from telephony.contracts.observer import Step
from telephony.core.actions import RunTool, StartReply
from telephony.core.events import ReplyFailed, ToolFinished
from telephony.core.history import ToolUsed
from telephony.core.policy import Limits
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, LocalAgent
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import Tool, Toolbox, tool
from tests.llm_server.requests import asking

SPEED = 20
HELLO = "Hello, how can I help?"
HOURS = "We open at nine."
TOLD = "That did not work."
release = asyncio.Event()


@tool(name="circular")
def returns_itself() -> list[object]:
    """Returns a list that contains itself."""
    found: list[object] = []
    found.append(found)
    return found


@tool(name="cancelled")
async def awaits_what_was_cancelled() -> None:
    """Awaits something that was cancelled."""
    waiting = asyncio.get_running_loop().create_future()
    waiting.cancel()
    await waiting


@tool(name="exits")
async def ends_the_process() -> None:
    """Tries to."""
    sys.exit(1)


@tool(name="child")
async def its_task_ends_the_process() -> None:
    """Also from a callback and a timer."""
    loop = asyncio.get_running_loop()
    loop.call_soon(sys.exit, 1)
    loop.call_later(0, sys.exit, 1)
    await asyncio.create_task(ends_the_process())


@tool(name="stubborn")
async def never_returns() -> None:
    """Ignores its cancellation."""
    while not release.is_set():
        try:
            await release.wait()
        except asyncio.CancelledError:
            pass


@tool(name="surrogate")
def half_an_emoji() -> dict[str, str]:
    """Returns what cannot be encoded."""
    return {"dish": "caf\ud83d"}


TOOLS = (
    returns_itself,
    awaits_what_was_cancelled,
    ends_the_process,
    its_task_ends_the_process,
    never_returns,
    half_an_emoji,
)
NAMES = {one.name: one for one in TOOLS}
each_tool = pytest.mark.parametrize("hostile", TOOLS, ids=[one.name for one in TOOLS])


def agent() -> Agent:
    return Agent(prompt="P.", greeting=HELLO, tools=TOOLS, limits=Limits(tool_ms=1_000))


def respond(body: dict[str, Any]) -> list[Part]:
    messages = [m for m in body["messages"] if m["role"] != "system"]
    if messages[-1]["role"] == "tool":
        return [Say(TOLD)]
    asked = messages[-1]["content"].split()[-1]
    return [CallTool(asked, {})] if asked in NAMES else [Say(HOURS)]


@pytest.fixture(autouse=True)
async def _released() -> AsyncIterator[None]:
    """Asynchronous, because the end of the loop waits for what never returns."""
    global release
    release = asyncio.Event()
    yield
    release.set()


async def goes_on(stack: Stack, tape: Tape, phone: Any, hostile: Tool) -> None:
    """The caller asks for the tool and hears that it did not work; the next question is answered."""
    await tape.until(lambda: ("agent", HELLO) in tape.lines)
    await stack.says(phone, f"please try {hostile.name}")
    await tape.until(lambda: ("agent", TOLD) in tape.lines)
    await stack.says(phone, "when are you open")
    await tape.until(lambda: ("agent", HOURS) in tape.lines)
    await phone.hang_up()
    await phone.ended()
    [(_, finished)] = tape.events(ToolFinished)
    assert finished.failed is (hostile is not half_an_emoji)


@each_tool
async def test_a_call_goes_on(hostile: Tool) -> None:
    """No apology, one result, which later replies know."""
    async with asyncio.timeout(60), local_stack(agent(), clock=SteadyClock(SPEED), replies=respond) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await goes_on(s, tape, phone, hostile)
        assert tape.events(ReplyFailed) == []
        [used] = [item for item in tape.actions(StartReply)[-1][1].history if isinstance(item, ToolUsed)]
        assert used.name == hostile.name


@each_tool
async def test_a_managed_call_goes_on(hostile: Tool) -> None:
    """The platform gets a result, with `is_error` unless it could be repaired."""
    schemas = tuple(s for s in Toolbox(TOOLS).schemas() if s["function"]["name"] in NAMES)
    platform = {
        "agent_1": LocalAgent(first_message=HELLO, respond=respond, client_tools=schemas, client_events=BRIDGE_EVENTS)
    }
    managed = ManagedAgent("agent_1", tools=TOOLS, limits=Limits(tool_ms=1_000))
    async with asyncio.timeout(60), local_stack(managed, clock=SteadyClock(SPEED), platform=platform) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await goes_on(s, tape, phone, hostile)
        [result] = [r for r in s.elevenlabs.agents.seen.received if r.get("type") == "client_tool_result"]
        assert result["is_error"] is (hostile is not half_an_emoji)


@each_tool
async def test_our_llm_server_answers(hostile: Tool) -> None:
    """However often the platform asks: 200, and the tool has run once."""
    async with asking(agent(), respond) as ask:
        asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"please try {hostile.name}"}]
        for _ in range(2):
            assert (await ask.says(asked, extra_headers={"x-call-id": "c1"})).endswith(TOLD)
        assert len(ask.endpoint.store._calls["c1"].runs) == 1


@pytest.mark.parametrize("raises", [ValueError("x"), SystemExit(1)])
async def test_a_call_goes_on_without_an_observer_that_fails(raises: BaseException) -> None:
    """Whether it cannot be made for the call, or raises during it."""

    class Failing:
        def see(self, step: Step) -> None:
            raise raises

        def close(self) -> None:
            raise raises

    def fails(call_sid: str) -> Failing:
        raise raises

    async with asyncio.timeout(60), local_stack(agent(), clock=SteadyClock(SPEED), replies=respond) as s:
        s.service.on_call(fails)
        s.service.on_call(lambda call_sid: Failing())
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await s.says(phone, "when are you open")
        await tape.until(lambda: ("agent", HOURS) in tape.lines)
        await phone.hang_up()
        await phone.ended()


async def test_a_service_stops_while_tools_never_return() -> None:
    """Neither a call that ends nor the shutdown waits for a tool that ignores its cancellation."""
    slow = Agent(prompt="P.", greeting=HELLO, tools=TOOLS)
    clock = SteadyClock(SPEED)
    async with asyncio.timeout(60):
        async with local_stack(slow, clock=clock, replies=respond) as s:
            phone = await s.dial()
            tape = await s.tape(phone)
            await tape.until(lambda: ("agent", HELLO) in tape.lines)
            await s.says(phone, "please try stubborn")
            await s.openai.until(lambda: len(s.openai.requests) > 0)
            await tape.until(lambda: any(type(step.event).__name__ == "ToolWanted" for step in tape.steps))
            live = s.service.registry.calls[phone.sid]
            await phone.hang_up()
            await live.done.wait()
        assert not release.is_set()


async def test_a_question_during_a_slow_tool_is_answered_over_the_wire() -> None:
    """The agent answers the other question at once, and tells the result when it comes."""
    done = asyncio.Event()

    @tool
    async def books() -> str:
        """Takes its time."""
        await done.wait()
        return "table seven"

    def answers(body: dict[str, Any]) -> list[Part]:
        messages = [m for m in body["messages"] if m["role"] != "system"]
        last = messages[-1]
        if "table seven" in last["content"]:
            return [Say("You have table seven.")]
        return [Say(HOURS)] if "open" in last["content"] else [CallTool("books", {})]

    slow = Agent(prompt="P.", greeting=HELLO, tools=(books,), limits=Limits(tool_ms=60_000))
    async with asyncio.timeout(60), local_stack(slow, clock=SteadyClock(SPEED), replies=answers) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await s.says(phone, "a table please")
        await tape.until(lambda: ("agent", "One moment, please.") in tape.lines)
        await s.says(phone, "and when are you open")
        await tape.until(lambda: ("agent", HOURS) in tape.lines)
        done.set()
        await tape.until(lambda: ("agent", "You have table seven.") in tape.lines)
        assert len(tape.actions(RunTool)) == 1
        await phone.hang_up()
        await phone.ended()
