"""Keys pressed -> one entry of text. An entry ends with `#`, or when no key follows within `entry_ms`."""

from __future__ import annotations


class DtmfCollector:
    """Collects keys. Times are the core's `now`."""

    def __init__(self, entry_ms: int) -> None:
        self._entry_ms = entry_ms
        self._keys = ""
        self.deadline: int | None = None

    def press(self, digit: str, now: int) -> str:
        """Adds one key. Returns the entry as text for the model if this key ended it, else ""."""
        self._keys = (self._keys + digit)[-64:]
        self.deadline = now + self._entry_ms
        return self.end() if digit == "#" else ""

    def tick(self, now: int) -> str:
        """Ends the entry if no further key has come for a while. Returns it as `press` does."""
        return self.end() if self.deadline is not None and self.deadline <= now else ""

    def end(self) -> str:
        """Ends the entry and returns it as text such as "[keys: 12#]"; "" if no key was pressed."""
        keys, self._keys, self.deadline = self._keys, "", None
        return f"[keys: {keys}]" if keys else ""
