"""Which mistakes in the core would no test notice? `scripts/bench mutants`.

Small changes (change.py) are made to the modules that decide about turn-taking, listening and speaking, one at a time;
the tests that run the changed statement are run, the quickest first, up to the first that fails. A change that no test
notices is a survivor: a hole in the tests, or a change that makes no difference. The latter are listed with the reason
in survivors.toml and count neither way. What runs out of time (five times what its tests take, and 5 s) was noticed.

The sample is drawn by its seed from all changes; the interval is Wilson's, 95 %. The files of the working tree are only
read. Exit code 0 if at least 90 % are noticed.
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
"""Vocabulary and language data: nothing in them decides."""
TESTS = ("tests/core", "tests/tapes")
LISTED = Path(__file__).with_name("survivors.toml")
ENOUGH = 0.9
CONTROL = 50
"""So many tests each worker first runs against no change at all: they must pass."""

Equivalents = Mapping[tuple[str, str, str], str]
Say = Callable[[int, "Mutant", bool], None]
"""Told after each mutant: how many are done, which it was, and whether it was killed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """The change with this number of a file, and the tests that may notice it."""

    path: str
    number: int
    change: Change

    @property
    def key(self) -> tuple[str, str, str]:
        """How survivors.toml names it: without folder and line, which change more often than the code does."""
        return Path(self.path).stem, self.change.name, str(self.change)

    def __str__(self) -> str:
        return f"{self.path}:{self.change.line} {self.change.name or 'at import'}: {self.change}"


@dataclass(frozen=True, slots=True)
class Project:
    """What is changed and what is run, from a folder on."""

    root: Path
    files: tuple[str, ...]
    tests: tuple[str, ...]

    def paths(self) -> list[str]:
        """The files, from the root."""
        found = sorted(path for pattern in self.files for path in self.root.glob(pattern))
        return [path.relative_to(self.root).as_posix() for path in found if path.stem not in DATA]

    def mutants(self) -> list[Mutant]:
        """All that there are."""
        trees = ((path, ast.parse((self.root / path).read_text(encoding="utf-8"))) for path in self.paths())
        return [Mutant(path, n, change) for path, tree in trees for n, change in enumerate(changes(tree))]


class Worker:
    """A process of worker.py: a question, an answer."""

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
        """The answer to one job."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"job": job, **what}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("a worker died")
        return json.loads(answer)

    def stop(self) -> None:
        """And waits for it."""
        self._process.communicate()


class Survey:
    """Which test runs what, and for how long."""

    def __init__(self, tests: Mapping[str, tuple[float, Mapping[str, Sequence[int]]]]) -> None:
        self.seconds = {test: seconds for test, (seconds, _) in tests.items()}
        self.quickest = sorted(self.seconds, key=lambda test: self.seconds[test])
        self._ran: dict[tuple[str, int], set[str]] = {}
        for test, (_, ran) in tests.items():
            for path, lines in ran.items():
                for line in lines:
                    self._ran.setdefault((path, line), set()).add(test)

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that run the statement, the quickest first; all of them if it runs at import."""
        statement = mutant.change.statement
        if statement is None:
            return self.quickest
        ran = self._ran.get((mutant.path, statement), set())
        return [test for test in self.quickest if test in ran]

    def limit_s(self, tests: Iterable[str]) -> float:
        return 5 * sum(self.seconds[test] for test in tests) + 5


def run(
    project: Project, chosen: Sequence[Mutant], workers: int, say: Say | None = None
) -> tuple[Survey, dict[Mutant, bool]]:
    """Whether each was killed. SystemExit if the tests fail by themselves."""
    first = Worker(project.root)
    told = first.ask("survey", paths=project.paths(), tests=project.tests)
    if "failed" in told:
        first.stop()
        sys.exit(f"{told['failed']}\nscripts/bench mutants: the tests must pass before anything is changed")
    survey, waiting, killed = Survey(told["tests"]), SimpleQueue[Mutant](), dict[Mutant, bool]()
    for mutant in chosen:
        waiting.put(mutant)
    ours = sorted({path.partition("/")[0] for path in (*project.paths(), *project.tests)} | {"conftest", "telephony"})

    def work(worker: Worker) -> None:
        worker.ask("warm", modules=told["modules"], ours=ours)
        if worker.ask("mutant", path="", number=None, tests=survey.quickest[:CONTROL], limit_s=60)["killed"]:
            raise RuntimeError("tests fail without a change: nothing that this worker says would mean anything")
        while True:
            try:
                mutant = waiting.get_nowait()
            except Empty:
                return worker.stop()
            tests = survey.tests(mutant)
            what = {"path": mutant.path, "number": mutant.number, "tests": tests, "limit_s": survey.limit_s(tests)}
            killed[mutant] = bool(tests) and worker.ask("mutant", **what)["killed"]
            if say is not None:
                say(len(killed), mutant, killed[mutant])

    others = [Worker(project.root) for _ in range(workers - 1)]
    threads = [threading.Thread(target=work, args=(worker,)) for worker in (first, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return survey, killed


def listed(path: Path = LISTED) -> Equivalents:
    """The changes known to make no difference, each with the reason."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {(one["module"], one["name"], one["change"]): one["reason"] for one in table.get("equivalent", [])}


def report(survey: Survey, killed: Mapping[Mutant, bool], equivalents: Equivalents) -> tuple[str, bool]:
    """What is shown, and whether enough were killed."""
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
    lines += [f"listed as making no difference, and killed: {mutant}" for mutant in wrong]
    return "\n".join(lines), rate.share >= ENOUGH and not wrong


def main(arguments: list[str]) -> None:
    """`scripts/bench mutants`."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench mutants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="how many changes; all of them if there are fewer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", help="only of files with this name, such as barge_in; repeatable")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args(arguments)
    project, start, equivalents = Project(ROOT, FILES, TESTS), time.monotonic(), listed()
    everything = project.mutants()
    for key in sorted(set(equivalents) - {mutant.key for mutant in everything}):
        print(f"survivors.toml: there is no such change any more: {' | '.join(key)}")
    of = [mutant for mutant in everything if not options.module or Path(mutant.path).stem in options.module]
    chosen = random.Random(options.seed).sample(of, min(options.count, len(of)))

    def say(done: int, mutant: Mutant, dead: bool) -> None:
        print(f"{done}/{len(chosen)} {'killed  ' if dead else 'SURVIVED'} {mutant}", file=sys.stderr, flush=True)

    survey, killed = run(project, chosen, options.workers, say)
    text, enough = report(survey, killed, equivalents)
    spent = time.monotonic() - start
    print(
        f"{len(chosen)} of {len(of)} changes, seed {options.seed}, {len(survey.seconds)} tests, {spent:.0f} s\n{text}"
    )
    sys.exit(0 if enough else 1)
