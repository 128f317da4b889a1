"""The processes of the load benches, seen from the bench: it starts `parts.py`, asks, and makes calls through it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.bench.load.caller import Times

PER_PROCESS = 50


class Child:
    """A process that runs `parts.py`. `hello` is the first message that it sent."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self.hello: dict[str, Any] = {}

    async def ask(self, line: bytes = b"") -> dict[str, Any]:
        """Sends a line, by default an empty one, and returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        return await self.read()

    async def read(self) -> dict[str, Any]:
        """The next line of its output, as JSON. Raises RuntimeError if the process has ended."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the bench died")
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def child(*arguments: object, tree: Path | None = None, python: str = sys.executable) -> AsyncIterator[Child]:
    """Runs `parts.py` with these arguments, that of another tree if one is given; the process ends with the block."""
    environment = os.environ | {"TELEPHONY_LOG_LEVEL": "error"}
    if tree is not None:
        environment["PYTHONPATH"] = str(tree)
    process = await asyncio.create_subprocess_exec(
        python, "-W", "ignore", "-m", "tests.bench.load.parts", *map(str, arguments),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=2**26, env=environment, cwd=tree,
    )  # fmt: skip
    part = Child(process)
    try:
        while not part.hello:  # log lines may come first
            try:
                part.hello = await part.read()
            except json.JSONDecodeError:
                continue
        yield part
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def load(
    url: str, calls: int, turns: int, sentence: bytes, live: Callable[[], Awaitable[None]] | None = None
) -> tuple[Times, list[float]]:
    """Makes `calls` simultaneous calls, from processes of at most `PER_PROCESS` each, and awaits `live` when all have
    begun. Returns the times, and how much of a core each process used."""
    sizes = [min(PER_PROCESS, calls - first) for first in range(0, calls, PER_PROCESS)]
    times, shares = Times(), list[float]()
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(child("callers", url, size, turns, min(8.0, size * 0.15))) for size in sizes
        ]
        await asyncio.gather(*(process.ask(base64.b64encode(sentence)) for process in processes))
        if live is not None:
            await live()
        for answer in await asyncio.gather(*(process.read() for process in processes)):
            shares.append(answer["cpu_of_one_core"])
            for name, values in answer["times"].items():
                getattr(times, name).extend(values)
    return times, shares


@dataclass(frozen=True, slots=True)
class Idle:
    """What a service uses without calls: a share of a core, and the CPU seconds of the garbage collection before each
    answer. `answer` was the last."""

    share: float
    collecting_s: float
    answer: dict[str, Any]


async def idle(service: Child, seconds: float = 2.0) -> Idle:
    """Lets the service be for `seconds`."""
    first, second = await service.ask(), await service.ask()
    began = time.monotonic()
    collecting_s = spent_s(first, second)
    await asyncio.sleep(seconds)
    answer = await service.ask()
    share = (spent_s(second, answer) - collecting_s) / (time.monotonic() - began)
    return Idle(max(0.0, share), collecting_s, answer)


def spent_s(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    """CPU seconds that the service used between two answers that came one after the other, without the fixed work."""
    return float(later["cpu_s"] - earlier["cpu_s"] - sum(later.get("calibration_s", ())))


def idlest_core() -> int | None:
    """The core with the least load now, since other processes may be running; None where cores cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    busy = psutil.cpu_percent(interval=1.0, percpu=True)
    return min(os.sched_getaffinity(0), key=lambda core: busy[core] if core < len(busy) else 100.0)


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the values lie, rounded to one decimal; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
