"""The tables of the turn bench: for each part of the corpus, by cell and rule, as strings.

A cell with fewer than `FEW` cases is marked `(few)`. Rates are printed with their 95 % interval, the count and the
total; percentiles with theirs and the number of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.bench.turns.cells import (
    BASELINE,
    CURVE_CELL,
    ERRING,
    LOCAL,
    LONG,
    NO_VERDICT,
    ONSET_WINDOWS,
    PRESETS,
    QUIET,
    RECORDED,
    VERDICT,
    HeardRow,
)
from tests.bench.turns.corpus import BEHIND, TURNS
from tests.bench.turns.counts import LONG_MS, SOUNDS, Counts, Results
from tests.bench.turns.jobs import BEHIND_DB, NOISY
from tests.bench.turns.score import Percentile, Rate, percentile

FEW = 60
CELLS = (QUIET, ERRING, VERDICT, NO_VERDICT, LOCAL, LONG, *NOISY, BEHIND, *BEHIND_DB, RECORDED)
NOTHING, DEFAULT = "-", "balanced"

Columns = Mapping[str, str]
Table = Mapping[str, Columns]
"""Name of a row -> its columns."""
Tables = Mapping[str, Table]
"""Title -> table."""


def tables(counts: Results, part: str) -> dict[str, dict[str, Columns]]:
    """All tables of a part, without rows in which there is nothing."""
    mine = {
        f"{cell}, {rule}": count
        for cell in _cells(counts, part)
        for rule in ((*PRESETS, BASELINE) if cell in CELLS else (DEFAULT, BASELINE))
        if (count := counts.get((part, cell, rule)))
    }
    made = {}
    for title, columns in COLUMNS.items():
        rows = {name: columns(count) for name, count in mine.items()}
        made[title] = {name: row for name, row in rows.items() if set(row.values()) != {NOTHING}}
    return made


def text(table: Table, title: str, before: Table | None = None, note: str = "") -> str:
    """The table as text; `before` holds rows of an older rule, printed below their like with `note` added to the name.
    "" for an empty table."""
    if not table:
        return ""
    heads = list(next(iter(table.values())))
    rows = []
    for name, columns in table.items():
        rows.append([name, *(columns[head] for head in heads)])
        if before and name in before:
            rows.append([f"{name}, {note}", *(before[name].get(head, NOTHING) for head in heads)])
    lines = [[title, *heads], *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads) + 1)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _cells(counts: Results, part: str) -> Iterable[str]:
    recorded = sorted({cell for found, cell, _ in counts if found == part and cell not in (*CELLS, CURVE_CELL)})
    return (*CELLS, *recorded)


# --- columns --------------------------------------------------------------------------------------------------------


def rate(found: Rate) -> str:
    if not found.total:
        return NOTHING
    low, high = found.interval
    return f"{100 * found.share:.1f} % ({100 * low:.0f}-{100 * high:.0f}; {found.count}/{found.total})" + _few(
        found.total
    )


def ms(found: Percentile | None) -> str:
    return f"{found.value} ({found.low}-{found.high}; {found.of})" + _few(found.of) if found else NOTHING


def _few(total: int) -> str:
    return " (few)" if total < FEW else ""


def _both(head: str, found: Percentile | None, ninth: Percentile | None) -> dict[str, str]:
    return {f"{head} p50": ms(found), f"{head} p90": ms(ninth)}


def _turns(count: Counts) -> Columns:
    return {
        "cut-offs": rate(count.cut_offs()),
        "of 0.8-1.1 s": rate(count.cut_offs_of(*LONG_MS)),
        "of more": rate(count.cut_offs_of(LONG_MS[1])),
        "late starts among all": rate(count.late_starts()),
        **_both("decision", count.delay(0.5), count.delay(0.9)),
        **_both("voice to audio", count.voice_to_audio(0.5), count.voice_to_audio(0.9)),
        "short answers p50": ms(count.short_answers(0.5)),
        "missed": rate(count.missed()),
        "asked again": rate(count.asked_again()),
    }


def _trials(count: Counts) -> Columns:
    wasted, verdicts = count.wasted(), count.verdicts()
    return {
        "from a trial": rate(count.from_trial()),
        "wasted a turn": f"{wasted.share:.2f}" if wasted.total else NOTHING,
        "called unfinished a turn": f"{verdicts.share:.2f}" if verdicts.total else NOTHING,
        **_both("decision to audio", count.to_audio(0.5), count.to_audio(0.9)),
    }


def _talked_over(count: Counts) -> Columns:
    return {
        "yield": rate(count.yields()),
        **_both("silenced", count.silenced(0.5), count.silenced(0.9)),
        "murmurs tolerated": rate(count.tolerated("backchannel")),
        "noises tolerated": rate(count.tolerated("noise")),
        "answered by mistake": rate(count.answered(*SOUNDS)),
        "voices behind tolerated": rate(count.tolerated(BEHIND)),
        "answered": rate(count.answered(BEHIND)),
    }


def _held(count: Counts) -> Columns:
    return {
        "murmurs held": rate(count.held("backchannel")),
        "noises held": rate(count.held("noise")),
        **_both("held", count.held_ms(0.5, *SOUNDS), count.held_ms(0.9, *SOUNDS)),
        "held twice": rate(count.held(*SOUNDS, times=2)),
    }


def _by_kind(count: Counts) -> Columns:
    columns = {}
    for kind in TURNS:
        columns[f"{kind}: cut-offs"] = rate(count.cut_offs((kind,)))
        columns[f"{kind}: p50"] = ms(count.delay(0.5, (kind,)))
    columns["unfinished: never answered"] = rate(count.missed(("unfinished",)))
    columns["unfinished: p50"] = ms(count.delay(0.5, ("unfinished",)))
    return columns


def _by_place(count: Counts) -> Columns:
    return {place: rate(found) for place, found in count.places().items()}


COLUMNS = {
    "turns": _turns,
    "replies on trial": _trials,
    "talked over": _talked_over,
    "held by a sound": _held,
    "by kind": _by_kind,
    "cut-offs by place of the pause": _by_place,
}


def detector(heard: Sequence[HeardRow]) -> Table:
    """The table of the detector's delays with the callers' speech, by cell."""
    rows = {}
    for cell in dict.fromkeys(row.cell for row in heard if row.kind != BEHIND):
        mine = [row for row in heard if row.cell == cell]
        speech = [row for row in mine if row.kind in (*TURNS, "interruption", "unfinished")]
        lags = [lag for row in speech for lag in row.lags_ms]
        columns = _both("end detected", percentile(lags, 0.5), percentile(lags, 0.9))
        for n in ONSET_WINDOWS[1:]:
            times = [row.onsets_ms[n - 1] for row in speech if row.onsets_ms[n - 1] >= 0]
            both = [percentile(times, share) for share in (0.5, 0.9)]
            columns[f"{n} windows p50/p90"] = "/".join(str(found.value) for found in both if found) or NOTHING
        rows[cell] = columns
    return rows
