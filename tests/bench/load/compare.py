"""Two revisions of the service on the same work: `scripts/bench load --base REV_OR_DIR`.

Base and change run in turn, the first of a pair being the second of the next, so that a machine that becomes slower or
busier treats them alike. Providers and callers are always those of the change; the base's service is run by its own
`parts.py`. Ratios are of the two runs of a pair: change by base, below 1 where the change costs less.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

Pair: TypeAlias = dict[str, dict[int, dict[str, Any]]]
"""The tables of `base` and `change` by number of calls."""
COMPARED = (
    "cpu_s_per_call_second", "memory_mb_per_call", "memory_mb_per_call_peak", "lag_p99", "own_p50", "own_p95",
    "latency_p50", "latency_p95", "clear_p50", "clear_p95", "greeting_p50", "ready_s",
)  # fmt: skip
OTHER_LOAD = 0.2
"""Cores that other processes may use before the figures are called doubtful."""


@contextmanager
def tree(base: str) -> Iterator[Path]:
    """The base's source tree: the folder of that name, or what git has of the revision, in a temporary folder."""
    if os.path.isdir(base):
        yield Path(base).resolve()
        return
    found = subprocess.run(["git", "archive", base], capture_output=True, check=False)
    if found.returncode:
        raise SystemExit(f"{base} is neither a folder nor a revision: {found.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(scratch, filter="data")
        yield Path(scratch)


def order(pair: int) -> tuple[str, str]:
    """Which side runs first in this pair."""
    return ("base", "change") if pair % 2 == 0 else ("change", "base")


def ratios(pairs: Sequence[Pair], calls: int, name: str) -> list[float]:
    """The change's figure by the base's, of each pair that has both."""
    found = [(pair["base"][calls][name], pair["change"][calls][name]) for pair in pairs]
    return [change / base for base, change in found if base and change is not None]


def show(pairs: Sequence[Pair]) -> str:
    """For each number of calls: medians of both sides, the ratios' median, and the ratio of each pair."""
    blocks = []
    for calls in pairs[0]["base"]:
        rows = [(f"{calls} calls", "base", "change", "ratio", "of each pair")]
        for name in COMPARED:
            found = ratios(pairs, calls, name)
            sides = [[pair[side][calls][name] for pair in pairs] for side in ("base", "change")]
            ratio = f"{statistics.median(found):.3f}" if found else "-"
            each = " ".join(f"{one:.3f}" for one in sorted(found))
            rows.append((name.replace("_", " "), _median(sides[0]), _median(sides[1]), ratio, each))
        lines = [f"{row[0]:<26}{row[1]:>10}{row[2]:>10}{row[3]:>8}  {row[4]}" for row in rows]
        lines += _warnings(pairs, calls)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _median(values: list[float | None]) -> str:
    there = [value for value in values if value is not None]
    return f"{statistics.median(there):.4g}" if there else "-"


def _warnings(pairs: Sequence[Pair], calls: int) -> list[str]:
    """What makes the figures doubtful: who was at their limit, failed calls, and other load on the machine."""
    found = []
    for side in ("base", "change"):
        tables = [pair[side][calls] for pair in pairs]
        if limits := {table["limit"] for table in tables} - {"none"}:
            found.append(f"{side}: at the limit: {', '.join(sorted(limits))}")
        if failed := sum(table["calls_failed"] for table in tables):
            found.append(f"{side}: {failed} calls failed")
        if (other := max(table["other_load"] for table in tables)) > OTHER_LOAD:
            found.append(f"{side}: other processes used up to {other:.2f} cores")
    return found
