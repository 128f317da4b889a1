"""An engine in a process of its own, shared by all calls: local STT and local TTS each have one.

Theory of operation. The engines compute for 20-800 ms at a time, and calls must not wait for that. Requests go through
one bounded queue to one process, which answers them in order; of those waiting, urgent ones (a caller is waiting for
the answer) come before the others (partial transcripts), which are refused when as many as `MAX_OPTIONAL` wait. An
urgent request that finds `MAX_URGENT` waiting raises `EngineBusy`. A request whose caller has gone is not begun. A
process that dies or hangs is started again, and its request repeated once. Ctrl-C at a terminal goes to the service
alone, which lets its calls finish: the process is in a session of its own, and ends with its input.

Whoever waits for the process does not use up time of a `SteadyLoop`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import platform
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import structlog

import telephony
from telephony.errors import ProviderBusy, TelephonyError
from telephony.offline.worker_process import IMPOSSIBLE, Message, encode
from telephony.testing.steady import time_stands_still

log = structlog.get_logger()

MAX_URGENT, MAX_OPTIONAL = 32, 8
HANGS_S = 30.0
"""A process that takes longer for one request is started again."""
END_S = 5.0
"""How long a process may take to end by itself."""
LATE_S = 1.5
"""An urgent answer that takes longer makes callers wait: the machine is too slow for its calls."""


class NotInstalled(TelephonyError):
    """A local part cannot be used on this machine."""

    code = "offline_not_installed"


class EngineBusy(ProviderBusy):
    """Too many requests wait for a local engine."""

    code = "offline_engine_busy"


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs in the process. `name`: for people; `module`: run with `python -m`; `package` and `wheel`: what must be
    installed, as imported and as PyPI calls it; `platforms`: where its wheel exists."""

    name: str
    module: str
    package: str
    wheel: str
    platforms: str

    @property
    def command(self) -> tuple[str, ...]:
        """`-P`: a folder `telephony` in the current directory is not this package."""
        return (sys.executable, "-P", "-W", "ignore", "-m", self.module)

    def environment(self) -> dict[str, str]:
        """The process imports the package that is running, whichever is installed."""
        here, more = str(Path(telephony.__file__).parents[1]), os.environ.get("PYTHONPATH", "")
        return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *([more] if more else [])])}

    def missing(self) -> NotInstalled:
        return NotInstalled(
            f"the local {self.name} needs {self.wheel}: pip install 'telephony[offline]'. Its wheel exists for "
            f"{self.platforms}; this is {platform.system()} {platform.release()} on {platform.machine()}. "
            "Without it, set ELEVENLABS_API_KEY"
        )


class Pending(Protocol):
    """An answer to come, as an `asyncio.Future`."""

    def done(self) -> bool: ...

    def result(self) -> Message: ...

    def cancel(self) -> bool: ...

    def __await__(self) -> Generator[Any, None, Message]: ...


class Asks(Protocol):
    """Whatever takes requests to an engine."""

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> Pending: ...


@dataclass(slots=True, eq=False)
class _Request:
    message: bytes
    answer: asyncio.Future[Message]
    asked_s: float
    urgent: bool


class Worker:
    """One engine's process; `async with` starts and ends it. Raises NotInstalled if it cannot run here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._process: asyncio.subprocess.Process | None = None
        self._urgent: deque[_Request] = deque()
        self._optional: deque[_Request] = deque()
        self._came = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._working: asyncio.Task[None] | None = None
        self._said_late = False

    async def __aenter__(self) -> Worker:
        if importlib.util.find_spec(self._engine.package) is None:
            raise self._engine.missing()
        with time_stands_still():
            await self._start()
        await self._group.__aenter__()
        self._working = self._group.create_task(self._work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._working is not None:
            self._working.cancel()
            await self._group.__aexit__(None, None, None)  # an error of whoever uses the worker is not the group's
        for request in (*self._urgent, *self._optional):
            request.answer.cancel()
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(END_S):
                    await process.communicate()  # it may have an answer that does not fit into a pipe nobody reads
            except TimeoutError:
                process.kill()
                await process.communicate()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def ask(self, head: Mapping[str, Any], body: bytes = b"", *, urgent: bool = True) -> asyncio.Future[Message]:
        """Sends a request; the future holds its answer. Raises EngineBusy; cancel the future to withdraw it."""
        queue, most = (self._urgent, MAX_URGENT) if urgent else (self._optional, MAX_OPTIONAL)
        if len(queue) >= most:
            if urgent:
                self._late(f"{most} requests wait for it")
            raise EngineBusy(f"the local {self._engine.name} is busy: {most} requests wait for it")
        loop = asyncio.get_running_loop()
        request = _Request(encode(dict(head), body), loop.create_future(), loop.time(), urgent)
        queue.append(request)
        self._came.set()
        return request.answer

    async def _work(self) -> None:
        """Takes the requests to the process, one at a time. Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._came.clear()
            if not self._urgent and not self._optional:
                await self._came.wait()
            request = (self._urgent or self._optional).popleft()
            if request.answer.done():
                continue
            with time_stands_still():
                try:
                    answer = await self._exchange_or_restart(request.message)
                except TelephonyError as error:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                    continue
                except asyncio.CancelledError:
                    request.answer.cancel()
                    raise
            if request.urgent and (waited := loop.time() - request.asked_s) > LATE_S:
                self._late(f"an answer took {waited:.1f} s")
            if not request.answer.done():
                request.answer.set_result(answer)

    def _late(self, why: str) -> None:
        if not self._said_late:
            self._said_late = True
            advice = "let it take fewer calls at once (TELEPHONY_MAX_CALLS), or set ELEVENLABS_API_KEY"
            log.error("local_engine_too_slow", engine=self._engine.name, why=why, advice=advice)

    async def _exchange_or_restart(self, message: bytes) -> Message:
        for _ in range(2):
            try:
                async with asyncio.timeout(HANGS_S):
                    return await self._exchange(message)
            except (OSError, EOFError, TimeoutError):
                log.warning("local_engine_restarted", engine=self._engine.name)
                await self._start()
        raise EngineBusy(f"the local {self._engine.name} does not answer")

    async def _exchange(self, message: bytes) -> Message:
        process = self._process
        if process is None or process.stdin is None:
            raise EOFError
        process.stdin.write(message)
        await process.stdin.drain()
        return await self._read(process)

    async def _read(self, process: asyncio.subprocess.Process) -> Message:
        assert process.stdout is not None
        head: dict[str, Any] = json.loads(await process.stdout.readuntil(b"\n"))
        return head, await process.stdout.readexactly(head["size"])

    async def _start(self) -> None:
        """Starts the process, in place of a running one. Returns when its engine is loaded; raises NotInstalled."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        engine = self._engine
        with tempfile.TemporaryFile() as said:  # not a pipe, which nobody would empty
            self._process = process = await asyncio.create_subprocess_exec(
                *engine.command, stdin=PIPE, stdout=PIPE, stderr=said, env=engine.environment(), start_new_session=True
            )
            try:
                await self._read(process)
            except EOFError:
                code, self._process = await process.wait(), None
                said.seek(0)
                why = said.read().decode(errors="replace").strip().rpartition("\n")[2]
                if code == IMPOSSIBLE:
                    raise NotInstalled(f"{engine.missing()} ({why})") from None
                raise NotInstalled(f"the local {engine.name} did not start: {why}") from None
