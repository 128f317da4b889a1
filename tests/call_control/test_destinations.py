"""Destinations and office hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telephony.call_control.destinations import Destination
from telephony.call_control.hours import is_open, opens_next, parsed
from telephony.call_control.phrases import BY_LANGUAGE
from telephony.call_control.transfer_tools import transfer_to

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
HOURS = "Mon-Fri 9:00-17:30, Sat 10-14, Sun 22:00-02:00"


@pytest.mark.parametrize(
    ("day", "time", "open_", "next_"),
    [
        (0, "08:59", False, "today at 09:00"),
        (0, "09:00", True, "tomorrow at 09:00"),
        (0, "17:29", True, "tomorrow at 09:00"),
        (0, "17:30", False, "tomorrow at 09:00"),
        (0, "01:59", True, "today at 09:00"),
        (0, "02:00", False, "today at 09:00"),
        (4, "18:00", False, "tomorrow at 10:00"),
        (5, "13:59", True, "tomorrow at 22:00"),
        (6, "12:00", False, "today at 22:00"),
        (6, "23:59", True, "tomorrow at 09:00"),
    ],
)
def test_office_hours(day: int, time: str, open_: bool, next_: str) -> None:
    hour, _, minute = time.partition(":")
    now = MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))
    spans = parsed(HOURS)
    assert now.weekday() == day
    assert is_open(spans, now) is open_
    assert opens_next(spans, now) == next_


def test_without_hours_it_is_always_open_and_one_day_a_week_is_found() -> None:
    assert is_open(parsed(""), MONDAY)
    assert opens_next(parsed("Mon 9-10"), MONDAY + timedelta(hours=12)) == "Monday at 09:00"
    assert opens_next(parsed("Sat-Mon 9-10"), MONDAY + timedelta(days=3)) == "Saturday at 09:00"


@pytest.mark.parametrize(
    "text", ["always", "Mon 9", "Mon-Fri", "Mon 9-25", "Xyz 9-17", "Mon 9:60-17", "Mon 9-9", "Mon 9-17; Tue"]
)
def test_hours_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": "0301234567"}, "E.164"),
        ({"number": ()}, "no number"),
        ({"number": ("+12025550188", "+12025550188")}, "twice"),
        ({"number": "sip:anna@example.com", "warm": True}, "E.164"),
        ({"number": "+12025550188", "name": "never mind"}, "short name"),
        ({"number": "+12025550188", "name": ""}, "short name"),
        ({"number": "+12025550188", "name": "x" * 41}, "short name"),
        ({"number": "+12025550188", "time_zone": "Berlin"}, "time_zone"),
        ({"number": "+12025550188", "ring_s": 1}, "ring_s"),
        ({"number": "+12025550188", "talk_s": 100_000}, "talk_s"),
        ({"number": "+12025550188", "open": "always"}, "hours"),
    ],
)
def test_destinations_that_cannot_work(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Destination(**{"name": "sales", **fields})


def test_numbers_as_people_write_them() -> None:
    assert Destination("sales", "+1 (202) 555-0188").numbers == ("+12025550188",)
    assert Destination("sales", "sip:anna@example.com").numbers == ("sip:anna@example.com",)


def test_a_tool_needs_destinations_of_different_names() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        transfer_to()
    with pytest.raises(ValueError, match="name of its own"):
        transfer_to(Destination("a", "+12025550188"), Destination("a", "+12025550177"))
    names = transfer_to(Destination("sales", "+12025550188")).parameters["properties"]["destination"]["enum"]
    assert names == ["sales", "never mind"]


def test_every_language_says_what_it_is_about() -> None:
    for one in BY_LANGUAGE.values():
        assert one.briefing.count("{about}") == one.whisper.count("{about}") == 1
