"""Reports rehearsals: `telephony rehearse`. Pure, except that it may write new tapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from telephony.core.policy import Policy
from telephony.tape.codec import BadTape
from telephony.tape.compare import Totals, moments, row_text, rows, totals, totals_text
from telephony.tape.format import PIPELINE, Header
from telephony.tape.reader import Tape
from telephony.tape.rehearsal.rehearse import Rehearsal, changes, rehearse, with_settings
from telephony.tape.writer import write

Tell = Callable[[str], None]


def rehearse_all(
    tapes: Iterable[Tape],
    tell: Tell,
    settings: Sequence[str] = (),
    policy: Policy | None = None,
    language: str | None = None,
    out: Path | None = None,
) -> int:
    """Rehearses tapes with `policy` (None: each tape's own) changed by `settings`; reports each, and the sums.

    `out` is a folder for tapes of the rehearsals (None: write none). Returns the exit code: 0 if nothing changes, 1 if
    something does, 2 if a tape is damaged or there is none. Tapes are taken one by one and not kept. Raises BadTape,
    OSError.
    """
    then, now, code, count = Totals(), Totals(), 0, 0
    coming = iter(tapes)
    first = list(islice(coming, 2))  # a single tape is shown in full
    several = len(first) > 1
    while (tape := first.pop(0) if first else next(coming, None)) is not None:
        count += 1
        if tape.header.engine != PIPELINE and several:  # report it, and go on with the other tapes
            tell(f"{tape.path}: held by {tape.header.engine!r}: only calls of the pipeline can be rehearsed")
            continue
        done = rehearse(tape, changed(tape.header, settings, policy, language))
        code = max(code, report(done, tell, whole=not several))
        then += totals(done.then, done.diverged_ms)
        now += totals(done.now, done.diverged_ms)
        if out is not None:
            tell(f"  written to {_written(done, out)}")
        del tape, done
    if not count:
        return 2
    tell("")
    if several:
        tell(f"All {count} calls, {then.call_ms / 1000:.0f} s that can be compared:")
    for line in totals_text(then, now):
        tell(f"  {line}")
    return code


def changed(header: Header, settings: Sequence[str], policy: Policy | None, language: str | None) -> Header:
    """The header of a rehearsal with these changes. Raises BadTape."""
    if header.engine != PIPELINE:
        raise BadTape(f"only calls of the pipeline can be rehearsed; this one was held by {header.engine!r}")
    base = header.policy if policy is None else policy
    return replace(
        header,
        policy=with_settings(base, settings),
        language=header.language if language is None else language,
        made=",".join(dict.fromkeys((*header.made.split(","), "rehearsed"))),
    )


def report(done: Rehearsal, tell: Tell, whole: bool) -> int:
    """Reports one rehearsal; returns its exit code. `whole` shows all moments, otherwise only those that differ."""
    tape = done.tape
    compared = rows(moments(done.then), moments(done.now))
    differs = [row for row in compared if not row.same]
    verdict = "the same" if not differs else f"{len(differs)} moment{'s' * (len(differs) > 1)} would be different"
    tell(f"{tape.path}: {tape.length_ms / 1000:.1f} s: {verdict}")
    for change in changes(tape.header.policy, done.header.policy):
        tell(f"  {change}")
    for problem in tape.problems:
        tell(f"  {problem}")
    parted = False
    for row in compared if whole else differs:
        if not parted and done.diverged_ms is not None and row.at >= done.diverged_ms:
            parted = True
            tell(f"  {'':2}{done.diverged_ms / 1000:7.2f} s  --- from here on the caller has heard something else ---")
        tell(f"  {row_text(row)}")
    if done.made_up:
        tell(f"  ({done.made_up} answer{'s' * (done.made_up > 1)} of the rehearsal are placeholders)")
    return 2 if not tape.good else 1 if differs else 0


def _written(done: Rehearsal, out: Path) -> Path:
    folder = out / done.tape.name
    write(folder, done.header, done.steps)
    return folder
