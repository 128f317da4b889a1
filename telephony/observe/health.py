"""Whether the process is alive, and whether it takes calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Registry(Protocol):
    """The part of the call registry that is asked."""

    draining: bool

    @property
    def calls(self) -> Mapping[str, object]: ...

    def full(self) -> bool: ...


class Keys(Protocol):
    """The part of the check of the keys that is asked."""

    @property
    def refused(self) -> Iterable[str]: ...


class Voice(Protocol):
    """The part of the default voice that is asked."""

    @property
    def problem(self) -> str: ...


class Watched(Protocol):
    """The part of the service that is asked."""

    @property
    def registry(self) -> Registry: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def voice(self) -> Voice: ...

    @property
    def ready(self) -> bool: ...


def _service(request: Request) -> Watched:
    found: Watched = request.app.state.service
    return found


async def _healthz(request: Request) -> Response:
    """Liveness: 200 while the process responds."""
    return JSONResponse({"status": "ok", "calls": len(_service(request).registry.calls)})


async def _readyz(request: Request) -> Response:
    """Readiness: 200 if calls can be taken, else 503."""
    current = _service(request)
    draining, full = current.registry.draining, current.registry.full()
    good = current.ready and not draining and not full
    state = {
        "ready": good, "draining": draining, "full": full,
        "keys_refused": list(current.keys.refused), "voice": current.voice.problem,
    }  # fmt: skip
    return JSONResponse(state, status_code=200 if good else 503)


HEALTH = (Route("/healthz", _healthz), Route("/readyz", _readyz))
