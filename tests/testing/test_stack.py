"""The local stack: what a second one of the same process keeps of the first."""

from __future__ import annotations

import asyncio
from pathlib import Path

from telephony.agent import Agent
from telephony.core.events import PhrasesLoaded
from telephony.testing.fakes.elevenlabs.tts import LocalTts
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="Hello from the first stack.")
OTHER = Agent(prompt="You are a test.", greeting="Hello from another agent.")


async def said_at_the_start(agent: Agent) -> tuple[int, PhrasesLoaded]:
    """How many sockets the TTS has had when the stack has started, and the phrases with which a call begins."""
    async with asyncio.timeout(60), local_stack(agent, clock=SteadyClock(20)) as s:
        sockets = s.elevenlabs.tts.connections
        tape = await s.tape(await s.dial())
        await tape.until(lambda: bool(tape.events(PhrasesLoaded)))
        return sockets, tape.events(PhrasesLoaded)[0][1]


async def test_the_phrases_of_an_agent_are_said_once_in_a_process() -> None:
    """The calls begin with the same phrases; what only another agent says is not known."""
    first, phrases = await said_at_the_start(AGENT)
    again, same = await said_at_the_start(AGENT)
    other, others = await said_at_the_start(OTHER)
    assert first >= 1
    assert again == 0
    assert same == phrases
    assert {one.name for one in phrases.phrases} >= {"greeting", "not_heard"}
    assert other == 1  # its greeting
    assert AGENT.greeting not in {one.text for one in others.phrases}


async def test_a_tts_or_a_folder_of_ones_own_says_all_of_them(tmp_path: Path) -> None:
    """A voice of another sound, or the files, may be what the test is about."""
    await said_at_the_start(AGENT)
    clock = SteadyClock(20)
    async with asyncio.timeout(60), local_stack(AGENT, clock=clock, tts=LocalTts(clock=clock)) as s:
        assert s.elevenlabs.tts.connections > 10
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20), data=tmp_path) as s:
        assert s.elevenlabs.tts.connections > 10
