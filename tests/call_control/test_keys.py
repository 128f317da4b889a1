"""Keys in another company's menu: pressed while nobody speaks, and the conversation goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from telephony.agent import Agent, Voice
from telephony.call_control.press_keys import press_keys
from telephony.core.events import CallResumed
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from tests.call_control.office import latest
from tests.outbound.ringing import ringing

AGENT = Agent(prompt="You call a bank.", greeting="Hello?", voice=Voice(id="local"), tools=(press_keys(),))


def replies(request: dict[str, Any]) -> list[Part]:
    role, told = latest(request)
    if role == "tool":
        return []
    if "press two" in told:
        return [CallTool("press_keys", {"keys": "2w34#"})]
    return [Say("Thank you.")]


async def test_keys_are_pressed_and_the_conversation_goes_on(tmp_path: Path) -> None:
    """The other side hears the keys and no greeting; what they say next is answered, with all that was said before."""
    async with ringing(tmp_path, AGENT, replies=replies) as stack:
        menu = await stack.dial()
        tape = await stack.tape(menu)
        await tape.until(lambda: ("agent", "Hello?") in tape.lines)
        await stack.says(menu, "for your balance press two")
        await tape.until(lambda: bool(tape.events(CallResumed)))
        assert "2w34#" in menu.twiml[-1]
        await stack.says(menu, "thank you your balance is ten")
        await tape.until(lambda: ("agent", "Thank you.") in tape.lines)
        assert [text for who, text in tape.lines if who == "agent"] == ["Hello?", "Thank you."]
        heard = str(stack.openai.requests[-1]["messages"])
        assert "for your balance press two" in heard
        assert "You have pressed the keys 2w34#" in heard
        await menu.hang_up()
        await menu.ended()
    assert menu.violations == []
