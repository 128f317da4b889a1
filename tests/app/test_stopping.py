"""SIGTERM to the process: during a request that never ends, and during a call."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Iterator

import pytest
import structlog

from telephony.agent import Agent, ManagedAgent
from telephony.app import server
from telephony.observe.logs import configure
from telephony.settings import Settings
from telephony.testing.fakes.elevenlabs.agents import LocalAgent
from telephony.testing.fakes.openai.server import Say
from telephony.testing.stack import local_stack
from telephony.testing.steady import SteadyClock

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
