"""Leaving a stream and coming back: what goes with the call, and what is asked twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from starlette.requests import Request

from telephony.agent import Agent, Voice
from telephony.call_control.press_keys import press_keys
from telephony.core.events import CallResumed
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.replay import replay
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.tool_context import ToolContext
from telephony.tools import Tool, tool
from telephony.twilio import twiml
from tests.call_control.office import WARM, called, latest, office
from tests.outbound.ringing import ringing


def counting(seen: list[str]) -> Tool:
    """A tool that counts its runs in the call's memory, and notes the keys of its tool calls."""

    @tool(limit_per_call=3)
    async def count(call: ToolContext) -> str:
        """Count."""
        call.store["runs"] = call.store.get("runs", 0) + 1
        seen.append(call.idempotency_key)
        return f"That makes {call.store['runs']}."

    return count


def replies(request: dict[str, Any]) -> list[Part]:
    role, told = latest(request)
    if role == "tool":
        return [] if "pressed" in told else [Say(told)]
    if "press two" in told:
        return [CallTool("press_keys", {"keys": "2"})]
    return [CallTool("count", {})]


async def test_what_tools_know_and_may_goes_with_the_call(tmp_path: Path) -> None:
    """Memory, limits and keys are those of the call, not of its stream; the tape of each stream replays."""
    seen: list[str] = []
    agent = Agent(prompt="You count.", greeting="Hello?", voice=Voice(id="local"), tools=(press_keys(), counting(seen)))
    async with ringing(tmp_path / "data", agent, replies=replies, tapes=tmp_path / "tapes") as stack:
        phone = await stack.dial()
        tape = await stack.tape(phone)
        await tape.until(lambda: ("agent", "Hello?") in tape.lines)
        await stack.says(phone, "please count now")
        await tape.until(lambda: ("agent", "That makes 1.") in tape.lines)
        await stack.says(phone, "for your balance press two")
        await tape.until(lambda: bool(tape.events(CallResumed)))
        for said in ("That makes 2.", "That makes 3."):
            await stack.says(phone, "please count now")
            await tape.until(lambda said=said: ("agent", said) in tape.lines)  # type: ignore[misc]
        await stack.says(phone, "please count now")
        await tape.until(lambda: tape.lines[-1][0] == "agent" and tape.lines[-1][1] != "That makes 3.")
        await phone.hang_up()
        await phone.ended()
    assert len(seen) == len(set(seen)) == 3
    tapes = [read(folder) for folder in find(tmp_path / "tapes")]
    assert sorted(any(isinstance(step.event, CallResumed) for step in one.steps) for one in tapes) == [False, True]
    assert all(one.good and replay(one).same for one in tapes)


async def test_a_question_that_is_asked_twice_at_the_same_time(tmp_path: Path) -> None:
    """The document is made once: making it may take the call back, or decide where it goes."""
    async with office(tmp_path, WARM) as stack:
        caller, _ = await called(stack)
        moves, made, asked, answer = stack.service.control.moves, list[str](), asyncio.Event(), asyncio.Event()

        async def document(request: Request) -> str:
            made.append("once")
            asked.set()
            await answer.wait()
            return twiml.hang_up("This way.")

        assert moves.leave(caller.sid, "test", document)
        assert not moves.leave(caller.sid, "again", document)
        await asked.wait()
        again = asyncio.create_task(moves.next_document(Request({"type": "http"}), caller.sid))
        await asyncio.sleep(0)
        answer.set()
        await caller.ended()
        assert "This way." in str(await again)
        assert made == ["once"]
        assert caller.spoken == ["This way."]
