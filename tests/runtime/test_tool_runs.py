"""A tool's context in a live call: what reaches the core, from the loop and from threads, and what becomes of work."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from telephony.agent import IncomingCall
from telephony.core.actions import DropDeferred, EndEntry, EntryEnd, NotDone, RunDeferred
from telephony.core.decisions import BargeInReason, Cut
from telephony.core.events import (
    MASKED_KEY,
    EndWanted,
    Event,
    KeyPressed,
    NoticeReceived,
    SayRequested,
    WorkDeferred,
)
from telephony.core.policy import Limits
from telephony.key_entries.entries import Entries
from telephony.key_entries.screen import KeyScreen
from telephony.runtime.tool_runs import ToolRuns
from telephony.testing.steady import SteadyClock
from telephony.tool_context import CallMemories, ToolContext, ToolFailed, TwilioClient
from telephony.tools import Tool, tool

CALL = IncomingCall("CA1", "+15550001111", "+15559990000", form={"StirVerstat": "TN-Validation-Passed-A"})


class Bench:
    """The tools of a call, and what they have reported to it."""

    def __init__(self, runs: ToolRuns) -> None:
        self.runs = runs
        self.events: list[Event] = []
        self._happened = asyncio.Event()

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._happened.set()

    async def until(self, count: int) -> list[Event]:
        while len(self.events) < count:
            self._happened.clear()
            await self._happened.wait()
        return self.events


@asynccontextmanager
async def bench(
    *tools: Tool,
    limits: Limits | None = None,
    call: IncomingCall = CALL,
    services: Mapping[type[Any], object] | None = None,
) -> AsyncIterator[Bench]:
    async with asyncio.timeout(30):
        made = Bench(ToolRuns(tools, limits or Limits(), call, SteadyClock(10), services))
        made.runs.open(made.emit)
        yield made
        made.runs.close()
        await made.runs.finish()


def work_of(event: Event) -> str:
    assert isinstance(event, WorkDeferred)
    return event.work


@tool
async def speaks(context: ToolContext) -> str:
    """Says all it can."""
    await context.say("One moment.")
    context.progress("Half of it.")
    context.notify("It is there.")
    context.when_heard(lambda: None, must=True)
    context.end_call()
    return "ok"


@tool
def speaks_in_thread(context: ToolContext) -> str:
    """The same from a thread."""
    assert threading.current_thread() is not threading.main_thread()
    context.say("One moment.")
    context.progress("Half of it.")
    context.notify("It is there.")
    context.when_heard(lambda: None, must=True)
    context.end_call()
    return "ok"


@pytest.mark.parametrize("one", [speaks, speaks_in_thread], ids=["async", "in a thread"])
async def test_what_a_tool_asks_for_has_reached_the_call_when_it_returns(one: Tool) -> None:
    async with bench(one) as made:
        result = await made.runs.run(3, "call_1", one.name, "{}")
        assert (result.text, result.failed) == ("ok", False)
        said, known, told, deferred, ends = made.events
        assert said == SayRequested("One moment.")
        assert known == NoticeReceived("Half of it.", speak=False)
        assert told == NoticeReceived("It is there.")
        assert isinstance(deferred, WorkDeferred)
        assert (deferred.turn, deferred.tool_call_id, deferred.must) == (3, "call_1", True)
        assert ends == EndWanted(3, "call_1")
        made.runs.perform(DropDeferred(deferred.work, NotDone.INTERRUPTED))


async def test_a_tool_knows_its_call() -> None:
    seen: list[ToolContext] = []

    @tool
    def looks(context: ToolContext) -> None:
        seen.append(context)

    async with bench(looks) as made:
        for turn in (1, 2):
            await made.runs.run(turn, "call_1", "looks", "{}")
    first, second = seen
    assert (first.call_sid, first.person, first.called, first.verified) == ("CA1", CALL.caller, CALL.called, True)
    assert first.idempotency_key != second.idempotency_key
    assert first.store is second.store


@pytest.mark.parametrize(
    ("form", "direction", "verified"),
    [
        ({"StirVerstat": "TN-Validation-Passed-A"}, "inbound", True),
        ({"StirVerstat": "TN-Validation-Passed-B"}, "inbound", False),
        ({"StirVerstat": "TN-Validation-Passed-C"}, "inbound", False),
        ({"StirVerstat": "TN-Validation-Failed-A"}, "inbound", False),
        ({"StirVerstat": "No-TN-Validation"}, "inbound", False),
        ({"StirVerstat": "TN-Validation-Passed-A-Passed"}, "inbound", False),
        ({"StirVerstat": ""}, "inbound", False),
        ({}, "inbound", False),
        ({"StirVerstat": "TN-Validation-Passed-A"}, "outbound-api", False),
    ],
)
def test_a_caller_id_is_vouched_for_by_attestation_a_alone(
    form: dict[str, str], direction: str, verified: bool
) -> None:
    assert IncomingCall("CA1", "+15550001111", direction=direction, form=form).verified is verified


# --- work that waits --------------------------------------------------------------------------------------------------


async def deferring(made: Bench, name: str = "defers") -> str:
    """Runs the tool; returns the id of its work."""
    await made.runs.run(1, "call_1", name, "{}")
    [event] = [one for one in made.events if isinstance(one, WorkDeferred)]
    return work_of(event)


def defers(work: Any, must: bool = False) -> Tool:
    async def defers(context: ToolContext) -> str:
        """Defers at once, so that no limit is too short for it."""
        context.when_heard(work, must)
        return "soon"

    return tool(defers)


async def test_work_is_done_when_the_core_says_so_and_only_then() -> None:
    done = list[str]()

    async def dial() -> None:
        done.append("dialled")

    async with bench(defers(dial)) as made:
        work = await deferring(made)
        await made.runs.finish()
        assert done == []
        made.runs.perform(RunDeferred(work))
        made.runs.perform(RunDeferred(work))
        await made.runs.finish()
        assert done == ["dialled"]
    assert done == ["dialled"]


async def test_dropped_work_is_not_done() -> None:
    done = list[str]()
    async with bench(defers(lambda: done.append("dialled"), must=True)) as made:
        work = await deferring(made)
        made.runs.perform(DropDeferred(work, NotDone.FAILED))
        made.runs.perform(RunDeferred(work))
    assert done == []


@pytest.mark.parametrize(("must", "expected"), [(False, []), (True, ["done"])])
async def test_what_nobody_has_decided_when_the_call_is_over(must: bool, expected: list[str]) -> None:
    done = list[str]()
    async with bench(defers(lambda: done.append("done"), must)) as made:
        await deferring(made)
    assert done == expected


async def test_work_that_has_begun_outlives_the_call() -> None:
    release, done = asyncio.Event(), list[str]()

    async def slow() -> None:
        await release.wait()
        done.append("done")

    async with bench(defers(slow)) as made:
        made.runs.perform(RunDeferred(await deferring(made)))
        made.runs.close()
        waiting = asyncio.create_task(made.runs.finish())
        await asyncio.sleep(0)
        waiting.cancel()  # the port is not waited for any longer
        release.set()
        await made.runs.finish()
    assert done == ["done"]


async def test_work_has_the_time_of_a_tool_and_its_failure_is_a_notice() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async with bench(defers(hangs), limits=Limits(tool_ms=100)) as made:
        made.runs.perform(RunDeferred(await deferring(made)))
        await made.runs.finish()
        notice = made.events[-1]
        assert isinstance(notice, NoticeReceived)
        assert notice.speak
        assert "defers" in notice.text


@pytest.mark.parametrize(
    ("raised", "text"),
    [
        (ToolFailed("The exchange is closed."), "The exchange is closed."),
        (OSError("secret detail"), "What defers was to do after it was announced has failed; nobody knows whether"),
        (SystemExit(1), "What defers was to do after it was announced has failed; nobody knows whether"),
    ],
    ids=["in words", "error", "exit"],
)
async def test_work_that_raises_is_a_notice_in_words(raised: BaseException, text: str) -> None:
    def fails() -> None:
        raise raised

    async with bench(defers(fails)) as made:
        made.runs.perform(RunDeferred(await deferring(made)))
        await made.runs.finish()
        notice = made.events[-1]
        assert isinstance(notice, NoticeReceived)
        assert notice.text.startswith(text)
        assert "secret" not in notice.text


async def test_what_work_returns_the_model_knows() -> None:
    async with bench(defers(lambda: {"message": "sent"})) as made:
        made.runs.perform(RunDeferred(await deferring(made)))
        await made.runs.finish()
        text = 'What defers was to do after it was announced is done: {"message": "sent"}'
        assert made.events[-1] == NoticeReceived(text, speak=False)


async def test_the_model_knows_of_work_that_returned_garbage() -> None:
    garbage: list[Any] = []
    garbage.append(garbage)
    async with bench(defers(lambda: garbage)) as made:
        made.runs.perform(RunDeferred(await deferring(made)))
        await made.runs.finish()
        text = "What defers was to do after it was announced is done: what it has returned cannot be read."
        assert made.events[-1] == NoticeReceived(text, speak=False)


async def test_a_tool_that_has_returned_defers_nothing() -> None:
    kept: list[ToolContext] = []

    @tool
    def keeps(context: ToolContext) -> None:
        kept.append(context)

    async with bench(keeps) as made:
        await made.runs.run(1, "call_1", "keeps", "{}")
        with pytest.raises(ToolFailed, match="had returned"):
            kept[0].when_heard(lambda: None)
        kept[0].notify("It has arrived.")
        assert made.events == [NoticeReceived("It has arrived.")]
    kept[0].notify("Nobody is there any more.")
    assert len(made.events) == 1


# --- the signal -------------------------------------------------------------------------------------------------------


def ends_by_cut(made: Bench) -> None:
    made.runs.perform(Cut(1, BargeInReason.WORDS))


@pytest.mark.parametrize("how", [ends_by_cut, lambda made: made.runs.close()], ids=["interrupted", "hung up"])
async def test_a_tool_is_told_that_it_is_wanted_no_longer(how: Any) -> None:
    began = asyncio.Event()

    @tool
    async def waits(context: ToolContext) -> str:
        began.set()
        await context.cancelled.wait()
        return "stopped"

    @tool
    def waits_in_thread(context: ToolContext) -> str:
        return "stopped" if context.cancelled.wait_in_thread(20) else "went on"

    async with bench(waits, waits_in_thread) as made:
        running = [asyncio.create_task(made.runs.run(1, name, name, "{}")) for name in ("waits", "waits_in_thread")]
        await began.wait()
        how(made)
        assert [(await one).text for one in running] == ["stopped", "stopped"]


@pytest.mark.parametrize(("hung_up", "done"), [(True, ["booked", "noted"]), (False, ["booked"])])
async def test_a_tool_that_has_begun_finishes_though_the_caller_hangs_up(hung_up: bool, done: list[str]) -> None:
    """Half a booking is worse than one that nobody waits for."""
    began, over, did = asyncio.Event(), asyncio.Event(), list[str]()

    @tool
    async def book(context: ToolContext) -> str:
        did.append("booked")
        began.set()
        try:
            await asyncio.sleep(0.01)
            did.append("noted")
        finally:
            over.set()
        return "ok"

    async with bench(book) as made:
        running = asyncio.create_task(made.runs.run(1, "call_1", "book", "{}"))
        await began.wait()
        if hung_up:
            made.runs.close()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await over.wait()
        assert did == done


async def test_a_tool_that_takes_too_long_is_told_so() -> None:
    told = threading.Event()

    @tool
    def hangs(context: ToolContext) -> None:
        context.cancelled.wait_in_thread(20)
        with pytest.raises(ToolFailed):
            context.when_heard(lambda: None)
        told.set()

    async with bench(hangs, limits=Limits(tool_ms=100)) as made:
        result = await made.runs.run(1, "call_1", "hangs", "{}")
        assert result.failed
        assert await asyncio.to_thread(told.wait, 10)
        assert made.events == []


# --- services ---------------------------------------------------------------------------------------------------------


class Calendar:
    """A service of the app's."""


async def test_a_service_is_found_by_its_type() -> None:
    calendar = Calendar()

    @tool
    def asks(context: ToolContext) -> str:
        return "yes" if context.service(Calendar) is calendar else "no"

    async with bench(asks, services={Calendar: calendar}) as made:
        assert (await made.runs.run(1, "call_1", "asks", "{}")).text == "yes"


@pytest.mark.parametrize("kind", [Calendar, TwilioClient])
async def test_a_service_that_is_missing_fails_in_words(kind: type[Any]) -> None:
    @tool
    def asks(context: ToolContext) -> str:
        return str(context.twilio if kind is TwilioClient else context.service(kind))

    async with bench(asks) as made:
        result = await made.runs.run(1, "call_1", "asks", "{}")
        words = f"Not done: {kind.__name__} is not set up here. Tell the caller that you cannot do this."
        assert (result.text, result.failed) == (words, True)


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_tool_runs_at_most_so_often_in_a_call_whatever_the_model_wants() -> None:
    ran = Counter[str]()

    @tool(limit_per_call=2)
    def sends(text: str) -> str:
        ran[text] += 1
        return "sent"

    memories = CallMemories()
    for stream in range(2):  # the call leaves its stream and comes back
        async with bench(sends, services={CallMemories: memories}) as made:
            for number in range(3):
                result = await made.runs.run(number, f"call_{number}", "sends", f'{{"text": "{stream}{number}"}}')
        assert result.failed
        assert result.text.startswith("Not done: sends may not run more often in this call")
    assert ran.total() == 2
    async with bench(sends, call=IncomingCall("CA2"), services={CallMemories: memories}) as made:
        assert not (await made.runs.run(1, "call_1", "sends", '{"text": "another call"}')).failed


async def test_wrong_arguments_do_not_count() -> None:
    @tool(limit_per_call=1)
    def sends(text: str) -> str:
        return "sent"

    async with bench(sends) as made:
        assert (await made.runs.run(1, "call_1", "sends", "{}")).failed
        assert not (await made.runs.run(1, "call_2", "sends", '{"text": "x"}')).failed


async def test_all_tools_together_are_limited_too_but_the_call_can_always_be_ended() -> None:
    @tool
    def one() -> str:
        return "one"

    @tool
    def two() -> str:
        return "two"

    async with bench(one, two, limits=Limits(tool_runs=3)) as made:
        names = ("one", "two", "one", "two", "end_call")
        failed = [(await made.runs.run(1, f"call_{n}", name, "{}")).failed for n, name in enumerate(names)]
    assert failed == [False, False, False, True, False]


# --- keys -------------------------------------------------------------------------------------------------------------

PIN = "4929"


@asynccontextmanager
async def charged(charge: Callable[[str], str]) -> AsyncIterator[Bench]:
    """A tool has got a PIN, and what it has deferred is done with it."""
    screen = KeyScreen()
    pins = list[str]()

    @tool
    async def pay(context: ToolContext) -> str:
        """Asks for a PIN, and charges later."""
        context.when_heard(lambda: charge(pins[0]))
        pins.append((await context.service(Entries).ask(length=4, sensitive=True)).keys)
        return "Soon."

    async with bench(pay, services={Entries: Entries(screen)}) as made:
        running = asyncio.create_task(made.runs.run(1, "call_1", "pay", "{}"))
        await made.until(2)
        for digit in PIN:
            screen.screened(KeyPressed(digit))
        made.runs.perform(EndEntry(1, EntryEnd.COMPLETE, MASKED_KEY * len(PIN)))
        assert (await running).text == "Soon."
        assert pins == [PIN]
        made.runs.perform(RunDeferred(work_of(made.events[0])))
        await made.until(3)
        yield made


def refuses(pin: str) -> str:
    raise ToolFailed(f"The bank refuses {pin}.")


def returns(pin: str) -> str:
    return f"Charged with {pin}."


def raises(pin: str) -> str:
    raise ValueError(f"bad pin {pin}")


@pytest.mark.parametrize("charge", [refuses, returns, raises])
async def test_deferred_work_tells_no_more_of_secret_keys_than_its_tool(charge: Callable[[str], str]) -> None:
    with structlog.testing.capture_logs() as logged:
        async with charged(charge) as made:
            told = made.events[2]
    assert isinstance(told, NoticeReceived)
    assert PIN not in told.text
    assert (MASKED_KEY * len(PIN) in told.text) == (charge is not raises)
    failures = [line for line in logged if line["event"] == "deferred_work_failed"]
    assert [line.get("error") for line in failures] == ["ValueError"] * (charge is raises)
    assert not any("exc_info" in line for line in failures)


async def test_an_asynchronous_tool_cannot_hold_up_all_calls_for_keys() -> None:
    """The call that blocks is for threads."""

    @tool
    async def confused(context: ToolContext) -> str:
        """Asks as if it ran in a thread."""
        return context.service(Entries).ask_in_thread("Your PIN, please.", length=4).keys

    async with bench(confused, services={Entries: Entries(KeyScreen())}) as made:
        result = await made.runs.run(1, "call_1", "confused", "{}")
        assert (result.failed, made.events) == (True, [])
