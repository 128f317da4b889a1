"""Measures when the agent starts and stops speaking, with recordings in virtual time: `scripts/bench turns`.

Hundreds of generated callers (and labelled recordings of your own: --folder) are played through the voice detector and
the core's turn-taking, with a scripted STT (partials and finals 120 ms late), LLM (first token after 250 ms) and TTS
(first byte after 100 ms). The measures are defined in `score.py`, the callers in `corpus.py`, the format of a folder
in `folder.py`. The parameters of turn-taking were chosen with the tuning half of the callers; the held-out half has
other sentences in other voices.

The rows are conditions. `quiet` is a quiet line; `20 dB` and so on have noise that far below the speech (in turn white,
pink, babble and hum; the rows `white` and so on count the same recordings by noise); with `STT errors` 13 % of the
words in partials are wrong until the final; `punctuated` ends each segment with a full stop, as the real service does;
`figures` also writes dictated words as figures, addresses and single letters; with `local STT` (`--stt local`) the
words are what the local recogniser makes of the audio. Intervals are 95 %. The same seed gives the same figures. The
callers speak with the program espeak-ng, which must be installed on the machine.
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
    LOCAL,
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

CELLS = (
    "quiet", "20 dB", "15 dB", "10 dB", *NOISES, "erring STT", "STT errors", "punctuated", "figures", LOCAL, "recorded",
)  # fmt: skip
RECORDED = "recorded"
SPEECH = Path(__file__).parents[3].parent / "shared" / "speech"

Results = Mapping[tuple[str, str, str], Counts]


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
        "late starts among them": _rate(count.late_starts()),
        "delay p50": _ms(count.delay(0.5)),
        "p90": _ms(count.delay(0.9)),
        "missed": _rate(count.missed()),
    }


def _trial_columns(count: Counts) -> dict[str, str]:
    wasted = count.wasted()
    return {
        "from a trial": _rate(count.from_trial()),
        "wasted a turn": f"{wasted.share:.2f}" if wasted.total else "-",
        "to audio p50": _ms(count.to_audio(0.5)),
        "p90": _ms(count.to_audio(0.9)),
    }


def _talk_columns(count: Counts) -> dict[str, str]:
    return {
        "yield": _rate(count.yields()),
        "silenced p50": _ms(count.silenced(0.5)),
        "p90": _ms(count.silenced(0.9)),
        "backchannels tolerated": _rate(count.tolerated("backchannel")),
        "noises tolerated": _rate(count.tolerated("noise")),
        "answered by mistake": _rate(count.answered("backchannel", "noise")),
    }


def _held_columns(count: Counts) -> dict[str, str]:
    sounds = ("backchannel", "noise")
    return {
        "backchannels held": _rate(count.held("backchannel")),
        "noises held": _rate(count.held("noise")),
        "held p50": _ms(count.held_ms(0.5, *sounds)),
        "p90": _ms(count.held_ms(0.9, *sounds)),
        "held twice": _rate(count.held(*sounds, times=2)),
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
        "unfinished: never answered": _rate(count.never("unfinished")),
        "p50": _ms(count.delay(0.5, ("unfinished",))),
        "p90": _ms(count.delay(0.9, ("unfinished",))),
        "longest": str(worst[0]) if worst else "-",
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
    """All tables as text: for each part of the corpus (`names`) by cell and rule, and the detector's."""
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
        tables.append(_table("replies on trial", [(name, _trial_columns(count)) for name, count in mine]))
        tables.append(_table("talked over", [(name, _talk_columns(count)) for name, count in mine]))
        tables.append(_table("held by a sound", [(name, _held_columns(count)) for name, count in mine]))
        tables.append(_table("by kind", [(name, _kind_columns(count)) for name, count in quiet]))
        tables.append(_table("other", [(name, _rest_columns(count)) for name, count in quiet]))
        for kind in ("scaled", "plain"):
            points = [f"{ms} ms {100 * share:.1f} % ({rule})" for ms, share, rule in curve(counts, split, kind)]
            tables.append(f"curve, {kind}: " + ", ".join(points) if len(points) > 2 else "")
    tables.append(_detector(heard))
    return "\n\n".join(table for table in tables if table)


def _detector(heard: Sequence[HeardRow]) -> str:
    """The table of the detector's delays, by cell."""
    rows = []
    for cell in CELLS:
        mine = [row for row in heard if row.cell == cell]
        speech = [row for row in mine if row.kind in (*TURNS, "interruption", "unfinished")]
        columns = {}
        for share in (0.5, 0.9):
            found = percentile([lag for row in speech for lag in row.lags_ms], share)
            columns[f"end detected p{share * 100:.0f}"] = str(found[0]) if found else "-"
        for n in (2, 3, 4, 5):
            times = [row.onsets_ms[n - 1] for row in speech if row.onsets_ms[n - 1] >= 0]
            both = [percentile(times, share) for share in (0.5, 0.9)]
            columns[f"{n} windows p50/p90"] = "/".join(str(found[0]) for found in both if found) or "-"
        for kind in ("backchannel", "noise"):
            windows = [sum(at >= 0 for at in row.onsets_ms) for row in mine if row.kind == kind]
            columns[f"{kind}s with 5+ windows"] = _rate(Rate(sum(n >= 5 for n in windows), len(windows)))
        rows.append((cell, columns))
    return _table("detector (ms)", rows)


def worst(rows: Sequence[Row], rule: str, most: int) -> str:
    """The `most` worst recordings of each kind of error, most frequent first, and which pauses are cut off, as text."""
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
            talk[f"{row.cell} {name}: {row.score.failure}"] += bool(row.score.failure)
    quiet = pauses(row for row in rows if row.rule == rule and row.cell == "quiet")
    lines = ["pauses cut off on a quiet line:", *(f"  {_rate(rate)}  {name}" for name, rate in quiet.items())]
    for title, found in (("cut off", cut), ("late or missed", late), ("talked over", talk)):
        lines += [f"{title}:"] + [f"  {count}  {what}" for what, count in found.most_common(most) if count]
    return "\n".join(lines)


# --- results as data ------------------------------------------------------------------------------------------------


def as_json(counts: Results, rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of every cell and rule, and each row with an error."""
    cells = []
    for (split, cell, rule), count in counts.items():
        entry: dict[str, Any] = {"part": split, "cell": cell, "rule": rule}
        rates = {
            "cut_offs": count.cut_offs(), "late_starts": count.late_starts(), "missed": count.missed(),
            "from_trial": count.from_trial(), "yield": count.yields(),
            "tolerated": count.tolerated("backchannel", "noise"),
            "tolerated_backchannels": count.tolerated("backchannel"), "tolerated_noises": count.tolerated("noise"),
            "answered_by_mistake": count.answered("backchannel", "noise"),
            "held": count.held("backchannel", "noise"), "held_twice": count.held("backchannel", "noise", times=2),
        }  # fmt: skip
        for name, rate in rates.items():
            if rate.total:
                entry[name] = {**asdict(rate), "share": round(rate.share, 4), "interval": rate.interval}
        if count.wasted().total:
            entry["wasted_a_turn"] = round(count.wasted().share, 2)
        for name, found in {"delay": count.delay, "to_audio": count.to_audio, "silenced": count.silenced}.items():
            entry[name] = {f"p{share * 100:.0f}": found(share) for share in (0.5, 0.9)}
        entry["held_ms"] = {f"p{share * 100:.0f}": count.held_ms(share, "backchannel", "noise") for share in (0.5, 0.9)}
        cells.append(entry)
    wrong = [asdict(row) for row in rows if row.cell != "curve" and _wrong(row)]
    return {"cells": cells, "went_wrong": wrong}


def _wrong(row: Row) -> bool:
    if isinstance(row.score, TurnScore):
        return row.score.cut_offs > 0 or row.score.delay_ms is None
    return not row.score.yielded if row.kind == "interruption" else bool(row.score.failure)


def draw(counts: Results, split: str) -> str:
    """The curve of one part of the corpus, as an SVG."""
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
    parser.add_argument("--quick", action="store_true", help="play a third of the callers, in half a minute")
    parser.add_argument("--part", choices=[*SPLITS, RECORDED], action="append", help="only this part (repeatable)")
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
    parts = options.part or [*SPLITS, RECORDED]
    local = options.stt == "local"
    todo = jobs(parts, options.seed, quick=options.quick, local=local)
    folder = options.folder or (SPEECH if SPEECH.is_dir() else None)
    if folder and RECORDED in parts:
        try:
            entries = labelled(folder)
        except BadLabels as error:
            sys.exit(str(error))
        todo += folder_jobs([*entries, *pieces(folder)], RECORDED, local=local)
        if wordless := sum(entry.wordless for entry in entries):
            print(f"{wordless} of {len(entries)} recordings in {folder} have no words: the STT gives placeholders")
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
