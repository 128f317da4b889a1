"""What a caller of the example wants, in free wording and with a recogniser's errors: tables, one row a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from telephony.offline import understanding as understood

WHEN, TIME, PEOPLE = "which day would you like to come, and at what time?", "at what time", "for how many people?"


@pytest.mark.parametrize(
    ("said", "question", "found"),
    [
        ("I'd like to reserve a table for two tomorrow night at half past seven.", "",
         {"day": "tomorrow", "time": "19:30", "people": 2}),
        ("Could we get a table at 7:30 p.m. on Friday for four?", "", {"day": "Friday", "time": "19:30", "people": 4}),
        ("We'd be coming at 19:30, party of five", "", {"time": "19:30", "people": 5}),
        ("for 6 people on Thirsday", "", {"day": "Thursday", "people": 6}),
        ("Book a table for four at eight on Wednesdays.", "", {"day": "Wednesday", "time": "20:00", "people": 4}),
        ("Sunday at noon", "", {"day": "Sunday", "time": "12:00"}),
        ("tonight for three", "", {"day": "today", "people": 3}),
        ("seven p.m. friday", "", {"day": "Friday", "time": "19:00"}),
        ("Friday, seven.", WHEN, {"day": "Friday", "time": "19:00"}),
        ("next Friday evening at, uh, 6", WHEN, {"day": "Friday", "time": "18:00"}),
        ("Uh, let's say Saturday around eight.", "", {"day": "Saturday", "time": "20:00"}),
        ("8 o'clock", "", {"time": "20:00"}),
        ("At quarter to nine", TIME, {"time": "20:45"}),
        ("quarter past six", TIME, {"time": "18:15"}),
        ("seven thirty", TIME, {"time": "19:30"}),
        ("7.30", TIME, {"time": "19:30"}),
        ("730", TIME, {"time": "19:30"}),
        ("for seven", TIME, {"time": "19:00"}),
        ("There will be four of us.", PEOPLE, {"people": 4}),
        ("Six.", PEOPLE, {"people": 6}),
        ("just me", PEOPLE, {"people": 1}),
        ("It's for me.", PEOPLE, {"people": 1}),
        ("a table for myself, please", "", {"people": 1}),
        ("It will only be me on Friday.", "", {"day": "Friday", "people": 1}),
        ("me and my wife", PEOPLE, {"people": 2}),
        ("a couple of us", PEOPLE, {"people": 2}),
        ("For people, please.", PEOPLE, {"people": 4}),
        ("To people", PEOPLE, {"people": 2}),
        ("Ate.", PEOPLE, {"people": 8}),
        ("[keys: 4#]", PEOPLE, {"people": 4}),
        ("[keys: 4#]", TIME, {}),
        # not these
        ("nine people", PEOPLE, {}),
        ("forty people", PEOPLE, {}),
        ("I want to book a table.", "", {}),
        ("Wait, please book a table for me.", "", {}),
        ("Could you do that for me on Friday?", "", {"day": "Friday"}),
        ("on Friday for the whole evening", "", {"day": "Friday"}),
        ("no thank you", PEOPLE, {}),
        ("is it true that you have two gardens", "", {}),
        ("I called you at 25", TIME, {}),
        ("my holiday begins soon", WHEN, {}),
    ],
)  # fmt: skip
def test_details_are_found_in_any_sentence(said: str, question: str, found: dict[str, Any]) -> None:
    assert understood.details(understood.normalised(said), question) == found


@pytest.mark.parametrize(
    ("judge", "yes", "no"),
    [
        (understood.agrees,
         ("Yes.", "Yeah, sure.", "That's right!", "Perfect, thanks.", "Please do.", "Okay, go ahead.", "Correct"),
         ("No.", "That's not right.", "Wrong day.", "Hm.", "That isn't correct.")),
        (understood.declines,
         ("No.", "Nope, wrong day.", "That's not right.", "Actually, on Sunday."), ("Yes.", "I know")),
        (understood.is_done,
         ("Good-bye.", "Bye-bye!", "No, that's all.", "That's it, thanks.", "Nothing else.", "No thanks.", "I'm good."),
         ("Thank you.", "That is all right for me", "No.", "What else do you have?")),
        (understood.asks_hours,
         ("What are your opening hours?", "When do you close?", "Are you open on Sundays?", "How late are you there?"),
         ("I want to book a table.", "On Friday at seven.")),
        (understood.wants_table,
         ("I want to book a table.", "Can I make a reservation?", "I'd like to reserve", "look at table"),
         ("What are your opening hours?", "That is acceptable.")),
        (understood.cancels,
         ("Cancel it.", "Never mind.", "Forget about it", "I've changed my mind"), ("I can sell it",)),
    ],
)  # fmt: skip
def test_wishes_are_told_by_their_signs(
    judge: Callable[[str], bool], yes: tuple[str, ...], no: tuple[str, ...]
) -> None:
    judged = {text: judge(understood.normalised(text)) for text in (*yes, *no)}
    assert judged == dict.fromkeys(yes, True) | dict.fromkeys(no, False)
