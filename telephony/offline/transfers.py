"""The local dialogue of the example office (`examples/warm_transfer.py`), and of the briefing of the person whom it
calls. Pure; see `dialogue.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from telephony.core.policy import END_CALL
from telephony.offline import understanding as understood
from telephony.testing.fakes.openai.server import CallTool, Part, Say

TOOL, BRIEFING = "transfer_call", "take_call"
NOTICE = "[Notice"
NAME = "Gladly. May I ask your name, and what it is about?"
CHOICES = "I can tell you our opening hours, or ask Anna about your bill. What would you like?"
OPEN = "We are open every day from eight in the morning until eight in the evening."


def respond(messages: list[dict[str, Any]]) -> Iterable[Part]:
    """The next part of the dialogue with a caller."""
    last = messages[-1] if messages else {"role": "user", "content": ""}
    text = str(last["content"] or "")
    said = understood.normalised(text)
    before = next((str(m["content"]) for m in reversed(messages) if m["role"] == "assistant" and m.get("content")), "")
    if last["role"] == "tool":
        if "Cancel it first" in text or "cancelled" in text or "too late" in text:
            yield Say(text)
        elif "cannot be" in text or "closed" in text:
            yield Say("I'm sorry, I cannot put you through at the moment. Can I do anything else for you?")
        else:
            yield Say("I am asking Anna for you now. You can go on talking with me meanwhile.")
    elif text.startswith(NOTICE):
        worked = "who has hung up" in text
        yield Say(
            "Can I do anything else for you?" if worked else "I'm sorry, Anna cannot take your call at the moment."
        )
    elif "never mind" in said:
        yield CallTool(TOOL, {"destination": "never mind"})
    elif NAME in before:
        yield CallTool(TOOL, {"destination": "Anna", "summary": f"They say: {text}"})
    elif "bill" in said or "anna" in said or "invoice" in said:
        yield Say(NAME)
    elif understood.asks_hours(said):
        yield Say(OPEN)
    elif understood.says_bye(said) or understood.is_done(said):
        yield Say("Thank you for calling, and goodbye!")
        yield CallTool(END_CALL, {"reason": "the caller said goodbye"})
    else:
        yield Say(CHOICES)


def brief(messages: list[dict[str, Any]]) -> Iterable[Part]:
    """The next part of the dialogue with the person who is asked."""
    last = messages[-1] if messages else {"role": "user", "content": ""}
    said = understood.normalised(str(last["content"] or ""))
    if last["role"] == "tool":
        yield Say("Thank you.")
    elif understood.agrees(said) or "yes" in said.split():
        yield CallTool(BRIEFING, {})
    elif understood.declines(said) or "no" in said.split():
        yield CallTool("decline_call", {})
    else:
        yield Say("That is all I know. Do you take the call?")
