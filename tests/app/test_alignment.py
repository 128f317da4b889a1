"""Whole calls with a voice service whose alignment is odd: everything is said once, and at most what was heard is
remembered."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from telephony.agent import Agent
from telephony.core import actions as a
from telephony.core import events as e
from telephony.testing.fakes.elevenlabs.tts import CHAR_MS, LocalTts, TtsFaults
from telephony.testing.fakes.openai.server import Say
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock

ANSWER = "We open at nine in the morning, and close at six in the evening. On Sundays we stay closed all day."
MARK_MS = 500
"""The answer goes on being heard for up to this long after the last mark."""
HELLO = "Hello, how can I help?"
ODDITIES = {
    "joined": TtsFaults(joined_items=True),
    "gaps": TtsFaults(alignment_gap=5),
    "many gaps": TtsFaults(alignment_gap=2),
    "no full stop": TtsFaults(no_full_stop=True),
    "restarts": TtsFaults(restarts=True),
    "normalized": TtsFaults(normalized_only=True),
    "all of it": TtsFaults(joined_items=True, alignment_gap=5, no_full_stop=True, normalized_only=True),
    "none": TtsFaults(no_alignment=True),
}


def stack(faults: TtsFaults) -> AbstractAsyncContextManager[Stack]:
    clock = SteadyClock(20)
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    return local_stack(agent, clock=clock, tts=LocalTts(clock=clock, faults=faults), replies=lambda body: [Say(ANSWER)])


@pytest.mark.parametrize("oddity", ODDITIES)
async def test_an_answer_is_said_once(oddity: str) -> None:
    """Each sentence is synthesised once, and the record has the whole answer."""
    async with asyncio.timeout(60), stack(ODDITIES[oddity]) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: len([1 for who, _ in tape.lines if who == "agent"]) == 2)
        assert tape.lines[-1] == ("agent", ANSWER)
        said = [(action.attempt, action.text.strip()) for _, action in tape.actions(a.Speak)]
        assert " ".join(text for _, text in said) == ANSWER
        assert {attempt for attempt, _ in said} == {1}
        await phone.hang_up()
        await phone.ended()


@pytest.mark.parametrize("oddity", ["restarts", "gaps", "all of it"])
async def test_an_interrupted_answer_is_remembered_as_far_as_it_was_heard(oddity: str) -> None:
    """Never more than the carrier has played."""
    async with asyncio.timeout(60), stack(ODDITIES[oddity]) as s:
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        await s.says(phone, "what are your opening hours")
        await phone.agent_speaking()
        begun = len(tape.steps)
        await tape.until(lambda: len([1 for x in tape.steps[begun:] if type(x.event).__name__ == "MarkReached"]) > 14)
        await s.says(phone, "wait a table for two please")
        await tape.until(lambda: any(text.endswith(" --") for _, text in tape.lines))
        [heard] = [text.removesuffix(" --") for _, text in tape.lines if text.endswith(" --")]
        assert ANSWER.startswith(heard)
        assert 3 * CHAR_MS < len(heard) * CHAR_MS <= _played_ms(tape) + MARK_MS
        await phone.hang_up()
        await phone.ended()


def _played_ms(tape: Tape) -> int:
    """How much of the answer was proved to be played before it was first cleared."""
    turn = tape.actions(a.Speak)[0][1].turn
    sent_ms, until, played_ms = 0, dict[str, int](), 0
    for step in tape.steps:
        if isinstance(step.event, e.MarkReached):
            played_ms = max(played_ms, until.get(step.event.name, 0))
        for action in step.actions:
            if isinstance(action, a.SendAudio):
                sent_ms += len(action.pcmu) // 8
            elif isinstance(action, a.SendMark) and not action.name.startswith(f"t{turn}."):
                sent_ms = 0
            elif isinstance(action, a.SendMark):
                until[action.name] = sent_ms
            elif isinstance(action, a.ClearPlayout):
                return played_ms
    return played_ms
