"""uvicorn's WebSocket protocol, with a direct way in and out, an abort, and a bound on floods.

    uvicorn.Config(app, ws=MediaSocket)

ASGI hands each message from the protocol through a queue to a task, and pauses reading for it: for a caller's audio,
fifty times a second, that costs more than everything that is done with it. And ASGI can only close a connection in an
orderly way, which waits until the peer has read the data in flight: a peer that never reads would keep the connection,
its buffers and its file descriptor indefinitely. So the scope has an extension (`direct.py`).

Theory of operation. What one read brings (a quarter of a megabyte, perhaps tens of thousands of frames) is cut into
whole WebSocket frames here, in slices, one in each iteration of the event loop. A frame that is a whole text message,
masked and ASCII, goes straight to whoever listens, if nothing that came before it still waits for `receive`. All others
are parsed by `websockets` and reach the app through `receive` as ever: fragments, binary messages, pings, closes, and
whatever breaks the protocol. The parser is only ever given whole frames; once one is too long to be cut out, it is
given all the rest, and refuses it.

A peer that sends far more frames or bytes than a carrier is aborted: its pings, and what it sends after a close, reach
no reader that could count them.

The base class is private to uvicorn: `tests/twilio/test_socket_protocol.py` names what is used of it. Under another
ASGI server there is no extension, and `receive` and `send` do everything.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.protocol import State

from telephony.clock import Clock
from telephony.network.flood import Allowance
from telephony.twilio.direct import EXTENSION, Direct, Take

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without its C extension
    from websockets.utils import apply_mask

SLICE_BYTES, SLICE_FRAMES = 4_096, 32
"""The most of a slice: ten frames of audio, or some more of another kind."""
WAITING_BYTES = 2**16
"""While more than this has been read and not parsed, nothing more is read."""
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 500, 10_000
"""A carrier sends fifty frames of audio a second, hundreds of marks at once after a clear, and all that waited after a
stall."""
BYTES_PER_SECOND, BYTES_AT_ONCE = 2**18, 2**23

_FIN, _MASKED = 0x80, 0x80  # bits of a frame's first and second byte: RFC 6455, 5.2
_HEAD = 6  # bytes before the payload of a masked frame, if its length is in the second byte
_TWO_BYTES, _EIGHT_BYTES = 126, 127  # the second byte, if it is in as many that follow


class MediaSocket(WebSocketsSansIOProtocol):
    """`websockets-sansio` with the extension and the bounds. See the module text."""

    def __init__(self, *options: Any, clock: Clock | None = None, **named: Any) -> None:
        super().__init__(*options, **named)
        clock = clock or Clock()
        self._frames = Allowance(clock, FRAMES_PER_SECOND, FRAMES_AT_ONCE)
        self._bytes = Allowance(clock, BYTES_PER_SECOND, BYTES_AT_ONCE)
        self._unparsed = bytearray()
        self._scheduled: asyncio.Handle | None = None
        self._take: Take | None = None
        self._full = False  # reading is paused until more is parsed
        self._uncut = False  # the parser is given the rest as it comes
        self._fragmented = False  # a message has begun whose last frame has not come

    def data_received(self, data: bytes) -> None:
        if not self._bytes.take(len(data)):
            self._flood()
        else:
            self._unparsed += data
            if self._scheduled is None:
                self._parse()
            if len(self._unparsed) > WAITING_BYTES and not self.transport.is_closing():
                self._full = True
                self.transport.pause_reading()

    def handle_events(self) -> None:
        if self._frames.take(len(self.conn.events)):
            super().handle_events()
        else:
            self._flood()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)  # creates the scope; the app's task starts in a later iteration of the loop
        scope = getattr(self, "scope", None)
        if scope is not None:
            direct = Direct(self.transport.abort, self._listen, self._ready, self._write)
            scope["extensions"][EXTENSION] = {"direct": direct}

    def connection_lost(self, exc: Exception | None) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            super().data_received(bytes(self._unparsed))  # what came before the end
        self._take = None
        super().connection_lost(exc)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _parse(self) -> None:
        """Parses one slice; what is left is parsed in the next iteration of the event loop."""
        self._scheduled, parsed, frames = None, 0, 0
        while self._unparsed and parsed < SLICE_BYTES and frames < SLICE_FRAMES and (size := self._next()):
            parsed, frames = parsed + size, frames + 1
            piece = bytes(self._unparsed[:size])
            del self._unparsed[:size]
            if not self.handshake_initiated:
                super().data_received(piece)
                # The server gives the head of the request on its own; if not, frames can no longer be told apart.
                self._uncut = self.handshake_initiated and not piece.endswith(b"\r\n\r\n")
            elif self._uncut or not self._goes_directly(piece):
                super().data_received(piece)
        if self._unparsed and self._next():
            self._scheduled = self.loop.call_soon(self._parse)
        if self._full and len(self._unparsed) <= WAITING_BYTES and not self.transport.is_closing():
            self._full = False
            if not self.read_paused:  # by the base class, until the app has received what waits for it
                self.transport.resume_reading()

    def _next(self) -> int:
        """How many bytes to parse at once: a whole frame, once there are frames; 0 if more must come first."""
        data = self._unparsed
        if not self.handshake_initiated or self._uncut:
            return min(len(data), SLICE_BYTES)
        if len(data) < 2:
            return 0
        length, head = data[1] & 0x7F, _HEAD if data[1] & _MASKED else _HEAD - 4
        if length == _EIGHT_BYTES:  # longer than any message may be
            self._uncut = True
            return min(len(data), SLICE_BYTES)
        if length == _TWO_BYTES:
            if len(data) < 4:
                return 0
            length, head = int.from_bytes(data[2:4], "big"), head + 2
        return head + length if len(data) >= head + length else 0

    def _goes_directly(self, frame: bytes) -> bool:
        """Gives a whole text message to whoever listens; False if the frame is something else, or must wait."""
        first, inside = frame[0], self._fragmented
        if first & 0x0F < Opcode.CLOSE:
            self._fragmented = not first & _FIN
        if self._take is None or inside or first != _FIN | Opcode.TEXT or not frame[1] & _MASKED:
            return False
        if not self.queue.empty() or self.conn.state is not State.OPEN or not self._frames.take(1):
            return False
        head = _HEAD if frame[1] & 0x7F < _TWO_BYTES else _HEAD + 2
        payload = apply_mask(frame[head:], frame[head - 4 : head])
        if not payload.isascii():  # what is no UTF-8 ends the connection, which is up to the parser
            return False
        self._take(payload)
        return True

    def _listen(self, take: Take | None) -> None:
        self._take = take

    def _ready(self) -> bool:
        return self.writable.is_set() and self.conn.state is State.OPEN and not self.transport.is_closing()

    def _write(self, text: str) -> None:
        self.conn.send_text(text.encode())
        self.transport.write(b"".join(self.conn.data_to_send()))

    def _flood(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        self._unparsed.clear()
        self.transport.abort()
