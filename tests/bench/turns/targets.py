"""The targets of turn-taking with the default rules, for callers that no number was chosen with."""

from __future__ import annotations

from tests.bench.turns.cells import ERRING, VERDICT
from tests.bench.turns.corpus import BEHIND
from tests.bench.turns.counts import LONG_MS, SOUNDS, TEST, Counts, Results
from tests.bench.turns.score import Percentile, Rate
from tests.bench.turns.tables import ms, rate

RULE = "balanced"


def targets(counts: Results) -> str:
    """A line for each target and whether it was met, with the recogniser that errs, and below with a model that gives
    verdicts; "" if the tested parts were not played."""
    sections = []
    for cell in (ERRING, VERDICT):
        if count := counts.get((TEST, cell, RULE)):
            lines = [*_of_turns(count), *(_of_talks(count, counts.get((TEST, BEHIND, RULE))) if cell == ERRING else ())]
            sections.append("\n".join([f"targets ({TEST}, {cell}, {RULE}):", *(f"  {line}" for line in lines)]))
    return "\n".join(sections)


def _of_turns(count: Counts) -> list[str]:
    return [
        _at_most("cut-offs", count.cut_offs(), 5),
        _at_most("cut-offs in pauses of 0.8-1.1 s", count.cut_offs_of(*LONG_MS), 12),
        _within("decision p90", count.delay(0.9), 1_100),
        _within("decision p50", count.delay(0.5), 600),
        _within("voice to audio p90", count.voice_to_audio(0.9), 1_250),
        _within("voice to audio p50", count.voice_to_audio(0.5), 750),
        _within("decision to audio p50, from a trial", count.to_audio(0.5), 40),
        _within("short answers p50", count.short_answers(0.5), 650),
        _at_most("missed", count.missed(), 0),
    ]


def _of_talks(count: Counts, behind: Counts | None) -> list[str]:
    return [
        _at_least("yield", count.yields(), 98),
        _within("silenced p50", count.silenced(0.5), 160),
        _within("silenced p90", count.silenced(0.9), 260),
        _at_least("tolerated", count.tolerated(*SOUNDS), 95),
        _at_least("voices behind tolerated", behind.tolerated(BEHIND) if behind else Rate(0, 0), 75),
        _at_most("answered by mistake", count.answered(*SOUNDS), 2),
        _within("held p50", count.held_ms(0.5, *SOUNDS), 350),
        _within("held p90", count.held_ms(0.9, *SOUNDS), 700),
        _at_most("held twice", count.held(*SOUNDS, times=2), 0),
    ]


def _at_most(name: str, found: Rate, percent: float) -> str:
    return _line(name, rate(found), found.count * 100 <= percent * found.total, f"at most {percent:g} %", found.total)


def _at_least(name: str, found: Rate, percent: float) -> str:
    return _line(name, rate(found), found.count * 100 >= percent * found.total, f"at least {percent:g} %", found.total)


def _within(name: str, found: Percentile | None, most: int) -> str:
    met = found is not None and found.value <= most
    return _line(name, ms(found), met, f"at most {most:,} ms", found.of if found else 0)


def _line(name: str, value: str, met: bool, bound: str, cases: int) -> str:
    """Without cases, a target is neither met nor missed."""
    return f"{('met   ' if met else 'MISSED') if cases else '-     '} {name}: {value} ({bound})"
