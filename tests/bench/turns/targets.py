"""The targets of turn-taking with the default rules, for callers with which it was not tuned."""

from __future__ import annotations

from collections.abc import Mapping

from tests.bench.turns.cells import Counts

CELL = ("held-out", "quiet", "balanced")
CUT_OFFS, DELAY_P50_MS, DELAY_P90_MS = 0.05, 500, 1_000
YIELD, SILENCED_P50_MS, SILENCED_P90_MS = 0.98, 250, 400
TOLERATED = 0.95
NOISY = ("20 dB", "15 dB", "10 dB", "STT errors")


def targets(counts: Mapping[tuple[str, str, str], Counts]) -> str:
    """A line for each target and whether it was met; "" if the held-out part was not played."""
    if CELL not in counts:
        return ""
    count = counts[CELL]
    cells = {name: (CELL[0], name, CELL[2]) for name in ("quiet", *NOISY)}
    lines = [
        _line("cut-offs", count.cut_offs().share * 100, CUT_OFFS * 100, "%"),
        _line("delay p50", _first(count.delay(0.5)), DELAY_P50_MS, "ms"),
        _line("delay p90", _first(count.delay(0.9)), DELAY_P90_MS, "ms"),
        _line("yield", count.yields().share * 100, YIELD * 100, "%", least=True),
        _line("silenced p50", _first(count.silenced(0.5)), SILENCED_P50_MS, "ms"),
        _line("silenced p90", _first(count.silenced(0.9)), SILENCED_P90_MS, "ms"),
    ]
    for name, key in cells.items():
        if key not in counts:
            continue
        share = counts[key].tolerated("backchannel", "noise").share * 100
        lines.append(_line(f"tolerated, {name}", share, TOLERATED * 100, "%", least=True))
    return "targets (held-out, balanced):\n" + "\n".join(lines)


def _first(found: tuple[int, int, int] | None) -> float:
    return found[0] if found else float("nan")


def _line(name: str, value: float, target: float, unit: str, *, least: bool = False) -> str:
    met = value >= target if least else value <= target
    bound = f"{'at least' if least else 'at most'} {target:g}"
    return f"  {'met   ' if met else 'MISSED'} {name}: {value:.1f} {unit} ({bound})"
