"""Finds mistakes in the core that no test would notice: `scripts/bench mutants`.

Makes small changes (change.py), one at a time, to the modules that decide about turn-taking, listening and speaking.
For each, the tests that run the changed statement are run, the quickest first, until one fails. A change with which all
of them pass is a survivor: either a test is missing, or the change makes no difference. Changes that make none are
listed with the reason in survivors.toml and not counted. A change whose tests exceed their time limit (five times their
usual time, plus 5 s) counts as killed.

The changes are sampled at random from all there are, reproducibly by the seed. The interval is Wilson's, 95 %. Files of
the working tree are read but never written. The exit code is 0 if at least 90 % were killed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.bench.mutants.change import Change, changes
from tests.bench.turns.score import Rate

ROOT = Path(__file__).parents[3]
ROOMS = ("turn_taking", "listening", "speaking")
FILES = tuple(f"telephony/core/{room}/*.py" for room in ROOMS)
DATA = frozenset({"__init__", "events", "actions", "english"})
"""Modules of vocabulary and language data, which hold no decisions to test."""
TESTS = ("tests/core", "tests/tapes")
LISTED = Path(__file__).with_name("survivors.toml")
ENOUGH = 0.9
CONTROL = 50
"""Tests that each worker first runs against unchanged code, to check that they pass."""

Equivalents = Mapping[tuple[str, str, str], str]
Progress = Callable[[int, "Mutant", bool], None]
"""Called after each mutant with the number done so far, the mutant, and whether it was killed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """Change `number` of the file `path`, counted as `change.changes` yields them."""

    path: str
    number: int
    change: Change

    @property
    def key(self) -> tuple[str, str, str]:
        """Its key in survivors.toml, without folder and line: those change more often than the code does."""
        return Path(self.path).stem, self.change.name, str(self.change)

    def __str__(self) -> str:
        return f"{self.path}:{self.change.line} {self.change.name or 'at import'}: {self.change}"


@dataclass(frozen=True, slots=True)
class Project:
    """The files to change (glob patterns) and the tests to run, both relative to `root`."""

    root: Path
    files: tuple[str, ...]
    tests: tuple[str, ...]

    def paths(self) -> list[str]:
        """The files to change, relative to the root, in order."""
        found = sorted(path for pattern in self.files for path in self.root.glob(pattern))
        return [path.relative_to(self.root).as_posix() for path in found if path.stem not in DATA]

    def mutants(self) -> list[Mutant]:
        """Every change of every file."""
        trees = ((path, ast.parse((self.root / path).read_text(encoding="utf-8"))) for path in self.paths())
        return [Mutant(path, n, change) for path, tree in trees for n, change in enumerate(changes(tree))]


class Worker:
    """A process that runs worker.py and answers one job at a time."""

    def __init__(self, root: Path) -> None:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.mutants.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTEST_ADDOPTS": ""},
        )

    def ask(self, job: str, **what: Any) -> Any:
        """Sends one job and returns its answer. Blocks; raises RuntimeError if the process has died."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"job": job, **what}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("a worker died")
        return json.loads(answer)

    def stop(self) -> None:
        """Ends the process and waits for it."""
        self._process.communicate()


class Survey:
    """Which lines each test runs, and how many seconds it takes."""

    def __init__(self, tests: Mapping[str, tuple[float, Mapping[str, Sequence[int]]]]) -> None:
        self.seconds = {test: seconds for test, (seconds, _) in tests.items()}
        self.quickest = sorted(self.seconds, key=lambda test: self.seconds[test])
        self._ran: dict[tuple[str, int], set[str]] = {}
        for test, (_, ran) in tests.items():
            for path, lines in ran.items():
                for line in lines:
                    self._ran.setdefault((path, line), set()).add(test)

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that run the changed statement, the quickest first; all tests if it runs at import."""
        statement = mutant.change.statement
        if statement is None:
            return self.quickest
        ran = self._ran.get((mutant.path, statement), set())
        return [test for test in self.quickest if test in ran]

    def limit_s(self, tests: Iterable[str]) -> float:
        """The time limit for running these tests against a change."""
        return 5 * sum(self.seconds[test] for test in tests) + 5


def run(
    project: Project, chosen: Sequence[Mutant], workers: int, progress: Progress | None = None
) -> tuple[Survey, dict[Mutant, bool]]:
    """The survey, and whether each chosen mutant was killed. Raises SystemExit if tests fail without any change."""
    first = Worker(project.root)
    answer = first.ask("survey", paths=project.paths(), tests=project.tests)
    if "failed" in answer:
        first.stop()
        sys.exit(f"{answer['failed']}\nscripts/bench mutants: the tests must pass before anything is changed")
    survey, waiting, killed = Survey(answer["tests"]), SimpleQueue[Mutant](), dict[Mutant, bool]()
    for mutant in chosen:
        waiting.put(mutant)
    ours = sorted({path.partition("/")[0] for path in (*project.paths(), *project.tests)} | {"conftest", "telephony"})

    def work(worker: Worker) -> None:
        worker.ask("warm", modules=answer["modules"], ours=ours)
        if worker.ask("mutant", path="", number=None, tests=survey.quickest[:CONTROL], limit_s=60)["killed"]:
            raise RuntimeError("tests fail in this worker without any change, so its results would mean nothing")
        while True:
            try:
                mutant = waiting.get_nowait()
            except Empty:
                return worker.stop()
            tests = survey.tests(mutant)
            what = {"path": mutant.path, "number": mutant.number, "tests": tests, "limit_s": survey.limit_s(tests)}
            killed[mutant] = bool(tests) and worker.ask("mutant", **what)["killed"]
            if progress is not None:
                progress(len(killed), mutant, killed[mutant])

    others = [Worker(project.root) for _ in range(workers - 1)]
    threads = [threading.Thread(target=work, args=(worker,)) for worker in (first, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return survey, killed


def listed(path: Path = LISTED) -> Equivalents:
    """The changes known to make no difference, by `Mutant.key`, each with the reason."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {(one["module"], one["name"], one["change"]): one["reason"] for one in table.get("equivalent", [])}


def report(survey: Survey, killed: Mapping[Mutant, bool], equivalents: Equivalents) -> tuple[str, bool]:
    """The report as text, and whether the run succeeded: enough were killed, and no listed change was."""
    ordered = sorted(killed, key=lambda mutant: (mutant.path, mutant.number))
    same = [mutant for mutant in ordered if not killed[mutant] and mutant.key in equivalents]
    counted = [mutant for mutant in ordered if mutant not in same]
    rate = Rate(sum(killed[mutant] for mutant in counted), len(counted))
    low, high = rate.interval
    lines = [f"killed {rate.count} of {rate.total}: {rate.share:.1%} ({low:.1%} to {high:.1%})", ""]
    totals, kills = Counter(one.path for one in counted), Counter(one.path for one in counted if killed[one])
    lines += [f"  {kills[path]:4d} of {total:4d}  {path}" for path, total in sorted(totals.items())]
    survivors = [mutant for mutant in counted if not killed[mutant]]
    if survivors:
        lines += ["", "survived:"]
    for mutant in survivors:
        tests = survey.tests(mutant)
        ran = ", ".join(tests[:3]) + (", ..." if len(tests) > 3 else "")
        lines += [f"  {mutant}", f"      {len(tests)} tests ran{': ' if tests else ''}{ran}"]
    if same:
        lines += ["", "survived, but makes no difference:"]
    lines += [line for mutant in same for line in (f"  {mutant}", f"      {equivalents[mutant.key]}")]
    wrong = [mutant for mutant in counted if killed[mutant] and mutant.key in equivalents]
    lines += [f"listed as making no difference, but killed: {mutant}" for mutant in wrong]
    return "\n".join(lines), rate.share >= ENOUGH and not wrong


def main(arguments: list[str]) -> None:
    """`scripts/bench mutants`."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="number of changes to sample (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default 1)")
    parser.add_argument("--module", action="append", help="change only files of this name, e.g. barge_in (repeatable)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2, help="processes (default: one a core)")
    options = parser.parse_args(arguments)
    project, start, equivalents = Project(ROOT, FILES, TESTS), time.monotonic(), listed()
    everything = project.mutants()
    for key in sorted(set(equivalents) - {mutant.key for mutant in everything}):
        print(f"survivors.toml lists a change that no longer exists: {' | '.join(key)}")
    of = [mutant for mutant in everything if not options.module or Path(mutant.path).stem in options.module]
    chosen = random.Random(options.seed).sample(of, min(options.count, len(of)))

    def progress(done: int, mutant: Mutant, dead: bool) -> None:
        print(f"{done}/{len(chosen)} {'killed  ' if dead else 'SURVIVED'} {mutant}", file=sys.stderr, flush=True)

    survey, killed = run(project, chosen, options.workers, progress)
    text, enough = report(survey, killed, equivalents)
    spent = time.monotonic() - start
    print(
        f"{len(chosen)} of {len(of)} changes, seed {options.seed}, {len(survey.seconds)} tests, {spent:.0f} s\n{text}"
    )
    sys.exit(0 if enough else 1)
