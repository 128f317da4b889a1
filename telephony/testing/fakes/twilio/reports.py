"""The status callbacks of one call, conference or message, with what goes wrong with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from telephony.clock import Clock
from telephony.testing.fakes.twilio.faults import StepFaults

Sending = Callable[[], Awaitable[None]]


class Spawns(Protocol):
    """The part of the carrier that is needed here."""

    clock: Clock

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...

    async def post(self, url: str, base_url: str, form: Mapping[str, str]) -> None:
        """Sends a report that belongs to no call; `url` may be relative to `base_url`. One that fails is not tried
        again."""


class Reports:
    """`faults` is asked at each report, as tests change the faults while things run."""

    def __init__(self, carrier: Spawns, faults: Callable[[], StepFaults]) -> None:
        self._carrier, self._faults = carrier, faults
        self._late: list[Sending] = []

    async def tell(self, name: str, sending: Sending) -> None:
        """Reports an event, unless it is to be lost, or comes late."""
        if name in self._faults().lost:
            return
        if name in self._faults().late:
            self._late.append(sending)
        else:
            await self._send(sending)

    async def tell_last(self, name: str, sending: Sending) -> None:
        """Reports the last event, and then those that come late."""
        await self.tell(name, sending)
        late, self._late = self._late, []
        for one in late:
            await self._send(one)

    async def _send(self, sending: Sending) -> None:
        async def send(times: int, after_ms: int) -> None:
            await self._carrier.clock.sleep(after_ms)
            for _ in range(times):
                await sending()

        faults = self._faults()
        if faults.delay_ms:
            self._carrier.spawn(send(faults.times, faults.delay_ms))
        else:
            await send(faults.times, 0)
