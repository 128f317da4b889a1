"""Whether the service's memory grows with the calls that it has had: `scripts/bench load --growth N`.

Short calls of one turn, fifty at a time. After each hundred, and a garbage collection, the resident memory is noted.
The first half fills caches and the allocator's reserves; over the second half memory should be level. It counts as
growing if the slope of the second half is more than its noise and more than `SLACK_KB` a call.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence
from typing import Any

import psutil

from telephony.offline.blocking import say
from tests.bench.load.children import child, load
from tests.bench.load.parts import SENTENCE

AT_ONCE, NOTED_EVERY = 50, 100
SLACK_KB = 2.0


async def measure(calls: int) -> dict[str, Any]:
    """Makes `calls` calls, rounded up to hundreds."""
    sentence, found, made, failed = say([SENTENCE])[0], list[tuple[int, float]](), 0, 0
    async with (
        child("providers", 120, 120, 250, 100) as providers,
        child("service", providers.hello["elevenlabs"], providers.hello["openai"]) as service,
    ):
        process = psutil.Process(service.hello["pid"])
        while made < calls or made % NOTED_EVERY:
            times, _ = await load(service.hello["url"], AT_ONCE, 1, sentence)
            made, failed = made + AT_ONCE, failed + len(times.failed)
            if made % NOTED_EVERY == 0:
                await service.ask()
                await providers.ask()
                found.append((made, round(process.memory_info().rss / 2**20, 2)))
                print(f"{made} calls: {found[-1][1]} MB", file=sys.stderr, flush=True)
    return {"rss_mb": found, "calls_failed": failed}


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The slope of the straight line through the points, and its standard error. There are at least three points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    fit = statistics.linear_regression(xs, ys)
    mean = statistics.fmean(xs)
    left = sum((y - fit.slope * x - fit.intercept) ** 2 for x, y in points)
    return fit.slope, math.sqrt(left / (len(points) - 2) / sum((x - mean) ** 2 for x in xs))


def show(results: dict[str, Any]) -> str:
    """The memory after each hundred calls, and the verdict."""
    points = results["rss_mb"]
    text = "\n".join(f"{calls:>6} calls {mb:>9.2f} MB" for calls, mb in points)
    if results["calls_failed"]:
        text += f"\n{results['calls_failed']} calls failed"
    return f"{text}\n{verdict(points)}"


def verdict(points: Sequence[tuple[int, float]]) -> str:
    second = points[len(points) // 2 :]
    if len(second) < 3:
        return "too few calls for a verdict: it takes 500"
    by_call, error = (value * 1024 for value in slope(second))
    grows = by_call > SLACK_KB and by_call > 2 * error
    return f"{'GROWS' if grows else 'does not grow'}: {by_call:+.1f} KB a call (+-{2 * error:.1f}) over the second half"
