"""The time of a `SteadyLoop`."""

from __future__ import annotations

import asyncio
import time

from telephony.testing.steady import SteadyClock, time_stands_still


async def test_a_slow_thread_takes_no_time_while_time_stands_still() -> None:
    clock = SteadyClock(20)
    before = clock.ms()
    with time_stands_still():
        await asyncio.to_thread(time.sleep, 0.3)
    assert clock.ms() - before < 600  # without it: 6,000
    await clock.sleep(1_000)
    assert clock.ms() - before >= 1_000


async def test_nothing_times_out_while_time_stands_still() -> None:
    """Other tasks wait, too: each sees the same time."""
    clock, slept = SteadyClock(20), asyncio.Event()

    async def sleep() -> None:
        await clock.sleep(2_000)
        slept.set()

    task = asyncio.create_task(sleep())
    with time_stands_still():
        await asyncio.to_thread(time.sleep, 0.3)
        assert not slept.is_set()
    await task
