"""What our server's WebSocket can do beside ASGI. `socket_protocol.py` implements it; other servers do not have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EXTENSION = "telephony.socket"
Take = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Direct:
    """What a `MediaSocket` can do beside ASGI, once it is accepted."""

    abort: Callable[[], None]
    """Ends the connection at once."""
    listen: Callable[[Take | None], None]
    """From now on, `take(payload)` is called with the payload of each text message that can come directly, as soon as
    it is read. `take` must not raise."""
    ready: Callable[[], bool]
    """Whether `write` may be called: the connection is open, and the peer reads."""
    write: Callable[[str], None]
    """Sends a text message."""


def direct_of(scope: Mapping[str, Any]) -> Direct | None:
    """The extension; None under another server."""
    found: Direct | None = scope.get("extensions", {}).get(EXTENSION, {}).get("direct")
    return found
