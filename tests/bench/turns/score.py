"""The definitions of the turn-taking measures, computed from what was played, and their confidence intervals.

cut-off      a turn decided in a pause of the caller, or while they spoke; at most one is counted for each pause
delay        from the end of the caller's voice to the decision
missed       a finished turn that was not decided within 5 s
yield        an interruption that led to a cut and an answer
silenced     from the first voice of an interruption to the last sample of the agent's talk that was played
tolerated    a backchannel or noise that was not answered and after which the whole talk was played, in order, resumed
             within 500 ms of the sound's end if it was held

Rates have Wilson's 95 % interval; percentiles have the order statistics that enclose them with 95 % confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.bench.turns.play import TalkPlayed, TurnPlayed

PAUSE_MS = (250, 1_900)
RESUME_MS = 500
SLACK_MS = 20
"""One frame, because the end of a talk is padded to a whole frame."""
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in a turn, and whether the turn was decided in it or in the speech after it."""

    start: int
    end: int
    cut_off: bool


@dataclass(frozen=True, slots=True)
class TurnScore:
    """`early`: 1 if the turn was decided in the speech before the first pause. `delay_ms` is None for a missed turn."""

    pauses: tuple[Pause, ...]
    early: int
    delay_ms: int | None

    @property
    def cut_offs(self) -> int:
        return sum(pause.cut_off for pause in self.pauses) + self.early


def score_turn(played: TurnPlayed, exact: bool = True) -> TurnScore:
    """Scores a turn. Unless labels are `exact`, decisions inside a segment are not counted: it may contain silence."""
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
    """`yielded`: the agent was cut and answered. `silenced_ms` is None if it was not cut, or was silent before.
    `failure`: why the sound was not tolerated as a backchannel or noise, or "". `held`: the agent was held."""

    yielded: bool
    silenced_ms: int | None
    failure: str
    held: bool


def score_talk(played: TalkPlayed) -> TalkScore:
    """Scores a sound that came while the agent talked."""
    onset, end = played.sound
    cut = next((at for at in played.cuts if at >= onset), None)
    answered = cut is not None and any(at >= cut for at in played.replies)
    last = max((stop for _, stop, _ in played.pieces), default=0)
    silenced = last - onset if cut is not None and last >= onset else None
    return TalkScore(answered, silenced, _failure(played, end), any(at >= onset for at in played.holds))


def _failure(played: TalkPlayed, end: int) -> str:
    """Why the sound was not tolerated: the talk lost audio, say, or was resumed late. "" if it was."""
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


# --- intervals ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `total`, as a share with Wilson's 95 % interval. The share of 0 in 0 is NaN, its interval 0 to 1."""

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
    """(percentile, low, high), the latter two being order statistics that form a 95 % interval; None without values."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    spread = Z * (n * share * (1 - share)) ** 0.5
    low, high = int(n * share - spread), int(n * share + spread) + 1
    return ordered[min(n - 1, int(n * share))], ordered[max(0, min(low, n - 1))], ordered[min(n - 1, high)]
