"""A SQLite file that only its owner may read, shared by every process that uses it; or a database in memory. Blocking.

Each transaction has a connection of its own and reads and writes alone (`BEGIN IMMEDIATE`); what it has changed is on
the disk when it ends (`synchronous=FULL`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from telephony.files import private_folder


class Database:
    """The database at `path` (None: in memory), whose `schema` are statements that may be executed again. `busy_s`: how
    long a process waits for another one's transaction."""

    def __init__(self, path: Path | None, schema: Sequence[str], busy_s: float) -> None:
        self._path, self._schema, self._busy_s = path, schema, busy_s
        self._memory = None if path else sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._lock = Lock()

    @property
    def empty(self) -> bool:
        """Whether nothing was ever stored, so that there is nothing to read and no file to make for it."""
        return self._path is not None and not os.path.exists(self._path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is committed at the end, or rolled back. Raises OSError and
        sqlite3.Error."""
        if self._path is None:
            assert self._memory is not None, "made with the object"
            with self._lock, self._one(self._memory):
                yield self._memory
            return
        private_folder(self._path.parent)
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self._path, timeout=self._busy_s, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            with self._one(connection):
                yield connection

    @contextmanager
    def _one(self, connection: sqlite3.Connection) -> Iterator[None]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in self._schema:
                connection.execute(statement)
            yield
        except BaseException:
            if connection.in_transaction:  # SQLite ends it by itself on a full disk
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
