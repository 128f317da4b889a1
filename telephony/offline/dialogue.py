"""The local LLM: a small deterministic dialogue for the examples, behind the OpenAI protocol.

It keeps no state: everything follows from the messages of the request, as with any other model. What the caller wants
is judged by `understanding.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from telephony.core.policy import END_CALL
from telephony.offline import orders, transfers
from telephony.offline import understanding as understood
from telephony.testing.fakes.openai.server import CallTool, Part, Say

OPENING = (
    "We are open from Tuesday to Saturday, from five in the afternoon until eleven at night. "
    "On Sundays we serve lunch from noon until three, and on Mondays we are closed. "
    "For the weekend it is best to book a table a few days ahead. Can I do anything else for you?"
)
SORRY = "I'm sorry, that did not work, and nothing has been booked. Can I do anything else for you?"
CHOICES = "I can tell you our opening hours, or book a table for you. What would you like?"
CONFIRM = "is that right"
ELSE = "anything else"
OTHERS: dict[str, Callable[[list[dict[str, Any]]], Iterable[Part]]] = {
    orders.TOOL: orders.respond,
    transfers.BRIEFING: transfers.brief,
    transfers.TOOL: transfers.respond,
}
"""The dialogues of other examples, by a tool of theirs."""


def respond(body: dict[str, Any]) -> Iterable[Part]:
    """The next part of the dialogue."""
    messages = [m for m in body["messages"] if m["role"] != "system"]
    tools = {tool["function"]["name"] for tool in body.get("tools", [])}
    for tool, dialogue in OTHERS.items():
        if tool in tools:
            yield from dialogue(messages)
            return
    if messages and messages[-1]["role"] == "tool":
        yield from _after_tool(messages)
        return
    said = understood.normalised(messages[-1]["content"]) if messages and messages[-1]["role"] == "user" else ""
    (booking, new), confirming = _booking(messages), _asked(messages, CONFIRM)
    done = understood.says_bye(said) or (not confirming and understood.is_done(said))
    if done or (_asked(messages, ELSE) and said in ("no", "no no", "nope", "nothing")):
        yield Say("Thank you for calling, and goodbye!")
        if END_CALL in tools:
            yield CallTool(END_CALL, {"reason": "the caller said goodbye"})
    elif understood.asks_hours(said):
        yield Say(OPENING)
    elif understood.cancels(said):
        yield Say("All right, I have not booked anything. Can I do anything else for you?")
    elif booking is None:
        yield Say("You're welcome. Can I do anything else for you?" if understood.thanks(said) else CHOICES)
    else:
        yield from _book(booking, new, said, messages, "book_table" in tools)


def _book(
    booking: dict[str, Any], new: bool, said: str, messages: list[dict[str, Any]], may_book: bool
) -> Iterable[Part]:
    """`new`: the caller has just said a detail that is another than before."""
    confirming = _asked(messages, CONFIRM) and not new
    if confirming and understood.agrees(said):
        yield CallTool("book_table", booking) if may_book else Say(SORRY)
    elif confirming and understood.declines(said):
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
        yield Say(_read_back(booking))


def _after_tool(messages: list[dict[str, Any]]) -> Iterable[Part]:
    """The reply to a tool's result."""
    result = str(messages[-1]["content"])
    calls = messages[-2].get("tool_calls") or [{}]
    if calls[0].get("function", {}).get("name") == END_CALL:
        yield Say("Goodbye!")
    elif "booked" not in result.lower():  # errors are worded for a model, not for a caller
        yield Say(SORRY)
    else:
        yield Say(f"{result} Can I do anything else for you?")


def _read_back(booking: dict[str, Any]) -> str:
    hour, _, minutes = booking["time"].partition(":")
    shown = int(hour) - 12 if int(hour) > 12 else int(hour)
    time = f"{shown}" + (f" {understood.MINUTES.get(minutes, minutes)}" if minutes != "00" else "")
    people = f"{booking['people']} {'person' if booking['people'] == 1 else 'people'}"
    day = booking["day"] if booking["day"] in ("today", "tomorrow") else f"on {booking['day']}"
    return f"A table for {people} {day} at {time}. Is that right?"


def _booking(messages: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, bool]:
    """The details known so far of the booking in progress, None if there is none; and whether the last message has
    changed one or added one."""
    known: dict[str, Any] | None = None
    new = False
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            known = None
        if message["role"] != "user":
            continue
        said = understood.normalised(message["content"])
        question = (messages[index - 1]["content"] or "").lower() if index else ""
        found, wanted, new = understood.details(said, question), understood.wants_table(said), False
        if understood.cancels(said):
            known = None
        elif not understood.asks_hours(said) or wanted:
            new = any((known or {}).get(name) != value for name, value in found.items())
            if CONFIRM in question and understood.declines(said) and not new:
                known = {}
            if wanted or found or known is not None:
                known = (known or {}) | found
    return known, new


def _asked(messages: list[dict[str, Any]], phrase: str) -> bool:
    """Whether the agent's last line, as the caller heard it, contains `phrase`."""
    last = next((m for m in reversed(messages) if m["role"] == "assistant" and m.get("content")), None)
    return last is not None and phrase in last["content"].lower()
