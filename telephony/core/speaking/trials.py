"""The replies that are prepared on trial: how many, of what use, and what the model says of the caller's words.

Where the model is asked whether the caller has finished (`TurnTaking.completeness`), its reply tells: an ellipsis says
no, anything else yes. That belongs to the words that it answers, and goes with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from telephony.core.decisions import ModelSays
from telephony.core.history import CallerSaid, History, HistoryItem
from telephony.core.language.gist import gist
from telephony.core.language.language import Language
from telephony.core.policy import TurnTaking


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reply of `turn` has said of the caller's words, and when."""

    turn: int
    says: ModelSays
    at_ms: int


class Trials:
    """See the module text."""

    def __init__(self, language: Language, rules: TurnTaking) -> None:
        self.begun = 0
        self.used = 0
        self.unfinished = 0
        """Those that were an ellipsis: they were of use, too."""
        self.verdict: Verdict | None = None
        """The latest..."""
        self.untested = False
        """...and whether it has still to turn out if it was right."""
        self._gist_of = lru_cache(maxsize=4)(lambda text: gist(text, language))  # histories are compared twice each
        self.asks = rules.asks_model
        """The model is asked whether the caller has finished."""
        self.trusted = rules.asks_model and rules.trusts_model
        """The model says so if a caller has not finished: it has, in this call or before."""
        self._unfinished: History = ()  # the last one that the model found unfinished

    @property
    def wasted(self) -> int:
        """How many were neither used nor told that the caller had not finished, or are under way."""
        return self.begun - self.used - self.unfinished

    def denied(self, history: History) -> bool:
        """Whether the model has said of these words that the caller has not finished: it is not asked again."""
        return bool(self._unfinished) and self.same(history, self._unfinished)

    def said(self, turn: int, says: ModelSays, now: int) -> None:
        """The reply of `turn` has shown whether the caller has finished. What it shows first counts."""
        if self.verdict is None or self.verdict.turn != turn:
            self.verdict, self.untested = Verdict(turn, says, now), True

    def ellipsis(self, history: History) -> None:
        """The reply to this history was an ellipsis."""
        self._unfinished, self.trusted = history, True

    def same(self, one: History, other: History) -> bool:
        """Whether the histories are equal but for the form of the caller's last words."""
        return one == other or (
            one[:-1] == other[:-1] and [*map(self._gist, one[-1:])] == [*map(self._gist, other[-1:])]
        )

    def _gist(self, item: HistoryItem) -> tuple[str, ...] | HistoryItem:
        return self._gist_of(item.text) if isinstance(item, CallerSaid) else item
