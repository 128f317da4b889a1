"""What the weights are fitted to: of each caller of a part, the words at each pause and at the end, as an erring
recogniser has them; and what a rule is worth on these. No audio is needed.

Theory of operation. Which of these moments are ends is known. To them come the tuning part's sentences cut off before a
preposition, a conjunction and the like, so that more than the bench's own pauses is known of the places where callers
pause. What a rule costs is computed from its waits and from how the bench's pauses are distributed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from telephony.core.language.registry import language_for
from telephony.core.language.words import words
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.dictation import dictation_under_way
from telephony.core.turn_taking.judgement import Evidence, features
from telephony.core.turn_taking.question import AnswerContext
from telephony.testing.written import written
from tests.bench.turns import corpus, short_turns
from tests.bench.turns.corpus import Recipe
from tests.bench.turns.parts import Split
from tests.bench.turns.stt_errors import SttErrors

Floats = npt.NDArray[np.float64]

ENGLISH = language_for("en")
COMMITTED_PERCENT = 60
"""How often a pause is long enough for the transcript to be committed in it."""
COMMIT_LEAD_MS = 400
"""How long before the end of a turn its transcript is taken to be asked for. The product asks sooner
(`Tuning.commit_lead_ms`), so decisions come no later than here; another value gives other weights."""
LAG_MS, ONSET_MS = 90, 50
"""The detector's: from the end of the voice to the silence, and from the beginning of the voice until it counts."""
SHARES = {"turn": 0.51, "answer": 0.365, "digits": 0.125}
"""Of the turns of a call: the tuning part has others."""
GOES_ON_WEIGHT, ANSWER_PAUSE_WEIGHT, CUT_WEIGHT = 0.3, 0.6, 0.1
"""`short_turns.py` is made of pauses where nobody would expect one, and pauses in answers are rarer than in the tuning
part; cuts stand for places only."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A pause or the end of a turn: the transcript before its final (`partial`) and with it, which comes `final_ms`
    after its commit. `weight`: how often it is expected, compared with others."""

    kind: str
    text: str
    context: AnswerContext
    partial: str
    final: str
    final_ms: int
    end: bool
    weight: float = 1.0

    @property
    def evidence(self) -> tuple[Evidence, Evidence]:
        return Evidence(self.partial, self.context), Evidence(self.final, self.context, final=True)


def moments(split: Split, seeds: Iterable[int]) -> list[Moment]:
    """All of a part, with other errors for each seed."""
    recipes = ((seed, one) for seed in seeds for one in corpus.plan(split, seed, renderings=1))
    turns = (*corpus.TURNS, "unfinished")
    return [made for seed, one in recipes if one.kind in turns for made in _moments(one, Random(f"{seed}/{one.name}"))]


def cuts(split: Split, seed: int) -> list[Moment]:
    """The sentences of a part, cut off at each place where a phrase begins."""
    made = []
    for recipe in corpus.plan(split, seed, renderings=1):
        rng, tokens = Random(f"{seed}/cut/{recipe.name}"), " ".join(text for _, text in recipe.texts).split()
        for at in range(1, len(tokens)):
            if recipe.kind in ("turn", "answer") and _begins_a_phrase(tokens[at]):
                heard = [_heard(token, rng) for token in tokens[:at]]
                made.append(_moment(recipe, "", heard, ".", end=False, rng=rng, weight=CUT_WEIGHT))
    return made


def _begins_a_phrase(token: str) -> bool:
    first = words(token)[:1]
    others = ("and", "or", "but", "so", "to", "that", "which", "who", "because", "of", "the", "a", "my")
    return any(word in ENGLISH.prepositions | ENGLISH.subordinators or word in others for word in first)


def _moments(recipe: Recipe, rng: Random) -> Iterator[Moment]:
    stable, heard = "", list[tuple[str, str]]()
    unexpected = _plain(recipe.text) in _UNEXPECTED
    for number, (_, text) in enumerate(recipe.texts):
        heard += [_heard(token, rng) for token in text.split()]
        end = number == len(recipe.texts) - 1 and recipe.kind != "unfinished"
        weight = GOES_ON_WEIGHT if unexpected and not end else 1.0
        weight *= ANSWER_PAUSE_WEIGHT if recipe.kind == "answer" and not end else 1.0
        mark = text[-1] if text[-1] in "?!,." else "."
        yield (made := _moment(recipe, stable, heard, mark, end=end, rng=rng, weight=weight))
        if rng.randrange(100) < COMMITTED_PERCENT:
            stable, heard = made.final, []


def _heard(token: str, rng: Random) -> tuple[str, str]:
    return SttErrors().heard(" ".join(words(token)), rng)


def _moment(
    recipe: Recipe, stable: str, heard: list[tuple[str, str]], mark: str, *, end: bool, rng: Random, weight: float
) -> Moment:
    errors = SttErrors()
    final = " ".join(filter(None, (word for word, _ in heard)))
    final = errors.punctuated(written(final) if rng.randrange(100) < errors.figures else final, mark, rng)
    partial = f"{stable} {' '.join(filter(None, (word for _, word in heard)))}".strip()
    context, late = AnswerContext.after(recipe.prompt, (), ENGLISH), rng.randint(*errors.final_ms)
    said = f"{stable} {final}".strip() if final else partial
    return Moment(recipe.kind, recipe.text, context, partial, said, late, end, weight)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[|/]", " ", text).split())


_UNEXPECTED = {_plain(text) for text in (*short_turns.REQUESTS.splitlines(), *(x for _, x in short_turns.ANSWERS))}


def named(found: Sequence[Evidence]) -> list[list[str]]:
    """The features of each; [] where another rule decides."""
    return [
        features(one, ENGLISH)
        if words(one.text) and dictation_under_way(one.text, one.context.expects, ENGLISH) is None
        else []
        for one in found
    ]


# --- what a rule is worth -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worth:
    """Percentage of pauses answered into, and the delay of decisions; of answers alone, the median."""

    cut_offs: float
    mean_ms: float
    p50_ms: float
    p90_ms: float
    answers_p50_ms: float

    def __str__(self) -> str:
        return (
            f"{self.cut_offs:5.1f} % of pauses, decision p50 {self.p50_ms:5.0f} p90 {self.p90_ms:5.0f} ms, answers "
            f"p50 {self.answers_p50_ms:5.0f} ms"
        )


class Judge:
    """Tells what waits are worth on moments; `waits` holds one after each partial and one after each final."""

    def __init__(self, found: Sequence[Moment]) -> None:
        kinds = np.array([one.kind for one in found])
        self._late_ms = np.array([one.final_ms for one in found], float)
        self._end = np.array([one.end for one in found])
        self._pause = ~self._end & (kinds != "unfinished")
        self._weight = np.array([one.weight for one in found])[self._pause]
        counts = Counter(kinds[self._end])
        self._shares = np.array([SHARES[kind] / counts[kind] for kind in kinds[self._end]])
        self._answers = kinds[self._end] == "answer"

    def worth(self, waits: Floats) -> Worth:
        tuning, final_ms = TurnTaking().tuning, waits[1::2]
        committed = np.maximum(tuning.commit_after_ms, waits[0::2] - COMMIT_LEAD_MS)
        decided = np.maximum(committed + self._late_ms, final_ms) + LAG_MS  # see core/listening/listening.py
        cut = np.average(_pauses_beyond(decided[self._pause] - ONSET_MS), weights=self._weight)
        ends, answers = decided[self._end], self._answers
        p50, p90 = _percentile(ends, self._shares, 0.5), _percentile(ends, self._shares, 0.9)
        mean = float(np.average(ends, weights=self._shares))
        answered = _percentile(ends[answers], self._shares[answers], 0.5) if answers.any() else float("nan")
        return Worth(float(cut) * 100, mean, p50, p90, answered)


def _pauses_beyond(ms: Floats) -> Floats:
    """The share of the bench's pauses that are longer."""
    (low, high), usual, long = corpus.PAUSE_MS, corpus.USUAL_PAUSE_MS, corpus.LONG_PAUSES_PERCENT / 100
    falling = np.clip(high - ms, 0, None) ** 2 / ((high - low) * (high - usual))
    rising = 1 - np.clip(ms - low, 0, None) ** 2 / ((high - low) * (usual - low))
    shortest, longest = corpus.LONG_PAUSE_MS
    share: Floats = (1 - long) * np.where(ms < usual, rising, falling)
    return share + long * np.clip((longest - ms) / (longest - shortest), 0, 1)


def _percentile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(summed, share * summed[-1])])
