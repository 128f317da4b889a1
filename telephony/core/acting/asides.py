"""What tools let the agent say at once: between the words of a reply, and never over anybody."""

from __future__ import annotations

from collections import deque

from telephony.core.actions import Action
from telephony.core.ending import Ending
from telephony.core.speaking.turns import Turns

MOST_WAITING = 4
"""More texts cannot wait: the oldest is not said."""


class Asides:
    """See the module text."""

    def __init__(self, turns: Turns, ending: Ending) -> None:
        self._turns, self._ending = turns, ending
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def ask(self, text: str) -> None:
        """The agent is to say `text`."""
        if text.strip() and not self._ending.begun:
            self._waiting.append(text.strip())

    def tick(self, now: int, *, quiet: bool) -> list[Action]:
        """Says the next text, if it is its turn. `quiet`: the caller says nothing."""
        if self._ending.begun:
            self._waiting.clear()
        if not self._waiting or not quiet or self._turns.playout.held or self._turns.playout.speaking(now):
            return []
        tracks = self._turns.playout.tracks
        if any(turn.number not in tracks or turn.under_way(now) is not None for turn in self._turns.said()):
            return []  # more is said, and has no audio yet
        return self._turns.aside(self._waiting.popleft(), now)
