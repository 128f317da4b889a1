"""Opens WebSockets to ElevenLabs, classifies what ended one, and keeps a session running.

The handshake has a deadline on the scaled clock. The TLS context is that of the HTTP clients, which need it before the
service is ready. A redirect is never followed: it would take the key to another host.
`describe` maps whatever ended a socket to a `Fault`; the rules are in `faults.py`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from telephony.clock import Clock
from telephony.elevenlabs.faults import Fault, misbehaved, of_close, of_status
from telephony.errors import ProviderBusy, ProviderTimeout, ProviderUnavailable
from telephony.log_redaction import said
from telephony.loopback import leads_to_loopback
from telephony.network.flood import BoundedConnection
from telephony.network.tls import tls

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
OUR_CLOSES = frozenset({1002, 1007, 1009})
"""The codes with which the library closes a socket because of a message that it cannot accept."""
BRIEF_MS = 5_000
"""A connection that ends as the one before it, in less than this, will not do better a third time."""


class SessionEnded(Exception):
    """The session is over: the server reported a fault, or stopped answering. `said`: its own sentence, if any."""

    def __init__(self, code: str, retryable: bool, said: str = "") -> None:
        super().__init__(code)
        self.fault = Fault(code, retryable, said)


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@asynccontextmanager
async def open_socket(url: str, api_key: str, clock: Clock, *, max_bytes: int) -> AsyncIterator[ClientConnection]:
    """A connection to `url` (ws or wss) for messages of up to `max_bytes`. Its exceptions can be passed to `describe`.

    `api_key` may be empty if the URL is signed or needs no key. A server that floods (`network/flood.py`) ends it with
    `FLOODED`, which rules out a retry: it would flood again."""
    opening = clock.timeout(OPEN_MS)
    async with (
        opening,
        _Connect(
            url,
            additional_headers={"xi-api-key": api_key} if api_key else None,
            max_size=max_bytes,
            compression=None,
            open_timeout=None,
            close_timeout=clock.real_seconds(CLOSE_MS),
            ping_interval=clock.real_seconds(PING_MS),
            ping_timeout=clock.real_seconds(PING_MS),
            proxy=None if leads_to_loopback(url) else True,
            ssl=tls() if url.startswith("wss:") else None,
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
    passing: Collection[str] = (),
    once: Collection[str] = (),
    busy: Collection[str] = (),
    event: str = "connection_lost",
    secret: str = "",
) -> AsyncIterator[tuple[str, bool, int]]:
    """Runs `session` again whenever it ends, until `stopping` is set or the service refuses.

    Yields (code, retryable, failures) after each loss, before the pause; a loss that is not retryable is the last.
    The first reconnect is immediate; after that, pauses double from `first_ms`. After a 429, or a code in `busy`, a
    pause is at least `BUSY_MS` long. `passing` is that of `describe`; a code in `once` gets one new connection, and is
    final if that ends the same way within `BRIEF_MS`. Each loss is logged as `event`, with what the service said and
    without `secret`, the API key.
    """
    failures, last = 0, ""
    while not stopping.is_set():
        began = clock.ms()
        try:
            await session()
            fault = Fault(ProviderUnavailable.code, True)
        except Exception as error:
            fault = describe(error, passing)
        if stopping.is_set():
            return
        lived_ms = clock.ms() - began
        again = fault.slug == last and lived_ms < BRIEF_MS
        code, retryable = last, retryable = fault.slug, fault.retryable and not (again and fault.slug in once)
        failures = 1 if lived_ms >= STEADY_MS else failures + 1
        level = log.info if retryable else log.error
        level(event, code=code, retryable=retryable, failures=failures, **said(fault.said, secret))
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


def describe(error: BaseException, passing: Collection[str] = ()) -> Fault:
    """Whatever ended a socket, as a fault. `passing`: the slugs after which a new connection is worth trying."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case SessionEnded():
            return error.fault
        case InvalidStatus():
            return of_status(error.response.status_code, bytes(error.response.body))
        case ConnectionClosed() if (
            error.sent is not None and not error.rcvd_then_sent and error.sent.code in OUR_CLOSES
        ):
            return misbehaved(f"{error.sent.code} {error.sent.reason}")
        case ConnectionClosed() if error.rcvd is not None:
            return of_close(error.rcvd.code, error.rcvd.reason, passing)
        case TimeoutError():
            return Fault(ProviderTimeout.code, True)
        case OSError() | InvalidHandshake() | WebSocketException():  # the text of an invalid URL repeats its signature
            return Fault(ProviderUnavailable.code, True, (isinstance(error, OSError) and error.strerror) or "")
    log.error("socket_bug", exc_info=error)
    return Fault("socket_bug", True)
