"""The scripted model that says whether the caller is done."""

from __future__ import annotations

from telephony.core.history import CallerSaid, History
from tests.bench.turns.models import verdicts


def asked(*texts: str) -> History:
    return tuple(CallerSaid(text) for text in texts)


def test_it_knows_from_the_time_whether_the_caller_is_done() -> None:
    """At the end of the last word they are."""
    now = [999]
    unfinished = verdicts(lambda: now[0], 1_000, 100, 7)
    assert unfinished(asked("I want"))
    now[0] = 1_000
    assert not unfinished(asked("I want to go"))


def test_a_caller_who_breaks_off_is_never_done() -> None:
    assert verdicts(lambda: 99_000, None, 100, 7)(asked("I want"))


def test_as_many_verdicts_are_right_as_it_says_and_always_the_same_ones() -> None:
    """Before the end and after it; another seed errs elsewhere."""

    def given(now: int, seed: int) -> list[bool]:
        unfinished = verdicts(lambda: now, 1_000, 93, seed)
        return [unfinished(asked(f"word {number}")) for number in range(1_000)]

    before = given(0, 7)
    assert before == given(0, 7) != given(0, 8)
    assert 910 < sum(before) < 950
    assert given(2_000, 7) == [not wrong for wrong in before]
