"""What tools let the agent say at once: between the words of a reply, and never over anybody.

A text that a tool asks for while its reply waits for it belongs to that wait: if there was no room for it until the
reply goes on, it is not said any more.
"""

from __future__ import annotations

from collections import deque

from telephony.core.actions import Action
from telephony.core.ending import Ending
from telephony.core.speaking.turn import Turn
from telephony.core.speaking.turns import Turns

MOST_WAITING = 4
"""More texts cannot wait: the oldest is not said."""


class Asides:
    """See the module text."""

    def __init__(self, turns: Turns, ending: Ending) -> None:
        self._turns, self._ending = turns, ending
        self._waiting: deque[tuple[str, Turn | None]] = deque(maxlen=MOST_WAITING)  # with the reply that waits

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def ask(self, text: str) -> None:
        """The agent is to say `text`."""
        if text.strip() and not self._ending.begun:
            reply = self._turns.reply
            waits = reply is not None and reply.generation is not None and bool(reply.generation.running)
            self._waiting.append((text.strip(), reply if waits else None))

    def tick(self, now: int, *, quiet: bool) -> list[Action]:
        """Says the next text, if it is its turn. `quiet`: the caller says nothing."""
        if not self._waiting:
            return []
        unheard = [turn for turn in self._turns.said() if self._unheard(turn, now)]
        gone_on = [turn for turn in unheard if turn.generation is not None and not turn.generation.running]
        while self._waiting and (self._ending.begun or self._waiting[0][1] in gone_on):
            self._waiting.popleft()
        if not self._waiting or not quiet or unheard:
            return []
        if self._turns.playout.held or self._turns.playout.speaking(now):
            return []
        return self._turns.aside(self._waiting.popleft()[0], now)

    def _unheard(self, turn: Turn, now: int) -> bool:
        """More of it is said than was heard, or has audio at all."""
        return turn.number not in self._turns.playout.tracks or turn.under_way(now) is not None
