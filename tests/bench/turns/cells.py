"""What the turn bench plays, and the counts that result: for each cell of recordings and each rule, a table row.

A cell is a set of recordings of one half of the corpus under one condition (a quiet line, noise at an SNR, STT errors,
the user's own folder). Jobs are plain values and run in processes of their own; their results may be added in any
order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from telephony.core.policy import TurnTaking
from telephony.offline.blocking import local_stt
from telephony.testing.recorded_stt import HeardFrame, TranscriptStyle
from tests.bench.turns.corpus import SNR_DB, SPLITS, TALKED_OVER, TURNS, VOICES, Case, Recipe, compose, noisy, plan
from tests.bench.turns.folder import Labelled, Piece, load, load_piece
from tests.bench.turns.play import hear, play_talk, play_turn, voiced_after
from tests.bench.turns.score import Rate, TalkScore, TurnScore, percentile, score_talk, score_turn
from tests.bench.turns.store import Store, default_store
from tests.bench.turns.strangers import strangers
from tests.bench.turns.stt_errors import SttErrors

PRESETS = ("eager", "balanced", "patient")
BASELINE = "plain 700"
LOCAL = "local STT"
FACTORS = (0.4, 0.55, 0.7, 0.85, 1.2, 1.5, 2.0)
PLAIN_MS = (200, 300, 400, 500, 600, 800, 1_000, 1_200)
CURVE = tuple(f"scaled {factor:g}" for factor in FACTORS) + tuple(f"plain {ms}" for ms in PLAIN_MS)
ERRORS_PERCENT = 13
ONSET_WINDOWS = (1, 2, 3, 4, 5)
PAUSE_BOUNDS_MS = (500, 800, 1_100, 1_901)


def rules(name: str) -> TurnTaking:
    """The rules by name: a preset, `plain MS` (a fixed silence, whatever the words) or `scaled FACTOR` (the balanced
    preset with all waits multiplied by the factor)."""
    kind, _, value = name.partition(" ")
    if kind == "plain":
        return TurnTaking.plain(int(value))
    if kind == "scaled":
        return TurnTaking().scaled(round(float(value) * 1_000))
    return TurnTaking.preset(name)


# --- jobs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """One way to play a recording, which counts for `cell`."""

    cell: str
    rule: str
    how: TranscriptStyle = field(default_factory=TranscriptStyle)


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and the ways to play it. `split` is part of the cell's name in the tables."""

    source: Recipe | Labelled | Piece
    split: str
    plays: tuple[Play, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one play. `remark`: the transcripts; `noise`: its kind, or ""; `inside`: which pauses are inside a
    phrase."""

    split: str
    cell: str
    rule: str
    name: str
    kind: str
    score: TurnScore | TalkScore
    remark: str = ""
    noise: str = ""
    inside: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class HeardRow:
    """How the detector judged one recording. `lags_ms`: for each segment, from its end to the last voiced window in or
    after it; `onsets_ms[n - 1]`: from the start of the first segment to voiced window n, or -1 if there was none;
    `level`: of the segments, in tenths of dBFS."""

    split: str
    cell: str
    kind: str
    lags_ms: tuple[int, ...]
    onsets_ms: tuple[int, ...]
    level: int


def jobs(splits: Iterable[str], seed: int, *, quick: bool = False, local: bool = False) -> list[Job]:
    """The jobs of the generated callers. With `quick` only the quiet line and the loudest noise, each sentence once;
    with `local` also the quiet line with the local STT, each sentence once."""
    made = []
    for split in SPLITS:
        if split not in splits or not (VOICES.get(split) or strangers()):
            continue
        recipes = plan(split, seed, renderings=1 if quick else 2)
        made += [Job(recipe, split, _quiet_plays(recipe, quick)) for recipe in recipes]
        once = plan(split, seed + 1, renderings=1)
        plays = tuple(Play(LOCAL, rule, TranscriptStyle(model=local_stt)) for rule in PRESETS)
        made += [Job(recipe, split, plays) for recipe in once if local]
        fewer = [r for r in once if r.kind in TURNS] + [r for r in recipes if r.kind in TALKED_OVER]
        for snr in (10,) if quick else SNR_DB:
            plays = tuple(Play(f"{snr} dB", rule) for rule in (*(("balanced",) if quick else PRESETS), BASELINE))
            made += [Job(recipe, split, plays) for recipe in noisy(fewer, snr)]
    return made


def _quiet_plays(recipe: Recipe, quick: bool) -> tuple[Play, ...]:
    plays = [Play("quiet", rule) for rule in (*PRESETS, BASELINE)]
    if recipe.kind in TURNS:
        plays += [Play("curve", rule) for rule in (CURVE[1::4] if quick else CURVE)]
    if recipe.kind not in ("noise", "unfinished"):
        errs = TranscriptStyle(error_share=ERRORS_PERCENT, seed=recipe.seed)
        real = TranscriptStyle(errors=SttErrors(), seed=recipe.seed)
        for rule in ("balanced",) if quick else PRESETS:
            plays += [Play("erring STT", rule, real), Play("STT errors", rule, errs)]
            plays += [Play("punctuated", rule, TranscriptStyle(punctuated=True))]
            if recipe.kind in TURNS:
                plays.append(Play("figures", rule, TranscriptStyle(punctuated=True, figures=True)))
    return tuple(plays)


def folder_jobs(entries: Iterable[Labelled | Piece], split: str, *, local: bool = False) -> list[Job]:
    """The jobs of a user's own recordings; with `local` also with the local STT."""
    plays = tuple(Play("recorded", rule) for rule in (*PRESETS, BASELINE))
    if local:
        plays += tuple(Play(LOCAL, rule, TranscriptStyle(model=local_stt)) for rule in PRESETS)
    return [Job(entry, split, plays) for entry in entries]


@lru_cache(maxsize=1)
def _store() -> Store:
    return default_store()


def run(job: Job) -> tuple[list[Row], HeardRow]:
    """Runs all plays of one job."""
    store = _store()
    case = _case(job.source, store)
    frames = hear(case.recording, store)
    opening = hear(case.opening, store) if case.opening else None
    rows = []
    for play in job.plays:
        score: TurnScore | TalkScore
        if case.kind in TALKED_OVER:
            talk = play_talk(case, frames, opening, rules(play.rule), play.how)
            score, remark = score_talk(talk), ""
        else:
            turn = play_turn(case, frames, rules(play.rule), play.how)
            score, remark = score_turn(turn, case.exact), " || ".join(turn.said)
        noise = job.source.noise if isinstance(job.source, Recipe) else ""
        rows.append(Row(job.split, play.cell, play.rule, case.name, case.kind, score, remark, noise, case.inside))
    return rows, _heard(job, case, frames)


def _case(source: Recipe | Labelled | Piece, store: Store) -> Case:
    match source:
        case Recipe():
            return compose(source, store)
        case Labelled():
            return load(source)
        case Piece():
            return load_piece(source)


def _heard(job: Job, case: Case, frames: list[HeardFrame]) -> HeardRow:
    voiced, segments = voiced_after(frames), case.recording.segments
    lags = []
    for index, (start, end) in enumerate(segments):
        until = segments[index + 1][0] if index + 1 < len(segments) else end + 1_000
        mine = [at for at in voiced if start < at < until]
        lags += [mine[-1] - end] if mine else []
    first = [at - segments[0][0] for at in voiced if segments[0][0] < at <= segments[-1][1] + 300]
    onsets = tuple(first[n - 1] if n <= len(first) else -1 for n in ONSET_WINDOWS)
    levels = [frames[at // 20].level for start, end in segments for at in range(start, end, 20)]
    power = sum(10 ** (level / 100) for level in levels) / len(levels)
    loudness = 0
    while loudness > -960 and 10 ** (loudness / 100) > power:
        loudness -= 1
    return HeardRow(job.split, job.plays[0].cell, case.kind, tuple(lags), onsets, loudness)


# --- counts ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counts:
    """All plays of a cell under one rule."""

    turns: list[tuple[str, TurnScore]] = field(default_factory=list)
    talks: list[tuple[str, TalkScore]] = field(default_factory=list)

    def add(self, row: Row) -> None:
        if isinstance(row.score, TurnScore):
            self.turns.append((row.kind, row.score))
        else:
            self.talks.append((row.kind, row.score))

    def cut_offs(self, kinds: tuple[str, ...] = TURNS) -> Rate:
        scores = [score for kind, score in self.turns if kind in kinds]
        return Rate(sum(score.cut_offs for score in scores), sum(len(score.pauses) + score.early for score in scores))

    def late_starts(self, kinds: tuple[str, ...] = TURNS) -> Rate:
        """Of the cut-offs."""
        scores = [score for kind, score in self.turns if kind in kinds]
        return Rate(sum(score.late_starts for score in scores), sum(score.cut_offs for score in scores))

    def from_trial(self) -> Rate:
        decided = [score for kind, score in self.turns if kind in TURNS and score.delay_ms is not None]
        return Rate(sum(score.from_trial for score in decided), len(decided))

    def wasted(self) -> Rate:
        """Trials that were not used, of the turns: there may be several in a turn."""
        scores = [score for kind, score in self.turns if kind in TURNS]
        return Rate(sum(score.trials - score.used for score in scores), len(scores))

    def to_audio(self, share: float) -> tuple[int, int, int] | None:
        """Of turns answered from a trial."""
        scores = [score for kind, score in self.turns if kind in TURNS and score.from_trial]
        return percentile([score.to_audio_ms for score in scores if score.to_audio_ms is not None], share)

    def missed(self) -> Rate:
        delays = self._delays(TURNS)
        return Rate(sum(delay is None for delay in delays), len(delays))

    def delay(self, share: float, kinds: tuple[str, ...] = TURNS) -> tuple[int, int, int] | None:
        return percentile([delay for delay in self._delays(kinds) if delay is not None], share)

    def yields(self) -> Rate:
        scores = self._of("interruption")
        return Rate(sum(score.yielded for score in scores), len(scores))

    def silenced(self, share: float) -> tuple[int, int, int] | None:
        return percentile([s.silenced_ms for s in self._of("interruption") if s.silenced_ms is not None], share)

    def tolerated(self, *kinds: str) -> Rate:
        scores = [score for kind in kinds for score in self._of(kind)]
        return Rate(sum(not score.failure for score in scores), len(scores))

    def answered(self, *kinds: str) -> Rate:
        scores = [score for kind in kinds for score in self._of(kind)]
        return Rate(sum(score.answered for score in scores), len(scores))

    def held(self, *kinds: str, times: int = 1) -> Rate:
        """At least so many times."""
        scores = [score for kind in kinds for score in self._of(kind)]
        return Rate(sum(score.holds >= times for score in scores), len(scores))

    def held_ms(self, share: float, *kinds: str) -> tuple[int, int, int] | None:
        return percentile([ms for kind in kinds for score in self._of(kind) for ms in score.held_ms], share)

    def never(self, kind: str) -> Rate:
        delays = self._delays((kind,))
        return Rate(sum(delay is None for delay in delays), len(delays))

    def _delays(self, kinds: tuple[str, ...]) -> list[int | None]:
        return [score.delay_ms for kind, score in self.turns if kind in kinds]

    def _of(self, kind: str) -> list[TalkScore]:
        return [score for found, score in self.talks if found == kind]


def counted(rows: Iterable[Row]) -> dict[tuple[str, str, str], Counts]:
    """Counts by (split, cell, rule). A row with noise counts for its cell and for the cell of its kind of noise."""
    found: dict[tuple[str, str, str], Counts] = {}
    for row in rows:
        for cell in (row.cell, row.noise) if row.noise else (row.cell,):
            found.setdefault((row.split, cell, row.rule), Counts()).add(row)
    return found


def pauses(rows: Iterable[Row]) -> dict[str, Rate]:
    """The share of pauses cut off, by their place and by their length."""
    counts: dict[str, list[int]] = {}
    for row in rows:
        if not isinstance(row.score, TurnScore) or len(row.score.pauses) != len(row.inside):
            continue
        for pause, inside in zip(row.score.pauses, row.inside, strict=True):
            longest = next((ms for ms in PAUSE_BOUNDS_MS if pause.end - pause.start < ms), PAUSE_BOUNDS_MS[-1])
            place = f"{row.kind}, {'inside a phrase' if inside else 'between phrases'}"
            for name in (place, f"shorter than {longest:,} ms"):
                count = counts.setdefault(name, [0, 0])
                count[0] += pause.cut_off
                count[1] += 1
    return {name: Rate(*count) for name, count in sorted(counts.items())}


def curve(counts: Mapping[tuple[str, str, str], Counts], split: str, kind: str) -> list[tuple[int, float, str]]:
    """The points (delay p50, share of cut-offs, rule) of a curve, sorted. `kind`: `scaled` or `plain`."""
    points = []
    for (found, cell, rule), count in counts.items():
        mine = rule.startswith(kind) or (kind == "scaled" and rule == "balanced")
        if found == split and cell in ("curve", "quiet") and mine and (delay := count.delay(0.5)):
            points.append((delay[0], count.cut_offs().share, rule))
    return sorted(points)
