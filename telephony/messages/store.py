"""The record of messages: what was sent to whom, who wants no more, and which numbers are landlines.

Theory of operation. `claim` stores a message before anything is sent. In one transaction it asks everything that
depends on the messages before: whether its key, or its text to its number in its call, is known; whether the person has
opted out; whether the call or the number has had enough. Whoever is told that the message is new sends the one POST;
nobody else ever does, in whatever process.

One SQLite file in the data directory, readable by its owner only: it holds phone numbers. Without a directory the
record is in memory, and a restart forgets who has opted out. Blocking: the asynchronous methods run in a thread.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from telephony.errors import MessageRefused
from telephony.messages.message import Kind, Message, Outcome
from telephony.storage.database import Database

NAME = "messages.sqlite3"
BUSY_S = 1.5
"""How long a process waits for another one's transaction, of which a message has three, while somebody listens."""
KEPT_S = 30 * 86_400
"""Messages are forgotten after this time: reports about them come within three days."""
DAY_S = 86_400
FOREVER_S = 1e12
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, call_sid TEXT NOT NULL, "
    "recipient TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL, counts INTEGER NOT NULL, "
    "created_s REAL NOT NULL, body TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS never_twice ON messages (call_sid, recipient, digest) "
    "WHERE counts = 1 AND digest != ''",
    "CREATE INDEX IF NOT EXISTS by_recipient ON messages (recipient, created_s)",
    "CREATE INDEX IF NOT EXISTS by_age ON messages (created_s)",
    "CREATE TABLE IF NOT EXISTS opted_out (number TEXT PRIMARY KEY, until_s REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS lines (number TEXT PRIMARY KEY, landline INTEGER NOT NULL, until_s REAL NOT NULL)",
)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many messages at most: of a kind in a call (refused ones count), and to a number within a day."""

    per_call: int = 3
    per_day: int = 10


class MessageStore:
    """The record in `directory`, or in memory. Methods raise MessageRefused with code `no_store` if it fails."""

    def __init__(self, directory: Path | None) -> None:
        self._database = Database(directory / NAME if directory else None, _SCHEMA, BUSY_S)

    async def claim(self, message: Message, caps: Caps) -> tuple[Message, bool]:
        """Stores the message, unless it is known already: then returns the stored one and False. Raises MessageRefused
        with code `opted_out`, `per_call` or `per_day`."""
        return await asyncio.to_thread(self._claim, message, caps)

    async def known(self, message: Message) -> Message | None:
        """The stored message for which `claim` would take this one, if there is one."""
        return await asyncio.to_thread(self._known, message)

    async def get(self, message_id: str) -> Message | None:
        return await asyncio.to_thread(self._get, message_id)

    async def change(self, message_id: str, change: Callable[[Message], Message]) -> tuple[Message, Message] | None:
        """Applies `change`, which must be pure, in one transaction. Returns the message before and after, or None if
        there is no such message."""
        return await asyncio.to_thread(self._change, message_id, change)

    async def opt_out(self, number: str, until_s: float = FOREVER_S) -> None:
        """Sends nothing to the number until then."""
        await asyncio.to_thread(
            self._execute,
            "INSERT INTO opted_out VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET "
            "until_s = max(until_s, excluded.until_s)",
            number,
            until_s,
        )

    async def opt_in(self, number: str) -> None:
        await asyncio.to_thread(self._execute, "DELETE FROM opted_out WHERE number = ?", number)

    async def is_landline(self, number: str, now_s: float) -> bool | None:
        """Whether the number is known to receive no messages; None if nothing is known."""
        found = await asyncio.to_thread(
            self._execute, "SELECT landline FROM lines WHERE number = ? AND until_s > ?", number, now_s
        )
        return bool(found[0][0]) if found else None

    async def remember_line(self, number: str, landline: bool, until_s: float) -> None:
        await asyncio.to_thread(
            self._execute, "INSERT OR REPLACE INTO lines VALUES (?, ?, ?)", number, landline, until_s
        )

    # --- inside -----------------------------------------------------------------------------------------------------

    def _claim(self, message: Message, caps: Caps) -> tuple[Message, bool]:
        with self._transaction() as database:
            if (kept := _same(database, message)) is not None:
                return kept, False
            _refuse_if_enough(database, message, caps)
            database.execute("DELETE FROM messages WHERE created_s < ?", (message.created_s - KEPT_S,))
            for table in ("opted_out", "lines"):
                database.execute(f"DELETE FROM {table} WHERE until_s < ?", (message.created_s,))
            database.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
                (message.id, message.key, message.call_sid, message.to, message.kind, message.digest,
                 message.created_s, _body(message)),
            )  # fmt: skip
        return message, True

    def _known(self, message: Message) -> Message | None:
        if self._database.empty:
            return None
        with self._transaction() as database:
            return _same(database, message)

    def _get(self, message_id: str) -> Message | None:
        if self._database.empty:
            return None
        with self._transaction() as database:
            return _one(database, "id = ?", message_id)

    def _change(self, message_id: str, change: Callable[[Message], Message]) -> tuple[Message, Message] | None:
        if self._database.empty:
            return None
        with self._transaction() as database:
            before = _one(database, "id = ?", message_id)
            if before is None:
                return None
            now = change(before)
            if now != before:
                counts = now.outcome is not Outcome.REFUSED
                database.execute(
                    "UPDATE OR IGNORE messages SET counts = ? WHERE id = ?", (counts, now.id)
                )  # ignored: it had been refused, and was sent again meanwhile
                database.execute("UPDATE messages SET body = ? WHERE id = ?", (_body(now), now.id))
        return before, now

    def _execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with self._transaction() as database:
            return database.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database.transaction() as database:
                yield database
        except (OSError, sqlite3.Error) as error:
            raise MessageRefused(
                "The message was not sent, because this service cannot record it. Offer to say what is in it.",
                code="no_store",
            ) from error


def _refuse_if_enough(database: sqlite3.Connection, message: Message, caps: Caps) -> None:
    def count(statement: str, *values: object) -> int:
        return int(database.execute(f"SELECT count(*) FROM {statement}", values).fetchone()[0])

    if count("opted_out WHERE number = ? AND until_s > ?", message.to, message.created_s):
        raise MessageRefused(
            "Not sent: the person has asked for no more text messages. They can write START to change that.",
            code="opted_out",
        )
    in_call = count("messages WHERE call_sid = ? AND kind = ?", message.call_sid, message.kind)
    if message.call_sid and in_call >= caps.per_call:
        raise MessageRefused("Not sent: no more text messages are sent in this call.", code="per_call")
    since_s = message.created_s - DAY_S
    if count("messages WHERE recipient = ? AND created_s > ? AND counts = 1", message.to, since_s) >= caps.per_day:
        raise MessageRefused("Not sent: this number has had enough text messages for today.", code="per_day")


def _same(database: sqlite3.Connection, message: Message) -> Message | None:
    """The stored message with the same key, or with the same text to the same number in the same call."""
    same_text = "call_sid = ? AND recipient = ? AND digest = ? AND counts = 1 AND digest != ''"
    return _one(database, "key = ?", message.key) or _one(
        database, same_text, message.call_sid, message.to, message.digest
    )


def _one(database: sqlite3.Connection, where: str, *values: str) -> Message | None:
    row = database.execute(f"SELECT body FROM messages WHERE {where}", values).fetchone()
    if row is None:
        return None
    try:
        found = json.loads(row[0])
        return Message(**found | {"kind": Kind(found["kind"]), "outcome": Outcome(found["outcome"])})
    except (LookupError, TypeError, ValueError) as error:  # stored by another version
        raise sqlite3.DataError("a message cannot be read") from error


def _body(message: Message) -> str:
    return json.dumps(asdict(message))
