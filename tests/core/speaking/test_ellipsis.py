"""The reply that says that the caller has not finished never becomes speech, however it comes; other dots do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.policy import Policy, TurnTaking
from telephony.core.speaking.ellipsis import MOST_CHARS, is_ellipsis, may_become_ellipsis
from telephony.testing.simulator import Simulator, last_words
from tests.core.bare import Bare

ELLIPSES = (
    "…", "...", " … ", "\n...\n", '"…"', "“...”", "«…»", "'…'", "`...`", "... ", "„…“", ". . .",
    "……", "....", "….", "… …", "... ... ...", "(…)", "[...]", "*…*", "**…**", "‥", "⋯", "。。。", "…\u200b", "\u200e…",
)  # fmt: skip
REPLIES = (
    "...and then", "…well", '"…" he said', "..", ".", "Yes…", "- …", "?", "“Well...”", "5...", "etc...", "¿…?", "—",
)  # fmt: skip


@pytest.mark.parametrize("text", ELLIPSES)
def test_an_ellipsis_alone_is_none_of_a_reply(text: str) -> None:
    """In white space and quotation marks too; and each of its beginnings may become it."""
    assert is_ellipsis(text)
    assert all(may_become_ellipsis(text[:end]) for end in range(len(text) + 1))


@pytest.mark.parametrize("text", ["", " ", '"', *REPLIES])
def test_anything_else_is_a_reply(text: str) -> None:
    assert not is_ellipsis(text)


def test_what_is_not_an_ellipsis_for_long_never_becomes_one() -> None:
    """The beginning is looked at again with every piece, so its length is bounded."""
    assert may_become_ellipsis(" " * MOST_CHARS)
    assert not may_become_ellipsis(" " * MOST_CHARS + ".")
    assert not is_ellipsis(" " * MOST_CHARS + "…")


def splits(text: str) -> Iterator[list[str]]:
    """Every way to cut the text in pieces."""
    for count in range(len(text)):
        for cuts in combinations(range(1, len(text)), count):
            edges = (0, *cuts, len(text))
            yield [text[one:two] for one, two in pairwise(edges)]


def streamed(pieces: list[str], **policy: Any) -> tuple[Bare, int]:
    """A call in which the reply to a key comes in pieces. Returns it with the number of that turn."""
    call = Bare(Policy(**policy))
    turn = call.asks(1_000)
    for piece in pieces:
        call.writes(1_100, turn, piece)
    call.finishes(1_100, turn)
    call.run(1_200)
    return call, turn


@pytest.mark.parametrize("text", ["…", "...", " … ", '"…"', "“...”", "\n... "])
def test_an_ellipsis_is_never_spoken_however_it_is_split(text: str) -> None:
    """After the decision the model is asked once more, and has to answer; nobody hears of the first request."""
    for pieces in splits(text):
        call, turn = streamed(pieces)
        [first, second] = [x for _, x in call.did(a.StartReply)]
        assert (first.must_answer, second.must_answer) == (False, True), pieces
        assert second.turn != turn
        call.replies(1_300, second.turn, "At nine.")
        call.run(5_000)
        assert [x for _, _, x in call.spoken()] == ["At nine. "], pieces
        assert call.said == ["At nine."]
        assert call.explained(d.Apologised) == []
        assert second.history == first.history


@pytest.mark.parametrize("text", ["...and then", "…well", '"…" yes', "... so", "..a", '."', "“…, yes”"])
def test_a_reply_that_begins_with_dots_is_spoken_whole(text: str) -> None:
    """However it is split, the voice gets all of it, as if it had come at once."""
    for pieces in splits(text):
        call, _ = streamed(pieces)
        assert " ".join(x for _, _, x in call.spoken()).split() == text.split(), pieces
        assert len(call.did(a.StartReply)) == 1


def test_the_model_that_has_to_answer_is_not_asked_a_third_time() -> None:
    """A second ellipsis is an empty reply like any other: the caller hears an apology."""
    call, _ = streamed(["…"])
    again = call.did(a.StartReply)[-1][1].turn
    call.writes(1_300, again, "…")
    call.finishes(1_300, again)
    call.run(1_400)
    assert len(call.explained(d.Apologised)) == 1
    assert len(call.did(a.StartReply)) == 2


@pytest.mark.parametrize("rules", [TurnTaking(completeness="rules"), TurnTaking(speculate="off")])
def test_a_model_that_was_not_asked_has_said_nothing(rules: TurnTaking) -> None:
    """Where the rules alone decide, an ellipsis is an empty reply: it is not spoken."""
    call, _ = streamed(["."] * 3, turn_taking=rules, must_be_heard=())
    assert len(call.did(a.StartReply)) == 1
    assert len(call.explained(d.Apologised)) <= 1
    with pytest.raises(ValueError, match="completeness"):
        TurnTaking(completeness="guess")


def test_an_ellipsis_after_a_tool_is_asked_again_with_its_result() -> None:
    """The tool has run, so the caller had finished; its result is in the history of the second request."""
    call = Bare()
    turn = call.asks(1_000)
    call.wants(1_100, turn, "call_1")
    call.returns(1_200, turn, "call_1", "booked")
    call.writes(1_300, turn, "…")
    call.finishes(1_300, turn)
    [_, second] = [x for _, x in call.did(a.StartReply)]
    assert second.must_answer
    assert "booked" in str(second.history)


def test_an_ellipsis_after_words_and_a_tool_is_not_spoken() -> None:
    """The caller has been told to wait, and hears an apology instead of nothing."""
    call = Bare()
    turn = call.asks(1_000)
    call.writes(1_050, turn, "One moment. ")
    call.wants(1_100, turn, "call_1")
    call.returns(1_200, turn, "call_1", "booked")
    call.writes(1_300, turn, "…")
    call.finishes(1_300, turn)
    assert [x for _, _, x in call.spoken()][:1] == ["One moment. "]
    assert not any("…" in x for _, _, x in call.spoken())
    assert len(call.explained(d.Apologised)) == 1


def test_an_ellipsis_while_the_caller_goes_on_asks_nothing_yet() -> None:
    """What they say is joined to what they have said, and the whole is asked about once they are silent."""
    sim = Simulator(Policy(), lambda history: ["It is booked."], unfinished=lambda history: len(history) < 2)
    sim.latencies.first_token = 1_200
    end = sim.says(500, "what time do you open")
    sim.says(end + 1_000, "on the fourth of July")
    sim.run(end + 9_000)
    asked = [(last_words(x.history), x.must_answer) for _, x in sim.actions(a.StartReply)]
    assert ("what time do you open", False) in asked
    assert ("what time do you open", True) not in asked
    assert asked[-1][0].endswith("on the fourth of July")


def sayable(unit: str) -> str:
    return unit if any(char.isalnum() for char in unit) else ""


@pytest.mark.parametrize("text", ["—", ".", "😀", "•", "\u200b", "**"])
@pytest.mark.parametrize("speculate", ["speech", "llm", "off"])
def test_a_reply_that_nobody_can_say_is_no_reply(text: str, speculate: str) -> None:
    """Prepared or not, the caller hears an apology, and not ten seconds of nothing."""
    rules = TurnTaking(speculate=speculate, completeness="rules")
    sim = Simulator(Policy(turn_taking=rules), lambda history: [text], spoken_form=sayable)
    end = sim.says(500, "I need two rooms")
    sim.run(end + 4_000)
    assert len(sim.explained(d.Apologised)) >= 1


def test_a_caller_who_waits_for_the_second_request_is_not_told_twice_to_wait() -> None:
    """Fillers go on where they were, and the answer is still late by the caller's measure."""
    call = Bare(filler_ms=1_000)
    turn = call.asks(1_000)
    call.run(2_500)
    told = len(call.explained(d.FillerSaid))
    assert told == 1
    call.writes(2_600, turn, "…")
    call.finishes(2_600, turn)
    call.run(3_200)
    assert len(call.explained(d.FillerSaid)) == told
