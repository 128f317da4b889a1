"""Speculation: preparing the reply while it is not yet certain that the caller has finished.

If a thought looks complete, the reply is requested at once; if it may go on, shortly before the turn would end. A
speculation is dropped when the meaning of the caller's words changes, and becomes the live reply when the turn ends
with the words that it answers; until then nothing of it is heard, no tool runs and the history does not change. The
cost is bounded: there is a limit for each utterance, and speculation stops in calls where it is wasted again and again.
"""

from __future__ import annotations

from collections.abc import Callable

from telephony.core.actions import Action
from telephony.core.decisions import DropReason
from telephony.core.ending import Ending
from telephony.core.language.gist import gist
from telephony.core.language.language import Language
from telephony.core.listening.listening import Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.policy import Speculate, TurnTaking
from telephony.core.speaking.turns import Turns


class Speculation:
    """See the module text. `callers` tells the caller's own words of an utterance, without the agent's echo."""

    def __init__(
        self,
        rules: TurnTaking,
        language: Language,
        listening: Listening,
        turns: Turns,
        ending: Ending,
        callers: Callable[[Utterance], str],
    ) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._turns = turns
        self._ending = ending
        self._callers = callers
        self._utterance: Utterance | None = None
        self._text, self._own = "", ""  # of this utterance: its words, and those of them that are the caller's own
        self._answered: list[str] = []  # the words that each speculation of this utterance answers
        self._total = 0  # of the call

    def tick(self, now: int) -> list[Action]:
        """Begins or drops a speculation, as the words are now."""
        utterance, turns = self._listening.utterance, self._turns
        if self._rules.prepares is Speculate.OFF or utterance is None:
            return []
        if utterance is not self._utterance:
            self._utterance, self._answered, self._text, self._own = utterance, [], "", ""
        if self._listening.silence_ms == 0 and turns.speculation is None:
            return []
        text, answered = self._callers_own(utterance), self._answered[-1] if self._answered else ""
        if text == answered or not (turns.speculation is not None or self._due()):
            return []
        if (meaning := gist(text, self._language)) == gist(answered, self._language):
            return []
        actions = turns.drop_speculation(DropReason.OTHER_WORDS)
        if meaning and self._due() and self._allowed():
            self._answered.append(text)
            self._total += 1
            actions += turns.speculate(text, now)
        return actions

    def _callers_own(self, utterance: Utterance) -> str:
        """Asked anew only when the words have changed, because it takes time."""
        if utterance.text != self._text:
            self._text, self._own = utterance.text, self._callers(utterance)
        return self._own

    def _due(self) -> bool:
        """Whether it is time: for a complete thought, once its last words have been transcribed; for others, as long
        before the end of the turn as a reply takes to prepare, but not before the last words can have arrived."""
        rules, listening, utterance = self._rules, self._listening, self._listening.utterance
        assert utterance is not None
        silence, wait = listening.silence_ms, listening.wait.ms
        if utterance.text_ms <= utterance.active_ms and silence < rules.tuning.speculate_at_latest_ms:
            return False
        if listening.wait.complete:
            return silence >= rules.tuning.speculate_after_ms
        lead = min(max(rules.tuning.speculate_lead_ms, self._turns.readiness.ms), rules.tuning.speculate_most_ms)
        return silence >= max(rules.tuning.speculate_after_ms, listening.transcript_lag_ms, wait - lead)

    def _allowed(self) -> bool:
        """Whether no turn is live and the limits allow one more speculation; some are kept for complete thoughts."""
        rules, used = self._rules, self._turns.speculations_used
        affordable = self._total - used <= used + rules.tuning.speculations_wasted
        finished = self._listening.wait.complete
        idle = not self._turns.live() and not self._turns.unfinished() and not self._ending.begun
        most = rules.speculations + rules.tuning.speculations_finished * finished
        return idle and affordable and len(self._answered) < most
