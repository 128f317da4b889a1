"""The definitions of the turn-taking measures, computed from what was played, and their confidence intervals.

cut-off      a turn decided in a pause of the caller, or while they spoke, or a request there to say it again; at most
             one is counted for each pause
late start   a cut-off after which the caller went on and the agent was heard for at most 200 ms of that, and the whole
             was answered: it cost a syllable. It is a cut-off all the same
delay        from the end of the caller's voice to the decision
from a trial a turn whose reply was prepared before it was decided; a trial is wasted if it is not used, unless the
             model answered it with a verdict: that the caller has not finished
to audio     from the decision to the first audio of the reply
voice to audio  from the end of the caller's voice to the first audio of the reply
missed       a finished turn that was not decided within 5 s; asked again: the agent asked to hear it once more instead
yield        an interruption that led to a cut and an answer
silenced     from the first voice of an interruption to the last sample of the agent's talk that was played
tolerated    a backchannel or noise that was not answered and after which the whole talk was played, in order, resumed
             within 500 ms of the sound's end if it was held
answered     a backchannel or noise to which the agent said anything: by mistake
held         from a hold to its resume; there may be several in a sound

Rates have Wilson's 95 % interval; percentiles have the order statistics that enclose them with 95 % confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from tests.bench.turns.play import TalkPlayed, TurnPlayed

PAUSE_MS = (250, 1_900)
RESUME_MS = 500
LATE_START_MS = 200
SLACK_MS = 20
"""One frame, because the end of a talk is padded to a whole frame."""
Z = 1.959964


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in a turn, whether the turn was decided in it or in the speech after it, and whether that was a late
    start."""

    start: int
    end: int
    cut_off: bool
    late_start: bool = False

    @property
    def ms(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TurnScore:
    """`early`: 1 if the turn was decided in the speech before the first pause. `delay_ms` is None for a missed turn,
    `to_audio_ms` also if no audio followed; `trials`: replies prepared on trial, of which `used` were used and
    `verdicts` were answered with one; `from_trial`: the turn was answered with a trial; `asked_again`: the caller was
    asked to say it again, and nothing was decided."""

    pauses: tuple[Pause, ...]
    early: int
    delay_ms: int | None
    to_audio_ms: int | None = None
    trials: int = 0
    used: int = 0
    from_trial: bool = False
    verdicts: int = 0
    asked_again: bool = False

    @property
    def missed(self) -> bool:
        return self.delay_ms is None and not self.asked_again

    @property
    def wasted(self) -> int:
        return max(0, self.trials - self.used - self.verdicts)

    @property
    def voice_to_audio_ms(self) -> int | None:
        if self.delay_ms is None or self.to_audio_ms is None:
            return None
        return self.delay_ms + self.to_audio_ms

    @property
    def late_starts(self) -> int:
        return sum(pause.late_start for pause in self.pauses)

    @property
    def cut_offs(self) -> int:
        return sum(pause.cut_off for pause in self.pauses) + self.early


def score_turn(played: TurnPlayed, exact: bool = True) -> TurnScore:
    """Scores a turn. Unless labels are `exact`, decisions inside a segment are not counted: it may contain silence."""
    segments, end = played.segments, played.segments[-1][1]
    spoken = (*played.decided, *played.asked)
    gaps = [(left[1], right[0], right[1]) for left, right in pairwise(segments)]
    pauses = []
    for start, stop, spoken_until in gaps:
        if PAUSE_MS[0] <= stop - start <= PAUSE_MS[1]:
            until = spoken_until if exact else stop
            cut_off = any(start <= at < until for at in spoken)
            heard = sum(max(0, min(over, spoken_until) - max(begin, stop)) for begin, over in played.heard)
            pauses.append(Pause(start, stop, cut_off, cut_off and played.whole and heard <= LATE_START_MS))
    early = any(segments[0][0] <= at < segments[0][1] for at in spoken) if exact else False
    after = [at for at in played.decided if at >= end]
    score = TurnScore(tuple(pauses), int(early), None, None, played.trials, len(played.used), verdicts=played.verdicts)
    if not after:
        return replace(score, asked_again=any(at >= end for at in played.asked))
    audio = next((max(0, begin - after[0]) for begin, stop in played.heard if stop > after[0]), None)
    from_trial = any(at >= after[0] for at in played.used)
    return replace(score, delay_ms=after[0] - end, to_audio_ms=audio, from_trial=from_trial)


@dataclass(frozen=True, slots=True)
class TalkScore:
    """`yielded`: the agent was cut and answered. `silenced_ms` is None if it was not cut, or was silent before.
    `failure`: why the sound was not tolerated as a backchannel or noise, or "". `answered`: the agent said something to
    it. `holds`: how often the agent was held, `held_ms`: how long each time, of those that were resumed."""

    yielded: bool
    silenced_ms: int | None
    failure: str
    answered: bool
    holds: int
    held_ms: tuple[int, ...] = ()


def score_talk(played: TalkPlayed) -> TalkScore:
    """Scores a sound that came while the agent talked."""
    onset, end = played.sound
    cut = next((at for at in played.cuts if at >= onset), None)
    yielded = cut is not None and any(at >= cut for at in played.replies)
    last = max((stop for _, stop, _ in played.pieces), default=0)
    silenced = last - onset if cut is not None and last >= onset else None
    holds = [at for at in played.holds if at >= onset]
    ends = sorted((*played.resumes, *played.cuts))
    over = [(at, next((end for end in ends if end >= at), None)) for at in holds]
    held_ms = tuple(end - at for at, end in over if end in played.resumes and end is not None)
    answered = bool(played.decided or played.replies or played.others)
    return TalkScore(yielded, silenced, _failure(played, end), answered, len(holds), held_ms)


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


class Percentile(NamedTuple):
    """A percentile of `of` values. `low` and `high` are order statistics that form a 95 % interval."""

    value: int
    low: int
    high: int
    of: int


def percentile(values: Sequence[int], share: float) -> Percentile | None:
    """None without values."""
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    spread = Z * (n * share * (1 - share)) ** 0.5
    low, high = max(0, min(int(n * share - spread), n - 1)), min(n - 1, int(n * share + spread) + 1)
    return Percentile(ordered[min(n - 1, int(n * share))], ordered[low], ordered[high], n)
