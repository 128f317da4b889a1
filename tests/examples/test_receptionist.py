"""The example agent: short, and usable without changes."""

from __future__ import annotations

import inspect

import pytest

from telephony.examples import receptionist
from telephony.tools import ToolContext


def test_it_stays_under_sixty_lines() -> None:
    """It must be short: new users read it first."""
    assert len(inspect.getsource(receptionist).splitlines()) < 60


@pytest.mark.parametrize(("day", "words"), [("Monday", "closed"), ("sunday", "noon"), ("Friday", "five")])
def test_opening_hours_match_the_prompt(day: str, words: str) -> None:
    """Regardless of the case in which the model writes the day."""
    assert words in receptionist.opening_hours(day)


async def test_a_booking_is_kept_with_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is a sentence that can be spoken."""
    monkeypatch.setattr(receptionist, "bookings", [])
    said = await receptionist.book_table("Friday", "19:00", 4, ToolContext(caller="+15551230000"))
    assert said == "Your table for 4 on Friday is booked."
    assert receptionist.bookings == ["Friday 19:00 for 4, booked by +15551230000"]
