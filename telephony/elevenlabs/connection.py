"""Opens WebSockets to ElevenLabs, classifies what ended one, and keeps a session running.

The handshake has a deadline on the scaled clock. One TLS context serves the process, because creating one reads all
root certificates and blocks every call for 20 ms. `describe` maps whatever ended a socket to a stable code.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import cast
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from telephony.clock import Clock
from telephony.errors import ProviderBusy
from telephony.flood import BoundedConnection

log = structlog.get_logger()

OPEN_MS = 5_000
CLOSE_MS = 1_500
PING_MS = 20_000
MAX_PAUSE_MS = 5_000
BUSY_MS = 1_000
"""Minimum delay before reconnecting to a service that reported being busy."""
STEADY_MS = 30_000
"""After a connection that lived this long, the next failure counts as the first again. One that is closed as soon as
it is open must not reset the backoff."""


FLOODED = "provider_flooded"


class SessionEnded(Exception):
    """The session is over: the server reported a fault, or stopped answering."""

    def __init__(self, code: str, retryable: bool) -> None:
        super().__init__(code)
        self.code, self.retryable = code, retryable


@asynccontextmanager
async def open_socket(url: str, api_key: str, clock: Clock, *, max_bytes: int) -> AsyncIterator[ClientConnection]:
    """A connection to `url` (ws or wss) for messages of up to `max_bytes`. Its exceptions can be passed to `describe`.

    `api_key` may be empty if the URL is signed or needs no key. A server that floods (`telephony/flood.py`) ends it
    with `FLOODED`, which rules out a retry: it would flood again."""
    opening = clock.timeout(OPEN_MS)
    async with (
        opening,
        connect(
            url,
            additional_headers={"xi-api-key": api_key} if api_key else None,
            max_size=max_bytes,
            compression=None,
            open_timeout=None,
            close_timeout=clock.real_seconds(CLOSE_MS),
            ping_interval=clock.real_seconds(PING_MS),
            ping_timeout=clock.real_seconds(PING_MS),
            proxy=None if is_loopback(url) else True,
            ssl=_tls() if url.startswith("wss:") else None,
            create_connection=partial(BoundedConnection, clock),  # type: ignore[arg-type]  # any callable will do
        ) as socket,
    ):
        opening.reschedule(None)
        try:
            yield socket
        except Exception:
            if cast(BoundedConnection, socket).flooded:
                raise SessionEnded(FLOODED, False) from None
            raise


async def reconnecting(
    session: Callable[[], Awaitable[None]],
    clock: Clock,
    stopping: asyncio.Event,
    *,
    first_ms: int,
    fatal: Collection[str] = (),
    busy: Collection[str] = (),
) -> AsyncIterator[tuple[str, bool, int]]:
    """Runs `session` again whenever it ends, until `stopping` is set or the service refuses.

    Yields (code, retryable, failures) after each loss, before the pause; a loss that is not retryable is the last.
    The first reconnect is immediate; after that, pauses double from `first_ms`. After a 429, or a code in `busy`, a
    pause is at least `BUSY_MS` long. `fatal` is that of `describe`.
    """
    failures = 0
    while not stopping.is_set():
        began = clock.ms()
        try:
            await session()
            code, retryable = "provider_unavailable", True
        except Exception as error:
            code, retryable = describe(error, fatal)
        if stopping.is_set():
            return
        failures = 1 if clock.ms() - began >= STEADY_MS else failures + 1
        yield code, retryable, failures
        if not retryable:
            return
        pause = BUSY_MS if code == ProviderBusy.code or code in busy else 0.0
        if failures > 1:
            pause = max(pause, min(MAX_PAUSE_MS, first_ms * 2 ** min(failures - 2, 8)) * random.uniform(0.7, 1.3))
        try:
            async with clock.timeout(pause):
                await stopping.wait()
        except TimeoutError:
            pass


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def is_loopback(url: str) -> bool:
    """Whether the host is this machine, which is reached without a proxy."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def describe(error: BaseException, fatal: Collection[str] = ()) -> tuple[str, bool]:
    """(code, retryable) for whatever ended a socket. `fatal`: slugs that, in the reason of a 1008, rule out a retry."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case SessionEnded():
            return error.code, error.retryable
        case InvalidStatus():
            status = error.response.status_code
            if status == 429:
                return ProviderBusy.code, True
            refused = 400 <= status < 500
            return "provider_refused" if refused else "provider_unavailable", not refused
        case ConnectionClosed() if error.rcvd is not None and error.rcvd.code == 1008:
            slug = next((word for word in fatal if word in error.rcvd.reason), "")
            return slug or "provider_unavailable", not slug
        case TimeoutError():
            return "provider_timeout", True
        case OSError() | InvalidHandshake() | WebSocketException():
            return "provider_unavailable", True
    log.error("socket_bug", exc_info=error)
    return "socket_bug", True
