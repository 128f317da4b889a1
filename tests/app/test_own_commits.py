"""Whole calls with a recogniser that closes its segments by itself, in mid-speech and around our own commits."""

from __future__ import annotations

import asyncio

import pytest

from telephony.agent import Agent
from telephony.core import actions as a
from telephony.core.history import CallerSaid
from telephony.testing.fakes.elevenlabs.stt import LocalStt, SttFaults, SttLatency
from telephony.testing.fakes.openai.server import Say
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

HELLO = "Hello, how can I help?"
SENTENCE = "i would like to book a table for four people tomorrow evening please"


@pytest.mark.parametrize(
    ("own_commit_ms", "final_ms"), [*((ms, 350) for ms in range(900, 2_400, 150)), (1_200, 120), (2_000, 120)]
)
async def test_a_sentence_that_the_recogniser_splits_is_answered_once_as_a_whole(
    own_commit_ms: int, final_ms: int
) -> None:
    """Wherever the recogniser cuts it: in the middle, at its end, or within moments of our commit."""
    clock = SteadyClock(20)
    stt = LocalStt(clock=clock, latency=SttLatency(final_ms=final_ms), faults=SttFaults(own_commit_ms=own_commit_ms))
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    async with asyncio.timeout(60), local_stack(agent, clock=clock, stt=stt, replies=lambda body: [Say("Done.")]) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await s.says(phone, SENTENCE)
        await tape.until(lambda: ("agent", "Done.") in tape.lines)
        heard = [line for who, line in tape.lines if who == "caller"]
        assert heard == [SENTENCE]
        answered = {x.turn: x.history for _, x in tape.actions(a.StartReply)}
        said = [x.turn for _, x in tape.actions(a.LineAdded) if x.speaker == "agent" and x.text == "Done."]
        assert [item.text for item in answered[said[0]] if isinstance(item, CallerSaid)] == [SENTENCE]
        await phone.hang_up()
        await phone.ended()
