"""The agent of a call in virtual time: chosen as the service chooses it, with its own tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.app.loading import TRIAL_CALL
from telephony.clock import Clock
from telephony.core.actions import Action
from telephony.core.events import Event
from telephony.runtime.tool_runs import ToolRuns
from telephony.testing.tool_calls import CallTool
from telephony.threads import Callers
from telephony.tools import ToolResult

T = TypeVar("T")


class ScriptFailed(AssertionError):
    """The agent did not do what the script waits for, or no agent answers."""


def chosen(agents: AgentSource, incoming: IncomingCall | None = None) -> tuple[Agent, IncomingCall]:
    """The agent that answers the call (None: `TRIAL_CALL`), and the call. Raises ScriptFailed if there is none that
    can answer in virtual time, and whatever an agent function raises."""
    call = incoming or TRIAL_CALL
    choice = agents
    if not isinstance(agents, Agent | ManagedAgent):
        choice = _complete(Callers("agent function").ask(agents, call))
    if not isinstance(choice, Agent):
        raise ScriptFailed(f"no agent of the pipeline answers: {choice!r}")
    return choice, call


class AgentTools:
    """The agent's own tools in virtual time, unless the script gives a result; with the work that they defer."""

    def __init__(self, agent: Agent, call: IncomingCall) -> None:
        self._runs = ToolRuns(agent.tools, agent.limits, call, Clock())

    def run(self, tool: CallTool, turn: int, tool_call_id: str) -> tuple[ToolResult, list[Event]]:
        if tool.result is not None:
            return ToolResult(tool.result), []
        events = list[Event]()

        async def run() -> ToolResult:
            self._runs.open(events.append)
            return await self._runs.run(turn, tool_call_id, tool.name, json.dumps(dict(tool.arguments)))

        return _complete(run()), events

    def perform(self, action: Action) -> list[Event]:
        events = list[Event]()

        async def perform() -> None:
            self._runs.open(events.append)
            self._runs.perform(action)
            await self._runs.finish()

        _complete(perform())
        return events


def _complete(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end in a loop of its own, also from within a running one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
