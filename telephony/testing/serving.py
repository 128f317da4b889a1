"""Serve an ASGI app on a real socket for the length of a test.

    async with serve_app(app) as base_url:      # "http://127.0.0.1:49152"
        ...

The options that matter on a call are those of the real service: the sans-I/O WebSocket protocol, messages of at most
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

#: Largest WebSocket message the service takes; a Twilio media frame has about 400 bytes.
MAX_MESSAGE_BYTES = 65_536
#: What is still open so long (in real seconds) after the end of the test is cut.
SHUTDOWN_S = 2.0


@asynccontextmanager
async def serve_app(app: ASGIApp, *, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[str]:
    """Serves `app` on a free port of `host`, on the running loop, lifespan included; yields its base URL.

    `options` replace those of `uvicorn.Config`. Signals are left alone. On exit sockets are closed with 1012, as a
    real shutdown does, and what does not end by itself is cut after two seconds. Raises RuntimeError if the
    app's own start fails.
    """
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on: answers 40 ms late
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
    """What `Server.shutdown` does, without its pauses of 100 ms: there is one server for every test."""
    state = server.server_state
    for listening in server.servers:
        listening.close()
    listener.close()
    for connection in list(state.connections):
        connection.shutdown()
    try:
        async with asyncio.timeout(SHUTDOWN_S):
            while state.connections or state.tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.002)  # uvicorn tells nobody when the last one is gone
    except TimeoutError:
        await _cut(state)
    await server.lifespan.shutdown()


async def _cut(state: uvicorn.server.ServerState) -> None:
    """Ends what did not end by itself: sockets that nobody reads, handlers that wait for ever."""
    for connection in list(state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_OPTIONS: dict[str, Any] = {
    "ws": "telephony.twilio.socket_protocol:AbortableSocket",
    "ws_max_size": MAX_MESSAGE_BYTES,
    "ws_per_message_deflate": False,
    "ws_ping_interval": None,
    "lifespan": "auto",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
}
