"""POST requests on the port of a WebSocket server: `websockets` reads only GET, and ElevenLabs has both on one address.

    serve(..., create_connection=partial(PostingConnection, answer=answer))

A connection that begins with POST is answered once and closed; all others are handled as WebSockets.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from websockets.asyncio.server import ServerConnection

Answer: TypeAlias = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, str, str]]]
"""(path with query, headers by lower-case name, body) -> (status, content type, text; of a redirect, the location).
Status 0 cuts the connection."""


class PostingConnection(ServerConnection):
    """A server connection that answers a POST request with `answer`."""

    def __init__(self, *arguments: Any, answer: Answer, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._answer = answer
        self._raw: bytearray | None = None
        self._begun = False
        self._posted = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._raw = bytearray() if data.startswith(b"POST ") else None
        if self._raw is None:
            super().data_received(data)
            return
        self._raw += data
        head, found, body = bytes(self._raw).partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if found and len(body) >= (int(length[1]) if length else 0):
            self._posted.set()

    async def handshake(self, *arguments: Any, **options: Any) -> None:
        posted = asyncio.create_task(self._posted.wait())
        try:
            waiting: list[asyncio.Future[Any]] = [posted, self.request_rcvd, self.connection_lost_waiter]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            posted.cancel()
        if self._posted.is_set():
            await self._respond()
        else:
            await super().handshake(*arguments, **options)

    async def _respond(self) -> None:
        assert self._raw is not None
        head, _, body = bytes(self._raw).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        answering = asyncio.ensure_future(self._answer(first.split(" ")[1], headers, body))
        await asyncio.wait((answering, self.connection_lost_waiter), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():  # the client has gone; a handshake that goes on would hold up the end of the server
            answering.cancel()
            return
        status, kind, text = answering.result()
        if not status:
            self.transport.abort()
            return
        data, location = text.encode(), f"Location: {text}\r\n" if status in (307, 308) else ""
        self.transport.write(
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{location}Content-Type: {kind}\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
            + data
        )
        self.transport.close()
        await asyncio.shield(self.connection_lost_waiter)
