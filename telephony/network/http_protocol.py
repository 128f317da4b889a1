"""uvicorn's HTTP protocol, with a deadline for the head of each request.

uvicorn waits for ever for a request line and headers, and each connection that waits costs a file descriptor. Bodies
have deadlines at the endpoints that read them; a connection between two requests has uvicorn's own (keep-alive).

    uvicorn.Config(app, http=functools.partial(PromptHttp, clock))
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from telephony.clock import Clock

log = structlog.get_logger()

HEAD_MS = 15_000
"""How long a request's head may take: from the connection, or from its first byte on a connection that is kept."""
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class PromptHttp(H11Protocol):
    """See the module text."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        super().__init__(**options)
        self._clock = clock
        self._deadline: asyncio.TimerHandle | None = None
        self._begun = False  # a part of the head is there

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self.conn.their_state is h11.IDLE:
            self._expect_head()
        self._begun = True
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the head is complete, or was refused
            self._forget_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._begun = False
        self._deadline = self.loop.call_later(self._clock.real_seconds(HEAD_MS), self._too_late)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        log.info("request_head_late", peer=self.client[0] if self.client else "", begun=self._begun)
        if self._begun:
            self.transport.write(_LATE)
        self.transport.close()
