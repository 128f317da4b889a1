"""A WebSocket client for text that costs next to nothing: many callers share a process and must not be the bottleneck.

It speaks only what the bench needs of RFC 6455: messages in one frame, no extensions, and one masking key.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

MASK = b"\x5a\x13\xc7\x88"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_LONGEST = 2**16
_KEYSTREAM = int.from_bytes(MASK * (_LONGEST // 4))


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame. `payload` has less than 65,536 bytes."""
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2)
    key = _KEYSTREAM >> 8 * (_LONGEST - size)
    return head + MASK + (int.from_bytes(payload) ^ key).to_bytes(size)


def first_frame(data: bytearray) -> tuple[int, bytes, int] | None:
    """The opcode, payload and whole size of the server's frame at the beginning of `data`; None if not all is there."""
    if len(data) < 2:
        return None
    start, size = 2, data[1]
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start])
        if len(data) < start:
            return None
    end = start + size
    return (data[0] & 0x0F, bytes(data[start:end]), end) if len(data) >= end else None


class Wire(asyncio.Protocol):
    """One connection, made by `Wire.connect`. Calls `receive` with each text message."""

    def __init__(self, request: bytes, receive: Callable[[bytes], None]) -> None:
        self._request, self._receive = request, receive
        self._data = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()

    @classmethod
    async def connect(cls, url: str, headers: dict[str, str], receive: Callable[[bytes], None]) -> Wire:
        """Raises ConnectionError unless the server accepts the WebSocket."""
        parts = urlsplit(url)
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": parts.netloc, "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
        } | headers  # fmt: skip
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        request = "\r\n".join(lines).encode()
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(request, receive), parts.hostname or "", parts.port or 80)
        async with asyncio.timeout(15):
            await wire._accepted
        return wire

    def send(self, text: bytes) -> None:
        """Sends one text message; does nothing once the connection is lost."""
        if self._transport is not None:
            self._transport.write(masked(TEXT, text))

    async def close(self) -> None:
        """Says goodbye and waits for the end of the connection."""
        if self._transport is not None:
            self._transport.write(masked(CLOSE, (1000).to_bytes(2)))
        try:
            async with asyncio.timeout(10):
                await self.lost.wait()
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is no subclass
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._accepted.done() and not self._greeted():
            return
        while (frame := first_frame(self._data)) is not None:
            opcode, payload, size = frame
            del self._data[:size]
            if opcode == TEXT:
                self._receive(payload)
            elif opcode == PING and self._transport is not None:
                self._transport.write(masked(PONG, payload))
            elif opcode == CLOSE and self._transport is not None:
                self._transport.write(masked(CLOSE, payload))
                self._transport.close()

    def _greeted(self) -> bool:
        """Whether the server has answered the request, and accepted."""
        head, separator, rest = self._data.partition(b"\r\n\r\n")
        if not separator:
            return False
        if b" 101 " not in head.split(b"\r\n")[0]:
            self._accepted.set_exception(ConnectionError(head[:100].decode(errors="replace")))
            return False
        self._data = bytearray(rest)
        self._accepted.set_result(None)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.lost.set()
        if not self._accepted.done():
            self._accepted.set_exception(ConnectionError("closed before it was accepted"))
