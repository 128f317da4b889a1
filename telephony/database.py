"""A SQLite file that only its owner may read, shared by every process that uses it; or a database in memory. Blocking.

Each transaction has a connection of its own and reads and writes alone (`BEGIN IMMEDIATE`); what it has changed is on
the disk when it ends (`synchronous=FULL`).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from telephony.files import private_folder

BUSY_S = 10.0
"""How long a process waits for another one's transaction."""


class Database:
    """The database at `path` (None: in memory), whose `schema` are statements that may be executed again."""

    def __init__(self, path: Path | None, schema: Sequence[str]) -> None:
        self.path = path
        self._schema = schema
        self._prepared = False
        self._memory = None if path else sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._lock = Lock()

    @property
    def empty(self) -> bool:
        """Whether nothing has ever been stored, so that there is nothing to read and no file to make for it."""
        return not self._prepared and self.path is not None and not self.path.exists()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is committed at the end, or rolled back. Raises OSError and
        sqlite3.Error."""
        if self._memory is not None:
            with self._lock, self._one(self._memory) as connection:
                yield connection
            return
        self._prepare_file()
        connection = sqlite3.connect(str(self.path), timeout=BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            with self._one(connection):
                yield connection
        finally:
            connection.close()

    @contextmanager
    def _one(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in () if self._prepared else self._schema:
                connection.execute(statement)
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        self._prepared = True

    def _prepare_file(self) -> None:
        if self._prepared or self.path is None:
            return
        private_folder(self.path.parent)
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600))
