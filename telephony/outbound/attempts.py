"""The attempts on disk: one SQLite file, shared by every process that uses the same data directory.

Theory of operation. `claim` stores an attempt before anything is sent to the carrier. The database itself keeps two
promises, whatever processes do at the same time: a key belongs to one attempt for ever, and a number has at most one
attempt that is not over. Whoever is told that the attempt is new sends the one POST; nobody else ever does. Changes
read and write in one transaction (`BEGIN IMMEDIATE`), and are on the disk when the call returns (`synchronous=FULL`).

The file is readable by its owner only: it holds the numbers and variables of the people called. Blocking: the
asynchronous methods run in a thread.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt, Outcome
from telephony.storage.database import Database

NAME = "calls.sqlite3"
BUSY_S = 10.0
"""How long a process waits for another one's transaction."""
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS attempts (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, callee TEXT NOT NULL, "
    "call_sid TEXT NOT NULL, is_over INTEGER NOT NULL, created_s REAL NOT NULL, body TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS one_at_a_time ON attempts (callee) WHERE is_over = 0",
    "CREATE INDEX IF NOT EXISTS by_call ON attempts (call_sid)",
    "CREATE TABLE IF NOT EXISTS store (one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL)",
    "INSERT OR IGNORE INTO store VALUES (1, lower(hex(randomblob(16))))",
)


class Attempts:
    """The attempts in `directory`. Methods raise DialRefused with code `no_store` if they cannot be kept there."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME

    async def claim(self, attempt: Attempt) -> tuple[Attempt, bool]:
        """Stores the attempt, which then is on the disk, unless its key is known already: then returns the stored one
        and False. Raises DialRefused with code `already_calling` if another attempt to this number is not over."""
        return await asyncio.to_thread(self._claim, attempt)

    async def get(self, attempt_id: str) -> Attempt | None:
        return await asyncio.to_thread(self._find, "id = ?", attempt_id)

    async def by_key(self, key: str) -> Attempt | None:
        return await asyncio.to_thread(self._find, "key = ?", key)

    async def by_call(self, call_sid: str) -> Attempt | None:
        return await asyncio.to_thread(self._find, "call_sid = ? AND call_sid != ''", call_sid)

    async def open(self) -> list[Attempt]:
        """The attempts that are not over, the oldest first."""
        return await asyncio.to_thread(self._all, "is_over = 0")

    async def known_calls(self, to: str) -> set[str]:
        """The SIDs of all calls that belong to an attempt to this number."""
        return {one.call_sid for one in await asyncio.to_thread(self._all, "callee = ?", to) if one.call_sid}

    async def change(self, attempt_id: str, change: Callable[[Attempt], Attempt]) -> Attempt | None:
        """Applies `change` to the stored attempt in one transaction; returns what is stored now, None if there is no
        such attempt. `change` runs in a thread, and may run while other processes wait: it must be pure."""
        return await asyncio.to_thread(self._change, attempt_id, change)

    async def identity(self) -> str:
        """A random text, made with the file."""
        return await asyncio.to_thread(self._identity)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _claim(self, attempt: Attempt) -> tuple[Attempt, bool]:
        with self._transaction() as database:
            if (kept := _one(database, "key = ?", attempt.key)) is not None:
                return kept, False
            if (other := _one(database, "callee = ? AND is_over = 0", attempt.to)) is not None:
                raise DialRefused(
                    f"another call to this number is not over yet (its key is {other.key}): wait for its end",
                    code="already_calling",
                )
            database.execute("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", _row(attempt))
        return attempt, True

    def _change(self, attempt_id: str, change: Callable[[Attempt], Attempt]) -> Attempt | None:
        with self._transaction() as database:
            before = _one(database, "id = ?", attempt_id)
            if before is None:
                return None
            now = change(before)
            if before.over and not now.over and _one(database, "callee = ? AND is_over = 0", now.to) is not None:
                return before  # unknown, found again while the next attempt is made: that one decides
            if now != before:
                database.execute(
                    "UPDATE attempts SET call_sid = ?, is_over = ?, body = ? WHERE id = ?",
                    (now.call_sid, now.over, _body(now), now.id),
                )
        return now

    def _identity(self) -> str:
        with self._transaction() as database:
            return str(database.execute("SELECT identity FROM store").fetchone()[0])

    def _find(self, where: str, value: str) -> Attempt | None:
        return next(iter(self._all(where, value)), None)

    def _all(self, where: str, *values: str) -> list[Attempt]:
        """Changes nothing: works on a full disk too, and on one that cannot be written to."""
        if not self.path.exists():
            return []
        with self._failing("read"), closing(sqlite3.connect(self.path, timeout=BUSY_S)) as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'attempts'").fetchone() is None:
                return []  # whoever made the file did not come further
            rows = database.execute(f"SELECT body FROM attempts WHERE {where} ORDER BY created_s", values)
            return [_attempt(body) for (body,) in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction of its own, which is committed at the end, or rolled back."""
        with self._failing("recorded"), Database(self.path, _SCHEMA, BUSY_S).transaction() as database:
            yield database

    @contextmanager
    def _failing(self, done: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise DialRefused(
                f"calls cannot be {done} in {self.path} ({error}), so none is placed: make TELEPHONY_DATA a folder "
                "that can be written to",
                code="no_store",
            ) from error


def _one(database: sqlite3.Connection, where: str, value: str) -> Attempt | None:
    row = database.execute(f"SELECT body FROM attempts WHERE {where}", (value,)).fetchone()
    return None if row is None else _attempt(row[0])


def _row(attempt: Attempt) -> tuple[Any, ...]:
    return (
        attempt.id, attempt.key, attempt.to, attempt.call_sid, attempt.over, attempt.created_s, _body(attempt),
    )  # fmt: skip


def _body(attempt: Attempt) -> str:
    return json.dumps(asdict(attempt) | {"variables": dict(attempt.variables)}, ensure_ascii=False)


def _attempt(body: str) -> Attempt:
    found = json.loads(body)
    found["outcome"] = Outcome(found["outcome"]) if found["outcome"] else None
    return Attempt(**found)
