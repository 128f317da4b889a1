"""Connections that bring nothing: each has a deadline, and when descriptors run out the log says so."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from telephony.agent import Agent
from telephony.app.descriptors import watch
from telephony.network.http_protocol import HEAD_MS
from telephony.testing.stack import Stack, local_stack
from telephony.testing.steady import SteadyClock

AGENT = Agent(prompt="You are a test.", greeting="Hello.")
HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    async with asyncio.timeout(60), local_stack(AGENT, clock=SteadyClock(20)) as running:
        yield running


async def opened(s: Stack) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*s.service.base_url.removeprefix("http://").split(":"))


@pytest.mark.parametrize("sent", [b"", b"G", HEAD], ids=["nothing", "one byte", "all but the last line"])
async def test_a_head_that_does_not_come_ends_its_connection(sent: bytes) -> None:
    """With 408 if it has begun."""
    async with stack() as s:
        reader, writer = await opened(s)
        writer.write(sent)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ") if sent else answer == b""
        writer.close()


async def test_a_head_that_trickles_ends_its_connection() -> None:
    """The deadline is for the whole head, however often a byte of it comes."""
    async with stack() as s:
        reader, writer = await opened(s)
        answer = asyncio.create_task(reader.read())
        began, sent = s.clock.ms(), iter(HEAD + b"X: " + b"y" * 10_000)
        while not answer.done() and s.clock.ms() - began < 4 * HEAD_MS:
            writer.write(bytes([next(sent)]))
            await s.clock.sleep(100)
        assert answer.done()
        assert (await answer).startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_second_request_on_the_same_connection_has_a_deadline_too() -> None:
    """Between two requests a connection may rest for longer."""
    async with stack() as s:
        reader, writer = await opened(s)
        writer.write(HEAD + b"\r\n")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        await s.clock.sleep(HEAD_MS * 1.5)
        writer.write(HEAD + b"\r\n")
        while b" 200 " not in await reader.readline():
            pass
        writer.write(HEAD)
        assert b"HTTP/1.1 408 " in await reader.read()
        writer.close()


async def test_scarce_descriptors_are_logged() -> None:
    """Once while they are scarce, before the limit as well as at it, where not even counting them works."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with structlog.testing.capture_logs() as lines:
        watching = asyncio.create_task(watch(SteadyClock(1_000)))
        taken = list[int]()
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 40, limits[1]))
            for leave in (3, 0):
                while len(taken) < 200:
                    try:
                        taken.append(os.dup(0))
                    except OSError:
                        break
                for _ in range(leave):
                    os.close(taken.pop())
                while not lines:  # noqa: ASYNC110  (the log has no event)
                    await asyncio.sleep(0)
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
                while lines[-1]["event"] != "descriptors_free":  # noqa: ASYNC110
                    await asyncio.sleep(0)
                assert [line["event"] for line in lines] == ["descriptors_scarce", "descriptors_free"]
                assert lines[0]["used"] >= lines[0]["limit"] * 9 // 10
                lines.clear()
                resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 40, limits[1]))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            for number in taken:
                os.close(number)
            watching.cancel()
