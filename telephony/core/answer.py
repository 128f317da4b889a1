"""The answer that the caller is owed: since when, and how often it was started again."""

from __future__ import annotations

MOST_RESTARTS = 3
"""An answer of which nothing is heard is started again at most this often for callers who go on."""


class OwedAnswer:
    """Written to by its methods alone. Times are the core's `now`."""

    def __init__(self) -> None:
        self._since_ms: int | None = None
        self._news = False  # there is something to tell that the caller did not ask for
        self._restarts = 0

    @property
    def owed(self) -> bool:
        """The caller has said something that is not being answered yet."""
        return self._since_ms is not None

    @property
    def restarted(self) -> bool:
        """The answer under way was interrupted before any of it was heard, and started again."""
        return self._restarts > 0

    @property
    def exhausted(self) -> bool:
        """It was started again so often that it comes first now, even if the caller goes on."""
        return self._restarts >= MOST_RESTARTS

    def ask(self, now: int, spoke_ms: int) -> None:
        """The caller waits for an answer: from now on, if not already, or if they have spoken (at `spoke_ms`) since."""
        if self._since_ms is None or spoke_ms > self._since_ms:
            self._since_ms = now

    def restart(self, decided_ms: int, now: int, spoke_ms: int) -> None:
        """The reply decided at `decided_ms` was cut before any of it was heard: it is owed as before."""
        self._restarts += 1
        self._since_ms = decided_ms
        self.ask(now, spoke_ms)

    def ask_after(self, now: int) -> None:
        """There is something to tell that the caller did not ask for just now: from now on, if nothing is owed yet."""
        self._news = True
        if self._since_ms is None:
            self._since_ms = now

    def retry(self, now: int) -> None:
        """The reply has failed and is to be tried again."""
        self._since_ms = now

    def interrupted(self) -> None:
        """The caller has the floor, and waits for nothing any more; what they did not ask for is still to be told."""
        if not self._news:
            self._since_ms = None

    def cancel(self) -> None:
        """Nothing is owed any more."""
        self._since_ms, self._news = None, False

    def take(self) -> int | None:
        """Since when the answer is owed; it is being given from now on."""
        since_ms, self._since_ms, self._news = self._since_ms, None, False
        return since_ms

    def heard(self) -> None:
        """Some of the answer was heard: it may be interrupted like any other."""
        self._restarts = 0
