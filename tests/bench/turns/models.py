"""A scripted model that says whether the caller is done, for calls in virtual time.

    sim = Simulator(policy, verdict_model(lambda: sim.now, done_ms=4_200, percent=93, seed=7, reply="All right."))

Asked before the caller has said everything, it answers `…` alone, which means "not finished"; asked later, it answers
with the reply. `percent` of its verdicts are right. It never changes its mind: the same words get the same verdict. But
it is asked again about words that it has called unfinished only when they are to be answered all the same, so it then
answers.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from telephony.core.history import CallerSaid, History

UNFINISHED = "…"

Replies = Callable[[History], list[str]]


def verdict_model(clock: Callable[[], int], done_ms: int | None, percent: int, seed: int, reply: str) -> Replies:
    """What the simulator takes as `replies`. `done_ms`: when the caller has said everything, by `clock`; None: never.
    With `percent` 0 it gives no verdicts, only replies."""
    called_unfinished: set[str] = set()

    def replies(history: History) -> list[str]:
        said = " ".join(item.text for item in history if isinstance(item, CallerSaid))
        unfinished = done_ms is None or clock() < done_ms
        right = Random(f"{seed}/{said}").randrange(100) < percent
        if not percent or unfinished != right or said in called_unfinished:
            return [reply]
        called_unfinished.add(said)
        return [UNFINISHED]

    return replies
