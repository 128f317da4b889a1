"""uvicorn's WebSocket protocol, with a way to abort a connection whose peer does not read, and a bound on floods.

ASGI can only close a connection in an orderly way, which waits until the peer has read the data in flight. A peer that
never reads would keep the connection, its buffers and its file descriptor indefinitely. This module adds the extension
`telephony.abort` to the scope: `scope["extensions"]["telephony.abort"]["abort"]()` aborts the connection at once.

What one read brings (a quarter of a megabyte, perhaps tens of thousands of frames) is parsed in slices, one in each
iteration of the event loop. A peer that sends far more frames or bytes than a carrier is aborted: its pings, and what
it sends after a close, reach no reader that could count them.

    uvicorn.Config(app, ws=AbortableSocket)
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from telephony.clock import Clock
from telephony.network.flood import Allowance

SLICE_BYTES = 4_096
"""Ten frames of audio."""
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 500, 10_000
"""A carrier sends fifty frames of audio a second, hundreds of marks at once after a clear, and all that waited after a
stall."""
BYTES_PER_SECOND, BYTES_AT_ONCE = 2**18, 2**23


class AbortableSocket(WebSocketsSansIOProtocol):
    """`websockets-sansio`, plus the extension and the bounds."""

    def __init__(self, *options: Any, clock: Clock | None = None, **named: Any) -> None:
        super().__init__(*options, **named)
        clock = clock or Clock()
        self._frames = Allowance(clock, FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._bytes = Allowance(clock, BYTES_PER_SECOND, BYTES_AT_ONCE)
        self._unparsed = bytearray()
        self._scheduled: asyncio.Handle | None = None

    def data_received(self, data: bytes) -> None:
        if not self._bytes.take(len(data)):
            self._flood()
        else:
            self._unparsed += data
            if self._scheduled is None:
                self._parse()

    def handle_events(self) -> None:
        if self._frames.take(len(self.conn.events)):
            super().handle_events()
        else:
            self._flood()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            super().data_received(bytes(self._unparsed))  # what came before the end
        super().connection_lost(exc)

    def _parse(self) -> None:
        piece = bytes(self._unparsed[:SLICE_BYTES])
        del self._unparsed[:SLICE_BYTES]
        super().data_received(piece)
        self._scheduled = self.loop.call_soon(self._parse) if self._unparsed else None

    def _flood(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        self._unparsed.clear()
        self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)  # creates the scope; the app's task starts in a later iteration of the loop
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"]["telephony.abort"] = {"abort": self.transport.abort}
