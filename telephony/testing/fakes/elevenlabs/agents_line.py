"""A call that the carrier connects directly to the Agents platform (register-call).

`CarrierLine` translates between Twilio's Media Streams and the messages of the platform's own socket, so that the same
kind of session serves both.
"""

from __future__ import annotations

import json
from typing import Any

from websockets.asyncio.server import ServerConnection


class CarrierLine:
    """The methods of a WebSocket that a session uses. `initiation` is the client data given to register-call; it is
    returned by the first `recv`, as the start message."""

    def __init__(self, connection: ServerConnection, initiation: dict[str, Any]) -> None:
        self._connection = connection
        self._first: dict[str, Any] | None = {"type": "conversation_initiation_client_data", **initiation}
        self._stream_sid = ""
        self._interrupted = -1

    @property
    def transport(self) -> Any:
        return self._connection.transport

    async def recv(self) -> str:
        if self._first is not None:
            first, self._first = self._first, None
            return json.dumps(first)
        while True:
            message = json.loads(await self._connection.recv())
            if message["event"] == "start":
                self._stream_sid = message["start"]["streamSid"]
            elif message["event"] == "media":
                return json.dumps({"user_audio_chunk": message["media"]["payload"]})

    async def send(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "interruption":
            self._interrupted = message["interruption_event"]["event_id"]
            await self._send_event("clear")
        elif message["type"] == "audio" and message["audio_event"]["event_id"] > self._interrupted:
            await self._send_event("media", media={"payload": message["audio_event"]["audio_base_64"]})

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._connection.close(code, reason)

    async def wait_closed(self) -> None:
        await self._connection.wait_closed()

    async def _send_event(self, event: str, **body: Any) -> None:
        await self._connection.send(json.dumps({"event": event, "streamSid": self._stream_sid, **body}))
