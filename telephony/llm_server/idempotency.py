"""Remembers the tool runs of each call and user turn, so that no tool acts twice for one turn.

Theory of operation. A platform may cancel a request at any time and send it again, with the same user message or a
longer one, when the first request has already booked a table. So a tool that changes something runs at most once per
*turn* of a *call*. The turn is the number of the last user message (adjacent user messages count as one, because some
clients repeat a request by appending to it); the call is identified by the platform's id. The run belongs to the store
and not to the request: it continues if the request is cancelled, and the next request gets its result or waits for it.
Results of finished runs are also inserted into the history of later requests, because the platform's own history lacks
them.

A platform may also ask something new while a tool still runs. The history of that request then says so, a call of the
same tool with the same arguments gets that as its result instead of a second run, and later requests have the result.

Without a call id a repeated request cannot be recognised, so a tool that changes something is refused: its result tells
the LLM so, and the log says once how to send the id.

The number of calls, and of runs per call, is bounded; the oldest are forgotten first, but never a run in progress.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from telephony.agent import Agent
from telephony.clock import Clock
from telephony.contracts.llm import ToolCall
from telephony.core.history import STILL_RUNNING, CallerSaid, History, HistoryItem, ToolUsed
from telephony.llm_server.codec import ChatRequest
from telephony.runtime.turn_tools import TurnTools
from telephony.tools import ToolResult, arguments_of

log = structlog.get_logger()

CALLS = 2_000
RUNS_PER_CALL = 50

REFUSED = (
    "Not done: this request does not say which call it belongs to, so nothing may be changed here. Do not try again. "
    "Tell the caller that you cannot do this yourself at the moment."
)
HINT = (
    "add the request header X-Call-Id: {{call_id}} to the agent's custom LLM (a dynamic variable that bridged calls "
    "always have; {{system__conversation_id}} for calls that the platform answers), or mark the tool read_only if "
    "running it twice does no harm"
)


@dataclass(slots=True)
class _Run:
    """A running or finished tool call."""

    call: ToolCall
    result: asyncio.Future[ToolResult]


@dataclass(slots=True)
class _Conversation:
    """Runs, agents and their tools of one call, by the agent's name."""

    runs: OrderedDict[tuple[int, str], _Run] = field(default_factory=OrderedDict)
    agents: dict[str, Agent] = field(default_factory=dict)
    tools: dict[str, TurnTools] = field(default_factory=dict)


class IdempotencyStore:
    """See the module docstring. `run` must be running, because its task group contains the running tools."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, _Conversation] = OrderedDict()
        self._hinted = False
        self._group: asyncio.TaskGroup | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Waits for `stop`, then for the running tools. Tools that take over five more seconds are cancelled."""
        try:
            async with self._clock.timeout(None) as closing, asyncio.TaskGroup() as group:
                self._group = group
                try:
                    await stop.wait()
                finally:
                    self._group = None
                    closing.reschedule(asyncio.get_running_loop().time() + self._clock.real_seconds(5_000))
        except TimeoutError:
            log.warning("tools_cancelled")

    def agent(self, call_id: str, name: str) -> Agent | None:
        """The agent chosen earlier for this call and requested name, or None."""
        return known.agents.get(name) if (known := self._calls.get(call_id)) else None

    def remember_agent(self, call_id: str, name: str, agent: Agent) -> None:
        """`call_id` must not be empty: such requests belong to no call."""
        self._conversation(call_id).agents[name] = agent

    def tools(self, call_id: str, name: str, make: Callable[[], TurnTools]) -> TurnTools:
        """The tools of the agent in this call; a request that belongs to no call has tools of its own."""
        return self._conversation(call_id).tools.setdefault(name, make()) if call_id else make()

    def history(self, request: ChatRequest) -> History:
        """The request's history, with the runs of our own tools in this call inserted: those that are finished, and of
        earlier turns also those that are not."""
        known = self._calls.get(request.call_id)
        if known is None or not known.runs:
            return request.history
        items: list[HistoryItem] = []
        turn = 0
        for item, following in zip(request.history, (*request.history[1:], None), strict=True):
            items.append(item)
            if isinstance(item, CallerSaid) and not isinstance(following, CallerSaid):
                turn += 1
                runs = [run for (of, _), run in known.runs.items() if of == turn]
                items += [_used(run) for run in runs if run.result.done() or turn < request.turn]
        return tuple(items)

    async def act(self, request: ChatRequest, call: ToolCall, start: Callable[[], Awaitable[ToolResult]]) -> ToolResult:
        """The result of a tool that changes something: from its only run in this turn, or a refusal without call id.

        Cancelling this does not cancel the run. `start` never raises.
        """
        if not request.call_id:
            return self._refused(call)
        known = self._conversation(request.call_id)
        for (turn, name), earlier in known.runs.items():
            same = name == call.name and canonical(call.arguments) == canonical(earlier.call.arguments)
            if same and turn < request.turn and not earlier.result.done():
                return ToolResult(STILL_RUNNING, failed=True)
        run = known.runs.get((request.turn, call.name))
        if run is None:
            assert self._group is not None, "the endpoint is not running"
            run = known.runs[(request.turn, call.name)] = _Run(call, asyncio.get_running_loop().create_future())
            self._group.create_task(_work(run, start), name=f"tool {call.name}")
            self._trim(known)
            return await asyncio.shield(run.result)
        log.info("tool_repeated", tool=call.name, turn=request.turn)
        result = await asyncio.shield(run.result)
        if canonical(call.arguments) == canonical(run.call.arguments):
            return result
        note = f"(Done for the caller's last words already, with {run.call.arguments}, and not done again.)"
        return ToolResult(f"{result.text} {note}", result.failed)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _refused(self, call: ToolCall) -> ToolResult:
        if not self._hinted:
            self._hinted = True
            log.warning("tool_refused_without_call_id", tool=call.name, hint=HINT)
        return ToolResult(REFUSED, failed=True)

    def _conversation(self, call_id: str) -> _Conversation:
        known = self._calls.setdefault(call_id, _Conversation())
        self._calls.move_to_end(call_id)
        for old in list(self._calls)[: max(0, len(self._calls) - CALLS)]:
            if _idle(self._calls[old]):
                del self._calls[old]
        return known

    def _trim(self, known: _Conversation) -> None:
        for key in list(known.runs)[: max(0, len(known.runs) - RUNS_PER_CALL)]:
            if known.runs[key].result.done():
                del known.runs[key]


async def _work(run: _Run, start: Callable[[], Awaitable[ToolResult]]) -> None:
    try:
        run.result.set_result(await start())
    finally:
        if not run.result.done():
            run.result.set_result(ToolResult("The tool was stopped before it was done.", failed=True))


def _idle(known: _Conversation) -> bool:
    return all(run.result.done() for run in known.runs.values())


def _used(run: _Run) -> ToolUsed:
    call = run.call
    result = run.result.result().text if run.result.done() else STILL_RUNNING
    return ToolUsed(call.tool_call_id, call.name, call.arguments, result, call.extra)


def canonical(arguments: str) -> str:
    """The arguments in a canonical form for comparison."""
    try:
        return json.dumps(arguments_of(arguments), sort_keys=True)
    except ValueError:
        return arguments
