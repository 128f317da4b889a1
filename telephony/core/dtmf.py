"""Keys pressed -> entries: what callers key in unasked (`DtmfCollector`), and what a tool has asked for (`AskedEntry`).

Unasked, an entry ends with `#`, or when no key follows within `entry_ms`, and is a line of the caller. How an entry
ends that was asked for is a table: `tests/core/test_dtmf.py`.
"""

from __future__ import annotations

from telephony.core.actions import EntryEnd
from telephony.core.events import MASKED_KEY, EntryWanted

CLEARS = "*"
"""Begins an entry anew, unless it ends it."""
MOST_KEYS = 64


class DtmfCollector:
    """Collects keys that nobody asked for. Times are the core's `now`."""

    def __init__(self, entry_ms: int) -> None:
        self._entry_ms = entry_ms
        self._keys = ""
        self._ignored, self._ignored_until = "", 0
        self.deadline: int | None = None

    def press(self, digit: str, now: int) -> str:
        """Adds one key. Returns the entry as text for the model if this key ended it, else ""."""
        if digit == MASKED_KEY or (digit == self._ignored and now < self._ignored_until):
            return ""
        self._keys = (self._keys + digit)[-MOST_KEYS:]
        self.deadline = now + self._entry_ms
        return self.end() if digit == "#" else ""

    def tick(self, now: int) -> str:
        """Ends the entry if no further key has come for a while. Returns it as `press` does."""
        return self.end() if self.deadline is not None and self.deadline <= now else ""

    def end(self) -> str:
        """Ends the entry and returns it as text such as "[keys: 12#]"; "" if no key was pressed."""
        keys = self.take()
        return in_words(keys) if keys else ""

    def take(self) -> str:
        """The keys of an entry that has not ended: they belong to what is being asked."""
        keys, self._keys, self.deadline = self._keys, "", None
        return keys

    def ignore(self, terminator: str, now: int) -> None:
        """An entry was complete without its terminator, which callers press all the same."""
        self._ignored, self._ignored_until = terminator, now + self._entry_ms


class AskedEntry:
    """An entry that a tool has asked for. Times are the core's `now`."""

    def __init__(self, wanted: EntryWanted, now: int) -> None:
        self.wanted = wanted
        self.keys = ""
        self._since_ms = now

    def press(self, digit: str, now: int) -> EntryEnd | None:
        """Adds one key. Returns how the entry has ended, if it has."""
        self._since_ms = now
        if digit == self.wanted.terminator:
            return EntryEnd.COMPLETE
        self.keys = "" if digit == CLEARS else self.keys + digit
        return EntryEnd.COMPLETE if len(self.keys) >= (self.wanted.length or MOST_KEYS) else None

    def heard(self, now: int) -> None:
        """The caller was there until now: they said something."""
        self._since_ms = max(self._since_ms, now)

    def deadline(self, asked_ms: int) -> int:
        """When the entry is given up, if no key comes; `asked_ms`: when the question has been played."""
        return max(self._since_ms, asked_ms) + self.wanted.timeout_ms


def in_words(keys: str) -> str:
    """Keys as a line of the caller."""
    return f"[keys: {keys}]"
