"""A scripted model that says whether the caller is done, for calls in virtual time.

    sim.unfinished = verdicts(lambda: sim.now, done_ms=4_200, percent=93, seed=7)

Asked before the caller has said everything, it says that they have not finished; asked later, that they have. `percent`
of its verdicts are right. It never changes its mind: the same words get the same verdict, right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from telephony.core.history import CallerSaid, History


def verdicts(clock: Callable[[], int], done_ms: int | None, percent: int, seed: int) -> Callable[[History], bool]:
    """Whether the model calls the caller's turn unfinished. `done_ms`: when the caller has said everything, by `clock`;
    None: never."""

    def unfinished(history: History) -> bool:
        said = " ".join(item.text for item in history if isinstance(item, CallerSaid))
        right = Random(f"{seed}/{said}").randrange(100) < percent
        return (done_ms is None or clock() < done_ms) == right

    return unfinished
