"""Whether the caller goes on right after a decision that they had finished: the evidence, for `barge_in.py`."""

from __future__ import annotations

from telephony.core.answer import OwedAnswer
from telephony.core.listening.listening import Listening
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.speaking.turns import Turns
from telephony.core.turn_taking.barge_in import LATE_MS, LITTLE_MS, starts_late

CUT_OFF_MS = 1_500
"""A caller who interrupts within this time of a decision was cut off: the silence before it was a pause."""


class LateStart:
    """See the module text. Times are the core's `now`."""

    def __init__(self, listening: Listening, turns: Turns, answer: OwedAnswer) -> None:
        self._listening = listening
        self._turns = turns
        self._answer = answer
        self.now = 0
        """To be set at every step."""
        listening.opens_early = self._at_once
        self._resumed = 0  # the reply that was last held by a sound which was no interruption

    def at(self, began_ms: int, now: int) -> bool:
        """Whether a voice that began at `began_ms` goes on with the turn that the reply answers."""
        decided_ms = self._turns.decided_ms
        if decided_ms is None or began_ms - decided_ms > LATE_MS or self._answer.exhausted:  # asked every frame
            return False
        return starts_late(began_ms - decided_ms, self._turns.reply_heard_ms(now))

    def found(self, now: int) -> bool:
        """Whether the utterance under way does."""
        utterance, media_ms = self._listening.utterance, self._listening.voice.media_ms
        return utterance is not None and self.at(now - media_ms + utterance.opened_ms, now)

    def may_be_found(self, now: int) -> bool:
        """Whether that depends on when the utterance began: a reply has been decided, and little of it was heard."""
        undecided = self._turns.decided_ms is None or self._answer.exhausted
        return not undecided and self._turns.reply_heard_ms(now) < LITTLE_MS

    def resumed(self) -> None:
        """A sound has held the reply, and was no interruption."""
        self._resumed = self._turns.last

    def _at_once(self) -> bool:
        """Whether a voice whose first window has just been heard would be a late start: that opens an utterance."""
        return self.at(self.now - WINDOW_MS, self.now)

    @property
    def again(self) -> bool:
        """That has happened to this reply before."""
        return self._resumed == self._turns.last
