"""uvicorn's WebSocket protocol, with a way to cut a connection that nobody reads.

ASGI can only close in good order, and that waits for the peer to read what is in its way: a peer that never does keeps
the connection, its buffers and its file descriptor for as long as it likes. This adds the extension
`telephony.abort` to the scope: `scope["extensions"]["telephony.abort"]["abort"]()` cuts the connection at once.

    uvicorn.Config(app, ws=AbortableSocket)
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request


class AbortableSocket(WebSocketsSansIOProtocol):
    """`websockets-sansio`, plus the extension."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)  # makes the scope; the app's task begins in a later turn of the loop
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"]["telephony.abort"] = {"abort": self.transport.abort}
