"""The LLM port with a real local server: replies and tools as the core requests them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from telephony.agent import Agent, IncomingCall
from telephony.core.actions import CancelReply, RefuseTool, RunTool, StartReply
from telephony.core.events import (
    Event,
    Finish,
    ReplyDelta,
    ReplyEnded,
    ReplyFailed,
    ReplyFault,
    ToolFinished,
    ToolWanted,
)
from telephony.core.history import CallerSaid
from telephony.core.policy import Limits
from telephony.openai.client import OpenAiChat
from telephony.runtime.llm_port import LlmPort
from telephony.testing.fakes.openai.server import CallTool, LocalOpenAi, Part, Say, scripted
from telephony.testing.steady import SteadyClock
from telephony.tools import tool

E = TypeVar("E", bound=Event)
HELLO = (CallerSaid("hello"),)
ran: list[str] = []
started, release, cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()


@tool
async def slow(name: str) -> str:
    """Takes until it is released."""
    ran.append(name)
    started.set()
    try:
        await release.wait()
    except asyncio.CancelledError:
        cancelled.set()
        raise
    return f"done {name}"


@tool
def quick() -> str:
    return "was quick"


class Bench:
    """An LLM port, its server, and the events that it has emitted."""

    def __init__(self, port: LlmPort, server: LocalOpenAi) -> None:
        self.port, self.server = port, server
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, kind: type[E]) -> E:
        while not (found := [event for event in self.events if isinstance(event, kind)]):
            self._changed.clear()
            await self._changed.wait()
        return found[-1]

    async def wants(self, count: int) -> None:
        while sum(isinstance(event, ToolWanted) for event in self.events) < count:
            self._changed.clear()
            await self._changed.wait()

    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, ReplyDelta))


@asynccontextmanager
async def running(
    *replies: list[Part], limits: Limits | None = None, early: StartReply | None = None
) -> AsyncIterator[Bench]:
    global started, release, cancelled
    started, release, cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()  # of this test's loop
    ran.clear()
    clock = SteadyClock(10)
    async with asyncio.timeout(60), LocalOpenAi(clock=clock, responder=scripted(replies)) as server:
        llm = OpenAiChat(
            api_key="local", base_url=server.base_url, model="m", effort=None, token_field="max_tokens", clock=clock
        )
        agent = Agent(prompt="P", tools=(slow, quick), limits=limits or Limits())
        port = LlmPort(agent=agent, llm=llm, call=IncomingCall("CA1"), clock=clock, now=lambda: datetime.now(UTC))
        bench = Bench(port, server)
        if early:
            port.perform(early)
        async with asyncio.TaskGroup() as group:
            group.create_task(port.run(bench.emit))
            await asyncio.sleep(0)
            yield bench
            port.stop()
        await llm.close()


async def test_a_reply_comes_in_pieces_with_its_turn() -> None:
    """Text, then one end; an action performed before `run` is not lost."""
    async with running([Say("Hello, caller.")], early=StartReply(3, HELLO)) as bench:
        assert await bench.until(ReplyEnded) == ReplyEnded(3, Finish.STOP)
        assert bench.text() == "Hello, caller."


async def test_a_tool_runs_only_when_the_core_allows_it() -> None:
    """The tool is wanted, waits, is allowed, finishes, and the answer follows."""
    async with running([CallTool("slow", {"name": "x"})], [Say("It is done.")]) as bench:
        bench.port.perform(StartReply(1, HELLO))
        wanted = await bench.until(ToolWanted)
        assert ran == []
        release.set()
        bench.port.perform(RunTool(1, "somebody else's"))
        bench.port.perform(RunTool(1, wanted.tool_call_id))
        assert (await bench.until(ToolFinished)) == ToolFinished(1, wanted.tool_call_id, "done x")
        await bench.until(ReplyEnded)
        assert bench.text() == "It is done."


async def test_a_refused_tool_does_not_run_and_the_model_learns_why() -> None:
    """The model gets the reason as the tool's result."""
    async with running([CallTool("slow", {"name": "x"})], [Say("All right.")]) as bench:
        bench.port.perform(StartReply(1, HELLO))
        wanted = await bench.until(ToolWanted)
        bench.port.perform(RefuseTool(1, wanted.tool_call_id, "The caller interrupted."))
        await bench.until(ReplyEnded)
        assert ran == []
        assert bench.server.requests[1]["messages"][-2]["content"] == "The caller interrupted."


async def test_tools_of_one_answer_run_at_the_same_time() -> None:
    """Both have begun before either is done; one that is refused holds up neither; the results go back in order."""
    calls = [CallTool("slow", {"name": name}) for name in "xyz"]
    async with running([*calls], [Say("It is done.")]) as bench:
        bench.port.perform(StartReply(1, HELLO))
        await bench.wants(3)
        x, y, z = (event for event in bench.events if isinstance(event, ToolWanted))
        bench.port.perform(RunTool(1, z.tool_call_id))
        bench.port.perform(RefuseTool(1, y.tool_call_id, "No."))
        await started.wait()
        started.clear()
        bench.port.perform(RunTool(1, x.tool_call_id))
        await started.wait()
        assert ran == ["z", "x"]
        release.set()
        await bench.until(ReplyEnded)
        told = [m["content"] for m in bench.server.requests[1]["messages"] if m["role"] == "tool"]
        assert told == ["done x", "No.", "done z"]


async def test_a_tool_that_hangs_holds_up_no_other() -> None:
    """The other has finished long before it is given up, and both results go back."""
    limits = Limits(tool_ms=500)
    calls = [CallTool("slow", {"name": "x"}), CallTool("quick", {})]
    async with running([*calls], [Say("Sorry.")], limits=limits) as bench:
        bench.port.perform(StartReply(1, HELLO))
        await bench.wants(2)
        for event in [*bench.events]:
            if isinstance(event, ToolWanted):
                bench.port.perform(RunTool(1, event.tool_call_id))
        await bench.until(ReplyEnded)
        finished = [event for event in bench.events if isinstance(event, ToolFinished)]
        assert [event.failed for event in finished] == [False, True]
        told = [m["content"] for m in bench.server.requests[1]["messages"] if m["role"] == "tool"]
        assert told[1] == "was quick"
        assert "slow" in told[0]


async def test_cancel_stops_server_tool_and_reports() -> None:
    """After CancelReply the server sees the disconnect and nothing of that turn is reported."""
    async with running([Say("word " * 500)], [CallTool("slow", {"name": "x"})]) as bench:
        bench.port.perform(StartReply(1, HELLO))
        await bench.until(ReplyDelta)
        bench.port.perform(CancelReply(1))
        count = len(bench.events)
        await bench.server.until(lambda: bench.server.cancelled == 1)
        assert len(bench.events) == count
        bench.port.perform(StartReply(2, HELLO))
        wanted = await bench.until(ToolWanted)
        bench.port.perform(RunTool(2, wanted.tool_call_id))
        await started.wait()
        bench.port.perform(CancelReply(2))
        await cancelled.wait()
        assert not any(isinstance(event, ToolFinished) for event in bench.events)


async def test_a_tool_that_takes_too_long_is_abandoned() -> None:
    """The reply goes on with an error as the result."""
    limits = Limits(tool_ms=500)
    async with running([CallTool("slow", {"name": "x"})], [Say("Sorry.")], limits=limits) as bench:
        bench.port.perform(StartReply(1, HELLO))
        wanted = await bench.until(ToolWanted)
        bench.port.perform(RunTool(1, wanted.tool_call_id))
        finished = await bench.until(ToolFinished)
        assert finished.failed
        await bench.until(ReplyEnded)


async def test_a_model_that_fails_is_an_event() -> None:
    """The port reports it as ReplyFailed and raises nothing."""
    async with running() as bench:
        bench.server.faults.status = 429
        bench.port.perform(StartReply(1, HELLO))
        assert await bench.until(ReplyFailed) == ReplyFailed(1, "provider_busy", ReplyFault.BUSY)


async def test_stop_ends_a_reply_in_progress() -> None:
    """A reply in progress does not keep the port running."""
    async with running([Say("word " * 500)]) as bench:
        bench.port.perform(StartReply(1, HELLO))
        await bench.until(ReplyDelta)
