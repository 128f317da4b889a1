"""A clock and an event loop for tests over sockets, so that other processes on a busy machine do not cost test time.

    @pytest.hookimpl
    def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        return {"steady": SteadyLoop}                       # in conftest.py

    async with local_stack(agent, clock=SteadyClock(20), ...) as stack: ...

Theory of operation. A whole call runs on one event loop: carrier, service and providers. When another process takes
the CPU for 100 ms, all of them stand still, but `time.monotonic()` goes on; with a clock of speed 20, two seconds of
the call are lost, and timeouts of the call fire. Therefore the time of a `SteadyLoop` advances in two ways only:

- while the loop waits in its selector for the next timer. It waits in parts of at most `PART_S`, and each part counts
  with its intended length, however late the wake-up comes. A wait that ends early (by a message, or a thread) counts
  at most `READY_S`: on an idle machine it would have ended at once;
- while the loop works, by `WORK_SHARE` of the CPU time that its thread has used. Time in which the thread did not run
  does not count. With a share of 1/20 and a clock of speed 20, a millisecond of work takes a millisecond of the call,
  as in production: fast tests do not make the service look slow.

Waits for anything outside the loop (threads, other processes) are real waits, counted in the same way. Within
`time_stands_still()` they do not count: a local recogniser or synthesiser is as fast as the machine lets it be.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from telephony.clock import Clock

WORK_SHARE = 1 / 20
READY_S = 0.001
PART_S = 0.005


class _Waiting(selectors.SelectSelector):
    """Adds up the time waited in `select`, in seconds. (It uses `select` because `epoll` rounds up to milliseconds.)"""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self.standing = 0  # how many tasks have stopped the time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        before = time.monotonic()
        part = timeout if timeout is None else min(timeout, PART_S)
        ready = super().select(part)
        if self.standing:
            return ready
        self.waited += min(time.monotonic() - before, READY_S) if ready or part is None else part
        return ready


class SteadyLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose `time()` leaves out time taken by other processes (see the module text)."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Seconds since an arbitrary moment; call it on the loop's own thread."""
        return self._waiting.waited + time.thread_time() * WORK_SHARE


@contextmanager
def time_stands_still() -> Iterator[None]:
    """While one of the loop's tasks is in here, waiting for a thread or a process, the time of a `SteadyLoop` stands
    still; on any other loop this has no effect."""
    loop = asyncio.get_running_loop()
    waiting = loop._waiting if isinstance(loop, SteadyLoop) else None
    if waiting is not None:
        waiting.standing += 1
    try:
        yield
    finally:
        if waiting is not None:
            waiting.standing -= 1


class SteadyClock(Clock):
    """A `Clock` that follows the time of the loop on which it is first used, instead of the machine's."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(speed)
        self._loop: asyncio.AbstractEventLoop | None = None

    def ms(self) -> int:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._zero = self._loop.time()
        return int((self._loop.time() - self._zero) * 1000 * self.speed)
