"""Runs the user's functions so that nothing they do reaches the event loop or the task that asked.

A synchronous function that blocks the loop would stop every call. So each run has its own daemon thread: one that
hangs takes no thread away from others, and does not delay the end of the process. Threads cannot be stopped, so an
abandoned run goes on; `Callers` limits how many there are.

An asynchronous function has a task of its own, in no task group: a `CancelledError` of its own would look like that of
the task that asked, and one that ignores its cancellation would hold up everything that waits for it. An abandoned one
is cancelled, and not waited for.

What a function starts runs later and elsewhere: tasks, callbacks, timers, what its threads send to the loop. asyncio
passes `SystemExit` and `KeyboardInterrupt` on from there to whoever runs the loop, which would end the service. All of
it inherits the function's context, so that is what carries the mark of a user's function, and on a guarded loop nothing
with that mark raises either of them, or holds all calls up without a word in the log. (The operator's Ctrl-C is no
exception: the service has signal handlers.)
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

import structlog

log = structlog.get_logger()

T = TypeVar("T")

MAX_RUNS = 100
"""Maximum concurrent runs, including abandoned ones. About the number of live calls, which rarely need one at once."""

BLOCKING_MS = 150
"""An asynchronous function that does not await for so long is logged: nobody hears anything meanwhile."""

_tasks: set[asyncio.Task[Any]] = set()  # the loop itself holds them weakly
_guarded: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
_function: contextvars.ContextVar[str] = contextvars.ContextVar("telephony_function")
"""The name of the user's function that the present code belongs to."""


class TooManyRuns(RuntimeError):
    """The limit of concurrent runs is reached; the function was not called."""


class Callers:
    """Calls one user function, sync or async. Sync functions run in threads, at most `max_runs` at once."""

    def __init__(self, name: str, max_runs: int = MAX_RUNS) -> None:
        self._name, self._max_runs, self._running = name, max_runs, 0

    async def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Returns the function's result, awaited if it is awaitable. Raises the Exceptions that the function raises
        (anything else wrapped in a RuntimeError), or TooManyRuns.

        Cancelling this abandons a sync run and cancels an async one."""
        if inspect.iscoroutinefunction(function):
            return await in_task(self._name, function(*arguments))
        if self._running >= self._max_runs:
            raise TooManyRuns(f"{self._running} runs are not done")
        self._running += 1
        running = in_thread(self._name, function, *arguments)
        running.add_done_callback(self._done)
        result = await asyncio.shield(running)
        return await in_task(self._name, result) if inspect.isawaitable(result) else result

    def _done(self, run: asyncio.Future[Any]) -> None:
        self._running -= 1
        run.exception()  # marks it as retrieved: the run may have been abandoned


async def in_task(name: str, work: Awaitable[T]) -> T:
    """Awaits `work` in a task of its own. Raised objects that are not Exceptions are wrapped in a RuntimeError, its own
    `CancelledError` too. Cancelling this cancels the task, and does not wait for it."""
    loop, returned = asyncio.get_running_loop(), list[T]()
    task = loop.create_task(_keep(work, returned), name=name, context=_context(loop, name))
    _tasks.add(task)
    task.add_done_callback(_finished)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
    if returned:  # even if it has cancelled itself meanwhile
        return returned[0]
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        raise error
    raise RuntimeError(f"{name} raised {type(error).__name__ if error else 'CancelledError'}") from error


def outliving(name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Starts `work` as a task of its own, which whoever starts it may await or not; it goes on when they end."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(work, name=name)
    _tasks.add(task)
    task.add_done_callback(_finished)
    return task


async def _keep(work: Awaitable[T], returned: list[T]) -> None:
    returned.append(await work)


def _finished(task: asyncio.Task[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled():
        task.exception()  # marks it as retrieved: the run may have been abandoned


def in_thread(name: str, function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Runs the function in its own thread. Raised objects that are not Exceptions are wrapped in a RuntimeError."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = _context(loop, name)

    def settle(result: Any, error: Exception | None) -> None:
        if not future.done():
            future.set_result(result) if error is None else future.set_exception(error)

    def work() -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = context.run(function, *arguments)
        except BaseException as raised:
            error = raised if isinstance(raised, Exception) else None
            if error is None or isinstance(error, StopIteration):  # neither can pass through a future
                error = RuntimeError(f"{name} raised {type(raised).__name__}")
                error.__cause__ = raised
        with suppress(RuntimeError):  # the loop has closed meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future


def _context(loop: asyncio.AbstractEventLoop, name: str) -> contextvars.Context:
    """The context in which the function `name` runs. Nothing that inherits it can end the loop."""
    if loop not in _guarded:
        _guarded.add(loop)
        for method, position in (("call_soon", 0), ("call_soon_threadsafe", 0), ("call_later", 1), ("call_at", 1)):
            setattr(loop, method, _guarding(getattr(loop, method), position))
    context = contextvars.copy_context()
    context.run(_function.set, name)
    return context


def _guarding(schedule: Callable[..., Any], position: int) -> Callable[..., Any]:
    """The loop's method `schedule`, whose argument at `position` is the callback; the steps of a task are callbacks."""

    def scheduled(*arguments: Any, context: contextvars.Context | None = None) -> Any:
        name = _function.get(None) if context is None else context.get(_function)
        if name is None:
            return schedule(*arguments, context=context)
        contained = partial(_contained, name, arguments[position])
        return schedule(*arguments[:position], contained, *arguments[position + 1 :], context=context)

    return scheduled


def _contained(name: str, callback: Callable[..., Any], *arguments: Any) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        callback(*arguments)
    except (SystemExit, KeyboardInterrupt) as raised:  # of a task it is the result as well
        log.error("exit_refused", function=name, raised=type(raised).__name__)
    if (took_ms := round(1_000 * (loop.time() - began))) > BLOCKING_MS:
        log.warning(
            "all_calls_held_up", function=name, ms=took_ms, advice="await what it waits for, or use a plain def"
        )
