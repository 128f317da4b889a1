"""The browser's socket: `/phone/media`. One socket is one call.

Theory of operation. Binary messages are 20 ms of mu-law, both ways. Text messages are JSON objects with a `type`: to
the page those of `feed.py` and of the call (`ringing`, `carrier_says`, `note`, `warning`, `problem`, `refused`,
`ended`), without their `details` if it is a guest's (`guests.py`); from the page

    key      press `key`
    say      say `text` in the local voice
    caller   let a recorded `caller` talk (`recorded.py`), who hangs up in the end
    quality  make the line worse: `noise_db`, `loss_percent`, `jitter_ms`
    here     nothing but that the page is there: without sound it sends no frames
    hang_up

What waits for a page that does not read is bounded: the oldest audio is dropped, and a page that lets events wait is
given up. A page that has sent nothing for a while is gone, too.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from telephony.clock import Clock
from telephony.console.carrier.call import BrowserCall, NotSpoken
from telephony.console.carrier.line import FRAME, LineQuality
from telephony.console.guests import for_guests
from telephony.console.recorded import CALLERS, Caller, plays

MOST_FRAMES, MOST_EVENTS = 50, 2_000
GONE_MS = 15_000
TEXT_CHARS = 500
MESSAGE_CHARS = 4_096
TYPED_WAITING = 10


class PageSocket:
    """The browser's end of a call (`carrier.call.Page`)."""

    def __init__(self, socket: WebSocket, clock: Clock, *, guest: bool = False) -> None:
        self._socket, self._clock, self._guest = socket, clock, guest
        self._frames: deque[bytes] = deque(maxlen=MOST_FRAMES)
        self._events: deque[str] = deque()
        self._typed: asyncio.Queue[str] = asyncio.Queue(TYPED_WAITING)
        self._recorded: asyncio.Queue[Caller] = asyncio.Queue(1)
        self._more = asyncio.Event()
        self._over = False

    # --- for the call -----------------------------------------------------------------------------------------------

    def hear(self, pcmu: bytes) -> None:
        self._frames.append(pcmu)
        self._more.set()

    def tell(self, event: Mapping[str, Any]) -> None:
        self._events.append(json.dumps(for_guests(event) if self._guest else event))
        self._more.set()

    # --- tasks ------------------------------------------------------------------------------------------------------

    async def run(self, call: BrowserCall, longest_ms: int | None) -> None:
        """Runs the whole call; if it takes `longest_ms`, it is ended."""
        async with asyncio.TaskGroup() as tasks:
            helpers = [tasks.create_task(one(call)) for one in (self._read, self._say, self._play)]
            if longest_ms is not None:
                helpers.append(tasks.create_task(self._end_after(longest_ms, call)))
            writer = tasks.create_task(self.write(call))
            await call.run()
            for task in helpers:
                task.cancel()
            self.finish()
            await writer

    def finish(self) -> None:
        """Nothing more will be told: `write` returns when the page has been told everything."""
        self._over = True
        self._more.set()

    async def write(self, call: BrowserCall | None = None) -> None:
        """Sends what there is to the page, until `finish`; if the page has gone, the call is hung up."""
        try:
            while not self._over or self._events:
                await self._more.wait()
                self._more.clear()
                if len(self._events) > MOST_EVENTS:
                    raise WebSocketDisconnect(1006)
                while self._events or self._frames:
                    while self._events:
                        await self._send(self._events.popleft())
                    if self._frames:
                        await self._send(self._frames.popleft())
        except (WebSocketDisconnect, RuntimeError, TimeoutError):
            self._events.clear()
            if call is not None:
                call.hang_up()

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _send(self, message: str | bytes) -> None:
        async with self._clock.timeout(GONE_MS):
            await (self._socket.send_text(message) if isinstance(message, str) else self._socket.send_bytes(message))

    async def _read(self, call: BrowserCall) -> None:
        try:
            while True:
                async with self._clock.timeout(GONE_MS):
                    message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if (pcmu := message.get("bytes")) is not None:
                    if len(pcmu) == FRAME:
                        call.line.uplink.hear(pcmu)
                elif (text := message.get("text")) is not None:
                    self._take(text, call)
        except TimeoutError:
            self.tell({"type": "problem", "code": "", "text": "The page has sent nothing for a while: the call ends."})
        call.hang_up()

    def _take(self, text: str, call: BrowserCall) -> None:
        try:
            found = json.loads(text[:MESSAGE_CHARS])
        except (ValueError, RecursionError):
            return
        match found:
            case {"type": "key", "key": str(key)}:
                call.press(key)
            case {"type": "say", "text": str(said)} if said.strip() and not self._typed.full():
                self._typed.put_nowait(said.strip()[:TEXT_CHARS])
            case {"type": "caller", "caller": str(name)} if name in CALLERS and not self._recorded.full():
                self._recorded.put_nowait(CALLERS[name])
            case {"type": "quality"}:
                call.line.uplink.quality = _quality(found)
            case {"type": "hang_up"}:
                call.hang_up()

    async def _say(self, call: BrowserCall) -> None:
        while True:
            text = await self._typed.get()
            try:
                await call.type(text)
            except NotSpoken as why:
                self.tell({"type": "note", "text": str(why)})

    async def _play(self, call: BrowserCall) -> None:
        while True:
            await plays(await self._recorded.get(), call.line)

    async def _end_after(self, ms: int, call: BrowserCall) -> None:
        await self._clock.sleep(ms)
        self.tell({"type": "note", "text": f"Calls from a link last {ms // 60_000} minutes at most: this one is over."})
        call.hang_up()


def _quality(found: Mapping[str, Any]) -> LineQuality:
    """What the page asks for; what is out of bounds, or no number, is left out."""

    def number(name: str, low: int, high: int) -> int | None:
        value = found.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None

    return LineQuality(
        noise_db=number("noise_db", -60, -20),
        loss_percent=number("loss_percent", 0, 50) or 0,
        jitter_ms=number("jitter_ms", 0, 500) or 0,
    )
