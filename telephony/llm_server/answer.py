"""Answers one request with `reply()`: runs the agent's tools here, and passes the platform's own tools back.

    async with aclosing(answer(request, agent, llm, store, facts, own)) as parts:
        async for part in parts: ...     # Said(text) | PassBack(calls) | Done(...)

`Done` comes last, exactly once. Raises ProviderError. Cancelling it stops the LLM at once, but a running tool that is
not read-only continues (see `idempotency.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from telephony.agent import Agent
from telephony.contracts.llm import Finished, Llm, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, History, HistoryItem, Noticed, ToolUsed
from telephony.core.policy import END_CALL
from telephony.llm_server.codec import ChatRequest
from telephony.llm_server.idempotency import IdempotencyStore, canonical
from telephony.runtime.reply import Done, Facts, Said, Wants, json_object, reply
from telephony.runtime.turn_tools import TurnTools
from telephony.tools import ToolResult, arguments_of


@dataclass(frozen=True, slots=True)
class PassBack:
    """Calls of the platform's tools, which the platform must run itself; the answer ends with them."""

    calls: tuple[ToolCall, ...]


Part: TypeAlias = Said | PassBack | Done


class Toolset:
    """The agent's tools, and the platform's tools that this request offers.

    `end_call` exists only if the platform offers it, because there is no line here to hang up. If both sides have a
    tool of the same name, the agent's is used."""

    def __init__(self, agent: Agent, request: ChatRequest, own: TurnTools) -> None:
        self._own, self._turn = own, request.turn
        self._tools = {tool.name: tool for tool in agent.tools}
        self._offered = {name: schema for name, schema in request.offered.items() if name not in self._tools}

    def schemas(self) -> tuple[dict[str, Any], ...]:
        own = [s for s in self._own.toolbox.schemas() if s["function"]["name"] in self._tools]
        return (*own, *self._offered.values())

    def is_offered(self, name: str) -> bool:
        return name in self._offered

    def changes_something(self, name: str) -> bool:
        return name in self._tools and not self._tools[name].read_only

    def problem(self, call: ToolCall) -> str:
        if call.name not in self._tools and call.name not in self._offered:  # includes `end_call` if not offered
            names = ", ".join((*self._tools, *self._offered)) or "none"
            return f"There is no tool {call.name!r} here. There are: {names}."
        if call.name in self._offered:
            return missing(self._offered[call.name], call.arguments)
        return self._own.toolbox.problem(call.name, call.arguments)

    async def run(self, call: ToolCall) -> ToolResult:
        """Runs one of the agent's tools. Raises only CancelledError."""
        key = f"{call.name} {canonical(call.arguments)}"
        return await self._own.run(self._turn, call.tool_call_id, call.name, call.arguments, key)


NOT_PASSED_BACK = ToolResult(
    "Not done, because another tool of the same answer was not. Look at that one's result first.", failed=True
)
"""The result of a platform's tool, used only if another tool of the answer fails."""


def missing(schema: dict[str, Any], arguments: str) -> str:
    """What is wrong with the arguments for a platform tool: bad JSON or a missing argument; "" if nothing is."""
    try:
        given = arguments_of(arguments)
    except ValueError as error:
        return str(error)
    required = schema["function"]["parameters"].get("required")
    absent = [str(name) for name in required if name not in given] if isinstance(required, list) else []
    return f"The arguments lack: {', '.join(absent)}. Try again." if absent else ""


async def answer(
    request: ChatRequest, agent: Agent, llm: Llm, store: IdempotencyStore, facts: Facts, own: TurnTools
) -> AsyncGenerator[Part, None]:
    """See the module docstring. `own` are the agent's tools in this call. What they have deferred is done once the
    answer was given whole."""
    if agent.greeting and not any(isinstance(item, CallerSaid | AgentSaid | ToolUsed) for item in request.history):
        yield Said(agent.greeting)
        yield Done("stop", Finished("stop"))
        return
    own.begin(request.turn)
    tools = Toolset(agent, request, own)
    passed_back: list[ToolCall] = []
    failed = False  # whether one of our tools failed in the current answer
    whole = False
    replying = reply(adapted(agent, request), informed(store.history(request), own.notices), llm, tools, facts)
    try:
        async with aclosing(replying) as parts:
            part = await anext(parts)
            while True:
                if isinstance(part, Said):
                    yield part
                    part = await anext(parts)
                elif isinstance(part, Wants):
                    theirs = [call for call in part.calls if tools.is_offered(call.name) and not tools.problem(call)]
                    passed_back += [replace(call, arguments=json_object(call.arguments)) for call in theirs]
                    ours = [call for call in part.calls if call not in theirs]
                    ran = await _run_all(request, tools, store, ours)
                    failed = failed or any(result.failed for result in ran.values())
                    if said := own.take_said():
                        yield Said(said)
                    if passed_back and not part.left and not failed:
                        yield PassBack(tuple(passed_back))
                        yield Done("tool_calls", Finished("tool_calls"))
                        return
                    if not part.left:
                        passed_back, failed = [], False
                    part = await parts.asend([ran.get(call.tool_call_id, NOT_PASSED_BACK) for call in part.calls])
                else:
                    yield part
                    whole = True
                    return
    finally:
        (own.given if whole else own.broken_off)()


def informed(history: History, notices: Sequence[tuple[int, str]]) -> History:
    """The history with what the agent has learned from its tools, each after all that was said in its turn."""
    items, turn, previous = list[HistoryItem](), 0, None
    for item in history:
        if isinstance(item, CallerSaid) and not isinstance(previous, CallerSaid):
            items += [Noticed(text) for of, text in notices if of == turn]
            turn += 1
        items.append(item)
        previous = item
    return (*items, *(Noticed(text) for of, text in notices if of >= turn))


async def _run_all(
    request: ChatRequest, tools: Toolset, store: IdempotencyStore, calls: list[ToolCall]
) -> dict[str, ToolResult]:
    """Runs tools of the agent at the same time. Returns their results by tool call id."""
    async with asyncio.TaskGroup() as group:
        running = {call.tool_call_id: group.create_task(_run(request, tools, store, call)) for call in calls}
    return {tool_call_id: one.result() for tool_call_id, one in running.items()}


async def _run(request: ChatRequest, tools: Toolset, store: IdempotencyStore, call: ToolCall) -> ToolResult:
    if problem := tools.problem(call):
        return ToolResult(problem, failed=True)
    if not tools.changes_something(call.name):
        return await tools.run(call)
    return await store.act(request, call, lambda: tools.run(call))


def adapted(agent: Agent, request: ChatRequest) -> Agent:
    """The agent, adapted to the request's system text, token limit and offered tools.

    The platform's system text (usually facts of the call) is added to the agent's context; an agent without a prompt
    takes it as its prompt."""
    limit = min(agent.max_tokens, request.max_tokens) if request.max_tokens else agent.max_tokens
    style = agent.style if END_CALL in request.offered else agent.style.replace(_ENDING, "")
    if not agent.prompt.strip():
        return replace(agent, prompt=request.system, max_tokens=limit, style=style)
    context = " ".join(part for part in (agent.context, request.system) if part)
    return replace(agent, context=context, max_tokens=limit, style=style)


_ENDING = " When the conversation is over, say goodbye and call end_call."
