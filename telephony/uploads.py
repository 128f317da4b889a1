"""Bodies from senders that are not known yet: few at once, bounded, and none that stands still keeps another out.

An upload takes a slot when its first bytes are there. If no slot is free, it waits a moment; an upload that has brought
next to nothing for a while is then ended to make room. So whoever wants to keep genuine uploads out has to send faster
than they do, from more than one address.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable
from contextlib import suppress

from telephony.clock import Clock

CONCURRENT = 4
"""Concurrent uploads. With the largest body this bounds the disk space that unauthenticated senders can occupy."""
PER_PEER = 3
"""Concurrent uploads from one address: a slot is left for others."""
WAITING_PER_PEER = 4
FIRST_MS = 2_000
"""How long the first bytes may take."""
SLOW_MS = 1_000
SLOW_BYTES = 8_192
"""An upload that brings less than `SLOW_BYTES` in `SLOW_MS` makes room for another."""
WAIT_MS = 3_000
"""How long an upload waits for a slot."""


class TooMany(Exception):
    """No slot has become free in time."""


class TooBig(Exception):
    """The body is larger than allowed."""


async def gather(pieces: AsyncIterable[bytes], most: int) -> bytes:
    """The whole body. Raises TooBig if it has more than `most` bytes. Sets no time limit: that is up to the caller."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        if len(body) > most:
            raise TooBig
    return bytes(body)


class Upload:
    """One upload. `deadline` is its timeout while its body arrives, otherwise None."""

    def __init__(self, peer: str, now: int) -> None:
        self.peer = peer
        self.progress_ms = now
        self.deadline: asyncio.Timeout | None = None
        self._bytes = 0

    def received(self, size: int, now: int) -> None:
        self._bytes += size
        if self._bytes >= SLOW_BYTES:
            self._bytes, self.progress_ms = 0, now

    def end(self) -> None:
        """The upload fails with TimeoutError."""
        if self.deadline is not None:
            self.deadline.reschedule(asyncio.get_running_loop().time())


class Uploads:
    """The slots. `peer` is the sender's address; uploads without one are neither limited by address nor ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: list[Upload] = []
        self._waiting: Counter[str] = Counter()
        self._left = asyncio.Event()

    async def enter(self, peer: str) -> Upload:
        """Takes a slot; give it back with `leave`. Raises TooMany."""
        if self._waiting[peer] >= WAITING_PER_PEER:
            raise TooMany
        self._waiting[peer] += 1
        try:
            await self._free_slot(peer)
        finally:
            self._waiting[peer] -= 1
            self._waiting += Counter()  # forgets addresses from which nothing waits
        upload = Upload(peer, self._clock.ms())
        self._taken.append(upload)
        return upload

    def leave(self, upload: Upload) -> None:
        if upload in self._taken:
            self._taken.remove(upload)
            self._left.set()

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _free_slot(self, peer: str) -> None:
        """Returns when `peer` may take a slot, in the same step of the event loop. Raises TooMany."""
        give_up_ms = self._clock.ms() + WAIT_MS
        while rivals := self._rivals(peer):
            now = self._clock.ms()
            slowest = min(
                (one for one in rivals if one.peer and one.deadline), key=lambda one: one.progress_ms, default=None
            )
            if slowest is not None and now - slowest.progress_ms >= SLOW_MS:
                slowest.end()
                self.leave(slowest)
                continue
            if now >= give_up_ms:
                raise TooMany
            until_ms = give_up_ms if slowest is None else min(give_up_ms, slowest.progress_ms + SLOW_MS)
            self._left.clear()
            with suppress(TimeoutError):
                async with self._clock.timeout(max(1, until_ms - now)):
                    await self._left.wait()

    def _rivals(self, peer: str) -> list[Upload]:
        """The uploads of which one has to leave before `peer` may begin another."""
        own = [one for one in self._taken if peer and one.peer == peer]
        if len(own) >= PER_PEER:
            return own
        return self._taken if len(self._taken) >= CONCURRENT else []
