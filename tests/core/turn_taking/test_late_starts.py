"""Late starts: the agent decides in a pause that the caller is done, and the caller goes on right away.

It costs a syllable: the agent is held at the first window of voice, and what was said before and after is one turn.
"""

from __future__ import annotations

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid, History, ToolUsed
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Part, Simulator
from telephony.tools import ToolResult
from tests.core.calls import agent_lines, asks, by_words, caller, decided, play, reasons, requested_replies
from tests.core.turn_taking.test_echo import on_speakerphone

QUESTION, REST = "what time do you open", "on sundays"
ANSWERS = by_words("We open at nine in the morning.", sundays="We open at ten on Sundays.", summer="At eleven.")
WHOLE = CallerSaid(f"{QUESTION} {REST}")
WINDOW_MS, FRAME_MS = 32, 20


def goes_on(after_ms: int, rest: str = REST, *, first_token: int) -> Simulator:
    """A call in which the caller goes on so long after the decision (the pause is found by trying)."""
    alone = play(asks(QUESTION).waits(2), ANSWERS, first_token=first_token)
    pause = decided(alone)[0] - alone.sounds[0].end + after_ms
    return play(asks(QUESTION).waits(pause / 1_000).says(rest).waits(6), ANSWERS, first_token=first_token)


def overlap(sim: Simulator, sound: int = 1) -> int:
    """How long the agent was heard during a sound of the caller's, in ms."""
    begins, ends = sim.sounds[sound].start, sim.sounds[sound].end
    return sum(max(0, min(end, ends) - max(start, begins)) for start, end in sim.heard)


@pytest.mark.parametrize("after_ms", [0, 20, 100, 200, 300, 400, 500, 600, 660])
@pytest.mark.parametrize("first_token", [40, 250, 900])
def test_a_late_start_costs_a_syllable(after_ms: int, first_token: int) -> None:
    """Whenever it comes, and however much of the reply is ready: the whole is answered, and once."""
    sim = goes_on(after_ms, first_token=first_token)
    assert overlap(sim) <= WINDOW_MS + 2 * FRAME_MS
    assert reasons(sim, d.Held) == ["goes on"]
    assert requested_replies(sim)[-1].history == (WHOLE,)
    assert caller(sim) == [QUESTION, REST]
    assert agent_lines(sim)[-1] == "We open at ten on Sundays."
    assert [line for line in agent_lines(sim)[:-1] if not line.endswith("--")] == []


def test_what_was_heard_of_the_dropped_reply_is_on_record() -> None:
    """The record has its words, and the model answers the caller's words together, as if it had not begun."""
    sim = goes_on(600, first_token=40)
    assert sim.lines == [
        ("caller", QUESTION), ("agent", "We open --"), ("caller", REST), ("agent", "We open at ten on Sundays."),
    ]  # fmt: skip
    assert requested_replies(sim)[-1].history == (WHOLE,)


def test_when_more_was_heard_it_is_an_interruption_like_any_other() -> None:
    """The model knows what it had said."""
    sim = goes_on(1_100, first_token=40)
    assert reasons(sim, d.Held) == ["voice"]
    assert requested_replies(sim)[-1].history == (
        CallerSaid(QUESTION), AgentSaid("We open at nine", interrupted=True), CallerSaid(REST),
    )  # fmt: skip


def test_the_model_never_hears_of_a_reply_that_came_too_early() -> None:
    """Nor in the turns after it."""
    sim = goes_on(600, first_token=40)
    CallerScript().says("and in summer").waits(6).play(sim)
    assert agent_lines(sim)[-1] == "At eleven."
    assert [item for item in requested_replies(sim)[-1].history if isinstance(item, AgentSaid)] == [
        AgentSaid("We open at ten on Sundays.")
    ]


@pytest.mark.parametrize("ms", [40, 100, 300])
def test_a_sound_without_words_loses_nothing(ms: int) -> None:
    """A cough right after the decision: the reply is held, and then heard whole; the question is not asked again."""
    sim = play(asks(QUESTION).waits(0.6).coughs(ms).waits(6), ANSWERS, first_token=40)
    assert reasons(sim, d.Held) == ["goes on"]
    assert len(sim.explained(d.Resumed)) == 1
    assert agent_lines(sim) == ["We open at nine in the morning."]
    assert len(requested_replies(sim)) == 1


def test_a_second_click_does_not_hold_the_reply_again() -> None:
    """One sound without words is enough: from then on a voice has to last."""
    script = asks(QUESTION).waits(0.5).coughs(40).waits(0.35).coughs(40).waits(6)
    sim = play(script, ANSWERS, first_token=40)
    assert reasons(sim, d.Held) == ["goes on"]
    assert agent_lines(sim) == ["We open at nine in the morning."]


def test_a_listeners_word_is_no_late_start() -> None:
    """ "Okay" right after the decision: the reply goes on."""
    sim = goes_on(300, "okay", first_token=40)
    assert sim.explained(d.Cut) == []
    assert agent_lines(sim) == ["We open at nine in the morning."]


@pytest.mark.parametrize("late_ms", [50, 100, 200, 400])
@pytest.mark.parametrize("below_db", [8, 14, 20])
@pytest.mark.parametrize("says", ["At nine.", "We open at nine in the morning and close at six."])
def test_an_echo_is_no_late_start(late_ms: int, below_db: int, says: str) -> None:
    """The reply comes back at once, while little of it was heard: it is never held for that."""
    sim = on_speakerphone(asks(QUESTION).waits(6), [says], late_ms=late_ms, below_db=below_db)
    assert "goes on" not in reasons(sim, d.Held)
    assert agent_lines(sim) == [says]


@pytest.mark.parametrize("after_s", [0.42, 0.6, 0.8, 1.0])
def test_a_late_start_is_heard_over_an_echo(after_s: float) -> None:
    """At the caller's own level. A word of the echo may come in between."""
    agent = by_words("At nine.", sundays="Ten then.")
    sim = on_speakerphone(asks(QUESTION).waits(after_s).says(REST).waits(6), agent, late_ms=200, below_db=14)
    assert overlap(sim) <= WINDOW_MS + 3 * FRAME_MS
    wholes = [request.history for request in requested_replies(sim) if len(request.history) == 1]
    assert str(wholes[-1][0]).startswith(f"CallerSaid(text='{QUESTION}")
    assert str(wholes[-1][0]).endswith(f"{REST}')")


# --- again and again --------------------------------------------------------------------------------------------------


def test_a_caller_who_goes_on_twice_is_answered_to_the_whole() -> None:
    """The second late start in a turn is one as well."""
    script = asks(QUESTION).waits(0.5).says(REST).waits(0.5).says("in summer").waits(8)
    sim = play(script, ANSWERS, first_token=900)
    assert requested_replies(sim)[-1].history == (CallerSaid(f"{QUESTION} {REST} in summer"),)
    assert len(agent_lines(sim)) == 1


def test_an_answer_cannot_be_put_off_for_ever() -> None:
    """A caller who says something right after each decision gets the answer at last, and all words are answered."""
    script = asks(QUESTION)
    for number in range(8):
        script = script.waits(0.45).says(f"is it {'one two three four five six seven eight'.split()[number]}")
    hasty = Policy(turn_taking=TurnTaking().tuned(shortest_wait_ms=380, longest_wait_ms=380))
    sim = play(script.waits(12), ["All right."], hasty, first_token=3_000)
    first = next(start for start, _ in sim.heard)
    assert first < sim.sounds[-1].start
    said = " ".join(item.text for item in requested_replies(sim)[-1].history if isinstance(item, CallerSaid))
    assert said == " ".join(" ".join(sound.words) for sound in sim.sounds)


# --- tools ------------------------------------------------------------------------------------------------------------


def test_a_tool_that_ran_is_not_run_again() -> None:
    """The booking was made for the reply that was dropped; the next one learns its result."""

    def books(history: History) -> list[Part]:
        return [CallTool("book", {"at": 9}, "booked"), "It is booked."]

    sim = play(asks("can you book it for me").waits(0.95).says("for my wife").waits(8), books, first_token=40)
    assert len(sim.actions(a.RunTool)) == 1
    assert len([event for _, event, _ in sim.steps if isinstance(event, e.ToolWanted)]) == 2
    assert [x.reason for _, x in sim.actions(a.RefuseTool)] == ["booked"]
    last = requested_replies(sim)[-1].history
    assert [type(item) for item in last] == [CallerSaid, ToolUsed, CallerSaid]
    assert agent_lines(sim)[-1] == "It is booked."


def test_a_tool_that_failed_is_tried_again() -> None:
    """Its result would help nobody."""
    books: list[Part] = [CallTool("book", {"at": 9}), "It is booked."]
    sim = Simulator(Policy(), lambda _: books, run_tool=lambda _: ToolResult("no connection", failed=True))
    sim.latencies.first_token = 40
    asks("can you book it for me").waits(0.95).says("for my wife").waits(8).play(sim)
    assert len(sim.actions(a.RunTool)) == 2


def test_the_same_call_may_be_made_again_later() -> None:
    """In another turn, after the agent was heard."""
    tool: list[Part] = [CallTool("look", {}, "three"), "There are three."]
    sim = play(asks("how many are there").waits(5).says("how many are there now").waits(5), tool, first_token=40)
    assert len(sim.actions(a.RunTool)) == 2


# --- what the words reply to ------------------------------------------------------------------------------------------


def test_the_question_that_was_asked_still_stands() -> None:
    """The caller dictates a number, and the first syllable of a wrong reply is not what the rest replies to."""
    policy = Policy(greeting="What is your phone number?", turn_taking=TurnTaking())
    script = CallerScript().waits(2.5).says("five five five").waits(1.5).says("oh one two three").waits(5)
    sim = play(script, ["Thank you very much."], policy, first_token=40)
    assert requested_replies(sim)[-1].history[1:] == (CallerSaid("five five five oh one two three"),)
    assert [because.get("expected") for _, because in sim.explained(d.TurnEnded)] == ["digits", "digits"]


def test_a_key_right_after_the_decision_joins_the_question() -> None:
    """Keys go on with a turn as words do."""
    sim = play(asks(QUESTION).waits(0.8).presses("4").waits(6), ["We open at nine."], first_token=40)
    assert requested_replies(sim)[-1].history == (CallerSaid(f"{QUESTION} [keys: 4]"),)
