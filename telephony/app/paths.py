"""Paths as they arrive -> paths as the routes have them: without the public address's own path, and spelled once.

A proxy may leave the path of PUBLIC_URL (or of a trusted `X-Forwarded-Prefix`) in front of ours or take it away.
Platforms write double slashes and slashes at the end. A redirect would not help: behind a proxy it would lead to http,
and a POST would arrive there as a GET. The path that Twilio has signed stays in `raw_path`, as it was sent.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from telephony.settings import Settings
from telephony.twilio.signature import trusted_prefix

ROOTS = frozenset({"twilio", "elevenlabs", "agents", "v1", "chat", "models", "healthz", "readyz", "phone"})
"""The first parts of all our routes. A path that would not begin with one is not a path behind the prefix."""


class OnePath:
    """ASGI middleware that rewrites `path`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._own = urlsplit(settings.public_url).path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            prefix = self._own or trusted_prefix(self._settings.trusted_proxies, scope)
            scope = {**scope, **rewritten(scope["path"], scope.get("raw_path") or b"", prefix)}
        await self._app(scope, receive, send)


def rewritten(path: str, raw_path: bytes, prefix: str) -> dict[str, object]:
    """`path` and `raw_path` without `prefix`, and `path` with single slashes only, none at its end."""
    rest = path.removeprefix(prefix)
    if prefix and path.startswith(prefix) and _once(rest).split("/")[1] in ROOTS and rest.startswith("/"):
        path, raw_path = rest, raw_path.removeprefix(prefix.encode())
    return {"path": _once(path), "raw_path": raw_path}


def _once(path: str) -> str:
    return re.sub(r"/+", "/", f"/{path}").rstrip("/") or "/"
