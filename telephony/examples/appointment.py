"""A practice that makes appointments: a calendar in SQLite, and a confirmation as a text message.

Run it with TELEPHONY_AGENT=telephony.examples.appointment:agent; APPOINTMENTS names the calendar's file. Anybody may
book; to cancel, a caller proves with a code that the number of the booking is theirs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from telephony import Agent, ToolContext, needs_verified, prove_number, send_sms, text_caller, tool, verified_number

ZONE = ZoneInfo("Europe/Dublin")
SLOTS = tuple(time(hour, minute) for hour in range(9, 17) for minute in (0, 30))
AHEAD = timedelta(days=60)
Day = Annotated[date, Field(description="YYYY-MM-DD")]
At = Annotated[time, Field(description="24-hour clock, such as 09:30")]


class Calendar:
    """Appointments in a file. The database itself keeps two people from having the same slot."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def free(self, day: date) -> list[time]:
        with self._open() as database:
            taken = {starts for (starts,) in database.execute("SELECT starts FROM appointments")}
        return [at for at in SLOTS if open_on(day) and f"{day} {at:%H:%M}" not in taken]

    def book(self, day: date, at: time, name: str, phone: str) -> bool:
        """False if somebody else has the slot."""
        with self._open() as database:
            row = (f"{day} {at:%H:%M}", name, phone)
            return database.execute("INSERT OR IGNORE INTO appointments VALUES (?, ?, ?)", row).rowcount == 1

    def cancel(self, day: date, at: time, phone: str) -> bool:
        """False if there is no such appointment of this number."""
        with self._open() as database:
            row = (f"{day} {at:%H:%M}", phone)
            return database.execute("DELETE FROM appointments WHERE starts = ? AND phone = ?", row).rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=10)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS appointments (starts TEXT PRIMARY KEY, name TEXT, phone TEXT)")
            yield database


calendar = Calendar(Path(os.environ.get("APPOINTMENTS", "appointments.sqlite3")))


def open_on(day: date) -> bool:
    """Whether appointments are made for a day: from tomorrow on, Monday to Friday."""
    today = datetime.now(ZONE).date()
    return today < day <= today + AHEAD and day.weekday() < 5


@tool(read_only=True)
def free_slots(day: Day) -> str:
    """The free appointments of a day."""
    return ", ".join(f"{at:%H:%M}" for at in calendar.free(day)) or "Nothing is free on that day: offer another one."


@tool
async def book(day: Day, at: At, name: str, context: ToolContext) -> str:
    """Book an appointment, after the caller has confirmed day, time and name. A confirmation is sent to them."""
    if not open_on(day) or at not in SLOTS:
        return "Not booked: there is no such appointment. Ask free_slots."
    if not calendar.book(day, at, name[:80], context.person):
        return "Not booked: somebody else has it. Offer another one."
    when = f"{day:%A} {day.day} {day:%B}, {at:%H:%M}"
    return f"Booked. {await text_caller(context, f'Oak Street Practice, 12 Oak Street: your appointment is {when}.')}"


@needs_verified
@tool
def cancel(day: Day, at: At, context: ToolContext) -> str:
    """Cancel an appointment of the caller."""
    done = calendar.cancel(day, at, verified_number(context))
    return "Cancelled." if done else "There is no such appointment of this caller's number."


agent = Agent(
    name="appointments",
    greeting="Oak Street Practice, hello. How can I help?",
    prompt=(
        "You make appointments for the Oak Street Practice, 12 Oak Street, Monday to Friday from nine to half past "
        "four, half an hour each. To book you need day, time and name; offer two or three free times, say the details "
        "back and ask whether they are right before you book. To cancel, the caller must first prove their number with "
        "prove_number. You give no medical advice; in an emergency, callers should hang up and call 112."
    ),
    tools=(free_slots, book, cancel, prove_number(), send_sms()),
    time_zone=ZONE.key,
)
