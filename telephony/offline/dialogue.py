"""The local LLM: a small deterministic dialogue for the example receptionist, behind the OpenAI protocol.

It keeps no state: everything follows from the messages of the request, as with any other model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from telephony.core.policy import END_CALL
from telephony.offline.grammar import DAYS, HOURS, PEOPLE
from telephony.testing.fakes.openai.server import CallTool, Part, Say

OPENING = (
    "We are open from Tuesday to Saturday, from five in the afternoon until eleven at night. "
    "On Sundays we serve lunch from noon until three, and on Mondays we are closed. "
    "For the weekend it is best to book a table a few days ahead. Can I do anything else for you?"
)
SORRY = "I'm sorry, that did not work, and nothing has been booked. Can I do anything else for you?"
CHOICES = "I can tell you our opening hours, or book a table for you. What would you like?"


def respond(body: dict[str, Any]) -> Iterable[Part]:
    """The next part of the dialogue."""
    messages = [m for m in body["messages"] if m["role"] != "system"]
    tools = {tool["function"]["name"] for tool in body.get("tools", [])}
    if messages and messages[-1]["role"] == "tool":
        yield from _after_tool(messages)
        return
    said = messages[-1]["content"].lower() if messages and messages[-1]["role"] == "user" else ""
    booking = _booking(messages)
    done = _has(said, "goodbye", "bye", "that is all", "no thank you")
    done = done or (said.strip(" .!") == "no" and _asked(messages, "anything else"))
    if done and not _asked(messages, "is that right"):
        yield Say("Thank you for calling, and goodbye!")
        if END_CALL in tools:
            yield CallTool(END_CALL, {"reason": "the caller said goodbye"})
    elif _about_hours(said):
        yield Say(OPENING)
    elif _has(said, "cancel"):
        yield Say("All right, I have not booked anything. Can I do anything else for you?")
    elif booking is None:
        yield Say("You're welcome. Can I do anything else for you?" if _has(said, "thank") else CHOICES)
    else:
        yield from _book(booking, said, messages, "book_table" in tools)


def _book(booking: dict[str, Any], said: str, messages: list[dict[str, Any]], may_book: bool) -> Iterable[Part]:
    confirming = _asked(messages, "is that right")
    if confirming and _has(said, "yes", "right") and "wrong" not in said:
        yield CallTool("book_table", booking) if may_book else Say(SORRY)
    elif confirming and _has(said, "no", "wrong"):
        yield Say("I'm sorry. Which day would you like to come, and at what time?")
    elif "day" not in booking and "time" in booking:
        yield Say("Which day would you like to come?")
    elif "day" not in booking:
        yield Say("I'd be glad to. Which day would you like to come, and at what time?")
    elif "time" not in booking:
        yield Say("At what time would you like to come?")
    elif "people" not in booking:
        again = "I can book for one to eight people. " if _asked(messages, "how many") else ""
        yield Say(f"{again}For how many people?")
    else:
        hour = int(booking["time"][:2]) - 12
        half = " thirty" if booking["time"].endswith("30") else ""
        people = f"{booking['people']} {'person' if booking['people'] == 1 else 'people'}"
        day = booking["day"] if booking["day"] in ("today", "tomorrow") else f"on {booking['day']}"
        yield Say(f"A table for {people} {day} at {hour}{half}. Is that right?")


def _after_tool(messages: list[dict[str, Any]]) -> Iterable[Part]:
    """The reply to a tool's result."""
    result = str(messages[-1]["content"])
    calls = messages[-2].get("tool_calls") or [{}]
    if calls[0].get("function", {}).get("name") == END_CALL:
        yield Say("Goodbye!")
    elif not _has(result.lower(), "booked"):  # errors are worded for a model, not for a caller
        yield Say(SORRY)
    else:
        yield Say(f"{result} Can I do anything else for you?")


def _booking(messages: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The details known so far of the booking in progress; None if there is none."""
    known: dict[str, Any] | None = None
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            known = None
        elif message["role"] == "user":
            text = message["content"].lower()
            before = messages[index - 1]["content"] if index and messages[index - 1]["role"] == "assistant" else ""
            if _about_hours(text):
                continue
            if _has(text, "cancel"):
                known = None
                continue
            if "is that right" in (before or "").lower() and _has(text, "no", "wrong"):
                known = {}
            if _has(text, "book a table") or known is not None or _details(text, before or ""):
                known = (known or {}) | _details(text, before or "")
    return known


def _details(text: str, before: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    words = text.split()
    if day := next((word for word in words if word in DAYS), ""):
        found["day"] = day.capitalize() if day not in ("today", "tomorrow") else day
    if at := re.search(rf"at ({'|'.join(HOURS)})( thirty)?", text):
        found["time"] = f"{HOURS[at[1]]}:{'30' if at[2] else '00'}"
    keys = re.fullmatch(r"\[keys: ([1-8])#?\]", text) if "what time" not in before else None
    people = re.search(rf"(?:for |^)({'|'.join(PEOPLE)})\b", text)
    if keys:
        found["people"] = int(keys[1])
    elif people and "at" not in words[:1] and ("table" in text or "people" in text or "how many" in before):
        found["people"] = PEOPLE[people[1]]
    return found


def _about_hours(text: str) -> bool:
    return _has(text, "opening hours", "open", "close")


def _has(text: str, *phrases: str) -> bool:
    return any(re.search(rf"\b{re.escape(phrase)}\b", text) for phrase in phrases)


def _asked(messages: list[dict[str, Any]], phrase: str) -> bool:
    """Whether the agent's last line, as the caller heard it, contains `phrase`."""
    last = next((m for m in reversed(messages) if m["role"] == "assistant" and m.get("content")), None)
    return last is not None and phrase in last["content"].lower()
