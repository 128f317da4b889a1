"""`scripts/bench [load|turns|stt|latency|replay|bridge|mutants|spoken] ...`: runs that bench, by default `load`."""

from __future__ import annotations

import sys

from tests.bench.latency import bench as latency
from tests.bench.load import bench as load
from tests.bench.load import bridge, replay
from tests.bench.mutants import bench as mutants
from tests.bench.spoken import bench as spoken
from tests.bench.stt import bench as stt
from tests.bench.turns import bench as turns

BENCHES = {
    "load": load.main,
    "turns": turns.main,
    "stt": stt.main,
    "latency": latency.main,
    "replay": replay.main,
    "bridge": bridge.main,
    "mutants": mutants.main,
    "spoken": spoken.main,
}


def main(arguments: list[str]) -> None:
    """Runs the bench named first, or `load` if the first argument is an option or missing. Exits on an unknown name."""
    name, rest = ("load", arguments) if not arguments or arguments[0].startswith("-") else (arguments[0], arguments[1:])
    if name not in BENCHES:
        sys.exit(f"scripts/bench: there is no bench called {name}; there are {', '.join(BENCHES)}")
    BENCHES[name](rest)
