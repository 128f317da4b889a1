"""Bounds on what one WebSocket peer may bring, so that a peer that floods ends its own call and stalls no other.

`websockets` parses at once all that a read from the network returned: a quarter of a megabyte may be a hundred thousand
frames, and for a quarter of a second no other call goes on. Pings never reach a reader that could count them. So a
`BoundedConnection` parses in slices, one in each iteration of the event loop, and counts every frame: beyond its
allowance it is aborted, and is `flooded`. A closing handshake would only bring more of the flood.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.protocol import Event

from telephony.clock import Clock

FRAMES_PER_SECOND = 200
FRAMES_AT_ONCE = 4_000
"""Ten minutes of speech that arrive at once, in messages of 150 ms."""
BYTES_PER_SECOND = 2**20
BYTES_AT_ONCE = 32 * 2**20
"""Two of the largest messages that any of our sockets accepts."""
SLICE_BYTES = (1_024, 8_192)
"""Least and most that is parsed in one iteration of the event loop."""
MANY_FRAMES = 32
"""A slice with more frames is followed by the smallest slice."""


class Allowance:
    """How much may still come: `at_once`, of which `per_second` grow back."""

    def __init__(self, clock: Clock, per_second: int, at_once: int) -> None:
        self._clock, self._per_second, self._at_once = clock, per_second, at_once
        self._left: float = at_once
        self._since_ms = clock.ms()

    def take(self, amount: int) -> bool:
        """Whether `amount` was still allowed."""
        now = self._clock.ms()
        self._left = min(self._at_once, self._left + (now - self._since_ms) * self._per_second / 1000) - amount
        self._since_ms = now
        return self._left >= 0


class BoundedConnection(ClientConnection):
    """A client's connection. See the module text."""

    def __init__(self, clock: Clock, protocol: ClientProtocol, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.flooded = False
        self._frames = Allowance(clock, FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._bytes = Allowance(clock, BYTES_PER_SECOND, BYTES_AT_ONCE)
        self._unparsed = bytearray()
        self._slice = SLICE_BYTES[1]
        self._in_slice = 0  # frames
        self._scheduled: asyncio.Handle | None = None
        self._reader_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.recv_messages.pause, self.recv_messages.resume = self._pause, self._resume

    def data_received(self, data: bytes) -> None:
        if self.flooded:
            return
        if not self._bytes.take(len(data)):
            self._flood()
            return
        self._unparsed += data
        if self._scheduled is None and not self._reader_full:
            self._parse()

    def process_event(self, event: Event) -> None:
        if self.flooded:
            return
        if isinstance(event, Frame):
            self._in_slice += 1
            if not self._frames.take(1):
                self._flood()
                return
        super().process_event(event)

    def eof_received(self) -> None:
        self._parse_all()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._parse_all()
        super().connection_lost(exc)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _parse(self) -> None:
        """Parses one slice; the next is parsed in the next iteration of the event loop, if the reader keeps up."""
        self._scheduled, self._in_slice = None, 0
        piece = bytes(self._unparsed[: self._slice])
        del self._unparsed[: self._slice]
        super().data_received(piece)
        least, most = SLICE_BYTES
        self._slice = least if self._in_slice > MANY_FRAMES else min(most, self._slice * 2)
        self._go_on()

    def _parse_all(self) -> None:
        """What had arrived before the connection ended."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        piece, self._unparsed = bytes(self._unparsed), bytearray()
        if piece and not self.flooded:
            super().data_received(piece)

    def _go_on(self) -> None:
        """Schedules the next slice, and reads from the network only when nothing is left to parse."""
        if self.transport.is_closing():
            return
        if self._unparsed or self._reader_full:
            self.transport.pause_reading()
            if not self._reader_full and self._scheduled is None:
                self._scheduled = self.loop.call_soon(self._parse)
        else:
            self.transport.resume_reading()

    def _pause(self) -> None:
        self._reader_full = True
        self._go_on()

    def _resume(self) -> None:
        self._reader_full = False
        self._go_on()

    def _flood(self) -> None:
        self.flooded = True
        self._unparsed.clear()
        cast(asyncio.WriteTransport, self.transport).abort()
