"""Measures when the agent starts and stops speaking, with recordings in virtual time: `scripts/bench turns`.

Hundreds of generated callers (and labelled recordings of your own: --folder) are played through the voice detector and
the core's turn-taking, with a scripted STT, LLM (first token after 250 ms) and TTS (first byte after 100 ms). The
measures are defined in `score.py`, the callers in `corpus.py`, the format of a folder in `folder.py`.

The parts: numbers are chosen with the callers of `tuning`; `held-out` has other sentences in other voices of the same
engine (espeak), `strangers` other authors' sentences in the voices of other engines (flite, festival and hibari, as far
as the machine has them). These two together are `test`, and only they are reported. `german` has espeak's German
voices: a language whose words the agent cannot judge.

The rows are conditions and rules. `quiet` is a quiet line with a recogniser that is never wrong, 120 ms late. All
others have one that errs (8 % of the words, see `stt_errors.py`): `erring STT` on a quiet line; `verdict 93 %` with a
model that says rightly in 93 % of the cases whether the caller has finished; `verdict never` with one that never says
so; `long pauses` with the callers who pause, for 0.8-1.9 s each time; `20 dB` and `10 dB` with noise that far below
the speech (in turn white, pink and hum), `babble` with six voices 15 dB below; `behind` with a voice behind the caller,
10-20 dB quieter. With `local STT` (--stt local) the words are what the local recogniser makes of the audio.
`recorded` are recordings of people, by corpus and licence. `plain 700` is a plain silence of 700 ms; rows of the rules
before the present ones come from `before.json`.

Intervals are 95 %; cells with fewer than 60 cases are marked (few). The same seed gives the same figures. The callers
need the program espeak-ng.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.bench.turns.before import Before, load
from tests.bench.turns.cells import CURVE_CELL, ERRING, PRESETS, RECORDED, HeardRow, Job, Row, run
from tests.bench.turns.corpus import Recipe
from tests.bench.turns.counts import LONG_MS, SOUNDS, TEST, TESTED, Results, counted, curve
from tests.bench.turns.folder import BadLabels, labelled, pieces
from tests.bench.turns.folder import __doc__ as folder_format
from tests.bench.turns.jobs import folder_jobs, jobs
from tests.bench.turns.parts import SPLITS
from tests.bench.turns.picture import picture
from tests.bench.turns.score import TurnScore
from tests.bench.turns.tables import DEFAULT, detector, tables, text
from tests.bench.turns.targets import targets

PARTS = (*SPLITS, RECORDED)


def play_all(todo: Sequence[Job], processes: int) -> tuple[list[Row], list[HeardRow]]:
    """Runs all jobs in `processes` processes. The rows are in the order of the jobs."""
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


def show(counts: Results, heard: Sequence[HeardRow], before: Before | None = None) -> str:
    """All tables as text: of each part of the corpus, and the detector's. Of the parts of `TEST` only what the default
    rules do with turns. `before` stands beside the whole `TEST` only."""
    found = {part for part, _, _ in counts}
    tested = [part for part in TESTED if part in found]
    shown = []
    for part in (part for part in (TEST, *PARTS) if part in found):
        shown.append(f"=== {part}{': ' + ', '.join(tested) if part == TEST else ''} ===")
        made = tables(counts, part)
        if part in TESTED:
            shown.append(text({name: row for name, row in made["turns"].items() if name.endswith(DEFAULT)}, "turns"))
            continue
        old = before if part == TEST and len(tested) == len(TESTED) else None
        for title, table in made.items():
            shown.append(text(table, title, old.tables.get(title) if old else None, old.name if old else ""))
        lines = {kind: curve(counts, part, kind) for kind in ("scaled", "plain")} | (
            {old.name: old.curve} if old else {}
        )
        for name, points in lines.items():
            listed = ", ".join(f"{ms} ms {100 * share:.1f} % ({rule})" for ms, share, rule in points)
            shown.append(f"curve, {ERRING}, {name}: {listed}" if listed else "")
        shown.append(f"({old.name}: figures of a run with seed {old.seed} and {old.calls} calls)" if old else "")
    shown.append(text(detector(heard), "detector (ms)"))
    return "\n\n".join(table for table in shown if table)


def voices(todo: Iterable[Job]) -> str:
    """The engines that speak, with the number of their voices."""
    names = {job.source.caller.voice for job in todo if isinstance(job.source, Recipe)}
    engines = Counter(name.partition("/")[0] if "/" in name else "espeak" for name in names)
    return ", ".join(f"{engine} ({count})" for engine, count in sorted(engines.items()))


def worst(rows: Sequence[Row], rule: str, most: int) -> str:
    """The `most` worst recordings of each kind of error, most frequent first, as text."""
    cut, late, talk = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        if row.rule != rule or row.cell == CURVE_CELL:
            continue
        name = "/".join(row.name.split("/")[1:])
        if isinstance(row.score, TurnScore):
            cut[f"{name}: {row.remark}"] += row.score.cut_offs
            if row.kind != "unfinished" and (row.score.delay_ms is None or row.score.delay_ms > 1_000):
                late[f"{name}: {row.score.delay_ms}"] += 1
        elif row.kind == "interruption":
            talk[f"{row.cell} {name}: not yielded"] += not row.score.yielded
        else:
            talk[f"{row.cell} {name}: {row.score.failure}"] += bool(row.score.failure)
    lines = []
    for title, found in (("cut off", cut), ("late or missed", late), ("talked over", talk)):
        lines += [f"{title}:"] + [f"  {count}  {what}" for what, count in found.most_common(most) if count]
    return "\n".join(lines)


# --- results as data ------------------------------------------------------------------------------------------------


def as_json(counts: Results, rows: Sequence[Row], seed: int) -> dict[str, Any]:
    """The figures of every cell and rule, the tables as they are printed, the curves, and each row with an error."""
    cells = []
    for (part, cell, rule), count in counts.items():
        entry: dict[str, Any] = {"part": part, "cell": cell, "rule": rule}
        rates = {
            "cut_offs": count.cut_offs(), "cut_offs_800": count.cut_offs_of(*LONG_MS),
            "cut_offs_1100": count.cut_offs_of(LONG_MS[1]), "late_starts": count.late_starts(),
            "missed": count.missed(), "asked_again": count.asked_again(), "from_trial": count.from_trial(),
            "yield": count.yields(),
            "tolerated": count.tolerated(*SOUNDS), "tolerated_backchannels": count.tolerated("backchannel"),
            "tolerated_noises": count.tolerated("noise"), "tolerated_behind": count.tolerated("behind"),
            "answered_by_mistake": count.answered(*SOUNDS), "answered_behind": count.answered("behind"),
            "held": count.held(*SOUNDS), "held_twice": count.held(*SOUNDS, times=2),
        }  # fmt: skip
        for name, rate in rates.items():
            if rate.total:
                entry[name] = {**asdict(rate), "share": round(rate.share, 4), "interval": rate.interval}
        if count.wasted().total:
            entry["wasted_a_turn"] = round(count.wasted().share, 2)
            entry["called_unfinished_a_turn"] = round(count.verdicts().share, 2)
        for name, found in {
            "delay": count.delay, "voice_to_audio": count.voice_to_audio, "to_audio": count.to_audio,
            "short_answers": count.short_answers, "silenced": count.silenced,
        }.items():  # fmt: skip
            entry[name] = {f"p{share * 100:.0f}": found(share) for share in (0.5, 0.9)}
        entry["held_ms"] = {f"p{share * 100:.0f}": count.held_ms(share, *SOUNDS) for share in (0.5, 0.9)}
        cells.append(entry)
    parts = dict.fromkeys(part for part, _, _ in counts)
    return {
        "seed": seed,
        "calls": len(rows),
        "cells": cells,
        "tables": {part: tables(counts, part) for part in parts},
        "curves": {part: {kind: curve(counts, part, kind) for kind in ("scaled", "plain")} for part in parts},
        "went_wrong": [asdict(row) for row in rows if row.cell != CURVE_CELL and _wrong(row)],
    }


def _wrong(row: Row) -> bool:
    if isinstance(row.score, TurnScore):
        return row.score.cut_offs > 0 or row.score.delay_ms is None
    return not row.score.yielded if row.kind == "interruption" else bool(row.score.failure)


def draw(counts: Results, part: str, before: Before | None = None) -> str:
    """The curves of one part of the corpus, as an SVG."""
    dots = []
    for rule in PRESETS:
        count = counts.get((part, ERRING, rule))
        if count and (delay := count.delay(0.5)):
            dots.append((delay.value, count.cut_offs().share, rule))
    old = {f"{before.name}, scaled": before.curve} if before and part == TEST else {}
    lines = {"balanced, scaled": curve(counts, part, "scaled"), "plain silence": curve(counts, part, "plain"), **old}
    return picture(lines, dots, f"Turn-taking, {part} callers, {ERRING}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench turns",
        description=__doc__,
        epilog=folder_format,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="fewer callers and conditions, in half a minute")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this part (repeatable)")
    parser.add_argument("--folder", type=Path, help="labelled recordings of your own (format: see below)")
    parser.add_argument(
        "--stt", choices=["scripted", "local"], default="scripted",
        help="local: also a row in which a real recogniser hears the callers (telephony[offline]; takes minutes)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the N worst recordings")
    parser.add_argument("--rule", default="balanced", help="the rule that --worst is about (default balanced)")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw cut-offs against delay in this file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    began = time.monotonic()
    parts = options.part or [part for part in PARTS if part != "tuning"]
    local = options.stt == "local"
    todo = jobs(parts, options.seed, quick=options.quick, local=local)
    if options.folder and RECORDED in parts:
        todo += _recorded(options.folder, local)
    rows, heard = play_all(todo, options.processes)
    counts = counted(rows)
    before = None if options.quick else load()
    print(show(counts, heard, before))
    print("\n" + targets(counts))
    if options.worst:
        print("\n" + worst(rows, options.rule, options.worst))
    print(f"\n{len(todo)} recordings, {len(rows)} calls, {time.monotonic() - began:.0f} s; voices: {voices(todo)}")
    if options.json:
        options.json.write_text(json.dumps(as_json(counts, rows, options.seed), indent=1) + "\n")
    if options.picture:
        options.picture.write_text(
            draw(counts, next(part for part in (TEST, *PARTS) if part in {found for found, _, _ in counts}), before)
        )


def _recorded(folder: Path, local: bool) -> list[Job]:
    try:
        entries = labelled(folder)
    except BadLabels as error:
        sys.exit(str(error))
    if wordless := sum(entry.wordless for entry in entries):
        print(f"{wordless} of {len(entries)} recordings in {folder} have no words: the STT gives placeholders")
    return folder_jobs([*entries, *pieces(folder)], RECORDED, local=local)


if __name__ == "__main__":
    main()
