"""Which of the platform's messages belong to something that was interrupted, by their event ids.

Ids below that of an interruption are stale. The id itself is stale until something new has begun: a text of the
agent's, a tool call, the caller's words, a message of ours. At times the platform gives the next answer that very id,
and dropping it would leave the caller in silence. In a new conversation ids begin again.
"""

from __future__ import annotations

MARGIN = 50
"""An interruption may name an event id that we have not seen yet. An id more than this far beyond the highest one seen
is wrong, and is taken as an interruption of all audio so far: otherwise everything the agent says later would be
stale."""


class Interruptions:
    """See the module text. `seen`: the highest event id of audio or text."""

    def __init__(self) -> None:
        self.seen = 0
        self._last = 0  # the highest event id of an interruption
        self._renewed = False  # something new has begun since
        self._conversation: str | None = None

    def conversation(self, conversation_id: str) -> bool:
        """This conversation has begun. Returns whether it is another one than before: then ids begin again."""
        before, self._conversation = self._conversation, conversation_id
        if before in (None, conversation_id):
            return False
        self.seen = self._last = 0
        return True

    def add(self, event_id: int, otherwise: int) -> int:
        """Takes an interruption. Returns the id up to which it reaches: `otherwise` if it names none that can be."""
        named = 0 < event_id <= max(self.seen, self._last) + MARGIN
        up_to = event_id if named else otherwise
        if up_to >= self._last:
            self._last, self._renewed = up_to, False
        return up_to

    def something_new(self) -> None:
        self._renewed = True

    def stale(self, event_id: int) -> bool:
        """Whether a message with this id was interrupted. 0 means that the platform sent no id: never stale."""
        return 0 < event_id < self._last or (event_id == self._last > 0 and not self._renewed)

    def too_old(self, event_id: int) -> bool:
        """Whether it stays stale, whatever begins."""
        return 0 < event_id < self._last
