"""The example: short, and usable as it stands."""

from __future__ import annotations

import inspect

import pytest

from telephony.examples import receptionist
from telephony.tools import ToolContext


def test_it_stays_under_sixty_lines() -> None:
    """It is what a newcomer reads first."""
    assert len(inspect.getsource(receptionist).splitlines()) < 60


@pytest.mark.parametrize(("day", "words"), [("Monday", "closed"), ("sunday", "noon"), ("Friday", "five")])
def test_hours_are_those_of_the_prompt(day: str, words: str) -> None:
    """Whatever the case in which a model writes the day."""
    assert words in receptionist.opening_hours(day)


async def test_a_booking_is_kept_with_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """And said back in words that can be spoken."""
    monkeypatch.setattr(receptionist, "bookings", [])
    said = await receptionist.book_table("Friday", "19:00", 4, ToolContext(caller="+15551230000"))
    assert said == "Your table for 4 on Friday is booked."
    assert receptionist.bookings == ["Friday 19:00 for 4, booked by +15551230000"]
