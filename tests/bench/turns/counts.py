"""The counts of the turn bench, from the results of all plays: for each part, cell and rule, those of a table row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.turns.cells import CURVE_CELL, Row
from tests.bench.turns.corpus import BEHIND, TURNS
from tests.bench.turns.places import PLACES
from tests.bench.turns.score import Percentile, Rate, TalkScore, TurnScore, percentile

TEST = "test"
"""The parts that no number was chosen with, together."""
TESTED = ("held-out", "strangers")
SOUNDS = ("backchannel", "noise")
SHORT_WORDS = 3
"""An answer with at most so many words, and no pause, is a short one."""
LONG_MS = (800, 1_100)
"""A pause from here on is a long one, and a very long one."""


@dataclass(slots=True)
class Counts:
    """All plays of a cell under one rule."""

    turns: list[tuple[Row, TurnScore]] = field(default_factory=list)
    talks: list[tuple[str, TalkScore]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        if isinstance(row.score, TurnScore):
            self.turns.append((row, row.score))
        else:
            self.talks.append((row.kind, row.score))

    # --- turns --------------------------------------------------------------------------------------------------------

    def cut_offs(self, kinds: Sequence[str] = TURNS) -> Rate:
        scores = self._scores(kinds)
        return Rate(sum(score.cut_offs for score in scores), sum(len(score.pauses) + score.early for score in scores))

    def cut_offs_of(self, shortest_ms: int, below_ms: int | None = None, place: str = "") -> Rate:
        """In pauses of these lengths, and at this place (one of `PLACES`)."""
        found = [
            pause
            for row, score in self.turns
            if row.kind in TURNS
            for index, pause in enumerate(score.pauses)
            if shortest_ms <= pause.ms and (below_ms is None or pause.ms < below_ms)
            if not place or (len(row.places) == len(score.pauses) and row.places[index] == place)
        ]
        return Rate(sum(pause.cut_off for pause in found), len(found))

    def places(self) -> dict[str, Rate]:
        """Cut-offs by the place of the pause."""
        return {place: self.cut_offs_of(0, place=place) for place in PLACES}

    def late_starts(self) -> Rate:
        """Of the cut-offs."""
        scores = self._scores(TURNS)
        return Rate(sum(score.late_starts for score in scores), sum(score.cut_offs for score in scores))

    def missed(self, kinds: Sequence[str] = TURNS) -> Rate:
        scores = self._scores(kinds)
        return Rate(sum(score.missed for score in scores), len(scores))

    def asked_again(self) -> Rate:
        scores = self._scores(TURNS)
        return Rate(sum(score.asked_again for score in scores), len(scores))

    def delay(self, share: float, kinds: Sequence[str] = TURNS) -> Percentile | None:
        return percentile([s.delay_ms for s in self._scores(kinds) if s.delay_ms is not None], share)

    def short_answers(self, share: float) -> Percentile | None:
        """Their delay."""
        mine = [
            score for row, score in self.turns if row.kind == "answer" and row.words <= SHORT_WORDS and not row.places
        ]
        return percentile([score.delay_ms for score in mine if score.delay_ms is not None], share)

    def voice_to_audio(self, share: float) -> Percentile | None:
        return percentile([ms for s in self._scores(TURNS) if (ms := s.voice_to_audio_ms) is not None], share)

    # --- replies on trial ---------------------------------------------------------------------------------------------

    def from_trial(self) -> Rate:
        decided = [score for score in self._scores(TURNS) if score.delay_ms is not None]
        return Rate(sum(score.from_trial for score in decided), len(decided))

    def wasted(self) -> Rate:
        """Of the turns: there may be several in a turn."""
        scores = self._scores(TURNS)
        return Rate(sum(score.wasted for score in scores), len(scores))

    def verdicts(self) -> Rate:
        """Trials that were answered with "unfinished", of the turns."""
        scores = self._scores(TURNS)
        return Rate(sum(score.verdicts for score in scores), len(scores))

    def to_audio(self, share: float) -> Percentile | None:
        """Of turns answered from a trial."""
        return percentile(
            [s.to_audio_ms for s in self._scores(TURNS) if s.from_trial and s.to_audio_ms is not None], share
        )

    # --- talked over --------------------------------------------------------------------------------------------------

    def yields(self) -> Rate:
        scores = self._of("interruption")
        return Rate(sum(score.yielded for score in scores), len(scores))

    def silenced(self, share: float) -> Percentile | None:
        return percentile([s.silenced_ms for s in self._of("interruption") if s.silenced_ms is not None], share)

    def tolerated(self, *kinds: str) -> Rate:
        scores = self._of(*kinds)
        return Rate(sum(not score.failure for score in scores), len(scores))

    def answered(self, *kinds: str) -> Rate:
        scores = self._of(*kinds)
        return Rate(sum(score.answered for score in scores), len(scores))

    def held(self, *kinds: str, times: int = 1) -> Rate:
        """At least so many times."""
        scores = self._of(*kinds)
        return Rate(sum(score.holds >= times for score in scores), len(scores))

    def held_ms(self, share: float, *kinds: str) -> Percentile | None:
        return percentile([ms for score in self._of(*kinds) for ms in score.held_ms], share)

    def _scores(self, kinds: Sequence[str]) -> list[TurnScore]:
        return [score for row, score in self.turns if row.kind in kinds]

    def _of(self, *kinds: str) -> list[TalkScore]:
        return [score for kind in kinds for found, score in self.talks if found == kind]


Key = tuple[str, str, str]
"""(part, cell, rule)."""
Results = Mapping[Key, Counts]


def counted(rows: Iterable[Row]) -> dict[Key, Counts]:
    """The counts of all rows. A row of a tested part counts for `TEST` as well, one of a corpus of recordings also for
    a cell of this corpus, and a voice behind at any level for all of them."""
    found: dict[Key, Counts] = {}
    for row in rows:
        cells = [row.cell]
        if row.source:
            cells.append(f"{row.cell}: {row.source}")
        if row.kind == BEHIND:
            cells.append(BEHIND)
        for part in (row.split, TEST) if row.split in TESTED else (row.split,):
            for cell in cells:
                found.setdefault((part, cell, row.rule), Counts()).add(row)
    return found


Point = tuple[int, float, str]
"""(delay p50 in ms, share of cut-offs, rule)."""


def curve(counts: Results, part: str, kind: str) -> list[Point]:
    """The points of a curve, sorted. `kind`: `scaled` or `plain`."""
    return sorted(
        (delay.value, count.cut_offs().share, rule)
        for (found, cell, rule), count in counts.items()
        if found == part and cell == CURVE_CELL and rule.startswith(kind) and (delay := count.delay(0.5))
    )
