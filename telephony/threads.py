"""Functions of the user's that are not async, called so that no call waits for them.

A function that blocks would stop the loop, and every call with it. So each runs in a thread of its own: one that hangs
takes no thread from anybody else, and does not hold the process when it ends. Threads cannot be stopped, so a run that
nobody waits for any more goes on; `Callers` bounds how many.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

MOST = 100
"""Runs at the same time, abandoned ones included. Live calls are about as many, and hardly ever choose together."""


class TooManyRuns(RuntimeError):
    """So many runs are not done that another one is not begun."""


class Callers:
    """Calls one function of the user's, sync or async. Sync ones run in threads, at most `most` at once."""

    def __init__(self, name: str, most: int = MOST) -> None:
        self._name, self._most, self._running = name, most, 0

    async def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What the function returns, awaited here if it can be. Raises what it raises, or TooManyRuns.

        Cancelling this abandons a sync run and cancels an async one."""
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        if self._running >= self._most:
            raise TooManyRuns(f"{self._running} runs are not done")
        self._running += 1
        running = in_thread(self._name, function, *arguments)
        running.add_done_callback(self._done)
        result = await asyncio.shield(running)
        return await result if inspect.isawaitable(result) else result

    def _done(self, run: asyncio.Future[Any]) -> None:
        self._running -= 1
        run.exception()  # has been seen, if only by nobody: the run may have been abandoned


def in_thread(name: str, function: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
    """The function in a thread of its own. What it raises that is no Exception comes as a RuntimeError."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

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
