"""A page without a browser: it speaks the protocol of `/phone/media` over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from telephony.audio.level import LOUD, level
from telephony.clock import Clock
from telephony.testing.script import Says
from telephony.testing.stack import Stack

FRAME = 160
SILENCE = b"\xff" * FRAME


@dataclass(slots=True)
class PageClient:
    """`told`: the events so far; `heard`: the audio. `closed`: the service has closed the socket."""

    socket: ClientConnection
    clock: Clock
    told: list[dict[str, Any]] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    closed: bool = False
    _speech: bytearray = field(default_factory=bytearray)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def say(self, pcmu: bytes) -> None:
        """Returns when all of it has been sent."""
        self._speech += pcmu
        await self.until(lambda: not self._speech or self.closed)

    async def until(self, predicate: Callable[[], bool]) -> None:
        while not predicate():
            self._changed.clear()
            await self._changed.wait()

    async def event(self, kind: str, number: int = 1) -> dict[str, Any]:
        """Waits for event number `number` of a kind."""
        await self.until(lambda: len(self.of(kind)) >= number or self.closed)
        found = self.of(kind)
        assert len(found) >= number, self.told
        return found[number - 1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["type"] == kind]

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(one["who"], one["text"] + (" --" if one["interrupted"] else "")) for one in self.of("line")]

    def loud_ms(self) -> int:
        """How much of what was heard is sound."""
        frames = [bytes(self.heard[at : at + FRAME]) for at in range(0, len(self.heard), FRAME)]
        return 20 * sum(level(frame) > LOUD for frame in frames)

    async def ended(self) -> str:
        """Waits for the end; returns the outcome."""
        outcome = str((await self.event("ended"))["outcome"])
        await self.until(lambda: self.closed)
        return outcome

    # --- tasks ------------------------------------------------------------------------------------------------------

    async def read(self) -> None:
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.heard += message
                else:
                    self.told.append(json.loads(message))
                self._changed.set()
        except ConnectionClosed:
            pass
        self.closed = True
        self._changed.set()

    async def speak(self) -> None:
        """Sends a frame each 20 ms, as a browser's audio thread does."""
        begun_ms, sent = self.clock.ms(), 0
        try:
            while not self.closed:
                frame = bytes(self._speech[:FRAME]).ljust(FRAME, b"\xff")
                del self._speech[:FRAME]
                await self.socket.send(frame)
                sent += 1
                self._changed.set()
                await self.clock.sleep(begun_ms + 20 * sent - self.clock.ms())
        except ConnectionClosed:
            pass


def media_url(stack: Stack) -> str:
    return f"{stack.service.base_url.replace('http', 'ws')}/phone/media"


@asynccontextmanager
async def page(stack: Stack, *, url: str = "", **headers: str) -> AsyncIterator[PageClient]:
    """A page with a call under way; leaving it closes the page."""
    headers = {"Origin": stack.service.base_url} | headers
    async with connect(url or media_url(stack), additional_headers=headers, proxy=None, ping_interval=None) as socket:
        client = PageClient(socket, stack.clock)
        async with asyncio.TaskGroup() as tasks:
            reading, speaking = tasks.create_task(client.read()), tasks.create_task(client.speak())
            try:
                yield client
            finally:
                await socket.close()
                reading.cancel()
                speaking.cancel()


async def says(stack: Stack, client: PageClient, text: str) -> None:
    """The page's user says `text`: a tone that the local STT transcribes so."""
    stack.elevenlabs.stt.script.add(text)
    await client.say(Says(text).sound())
