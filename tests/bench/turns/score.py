"""From what was played to counts: the definitions of turn-taking's measures, and how sure they are.

cut-off      a turn decided inside a pause of the caller's, or while they spoke; counted once a pause
delay        end of the caller's last voice -> the decision
missed       a finished turn that was not decided within 5 s
yield        an interruption that ends in a cut and an answer
silenced     first voice of an interruption -> the last sample of the agent's talk that was played
tolerated    after a backchannel or noise the whole talk was heard, in order, resumed within 500 ms after the sound's
             end if it was held at all, and nothing was answered

Rates come with Wilson's 95 % interval, percentiles with the order statistics that enclose them in 95 % of samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.bench.turns.play import TalkPlayed, TurnPlayed

PAUSE_MS = (250, 1_500)
RESUME_MS = 500
SLACK_MS = 20
"""One frame: the end of a talk is filled up to it."""
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause inside a turn, and whether the turn was decided in it (or in the speech after it)."""

    start: int
    end: int
    cut_off: bool


@dataclass(frozen=True, slots=True)
class TurnScore:
    """`early`: decisions before any pause, while the caller spoke. `delay_ms` is None for what was not decided."""

    pauses: tuple[Pause, ...]
    early: int
    delay_ms: int | None

    @property
    def cut_offs(self) -> int:
        return sum(pause.cut_off for pause in self.pauses) + self.early


def score_turn(played: TurnPlayed, exact: bool = True) -> TurnScore:
    """See the module text. Without exact labels, decisions inside a segment are nobody's fault."""
    segments, end = played.segments, played.segments[-1][1]
    gaps = [(left[1], right[0], right[1]) for left, right in pairwise(segments)]
    pauses = []
    for start, stop, spoken_until in gaps:
        if PAUSE_MS[0] <= stop - start <= PAUSE_MS[1]:
            until = spoken_until if exact else stop
            pauses.append(Pause(start, stop, any(start <= at < until for at in played.decided)))
    early = any(segments[0][0] <= at < segments[0][1] for at in played.decided) if exact else False
    after = [at for at in played.decided if at >= end]
    return TurnScore(tuple(pauses), int(early), after[0] - end if after else None)


@dataclass(frozen=True, slots=True)
class TalkScore:
    """`yielded` for an interruption; `trouble`: why a backchannel or noise was not tolerated, "" if it was.
    `silenced_ms` is None where the agent was not silenced, or was silent before. `held`: whether there was a hold."""

    yielded: bool
    silenced_ms: int | None
    trouble: str
    held: bool


def score_talk(played: TalkPlayed) -> TalkScore:
    """See the module text."""
    onset, end = played.sound
    cut = next((at for at in played.cuts if at >= onset), None)
    answered = cut is not None and any(at >= cut for at in played.replies)
    last = max((stop for _, stop, _ in played.pieces), default=0)
    silenced = last - onset if cut is not None and last >= onset else None
    return TalkScore(answered, silenced, _trouble(played, end), any(at >= onset for at in played.holds))


def _trouble(played: TalkPlayed, end: int) -> str:
    if played.cuts:
        return "cut"
    if played.decided or played.replies or played.others:
        return "answered"
    heard, before = 0, None
    for start, stop, place in played.pieces:
        if place > heard:
            return "lost"
        if before is not None and start - before > SLACK_MS and start > end + RESUME_MS:
            return "late"
        heard, before = max(heard, place + stop - start), stop
    return "" if heard >= played.talk_ms - SLACK_MS else "not finished"


# --- how sure -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total`, as a share with Wilson's 95 % interval; 0 of 0 is unknown."""

    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.share
        middle, width = p + Z * Z / (2 * n), Z * (p * (1 - p) / n + Z * Z / (4 * n * n)) ** 0.5
        return max(0.0, (middle - width) / (1 + Z * Z / n)), min(1.0, (middle + width) / (1 + Z * Z / n))


def percentile(values: Sequence[int], share: float) -> tuple[int, int, int] | None:
    """(the percentile, and the order statistics around it: a 95 % interval); None without values."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    spread = Z * (n * share * (1 - share)) ** 0.5
    low, high = int(n * share - spread), int(n * share + spread) + 1
    return ordered[min(n - 1, int(n * share))], ordered[max(0, min(low, n - 1))], ordered[min(n - 1, high)]
