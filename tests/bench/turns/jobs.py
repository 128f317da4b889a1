"""Which recordings the turn bench plays, and in which ways: the jobs of each part of the corpus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from telephony.offline.blocking import local_stt
from telephony.testing.recorded_stt import TranscriptStyle
from tests.bench.turns.cells import (
    BASELINE,
    CURVE,
    CURVE_CELL,
    ERRING,
    LOCAL,
    LONG,
    NO_VERDICT,
    PRESETS,
    QUIET,
    RECORDED,
    VERDICT,
    VERDICTS_PERCENT,
    Job,
    Play,
)
from tests.bench.turns.corpus import TALKED_OVER, TURNS, VOICES, Recipe, long_pauses, noisy, plan
from tests.bench.turns.folder import Labelled, Piece
from tests.bench.turns.parts import SPLITS, Split
from tests.bench.turns.strangers import strangers
from tests.bench.turns.stt_errors import SttErrors
from tests.bench.turns.voices_behind import voices_behind

RULES = (*PRESETS, BASELINE)
NOISY = {"20 dB": (20, ("white", "pink", "hum")), "10 dB": (10, ("white", "pink", "hum")), "babble": (15, ("babble",))}
"""Cell -> the SNR in dB and the noises."""
BEHIND_DB = {"behind 17 dB": (17, 17), "behind 10-20 dB": (10, 20)}
"""Cell -> by how many dB the voices behind are quieter than the caller."""


def jobs(parts: Iterable[str], seed: int, *, quick: bool = False, local: bool = False) -> list[Job]:
    """The jobs of the generated callers. With `quick` each sentence once, in the more important cells, with the default
    rules only; with `local` also the quiet line with the local STT (English), each sentence
    once."""
    made = []
    for split in SPLITS:
        if split not in parts or not (VOICES.get(split) or strangers()):
            continue
        recipes = plan(split, seed, renderings=1 if quick else 2)
        once = plan(split, seed + 1, renderings=1)
        if split == "german":
            made += [Job(recipe, split, _german_plays(recipe)) for recipe in recipes]
            continue
        made += [Job(recipe, split, _quick_plays(recipe) if quick else _plays(recipe)) for recipe in recipes]
        made += _other_lines(split, recipes, once, seed, quick=quick)
        if quick:
            continue
        made += [Job(recipe, split, _curve_plays(recipe)) for recipe in once if recipe.kind in TURNS]
        made += [Job(recipe, split, _erring(LONG, RULES, recipe)) for recipe in long_pauses(once, seed)]
        plays = tuple(Play(LOCAL, rule, TranscriptStyle(model=local_stt)) for rule in PRESETS)
        made += [Job(recipe, split, plays) for recipe in once if local and recipe.language == "en"]
    return made


def folder_jobs(entries: Iterable[Labelled | Piece], split: str, *, local: bool = False) -> list[Job]:
    """The jobs of a user's own recordings; with `local` also with the local STT."""
    plays = tuple(Play(RECORDED, rule) for rule in RULES)
    if local:
        plays += tuple(Play(LOCAL, rule, TranscriptStyle(model=local_stt)) for rule in PRESETS)
    return [Job(entry, split, plays) for entry in entries]


def _plays(recipe: Recipe) -> tuple[Play, ...]:
    """On a quiet line. In a talk, the model's verdict plays a part only in the answer to an interruption."""
    plays = tuple(Play(QUIET, rule) for rule in RULES) + _erring(ERRING, RULES, recipe)
    if recipe.kind in TALKED_OVER:
        return plays
    return plays + _erring(VERDICT, PRESETS, recipe, VERDICTS_PERCENT) + _erring(NO_VERDICT, ("balanced",), recipe)


def _quick_plays(recipe: Recipe) -> tuple[Play, ...]:
    balanced = ("balanced",)
    plays = _erring(ERRING, (*balanced, BASELINE), recipe)
    if recipe.kind in TALKED_OVER:
        return plays
    return (*plays, Play(QUIET, "balanced"), *_erring(VERDICT, balanced, recipe, VERDICTS_PERCENT))


def _curve_plays(recipe: Recipe) -> tuple[Play, ...]:
    return _erring(CURVE_CELL, CURVE, recipe)


def _german_plays(recipe: Recipe) -> tuple[Play, ...]:
    """The scripted recogniser errs in English only."""
    plays = tuple(Play(QUIET, rule) for rule in RULES)
    return (*plays, Play(VERDICT, "balanced", TranscriptStyle(seed=recipe.seed), VERDICTS_PERCENT))


def _other_lines(
    split: Split, recipes: Sequence[Recipe], once: Sequence[Recipe], seed: int, *, quick: bool
) -> list[Job]:
    """Noise, babble and voices behind the caller."""
    rules = ("balanced",) if quick else RULES
    said = [r for r in once if r.kind in TURNS] + [r for r in recipes if r.kind in TALKED_OVER]
    made = []
    for cell, (snr_db, noises) in NOISY.items():
        some = noisy(said[::4] if quick else said, snr_db, noises)
        made += [Job(recipe, split, _erring(cell, rules, recipe)) for recipe in some if not quick or cell == "10 dB"]
    for cell, quieter_db in BEHIND_DB.items():
        scenes = voices_behind(split, seed, quieter_db)
        made += [Job(recipe, split, _erring(cell, rules, recipe)) for recipe in scenes[:: 4 if quick else 1]]
    return made


def _erring(cell: str, rules: Iterable[str], recipe: Recipe, verdicts: int = 0) -> tuple[Play, ...]:
    how = TranscriptStyle(errors=SttErrors(), seed=recipe.seed)
    return tuple(Play(cell, rule, how, verdicts) for rule in rules)
