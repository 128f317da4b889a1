"""How sure the words make it that the caller is done: what must end soon, what must not, and what hardly counts."""

from __future__ import annotations

import pytest

from telephony.core.decisions import ModelSays
from telephony.core.language.registry import language_for
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import MODEL_SAYS, Evidence, reason, weighed
from telephony.core.turn_taking.judgement import wait_ms as judged_ms
from telephony.core.turn_taking.question import AnswerContext
from telephony.core.turn_taking.weights import WAITS
from tests.core.turn_taking.expected_waits import BOUNDS, MOVES_MS, ROBUST, UNSEEN, UNSEEN_MISSED

ENGLISH = language_for("en")
MARKS = ("", ".", "?", ",")


def wait_ms(asked: str, said: str, *, final: bool = False) -> int:
    evidence = Evidence(said, AnswerContext.after(asked, (), ENGLISH), final)
    return Endpointing(TurnTaking(), ENGLISH).wait(evidence).ms


MISSED = pytest.mark.xfail(strict=True, reason="waits longer than people would have it")
NEVER_FITTED = [pytest.param(*row, marks=[MISSED] * (row[1] in UNSEEN_MISSED)) for row in UNSEEN]


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize(("asked", "said", "least", "most"), [*BOUNDS, *NEVER_FITTED])
def test_the_bounds_of_the_wait(asked: str, said: str, least: int, most: int, final: bool) -> None:
    """As people would have it, for partials and finals."""
    assert least <= wait_ms(asked, said, final=final) <= most


@pytest.mark.parametrize(("asked", "said", "misheard"), ROBUST)
def test_what_a_recogniser_gets_wrong_hardly_counts(asked: str, said: str, misheard: str) -> None:
    """One word misheard or dropped, or a wrong mark at the end."""
    plain = wait_ms(asked, said, final=True)
    for other in (*misheard.split("/"), *(said + mark for mark in MARKS)):
        assert abs(wait_ms(asked, other, final=True) - plain) <= MOVES_MS, other


@pytest.mark.parametrize(("asked", "said", "least", "most"), [*BOUNDS, *UNSEEN])
def test_a_wrong_mark_hardly_counts(asked: str, said: str, least: int, most: int) -> None:
    """It moves the wait a little and does not turn the judgement over. Dots are no sentence mark."""
    bare = said.rstrip("?")
    waits = [wait_ms(asked, bare + mark, final=True) for mark in MARKS if not bare.endswith(".")] or [0]
    assert max(waits) - min(waits) <= MOVES_MS


# --- the score ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules", [TurnTaking(), TurnTaking.preset("eager"), TurnTaking.preset("patient"), TurnTaking.plain(700)]
)
def test_a_higher_score_never_waits_longer(rules: TurnTaking) -> None:
    """From the longest to the shortest wait, which are reached."""
    waits = [judged_ms(score, rules) for score in range(WAITS[0][0] - 10, WAITS[-1][0] + 10)]
    assert waits == sorted(waits, reverse=True)
    assert (waits[0], waits[-1]) == (rules.longest_wait_ms, rules.shortest_wait_ms)


def test_reasons_are_stretches_of_the_score() -> None:
    """In a word, for people: the numbers are the score's parts."""
    at = [score for score, _ in WAITS]
    found = [reason(score).value for score in (at[1] - 1, at[1], at[2] - 1, at[2], at[3] - 1, at[3])]
    assert found == ["trailing", "open", "open", "likely", "likely", "finished"]


@pytest.mark.parametrize(
    ("model", "voice", "parts"),
    [
        (ModelSays.NOTHING, 0, {}),
        (ModelSays.UNFINISHED, 0, {"model unfinished": MODEL_SAYS[ModelSays.UNFINISHED]}),
        (ModelSays.FINISHED, -3, {"model finished": MODEL_SAYS[ModelSays.FINISHED], "voice": -3}),
    ],
)
def test_what_is_no_word_counts_too(model: ModelSays, voice: int, parts: dict[str, int]) -> None:
    """What the model says, and how the voice ended."""
    words = weighed(Evidence("I called yesterday"), ENGLISH)
    assert weighed(Evidence("I called yesterday", model=model, voice=voice), ENGLISH) == words | parts
    wait = Endpointing(TurnTaking(), ENGLISH).wait(Evidence("I called yesterday", model=model, voice=voice))
    assert wait.score == sum((words | parts).values())
