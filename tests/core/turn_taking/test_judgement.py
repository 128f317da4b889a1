"""How sure the words make it that the caller is done: what must end soon, what must not, and what hardly counts."""

from __future__ import annotations

import pytest

from telephony.core.language.registry import language_for
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext
from tests.core.turn_taking.expected_waits import BOUNDS, MOVES_MS, ROBUST, UNSEEN

ENGLISH = language_for("en")
MARKS = ("", ".", "?", ",")


def wait_ms(asked: str, said: str, *, final: bool = False) -> int:
    evidence = Evidence(said, AnswerContext.after(asked, (), ENGLISH), final)
    return Endpointing(TurnTaking(), ENGLISH).wait(evidence).ms


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize(("asked", "said", "least", "most"), [*BOUNDS, *UNSEEN])
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
