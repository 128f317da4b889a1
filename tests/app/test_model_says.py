"""Whole calls in which the model says whether the caller has finished, over the real protocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.policy import TurnTaking
from telephony.runtime.model_verdicts import LEAST
from telephony.runtime.reply import UNFINISHED
from telephony.testing.fakes.openai.server import Part, Raw, Say
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.stack import Stack, Tape, local_stack
from telephony.testing.steady import SteadyClock

HELLO = "Hello, how can I help?"
HALF, REST = "I would like a table for four", "on the terrace please"


def asked(body: dict[str, Any]) -> bool:
    """The instruction is in the request."""
    return UNFINISHED in body["messages"][0]["content"]


def words(body: dict[str, Any]) -> str:
    return str([message["content"] for message in body["messages"] if message["role"] == "user"][-1])


def denies(body: dict[str, Any], *pieces: str) -> list[Part]:
    """An ellipsis in pieces for half a request, if the model is asked; otherwise an answer."""
    if not (asked(body) and words(body).endswith("four")):
        return [Say("It is booked.")]
    return [Raw.deltas(*({"content": piece} for piece in pieces))]


@asynccontextmanager
async def call(stack: Stack) -> AsyncIterator[tuple[PhoneCall, Tape]]:
    """A call whose caller has heard the greeting."""
    phone = await stack.dial()
    tape = await stack.tape(phone)
    await tape.until(lambda: ("agent", HELLO) in tape.lines)
    yield phone, tape
    await phone.hang_up()
    await phone.ended()


@pytest.mark.parametrize("pieces", [("…",), (".", ".."), (" ", "…", "\n"), ('"', "..", ".", '"')])
async def test_a_caller_who_pauses_is_answered_once_as_a_whole(pieces: tuple[str, ...]) -> None:
    """The ellipsis is not spoken, not remembered and not on record, however it is split."""
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    clock = SteadyClock(20)
    async with asyncio.timeout(60), local_stack(agent, clock=clock, replies=lambda body: denies(body, *pieces)) as s:
        async with call(s) as (phone, tape):
            await s.says(phone, HALF)
            await tape.until(
                lambda: any(x.why is d.DropReason.UNFINISHED for _, x in tape.actions(d.SpeculationDropped))
            )
            await s.says(phone, REST)
            await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
            assert [text for who, text in tape.lines if who == "caller"] == [f"{HALF} {REST}"]
            assert all("." not in x.text.strip(". ") for _, x in tape.actions(a.Speak) if x.text.strip() != HELLO)
            assert {x.text.strip() for _, x in tape.actions(a.Speak)} <= {HELLO, "It is booked."}
        half, *again, whole = s.openai.requests
        assert [words(body) for body in (half, whole)] == [HALF, f"{HALF} {REST}"]
        assert asked(half)
        assert half["messages"][0] == whole["messages"][0]
        assert [(words(body), asked(body)) for body in again] in ([], [(HALF, False)])  # for a caller who says no more
        assert all(pieces[0].strip(' "') not in words(body).split() for body in s.openai.requests)
        assert not any("…" in str(body["messages"][1:]) for body in s.openai.requests)


async def test_a_turn_that_is_over_is_answered_by_a_second_request() -> None:
    """The caller says no more: the model is asked once more without the instruction, and there is no apology."""
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    clock = SteadyClock(20)
    async with asyncio.timeout(60), local_stack(agent, clock=clock, replies=lambda body: denies(body, "…")) as s:
        async with call(s) as (phone, tape):
            await s.says(phone, HALF)
            await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
            assert tape.actions(d.Apologised) == []
        assert [asked(body) for body in s.openai.requests] == [True, False]


async def test_a_model_that_always_says_so_is_not_asked_any_more() -> None:
    """The calls that follow are decided by the rules, and their agents say so on the tape."""
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    clock = SteadyClock(20)

    def always(body: dict[str, Any]) -> list[Part]:
        return [Say("…" if asked(body) else "It is booked.")]

    async with asyncio.timeout(120), local_stack(agent, clock=clock, replies=always) as s:
        async with call(s) as (phone, tape):
            for number in range(LEAST):
                await s.says(phone, f"I would like table {number}")
                await tape.until(lambda n=number: len(tape.actions(d.ModelJudged)) > n)  # type: ignore[misc]
                await tape.until(lambda n=number: tape.lines.count(("agent", "It is booked.")) > n)  # type: ignore[misc]
        s.openai.requests.clear()
        async with call(s) as (phone, tape):
            await s.says(phone, HALF)
            await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
            assert tape.actions(d.ModelJudged) == []
        assert [asked(body) for body in s.openai.requests] == [False]


async def test_where_the_rules_decide_the_model_is_not_asked() -> None:
    agent = Agent(prompt="You are a test.", greeting=HELLO, turn_taking=TurnTaking(completeness="rules"))
    clock = SteadyClock(20)
    async with asyncio.timeout(60), local_stack(agent, clock=clock, replies=lambda body: denies(body, "…")) as s:
        async with call(s) as (phone, tape):
            await s.says(phone, HALF)
            await tape.until(lambda: ("agent", "It is booked.") in tape.lines)
        assert not any(asked(body) for body in s.openai.requests)
