"""A local ElevenLabs server: all its services on one address, which goes into `ELEVENLABS_BASE_URL`.

async with LocalElevenLabs(clock=clock) as elevenlabs:
    ...  elevenlabs.base_url, elevenlabs.tts.faults.hang = True, await elevenlabs.stop()

Some clients insist on TLS, so the server can have a certificate.
"""

from __future__ import annotations

import json
import ssl
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from telephony.clock import Clock
from telephony.testing.fakes.elevenlabs.account import LocalAccount
from telephony.testing.fakes.elevenlabs.agents import LocalAgents
from telephony.testing.fakes.elevenlabs.posts import PostingConnection
from telephony.testing.fakes.elevenlabs.stt import LocalStt
from telephony.testing.fakes.elevenlabs.tts import LocalTts


class LocalElevenLabs:
    """Serves `tts`, `stt`, the `agents` platform and the `account` on a free port of 127.0.0.1, with TLS if `tls` is
    given. The account has the voices of `tts`; one, "local", if that takes every id."""

    def __init__(
        self,
        *,
        clock: Clock,
        tts: LocalTts | None = None,
        stt: LocalStt | None = None,
        agents: LocalAgents | None = None,
        api_key: str = "local",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tts = tts or LocalTts(clock=clock, api_key=api_key)
        self.stt = stt or LocalStt(clock=clock, api_key=api_key)
        self.agents = agents or LocalAgents(clock=clock, api_key=api_key)
        self.account = LocalAccount(api_key, {voice: voice.capitalize() for voice in self.tts.voices or ("local",)})
        self._tls = tls
        self._server: Server | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT` (or https); for sockets, clients replace the scheme by `ws` (or `wss`)."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Starts to listen; after a `stop`, on the same port as before."""
        self._server = await serve(
            self._handle,
            "127.0.0.1",
            self._port,
            process_request=self._check,
            ssl=self._tls,
            compression=None,
            max_size=4 * 2**20,
            ping_interval=None,
            close_timeout=0.5,
            create_connection=partial(PostingConnection, answer=self.agents.post),  # type: ignore[arg-type]  # a factory
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes every connection and refuses new ones, as in an outage."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> LocalElevenLabs:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _part(self, path: str) -> LocalTts | LocalStt | None:
        if path.startswith("/v1/text-to-speech/") and "/multi-stream-input" in path:
            return self.tts
        return self.stt if path.startswith("/v1/speech-to-text/realtime") else None

    async def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.agents.serves(request.path):
            return await self.agents.respond(connection, request)
        if self.account.serves(request.path):
            return self.account.respond(request)
        part = self._part(request.path)
        if part is None:
            return _answer(connection, 404, _detail("not_found", "there is no such path"))
        if part.faults.html:
            response = connection.respond(HTTPStatus.OK, "<html><body>Maintenance</body></html>")
            response.headers["Content-Type"] = "text/html"
            return response
        if part.faults.redirect:
            response = connection.respond(HTTPStatus.FOUND, "")
            response.headers["Location"] = part.faults.redirect
            return response
        refusal = part.refuse(request)
        return _answer(connection, refusal[0], _detail(*refusal[1:])) if refusal else None

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        if self.agents.serves(connection.request.path):
            await self.agents.handle(connection)
            return
        part = self._part(connection.request.path)
        assert part is not None
        await part.handle(connection)


def _answer(connection: ServerConnection, status: int, body: dict[str, Any]) -> Response:
    response = connection.respond(HTTPStatus(status), json.dumps(body))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    return response


def _detail(slug: str, message: str) -> dict[str, Any]:
    return {"detail": {"status": slug, "message": message}}
