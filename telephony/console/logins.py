"""Keys that are tried at the login: one after the other, and the slower the more of them were wrong.

Theory of operation. Nobody is locked out, whoever else tries keys. A wrong key makes the next try wait, and it is
everybody's: so at most one key in `LONGEST_GAP_MS` is tried in all, from however many places and in however many
requests at a time, and the right one opens when its turn comes. Of those who wait, whoever's place has tried least is
next, then whoever came first; if too many wait, the last in that order is refused.

A place may be forged where no proxy says whose request it is. That wins turns, and not one try more.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

from telephony.clock import Clock

FIRST_GAP_MS, LONGEST_GAP_MS = 250, 4_000
"""From one try to the next after one wrong key, and after many; each doubles it. 4 s: 15 keys a minute."""
WITHIN_MS = 600_000
"""How long a wrong key counts."""
MOST_WAITING = 8
_LOOK_MS = 20
_PLACE_CHARS = 60


class TooManyTries(Exception):
    """The key was not looked at, because too many keys are being tried."""


@dataclass(eq=False, slots=True)
class _Waiting:
    place: str
    number: int
    refused: asyncio.Event = field(default_factory=asyncio.Event)


class Logins:
    """See the module text."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: deque[tuple[int, str]] = deque()
        self._waiting: list[_Waiting] = []
        self._came = 0
        self._next_ms = 0

    async def attempt(self, place: str, opens: Callable[[], bool]) -> bool:
        """Waits for its turn, and then returns whether the key `opens`. Raises TooManyTries."""
        self._came += 1
        mine = _Waiting(place, self._came)
        self._waiting.append(mine)
        try:
            if len(self._waiting) > MOST_WAITING:
                self._in_order()[-1].refused.set()
            await self._turn(mine)
            good = opens()  # nothing is awaited from the turn to the count
            if not good:
                self._wrong.append((self._clock.ms(), place))
            self._next_ms = self._clock.ms() + self._gap_ms()
            return good
        finally:
            self._waiting.remove(mine)

    async def _turn(self, mine: _Waiting) -> None:
        while True:
            if mine.refused.is_set():
                raise TooManyTries
            wait_ms = self._next_ms - self._clock.ms()
            if wait_ms <= 0 and self._in_order()[0] is mine:
                return
            with suppress(TimeoutError):
                async with self._clock.timeout(max(wait_ms, _LOOK_MS)):
                    await mine.refused.wait()

    def _in_order(self) -> list[_Waiting]:
        """Those who wait, and have not been refused, the next first."""
        self._forget()
        tries = Counter(place for _, place in self._wrong)
        found = [one for one in self._waiting if not one.refused.is_set()]
        return sorted(found, key=lambda one: (tries[one.place], one.number))

    def _gap_ms(self) -> int:
        self._forget()
        count = len(self._wrong)
        return min(LONGEST_GAP_MS, FIRST_GAP_MS << min(count - 1, 10)) if count else 0

    def _forget(self) -> None:
        while self._wrong and self._wrong[0][0] <= self._clock.ms() - WITHIN_MS:
            self._wrong.popleft()


def source(scope: Mapping[str, Any]) -> str:
    """The place that a request comes from: its peer, and the client that the proxy nearest to us names, if it does (the
    last address of X-Forwarded-For; those before it may be the client's own)."""
    client = scope.get("client")
    named = [bytes(value) for name, value in scope.get("headers") or () if bytes(name).lower() == b"x-forwarded-for"]
    last = named[-1].decode("latin-1").rpartition(",")[2].strip() if named else ""
    return f"{_line(str(client[0]) if client else '')} {_line(last)}".strip()


def _line(address: str) -> str:
    """An address without a port; of IPv6 the 64 bits that are the same for all of one line."""
    text = address[1:].partition("]")[0] if address.startswith("[") else address
    text = text.partition(":")[0] if text.count(":") == 1 else text
    try:
        found = ip_address(text)
    except ValueError:
        return text[:_PLACE_CHARS]
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
