"""The tools of one call, and the work that they have deferred: for the LLM port, and for a managed agent's socket.

Theory of operation. A run has a context of its own, through which its tool speaks to the call while it runs. Deferred
work is held here by its id, and the core decides what comes of it: `RunDeferred` starts it, `DropDeferred` forgets it.
Work that was started is not cancelled by the end of the call; it has `Limits.tool_ms`, as every tool has. What the core
has not decided when the call is over is dropped, unless it must be done.

User code may call a context from any thread. Everything here happens on the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

from telephony.agent import IncomingCall
from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.tool_run import current_run, without_keys
from telephony.core.actions import Action, DropDeferred, EndEntry, RunDeferred
from telephony.core.decisions import Cut, PlatformCut
from telephony.core.events import Event, NoticeReceived, WorkDeferred
from telephony.core.policy import Limits
from telephony.key_entries.entries import Entries
from telephony.threads import in_task, in_thread, outliving
from telephony.tool_context import (
    CallMemories,
    CallMemory,
    Cancelled,
    ToolContext,
    ToolFailed,
    Work,
    idempotency_key,
    missing,
)
from telephony.tool_results import in_words
from telephony.tools import Tool, Toolbox, ToolResult

log = structlog.get_logger()

T = TypeVar("T")

FAILED = "What {name} was to do after it was announced has failed; nobody knows whether it was done."
DONE = "What {name} was to do after it was announced is done: {result}"
UNREADABLE = "what it has returned cannot be read."


@dataclass(frozen=True, slots=True)
class _Deferred:
    """Work that waits. `name` is that of its tool, whose `secrets` nobody else is told."""

    name: str
    work: Work
    must: bool
    secrets: list[str]


class ToolRuns:
    """See the module text. `services` are what the app has set up for this call's tools, by type."""

    def __init__(
        self,
        tools: Iterable[Tool],
        limits: Limits,
        call: IncomingCall,
        clock: Clock,
        services: Mapping[type[Any], object] | None = None,
    ) -> None:
        self._services, self._clock, self._limits = services or {}, clock, limits
        memories = self._services.get(CallMemories)
        self._memory = memories.of(call.call_sid) if isinstance(memories, CallMemories) else CallMemory()
        self.toolbox = Toolbox(tools, runs=self._memory.runs, most_runs=limits.tool_runs)
        self._call = call
        entries = self._services.get(Entries)
        self._entries = entries if isinstance(entries, Entries) else None
        self._running: dict[Cancelled, str] = {}  # the tools that run, by their signals
        self._works: dict[str, _Deferred] = {}
        self._doing: set[asyncio.Future[None]] = set()
        self._emit: Emit | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, emit: Emit) -> None:
        """The call has begun; tools may run."""
        self._emit, self._loop = emit, asyncio.get_running_loop()
        if self._entries is not None:
            self._entries.open()

    async def run(self, turn: int, tool_call_id: str, name: str, arguments: str, key: str = "") -> ToolResult:
        """Runs a tool. `key` makes its idempotency key, where ids change with each attempt. Raises only
        `CancelledError`; cancelling this stops an asynchronous tool, unless the call is over."""
        call = self._call
        context = ToolContext(
            call.call_sid, call.caller, call.called, call.variables, call.outbound, call.verified, turn, tool_call_id,
            idempotency_key(call.call_sid, turn, key or tool_call_id), self._memory.store, Cancelled(), self,
        )  # fmt: skip
        running = outliving(f"tool {name}", self._run(name, arguments, context))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if self._emit is not None:
                running.cancel()
            raise

    def perform(self, action: Action) -> None:
        """What the core has decided of deferred work; and that the caller has interrupted."""
        match action:
            case RunDeferred(work):
                if (deferred := self._works.pop(work, None)) is not None:
                    self._start(deferred)
            case DropDeferred(work, why):
                if (dropped := self._works.pop(work, None)) is not None:
                    log.info("deferred_work_dropped", tool=dropped.name, why=str(why))
            case EndEntry() if self._entries is not None:
                self._entries.perform(action)
            case Cut() | PlatformCut():
                self._cancel()
            case _:
                pass

    def close(self) -> None:
        """The call is over."""
        self._cancel()
        self._emit = None
        if self._entries is not None:
            self._entries.close()
        works, self._works = self._works, {}
        for deferred in works.values():
            if deferred.must and self._loop is not None:
                self._start(deferred)

    async def finish(self) -> None:
        """Waits for the work that was started. Cancelling this does not cancel it."""
        if self._doing:
            await asyncio.wait(self._doing)

    # --- for contexts -----------------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        self._on_loop(lambda: self._report(event))

    def defer(self, context: ToolContext, work: Work, must: bool) -> None:
        name = self._running.get(context.cancelled)
        if name is None:
            raise ToolFailed("Not done: the tool had returned before it asked for work to be done later.")
        secrets = run.secrets if (run := current_run()) is not None else []
        self._on_loop(lambda: self._hold(context, _Deferred(name, work, must, secrets)))

    def service(self, kind: type[T]) -> T:
        found = self._services.get(kind)
        if found is None:
            raise missing(kind)
        return found  # type: ignore[return-value]  # registered by its type

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _run(self, name: str, arguments: str, context: ToolContext) -> ToolResult:
        self._running[context.cancelled] = name
        try:
            return await self.toolbox.run_within(self._clock, self._limits.tool_ms, name, arguments, context)
        finally:
            del self._running[context.cancelled]

    def _on_loop(self, do: Any) -> None:
        """Does it now, or, asked from a thread, in the order of asking: before the tool's own return."""
        if self._loop is None or self._loop.is_closed():
            return
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        do() if here else self._loop.call_soon_threadsafe(do)

    def _report(self, event: Event) -> None:
        if self._emit is not None:
            self._emit(event)

    def _hold(self, context: ToolContext, deferred: _Deferred) -> None:
        self._memory.deferred += 1
        work = f"{context.turn}/{self._memory.deferred}"
        self._works[work] = deferred
        if self._emit is not None:
            self._emit(WorkDeferred(context.turn, context.tool_call_id, work, deferred.must))
        elif self._works.pop(work, None) is not None and deferred.must:  # the call is over
            self._start(deferred)

    def _cancel(self) -> None:
        for cancelled in self._running:
            cancelled.set()

    def _start(self, deferred: _Deferred) -> None:
        doing = outliving(f"deferred {deferred.name}", self._do(deferred))
        self._doing.add(doing)
        doing.add_done_callback(self._doing.discard)

    async def _do(self, deferred: _Deferred) -> None:
        if (notice := await self._notice(deferred)) is not None:
            self._report(replace(notice, text=without_keys(notice.text, deferred.secrets)))

    async def _notice(self, deferred: _Deferred) -> NoticeReceived | None:
        """Does the work. Returns what the agent is to know of it."""
        name = deferred.name
        try:
            async with self._clock.timeout(self._limits.tool_ms):
                done = await _done(name, deferred.work)
        except ToolFailed as failed:
            return NoticeReceived(str(failed))
        except Exception as error:
            if deferred.secrets:  # which the traceback may show
                log.error("deferred_work_failed", tool=name, error=type(error).__name__)
            else:
                log.exception("deferred_work_failed", tool=name)
            return NoticeReceived(FAILED.format(name=name))
        if done is None:
            return None
        try:
            result = await in_thread(f"deferred {name}", in_words, done)  # by methods of the user's, which may block
        except Exception as error:
            log.error("deferred_result_unreadable", tool=name, error=type(error).__name__)
            result = UNREADABLE
        return NoticeReceived(DONE.format(name=name, result=result), speak=False)


async def _done(name: str, work: Work) -> Any:
    """Does the work: asynchronous work in a task, synchronous in a thread."""
    if inspect.iscoroutinefunction(work):
        return await in_task(f"deferred {name}", work())
    done = await in_thread(f"deferred {name}", work)
    return await in_task(f"deferred {name}", done) if inspect.isawaitable(done) else done
