"""What the ears may have to send again: the caller's audio and the commits in it since the last answered commit. Pure.

Two rows, one behind the other: what this socket was sent, and what waits. A new socket starts with both. The whole is
bounded: the oldest audio goes first, a second at a time.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from telephony.audio.frames import BYTES_PER_MS

LIMIT_BYTES = 30_000 * BYTES_PER_MS
"""Thirty seconds: the longest stretch that is sent again."""
_SHED_BYTES = 1_000 * BYTES_PER_MS


class Shed(NamedTuple):
    """What was given up before it was ever sent on this socket: pieces of audio and their length, and commits."""

    pieces: int
    ms: int
    commits: tuple[int, ...]


NOTHING = Shed(0, 0, ())


class Backlog:
    """Audio (mu-law, in the pieces in which it came) and commit numbers, in order."""

    def __init__(self) -> None:
        self._sent: deque[bytes | int] = deque()
        self._unsent: deque[bytes | int] = deque()
        self._kept_bytes = 0
        self._gone_bytes = 0

    def __len__(self) -> int:
        """How many items wait to be sent."""
        return len(self._unsent)

    @property
    def begins_ms(self) -> int:
        """Where in the caller's audio the kept part begins."""
        return self._gone_bytes // BYTES_PER_MS

    def add(self, item: bytes | int) -> Shed:
        """More audio, or a commit. What had to go for it is the answer."""
        self._unsent.append(item)
        if isinstance(item, int):
            return NOTHING
        self._kept_bytes += len(item)
        return self._shed() if self._kept_bytes > LIMIT_BYTES else NOTHING

    def take(self, size: int) -> tuple[bytes, int | None]:
        """Up to about `size` bytes to send now, and the commit that follows them, if one does."""
        pieces: list[bytes] = []
        while self._unsent and size > 0:
            item = self._unsent.popleft()
            self._sent.append(item)
            if isinstance(item, int):
                return b"".join(pieces), item
            pieces.append(item)
            size -= len(item)
        return b"".join(pieces), None

    def rewind(self) -> None:
        """A new socket has been sent nothing yet."""
        self._unsent.extendleft(reversed(self._sent))
        self._sent.clear()

    def answered(self, commit: int) -> None:
        """Everything up to this commit need not be sent again."""
        if commit in self._sent:
            while (item := self._sent.popleft()) != commit:
                self._forget(item)

    def refused(self, commit: int) -> None:
        """This commit is not asked for again; its audio stays."""
        if commit in self._sent:
            self._sent.remove(commit)

    def heard_until(self, at_ms: int) -> None:
        """The service has closed a segment by itself, whose last word ended there."""
        while self._sent and isinstance(item := self._sent[0], bytes):
            if self._gone_bytes + len(item) > at_ms * BYTES_PER_MS:
                return
            self._forget(self._sent.popleft())

    def clear(self) -> None:
        """Nothing will be sent any more."""
        self.rewind()
        while self._unsent:
            self._forget(self._unsent.popleft())

    def _shed(self) -> Shed:
        pieces, lost, commits = 0, 0, []
        while self._kept_bytes > LIMIT_BYTES - _SHED_BYTES:
            if self._sent:
                self._forget(self._sent.popleft())
                continue
            item = self._unsent.popleft()
            self._forget(item)
            if isinstance(item, int):
                commits.append(item)
            else:
                pieces, lost = pieces + 1, lost + len(item)
        return Shed(pieces, lost // BYTES_PER_MS, tuple(commits))

    def _forget(self, item: bytes | int) -> None:
        if isinstance(item, bytes):
            self._kept_bytes -= len(item)
            self._gone_bytes += len(item)
