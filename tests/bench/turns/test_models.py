"""The scripted model that says whether the caller is done."""

from __future__ import annotations

from telephony.core.history import CallerSaid, History
from tests.bench.turns.models import UNFINISHED, verdict_model

REPLY = "All right."


def asked(*texts: str) -> History:
    return tuple(CallerSaid(text) for text in texts)


def test_it_knows_from_the_time_whether_the_caller_is_done() -> None:
    """At the end of the last word they are."""
    now = [999]
    model = verdict_model(lambda: now[0], 1_000, 100, 7, REPLY)
    assert model(asked("I want")) == [UNFINISHED]
    now[0] = 1_000
    assert model(asked("I want to go")) == [REPLY]


def test_a_caller_who_breaks_off_is_never_done() -> None:
    model = verdict_model(lambda: 99_000, None, 100, 7, REPLY)
    assert model(asked("I want")) == [UNFINISHED]


def test_what_it_has_called_unfinished_it_answers_when_asked_again() -> None:
    """It is asked again only for an answer."""
    model = verdict_model(lambda: 0, 1_000, 100, 7, REPLY)
    assert [model(asked("I want")), model(asked("I want"))] == [[UNFINISHED], [REPLY]]


def test_without_verdicts_it_always_answers() -> None:
    model = verdict_model(lambda: 0, 1_000, 0, 7, REPLY)
    assert model(asked("I want")) == [REPLY]


def test_as_many_verdicts_are_right_as_it_says_and_always_the_same_ones() -> None:
    """Before the end and after it; another seed errs elsewhere."""

    def verdicts(now: int, seed: int) -> list[bool]:
        model = verdict_model(lambda: now, 1_000, 93, seed, REPLY)
        return [model(asked(f"word {number}")) == [UNFINISHED] for number in range(1_000)]

    before = verdicts(0, 7)
    assert before == verdicts(0, 7) != verdicts(0, 8)
    assert 910 < sum(before) < 950
    assert 50 < sum(verdicts(2_000, 7)) < 90
