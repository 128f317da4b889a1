"""One request answered: `reply()` with the agent's tools run here and the platform's own tools passed back.

    async with aclosing(answer(request, agent, llm, memory, facts, clock)) as parts:
        async for part in parts: ...     # Text(...) | PassBack(calls) | End(...)

`End` comes last, exactly once. Raises ProviderError. Cancelling it stops the model at once; a tool that changes
something goes on (see `memory`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from telephony.agent import Agent
from telephony.clock import Clock
from telephony.contracts.llm import Finished, Llm, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, ToolUsed
from telephony.core.policy import END_CALL
from telephony.llm_server.codec import ChatRequest
from telephony.llm_server.idempotency import IdempotencyStore
from telephony.runtime.reply import Facts, Said, Wants, reply
from telephony.tools import Toolbox, ToolContext, ToolResult


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class PassBack:
    """Tools of the platform that it is to run itself; the answer ends with them."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class End:
    finish: str
    usage: Finished


Part: TypeAlias = Text | PassBack | End


class Toolset:
    """The agent's tools, and the platform's as far as this request offers them. `end_call` is the platform's alone:
    here is no line that could be hung up. A name that both use is the agent's."""

    def __init__(self, agent: Agent, request: ChatRequest) -> None:
        self._own = Toolbox(agent.tools, ToolContext(request.call_id, request.caller, request.called))
        self._tools = {tool.name: tool for tool in agent.tools}
        self._offered = {name: schema for name, schema in request.offered.items() if name not in self._tools}

    def schemas(self) -> tuple[dict[str, Any], ...]:
        own = [s for s in self._own.schemas() if s["function"]["name"] in self._tools]
        return (*own, *self._offered.values())

    def is_theirs(self, name: str) -> bool:
        return name in self._offered

    def changes_something(self, name: str) -> bool:
        return name in self._tools and not self._tools[name].read_only

    def problem(self, call: ToolCall) -> str:
        if call.name not in self._tools and call.name not in self._offered:  # `end_call` that was not offered, too
            names = ", ".join((*self._tools, *self._offered)) or "none"
            return f"There is no tool {call.name!r} here. There are: {names}."
        if call.name in self._offered:
            return missing(self._offered[call.name], call.arguments)
        return self._own.problem(call.name, call.arguments)

    async def run(self, call: ToolCall, clock: Clock, limit_ms: int) -> ToolResult:
        """Never raises but `CancelledError`."""
        return await self._own.run_within(clock, limit_ms, call.name, call.arguments)


NOT_PASSED = "Not done, because another tool of the same answer was not. Look at that one's result first."


def missing(schema: dict[str, Any], arguments: str) -> str:
    """What is wrong with the arguments of a platform's tool, as far as it is ours to see; "" if nothing is."""
    try:
        given = json.loads(arguments or "{}")
    except ValueError as error:
        return f"The arguments are not valid JSON: {error}. Try again."
    if not isinstance(given, dict):
        return "The arguments must be a JSON object. Try again."
    required = schema["function"]["parameters"].get("required")
    absent = [str(name) for name in required if name not in given] if isinstance(required, list) else []
    return f"The arguments lack: {', '.join(absent)}. Try again." if absent else ""


async def answer(
    request: ChatRequest, agent: Agent, llm: Llm, memory: IdempotencyStore, facts: Facts, clock: Clock
) -> AsyncGenerator[Part, None]:
    """See the module text."""
    if agent.greeting and not any(isinstance(item, CallerSaid | AgentSaid | ToolUsed) for item in request.history):
        yield Text(agent.greeting)
        yield End("stop", Finished("stop"))
        return
    tools = Toolset(agent, request)
    back: list[ToolCall] = []
    failed = False  # one of ours, in the answer under way
    replying = reply(fitted(agent, request), memory.history(request), llm, tools, facts)
    async with aclosing(replying) as parts:
        part = await anext(parts)
        while True:
            if isinstance(part, Said):
                yield Text(part.text)
                part = await anext(parts)
            elif isinstance(part, Wants):
                if tools.is_theirs(part.call.name) and not tools.problem(part.call):
                    back.append(part.call)
                    result = ToolResult(NOT_PASSED, failed=True)  # is read only if something else went wrong
                else:
                    result = await _run(request, agent, tools, memory, part.call, clock)
                    failed = failed or result.failed
                if back and not part.left and not failed:
                    yield PassBack(tuple(back))
                    yield End("tool_calls", Finished("tool_calls"))
                    return
                if not part.left:
                    back, failed = [], False
                part = await parts.asend(result)
            else:
                yield End(part.finish, part.usage)
                return


async def _run(
    request: ChatRequest, agent: Agent, tools: Toolset, memory: IdempotencyStore, call: ToolCall, clock: Clock
) -> ToolResult:
    if problem := tools.problem(call):
        return ToolResult(problem, failed=True)
    if not tools.changes_something(call.name):
        return await tools.run(call, clock, agent.limits.tool_ms)
    return await memory.act(request, call, lambda: tools.run(call, clock, agent.limits.tool_ms))


def fitted(agent: Agent, request: ChatRequest) -> Agent:
    """The agent with what the request says. Its own prompt is the prompt; what the platform's prompt holds (facts of
    this call, as a rule) comes as context. An agent without a prompt takes the platform's."""
    limit = min(agent.max_tokens, request.max_tokens) if request.max_tokens else agent.max_tokens
    style = agent.style if END_CALL in request.offered else agent.style.replace(_ENDING, "")
    if not agent.prompt.strip():
        return replace(agent, prompt=request.system, max_tokens=limit, style=style)
    context = " ".join(part for part in (agent.context, request.system) if part)
    return replace(agent, context=context, max_tokens=limit, style=style)


_ENDING = " When the conversation is over, say goodbye and call end_call."
