"""Words of nobody but somebody behind the caller: kept from everybody else, and dropped once they are over."""

from __future__ import annotations

from telephony.core.listening.behind import RECENT_MS, WORD_LAG_MS
from telephony.core.listening.utterance import Answered, Utterance
from telephony.core.listening.voice_activity import VoiceActivity


class Overlooked:
    """See the module text. `utterance` has those words, or is None."""

    def __init__(self, voice: VoiceActivity) -> None:
        self._voice = voice
        self.utterance: Utterance | None = None

    def words_came(self, utterance: Utterance) -> Utterance | None:
        """Words have come to an utterance. Returns it if it is the caller's."""
        self.utterance = utterance if utterance.behind else None
        return None if utterance.behind else utterance

    def hand_over(self, utterance: Utterance) -> Utterance:
        """The caller begins to speak: the words that are still in the transcript stay there."""
        if (other := self.utterance) is not None:
            utterance.stable, utterance.tentative = other.stable, other.tentative
            utterance.commits, utterance.others = other.commits, other.others
            self.utterance = None
        return utterance

    def tick(self, answered: Answered) -> bool:
        """Drops the words once they are over, so that they are not taken for new ones however often they come. Returns
        whether they are to be committed first."""
        utterance, silence_ms = self.utterance, self._voice.behind.silence_ms(self._voice.media_ms)
        if utterance is None:
            return False
        if not utterance.committed:
            return silence_ms >= WORD_LAG_MS
        if not utterance.awaited or silence_ms > RECENT_MS:
            answered.add(utterance)
            self.utterance = None
        return False
