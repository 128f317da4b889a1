"""A process that runs tests against changed modules: `python -m tests.bench.mutants.worker`.

It reads jobs from standard input, one line of JSON each, and answers each with one line. Every job runs in a fork of
this process, which has loaded pytest and all third-party modules but nothing of the package under test. So a job costs
no more than importing the package and its tests, leaves nothing behind, and shares no module with another job.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.bench.mutants.change import changed
from tests.bench.mutants.modules import module_name, record_hits, replace_module

QUIETLY = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain")
MEMORY_BYTES = 4 << 30
"""Address space of a job: a mutant that allocates without end fails instead of exhausting the machine's memory."""


class Chosen:
    """A pytest plugin that runs only these tests, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )


class Survey:
    """A pytest plugin that records each test's processor time and the lines it runs."""

    def __init__(self, taken: Callable[[], dict[str, list[int]]]) -> None:
        self._taken = taken
        self.tests: dict[str, tuple[float, dict[str, list[int]]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._taken()
        start = time.process_time()
        result = yield
        self.tests[item.nodeid] = (time.process_time() - start, self._taken())
        return result


def survey(paths: Sequence[str], tests: Sequence[str]) -> dict[str, Any]:
    """Runs all tests on unchanged code. Returns `tests` (seconds, lines by path) and the `modules` that they loaded; if
    a test fails, only `failed`: the end of pytest's output."""

    def work() -> dict[str, Any]:
        before = set(sys.modules)
        plugin = Survey(record_hits(paths))
        code = pytest.main([*QUIETLY, *tests], plugins=[plugin])
        new = [name for name in sys.modules if name not in before]
        return {"code": int(code), "tests": plugin.tests, "modules": new}

    answer = forked(work, None)
    return answer if answer.get("code") == 0 else {"failed": answer["output"]}


def mutant(path: str, number: int | None, tests: Sequence[str], limit_s: float) -> dict[str, Any]:
    """Runs the tests with one change made (None: with none) until one fails. `killed` is true if one failed, the time
    ran out, or the package could not be imported."""
    if module_name(path) in sys.modules:
        raise RuntimeError(f"{path} has been imported already: changing it would have no effect")
    tree = None if number is None else changed(Path(path).read_text(encoding="utf-8"), number)

    def work() -> dict[str, Any]:
        if tree is not None:
            replace_module(path, tree)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        return {"code": int(pytest.main([*QUIETLY, *files], plugins=[Chosen(tests)]))}

    return {"killed": forked(work, limit_s).get("code") != 0}


def forked(work: Callable[[], dict[str, Any]], limit_s: float | None) -> dict[str, Any]:
    """Runs `work` in a child process. Returns its result and `output`, the end of what it printed; only the latter if
    the child ended early."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as result:
        child = os.fork()
        if child == 0:
            try:
                # The signals of these timers end the process whatever it does. ITIMER_PROF counts processor time, so
                # that a busy machine kills no mutant; ITIMER_REAL ends a test that only waits.
                signal.setitimer(signal.ITIMER_PROF, limit_s or 0)
                signal.setitimer(signal.ITIMER_REAL, 20 * (limit_s or 0))
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
                for number in (1, 2):
                    os.dup2(output.fileno(), number)
                found = work()
                result.write(json.dumps(found).encode())
                result.flush()
            finally:
                sys.stdout.flush()
                os._exit(0)
        os.waitpid(child, 0)
        result.seek(0)
        output.seek(0)
        shown = output.read().decode(errors="replace")[-4_000:]
        return {**json.loads(result.read() or "{}"), "output": shown}


def warm(modules: Sequence[str], ours: Sequence[str]) -> dict[str, Any]:
    """Imports those of `modules` whose top-level package is not one of `ours`."""
    for name in modules:
        if name.partition(".")[0] not in ours:
            try:
                importlib.import_module(name)
            except Exception:  # some modules exist only inside the tests
                continue
    gc.freeze()
    return {}


def main() -> None:
    """Answers jobs until standard input ends."""
    sys.path.insert(0, os.getcwd())
    hypothesis.settings.register_profile(
        "mutants",
        database=None,
        derandomize=True,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    hypothesis.settings.load_profile("mutants")
    for line in sys.stdin:
        job = json.loads(line)
        match job.pop("job"):
            case "survey":
                answer = survey(**job)
            case "warm":
                answer = warm(**job)
            case "mutant":
                answer = mutant(**job)
            case other:
                raise ValueError(other)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
