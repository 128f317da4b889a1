"""The agent of a call in virtual time: chosen as the service chooses it, with its own tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from telephony.agent import Agent, AgentSource, IncomingCall, ManagedAgent
from telephony.app.loading import TRIAL_CALL
from telephony.testing.simulator import RunTool
from telephony.testing.tool_calls import CallTool
from telephony.threads import Callers
from telephony.tools import Toolbox, ToolContext, ToolResult

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


def running_tools(agent: Agent, call: IncomingCall) -> RunTool:
    """Runs the agent's own tools, unless the script gives a result."""
    box = Toolbox(agent.tools, ToolContext(call.call_sid, call.caller, call.called, call.variables))

    def run(tool: CallTool) -> ToolResult:
        if tool.result is not None:
            return ToolResult(tool.result)
        return _complete(box.run(tool.name, json.dumps(dict(tool.arguments))))

    return run


def _complete(work: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end in a loop of its own, also from within a running one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
