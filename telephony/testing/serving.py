"""Serves an ASGI app on a real socket for the duration of a test.

    async with serve_app(app) as base_url:      # "http://127.0.0.1:49152"
        ...

The options that matter in a call are those of the real service: the sans-I/O WebSocket protocol, messages of at most
64 KiB, no compression (error 31924) and no pings (Twilio is not known to answer them).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

#: Largest WebSocket message that the service accepts; a Twilio media frame has about 400 bytes.
MAX_MESSAGE_BYTES = 65_536
#: Connections still open this long (in real seconds) after the end of the test are aborted.
SHUTDOWN_S = 2.0


@asynccontextmanager
async def serve_app(app: ASGIApp, *, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[str]:
    """Serves `app` on a free port of `host`, on the running loop, lifespan included; yields its base URL.

    `options` replace the defaults given to `uvicorn.Config`. Signal handlers are not touched. On exit, sockets are
    closed with 1012, as in a real shutdown; connections and handlers that do not end within two seconds are aborted.
    Raises RuntimeError if the app's startup fails.
    """
    # Without an explicit protocol, asyncio does not disable Nagle's algorithm, and answers come 40 ms late.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, **(_OPTIONS | options)))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    try:
        await server.startup(sockets=[listener])
    except SystemExit:
        listener.close()
        raise RuntimeError("the app failed to start; see the log of uvicorn.error") from None
    await server.on_tick(0)  # the default headers
    try:
        yield f"http://{host}:{port}"
    finally:
        await _shut_down(server, listener)


async def _shut_down(server: uvicorn.Server, listener: socket.socket) -> None:
    """Does what `Server.shutdown` does, without its pauses of 100 ms, as every test has its own server."""
    state = server.server_state
    for listening in server.servers:
        listening.close()
    listener.close()
    for connection in list(state.connections):
        connection.shutdown()
    try:
        async with asyncio.timeout(SHUTDOWN_S):
            while state.connections or state.tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.002)  # uvicorn does not signal when the last one has ended
    except TimeoutError:
        await _abort(state)
    await server.lifespan.shutdown()


async def _abort(state: uvicorn.server.ServerState) -> None:
    """Aborts the remaining connections (such as sockets that nobody reads) and cancels the remaining handlers."""
    for connection in list(state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_OPTIONS: dict[str, Any] = {
    "ws": "telephony.twilio.socket_protocol:MediaSocket",
    "ws_max_size": MAX_MESSAGE_BYTES,
    "ws_per_message_deflate": False,
    "ws_ping_interval": None,
    "lifespan": "auto",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
}
