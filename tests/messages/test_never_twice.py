"""Nothing is sent twice: random interruptions, answers, repeated reports and restarts, over real sockets."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from telephony.errors import MessageRefused
from telephony.messages.message import Report
from telephony.messages.messages import TextRules
from telephony.messages.store import NAME, Caps
from tests.messages.test_messages import Rig, rigged

NOT_SENT = ("429 20429", "400 21211")
ANSWERS = ("", "", "hangs", "500", "page", *NOT_SENT)
RULES = TextRules(caps=Caps(per_call=20, per_day=100))


async def ask(rig: Rig, chance: random.Random, asked: list[str]) -> None:
    """A model asks for one of three texts, in one of two calls, sometimes with the key of an earlier request; whoever
    waits may be interrupted."""
    key = chance.choice(asked) if asked and chance.random() < 0.3 else f"key{len(asked)}"
    asked.append(key)
    messages = rig.call(call_sid=f"CA{chance.randrange(2)}")
    asking = asyncio.create_task(messages.send(f"Text {chance.randrange(3)}", key=key, rules=RULES))
    if chance.random() < 0.4:
        await asyncio.sleep(chance.random() / 200)
        asking.cancel()
    await asyncio.wait([asking])
    if not asking.cancelled() and (error := asking.exception()) is not None:
        assert isinstance(error, MessageRefused)


async def report(rig: Rig, chance: random.Random) -> None:
    """Twilio reports about some message, perhaps again, perhaps one of a call long over."""
    if rig.twilio.posts:
        name = rig.report_url(chance.randrange(len(rig.twilio.posts)))
        status = chance.choice(["queued", "sent", "delivered", "undelivered"])
        assert await rig.messaging.report(name, Report("", status, 30003 if status == "undelivered" else 0))


@pytest.mark.parametrize("seed", range(12))
async def test_no_text_goes_twice_to_a_number_in_a_call(tmp_path: Path, seed: int) -> None:
    """Of each text to a number in a call there is one POST, and one more for each that Twilio has certainly not sent;
    each POST has a row, and each row a POST; no row, and no key, has two."""
    chance = random.Random(seed)
    asked, tried, failed = list[str](), Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    rows = set[str]()
    for _ in range(3):  # processes, one after the other
        async with rigged(tmp_path, speed=400) as rig:
            answers = [chance.choice(ANSWERS) for _ in range(40)]
            rig.twilio.answers = list(answers)
            for _ in range(4):
                steps = [ask(rig, chance, asked) for _ in range(3)] + [report(rig, chance) for _ in range(2)]
                chance.shuffle(steps)
                await asyncio.gather(*steps)
        for answer, post in zip(answers, rig.twilio.posts, strict=False):
            row = post["StatusCallback"].rpartition("/")[2]
            assert row not in rows
            rows.add(row)
            stored = await rig.messaging.store.get(row)
            assert stored is not None
            about = (stored.call_sid, post["Body"])
            tried[about] += 1
            failed[about] += answer in NOT_SENT
    assert rows
    assert all(count - failed[about] <= 1 for about, count in tried.items())
    with closing(sqlite3.connect(tmp_path / NAME)) as database:
        assert {one for (one,) in database.execute("SELECT id FROM messages")} == rows
    stored_keys = [found.key for row in rows if (found := await rig.messaging.store.get(row))]
    assert len(stored_keys) == len(set(stored_keys))
