"""The LLM port: runs each reply as a child task, including the tools that it calls.

Every event carries the turn. After `CancelReply` the port reports nothing more for that turn. Tools run only when the
core allows it (`RunTool`); until then the reply waits, without a time limit of its own, because the core has one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from telephony.agent import Agent, IncomingCall
from telephony.clock import Clock
from telephony.contracts.llm import Llm, ToolCall
from telephony.contracts.port import Emit
from telephony.core.actions import Action, CancelReply, RefuseTool, RunTool, StartReply
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
from telephony.errors import ProviderBusy, ProviderError
from telephony.runtime.reply import Done, Facts, Said, Wants, reply
from telephony.runtime.tool_runs import ToolRuns
from telephony.tools import ToolResult

log = structlog.get_logger()

_FINISHES = {str(finish): finish for finish in Finish}

EARLY_ACTIONS = 1_000
"""Maximum number of actions kept until `run`; more than the core performs before a call starts."""


@dataclass(slots=True)
class _Live:
    """A reply in progress. `answers` are the core's decisions on the tools it wants, by tool call id."""

    turn: int
    task: asyncio.Task[None] | None = None
    answers: dict[str, asyncio.Future[RunTool | RefuseTool]] = field(default_factory=dict)


class LlmPort:
    """The `Port` that performs StartReply, CancelReply, RunTool, RefuseTool, RunDeferred and DropDeferred. `services`
    are for tools: see `ToolRuns`."""

    def __init__(
        self,
        *,
        agent: Agent,
        llm: Llm,
        call: IncomingCall,
        clock: Clock,
        now: Callable[[], datetime],
        services: Mapping[type[Any], object] | None = None,
    ) -> None:
        self._agent, self._llm, self._clock, self._now = agent, llm, clock, now
        self._call = call
        self._tools = ToolRuns(agent.tools, agent.limits, call, clock, services)
        self._live: dict[int, _Live] = {}
        self._early: list[Action] = []
        self._group: asyncio.TaskGroup | None = None
        self._emit: Emit = lambda event: None
        self._stopped = asyncio.Event()

    async def run(self, emit: Emit) -> None:
        self._emit = emit
        self._tools.open(emit)
        async with asyncio.TaskGroup() as group:
            self._group = group
            early, self._early = self._early, []
            for action in early:
                self.perform(action)
            try:
                await self._stopped.wait()
            finally:
                self._group = None
                self._tools.close()
                for live in self._live.values():
                    if live.task is not None:
                        live.task.cancel()
        await self._tools.finish()

    def perform(self, action: Action) -> None:
        if self._group is None:
            if not self._stopped.is_set() and len(self._early) < EARLY_ACTIONS:
                self._early.append(action)
            return
        match action:
            case StartReply(turn):
                live = self._live[turn] = _Live(turn)
                live.task = self._group.create_task(self._run_reply(live, action), name=f"reply {turn}")
            case CancelReply(turn):
                cancelled = self._live.pop(turn, None)
                if cancelled is not None and cancelled.task is not None:
                    cancelled.task.cancel()
            case RunTool(turn, tool_call_id) | RefuseTool(turn, tool_call_id):
                waiting = self._live[turn].answers.get(tool_call_id) if turn in self._live else None
                if waiting is not None and not waiting.done():
                    waiting.set_result(action)
            case _:
                self._tools.perform(action)

    def stop(self) -> None:
        self._stopped.set()

    # --- one reply --------------------------------------------------------------------------------------------------

    def _say(self, live: _Live, event: Event) -> None:
        """Reports `event`, unless the reply was cancelled."""
        if self._live.get(live.turn) is live:
            self._emit(event)

    async def _run_reply(self, live: _Live, start: StartReply) -> None:
        turn = live.turn
        try:
            await self._converse(live, start)
        except ProviderError as error:
            fault = ReplyFault.BUSY if isinstance(error, ProviderBusy) else ReplyFault.OTHER
            self._say(live, ReplyFailed(turn, error.code, fault))
        except Exception:
            log.exception("reply_failed")
            self._say(live, ReplyFailed(turn, "reply_failed"))
        finally:
            if self._live.get(turn) is live:
                del self._live[turn]

    async def _converse(self, live: _Live, start: StartReply) -> None:
        facts = Facts(self._now(), self._call.person, self._call.outbound, self._call.variables)
        asks = self._agent.turn_taking.asks_model and not start.must_answer
        replying = reply(self._agent, start.history, self._llm, self._tools.toolbox, facts, asks=asks)
        async with aclosing(replying) as parts:
            part = await anext(parts)
            while True:
                match part:
                    case Said(text):
                        self._say(live, ReplyDelta(live.turn, text))
                        part = await anext(parts)
                    case Wants(calls):
                        part = await parts.asend(await self._run_tools(live, calls))
                    case Done(finish, _):
                        self._say(live, ReplyEnded(live.turn, _FINISHES.get(finish, Finish.OTHER)))
                        return

    async def _run_tools(self, live: _Live, calls: Sequence[ToolCall]) -> list[ToolResult]:
        """Runs the tools at the same time, as far as the core allows them. Returns their results in order."""
        loop = asyncio.get_running_loop()
        live.answers = {call.tool_call_id: loop.create_future() for call in calls}
        for call in calls:
            self._say(live, ToolWanted(live.turn, call.tool_call_id, call.name, call.arguments, call.extra))
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._tool(live, call)) for call in calls]
        return [tool.result() for tool in running]

    async def _tool(self, live: _Live, call: ToolCall) -> ToolResult:
        answer = await live.answers[call.tool_call_id]
        if isinstance(answer, RefuseTool):
            return ToolResult(answer.reason, failed=True)
        result = await self._tools.run(live.turn, call.tool_call_id, call.name, call.arguments)
        self._say(live, ToolFinished(live.turn, call.tool_call_id, result.text, result.failed))
        return result
