"""SIGTERM to the process: during a request that never ends, and during a call."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from telephony.agent import Agent, ManagedAgent
from telephony.app import server
from telephony.app.server import may_ring
from telephony.core.events import DrainStarted
from telephony.observe.logs import configure
from telephony.outbound.attempt import Attempt, Outcome
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.agents import LocalAgent
from telephony.testing.fakes.openai.server import Say
from telephony.testing.fakes.twilio.outgoing import Callee
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock
from tests.console.page_client import page, says
from tests.outbound.ringing import AGENT as RINGING
from tests.outbound.ringing import OWN, THEIRS, ringing

HELLO, ANSWER = "Hello there.", "We open at nine."


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def test_a_request_that_never_ends_does_not_block_the_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cancelled at the end of the grace period, with one log line and no traceback."""
    monkeypatch.setitem(server.SOCKET_OPTIONS, "timeout_graceful_shutdown", 0.3)
    out = io.StringIO()
    configure("info", "json", stream=out)
    nowhere = "http://127.0.0.1:9"
    settings = Settings(port=0, twilio_auth_token="t", openai_base_url=nowhere, elevenlabs_base_url=nowhere)
    async with asyncio.timeout(60):
        serving = asyncio.create_task(server._serve(settings, Agent(prompt="P.")))
        while '"serving"' not in out.getvalue():  # noqa: ASYNC110  (operators watch this log line too)
            await asyncio.sleep(0.01)
        url = next(json.loads(line)["url"] for line in out.getvalue().splitlines() if '"serving"' in line)
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        head = b"POST /twilio/voice HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
        writer.write(head + b"CallSid")
        assert b" 100 " in await reader.readline()  # the handler waits for the body
        os.kill(os.getpid(), signal.SIGTERM)
        assert await serving == 0
        writer.close()
    events = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert events[-2:] == ["requests_cancelled", "stopped"]
    assert "Traceback" not in out.getvalue()


@pytest.mark.parametrize("ends", [True, False])
async def test_a_bridged_call_goes_on_until_it_ends_or_its_time_is_over(ends: bool) -> None:
    """The agent still answers after the signal; the drain ends when the caller hangs up, or at the deadline."""
    agents = {"agent_1": LocalAgent(first_message=HELLO, respond=lambda body: [Say(ANSWER)])}
    async with (
        asyncio.timeout(60),
        local_stack(ManagedAgent("agent_1"), clock=SteadyClock(20), platform=agents, drain_seconds=12) as s,
    ):
        stopping = asyncio.create_task(server.until_stopped(s.service, server.stop_signals()))
        phone = await s.dial()
        tape = await s.tape(phone)
        await tape.until(lambda: ("agent", HELLO) in tape.lines)
        os.kill(os.getpid(), signal.SIGTERM)
        await phone.until(lambda: s.service.registry.draining)
        await s.says(phone, "what are your opening hours")
        await tape.until(lambda: ("agent", ANSWER) in tape.lines)
        assert not stopping.done()
        if ends:
            await phone.hang_up()
        await phone.ended()
        await stopping
        assert phone.outcome == "completed"
        assert bool(phone.spoken) is not ends


@pytest.mark.parametrize("status", ["completed", "busy"])
async def test_a_phone_that_rings_when_the_service_is_stopped_is_still_answered(tmp_path: Path, status: str) -> None:
    """The drain waits for it though no call is live; whoever picks up is talked to as ever, and new calls are refused.
    If nobody picks up, the drain ends with that."""
    async with ringing(tmp_path, drain_seconds=60) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee(status, ring_ms=8_000)
        stopping = asyncio.create_task(server.until_stopped(s.service, server.stop_signals()))
        dialling = asyncio.create_task(s.service.calls.dial(THEIRS))
        sid = await s.carrier.outgoing.until_placed()
        os.kill(os.getpid(), signal.SIGTERM)
        refused = await s.dial()
        await refused.ended()
        assert refused.spoken
        assert not s.service.registry.calls
        assert not stopping.done()
        if status == "completed":
            tape = await s.tape(s.carrier.calls[sid])
            await tape.until(lambda: ("agent", RINGING.greeting) in tape.lines)
            assert tape.events(DrainStarted)
            assert not stopping.done()
            await s.carrier.calls[sid].hang_up()
        await stopping
        assert (await dialling).outcome is (Outcome.ANSWERED if status == "completed" else Outcome.BUSY)


async def test_who_picks_up_late_in_a_drain_is_told_goodbye_in_time(tmp_path: Path) -> None:
    async with ringing(tmp_path, drain_seconds=12) as s:
        s.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=8_000)
        stopping = asyncio.create_task(server.until_stopped(s.service, server.stop_signals()))
        dialling = asyncio.create_task(s.service.calls.dial(THEIRS))
        sid = await s.carrier.outgoing.until_placed()
        os.kill(os.getpid(), signal.SIGTERM)
        await s.carrier.calls[sid].ended()
        await stopping
        assert "I have to end this call now" in s.tapes[sid].lines[-1][1]
        assert (await dialling).outcome is Outcome.ANSWERED


NOW = 1_800_000_000.0
PLACED = Attempt(id="i", key="k", to=THEIRS, from_=OWN, created_s=NOW - 10)


@pytest.mark.parametrize(
    ("changes", "rings"),
    [
        ({}, True),  # it is not even known whether it was placed
        ({"status": "queued"}, True),
        ({"status": "ringing", "call_sid": "CA1"}, True),
        ({"status": "in-progress"}, True),  # picked up: its call may not have begun
        ({"status": "in-progress", "created_s": NOW - 46}, False),  # a live call, here or elsewhere
        ({"outcome": Outcome.BUSY}, False),
        ({"outcome": Outcome.UNKNOWN}, False),
        ({"status": "ringing", "created_s": NOW - 44}, True),
        ({"status": "ringing", "created_s": NOW - 46}, False),  # nobody has heard of it since
        ({"status": "ringing", "created_s": NOW - 46, "ring_s": 60}, True),
    ],
)
def test_which_attempts_may_ring(changes: dict[str, Any], rings: bool) -> None:
    assert may_ring(replace(PLACED, **changes), NOW) is rings


async def test_a_call_from_the_browser_goes_on_after_the_signal_and_its_page_is_told_of_the_end() -> None:
    """As any other: it is still answered, it ends in time, and a page that calls meanwhile is refused."""
    agent = Agent(prompt="You are a test.", greeting=HELLO)
    async with (
        asyncio.timeout(60),
        local_stack(agent, clock=SteadyClock(20), replies=lambda body: [Say(ANSWER)], drain_seconds=15) as s,
    ):
        stopping = asyncio.create_task(server.until_stopped(s.service, server.stop_signals()))
        async with page(s) as phone:
            await phone.event("line")
            os.kill(os.getpid(), signal.SIGTERM)
            await phone.until(lambda: s.service.registry.draining)
            async with page(s) as late:
                assert await late.ended() == "completed"
                assert [one["text"] for one in late.of("carrier_says")]
                assert late.lines == []
            await says(s, phone, "what are your opening hours")
            await phone.until(lambda: ("agent", ANSWER) in phone.lines)
            assert not stopping.done()
            assert await phone.ended() == "completed"
        await stopping


def test_the_process_ends_with_a_task_that_ignores_its_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that was given up may go on for ever; a task that needs a moment to clean up has it."""
    monkeypatch.setattr(server, "LEFT_TASKS_S", 0.2)
    cancelled, cleaned = list[str](), list[str]()

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append("once")

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("tidy")

    left: list[asyncio.Task[None]] = []

    async def main() -> int:
        left.extend([asyncio.create_task(stubborn()), asyncio.create_task(tidy())])
        await asyncio.sleep(0)
        return 3

    loop = asyncio.new_event_loop()
    assert server._run(main(), loop) == 3
    assert (cancelled, cleaned, loop.is_closed()) == (["once"], ["tidy"], True)
    left[0]._log_destroy_pending = False  # type: ignore[attr-defined]
