"""uvicorn's WebSocket protocol, with a way to abort a connection whose peer does not read.

ASGI can only close a connection in an orderly way, which waits until the peer has read the data in flight. A peer that
never reads would keep the connection, its buffers and its file descriptor indefinitely. This module adds the extension
`telephony.abort` to the scope: `scope["extensions"]["telephony.abort"]["abort"]()` aborts the connection at once.

    uvicorn.Config(app, ws=AbortableSocket)
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request


class AbortableSocket(WebSocketsSansIOProtocol):
    """`websockets-sansio`, plus the extension."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)  # creates the scope; the app's task starts in a later iteration of the loop
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"]["telephony.abort"] = {"abort": self.transport.abort}
