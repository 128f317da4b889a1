"""Endpointing: how much silence ends a turn, depending on what was said, what was asked, and how this caller pauses.

This file contains the whole rule: to change it, change it here. The waits come from `TurnTaking`, the words from
`language.py`.

    entry      the caller is dictating digits, a code, a spelling, an address ...       entry_ms, less as it fills
    trailing   the last words cannot end a thought ("and", "um", "my number is")        longest_wait_ms
    greeting   "yes, hello", after the agent has asked how it can help                  longest_wait_ms
    finished   a complete question, a short answer to one, "please", "that's all"       shortest_wait_ms
    likely     a request with its object, a short question, an answer of several words  likely_ms
    details    a request without its usual detail ("a table": for how many?)  the mean of open_ms and entry_ms
    told       a long statement                                               the mean of likely_ms and open_ms
    open       a statement that may go on                                               open_ms
    unheard    voice without any transcript so far                                      unheard_ms
    silence    a language without data                                                  silence_ms

The pauses that a caller makes inside a thought are learned during the call and lengthen the waits for thoughts that may
go on, up to a limit. A misjudged thought costs little: each wait is bounded, and the next word starts a new judgement.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from telephony.core.decisions import EndpointReason, ModelSays
from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.policy import EntryKind, TurnTaking
from telephony.core.turn_taking.completeness import finished, greets, leaves_open, likely, long_statement, trails
from telephony.core.turn_taking.dictation import DictatedEntry, dictation_under_way
from telephony.core.turn_taking.question import AnswerContext

PAUSE_MS = 200
"""A gap in the voice of at least this length is a pause; shorter ones are part of speaking."""
PAUSES = 6
"""Number of the caller's latest pauses that are remembered."""
SHORT_ENTRY, LONG_ENTRY = 4, 7
"""An entry of unknown length is unlikely to be complete with 4 symbols or fewer, and may well be with 7 or more."""


@dataclass(frozen=True, slots=True)
class Wait:
    """`ms` of silence end the turn, and why; `entry` is the kind of thing that is dictated, if that is why; `model` is
    what the model says, which `ms` includes; it is awaited for `verdict_ms` more."""

    ms: int
    why: EndpointReason
    entry: EntryKind = EntryKind.NONE
    model: ModelSays = ModelSays.NOTHING
    verdict_ms: int = 0

    def __str__(self) -> str:
        return f"{self.entry} {self.why}".strip()


class Endpointing:
    """See the module text. The only state is the caller's recent pauses (and a cache of the last judgement)."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self._language = language
        self._pauses: deque[int] = deque(maxlen=PAUSES)
        self._last: tuple[str, AnswerContext, Wait] | None = None
        self._weighed: tuple[Wait, Wait] | None = None  # the last wait by the words, and with what the model says

    def paused(self, ms: int) -> None:
        """The caller went on after `ms` of silence: it was a pause, not the end."""
        if ms >= PAUSE_MS:
            self._pauses.append(ms)
            self._last = None

    @property
    def pause_allowance_ms(self) -> int:
        """How much longer to wait for this caller than for others, from the second longest pause: a single long pause
        may be chance."""
        if len(self._pauses) < 2:
            return 0
        usual = sorted(self._pauses)[-2] + self._rules.tuning.pause_margin_ms
        return max(0, min(usual - self._rules.open_ms, self._rules.tuning.pause_allowance_ms))

    def wait(self, text: str, context: AnswerContext, model: ModelSays = ModelSays.NOTHING) -> Wait:
        """How long to wait after `text`, given what it replies to (`context`) and what the `model` says of it."""
        if self._last is None or self._last[:2] != (text, context):
            self._last = (text, context, self._judge(text, context))
        wait = self._last[2]
        if model is ModelSays.NOTHING:
            return wait
        if self._weighed is None or self._weighed[0] is not wait or self._weighed[1].model is not model:
            self._weighed = wait, _weighed(wait, model, self.rules(context))
        return self._weighed[1]

    def rules(self, context: AnswerContext) -> TurnTaking:
        """The waits that apply to the answer: a question may declare its own (`Expects.turn_taking`)."""
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
            return Wait(rules.longest_wait_ms, EndpointReason.TRAILING)
        if context.invited and greets(text, language):
            return Wait(rules.longest_wait_ms, EndpointReason.GREETING)
        if finished(text, context, language):
            return Wait(rules.shortest_wait_ms, EndpointReason.FINISHED)
        if context.answering or likely(text, language):
            return Wait(rules.likely_ms + self.pause_allowance_ms // 2, EndpointReason.LIKELY)
        if leaves_open(text, language):
            return Wait((rules.open_ms + rules.entry_ms) // 2, EndpointReason.DETAILS)
        if long_statement(text, language):
            return Wait((rules.likely_ms + rules.open_ms) // 2 + self.pause_allowance_ms, EndpointReason.TOLD)
        return Wait(rules.open_ms + self.pause_allowance_ms, EndpointReason.OPEN)

    def _entry(self, entry: DictatedEntry, rules: TurnTaking) -> Wait:
        """The wait for an entry. If its length is unknown, the wait shrinks as the entry grows."""
        if entry.complete:
            return Wait(rules.shortest_wait_ms, EndpointReason.COMPLETE, entry.kind)
        least = min(rules.open_ms, rules.entry_ms)
        if entry.rest:
            least = min(rules.likely_ms, least) if entry.kind is EntryKind.AMOUNT else least
            return Wait(least + self.pause_allowance_ms // 2, EndpointReason.NEARLY_COMPLETE, entry.kind)
        grown = 0 if entry.length else min(max(entry.symbols - SHORT_ENTRY, 0), LONG_ENTRY - SHORT_ENTRY)
        ms = rules.entry_ms - (rules.entry_ms - least) * grown // (LONG_ENTRY - SHORT_ENTRY)
        return Wait(ms + self.pause_allowance_ms // 2, EndpointReason.UNDER_WAY, entry.kind)


def _weighed(wait: Wait, model: ModelSays, rules: TurnTaking) -> Wait:
    """The wait with what the model says of the words: two weights, between the shortest and the longest wait."""
    tuning = rules.tuning
    match model:
        case ModelSays.UNFINISHED:
            ms = max(wait.ms, min(wait.ms + tuning.unfinished_ms, rules.longest_wait_ms))
        case ModelSays.FINISHED:
            ms = min(wait.ms, max(wait.ms - tuning.finished_ms, rules.shortest_wait_ms))
        case ModelSays.AWAITED:
            verdict_ms = max(0, min(tuning.verdict_wait_ms, rules.longest_wait_ms - wait.ms))
            return replace(wait, model=model, verdict_ms=verdict_ms)
        case ModelSays.NOTHING:
            ms = wait.ms
    return replace(wait, ms=ms, model=model)
