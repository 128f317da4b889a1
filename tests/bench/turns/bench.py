"""When the agent speaks and when it stops, by recordings in virtual time: `scripts/bench turns`.

Hundreds of generated callers (and labelled recordings of your own: --folder) are played through the voice detector and
the core's turn-taking, with a scripted recogniser (partials and finals 120 ms late), model (first token after 250 ms)
and voice (first byte after 100 ms). What is measured is defined in `score.py`, the callers in `corpus.py`,
the format of a folder in `folder.py`. The tuning half was used to choose numbers; the held-out half, other
sentences in other voices, was not.

`quiet` is a quiet line; `20 dB` and so on have noise below the speech (white, pink, babble and hum take turns; `white`
and so on are these cells over again, by noise); with `STT errors` 13 % of the words in partials are wrong until the
final; `punctuated` ends each segment with a full stop, as the real service does, and `figures` also writes what is
dictated in figures, as addresses and letter by letter. Intervals are 95 %. The same seed gives the same numbers, as
long as the clips stay in the cache.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.bench.turns.cells import (
    BASELINE,
    PRESETS,
    Counts,
    HeardRow,
    Job,
    Row,
    counted,
    curve,
    folder_jobs,
    jobs,
    pauses,
    run,
)
from tests.bench.turns.corpus import SPLITS, TURNS
from tests.bench.turns.folder import BadLabels, labelled, pieces
from tests.bench.turns.folder import __doc__ as folder_format
from tests.bench.turns.picture import picture
from tests.bench.turns.score import Rate, TurnScore, percentile
from tests.bench.turns.sound import NOISES
from tests.bench.turns.targets import targets

CELLS = ("quiet", "20 dB", "15 dB", "10 dB", *NOISES, "STT errors", "punctuated", "figures", "recorded")
RECORDED = "recorded"
SPEECH = Path(__file__).parents[3].parent / "shared" / "speech"

Results = Mapping[tuple[str, str, str], Counts]


def play_all(todo: Sequence[Job], processes: int) -> tuple[list[Row], list[HeardRow]]:
    """All jobs, side by side; the order of the rows is that of the jobs."""
    rows: list[Row] = []
    heard: list[HeardRow] = []
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with get_context("spawn").Pool(processes) as pool:
        for number, (some, how) in enumerate(pool.imap(run, todo, chunksize=4)):
            rows += some
            heard.append(how)
            if sys.stderr.isatty() and number % 20 == 0:
                print(f"\r{number} of {len(todo)} recordings", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
    return rows, heard


# --- tables ---------------------------------------------------------------------------------------------------------


def _rate(rate: Rate) -> str:
    if not rate.total:
        return "-"
    low, high = rate.interval
    return f"{100 * rate.share:.1f} % ({100 * low:.0f}-{100 * high:.0f}; {rate.count}/{rate.total})"


def _ms(found: tuple[int, int, int] | None) -> str:
    return f"{found[0]} ({found[1]}-{found[2]})" if found else "-"


def _turn_columns(count: Counts) -> dict[str, str]:
    return {
        "cut-offs": _rate(count.cut_offs()),
        "delay p50": _ms(count.delay(0.5)),
        "p90": _ms(count.delay(0.9)),
        "missed": _rate(count.missed()),
    }


def _talk_columns(count: Counts) -> dict[str, str]:
    return {
        "yield": _rate(count.yields()),
        "silenced p50": _ms(count.silenced(0.5)),
        "p90": _ms(count.silenced(0.9)),
        "backchannels tolerated": _rate(count.tolerated("backchannel")),
        "noises tolerated": _rate(count.tolerated("noise")),
    }


def _kind_columns(count: Counts) -> dict[str, str]:
    columns = {}
    for kind in TURNS:
        columns[f"{kind}: cut-offs"] = _rate(count.cut_offs((kind,)))
        columns[f"{kind}: p50"] = _ms(count.delay(0.5, (kind,)))
    return columns


def _rest_columns(count: Counts) -> dict[str, str]:
    worst = percentile([d for k, s in count.turns if k == "unfinished" and (d := s.delay_ms) is not None], 1.0)
    return {
        "trails off: never answered": _rate(count.never("unfinished")),
        "p50": _ms(count.delay(0.5, ("unfinished",))),
        "p90": _ms(count.delay(0.9, ("unfinished",))),
        "longest": str(worst[0]) if worst else "-",
        "backchannels held": _rate(count.held("backchannel")),
        "noises held": _rate(count.held("noise")),
    }


def _table(title: str, rows: Sequence[tuple[str, dict[str, str]]]) -> str:
    rows = [(name, columns) for name, columns in rows if any(value != "-" for value in columns.values())]
    if not rows:
        return ""
    heads = list(rows[0][1])
    lines = [[title, *heads]] + [[name, *(columns[head] for head in heads)] for name, columns in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads) + 1)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def show(counts: Results, heard: Sequence[HeardRow], names: Sequence[str]) -> str:
    """Everything as text: for each part of the corpus the tables of its cells and rules."""
    tables = []
    for split in names:
        mine = [
            (f"{cell}, {rule}", counts[split, cell, rule])
            for cell in CELLS
            for rule in (*PRESETS, BASELINE)
            if (split, cell, rule) in counts and (rule == "balanced" or cell not in NOISES)
        ]
        quiet = [(name, count) for name, count in mine if name.startswith(("quiet", RECORDED))]
        tables.append(f"=== {split} ===")
        tables.append(_table("turns", [(name, _turn_columns(count)) for name, count in mine]))
        tables.append(_table("talked over", [(name, _talk_columns(count)) for name, count in mine]))
        tables.append(_table("by kind", [(name, _kind_columns(count)) for name, count in quiet]))
        tables.append(_table("the rest", [(name, _rest_columns(count)) for name, count in quiet]))
        for kind in ("scaled", "plain"):
            points = [f"{ms} ms {100 * share:.1f} % ({rule})" for ms, share, rule in curve(counts, split, kind)]
            tables.append(f"curve, {kind}: " + ", ".join(points) if len(points) > 2 else "")
    tables.append(_detector(heard))
    return "\n\n".join(table for table in tables if table)


def _detector(heard: Sequence[HeardRow]) -> str:
    """How late the detector is, by cell."""
    rows = []
    for cell in CELLS:
        mine = [row for row in heard if row.cell == cell]
        speech = [row for row in mine if row.kind in (*TURNS, "interruption", "unfinished")]
        columns = {}
        for share in (0.5, 0.9):
            found = percentile([lag for row in speech for lag in row.lags_ms], share)
            columns[f"end seen p{share * 100:.0f}"] = str(found[0]) if found else "-"
        for n in (2, 3, 4, 5):
            times = [row.onsets_ms[n - 1] for row in speech if row.onsets_ms[n - 1] >= 0]
            both = [percentile(times, share) for share in (0.5, 0.9)]
            columns[f"{n} windows p50/p90"] = "/".join(str(found[0]) for found in both if found) or "-"
        for kind in ("backchannel", "noise"):
            windows = [sum(at >= 0 for at in row.onsets_ms) for row in mine if row.kind == kind]
            columns[f"{kind}s of 5+ windows"] = _rate(Rate(sum(n >= 5 for n in windows), len(windows)))
        rows.append((cell, columns))
    return _table("detector (ms)", rows)


def worst(rows: Sequence[Row], rule: str, most: int) -> str:
    """Where it goes wrong: what was said, most often cut off first, and why sounds were not tolerated."""
    cut, late, talk = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        if row.rule != rule or row.cell == "curve":
            continue
        name = "/".join(row.name.split("/")[1:])
        if isinstance(row.score, TurnScore):
            cut[f"{name}: {row.remark}"] += row.score.cut_offs
            if row.kind != "unfinished" and (row.score.delay_ms is None or row.score.delay_ms > 1_000):
                late[f"{name}: {row.score.delay_ms}"] += 1
        elif row.kind == "interruption":
            talk[f"{row.cell} {name}: not yielded"] += not row.score.yielded
        else:
            talk[f"{row.cell} {name}: {row.score.trouble}"] += bool(row.score.trouble)
    quiet = pauses(row for row in rows if row.rule == rule and row.cell == "quiet")
    lines = ["pauses cut off, quiet line:", *(f"  {_rate(rate)}  {name}" for name, rate in quiet.items())]
    for title, found in (("cut off", cut), ("late or missed", late), ("talked over", talk)):
        lines += [f"{title}:"] + [f"  {count}  {what}" for what, count in found.most_common(most) if count]
    return "\n".join(lines)


# --- results for machines -------------------------------------------------------------------------------------------


def as_json(counts: Results, rows: Sequence[Row]) -> dict[str, Any]:
    """The counts of every cell and rule, and each play that went wrong."""
    cells = []
    for (split, cell, rule), count in counts.items():
        entry: dict[str, Any] = {"part": split, "cell": cell, "rule": rule}
        rates = {
            "cut_offs": count.cut_offs(), "missed": count.missed(), "yield": count.yields(),
            "tolerated": count.tolerated("backchannel", "noise"),
            "tolerated_backchannels": count.tolerated("backchannel"), "tolerated_noises": count.tolerated("noise"),
        }  # fmt: skip
        for name, rate in rates.items():
            if rate.total:
                entry[name] = {**asdict(rate), "share": round(rate.share, 4), "interval": rate.interval}
        for name, found in {"delay": count.delay, "silenced": count.silenced}.items():
            entry[name] = {f"p{share * 100:.0f}": found(share) for share in (0.5, 0.9)}
        cells.append(entry)
    wrong = [asdict(row) for row in rows if row.cell != "curve" and _wrong(row)]
    return {"cells": cells, "went_wrong": wrong}


def _wrong(row: Row) -> bool:
    if isinstance(row.score, TurnScore):
        return row.score.cut_offs > 0 or row.score.delay_ms is None
    return not row.score.yielded if row.kind == "interruption" else bool(row.score.trouble)


def draw(counts: Results, split: str) -> str:
    """The curve of one part."""
    dots = []
    for rule in PRESETS:
        count = counts.get((split, "quiet", rule))
        if count and (delay := count.delay(0.5)):
            dots.append((delay[0], count.cut_offs().share, rule))
    title = f"Turn-taking, {split} callers, quiet line"
    return picture(curve(counts, split, "scaled"), curve(counts, split, "plain"), dots, title)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench turns",
        description=__doc__,
        epilog=folder_format,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a third of it, in half a minute")
    parser.add_argument("--part", choices=[*SPLITS, RECORDED], action="append", help="only this part (repeatable)")
    parser.add_argument("--folder", type=Path, help="labelled recordings of your own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the N worst recordings")
    parser.add_argument("--rule", default="balanced", help="of which rule --worst speaks")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw cut-offs against delay")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    began = time.monotonic()
    parts = options.part or [*SPLITS, RECORDED]
    todo = jobs(parts, options.seed, quick=options.quick)
    folder = options.folder or (SPEECH if SPEECH.is_dir() else None)
    if folder and RECORDED in parts:
        try:
            entries = labelled(folder)
        except BadLabels as error:
            sys.exit(str(error))
        todo += folder_jobs([*entries, *pieces(folder)], RECORDED)
        if wordless := sum(entry.wordless for entry in entries):
            print(f"{wordless} of {len(entries)} recordings in {folder} have no words: placeholders are heard instead")
    rows, heard = play_all(todo, options.processes)
    counts = counted(rows)
    print(show(counts, heard, parts))
    print("\n" + targets(counts))
    if options.worst:
        print("\n" + worst(rows, options.rule, options.worst))
    print(f"\n{len(todo)} recordings, {len(rows)} calls, {time.monotonic() - began:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(as_json(counts, rows), indent=1) + "\n")
    if options.picture:
        options.picture.write_text(draw(counts, "held-out" if "held-out" in parts else parts[0]))


if __name__ == "__main__":
    main()
