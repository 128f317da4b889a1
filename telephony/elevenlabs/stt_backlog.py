"""Caller audio and commits since the last answered commit, which the STT port may have to send again. Pure.

Two queues, one continuing the other: items already sent on this socket, and items still to be sent. A new socket
starts with both. Their total size is bounded; the oldest audio is dropped first, a second at a time.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from telephony.audio.frames import BYTES_PER_MS

LIMIT_BYTES = 30_000 * BYTES_PER_MS
"""Thirty seconds: the most audio that is kept for sending again."""
_SHED_BYTES = 1_000 * BYTES_PER_MS


class Shed(NamedTuple):
    """What was dropped before it was sent on this socket: the number of pieces of audio, and the commits."""

    pieces: int
    commits: tuple[int, ...]


NOTHING = Shed(0, ())


class Backlog:
    """Audio (mu-law, in pieces as received) and commit numbers, in order."""

    def __init__(self) -> None:
        self._sent: deque[bytes | int] = deque()
        self._unsent: deque[bytes | int] = deque()
        self._kept_bytes = 0
        self._unsent_bytes = 0

    def __len__(self) -> int:
        """The number of items still to be sent."""
        return len(self._unsent)

    def add(self, item: bytes | int) -> Shed:
        """Appends audio or a commit. Returns what was dropped to make room."""
        self._unsent.append(item)
        if isinstance(item, int):
            return NOTHING
        self._kept_bytes += len(item)
        self._unsent_bytes += len(item)
        return self._shed() if self._kept_bytes > LIMIT_BYTES else NOTHING

    def ready(self, size: int) -> bool:
        """Whether `size` bytes or a commit wait to be sent."""
        return self._unsent_bytes >= size or int in map(type, self._unsent)

    def take(self, size: int) -> tuple[bytes, int | None]:
        """Audio to send now, and the commit that directly follows it or None.

        The audio is whole pieces, together at least `size` bytes if that much comes before the next commit."""
        pieces: list[bytes] = []
        commit: int | None = None
        while self._unsent and size > 0 and commit is None:
            item = self._unsent.popleft()
            self._sent.append(item)
            if isinstance(item, int):
                commit = item
            else:
                pieces.append(item)
                size -= len(item)
        pcmu = b"".join(pieces)
        self._unsent_bytes -= len(pcmu)
        return pcmu, commit

    def rewind(self) -> None:
        """For a new socket: everything is to be sent again."""
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()
        self._unsent_bytes = self._kept_bytes

    def answered(self, commit: int) -> None:
        """Forgets everything up to and including this commit: it was answered."""
        if commit in self._sent:
            while (item := self._sent.popleft()) != commit:
                self._forget(item)

    def refused(self, commit: int) -> None:
        """Forgets this commit but keeps its audio."""
        if commit in self._sent:
            self._sent.remove(commit)

    def heard(self, *, but_ms: int) -> None:
        """Forgets sent audio up to the oldest commit, except the last `but_ms`: a segment was closed by the service
        itself."""
        spare = sum(len(item) for item in self._sent if isinstance(item, bytes)) - but_ms * BYTES_PER_MS
        while self._sent and isinstance(item := self._sent[0], bytes) and len(item) <= spare:
            spare -= len(item)
            self._forget(self._sent.popleft())

    def clear(self) -> None:
        """Forgets everything: nothing more will be sent."""
        self.rewind()
        while self._unsent:
            self._forget(self._unsent.popleft())
        self._unsent_bytes = 0

    def _shed(self) -> Shed:
        pieces, commits = 0, []
        while self._kept_bytes > LIMIT_BYTES - _SHED_BYTES:
            if self._sent:
                self._forget(self._sent.popleft())
                continue
            item = self._unsent.popleft()
            self._forget(item)
            if isinstance(item, int):
                commits.append(item)
            else:
                pieces += 1
                self._unsent_bytes -= len(item)
        return Shed(pieces, tuple(commits))

    def _forget(self, item: bytes | int) -> None:
        if isinstance(item, bytes):
            self._kept_bytes -= len(item)
