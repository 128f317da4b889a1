"""The server on which tests run apps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from telephony.testing.serving import serve_app


async def test_serves_http_and_sockets_and_runs_the_lifespan() -> None:
    """Requests and sockets reach the app within its lifespan, and open sockets are closed at the end."""
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        seen.append("up")
        yield
        seen.append("down")

    async def hello(request: Request) -> Response:
        return PlainTextResponse("hello")

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            await socket.send_text(text)

    app = Starlette(routes=[Route("/", hello), WebSocketRoute("/ws", echo)], lifespan=lifespan)
    async with asyncio.timeout(60):
        async with serve_app(app) as base_url:
            async with httpx2.AsyncClient() as client:
                assert (await client.get(base_url)).text == "hello"
            client_socket = await websockets.connect(base_url.replace("http", "ws") + "/ws", compression=None)
            await client_socket.send("one")
            assert await client_socket.recv() == "one"
        with pytest.raises(websockets.ConnectionClosed):
            await client_socket.recv()
    assert client_socket.close_code == 1012
    assert seen == ["up", "down"]


async def test_an_app_that_cannot_start_is_an_error() -> None:
    """A lifespan that raises leads to RuntimeError and does not end the test process."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise ValueError("no")
        yield

    with pytest.raises(RuntimeError):
        async with serve_app(Starlette(lifespan=lifespan)):
            pass
