"""Measures what calls cost, over real sockets: `scripts/bench load`.

There are three kinds of process: the service, pinned to one core, with the real voice detector; the providers, scripted
with exact latencies; and the callers, fifty a process. Nothing is mocked, and time is real. Replies are not prepared
ahead. Every number of calls has a service of its own, warmed up with two calls. Other load on the machine affects the
figures, milliseconds more than CPU seconds, and ratios of alternating runs (`--base`) least.

  cpu        the service's CPU seconds for a second of one call, less what it uses when idle; a core carries as many
             calls as that goes into one second, while the calls are this many
  memory     of a call, in MB: while all calls are live and after a garbage collection, the growth of the service's
             private memory (USS); `peak` is that of its resident memory (RSS) at any time
  own        from the TTS sending an answer's first audio to its arrival at the carrier (both hops included)
  latency    from sending the caller's last voiced frame to the arrival of the answer's first audio
  clear      from sending the first voiced frame of an interruption to the arrival of `clear` (the rule's own wait is in
             it)
  greeting   from sending `start` to the arrival of the first audio
  lag        how late a 10 ms sleep in the service's event loop ends; the providers' lag is the same; the callers' is
             how late they send a frame
  limit      who was at the end of their strength, if anyone: where that is not the service, latencies say little of it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from telephony.offline.blocking import say
from telephony.offline.worker import NotInstalled
from tests.bench.load import compare, growth, quick
from tests.bench.load.children import Child, child, idle, idlest_core, load, percentile, spent_s
from tests.bench.load.parts import SENTENCE

BUSY, LATE_MS = 0.85, 10.0
"""A process that uses more of a core, or whose lag's 99th percentile is longer, is at its limit."""


@dataclass(frozen=True, slots=True)
class Side:
    """Whose service is measured: that of a source tree (None: this one), run by an interpreter."""

    tree: Path | None = None
    python: str = sys.executable


async def measure(levels: Sequence[int], turns: int, side: Side = Side()) -> dict[int, dict[str, Any]]:
    """The table of each number of calls."""
    sentence = say([SENTENCE])[0]
    found = {}
    async with child("providers", 120, 120, 250, 100) as providers:
        for calls in levels:
            print(f"{calls} calls ...", file=sys.stderr, flush=True)
            found[calls] = await measure_level(providers, side, calls, turns, sentence)
    return found


async def measure_level(providers: Child, side: Side, calls: int, turns: int, sentence: bytes) -> dict[str, Any]:
    """Starts a service, makes `calls` simultaneous calls to it, and returns the figures."""
    urls = providers.hello["elevenlabs"], providers.hello["openai"]
    began = time.monotonic()
    async with child("service", *urls, tree=side.tree, python=side.python) as service:
        ready_s = time.monotonic() - began
        process, url = psutil.Process(service.hello["pid"]), service.hello["url"]
        await load(url, 2, 1, sentence)  # warm-up: the first call is slower
        before, provided_s = await idle(service), (await providers.ask())["cpu_s"]
        memory = process.memory_full_info()
        peak, uss, lags, aside_s = [memory.rss], [memory.uss], list[float](), [0.0]

        async def live() -> None:
            once, again = await service.ask(), await service.ask()
            uss.append(process.memory_full_info().uss)
            lags.extend(once["lags_ms"])
            aside_s.append(2 * spent_s(once, again))  # collecting garbage for this figure is no cost of the calls

        machine_s, began = _machine_s(), time.monotonic()
        watching = asyncio.create_task(_watch(process, peak))
        times, shares = await load(url, calls, turns, sentence, live)
        watching.cancel()
        seconds, machine_s = time.monotonic() - began, _machine_s() - machine_s
        after, provided = await service.ask(), await providers.ask()
    lags += after["lags_ms"]
    service_s = spent_s(before.answer, after) - before.collecting_s - sum(aside_s)
    provided_s = provided["cpu_s"] - provided_s
    cpu = max(1e-9, (service_s - before.share * seconds) / sum(times.call_s))
    mb = 2**20 * calls
    table: dict[str, Any] = {
        "turns": len(times.latency),
        "cpu_s_per_call_second": round(cpu, 5),
        "calls_a_core_carries": round(1 / cpu),
        "memory_mb_per_call": round((uss[-1] - uss[0]) / mb, 2),
        "memory_mb_per_call_peak": round((max(peak) - peak[0]) / mb, 2),
        "lag_p99": percentile(lags, 0.99),
    }
    for name in ("own", "latency", "clear", "greeting"):
        values = getattr(times, name)
        table |= {f"{name}_p50": percentile(values, 0.5), f"{name}_p95": percentile(values, 0.95)}
    table |= {
        "answered_by_a_phrase": len(times.phrases),
        "calls_failed": len(times.failed),
        "ready_s": round(ready_s, 2),
        "service_cpu": round(service_s / seconds, 2),
        "callers_cpu": round(max(shares), 2),
        "callers_lag_p99": percentile(times.lags, 0.99),
        "providers_cpu": round(provided_s / seconds, 2),
        "providers_lag_p99": percentile(provided["lags_ms"], 0.99),
    }
    other_s = machine_s - service_s - provided_s - sum(shares) * seconds
    return table | {"other_load": round(max(0.0, other_s / seconds), 2), "limit": limit(table)}


def limit(table: dict[str, Any]) -> str:
    """Which processes were at their limit."""
    parties = ("service", "callers", "providers")
    lag = {"service": "lag_p99", "callers": "callers_lag_p99", "providers": "providers_lag_p99"}
    names = [name for name in parties if table[f"{name}_cpu"] > BUSY or (table[lag[name]] or 0.0) > LATE_MS]
    return "+".join(names) or "none"


async def _watch(process: psutil.Process, peak: list[int]) -> None:
    while True:
        peak.append(process.memory_info().rss)
        await asyncio.sleep(0.5)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _machine_s() -> float:
    """CPU seconds that the machine's cores have been busy."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def show(levels: dict[int, dict[str, Any]]) -> str:
    """The results as a table."""
    names = list(next(iter(levels.values())))
    rows = [["simultaneous calls", *map(str, levels)]]
    rows += [[name.replace("_", " "), *(str(levels[calls][name]) for calls in levels)] for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = "\n".join(
        row[0].ljust(widths[0])
        + "".join(cell.rjust(max(10, width + 2)) for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
    for calls, table in levels.items():
        if table["limit"] not in ("none", "service"):
            text += f"\n\nAt {calls} calls the bottleneck was: {table['limit']}. Latencies there are not the service's."
    if (other := max(table["other_load"] for table in levels.values())) > compare.OTHER_LOAD:
        text += f"\n\nOther processes used up to {other:.2f} cores: only ratios of many calls (--base) mean something."
    return text


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 25, 50, 100], help="numbers of simultaneous calls")
    parser.add_argument("--turns", type=int, default=3, help="turns of each call (default 3)")
    parser.add_argument("--base", metavar="REV_OR_DIR", help="compare with the service of this revision or source tree")
    parser.add_argument("--base-python", default=sys.executable, metavar="FILE", help="the interpreter that runs it")
    parser.add_argument(
        "--pairs", type=int, default=3, help="runs of base and change, in turn, with --base (default 3)"
    )
    parser.add_argument(
        "--growth", type=int, nargs="?", const=1_000, metavar="N", help="instead: whether memory grows over N calls"
    )
    parser.add_argument("--quick", action="store_true", help="instead: the cost of a call against the stored figure")
    parser.add_argument("--renew", action="store_true", help="with --quick: store the new figure")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    if (core := idlest_core()) is not None:
        os.environ.setdefault("BENCH_CORE", str(core))
    sys.exit(_run(options))


def _run(options: argparse.Namespace) -> int:
    """Runs what the options ask for, prints it, and returns the exit code."""
    code, results = 0, dict[Any, Any]()
    if options.quick:
        try:
            results = asyncio.run(quick.measure())
            code, text = quick.judge(results, renew=options.renew)
        except NotInstalled as error:  # the callers' voice is local, and not to be had everywhere
            text = f"the cost of a call was not measured: {error}"
    elif options.growth is not None:
        results = asyncio.run(growth.measure(options.growth))
        text = growth.show(results)
    elif options.base:
        with compare.tree(options.base) as base:
            sides = {"base": Side(base, options.base_python), "change": Side()}
            runs = [
                {name: asyncio.run(measure(options.calls, options.turns, sides[name])) for name in compare.order(pair)}
                for pair in range(options.pairs)
            ]
        results = {"pairs": runs}
        text = compare.show(runs)
    else:
        results = asyncio.run(measure(options.calls, options.turns))
        text = show(results)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return code


if __name__ == "__main__":
    main()
