"""The record of attempts on disk: what several processes may do to it at once."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from telephony.errors import DialRefused
from telephony.outbound import attempts
from telephony.outbound.attempt import Attempt, Outcome, given_up
from telephony.outbound.attempts import Attempts

ATTEMPT = Attempt("id-1", "key-1", "+12025550123", "+12025550100", 1.0, variables={"name": "Zoë"})


async def test_an_attempt_survives_and_belongs_to_its_owner(tmp_path: Path) -> None:
    """The next process finds it as it was; nobody else can read the file or its folder."""
    store = tmp_path / "new" / "data"
    assert await Attempts(store).claim(ATTEMPT) == (ATTEMPT, True)
    again = Attempts(store)
    assert await again.get("id-1") == await again.by_key("key-1") == ATTEMPT
    assert await again.open() == [ATTEMPT]
    assert stat.S_IMODE(os.stat(again.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(store).st_mode) == 0o700


async def test_a_key_is_one_attempt_for_ever(tmp_path: Path) -> None:
    """Whether or not the first is over, and whatever the second is about."""
    store = Attempts(tmp_path)
    await store.claim(ATTEMPT)
    other = replace(ATTEMPT, id="id-2", to="+12025550124")
    assert await store.claim(other) == (ATTEMPT, False)
    over = await store.change("id-1", given_up)
    assert await Attempts(tmp_path).claim(other) == (over, False)


async def test_a_number_has_one_attempt_at_a_time(tmp_path: Path) -> None:
    """The next one waits until the first is over."""
    store, other = Attempts(tmp_path), replace(ATTEMPT, id="id-2", key="key-2")
    await store.claim(ATTEMPT)
    with pytest.raises(DialRefused, match="key-1") as refused:
        await store.claim(other)
    assert refused.value.code == "already_calling"
    await store.change("id-1", given_up)
    assert await store.claim(other) == (other, True)


async def test_an_unknown_one_is_not_reopened_beside_the_next(tmp_path: Path) -> None:
    """A late report of the first must not break the promise of one at a time."""
    store = Attempts(tmp_path)
    await store.claim(ATTEMPT)
    await store.change("id-1", given_up)
    await store.claim(replace(ATTEMPT, id="id-2", key="key-2"))
    kept = await store.change("id-1", lambda attempt: replace(attempt, outcome=None))
    assert kept is not None
    assert kept.outcome is Outcome.UNKNOWN


async def test_of_many_at_once_one_is_told_to_dial(tmp_path: Path) -> None:
    """Threads with stores of their own, as processes have."""
    claims = [
        asyncio.create_task(Attempts(tmp_path).claim(replace(ATTEMPT, id=f"id-{number}"))) for number in range(12)
    ]
    assert sum([new for _, new in await asyncio.gather(*claims)]) == 1


def test_processes_too(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from telephony.outbound.attempt import Attempt; from telephony.outbound.attempts import Attempts\n"
        "claim = Attempts(Path(sys.argv[1])).claim(Attempt(sys.argv[2], 'key', '+12025550123', '+12025550100', 1.0))\n"
        "print(asyncio.run(claim)[1])"
    )
    root = str(Path(__file__).parents[2])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), f"id-{number}"],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root},
        )
        for number in range(3)
    ]  # fmt: skip
    said = [process.communicate(timeout=120)[0].strip() for process in running]
    assert sorted(said) == ["False", "False", "True"]


async def test_a_folder_that_cannot_be_written_means_that_nothing_is_dialled(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DialRefused, match="TELEPHONY_DATA") as refused:
        await Attempts(tmp_path / "file").claim(ATTEMPT)
    assert refused.value.code == "no_store"


def test_a_full_disk_means_that_nothing_is_dialled_and_what_is_there_is_kept(tmp_path: Path) -> None:
    """In a process of its own, whose files may grow no further."""
    asyncio.run(Attempts(tmp_path).claim(ATTEMPT))
    program = (
        "import asyncio, resource, signal, sys; from pathlib import Path; from dataclasses import replace\n"
        "from telephony.errors import DialRefused; from telephony.outbound.attempts import Attempts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); store = Attempts(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512)); kept = asyncio.run(store.get('id-1'))\n"
        "try: asyncio.run(store.claim(replace(kept, id='id-2', key='key-2', to='+12025550124')))\n"
        "except DialRefused as error: print(kept.key, error.code)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert shown.stdout.split() == ["key-1", "no_store"], shown.stderr
    assert asyncio.run(Attempts(tmp_path).open()) == [ATTEMPT]


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "calls.sqlite3").write_text("not a database" * 100)
    with pytest.raises(DialRefused) as refused:
        await Attempts(tmp_path).claim(ATTEMPT)
    assert refused.value.code == "no_store"


async def test_nothing_is_made_by_reading(tmp_path: Path) -> None:
    store = Attempts(tmp_path)
    assert await store.get("x") is None
    assert await store.open() == []
    assert await store.by_call("CA1") is None
    assert not store.path.exists()


async def test_a_file_that_was_only_begun_is_used(tmp_path: Path) -> None:
    """Its maker was killed before the tables were made, or somebody has emptied it."""
    store = Attempts(tmp_path)
    store.path.touch()
    assert await store.by_key("key-1") is None
    assert await store.claim(ATTEMPT) == (ATTEMPT, True)


async def test_a_file_that_disappears_is_made_again(tmp_path: Path) -> None:
    """For the next attempt, by the same process."""
    store = Attempts(tmp_path)
    await store.claim(ATTEMPT)
    store.path.unlink()
    assert await store.get("id-1") is None
    assert await store.claim(ATTEMPT) == (ATTEMPT, True)
    assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600


async def test_what_is_stored_can_be_read_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process holds the lock for longer than is waited for."""
    monkeypatch.setattr(attempts, "BUSY_S", 0.01)
    store = Attempts(tmp_path)
    await store.claim(ATTEMPT)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await store.get("id-1") == ATTEMPT
        for refused in (store.claim(replace(ATTEMPT, id="id-2", key="k")), store.change("id-1", given_up)):
            with pytest.raises(DialRefused, match="locked") as error:
                await refused
            assert error.value.code == "no_store"


async def test_changes_of_several_at_once_are_all_kept(tmp_path: Path) -> None:
    """Each reads and writes in one transaction."""
    await Attempts(tmp_path).claim(ATTEMPT)

    def add(attempt: Attempt, name: str) -> Attempt:
        return replace(attempt, variables={**attempt.variables, name: "x"})

    await asyncio.gather(*(Attempts(tmp_path).change("id-1", partial(add, name=f"n{i}")) for i in range(8)))
    kept = await Attempts(tmp_path).get("id-1")
    assert kept is not None
    assert len(kept.variables) == 9
