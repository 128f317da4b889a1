"""What a call costs, against the stored figure, within a minute: `scripts/bench load --quick`.

Twenty calls of one turn, in real time. What the service's CPU time is divided by is not seconds but a fixed piece of
work that runs in the service's own process four times a second: so a slower machine, or one whose cores are shared,
gives nearly the same figure. (Instructions would be steadier, but containers and virtual machines seldom count them.)

The stored figure, `quick.json`, has one entry for each version of Python. After a change that is meant to cost more, or
that made calls cheaper, `--renew` stores the new one: commit it with the change.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from telephony.offline.blocking import say
from tests.bench.load.children import child, idle, load, percentile, spent_s
from tests.bench.load.parts import SENTENCE

CALLS = 20
STORED = Path(__file__).with_name("quick.json")
TOO_MUCH = 1.5
"""More than this much of the stored figure is an error: a machine of another make alone does not explain it."""
STARVED_MS = 100.0
"""If the service's loop was later than this, others took its core: it dropped audio, and its cost says little."""
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


async def measure() -> dict[str, Any]:
    """The cost of a call second, in runs of the fixed work, and what it was computed from."""
    sentence = say([SENTENCE])[0]
    async with (
        child("providers", 120, 120, 250, 100) as providers,
        child("calibrated", providers.hello["elevenlabs"], providers.hello["openai"]) as service,
    ):
        url = service.hello["url"]
        await load(url, 2, 1, sentence)
        before, began = await idle(service), time.monotonic()
        times, _ = await load(url, CALLS, 1, sentence)
        seconds, after = time.monotonic() - began, await service.ask()
    spent = spent_s(before.answer, after) - before.collecting_s - before.share * seconds
    work = statistics.median(after["calibration_s"])
    return {
        "python": PYTHON,
        "cost": round(spent / sum(times.call_s) / work, 3),
        "cpu_s_per_call_second": round(spent / sum(times.call_s), 5),
        "work_ms": round(work * 1000, 3),
        "lag_p99": percentile(after["lags_ms"], 0.99),
        "calls_failed": len(times.failed),
    }


def judge(results: dict[str, Any], *, renew: bool = False, stored: Path = STORED) -> tuple[int, str]:
    """The exit code and what to print. 1 if calls failed or cost more than `TOO_MUCH` times the stored figure, unless
    the machine was too busy to tell."""
    figures: dict[str, float] = json.loads(stored.read_text()) if stored.exists() else {}
    cost = (
        f"a second of a call costs {results['cost']:.2f} runs of the fixed work"
        f" ({results['cpu_s_per_call_second']:.5f} CPU s here; {CALLS} calls at once)"
    )
    if results["lag_p99"] > STARVED_MS:
        return 0, f"{cost}; the machine was too busy to compare it (lag p99 {results['lag_p99']} ms)"
    if results["calls_failed"]:
        return 1, f"{cost}; {results['calls_failed']} calls failed"
    if renew:
        stored.write_text(json.dumps(figures | {results["python"]: results["cost"]}, indent=2, sort_keys=True) + "\n")
        return 0, f"{cost}, stored for Python {results['python']}"
    figure = figures.get(results["python"])
    if figure is None:
        return 0, f"{cost}; there is no figure for Python {results['python']} to compare with (--renew stores one)"
    ratio = results["cost"] / figure
    code = int(ratio > TOO_MUCH)
    return code, f"{cost}: {ratio:.2f} of the stored {figure:.2f}{f', more than {TOO_MUCH} is an error' * code}"
