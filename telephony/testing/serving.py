"""Serve an ASGI app on a real socket for the length of a test.

    async with serve_app(app) as base_url:      # "http://127.0.0.1:49152"
        ...

The options that matter on a call are those of the real service: the sans-I/O WebSocket protocol, messages of at most
64 KiB, no compression (error 31924) and no pings (Twilio is not known to answer them).
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

#: Largest WebSocket message the service takes; a Twilio media frame has about 400 bytes.
MAX_MESSAGE_BYTES = 65_536


@asynccontextmanager
async def serve_app(app: ASGIApp, *, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[str]:
    """Serves `app` on a free port of `host`, on the running loop, lifespan included; yields its base URL.

    `options` replace those of `uvicorn.Config`. Signals are left alone. On exit sockets are closed with 1012, as a
    real shutdown does, and connections that nobody reads are cut after two seconds. Raises RuntimeError if the
    app's own start fails.
    """
    listener = socket.socket()
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
    try:
        yield f"http://{host}:{port}"
    finally:
        await _shut_down(server, listener)


async def _shut_down(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.shutdown(sockets=[listener])
    finally:
        for connection in list(server.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()


_OPTIONS: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_max_size": MAX_MESSAGE_BYTES,
    "ws_per_message_deflate": False,
    "ws_ping_interval": None,
    "lifespan": "auto",
    "log_config": None,
    "access_log": False,
    "timeout_graceful_shutdown": 2,
}
