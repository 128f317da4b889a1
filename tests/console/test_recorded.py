"""Recorded callers: they are there, they are understood, and they hold a call by themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.audio.level import LOUD, level
from telephony.console.carrier.line import FRAME, TYPED_MS
from telephony.console.recorded import CALLERS, sound
from telephony.core.language.words import words
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock
from tests.console.page_client import PageClient, page
from tests.console.test_calls import HELLO, LONG

ALL = {line.file: line.text for caller in CALLERS.values() for line in caller.lines}


@pytest.mark.parametrize("file", ALL)
def test_each_recording_is_short_loud_enough_and_begins_at_once(file: str) -> None:
    pcmu = sound(file)
    frames = [pcmu[at : at + FRAME] for at in range(0, len(pcmu) - FRAME + 1, FRAME)]
    loud = [index for index, frame in enumerate(frames) if level(frame) > LOUD]
    assert 500 <= len(pcmu) / 8 <= 4_000 < TYPED_MS
    assert -200 < max(level(frame) for frame in frames) < -80
    assert loud[0] <= 10


def test_the_english_ones_are_understood_by_the_local_stt() -> None:
    pytest.importorskip("moonshine_voice", reason="the local parts are not installed")
    from telephony.offline.blocking import local_stt

    for file, text in ALL.items():
        if file.startswith("en-"):
            recognizer = local_stt()
            recognizer.hear(b"\xff" * 4_000 + sound(file) + b"\xff" * 8_000)
            assert words(recognizer.commit()[0]) == words(text)


def answers(body: dict[str, Any]) -> list[Part]:
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if "oodbye" in said or "Wiederhören" in said:
        return [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [Say(LONG if "hours" in said or "geöffnet" in said else "Anything else?")]


async def talks(s: Stack, phone: PageClient, name: str) -> None:
    """Lets a recorded caller talk: the local STT hears sound, and is told its words."""
    for line in CALLERS[name].lines:
        s.elevenlabs.stt.script.add(line.text)
    await phone.send(type="caller", caller=name)


@pytest.mark.parametrize("name", CALLERS)
async def test_one_message_is_a_whole_call(name: str) -> None:
    """The greeting is heard to its end, each line is said and answered, one interrupts if it is to, and at the end the
    agent hangs up."""
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=SteadyClock(20), replies=answers) as s,
        page(s) as phone,
    ):
        await talks(s, phone, name)
        assert await phone.ended() == "completed"
        said = [text for who, text in phone.lines if who == "caller"]
        assert said == [line.text for line in CALLERS[name].lines]
        cut = [text for who, text in phone.lines if who == "agent" and text.endswith("--")]
        assert len(cut) == sum(line.interrupts for line in CALLERS[name].lines)
        assert phone.lines[0] == ("agent", HELLO)
        assert phone.lines[-1] == ("agent", "Goodbye!")


@pytest.mark.parametrize("greeting", [HELLO, ""], ids=["agent that does not hang up", "agent that says nothing"])
async def test_a_recorded_caller_gives_up_on_an_agent_that_does_nothing(greeting: str) -> None:
    """It says its lines, and hangs up."""
    agent = Agent(prompt="You are a test.", greeting=greeting)
    replies = [Say("Well.")] if greeting else list[Part]()
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=SteadyClock(40), replies=lambda body: replies) as s,
        page(s) as phone,
    ):
        await talks(s, phone, "en-hours")
        assert await phone.ended() == "completed"
        assert [text for who, text in phone.lines if who == "caller"] == [one.text for one in CALLERS["en-hours"].lines]


async def test_whoever_is_at_the_page_hears_the_caller_too() -> None:
    """Softly, while the agent is silent; and hanging up ends it."""
    agent = Agent(prompt="You are a test.", greeting="")
    async with asyncio.timeout(60), local_stack(agent, clock=SteadyClock(20), replies=answers) as s, page(s) as phone:
        await talks(s, phone, "en-hours")
        await phone.until(lambda: phone.loud_ms() > 600)
        assert phone.lines == []
        await phone.send(type="hang_up")
        assert await phone.ended() == "completed"


@pytest.mark.parametrize("name", ["", "nobody", "../en-hours", "en-bye", None, 1, ["en-hours"]])
async def test_a_caller_who_is_not_there_is_ignored(name: object) -> None:
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    async with asyncio.timeout(60), local_stack(agent, clock=SteadyClock(20), replies=answers) as s, page(s) as phone:
        await phone.send(type="caller", caller=name)
        await phone.event("line")
        assert phone.lines == [("agent", HELLO)]
