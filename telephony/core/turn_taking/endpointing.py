"""Endpointing: how much silence ends a turn, depending on what was said, what was asked, and how this caller pauses.

This file contains the whole rule: to change it, change it here.
    words      how sure it is that the caller is done (`judgement.py`)    longest_wait_ms to shortest_wait_ms
    entry      the caller is dictating digits, a code, a spelling ...     entry_ms, less as it fills
    unheard    voice without any transcript so far                        unheard_ms
    silence    a language without data                                    silence_ms

The waits come from `TurnTaking`. The pauses that a caller makes inside a thought are learned during the call and
lengthen the waits for thoughts that may go on: the more, the less sure it is that they are over, and never beyond the
longest. A misjudged thought costs little: each wait is bounded, and the next word starts a new judgement.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from telephony.core.decisions import EndpointReason, ModelSays
from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.policy import EntryKind, Tuning, TurnTaking
from telephony.core.turn_taking import judgement
from telephony.core.turn_taking.dictation import DictatedEntry, dictation_under_way
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext

PAUSE_MS = 200
"""A gap in the voice of at least this length is a pause; shorter ones are part of speaking."""
PAUSES = 6
"""Number of the caller's latest pauses that are remembered."""
SHORT_ENTRY, LONG_ENTRY = 4, 7
"""An entry of unknown length is unlikely to be complete with 4 symbols or fewer, and may well be with 7 or more."""
HALF = 500
"""Thousandths of what a wait for an entry lacks to this caller's pauses."""


@dataclass(frozen=True, slots=True)
class Wait:
    """`ms` of silence end the turn, and why; `entry` is the kind of thing that is dictated, if that is why, `score` how
    sure it is that the caller is done, if the words are judged, `features` what it is the sum of,
    `pause_allowance_ms` what this caller's pauses have added, and `model` what the model says, which `ms` includes; it
    is awaited for `verdict_ms` more."""

    ms: int
    why: EndpointReason
    entry: EntryKind = EntryKind.NONE
    score: int | None = None
    features: str = ""
    pause_allowance_ms: int = 0
    model: ModelSays = ModelSays.NOTHING
    verdict_ms: int = 0

    @property
    def complete(self) -> bool:
        """Whether what was said looks complete."""
        return self.why in (EndpointReason.FINISHED, EndpointReason.COMPLETE)

    def commit_after_ms(self, tuning: Tuning) -> int:
        """The silence after which the transcript is committed, to be final when the turn ends."""
        lead_ms = tuning.commit_entry_lead_ms if self.entry else tuning.commit_lead_ms
        return max(tuning.commit_after_ms, self.ms - lead_ms)

    def __str__(self) -> str:
        return f"{self.entry} {self.why}".strip()


class Endpointing:
    """See the module text. The only state is the caller's recent pauses (and a cache of the last judgement)."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self._language = language
        self._pauses: deque[int] = deque(maxlen=PAUSES)
        self._last: tuple[Evidence, Wait] | None = None

    def paused(self, ms: int) -> None:
        """The caller went on after `ms` of silence: it was a pause, not the end."""
        if ms >= PAUSE_MS:
            self._pauses.append(ms)
            self._last = None

    @property
    def usual_pause_ms(self) -> int:
        """The second longest of this caller's pauses, because a single long one may be chance; 0: not known."""
        return sorted(self._pauses)[-2] if len(self._pauses) >= 2 else 0

    def wait(self, evidence: Evidence) -> Wait:
        """How long to wait on this evidence."""
        if self._last is None or self._last[0] != evidence:
            wait = self._judge(evidence)
            self._last = (evidence, _with_model(wait, evidence.model, self.rules(evidence.context)))
        return self._last[1]

    def rules(self, context: AnswerContext) -> TurnTaking:
        """The waits that apply to the answer: a question may declare its own (`Expects.turn_taking`)."""
        return context.expects.turn_taking or self._rules

    # --- the rule -------------------------------------------------------------------------------------------------

    def _judge(self, evidence: Evidence) -> Wait:
        text, context = evidence.text, evidence.context
        rules, language = self.rules(context), self._language
        found = words(text)
        if not found:
            return Wait(rules.unheard_ms, EndpointReason.UNHEARD)
        if (entry := dictation_under_way(text, context.expects, language)) is not None:
            return self._entry(entry, rules)
        if not language.known:
            return Wait(rules.silence_ms, EndpointReason.SILENCE)
        weighed = judgement.weighed(evidence, language)
        score = sum(weighed.values())
        ms = judgement.wait_ms(score, rules)
        unsure = 1_000 * (ms - rules.shortest_wait_ms) // max(1, rules.longest_wait_ms - rules.shortest_wait_ms)
        longer_ms = self._longer_ms(ms, unsure, rules)
        told = ", ".join(f"{name} {weight:+}" for name, weight in weighed.items())
        return Wait(ms + longer_ms, judgement.reason(score), EntryKind.NONE, score, told, longer_ms)

    def _longer_ms(self, ms: int, thousandths: int, rules: TurnTaking) -> int:
        """How much this caller's usual pause adds to a wait of `ms`: a share of what it lacks to that pause. The sum is
        never more than the longest wait."""
        usual_ms = self.usual_pause_ms
        lacks_ms = usual_ms + rules.tuning.pause_margin_ms - ms if usual_ms else 0
        longer_ms = max(0, min(lacks_ms, rules.tuning.pause_allowance_ms)) * thousandths // 1_000
        return min(longer_ms, max(0, rules.longest_wait_ms - ms))

    def _entry(self, entry: DictatedEntry, rules: TurnTaking) -> Wait:
        """The wait for an entry. If its length is unknown, the wait shrinks as the entry grows."""
        if entry.complete:
            return Wait(rules.shortest_wait_ms, EndpointReason.COMPLETE, entry.kind)
        least = min(rules.open_ms, rules.entry_ms)
        if entry.rest:
            least = min(rules.likely_ms, least) if entry.kind is EntryKind.AMOUNT else least
            return self._dictated(least, EndpointReason.NEARLY_COMPLETE, entry, rules)
        grown = 0 if entry.length else min(max(entry.symbols - SHORT_ENTRY, 0), LONG_ENTRY - SHORT_ENTRY)
        ms = rules.entry_ms - (rules.entry_ms - least) * grown // (LONG_ENTRY - SHORT_ENTRY)
        return self._dictated(ms, EndpointReason.UNDER_WAY, entry, rules)

    def _dictated(self, ms: int, why: EndpointReason, entry: DictatedEntry, rules: TurnTaking) -> Wait:
        longer_ms = self._longer_ms(ms, HALF, rules)
        return Wait(ms + longer_ms, why, entry.kind, pause_allowance_ms=longer_ms)


def _with_model(wait: Wait, model: ModelSays, rules: TurnTaking) -> Wait:
    """The wait with what the model says of the words. Where these are judged, it is part of the score already."""
    tuning, shortest, longest, ms = rules.tuning, rules.shortest_wait_ms, rules.longest_wait_ms, wait.ms
    match model:
        case ModelSays.AWAITED:
            return replace(wait, model=model, verdict_ms=max(0, min(tuning.verdict_wait_ms, longest - ms)))
        case ModelSays.UNFINISHED:
            ms = max(ms, longest) if wait.score is None else ms
            ms += tuning.unfinished_ms * max(0, ms - shortest) // max(1, longest - shortest)
        case ModelSays.FINISHED if wait.score is None:
            ms = min(ms, max(ms - tuning.finished_ms, shortest))
        case _:
            pass
    return replace(wait, ms=ms, model=model)
