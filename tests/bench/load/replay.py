"""Measures what recording calls costs and how fast tapes replay: `scripts/bench replay`.

Calls are made as in `scripts/bench load` (the service in a process and on a core of its own, the real voice detector,
scripted providers), alternately without and with recording. The cost of recording is the difference in the service's
CPU time, less what it uses when idle. Because that difference depends on other load on the machine, the tapes of the
last round are also written, replayed and rehearsed in this process, which gives steadier figures.

  core        replays a tape from memory: events into a fresh core, actions compared
  reading     the same, including reading the tape from its folder
  rehearse    rehearses a tape from memory: caller, carrier and providers are simulated from it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from telephony.offline.blocking import say
from telephony.tape.choose import find
from telephony.tape.reader import Tape, read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.replay import replay
from telephony.tape.writer import write
from tests.bench.load.children import Child, child, load
from tests.bench.load.parts import SENTENCE

IDLE_S = 2.0
LONG_ENOUGH_S = 1.0
"""Measurements in this process are repeated for at least this long."""


async def record(calls: int, turns: int, rounds: int, folder: Path) -> dict[str, Any]:
    """The service's CPU time for a call, without and with recording. Writes the tapes to `folder`, by round."""
    sentence = say([SENTENCE])[0]
    spent: dict[str, list[float]] = {"": [], "recorded": []}
    async with child("providers", 120, 120, 250, 100) as parts:
        for number in range(rounds):
            for how in spent:
                print(f"{calls} calls, {how or 'not recorded'} ...", file=sys.stderr, flush=True)
                tapes = [str(folder / str(number))] if how else []
                async with child("service", parts.hello["elevenlabs"], parts.hello["openai"], *tapes) as service:
                    spent[how].append(await _cpu(service, calls, turns, sentence))
    without, with_it = min(spent[""]), min(spent["recorded"])
    return {
        "cpu_ms_per_call": round(without * 1000 / calls, 1),
        "cpu_ms_per_call_recorded": round(with_it * 1000 / calls, 1),
    }


async def _cpu(service: Child, calls: int, turns: int, sentence: bytes) -> float:
    """CPU seconds that the calls cost, without what the service uses when idle."""
    url = service.hello["url"]
    await load(url, 2, 1, sentence)
    before = await service.ask()
    await asyncio.sleep(IDLE_S)
    began = await service.ask()
    idle = (began["cpu_s"] - before["cpu_s"]) / IDLE_S
    start = time.monotonic()
    await load(url, calls, turns, sentence)
    done = await service.ask()
    return float(done["cpu_s"] - began["cpu_s"] - idle * (time.monotonic() - start))


def measure(tapes: Sequence[Tape]) -> dict[str, Any]:
    """The figures of these tapes: seconds of call processed a second, bytes for a minute of call, and more."""
    seconds = sum(tape.length_ms for tape in tapes) / 1000
    wrong = [str(tape.path) for tape in tapes if not replay(tape).same]
    with tempfile.TemporaryDirectory() as scratch:
        numbers = count()
        writing = _best(lambda: _write_all(tapes, Path(scratch) / str(next(numbers))))
    return {
        "writing_cpu_ms_per_call": round(writing * 1000 / len(tapes), 1),
        "tapes": len(tapes),
        "call_seconds": round(seconds, 1),
        "core_call_s_per_s": round(seconds / _best(lambda: [replay(tape) for tape in tapes])),
        "reading_call_s_per_s": round(seconds / _best(lambda: [replay(read(tape.path)) for tape in tapes])),
        "rehearse_call_s_per_s": round(seconds / _best(lambda: [rehearse(tape) for tape in tapes])),
        "bytes_per_call_minute": round(sum(tape.tape_bytes for tape in tapes) / seconds * 60),
        "not_the_same": wrong,
    }


def _write_all(tapes: Sequence[Tape], folder: Path) -> None:
    for tape in tapes:
        write(folder / tape.name, tape.header, tape.steps)


def _best(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest run."""
    times: list[float] = []
    while sum(times) < LONG_ENOUGH_S or len(times) < 3:
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def show(results: dict[str, Any]) -> str:
    """The results as a table."""
    return "\n".join(f"{name.replace('_', ' '):<28}{value}" for name, value in results.items() if value != [])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench replay", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=10, help="number of simultaneous calls")
    parser.add_argument("--turns", type=int, default=3, help="turns of each call")
    parser.add_argument("--rounds", type=int, default=2, help="rounds without and with recording")
    parser.add_argument("--tapes", type=Path, help="measure with the tapes in this folder, and record none")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        results: dict[str, Any] = {}
        folder = options.tapes
        if folder is None:
            results = asyncio.run(record(options.calls, options.turns, options.rounds, Path(scratch)))
            folder = Path(scratch) / str(options.rounds - 1)
        tapes = [tape for path in find(folder) if (tape := read(path)).good]
        results |= measure(tapes)
    if (service := results.get("cpu_ms_per_call")) is not None:
        results["writing_adds_percent"] = round(100 * results["writing_cpu_ms_per_call"] / service, 1)
    print(show(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    if results["not_the_same"]:
        sys.exit("these tapes did not replay")


if __name__ == "__main__":
    main()
