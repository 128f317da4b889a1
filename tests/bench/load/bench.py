"""Measures speed and memory over real sockets: `scripts/bench load`.

There are three kinds of process: the service, pinned to one core, with the real voice detector; the providers, scripted
with exact latencies; and the callers, fifty a process. Nothing is mocked, and time is real. Replies are not prepared
ahead. Other load on the machine affects the figures, milliseconds more than ratios and counts.

  own        from the TTS sending an answer's first audio to its arrival at the carrier (both hops included)
  latency    from sending the caller's last voiced frame to the arrival of the answer's first audio
  clear      from sending the first voiced frame of an interruption to the arrival of `clear` (160 ms are the rule's)
  greeting   from sending `start` to the arrival of the first audio
  lag        how late a 10 ms sleep in the service's event loop ends
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx2
import psutil

from telephony.offline.blocking import say
from tests.bench.load.caller import BenchCaller, Times
from tests.bench.load.parts import SENTENCE, pin

PER_PROCESS = 50


class Child:
    """A process that runs `parts.py`. `hello` is the first message that it sent."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.hello: dict[str, Any] = {}

    async def ask(self) -> dict[str, Any]:
        """Sends an empty line and returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
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
async def child(*arguments: object) -> AsyncIterator[Child]:
    """Runs `parts.py` with these arguments; the process ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "tests.bench.load.parts", *map(str, arguments),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=2**24, env=os.environ | {"TELEPHONY_LOG_LEVEL": "error"},
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


def callers(url: str, count: int, turns: int, sentence: bytes, spread_s: float) -> dict[str, list[float]]:
    """Makes `count` calls from this process, begun over `spread_s` seconds. Returns the fields of `Times`."""
    pin(to_service_core=False)

    async def run() -> Times:
        times = Times()
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http, asyncio.TaskGroup() as group:
            for number in range(count):
                caller = BenchCaller(sentence, turns, number % 2 == 0, times)
                group.create_task(caller.call(http, url))
                await asyncio.sleep(spread_s / count)
        return times

    return asdict(asyncio.run(run()))


async def load(url: str, calls: int, turns: int, sentence: bytes) -> Times:
    """Makes `calls` simultaneous calls, from processes of at most `PER_PROCESS` each."""
    sizes = [min(PER_PROCESS, calls - first) for first in range(0, calls, PER_PROCESS)]
    loop, times = asyncio.get_running_loop(), Times()
    with get_context("spawn").Pool(len(sizes)) as pool:
        jobs = [pool.apply_async(callers, (url, size, turns, sentence, min(8.0, size * 0.15))) for size in sizes]
        for job in jobs:
            found = await loop.run_in_executor(None, job.get, 600)
            for name, values in found.items():
                getattr(times, name).extend(values)
    return times


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the values lie, rounded to one decimal; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


async def measure(levels: list[int], turns: int, rounds: int) -> dict[str, Any]:
    sentence = say([SENTENCE])[0]
    results: dict[str, Any] = {"levels": {}}
    async with child("providers", 120, 120, 250, 100) as parts:
        began = time.monotonic()
        async with child("service", parts.hello["elevenlabs"], parts.hello["openai"]) as service:
            results["ready_s"] = round(time.monotonic() - began, 2)
            process, url = psutil.Process(service.hello["pid"]), service.hello["url"]
            await load(url, 2, 1, sentence)  # warm-up: the first call is slower
            await service.ask()
            idle_mb = process.memory_info().rss / 2**20
            for calls in levels:
                print(f"{calls} calls ...", file=sys.stderr, flush=True)
                results["levels"][calls] = await _level(service, parts, process, url, calls, turns, sentence, idle_mb)
            memory = []
            for number in range(rounds):
                print(f"round {number + 1} of {rounds} ...", file=sys.stderr, flush=True)
                await load(url, 20, 1, sentence)
                await service.ask()
                await parts.ask()
                memory.append(round(process.memory_info().rss / 2**20, 1))
            results["memory_mb_after_rounds"] = memory
    return results


async def _level(
    service: Child,
    parts: Child,
    process: psutil.Process,
    url: str,
    calls: int,
    turns: int,
    sentence: bytes,
    idle: float,
) -> dict[str, Any]:
    await service.ask()
    peak, stop = [idle], asyncio.Event()

    async def watch() -> None:
        while not stop.is_set():
            peak.append(process.memory_info().rss / 2**20)
            await asyncio.sleep(0.5)

    cpu = sum(process.cpu_times()[:2])
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        times = await load(url, calls, turns, sentence)
        stop.set()
    share = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    answer = await service.ask()
    await parts.ask()
    lags = answer["lags_ms"]
    table: dict[str, Any] = {
        "turns": len(times.latency),
        "cpu_of_one_core": round(share, 2),
        "memory_mb_per_call": round((max(peak) - idle) / calls, 2),
        "lag_p99": percentile(lags, 0.99),
    }
    for name in ("own", "latency", "clear", "greeting"):
        values = getattr(times, name)
        table |= {f"{name}_p50": percentile(values, 0.5), f"{name}_p95": percentile(values, 0.95)}
    return table


def show(results: dict[str, Any]) -> str:
    """The results as a table."""
    levels = results["levels"]
    names = list(next(iter(levels.values())))
    rows = [["simultaneous calls", *map(str, levels)]]
    rows += [[name, *(str(levels[calls][name]) for calls in levels)] for name in names]
    width = max(len(row[0]) for row in rows)
    text = "\n".join(row[0].ljust(width) + "".join(cell.rjust(10) for cell in row[1:]) for row in rows)
    text += f"\n\nready after {results['ready_s']} s (process start included)"
    if results["memory_mb_after_rounds"]:
        text += f"\nmemory after each round of 20 calls, MB: {results['memory_mb_after_rounds']}"
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench load", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 50, 100], help="numbers of simultaneous calls")
    parser.add_argument("--turns", type=int, default=3, help="turns of each call (default 3)")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of 20 calls, to show whether memory grows")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    results = asyncio.run(measure(options.calls, options.turns, options.rounds))
    print(show(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
