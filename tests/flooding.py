"""For tests of floods: frames to flood with, and what others wait meanwhile."""

from __future__ import annotations

import asyncio
import gc
import os
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import thread_time

MOST_S = 0.2
"""Half a dozen frames of audio: nobody hears it. Unbounded floods take seconds."""


def frame(text: bytes, opcode: int = 1, mask: bytes = b"") -> bytes:
    """A WebSocket frame, by default a server's text. A client's has a `mask` (four zero bytes change nothing)."""
    masked = 0x80 if mask else 0
    size = bytes([masked | len(text)]) if len(text) < 126 else bytes([masked | 127]) + len(text).to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + mask + text


def send_until_closed(number: int, flood: bytes) -> None:
    """Writes `flood` to the socket with this descriptor over and over, in the calling thread."""
    with sockets.socket(fileno=os.dup(number)) as raw:
        raw.settimeout(5)
        try:
            while True:
                raw.sendall(flood)
        except OSError:
            pass


@asynccontextmanager
async def others_wait(at_most_s: float = MOST_S) -> AsyncIterator[None]:
    """Checks that every iteration of the event loop is short. What the tests before have left is not collected
    meanwhile, which would take as long as a flood; the service, too, freezes what it has when it starts."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = thread_time()
        while True:
            await asyncio.sleep(0)
            now = thread_time()
            longest, last = max(longest, now - last), now

    gc.freeze()
    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        gc.unfreeze()
    assert longest < at_most_s
