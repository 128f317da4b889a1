"""Measures how long callers wait for an answer, and how much of that the service adds: `scripts/bench latency`.

Whole calls over real sockets: the local carrier, the service with its real voice detector, and local providers with
exact latencies, `steady` (partials and finals 120 ms, first token 250 ms at 60 a second, first audio 100 ms) and
`varying` (300, 400 and 180 ms, each request's within 40 % of that). The callers are recordings of the turn bench:
finished requests, questions, digits in groups and short answers. Time runs at real speed.

  total     from the caller's last voiced frame to the arrival of the answer's first audio at the carrier
  floor     the part of it that the providers' latencies and the decision make unavoidable (latency/floor.py)
  above     total - floor
  tail      from the caller's last frame with voice, by the label, to the last voiced frame, by the detector
  stages    where the service took longer than necessary; they overlap (latency/floor.py)
  extra     requests beyond one for each turn decided, by the number of finished turns

`total_from_voice` and `above_from_voice` count from the label's end of voice instead of the detector's.
`--expect` measures nothing, but computes what to expect of real providers (latency/expect.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import structlog

from telephony.clock import Clock
from telephony.core.policy import Tuning, TurnTaking
from telephony.offline import tts
from telephony.offline.blocking import BlockingEngine, BlockingSynthesizer
from telephony.offline.tts import LocalVoice
from tests.bench.latency.calls import Result, Utterance, callers, measure, utterance
from tests.bench.latency.expect import markdown
from tests.bench.latency.floor import STAGES, Answer
from tests.bench.latency.setting import SETTINGS
from tests.bench.turns.corpus import TURNS, Caller, compose, plan
from tests.bench.turns.score import percentile
from tests.bench.turns.store import default_store

MODES = ("speech", "llm", "off")


def corpus(turns: int, seed: int) -> list[Utterance]:
    """`turns` finished turns of the held-out half, in an order shuffled by `seed`."""
    recipes = [recipe for recipe in plan("held-out", seed) if recipe.kind in TURNS]
    Random(seed).shuffle(recipes)
    store = default_store()
    with BlockingEngine(tts.ENGINE) as engine:
        return [utterance(compose(recipe, store, lambda who: Speaker(engine, who))) for recipe in recipes[:turns]]


class Speaker:
    """A caller of the corpus in a voice made of the local TTS."""

    def __init__(self, engine: BlockingEngine, caller: Caller) -> None:
        self._voice = LocalVoice(caller.words_per_minute / 165, 0.6 + caller.pitch / 100, 1.2 - caller.pitch / 250)
        self._speaker = BlockingSynthesizer(engine, self._voice)

    @property
    def key(self) -> str:
        return repr(self._voice)

    def say(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        pcmu, ends = self._speaker.say(text)
        return pcmu, tuple(ends[word.end() - 1] for word in re.finditer(r"\S+", text))


# --- tables ---------------------------------------------------------------------------------------------------------


def spread(values: Sequence[int]) -> dict[str, int | None]:
    """p50, p95 and the maximum; None without values."""
    shares = {name: percentile(values, share) for name, share in (("p50", 0.5), ("p95", 0.95))}
    return {name: found[0] if found else None for name, found in shares.items()} | {"max": max(values, default=None)}


def table(result: Result) -> dict[str, Any]:
    """The figures of one setting and mode."""
    answers, counts = result.answers, result.counts
    turns = max(1, counts["turns"])
    kinds = sorted({answer.why for answer in answers})
    return {
        "turns": counts["turns"],
        "measured": len(answers),
        "cut_off": counts["cut_off"],
        "missed": counts["missed"],
        "total": spread([x.total_ms for x in answers]),
        "floor": spread([x.floor_ms for x in answers]),
        "above": spread([x.above_ms for x in answers]),
        "tail": spread([x.tail_ms for x in answers]),
        "total_from_voice": spread([x.voice_total_ms for x in answers]),
        "above_from_voice": spread([x.above_voice_ms for x in answers]),
        "stages": {name: spread([x.stages[name] for x in answers]) for name in STAGES},
        "waited_for_audio": sum(x.waited_for == "audio" for x in answers),
        "by_rule": {
            why: {"turns": len(some)}
            | {name: spread([getattr(x, f"{name}_ms") for x in some]) for name in ("total", "above")}
            for why in kinds
            if (some := [x for x in answers if x.why == why])
        },
        "speculations": counts["speculation"],
        "speculations_dropped": counts["speculation"] - counts["speculation_used"],
        "extra_llm_per_turn": round((counts["llm"] - counts["answered"]) / turns, 2),
        "extra_tts_per_turn": round((counts["tts"] - counts["answered"]) / turns, 2),
        "loop_lag": {
            "p99": lag[0] if (lag := percentile(result.lags_ms, 0.99)) else None,
            "max": max(result.lags_ms, default=None),
        },
    }


def show(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The tables as text, one for each setting."""
    return "\n\n".join(_show(name, modes) for name, modes in results.items())


def _show(name: str, modes: dict[str, dict[str, Any]]) -> str:
    rows = [[f"{name}, ms: p50 / p95 / max", *modes]]
    rows += [[label, *(str(found[label]) for found in modes.values())] for label in ("turns", "cut_off", "missed")]
    labels = ("total", "floor", "above", "tail", "total_from_voice", "above_from_voice")
    rows += [[label, *(_spread(found[label]) for found in modes.values())] for label in labels]
    rows += [[f"  {stage}", *(_spread(found["stages"][stage]) for found in modes.values())] for stage in STAGES]
    rules = sorted({why for found in modes.values() for why in found["by_rule"]})
    for why in rules:
        cells = [found["by_rule"].get(why) for found in modes.values()]
        rows.append([f"  total, {why}", *(f"{_spread(x['total'])} ({x['turns']})" if x else "-" for x in cells)])
    rows.append(["waited for audio", *(f"{x['waited_for_audio']} of {x['measured']}" for x in modes.values())])
    dropped = (f"{x['speculations_dropped']} of {x['speculations']}" for x in modes.values())
    rows.append(["speculations dropped", *dropped])
    for label in ("extra_llm_per_turn", "extra_tts_per_turn"):
        rows.append([label, *(str(x[label]) for x in modes.values())])
    lag = next(iter(modes.values()))["loop_lag"]
    return f"{aligned(rows)}\nevent loop lag (shared by all parts): p99 {lag['p99']} ms, max {lag['max']} ms"


def _spread(found: dict[str, int | None]) -> str:
    return " / ".join("-" if value is None else str(value) for value in found.values())


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows with columns of equal width, the first one left-justified."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def worst(answers: Sequence[Answer], count: int) -> str:
    """The `count` answers furthest above their floor, a line each."""
    some = sorted(answers, key=lambda x: -x.above_ms)[:count]
    return "\n".join(
        f"{x.above_ms:>5} above, {x.total_ms} total, {x.why}, waited for {x.waited_for}: {x.stages} {x.name}"
        for x in some
    )


# --- running --------------------------------------------------------------------------------------------------------


async def run(
    names: Sequence[str], modes: Mapping[str, TurnTaking], utterances: Sequence[Utterance], at_once: int
) -> dict[str, dict[str, Result]]:
    """The results by setting and mode."""
    results = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = await measure(callers(utterances, modes, at_once), SETTINGS[name], Clock())
    return results


def rules_of(changes: Sequence[str]) -> TurnTaking:
    """The default rules with `NAME=NUMBER` changes. Raises ValueError for an unknown name or no number."""
    pairs = [change.partition("=") for change in changes]
    numbers: dict[str, Any] = {name: int(number) for name, _, number in pairs}
    known = {one.name for one in (*fields(TurnTaking), *fields(Tuning))} - {"speculate", "tuning"}
    if unknown := set(numbers) - known:
        raise ValueError(f"TurnTaking has no number {', '.join(sorted(unknown))}")
    return TurnTaking().tuned(**numbers)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--setting", choices=[*SETTINGS], action="append", help="only this setting (repeatable)")
    parser.add_argument("--speculate", choices=MODES, action="append", help="only this mode (repeatable)")
    parser.add_argument(
        "--rule", action="append", default=[], metavar="NAME=NUMBER", help="change `TurnTaking` (repeatable)"
    )
    parser.add_argument("--turns", type=int, default=110, help="finished turns for each setting and mode")
    parser.add_argument("--calls", type=int, default=4, help="simultaneous callers for each mode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the N answers furthest above the floor")
    parser.add_argument("--json", type=Path, help="also write the results, with each answer, to this file")
    parser.add_argument("--expect", action="store_true", help="only compute what to expect of real providers")
    options = parser.parse_args(arguments)
    try:
        rules = rules_of(options.rule)
    except ValueError as error:
        parser.error(str(error))
    if options.expect:
        print(markdown(rules))
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # errors only
    began, utterances = time.monotonic(), corpus(options.turns, options.seed)
    modes = {mode: replace(rules, speculate=mode) for mode in options.speculate or MODES}
    found = _loop(run(options.setting or [*SETTINGS], modes, utterances, options.calls))
    tables = {name: {mode: table(result) for mode, result in modes.items()} for name, modes in found.items()}
    print(show(tables))
    for name, modes in found.items():
        if options.worst:
            print("\n" + "\n".join(f"{name}, {mode}\n{worst(x.answers, options.worst)}" for mode, x in modes.items()))
    print(f"\n{time.monotonic() - began:.0f} s")
    if options.json:
        rows = {
            name: {mode: [asdict(x) for x in r.answers] for mode, r in modes.items()} for name, modes in found.items()
        }
        options.json.write_text(json.dumps({"tables": tables, "answers": rows}, indent=1) + "\n")


def _loop(work: Any) -> Any:
    """Runs on uvloop, as the service does in production, where it is installed."""
    with suppress(ImportError):
        import uvloop

        return uvloop.run(work)
    return asyncio.run(work)


if __name__ == "__main__":
    main()
