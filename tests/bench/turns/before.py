"""The figures of an older rule, to be printed beside the new ones: `before.json`.

    scripts/bench turns --seed 1 --json results.json           # at the old revision, with this corpus
    python -m tests.bench.turns.before results.json "rules 3"  # writes before.json

The file holds the tables of the tested callers as they were printed, of the default rules only, and the points of the
curve.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.turns.counts import TEST, Point
from tests.bench.turns.tables import Table

FILE = Path(__file__).parent / "before.json"


@dataclass(frozen=True, slots=True)
class Before:
    """`name` of the rule, the `seed` and number of `calls` of the run, its tables by title, and the curve's points."""

    name: str
    seed: int
    calls: int
    tables: dict[str, Table]
    curve: list[Point]


def load(path: Path = FILE) -> Before | None:
    """None if there is no such file."""
    if not path.is_file():
        return None
    kept = json.loads(path.read_text())
    curve = [(ms, share, rule) for ms, share, rule in kept["curve"]]
    return Before(kept["rule"], kept["seed"], kept["calls"], kept["tables"], curve)


def keep(results: Path, name: str, path: Path = FILE) -> None:
    """Stores what the bench wrote with `--json`."""
    found = json.loads(results.read_text())
    tables = {
        title: {row: columns for row, columns in table.items() if row.endswith(", balanced")}
        for title, table in found["tables"][TEST].items()
    }
    kept = {
        "rule": name,
        "seed": found["seed"],
        "calls": found["calls"],
        "tables": tables,
        "curve": found["curves"][TEST]["scaled"],
    }
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    keep(Path(sys.argv[1]), sys.argv[2])
