"""Office hours as people write them: "Mon-Fri 9:00-17:30, Sat 10-14". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PART = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:\s*[-\u2013]\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<from>\d{1,2}(?::\d{2})?)\s*[-\u2013]\s*(?P<to>\d{1,2}(?::\d{2})?)"
)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """Open on one weekday (0 is Monday), from a minute of the day until before another; a later one than midnight ends
    on the next day."""

    day: int
    opens: int
    closes: int


def parsed(text: str) -> tuple[Span, ...]:
    """The hours; none if the text is empty, which means always. Raises ValueError for anything that is not hours."""
    found: list[Span] = []
    for part in filter(None, (one.strip() for one in text.lower().split(","))):
        match = _PART.fullmatch(part)
        if match is None or match["first"] not in DAYS or (match["last"] or "mon") not in DAYS:
            raise ValueError(f'hours must be written like "Mon-Fri 9:00-17:30, Sat 10-14", not {part!r}')
        opens, closes = _minutes(match["from"]), _minutes(match["to"])
        if opens == closes:
            raise ValueError(f"hours that open and close at the same time: {part!r}")
        first = DAYS.index(match["first"])
        last = DAYS.index(match["last"]) if match["last"] else first
        days = ((first + i) % 7 for i in range((last - first) % 7 + 1))
        found += [Span(day, opens, closes if closes > opens else closes + _DAY_MINUTES) for day in days]
    return tuple(found)


def is_open(spans: tuple[Span, ...], now: datetime) -> bool:
    """Whether it is open at a local time; without hours, always."""
    minute = now.hour * 60 + now.minute
    return not spans or any(
        (span.day == now.weekday() and span.opens <= minute < span.closes)
        or ((span.day + 1) % 7 == now.weekday() and minute < span.closes - _DAY_MINUTES)
        for span in spans
    )


def opens_next(spans: tuple[Span, ...], now: datetime) -> str:
    """When it opens next, such as "Monday at 09:00", or "today at 13:00"."""
    for ahead in range(8):
        day = now + timedelta(days=ahead)
        today = sorted(span.opens for span in spans if span.day == day.weekday())
        for opens in today:
            if ahead or opens > now.hour * 60 + now.minute:
                when = "today" if not ahead else "tomorrow" if ahead == 1 else NAMES[day.weekday()]
                return f"{when} at {opens // 60:02}:{opens % 60:02}"
    return "at another time"


def _minutes(text: str) -> int:
    hour, _, minute = text.partition(":")
    found = int(hour) * 60 + int(minute or 0)
    if found > _DAY_MINUTES or int(minute or 0) > 59:
        raise ValueError(f"no time of day: {text!r}")
    return found
