"""The demo's caller and its judgement, on scripted providers: a good call passes; what goes wrong is told."""

from __future__ import annotations

import asyncio
from typing import Any

from telephony.agent import Agent
from telephony.audio import tones
from telephony.clock import Clock
from telephony.demo import Watch, converse
from telephony.testing.call_checks import CallerTurn, Outcome, problems, silent_after
from telephony.testing.openai import CallTool, Say
from telephony.testing.stack import WORD_MS, local_stack
from telephony.tools import tool

LONG = (
    "We open at nine in the morning and close at six in the evening. On Sundays we stay closed all day. "
    "Please book ahead for groups of more than four people."
)


@tool
async def book_table(people: int) -> str:
    """Book a table."""
    return f"Booked for {people}."


def respond(body: dict[str, Any]) -> list[Any]:
    said = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
    if body["messages"][-2]["role"] == "tool":
        return [Say("It is booked.")]
    if "bye" in said:
        return [Say("Thank you, goodbye!"), CallTool("end_call", {"reason": "done"})]
    return [CallTool("book_table", {"people": 2})] if "table" in said else [Say(LONG)]


def turn(text: str, *, interrupts: bool = False) -> CallerTurn:
    words = text.split()
    return CallerTurn(tones.sine(300, WORD_MS * len(words)), (words[-1],), interrupts)


async def call(*texts: str, heard: tuple[str, ...] | None = None, replies: Any = respond) -> tuple[list[str], Outcome]:
    """One demo call; `heard` is what the ears make of the turns, by default what was said."""
    turns = [turn(text, interrupts=index == 1) for index, text in enumerate(texts)]
    agent = Agent(prompt="You are a test.", greeting="Hello, how can I help?", tools=(book_table,))
    async with asyncio.timeout(60), local_stack(agent, clock=Clock(12), replies=replies) as stack:
        for text in texts if heard is None else heard:
            stack.elevenlabs.stt.script.add(text)
        watch = Watch()
        outcome = await converse(stack.service, stack.carrier, turns, watch)
        return problems(outcome, watch.steps, watch.turns), outcome


async def test_a_good_call_has_no_problems():
    """Understood, answered, interrupted once in the middle of an answer, a tool run, ended by the agent's goodbye."""
    found, outcome = await call("what are your opening hours", "a table for two", "thank you bye")
    assert found == []
    assert outcome.tools == 1
    at = next(at for said, at in outcome.spoken if said.interrupts)
    assert 0 < silent_after(outcome.phone.caller_audio(), outcome.phone.heard(), at) <= 300


async def test_noise_is_not_taken_for_a_caller():
    """Nothing understood: the call is no success, however politely it ends."""
    found, _ = await call("what are your opening hours", "a table for two", heard=())
    assert found[0] == "nothing that the caller said was understood"


async def test_wrong_words_are_told():
    """The check is on what was said, not on whether there was any answer."""
    found, _ = await call(
        "opening hours", "a sofa", "thank you bye", heard=("opening flowers", "a table", "thanks bye")
    )
    assert "hours, sofa should have been heard" in found[0]


async def test_a_call_that_ends_without_a_goodbye_is_told():
    """The agent forgets the caller, who falls silent: a polite end, and no success."""
    found, outcome = await call("a table please", replies=without_end)
    assert found == ["the call ended otherwise than by the agent's goodbye (silent_goodbye)"]
    assert outcome.phone.violations == []


def without_end(body: dict[str, Any]) -> list[Any]:
    return [Say("It is booked.")] if body["messages"][-2]["role"] == "tool" else [CallTool("book_table", {"people": 2})]


def test_silence_after_an_interruption_is_measured_on_the_sound():
    """From the caller's first sound to the agent's last; what comes after a pause is the next answer."""
    quiet, loud = b"\xff" * 8, tones.sine(300, 1_000)
    agent = loud + quiet * 1_000 + loud
    caller = quiet * 800 + loud
    assert silent_after(caller, agent, 700) == 200
    assert silent_after(quiet * 1_200 + loud, agent, 1_000) == 0
