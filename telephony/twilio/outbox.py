"""The messages that a leg still has to write, in order. Pure.

Audio is kept as mu-law until it is taken, so that a clear can remove it: if old audio were written after the clear,
Twilio would play it. Marks are kept, in order and before the clear, so that each is still echoed.
"""

from __future__ import annotations

from collections import deque

from telephony.audio.frames import FRAME_BYTES
from telephony.twilio.media_stream import encode_clear, encode_mark, encode_media

#: Most audio in a message (3 seconds): below 32 KiB as JSON. Proxies may reject larger frames (error 31924).
MESSAGE_PCMU_BYTES = 150 * FRAME_BYTES


class Outbox:
    """A queue of messages for one stream.

    `size` is in bytes: of mu-law for audio, of JSON for other messages. It is not bounded here; callers check it."""

    def __init__(self, stream_sid: str) -> None:
        self.size = 0
        self._stream_sid = stream_sid
        self._items: deque[bytes | str] = deque()
        self._clear = encode_clear(stream_sid)

    def __len__(self) -> int:
        return len(self._items)

    def audio(self, pcmu: bytes) -> None:
        """Queues audio, in messages of at most `MESSAGE_PCMU_BYTES`."""
        for at in range(0, len(pcmu), MESSAGE_PCMU_BYTES):
            self._add(pcmu[at : at + MESSAGE_PCMU_BYTES])

    def mark(self, name: str) -> None:
        self._add(encode_mark(self._stream_sid, name))

    def clear(self) -> None:
        """Drops unwritten audio and queues a clear after the marks."""
        kept = [item for item in self._items if isinstance(item, str)]
        if kept and kept[-1] == self._clear:
            kept.pop()
        self._items = deque([*kept, self._clear])
        self.size = sum(len(item) for item in self._items)

    def take(self) -> str:
        """The next message, encoded. Raises IndexError if there is none."""
        item = self._items.popleft()
        self.size -= len(item)
        return item if isinstance(item, str) else encode_media(self._stream_sid, item)

    def _add(self, item: bytes | str) -> None:
        self._items.append(item)
        self.size += len(item)
