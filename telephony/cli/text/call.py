"""A call in text: the agent's model and tools, without sound or line.

    call = TextCall(agent, llm, TRIAL_CALL, Clock())
    async with aclosing(call.turn("a table for two, please")) as parts:
        async for part in parts: ...     # Said(text) | ToolBegun | ToolRan | Done

Each turn is one `reply()`, as on the telephone; what the agent has said and done so far is `history`. A turn that is
closed before its end was interrupted: the agent remembers what it had said. A turn that fails before the agent has said
or done anything leaves nothing, so it can be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from telephony.agent import Agent, IncomingCall
from telephony.clock import Clock
from telephony.contracts.llm import Llm, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, HistoryItem, Noticed, ToolUsed
from telephony.core.policy import END_CALL
from telephony.runtime.reply import Done, Facts, reply
from telephony.runtime.reply import Said as Said
from telephony.runtime.turn_tools import TurnTools
from telephony.tools import ToolResult, arguments_of

UNKNOWN = "The caller interrupted this, and nobody knows if it was done: ask before it runs again."
"""The result of a tool during which the turn was interrupted, for the model."""


@dataclass(frozen=True, slots=True)
class ToolBegun:
    """A tool is about to run."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolRan:
    """A tool has run, or could not (`failed`; `result` then says why)."""

    name: str
    arguments: Mapping[str, Any]
    result: str
    failed: bool
    ms: int


Part: TypeAlias = Said | ToolBegun | ToolRan | Done


class TextCall:
    """See the module docstring. `ended`: the agent has ended the call."""

    def __init__(self, agent: Agent, llm: Llm, call: IncomingCall, clock: Clock) -> None:
        self._agent, self._llm, self._clock, self._caller = agent, llm, clock, call.caller
        self._tools, self._turn = TurnTools(agent.tools, agent.limits, call, clock), 0
        self.history: list[HistoryItem] = [AgentSaid(agent.greeting)] if agent.greeting else []
        self.ended = False

    async def turn(self, text: str) -> AsyncGenerator[Part, None]:
        """The agent's answer to `text`. Raises ProviderError."""
        self._turn += 1
        self._tools.begin(self._turn)
        self.history += [Noticed(notice) for notice in self._tools.take_notices()]
        began, said, whole = len(self.history), "", False
        self.history.append(CallerSaid(text))
        facts = Facts(datetime.now(UTC), self._caller)
        replying = reply(self._agent, tuple(self.history), self._llm, self._tools.toolbox, facts)
        try:
            async with aclosing(replying) as parts:
                part = await anext(parts)
                while not isinstance(part, Done):
                    if isinstance(part, Said):
                        said += part.text
                        yield part
                        part = await anext(parts)
                        continue
                    said = self._remember(said)
                    for call in part.calls:
                        yield ToolBegun(call.name, _read(call.arguments))
                    all_ran = await self._run(part.calls)
                    for ran in all_ran:
                        yield ran
                    if at_once := self._tools.take_said():
                        said += at_once
                        yield Said(at_once)
                    part = await parts.asend([ToolResult(ran.result, ran.failed) for ran in all_ran])
                whole = True
                self.ended = self.ended or self._tools.ends
                self._tools.given()
                await self._tools.finish()
                yield part
        finally:
            if not whole:
                self._tools.broken_off()
            self._remember(said, interrupted=not whole)
            if not whole and not any(isinstance(item, AgentSaid | ToolUsed) for item in self.history[began:]):
                del self.history[began:]

    def _remember(self, said: str, *, interrupted: bool = False) -> str:
        """Adds what was said to the history; returns what has been said since: nothing."""
        if said.strip():
            self.history.append(AgentSaid(" ".join(said.split()), interrupted))
        return ""

    async def _run(self, calls: Sequence[ToolCall]) -> list[ToolRan]:
        """Runs tools at the same time. They are remembered in the order of the calls."""
        first = len(self.history)
        self.history += [_used(call, UNKNOWN) for call in calls]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._run_one(call, at)) for at, call in enumerate(calls, first)]
        return [one.result() for one in running]

    async def _run_one(self, call: ToolCall, at: int) -> ToolRan:
        began = self._clock.ms()
        result = await self._tools.run(self._turn, call.tool_call_id, call.name, call.arguments)
        self.history[at] = _used(call, result.text)
        self.ended = self.ended or (call.name == END_CALL and not result.failed)
        return ToolRan(call.name, _read(call.arguments), result.text, result.failed, self._clock.ms() - began)


def _used(call: ToolCall, result: str) -> ToolUsed:
    return ToolUsed(call.tool_call_id, call.name, call.arguments, result, call.extra)


def in_words(arguments: Mapping[str, Any]) -> str:
    """As in Python: `day='tomorrow', people=2`."""
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())


def _read(arguments: str) -> dict[str, Any]:
    try:
        return arguments_of(arguments)
    except ValueError:
        return {"unreadable": arguments}
