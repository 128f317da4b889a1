"""Errors in the user's own code while a call runs: whole where it is developed, hidden where strangers call."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from telephony.agent import Agent, IncomingCall
from telephony.observe import logs
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.fakes.openai.server import CallTool, Say, scripted
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from telephony.tools import tool

SERVICE = {"ready", "voice_chosen", "phrase_synthesis_failed"}
"""Events that are not about a call."""


@tool
def look_up(name: str) -> str:
    """Look up a booking; blocks, so it has a thread of its own."""
    structlog.get_logger().info("looking_up")
    raise LookupError(f"no booking for {name}")


AGENT = Agent(prompt="You are a test.", greeting="Hello.", tools=(look_up,))


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


async def call(agents: Any = AGENT) -> None:
    """A call in which the tool fails and the voice service is lost once."""
    clock = SteadyClock(20)
    replies = scripted([[CallTool("look_up", {"name": "Ada"})], [Say("I could not find it.")]])
    async with asyncio.timeout(60), local_stack(agents, clock=clock, replies=replies, tts=LocalTts(clock=clock)) as s:
        s.elevenlabs.tts.faults.drop_after_bytes = 4_000
        phone = await s.dial()
        tape = await s.tape(phone)
        await s.says(phone, "I have a booking")
        await tape.until(lambda: any("could not" in text for _, text in tape.lines))
        await phone.hang_up()
        await tape.until(lambda: tape.closed)


async def test_every_line_of_a_call_has_its_call_sid() -> None:
    """Also the lines of ports, tools in threads and webhooks; production hides the message and says how to see it."""
    out = io.StringIO()
    logs.configure("debug", "json", stream=out)
    await call()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert {line["event"] for line in lines if not line.get("call_sid", "").startswith("CA")} <= SERVICE
    events = {line["event"] for line in lines}
    assert {"call_incoming", "stt_ready", "tts_lost", "looking_up", "tool_failed", "turn", "call_ended"} <= events
    [failed] = [line for line in lines if line["event"] == "tool_failed"]
    assert "builtins.LookupError" in failed["exception"]
    assert "TELEPHONY_LOG_PII=1" in failed["hint"]
    assert "Ada" not in out.getvalue()


async def test_tests_show_the_whole_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody has set up logs, the local stack does, with messages."""
    await call()
    assert "LookupError: no booking for Ada" in capsys.readouterr().err


async def test_an_agent_function_that_raises_is_found_by_its_call_sid() -> None:
    out = io.StringIO()
    logs.configure("info", "json", stream=out)

    def choose(call: IncomingCall) -> Agent:
        structlog.get_logger().info("choosing")
        raise LookupError(call.caller)

    async with asyncio.timeout(60), local_stack(choose, clock=SteadyClock(20)) as s:
        phone = await s.dial()
        await phone.ended()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    found = {line["event"]: line for line in lines if line.get("call_sid") == phone.sid}
    assert {"choosing", "agent_failed"} <= set(found)
    assert "hint" in found["agent_failed"]
