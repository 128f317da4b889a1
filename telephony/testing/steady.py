"""Time for tests over sockets, from which a busy machine takes nothing.

    @pytest.hookimpl
    def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        return {"steady": SteadyLoop}                       # in conftest.py

    async with local_stack(agent, clock=SteadyClock(20), ...) as stack: ...

Theory of operation. A whole call runs on one event loop: carrier, service and providers. When another process takes
the CPU away for 100 ms, all of them stand still, but `time.monotonic()` goes on; with a clock of speed 20 two seconds
of the call are gone, and every timeout of the call fires. So the time of a `SteadyLoop` goes on in two ways only:

- while the loop waits in its selector for the next timer: in parts of `PART_S` at most, each of which counts as what it
  was meant to be, however late the wake-up comes. A wait that something else ends (a message, a thread) counts
  `READY_S` at most: on an idle machine that would have come at once;
- while it works, by `WORK_SHARE` of the CPU time that its thread has used. Time in which the thread did not run does
  not count. With a share of 1/20 and a clock of speed 20, work of a millisecond takes a millisecond of the call, as it
  does in production: so tests may run fast without making the service look slow.

What is not on the loop (threads, other processes) is waited for in real time, stretched as the loop's own waits are.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any

from telephony.clock import Clock

WORK_SHARE = 1 / 20
READY_S = 0.001
PART_S = 0.005


class _Waiting(selectors.SelectSelector):
    """Adds up how long was waited in `select`, in seconds. (`select` because `epoll` rounds up to milliseconds.)"""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        before = time.monotonic()
        part = timeout if timeout is None else min(timeout, PART_S)
        ready = super().select(part)
        self.waited += min(time.monotonic() - before, READY_S) if ready or part is None else part
        return ready


class SteadyLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose `time()` does not count what other processes take from it (see the module text)."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Seconds since anything; to be asked on the thread of the loop."""
        return self._waiting.waited + time.thread_time() * WORK_SHARE


class SteadyClock(Clock):
    """A `Clock` that tells the time of the loop it is first used on, instead of the machine's."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(speed)
        self._loop: asyncio.AbstractEventLoop | None = None

    def ms(self) -> int:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._zero = self._loop.time()
        return int((self._loop.time() - self._zero) * 1000 * self.speed)
