"""How the turn bench plays a recording, under which rule and condition, and the row of results that this gives.

A cell is a set of recordings of one part of the corpus under one condition (a quiet line, noise at an SNR, a recogniser
that errs, the user's own folder). Jobs are plain values and run in processes of their own; their results may be added
in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from telephony.core.policy import TurnTaking
from telephony.testing.recorded_stt import HeardFrame, TranscriptStyle
from tests.bench.turns.corpus import BEHIND, TALKED_OVER, Case, Recipe, compose
from tests.bench.turns.folder import Labelled, Piece, load, load_piece
from tests.bench.turns.play import hear, play_talk, play_turn, voiced_after
from tests.bench.turns.score import TalkScore, TurnScore, score_talk, score_turn
from tests.bench.turns.store import Store, default_store

PRESETS = ("eager", "balanced", "patient")
BASELINE = "plain 700"
QUIET, ERRING, VERDICT, NO_VERDICT, LOCAL = "quiet", "erring STT", "verdict 93 %", "verdict never", "local STT"
LONG, RECORDED, CURVE_CELL = "long pauses", "recorded", "curve"
VERDICTS_PERCENT = 93
FACTORS = (0.55, 0.7, 0.85, 1.0, 1.25, 1.6)
PLAIN_MS = (300, 500, 700, 900, 1_200)
CURVE = tuple(f"scaled {factor:g}" for factor in FACTORS) + tuple(f"plain {ms}" for ms in PLAIN_MS)
ONSET_WINDOWS = (1, 2, 3, 4, 5)


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
    """One way to play a recording, which counts for `cell`. `verdicts`: the percentage of the model's verdicts that are
    right, or 0 if it gives none."""

    cell: str
    rule: str
    how: TranscriptStyle = field(default_factory=TranscriptStyle)
    verdicts: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and the ways to play it. `split` is part of the cell's name in the tables."""

    source: Recipe | Labelled | Piece
    split: str
    plays: tuple[Play, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one play. `words`: how many the caller said; `remark`: the transcripts; `places`: of the pauses;
    `source`: the corpus of a user's recording."""

    split: str
    cell: str
    rule: str
    name: str
    kind: str
    score: TurnScore | TalkScore
    words: int = 0
    remark: str = ""
    places: tuple[str, ...] = ()
    source: str = ""


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
        if case.kind in (*TALKED_OVER, BEHIND):
            talk = play_talk(case, frames, opening, rules(play.rule), play.how)
            score, remark = score_talk(talk), ""
        else:
            turn = play_turn(
                case, frames, replace(rules(play.rule), trusts_model=play.verdicts > 0), play.how, play.verdicts
            )
            score, remark = score_turn(turn, case.exact), " || ".join(turn.said)
        words = len(case.recording.words)
        row = Row(job.split, play.cell, play.rule, case.name, case.kind, score, words, remark, case.places, case.source)
        rows.append(row)
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
