"""Speculation: preparing the reply while it is not yet certain that the caller has finished.

If a thought looks complete, the reply is requested at once; if it may go on, shortly before the turn would end. A
speculation is dropped when the meaning of the caller's words changes, and becomes the live reply when the turn ends
with the words that it answers; until then nothing of it is heard, no tool runs and the history does not change. The
cost is bounded: there is a limit for each utterance, and speculation stops in calls where it is wasted again and again.

With `TurnTaking.completeness` the model also says whether the caller has finished, with its first word: an ellipsis if
not, a reply if so (`speaking/trials.py`). What it says of these words counts for `endpointing.py` as long as they are
the caller's last. A model that has said once that a caller had not finished is asked sooner, and waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from telephony.core.actions import Action
from telephony.core.decisions import DropReason, ModelJudged, ModelSays
from telephony.core.ending import Ending
from telephony.core.language.gist import gist
from telephony.core.language.language import Language
from telephony.core.language.words import backchannel
from telephony.core.listening.calm import CALM, Calm, until
from telephony.core.listening.listening import Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.policy import Speculate, TurnTaking
from telephony.core.speaking.trials import Trials, Verdict
from telephony.core.speaking.turns import Turns

GOES_ON_MS = 1_500
"""A caller who says more within this time after a verdict had not finished."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of an utterance: `text` is all, `own` are the caller's, `meaning` is the gist of these."""

    text: str = ""
    own: str = ""
    meaning: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Trial:
    """The last speculation of an utterance: the `meaning` of the words that it answers, and its number. `again`: it was
    an ellipsis, and a reply to the same words has been prepared since."""

    meaning: tuple[str, ...] = ()
    turn: int = 0
    again: bool = False


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
        self._off = rules.prepares is Speculate.OFF
        self._language = language
        self._listening = listening
        self._turns = turns
        self._ending = ending
        self._callers = callers
        self._hindsight = Hindsight(rules, language, listening, turns.trials)
        self._utterance: Utterance | None = None
        self._words = _Words()  # of this utterance
        self._trial = _Trial()
        self._wasted = 0  # speculations wasted before this utterance

    def tick(self, now: int) -> list[Action]:
        """Begins or drops a speculation, as the words are now."""
        utterance, turns = self._listening.utterance, self._turns
        if self._off:
            return []
        if utterance is not None and utterance is not self._utterance:
            self._utterance, self._words, self._trial = utterance, _Words(), _Trial()
            self._wasted = turns.trials.wasted
        actions = list[Action]()
        if turns.trials.untested:
            actions += self._hindsight.tick(self._said(utterance) if utterance is not None else _Words(), now)
        if turns.trials.trusted:
            self._listening.model_says = self._model_says
        if utterance is None:
            return actions
        silence = self._listening.silence_ms
        if silence == 0 and turns.speculation is None:
            return actions
        meaning, trial = self._said(utterance).meaning, self._trial
        if meaning == trial.meaning:
            if turns.trials.trusted and self._due_again(utterance) and self._allowed():
                self._trial = replace(trial, again=True)
                actions += turns.speculate(self._words.own, now)
            return actions
        due = self._due(utterance, silence)
        if due or turns.speculation is not None:
            actions += turns.drop_speculation(DropReason.OTHER_WORDS)
        if due and meaning and self._allowed():
            actions += turns.speculate(self._words.own, now)
            self._trial = _Trial(meaning, turns.last)
        return actions

    def calm(self, now: int) -> Calm | None:
        """See `Part`."""
        utterance, trials = self._listening.utterance, self._turns.trials
        if self._off:
            return CALM
        calm = self._hindsight.calm() if trials.untested else CALM
        if utterance is None or calm is None:
            return calm
        if utterance.text != self._words.text:  # to be looked at in the first silence
            return None if trials.trusted else calm.both(Calm(silence_ms=1))
        return self._calm(utterance, calm)

    def _calm(self, utterance: Utterance, calm: Calm) -> Calm | None:
        """The next silence at which a reply may be prepared to these words."""
        asked = self._words.meaning == self._trial.meaning
        if asked and not (self._turns.trials.trusted and self._model_says(utterance) is ModelSays.UNFINISHED):
            return calm
        if not self._words.meaning or not self._allowed() or (asked and self._trial.again):
            return calm
        due_ms = self._again_ms() if asked else max(1, self._due_ms(utterance))
        return calm.both(Calm(silence_ms=due_ms)) if self._listening.silence_ms < due_ms else None

    def _said(self, utterance: Utterance) -> _Words:
        """Asked anew only when the words have changed, because it takes time."""
        if utterance.text != self._words.text:
            own = self._callers(utterance)
            self._words = _Words(utterance.text, own, gist(own, self._language))
        return self._words

    def _model_says(self, utterance: Utterance) -> ModelSays:
        """What the model has said of the words as they are now. It may yet be asked about those that have just come."""
        trials, speculation, turn = self._turns.trials, self._turns.speculation, self._trial.turn
        if utterance is not self._utterance or not trials.trusted:
            return ModelSays.NOTHING
        if (meaning := self._said(utterance).meaning) != self._trial.meaning:
            just_come = meaning and utterance.text_ms == self._listening.voice.media_ms
            return ModelSays.AWAITED if just_come else ModelSays.NOTHING
        if trials.verdict is not None and trials.verdict.turn == turn:
            return trials.verdict.says
        if speculation is None or speculation.number != turn or speculation.generation is None:
            return ModelSays.NOTHING
        return speculation.generation.says

    def _due(self, utterance: Utterance, silence: int) -> bool:
        """Whether it is time: for a complete thought, and for a model that can tell whether it is one, once its last
        words have been transcribed; otherwise as long before the end of the turn as it takes to prepare a reply."""
        return silence >= self._due_ms(utterance)

    def _due_ms(self, utterance: Utterance) -> int:
        """The silence after which it is time."""
        tuning, listening = self._rules.tuning, self._listening
        wait, early = listening.wait, self._turns.trials.trusted
        due_ms = tuning.speculate_after_ms
        if not (wait.complete or early):
            due_ms = max(due_ms, listening.transcript_lag_ms, wait.ms - self._lead_ms)
        if utterance.text_ms > utterance.active_ms:
            return due_ms
        return max(due_ms, tuning.ask_at_latest_ms if early and not wait.complete else tuning.speculate_at_latest_ms)

    def _due_again(self, utterance: Utterance) -> bool:
        """Whether it is time to prepare a reply to words that the model has found unfinished: no more are said."""
        unfinished = self._model_says(utterance) is ModelSays.UNFINISHED and not self._trial.again
        return unfinished and self._listening.silence_ms >= self._again_ms()

    def _again_ms(self) -> int:
        return self._listening.wait.ms - self._lead_ms

    @property
    def _lead_ms(self) -> int:
        """How long before the end of a turn its reply is prepared."""
        tuning = self._rules.tuning
        return min(max(tuning.speculate_lead_ms, self._turns.readiness.ms), tuning.speculate_most_ms)

    def _allowed(self) -> bool:
        """Whether no turn is live and the limits allow one more speculation; some are kept for complete thoughts."""
        rules, trials = self._rules, self._turns.trials
        affordable = trials.wasted <= trials.used + rules.tuning.speculations_wasted
        finished = self._listening.wait.complete
        idle = not self._turns.live() and not self._turns.unfinished() and not self._ending.begun
        most = rules.speculations + rules.tuning.speculations_finished * finished
        return idle and affordable and trials.wasted - self._wasted < most


class Hindsight:
    """Whether the model was right about the caller: what it said, and whether their voice went on with other words. A
    listener's words are none, nor is a cough. Tells of each verdict once, unless a newer one takes its place. Times are
    the core's `now`."""

    def __init__(self, rules: TurnTaking, language: Language, listening: Listening, trials: Trials) -> None:
        self._rules = rules
        self._language = language
        self._listening = listening
        self._trials = trials
        self._verdict: Verdict | None = None  # the latest that was looked at
        self._utterance: Utterance | None = None  # when it was given, with so much voice
        self._voice_ms = 0
        self._words = _Words()

    def tick(self, said: _Words, now: int) -> list[Action]:
        """Looks at a verdict that is untested. `said`: the words of the utterance under way, if any."""
        utterance, verdict = self._listening.utterance, self._trials.verdict
        if verdict is None:
            return []
        if verdict is not self._verdict:
            self._verdict, self._utterance, self._words = verdict, utterance, said
            self._voice_ms = utterance.voice_ms if utterance is not None else 0
        went_on = utterance is not None and self._went_on(utterance, said)
        if not went_on and now - verdict.at_ms < GOES_ON_MS:
            return []
        self._trials.untested = False
        return [ModelJudged(verdict.turn, verdict.says, went_on)]

    def calm(self) -> Calm | None:
        """See `Part`. There is a verdict that is untested."""
        if self._trials.verdict is None or self._listening.voice.voiced:
            return None
        return until(self._trials.verdict.at_ms + GOES_ON_MS)

    def _went_on(self, utterance: Utterance, said: _Words) -> bool:
        same = utterance is self._utterance
        voice_ms = utterance.voice_ms - (self._voice_ms if same else 0)
        more = said.meaning != self._words.meaning if same else not backchannel(said.own, self._language)
        return said.own != "" and more and voice_ms >= self._rules.tuning.min_word_ms
