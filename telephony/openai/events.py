"""Server-sent events: bytes as they come -> JSON objects. Pure.

    events = Events()
    for received in ...:
        for chunk in events.add(received):  # until `events.done`
            ...

The protocol: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation. Of its fields
only `data` counts. Lines end with CR, LF or both. An event ends with an empty line; one without data is none. The
answer ends with the event `[DONE]`; some servers just close the connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from telephony.errors import ProviderMisbehaved

END = b"[DONE]"
WITHOUT_WORDS = "An error occurred during streaming"


class StreamFailed(Exception):
    """The server reports an error instead of a chunk."""

    def __init__(self, error: Any) -> None:
        fields = error if isinstance(error, dict) else {}
        message, code, param = fields.get("message"), fields.get("code"), fields.get("param")
        self.message = message if message and isinstance(message, str) else WITHOUT_WORDS
        self.code = "" if code is None else str(code)
        self.param = param if isinstance(param, str) else None
        super().__init__(self.message)


class Events:
    """The chunks of one answer. `done`: its end was read, and what follows means nothing."""

    def __init__(self) -> None:
        self.done = False
        self._line = b""  # the beginning of a line
        self._after_cr = False
        self._data: list[bytes] = []  # of the event that has not ended

    def add(self, received: bytes) -> Iterator[dict[str, Any]]:
        """The chunks that `received` completes, decoded one by one. Raises ValueError, RecursionError, StreamFailed,
        ProviderMisbehaved."""
        *lines, rest = self._lines(received)
        if lines:
            lines[0], self._line = self._line + lines[0], b""
        self._line += rest
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line == b"data":  # a field without a value
                self._data.append(b"")
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                self.done = data.startswith(END)
                if self.done:
                    return
                if data and (chunk := _chunk(data)) is not None:
                    yield chunk

    def _lines(self, received: bytes) -> list[bytes]:
        if self._after_cr and received.startswith(b"\n"):  # CR LF, in two pieces
            self._after_cr, received = False, received[1:]
        if received:
            self._after_cr = received.endswith(b"\r")
        if b"\r" in received:
            received = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return received.split(b"\n")


def _chunk(data: bytes) -> dict[str, Any] | None:
    chunk = json.loads(data.decode())
    if chunk is None:
        return None
    if not isinstance(chunk, dict):
        raise ProviderMisbehaved("a chunk is not an object", provider="openai")
    if error := chunk.get("error"):
        raise StreamFailed(error)
    return chunk
