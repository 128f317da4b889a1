"""How much silence ends a turn: graded by what was said, what was asked, and how this caller pauses.

This file is the rule, and all of it: change it here. The waits are `TurnTaking`'s, the words are `language.py`'s.

    entry      digits, a code, a spelling, an e-mail or street address is under way     entry_ms, less as it fills
    trailing   the last words cannot end a thought ("and", "um", "my number is")        trailing_ms
    greeting   "yes, hello", where the agent has asked how it can help                  trailing_ms
    finished   a whole question, a short answer to one, "please", "that's all"          finished_ms
    likely     a request with its object, a short question, an answer of several words  likely_ms
    details    a request without what is usual with it ("a table": for how many?)  half of open_ms and entry_ms
    told       a long statement                                       half of likely_ms and open_ms
    open       a statement that may go on                                               open_ms
    unheard    voice, and nothing transcribed yet                                       unheard_ms
    silence    a language without data                                                  silence_ms

What a caller pauses inside a thought is learned during the call, and lengthens the waits for thoughts that may go on,
up to a bound. Nothing here is a cliff: each wait is bounded, and the next word starts the judgement anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from telephony.core.decisions import EndpointReason
from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.completeness import finished, greets, leaves_open, likely, told, trails
from telephony.core.turn_taking.dictation import DictatedEntry, dictation_under_way
from telephony.core.turn_taking.question import AnswerContext

PAUSE_MS = 200
"""A gap in the voice from here on is a pause; shorter ones are part of speaking."""
PAUSES = 6
"""So many of the caller's latest pauses are remembered."""
SHORT_ENTRY, LONG_ENTRY = 4, 7
"""An entry of unknown length is hardly complete with so few symbols, and may well be with so many."""


@dataclass(frozen=True, slots=True)
class Wait:
    """`ms` of silence end the turn, and why; `entry` is the kind of thing that is dictated, if that is why."""

    ms: int
    why: EndpointReason
    entry: str = ""

    def __str__(self) -> str:
        return f"{self.entry} {self.why}".strip()


class Endpointing:
    """See the module text. Remembers the caller's pauses, and nothing else of the call."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self._language = language
        self._pauses: deque[int] = deque(maxlen=PAUSES)
        self._last: tuple[str, AnswerContext, Wait] | None = None

    def paused(self, ms: int) -> None:
        """The caller went on after `ms` of silence: it was a pause, not the end."""
        if ms >= PAUSE_MS:
            self._pauses.append(ms)
            self._last = None

    @property
    def pause_allowance_ms(self) -> int:
        """How much longer this caller is waited for than others. The second longest pause: one alone may be chance."""
        if len(self._pauses) < 2:
            return 0
        usual = sorted(self._pauses)[-2] + self._rules.pause_margin_ms
        return max(0, min(usual - self._rules.open_ms, self._rules.pause_allowance_ms))

    def wait(self, text: str, context: AnswerContext) -> Wait:
        """How long to wait after `text`, said in `situation`."""
        if self._last is None or self._last[:2] != (text, context):
            self._last = (text, context, self._judge(text, context))
        return self._last[2]

    def rules(self, context: AnswerContext) -> TurnTaking:
        """The waits that hold now: a question may have its own."""
        return context.expects.turn_taking or self._rules

    # --- the rule -------------------------------------------------------------------------------------------------

    def _judge(self, text: str, context: AnswerContext) -> Wait:
        rules, language = self.rules(context), self._language
        found = words(text)
        if not found:
            return Wait(rules.unheard_ms, EndpointReason.UNHEARD)
        if (entry := dictation_under_way(text, context.expects, language)) is not None:
            return self._entry(entry, rules)
        if not language.known:
            return Wait(rules.silence_ms, EndpointReason.SILENCE)
        if trails(text, context, language):
            return Wait(rules.trailing_ms, EndpointReason.TRAILING)
        if context.invited and greets(text, language):
            return Wait(rules.trailing_ms, EndpointReason.GREETING)
        if finished(text, context, language):
            return Wait(rules.finished_ms, EndpointReason.FINISHED)
        if context.answering or likely(text, language):
            return Wait(rules.likely_ms + self.pause_allowance_ms // 2, EndpointReason.LIKELY)
        if leaves_open(text, language):
            return Wait((rules.open_ms + rules.entry_ms) // 2, EndpointReason.DETAILS)
        if told(text, language):
            return Wait((rules.likely_ms + rules.open_ms) // 2 + self.pause_allowance_ms, EndpointReason.TOLD)
        return Wait(rules.open_ms + self.pause_allowance_ms, EndpointReason.OPEN)

    def _entry(self, entry: DictatedEntry, rules: TurnTaking) -> Wait:
        """Of unknown length: the more there is of it, the less is waited for more."""
        if entry.complete:
            return Wait(rules.finished_ms, EndpointReason.COMPLETE, entry.kind)
        least = min(rules.open_ms, rules.entry_ms)
        if entry.rest:
            least = min(rules.likely_ms, least) if entry.kind == "amount" else least
            return Wait(least + self.pause_allowance_ms // 2, EndpointReason.NEARLY_COMPLETE, entry.kind)
        grown = 0 if entry.length else min(max(entry.symbols - SHORT_ENTRY, 0), LONG_ENTRY - SHORT_ENTRY)
        ms = rules.entry_ms - (rules.entry_ms - least) * grown // (LONG_ENTRY - SHORT_ENTRY)
        return Wait(ms + self.pause_allowance_ms // 2, EndpointReason.UNDER_WAY, entry.kind)
