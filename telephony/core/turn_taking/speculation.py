"""Answering on trial: the reply is prepared while the silence after the caller's words is still being judged.

When a thought looks finished the model is asked at once; when it may go on, a little before its turn would end. The
guess is dropped when the words change their meaning, and used if the turn is decided for the words that it answers:
until then nothing of it is heard, remembered or done. What it costs is bounded: so many trials for an utterance, and
none at all with a caller for whom they are wasted again and again.
"""

from __future__ import annotations

from telephony.core.actions import Action
from telephony.core.decisions import DropReason
from telephony.core.ending import Ending
from telephony.core.language.language import Language
from telephony.core.language.words import gist
from telephony.core.listening.listening import Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.policy import TurnTaking
from telephony.core.speaking.turns import Turns


class Speculation:
    """See the module text."""

    def __init__(
        self, rules: TurnTaking, language: Language, listening: Listening, turns: Turns, ending: Ending
    ) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._turns = turns
        self._ending = ending
        self._utterance: Utterance | None = None  # whose trials are counted
        self._trials = 0
        self._gist: tuple[str, ...] = ()  # what the last trial answers
        self._all = 0

    def tick(self, now: int) -> list[Action]:
        """Begins or drops a speculation, as the words are now."""
        utterance, turns = self._listening.utterance, self._turns
        if self._rules.speculate == "off" or utterance is None:
            return []
        if utterance is not self._utterance:
            self._utterance, self._trials, self._gist = utterance, 0, ()
        if self._listening.silence_ms == 0 and turns.speculation is None:
            return []
        meaning, actions = gist(utterance.text, self._language), list[Action]()
        if meaning != self._gist:
            actions += turns.drop_speculation(DropReason.OTHER_WORDS)
        if meaning and meaning != self._gist and self._due() and self._may():
            self._gist = meaning
            self._trials += 1
            self._all += 1
            actions += turns.speculate(utterance.text, now)
        return actions

    def _due(self) -> bool:
        """A finished thought: as soon as its last words have come. Others: as long before their end as a reply takes,
        but not before their last words can be known."""
        rules, listening, utterance = self._rules, self._listening, self._listening.utterance
        assert utterance is not None
        silence, wait = listening.silence_ms, listening.wait.ms
        if utterance.text_ms <= utterance.active_ms and silence < rules.speculate_at_latest_ms:
            return False
        if wait <= rules.finished_ms:
            return silence >= rules.speculate_after_ms
        lead = min(max(rules.speculate_lead_ms, self._turns.readiness.ms), rules.speculate_most_ms)
        return silence >= max(rules.speculate_after_ms, listening.words_late_ms, wait - lead)

    def _may(self) -> bool:
        """Nothing else is under way, and there is something left to spend; a little is kept for finished thoughts."""
        rules, used = self._rules, self._turns.speculations_used
        affordable = self._all - used <= used + rules.speculations_wasted
        finished = self._listening.wait.ms <= rules.finished_ms
        idle = not self._turns.live() and self._turns.abandoned is None and not self._ending.begun
        return idle and affordable and self._trials < rules.speculations + rules.speculations_finished * finished
