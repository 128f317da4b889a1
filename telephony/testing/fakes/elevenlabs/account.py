"""The account behind the local server: its voices and its plan, as REST requests read them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

VOICES = "/v1/voices"
SUBSCRIPTION = "/v1/user/subscription"


@dataclass(slots=True)
class LocalAccount:
    """May be changed while the server runs. `voices`: id -> name. `refused`: path -> (status, slug, message), an answer
    for a key that may not do this; the path "" stands for all. `redirect`: answer with 302 to this address.
    `asked`: the paths of all requests."""

    api_key: str = "local"
    voices: dict[str, str] = field(default_factory=lambda: {"local": "Local"})
    tier: str = "creator"
    used: int = 1_000
    limit: int = 100_000
    refused: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    redirect: str = ""
    asked: list[str] = field(default_factory=list)

    def serves(self, path: str) -> bool:
        return path.partition("?")[0].startswith((VOICES, SUBSCRIPTION))

    def respond(self, request: Request) -> Response:
        """The answer to a GET request for a path that it serves."""
        path = request.path.partition("?")[0]
        self.asked.append(path)
        if self.redirect:
            return _response(302, {}, location=self.redirect)
        if request.headers.get("xi-api-key") != self.api_key:
            return _refusal(401, "invalid_api_key", "Invalid API key")
        if refused := self.refused.get(path) or self.refused.get(""):
            return _refusal(*refused)
        if path == VOICES:
            return _response(200, {"voices": [self._voice(voice_id) for voice_id in self.voices]})
        if path == SUBSCRIPTION:
            return _response(
                200,
                {"tier": self.tier, "character_count": self.used, "character_limit": self.limit, "status": "active"},
            )
        voice_id = path.rpartition("/")[2]
        if voice_id not in self.voices:
            return _refusal(404, "voice_not_found", f"A voice with the voice_id {voice_id} was not found.")
        return _response(200, self._voice(voice_id))

    def _voice(self, voice_id: str) -> dict[str, Any]:
        return {"voice_id": voice_id, "name": self.voices[voice_id], "category": "generated"}


def _refusal(status: int, slug: str, message: str) -> Response:
    return _response(status, {"detail": {"status": slug, "message": message}})


def _response(status: int, body: dict[str, Any], **headers: str) -> Response:
    data = json.dumps(body).encode()
    fixed = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"}
    return Response(status, HTTPStatus(status).phrase, Headers({**fixed, **headers}), data)
