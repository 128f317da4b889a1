"""Whether the model was right about the caller: what it said, and whether their voice went on with other words."""

from __future__ import annotations

from telephony.core.actions import Action
from telephony.core.decisions import ModelJudged
from telephony.core.listening.listening import Listening
from telephony.core.listening.utterance import Utterance
from telephony.core.policy import TurnTaking
from telephony.core.speaking.trials import Trials, Verdict

GOES_ON_MS = 1_500
"""A caller who says more within this time after a verdict had not finished."""


class Hindsight:
    """Tells of each verdict once. Times are the core's `now`."""

    def __init__(self, rules: TurnTaking, listening: Listening, trials: Trials) -> None:
        self._rules = rules
        self._listening = listening
        self._trials = trials
        self._verdict: Verdict | None = None  # the latest that was looked at
        self._utterance: Utterance | None = None  # when it was given, with so much voice
        self._voice_ms = 0

    def tick(self, own: str, now: int) -> list[Action]:
        """Looks at a verdict that is untested. `own`: the caller's own words of the utterance under way, if any."""
        utterance, verdict = self._listening.utterance, self._trials.verdict
        if verdict is None:
            return []
        if verdict is not self._verdict:
            self._verdict, self._utterance = verdict, utterance
            self._voice_ms = utterance.voice_ms if utterance is not None else 0
        went_on = own != "" and utterance is not None and self._more_voice(utterance) >= self._rules.tuning.min_word_ms
        if not went_on and now - verdict.at_ms < GOES_ON_MS:
            return []
        self._trials.untested = False
        return [ModelJudged(verdict.turn, verdict.says, went_on)]

    def _more_voice(self, utterance: Utterance) -> int:
        return utterance.voice_ms - (self._voice_ms if utterance is self._utterance else 0)
