"""The example with a calendar: nobody is booked twice, and only whose appointment it is may cancel it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from telephony.examples import appointment
from telephony.examples.appointment import AHEAD, SLOTS, ZONE, Calendar
from telephony.tools import Toolbox
from tests.messages.test_messages import CALLER, OTHER, code_in
from tests.messages.test_tools import Call, calling


def workday(after_days: int = 1) -> date:
    """A day from now on on which appointments are made."""
    day = datetime.now(ZONE).date() + timedelta(days=after_days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


@pytest.fixture
def calendar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calendar:
    made = Calendar(tmp_path / "appointments.sqlite3")
    monkeypatch.setattr(appointment, "calendar", made)
    return made


@asynccontextmanager
async def call(**fields: Any) -> AsyncIterator[Call]:
    async with calling(*appointment.agent.tools, **fields) as made:
        yield made


async def book(made: Call, day: date, at: str = "09:30") -> str:
    return (await made.run("book", day=str(day), at=at, name="Anna")).text


async def test_a_booking_is_confirmed_by_message(calendar: Calendar) -> None:
    """The slot is no longer free, and the caller has it in writing."""
    day = workday()
    async with call() as made:
        assert "09:30" in (await made.run("free_slots", day=str(day))).text
        assert "Booked. The text message" in await book(made, day)
        assert "09:30" not in (await made.run("free_slots", day=str(day))).text
        [post] = made.rig.twilio.posts
        assert post["To"] == CALLER
        assert (
            post["Body"]
            == f"Oak Street Practice, 12 Oak Street: your appointment is {day:%A} {day.day} {day:%B}, 09:30."
        )


async def test_who_cannot_be_written_to_is_booked_all_the_same(calendar: Calendar) -> None:
    async with call(caller="anonymous") as made:
        said = await book(made, workday())
        assert said.startswith("Booked. No text message can be sent")
        assert "09:30" not in {f"{at:%H:%M}" for at in calendar.free(workday())}


async def test_two_calls_at_once_get_two_slots(calendar: Calendar) -> None:
    """One has it, the other is told so; however many ask."""
    day = workday()
    async with call() as made:
        said = await asyncio.gather(*(book(made, day) for _ in range(8)))
        assert sum(one.startswith("Booked") for one in said) == 1
        assert sum("somebody else has it" in one for one in said) == 7


def test_the_database_keeps_a_slot_for_one(calendar: Calendar) -> None:
    """Of many threads that begin at once, each with the file for itself."""
    day, begin, got = workday(), threading.Barrier(8), list[bool]()

    def one(number: int) -> None:
        begin.wait()
        got.append(Calendar(calendar.path).book(day, SLOTS[0], f"N{number}", CALLER))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (workday() - timedelta(days=20), "09:30"),
        (datetime.now(ZONE).date() + AHEAD + timedelta(days=3), "09:30"),
        (workday() + timedelta(days=5 - workday().weekday()), "09:30"),  # a Saturday
        (workday(), "09:15"),
        (workday(), "17:00"),
        (workday(), "03:00"),
    ],
)
async def test_what_is_no_appointment_is_not_booked(calendar: Calendar, day: date, at: str) -> None:
    async with call() as made:
        assert "Not booked" in await book(made, day, at)
        assert made.rig.twilio.posts == []


@pytest.mark.parametrize("arguments", [{"day": "next Friday"}, {"at": "noon"}, {"day": "2026-13-01"}, {"name": None}])
async def test_what_is_no_day_goes_back_to_the_model(calendar: Calendar, arguments: dict[str, Any]) -> None:
    async with call() as made:
        given = {"day": str(workday()), "at": "09:30", "name": "Anna"} | arguments
        result = await Toolbox(made.tools, made.context).run("book", json.dumps(given))
        assert result.failed
        assert "arguments of book are wrong" in result.text


async def test_only_the_number_that_booked_may_cancel(calendar: Calendar) -> None:
    """And it must be proven: a caller id alone is not enough."""
    day = workday()
    arguments = {"day": str(day), "at": "09:30"}
    async with call() as made:
        await book(made, day)
        refused = await made.run("cancel", **arguments)
        assert refused.failed
        assert "prove_number" in refused.text
        await made.run("prove_number")
        await made.run("prove_number", code=code_in(made.rig))
        assert (await made.run("cancel", **arguments)).text == "Cancelled."
        assert "no such appointment" in (await made.run("cancel", **arguments)).text
        assert "Booked" in await book(made, day)


async def test_somebody_else_cannot_cancel(calendar: Calendar) -> None:
    """Not with a number of their own that they have proven, nor with the id of whom they pretend to be."""
    day = workday()
    calendar.book(day, SLOTS[0], "Anna", CALLER)
    arguments = {"day": str(day), "at": f"{SLOTS[0]:%H:%M}"}
    async with call(caller=OTHER, verified=True) as made:
        assert "no such appointment" in (await made.run("cancel", **arguments)).text
    async with call(caller=CALLER) as made:
        await made.run("prove_number", number=OTHER)
        await made.run("prove_number", code=code_in(made.rig))
        assert (await made.run("cancel", **arguments)).failed
    assert SLOTS[0] not in calendar.free(day)


def test_nothing_is_made_until_somebody_calls(tmp_path: Path) -> None:
    """Importing the example, or an agent of it, leaves no file behind."""
    assert not Calendar(tmp_path / "x.sqlite3").path.exists()
