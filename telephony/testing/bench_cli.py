"""`scripts/bench [load|turns|latency|replay|bridge] ...`: which bench is meant. Without a name: `load`."""

from __future__ import annotations

import sys

from telephony.testing import bench, bench_bridge, latency_bench, replay_bench, turn_bench

BENCHES = {
    "load": bench.main,
    "turns": turn_bench.main,
    "latency": latency_bench.main,
    "replay": replay_bench.main,
    "bridge": bench_bridge.main,
}


def main(arguments: list[str]) -> None:
    """Runs the bench that the first argument names."""
    name, rest = ("load", arguments) if not arguments or arguments[0].startswith("-") else (arguments[0], arguments[1:])
    if name not in BENCHES:
        sys.exit(f"scripts/bench: there is no bench called {name}; there are {', '.join(BENCHES)}")
    BENCHES[name](rest)


if __name__ == "__main__":
    main(sys.argv[1:])
