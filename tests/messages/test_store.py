"""The record of messages: never twice, never too many, never to whom wants none."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from telephony.errors import MessageRefused
from telephony.messages.message import Kind, Message, Outcome, Report, after, refused
from telephony.messages.store import DAY_S, KEPT_S, NAME, Caps, MessageStore

NUMBER = "+12025550123"
CAPS = Caps()
NOW_S = 1_000_000_000.0


def message(number: int, **fields: object) -> Message:
    made = Message(f"id{number}", f"key{number}", "CA1", NUMBER, f"digest{number}", NOW_S + number)
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MessageStore:
    return MessageStore(tmp_path if request.param == "file" else None)


async def code_of(store: MessageStore, one: Message, caps: Caps = CAPS) -> str:
    """ "new", "known", or why it is refused."""
    try:
        return "new" if (await store.claim(one, caps))[1] else "known"
    except MessageRefused as error:
        return error.code


async def test_a_key_and_a_text_stand_for_one_message(store: MessageStore) -> None:
    """The same text to the same number in another call, or to another number, is another message."""
    assert await code_of(store, message(1)) == "new"
    assert await code_of(store, message(1)) == "known"
    assert await code_of(store, message(2, key="key1")) == "known"
    assert await code_of(store, message(3, digest="digest1")) == "known"
    assert await code_of(store, message(4, digest="digest1", call_sid="CA2")) == "new"
    assert await code_of(store, message(5, digest="digest1", to="+12025550124")) == "new"


async def test_what_was_refused_may_be_asked_for_again_but_not_with_the_same_key(store: MessageStore) -> None:
    await store.claim(message(1), Caps())
    await store.change("id1", partial(refused, code=20429))
    assert await code_of(store, message(1)) == "known"
    assert await code_of(store, message(2, digest="digest1")) == "new"
    await store.change("id1", lambda one: after(one, Report("SM1", "sent")))  # it had been sent after all
    kept = await store.get("id1")
    assert kept is not None
    assert kept.outcome is Outcome.SENT


async def test_caps_per_call_and_day(store: MessageStore) -> None:
    """Refused messages count for the call, not for the day; codes and texts are counted apart in a call."""
    caps = Caps(per_call=2, per_day=3)
    assert [await code_of(store, message(n), caps) for n in (1, 2, 3)] == ["new", "new", "per_call"]
    await store.change("id2", partial(refused, code=0))
    assert await code_of(store, message(4), caps) == "per_call"
    assert await code_of(store, message(5, kind=Kind.CODE), caps) == "new"
    assert await code_of(store, message(6, call_sid="CA2"), caps) == "new"
    assert await code_of(store, message(7, call_sid="CA3"), caps) == "per_day"
    assert await code_of(store, message(8, call_sid="CA3", to="+12025550124"), caps) == "new"
    assert await code_of(store, message(9, call_sid="CA3", created_s=NOW_S + 2 * DAY_S), caps) == "new"


async def test_who_has_opted_out_is_not_written_to(store: MessageStore) -> None:
    """For ever if they said so; for a time if Twilio did. A shorter time does not end a longer one."""
    await store.opt_out(NUMBER, NOW_S + 10)
    assert await code_of(store, message(1)) == "opted_out"
    assert await code_of(store, message(11)) == "new"
    await store.opt_out(NUMBER)
    await store.opt_out(NUMBER, NOW_S)
    assert await code_of(store, message(12)) == "opted_out"
    await store.opt_in(NUMBER)
    assert await code_of(store, message(12)) == "new"


async def test_lines_are_remembered_for_a_time(store: MessageStore) -> None:
    assert await store.is_landline(NUMBER, NOW_S) is None
    await store.remember_line(NUMBER, True, NOW_S + 10)
    assert await store.is_landline(NUMBER, NOW_S) is True
    assert await store.is_landline(NUMBER, NOW_S + 10) is None
    await store.remember_line(NUMBER, False, NOW_S + 10)
    assert await store.is_landline(NUMBER, NOW_S) is False


async def test_messages_are_forgotten_after_a_month(store: MessageStore) -> None:
    await store.claim(message(1), Caps())
    await store.claim(message(2, created_s=NOW_S + KEPT_S + 2), Caps())
    assert await store.get("id1") is None
    assert await store.get("id2") is not None


async def test_nobody_else_may_read_the_file_and_a_restart_remembers(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await MessageStore(folder).claim(message(1), Caps())
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert await code_of(MessageStore(folder), message(1)) == "known"


async def test_a_broken_record_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no database" * 200)
    assert await code_of(MessageStore(tmp_path), message(1)) == "no_store"
    (tmp_path / "file").write_text("")
    assert await code_of(MessageStore(tmp_path / "file"), message(1)) == "no_store"


@pytest.mark.parametrize("seed", range(20))
async def test_of_many_at_once_only_one_may_send(tmp_path: Path, seed: int) -> None:
    """Several processes (stores) claim, are refused, hear reports and restart, in any order: of one text to one number
    in one call at most one message is not refused, and nothing is over its cap."""
    chance = random.Random(seed)
    stores = [MessageStore(tmp_path) for _ in range(3)]
    caps = Caps(per_call=6, per_day=4)
    new = list[str]()

    async def one(number: int) -> None:
        await asyncio.sleep(0)
        at = chance.choice(stores)
        asked = message(number, key=f"key{chance.randrange(12)}", digest=f"digest{chance.randrange(3)}")
        if await code_of(at, asked, caps) == "new":
            new.append(asked.id)
            if chance.random() < 0.4:
                await at.change(asked.id, partial(refused, code=0))
        elif new and chance.random() < 0.3:
            await at.change(chance.choice(new), lambda kept: after(kept, Report(f"SM{kept.id}", "delivered")))

    async with asyncio.TaskGroup() as group:
        for number in range(24):
            group.create_task(one(number))
    stored = [await stores[0].get(one) for one in new]
    assert len(stored) <= caps.per_call
    keys = [kept.key for kept in stored if kept]
    assert len(keys) == len(set(keys))
    with sqlite3.connect(tmp_path / NAME) as database:
        counting = database.execute("SELECT digest FROM messages WHERE counts = 1").fetchall()
    assert len(counting) == len(set(counting)) <= caps.per_day
