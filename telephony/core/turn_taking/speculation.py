"""Speculation: preparing the reply while it is not yet certain that the caller has finished.

If a thought looks complete, the reply is requested at once; if it may go on, shortly before the turn would end. A
speculation is dropped when the meaning of the caller's words changes, and becomes the live reply when the turn ends
with the words that it answers; until then nothing of it is heard, no tool runs and the history does not change. The
cost is bounded: there is a limit for each utterance, and speculation stops in calls where it is wasted again and again.

With `TurnTaking.completeness` the model also says whether the caller has finished, with its first word: an ellipsis if
not, a reply if so (`Trials`). It is then asked as soon as the last words are known, and what it says of these words
counts for `endpointing.py` as long as they are the caller's last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telephony.core.actions import Action
from telephony.core.decisions import DropReason, ModelSays
from telephony.core.ending import Ending
from telephony.core.language.gist import gist
from telephony.core.language.language import Language
from telephony.core.listening.listening import Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.policy import Speculate, TurnTaking
from telephony.core.speaking.turns import Turns
from telephony.core.turn_taking.hindsight import Hindsight


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of an utterance: `text` is all, `own` are the caller's, `meaning` is the gist of these."""

    text: str = ""
    own: str = ""
    meaning: tuple[str, ...] = ()


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
        self._hindsight = Hindsight(rules, listening, turns.trials)
        self._utterance: Utterance | None = None
        self._words = _Words()  # of this utterance
        self._answered = _Words()  # those that the last speculation of this utterance answers
        self._trial = 0  # its turn
        self._wasted = 0  # speculations wasted before this utterance
        listening.model_says = self._model_says

    def tick(self, now: int) -> list[Action]:
        """Begins or drops a speculation, as the words are now."""
        utterance, turns = self._listening.utterance, self._turns
        if self._rules.prepares is Speculate.OFF:
            return []
        if utterance is None:
            return self._hindsight.tick("", now)
        if utterance is not self._utterance:
            self._utterance, self._words, self._answered = utterance, _Words(), _Words()
            self._trial, self._wasted = 0, turns.trials.wasted
        actions = self._hindsight.tick(self._said(utterance).own, now)
        if self._listening.silence_ms == 0 and turns.speculation is None:
            return actions
        meaning = self._words.meaning
        if meaning == self._answered.meaning or not (turns.speculation is not None or self._due()):
            return actions
        actions += turns.drop_speculation(DropReason.OTHER_WORDS)
        if meaning and self._due() and self._allowed():
            self._answered = self._words
            actions += turns.speculate(self._words.own, now)
            self._trial = turns.last
        return actions

    def _said(self, utterance: Utterance) -> _Words:
        """Asked anew only when the words have changed, because it takes time."""
        if utterance.text != self._words.text:
            own = self._callers(utterance)
            self._words = _Words(utterance.text, own, gist(own, self._language))
        return self._words

    def _model_says(self, utterance: Utterance) -> ModelSays:
        """What the model has said of the words as they are now."""
        if utterance is not self._utterance or not self._trial:
            return ModelSays.NOTHING
        if self._said(utterance).meaning != self._answered.meaning:
            return ModelSays.NOTHING
        verdict, speculation = self._turns.trials.verdict, self._turns.speculation
        if verdict is not None and verdict.turn == self._trial:
            return verdict.says
        if speculation is None or speculation.number != self._trial or speculation.generation is None:
            return ModelSays.NOTHING
        return speculation.generation.says

    def _due(self) -> bool:
        """Whether it is time: for a complete thought, or if the model is to say whether it is one, once its last words
        have been transcribed; for others, as long before the end of the turn as a reply takes to prepare, but not
        before the last words can have arrived."""
        rules, listening, utterance = self._rules, self._listening, self._listening.utterance
        assert utterance is not None
        silence, wait = listening.silence_ms, listening.wait.ms
        if utterance.text_ms <= utterance.active_ms and silence < rules.tuning.speculate_at_latest_ms:
            return False
        if wait <= rules.shortest_wait_ms:
            return silence >= rules.tuning.speculate_after_ms
        if rules.asks_model:
            return silence >= rules.tuning.ask_after_ms
        lead = min(max(rules.tuning.speculate_lead_ms, self._turns.readiness.ms), rules.tuning.speculate_most_ms)
        return silence >= max(rules.tuning.speculate_after_ms, listening.transcript_lag_ms, wait - lead)

    def _allowed(self) -> bool:
        """Whether no turn is live and the limits allow one more speculation; some are kept for complete thoughts."""
        rules, trials = self._rules, self._turns.trials
        affordable = trials.wasted <= trials.used + rules.tuning.speculations_wasted
        finished = self._listening.wait.ms <= rules.shortest_wait_ms
        idle = not self._turns.live() and not self._turns.unfinished() and not self._ending.begun
        most = rules.speculations + rules.tuning.speculations_finished * finished
        return idle and affordable and trials.wasted - self._wasted < most
