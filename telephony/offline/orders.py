"""The local dialogue of the example hotline (`examples/order_status.py`). Pure; see `dialogue.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from telephony.core.policy import END_CALL
from telephony.offline import understanding as understood
from telephony.testing.fakes.openai.server import CallTool, Part, Say

TOOL = "order_status"
NUMBER, POSTCODE, SURE = "What is your order number?", "To which postcode does it go?", "Are you sure?"
MORE = "Can I do anything else for you?"
SORRY = f"I'm sorry, I cannot find that order. {MORE}"


def respond(messages: list[dict[str, Any]]) -> Iterable[Part]:
    """The next part of the dialogue; `messages` are those of the request without the system's."""
    last = messages[-1] if messages else {"role": "user", "content": ""}
    if last["role"] == "tool":
        yield from _after_tool(messages)
        return
    said = understood.normalised(last["content"])
    number, postcode, question = _known(messages)
    if understood.is_done(said) or (MORE.lower() in question and understood.declines(said)):
        yield Say("Thank you for calling, and goodbye!")
        yield CallTool(END_CALL, {"reason": "the caller said goodbye"})
    elif understood.cancels(said) and number and postcode:
        yield Say(f"You want to cancel order {' '.join(number)}. {SURE}")
    elif SURE.lower() in question and number and postcode:
        if understood.agrees(said):
            yield CallTool("cancel_order", {"number": number, "postcode": postcode})
        else:
            yield Say(f"All right, I have not cancelled anything. {MORE}")
    elif not number:
        yield Say(NUMBER)
    elif not postcode:
        yield Say(POSTCODE)
    else:
        yield Say("I am looking it up.")
        yield CallTool(TOOL, {"number": number, "postcode": postcode})


def _after_tool(messages: list[dict[str, Any]]) -> Iterable[Part]:
    result = str(messages[-1]["content"])
    name = messages[-2]["tool_calls"][0]["function"]["name"] if messages[-2].get("tool_calls") else ""
    if name == END_CALL:
        yield Say("Goodbye!")
    elif name == "cancel_order" and "is cancelled as soon" in result:
        yield Say("I am cancelling it for you now.")
    else:
        yield Say(f"{result} {MORE}" if result.startswith("Order ") else SORRY)


def _known(messages: list[dict[str, Any]]) -> tuple[str, str, str]:
    """The order number and the postcode that the caller has said last, and the agent's last question."""
    number = postcode = question = ""
    for message in messages:
        if message["role"] == "assistant" and message.get("content"):
            question = message["content"].lower()
        if message["role"] != "user":
            continue
        for digits in re.findall(r"(?:\d ?)+", understood.normalised(message["content"])):
            found = digits.replace(" ", "")
            number = found if len(found) == 3 else number
            postcode = found if len(found) == 5 else postcode
    return number, postcode, question
