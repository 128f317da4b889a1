"""Fits the weights of `core/turn_taking/weights.py`, and shows what each group of features is worth on other callers.

    python -m tests.bench.turns.fit            # some minutes; prints the comparison
    python -m tests.bench.turns.fit --write    # and writes the weights: the same bytes each time

Theory of operation. The weights are a logistic regression over the moments of the tuning part (`fit_data.py`), and over
the bounds that people have set (`expected_waits.py`): in each round, those that are broken count for more, so that they
distort the rest no more than they must. The scores at which the waits stand (`WAITS`) cost the fewest answers into
a pause for a decision that is as quick as asked for, by scores of sentences that were not in the fit. Held-out callers
are not used for any of this.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from telephony.core.policy import TurnTaking
from telephony.core.turn_taking import weights
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext
from tests.bench.turns.corpus import TURNS
from tests.bench.turns.fit_data import ENGLISH, Floats, Judge, Moment, Worth, cuts, moments, named
from tests.core.turn_taking.expected_waits import BOUNDS, HELD_MS, SOON_MS

SEEDS = (1, 2, 3)
FOLDS = 5
L2, L2_LENGTH = 3.0, 40.0
"""Of all features, and of those that count words: one word more or less is to change little."""
SEEN = 20
"""A feature that is true less often has no weight."""
SHARES = (1_000, 720, 500, 260, 100, 0)
"""Where the waits stand between the longest and the shortest, in thousandths; `WAITS` has the scores for them."""
STEEPEST = np.array([4, 5, 5, 5, 4])
"""At least this much of the score between two of them: a cliff would make much of a misheard word."""
SUREST = 80
"""At this score at the latest the wait is the shortest."""
P50_MS, P90_MS, ANSWERS_P50_MS = 700, 1_200, 640
ROUNDS, PLACED, STEPS = 60, 18, 300
"""Rounds in all, those in which the waits move, and trials in each of these."""
BROKEN_COST = 0.1
FIRST_WEIGHT, MOST_WEIGHT, MARGIN_MS = 0.5, 400.0, 10
"""Of a bound."""
_CLASSES = ("holding", "trailing", "greeting", "finished", "likely", "details to come", "told", "open")
GROUPS: dict[str, Callable[[str], bool]] = {
    "the class of the words": lambda name: name.split(" from ")[0].removeprefix("unasked ") in _CLASSES,
    "the question asked": lambda name: name.startswith(("answer", "polar", "yes first", "sure")),
    "the last words": lambda name: name.startswith(("last", "before", "closes", "murmur")),
    "marks and finals": lambda name: name.startswith(("ends", "phrase")),
    "clauses": lambda name: name.startswith(("auxil", "verbs", "subject", "clause", "asked first", "has a number")),
}


@dataclass(frozen=True, slots=True)
class Bound:
    evidence: Evidence
    least_ms: int
    most_ms: int

    @property
    def end(self) -> float:
        """How likely it is to be one, at first sight."""
        return 1.0 if self.most_ms <= SOON_MS else 0.0 if self.least_ms >= HELD_MS else 0.4


def bounds() -> list[Bound]:
    """Each with and without marks."""
    made = []
    for asked, said, least, most in BOUNDS:
        context, bare = AnswerContext.after(asked, (), ENGLISH), said.rstrip("?")
        made += [Bound(Evidence(said, context, final), least, most) for final in (False, True)]
        marks = () if bare.endswith(".") else (".", "?")
        made += [Bound(Evidence(bare + mark, context, final=True), least, most) for mark in marks]
    return made


def shown(names: Sequence[Sequence[str]], columns: Mapping[str, int]) -> Floats:
    """A row of ones and zeros for each; the last column is always one."""
    data = np.zeros((len(names), len(columns) + 1))
    data[:, -1] = 1
    for at, true in enumerate(names):
        data[at, [columns[name] for name in true if name in columns]] = 1
    return data


def regression(data: Floats, ends: Floats, counts: Floats, penalty: Floats) -> Floats:
    """Logistic, with an L2 penalty for each feature; Newton's method."""
    found = np.zeros(data.shape[1])
    for _ in range(30):
        sure = 1 / (1 + np.exp(-data @ found))
        slope = data.T @ (counts * (ends - sure)) - penalty * found
        step = np.linalg.solve((data.T * (counts * sure * (1 - sure))) @ data + np.diag(penalty), slope)
        found += step
        if np.abs(step).max() < 1e-4:
            break
    return found


class Fit:
    """See the module text. `without`: features that are left out."""

    def __init__(self, found: Sequence[Moment], others: Sequence[Moment], without: Callable[[str], bool]) -> None:
        rows = [(one, evidence) for one in (*found, *others) for evidence in one.evidence]
        names = named([evidence for _, evidence in rows])
        self._bounds = bounds()
        bound_names = named([one.evidence for one in self._bounds])
        counts = Counter(name for true in (*names, *bound_names * 3) for name in true if not without(name))
        self.columns = {name: at for at, name in enumerate(sorted(n for n in counts if counts[n] >= SEEN))}
        self._judged = np.array([bool(true) for true in names[: 2 * len(found)]])
        kept = [at for at, true in enumerate(names) if true]
        self._data = shown([names[at] for at in kept], self.columns)
        self._ends = np.array([float(rows[at][0].end) for at in kept])
        self._counts = np.array([rows[at][0].weight for at in kept])
        self._folds = np.array([crc32(rows[at][0].text.encode()) % FOLDS for at in kept])
        self._bound_data = shown(bound_names, self.columns)
        self._bound_ends = np.array([one.end for one in self._bounds])
        self._least = np.array([one.least_ms for one in self._bounds]) + MARGIN_MS
        self._most = np.array([one.most_ms for one in self._bounds]) - MARGIN_MS
        self._bound_counts = np.full(len(self._bounds), FIRST_WEIGHT)
        self._other = by_rule(found)
        self._judge = Judge(found)
        self.at = np.array([-25, -10, 5, 12, 18, 60])
        self.weights = np.zeros(len(self.columns) + 1)

    def run(self) -> None:
        for number in range(ROUNDS):
            self.weights = np.round(10 * self._regression(np.full(len(self._ends), True)))
            if number % 3 == 0 and number < PLACED:
                self._place(np.random.default_rng(number))
            broken = self.broken_ms(self.at) > 0
            self._bound_counts = np.where(
                broken, np.minimum(self._bound_counts * 1.6, MOST_WEIGHT), self._bound_counts * 0.95
            )

    def broken_ms(self, at: npt.NDArray[np.int64]) -> Floats:
        """By how much each bound is broken."""
        waits = between(self._bound_data @ self.weights, at)
        broken: Floats = np.maximum(0, np.maximum(self._least - waits, waits - self._most))
        return broken

    def _regression(self, used: npt.NDArray[np.bool_]) -> Floats:
        return regression(
            np.vstack([self._data[used], self._bound_data]),
            np.concatenate([self._ends[used], self._bound_ends]),
            np.concatenate([self._counts[used], self._bound_counts]),
            np.array([L2_LENGTH if " from " in name else L2 for name in self.columns] + [1e-9]),
        )

    def expected(self) -> Worth:
        """Of sentences that were not in the fit."""
        waits = self._other.copy()
        waits[self._judged] = between(self._scores(), self.at)
        return self._judge.worth(waits)

    def _scores(self) -> Floats:
        """Of sentences that were not in the fit."""
        scores = np.zeros(len(self._ends))
        for fold in range(FOLDS):
            mine = self._folds == fold
            scores[mine] = 10 * (self._data[mine] @ self._regression(~mine))
        return scores[: int(self._judged.sum())]

    def _place(self, rng: np.random.Generator) -> None:
        """Moves `at` to the least cost."""
        scores = self._scores()
        least = self._cost(scores, self.at)
        for _ in range(STEPS):
            tried = self.at + rng.integers(-6, 7, 6) * rng.integers(0, 2, 6)
            tried += rng.integers(-4, 5) * rng.integers(0, 2)
            if (
                (np.diff(tried) >= STEEPEST).all()
                and tried[-1] <= SUREST
                and (cost := self._cost(scores, tried)) < least
            ):
                self.at, least = tried, cost

    def _cost(self, scores: Floats, at: npt.NDArray[np.int64]) -> float:
        waits = self._other.copy()
        waits[self._judged] = between(scores, at)
        got = self._judge.worth(waits)
        late = max(0, got.p50_ms - P50_MS) + max(0, got.p90_ms - P90_MS) + max(0, got.answers_p50_ms - ANSWERS_P50_MS)
        return got.cut_offs + 0.02 * late + BROKEN_COST * float(self.broken_ms(at).mean())


def between(scores: Floats, at: npt.NDArray[np.int64]) -> Floats:
    """The waits of the default rules."""
    rules = TurnTaking()
    shares = np.interp(scores, at, np.array(SHARES) / 1_000)
    waits: Floats = rules.shortest_wait_ms + (rules.longest_wait_ms - rules.shortest_wait_ms) * shares
    return waits


def by_rule(found: Sequence[Moment]) -> Floats:
    """The waits as they are."""
    rule = Endpointing(TurnTaking(), ENGLISH)
    return np.array([rule.wait(evidence).ms for one in found for evidence in one.evidence], float)


# --- what it is worth -----------------------------------------------------------------------------------------------


class HeldOut:
    """Callers that are not in the fit."""

    def __init__(self) -> None:
        self.moments = moments("held-out", SEEDS)
        self.judge, self._names = Judge(self.moments), named([e for one in self.moments for e in one.evidence])
        self._judged = np.array([bool(true) for true in self._names])
        self._ends = np.array([one.end for one in self.moments for _ in one.evidence])[self._judged]

    def loss(self, fit: Fit) -> float:
        """The mean log-loss of a judgement, in nats."""
        sure = 1 / (1 + np.exp(-self._scores(fit) / 10))
        return float(-np.log(np.where(self._ends, sure, 1 - sure)).mean())

    def cut_offs(self, fit: Fit, mean_ms: float) -> float:
        """In percent, if the decisions are as quick on average as `mean_ms`."""
        low, high, waits = -60.0, 60.0, by_rule(self.moments)
        for _ in range(20):
            middle = (low + high) / 2
            waits[self._judged] = between(self._scores(fit) + middle, fit.at)
            low, high = (middle, high) if self.judge.worth(waits).mean_ms > mean_ms else (low, middle)
        return self.judge.worth(waits).cut_offs

    def _scores(self, fit: Fit) -> Floats:
        judged = [true for true in self._names if true]
        scores: Floats = shown(judged, fit.columns) @ fit.weights
        return scores


def report(fit: Fit, found: Sequence[Moment], others: Sequence[Moment]) -> None:
    held_out = HeldOut()
    for name, part in (("tuning", found), ("held-out", held_out.moments)):
        waits = by_rule(part)
        print(f"{name:9} {Judge(part).worth(waits)}")
        for kind in TURNS:
            mine = [at for at, one in enumerate(part) if one.kind == kind]
            both = np.array([waits[2 * at + which] for at in mine for which in range(2)])
            print(f"  {kind:7} {Judge([part[at] for at in mine]).worth(both)}")
    whole, mean_ms = held_out.loss(fit), held_out.judge.worth(by_rule(held_out.moments)).mean_ms
    cut = held_out.cut_offs(fit, mean_ms)
    print(f"\nheld-out, without a group: log-loss ({whole:.3f} nats with all), cut-offs at equal delay ({cut:.1f} %)")
    for group, belongs in GROUPS.items():
        less = Fit(found, others, belongs)
        less.run()
        print(f"  {group:24} {held_out.loss(less) - whole:+.3f}  {held_out.cut_offs(less, mean_ms) - cut:+.1f} %")


def text(fit: Fit) -> str:
    """The weights file."""
    head = Path(weights.__file__).read_text().split("DONE =")[0]
    points = ", ".join(f"({at}, {share:_})" for at, share in zip(fit.at, SHARES, strict=True))
    lines = "".join(f'    "{name}": {int(fit.weights[at])},\n' for name, at in fit.columns.items() if fit.weights[at])
    return f"{head}DONE = {int(fit.weights[-1])}\nWAITS = ({points})\nWEIGHTS: Mapping[str, int] = {{\n{lines}}}\n"


def use(fit: Fit) -> None:
    """The judgement of this process, from now on."""
    from telephony.core.turn_taking import judgement  # its names are bound when it is imported

    judgement.DONE = int(fit.weights[-1])  # type: ignore[attr-defined]
    judgement.WAITS = tuple(zip(map(int, fit.at), SHARES, strict=True))  # type: ignore[attr-defined, assignment]
    judgement.WEIGHTS = {name: int(fit.weights[at]) for name, at in fit.columns.items()}  # type: ignore[attr-defined]


def main(args: Sequence[str]) -> None:
    found, others = moments("tuning", SEEDS), cuts("tuning", 1)
    fit = Fit(found, others, lambda name: False)
    fit.run()
    use(fit)
    broken = fit.broken_ms(fit.at)
    print(f"sentences not in the fit: {fit.expected()}")
    print(f"bounds: {int((broken > 0).sum())} of {len(broken)} broken, by {broken.max():.0f} ms at most")
    if "--write" in args:
        Path(weights.__file__).write_text(text(fit))
    if "--quick" not in args:
        report(fit, found, others)


if __name__ == "__main__":
    main(sys.argv[1:])
