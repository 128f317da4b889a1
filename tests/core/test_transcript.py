"""The history as the model receives it, and the agent's line as far as it was heard."""

from __future__ import annotations

import pytest

from telephony.core.history import AgentSaid, CallerSaid, ToolUsed
from telephony.core.transcript import Transcript, heard_text

BOOKED = ToolUsed("call_1", "book", "{}", "booked")
LOOKED = ToolUsed("call_2", "look", "{}", "free")


# --- the lines --------------------------------------------------------------------------------------------------------


def test_lines_keep_the_order_of_the_conversation() -> None:
    """An agent's line stays where its turn began, whenever its text arrives."""
    transcript = Transcript()
    transcript.caller("hello")
    transcript.agent(1, "")
    transcript.caller("are you open")
    transcript.agent(1, "Hello!", interrupted=True)
    assert transcript.history() == (CallerSaid("hello"), AgentSaid("Hello!", True), CallerSaid("are you open"))


def test_a_line_of_which_nothing_was_heard_is_omitted() -> None:
    """The caller's lines around it are joined for the model."""
    transcript = Transcript()
    transcript.caller("hello")
    transcript.agent(1, "", interrupted=True)
    transcript.caller("are you open")
    transcript.caller("today")
    assert transcript.history() == (CallerSaid("hello are you open today"),)
    assert Transcript().history() == ()


def test_each_turn_has_one_line() -> None:
    """The line of a turn is updated in place; another turn has its own."""
    transcript = Transcript()
    transcript.agent(1, "We")
    transcript.agent(2, "Yes")
    transcript.agent(1, "We open")
    assert transcript.history() == (AgentSaid("We open"), AgentSaid("Yes"))
    transcript.tool(2, BOOKED)
    transcript.agent(2, "Yes, it is")
    assert transcript.history() == (AgentSaid("We open"), BOOKED, AgentSaid("Yes, it is"))


def test_the_models_history_joins_without_changing_the_record() -> None:
    """Asking for the history, with or without words that are not in the record yet, changes nothing."""
    transcript = Transcript()
    transcript.caller("two")
    assert transcript.history(saying="three") == (CallerSaid("two three"),)
    assert transcript.history() == (CallerSaid("two"),)
    transcript.agent(1, "Yes?")
    assert transcript.history(saying="three") == (CallerSaid("two"), AgentSaid("Yes?"), CallerSaid("three"))
    transcript.caller("three")
    transcript.caller("four")
    assert transcript.history() == (CallerSaid("two"), AgentSaid("Yes?"), CallerSaid("three four"))


def test_a_tool_stands_before_the_words_of_its_turn() -> None:
    """The model knew the result when it spoke. Several results keep their order."""
    transcript = Transcript()
    transcript.caller("book")
    transcript.agent(1, "It is booked.")
    transcript.tool(1, LOOKED)
    transcript.tool(1, BOOKED)
    assert transcript.history() == (CallerSaid("book"), LOOKED, BOOKED, AgentSaid("It is booked."))


def test_a_tool_of_a_turn_without_a_line_stands_last() -> None:
    """Without an agent's line of its turn, a tool result goes to the end."""
    transcript = Transcript()
    transcript.agent(1, "One.")
    transcript.tool(2, LOOKED)
    transcript.tool(2, BOOKED)
    assert transcript.history() == (AgentSaid("One."), LOOKED, BOOKED)


def test_a_tool_between_the_callers_lines_keeps_them_apart() -> None:
    """Only adjacent lines of the caller are joined."""
    transcript = Transcript()
    transcript.caller("book")
    transcript.agent(1, "")
    transcript.tool(1, BOOKED)
    transcript.caller("hello")
    assert transcript.history() == (CallerSaid("book"), BOOKED, CallerSaid("hello"))


def test_what_was_said_before_comes_first_and_belongs_to_no_turn() -> None:
    """A resumed call keeps the earlier history in front; later turn numbers never refer to it."""
    transcript = Transcript()
    transcript.resume((CallerSaid("hi"), AgentSaid("Hello."), BOOKED))
    transcript.agent(1, "Go on.")
    transcript.caller("well")
    assert transcript.history() == (
        CallerSaid("hi"),
        AgentSaid("Hello."),
        BOOKED,
        AgentSaid("Go on."),
        CallerSaid("well"),
    )


# --- the agent's line -------------------------------------------------------------------------------------------------

UNITS = (("It costs $5.", "It costs five dollars."), ("OK?", "Okay?"))
FIRST = len("Itcostsfivedollars.")


@pytest.mark.parametrize(
    ("chars", "text"),
    [
        (0, ""),
        (1, ""),
        (2, "It"),
        (3, "It"),
        (6, "It"),
        (7, "It costs"),
        (10, "It costs"),
        (11, "It costs five"),
        (FIRST - 1, "It costs five"),
        (FIRST, "It costs $5."),
        (FIRST + 4, "It costs $5."),
        (FIRST + 5, "It costs $5. OK?"),
        (FIRST + 50, "It costs $5. OK?"),
    ],
)
def test_a_unit_heard_whole_is_given_as_written_and_a_part_as_spoken(chars: int, text: str) -> None:
    """Characters are counted without white space, and a word counts once its last character was heard."""
    assert heard_text(UNITS, chars, whole=False) == text


def test_a_line_that_was_heard_whole_is_what_was_written() -> None:
    """The number of aligned characters does not matter."""
    assert heard_text(UNITS, 0, whole=True) == "It costs $5. OK?"
    assert heard_text(((" Yes. ", "Yes."),), 0, whole=True) == "Yes."
    assert heard_text((), 0, whole=True) == ""


def test_a_unit_without_sound_is_passed_over() -> None:
    """It has no characters to wait for and leaves no gap in the line."""
    assert heard_text((("Yes.", "Yes."), ("", ""), ("No.", "No.")), 7, whole=False) == "Yes. No."
    assert heard_text((("Yes.", "Yes."), ("No.", "No.")), 4, whole=False) == "Yes."
