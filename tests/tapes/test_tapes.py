"""Calls made with the embedded default, each named after what it shows: they replay in every run, to the millisecond.

Each guards against something that users of voice agents suffer from; its test says from what, and what must hold
instead. After a change of the rules that is meant, `python -m tests.tapes.make --rehearse` makes them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.tape.reader import find, read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.timeline import Timeline
from telephony.testing.fixtures import Replays

HERE = Path(__file__).parent
FULL = "I'd be glad to. Which day would you like to come, and at what time?"
OPENING = "We are open from Tuesday"


@pytest.fixture
def call(request: pytest.FixtureRequest, replay: Replays) -> Timeline:
    """The call that the test is named after, replayed."""
    return replay(request.node.name.removeprefix("test_"))


def sound_of(call: Timeline, turn: int) -> int:
    """How many ms of the turn were played."""
    return sum(piece.end - piece.start for piece in call.played if piece.turn == turn)


def test_an_interruption_stops_the_agent(call: Timeline) -> None:
    """Agents talk on for seconds after an interruption, because what the carrier has queued is not cleared; marks that
    come back after the clear count as heard; and memory holds what was sent, not what was heard."""
    assert [one.verdict for one in call.interruptions][-1] == "cut"
    assert call.interruptions[0].ms <= 250
    said = next(line for line in call.record if line.speaker == "agent" and line.text.startswith(OPENING))
    assert said.interrupted
    assert 0 < len(said.text.split()) < 12
    assert ("agent", said.text) in call.history, "the model is told what was heard"
    assert call.remembered_unheard == []
    assert call.longest_overlap_ms <= 300
    written_off = [one.name for _, one in call.events(e.MarkReached)]
    assert len(written_off) == len(set(written_off))


def test_a_cleared_throat_costs_no_word(call: Timeline) -> None:
    """Any sound of the caller's ends the answer, or what was said meanwhile is lost when the agent goes on."""
    assert [one.verdict for one in call.interruptions] == ["resume"]
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []


def test_a_yes_in_between_takes_no_turn(call: Timeline) -> None:
    """ "Yes", "okay" or "mm-hm" of somebody who listens stops or derails the agent."""
    assert call.lines[-1] == ("agent", FULL)
    assert [text for speaker, text in call.lines if speaker == "caller"] == ["i want to book a table"]
    assert len(call.answers) == 1


def test_a_pause_inside_a_sentence_is_no_end(call: Timeline) -> None:
    """A breath in the middle is taken for the end: the caller is answered half a sentence early, twice."""
    assert [speaker for speaker, _ in call.lines] == ["agent", "caller", "agent"]
    assert call.lines[-1] == ("agent", FULL)
    first, second = call.caller_spans[:2]
    assert second[0] - first[1] >= 400
    assert not any(first[1] < start < second[1] for start, _ in call.agent_spans)


def test_a_silent_caller_is_asked_and_let_go(call: Timeline) -> None:
    """A line on which nobody says anything stays open for ever, and is paid for."""
    assert call.ended == "silent_goodbye"
    assert [text for _, text in call.lines][1] == "Are you still there?"
    assert call.lines[-1][1].endswith("Goodbye.")


def test_an_interrupted_tool_runs_once(call: Timeline) -> None:
    """An interruption during a tool runs it again, or loses its result: the same table is booked twice."""
    ran = [tool for tool in call.tools if tool.name == "book_table"]
    assert [tool.ran for tool in ran] == [True]
    given = [one.history for _, one in call.actions(a.StartReply)][-1]
    assert "booked" in repr(given), "the model knows that it is done"


def test_keys_need_no_words(call: Timeline) -> None:
    """Keys are ignored until the caller also speaks."""
    assert ("caller", "[keys: 4#]") in call.lines
    assert call.lines[-1][1].startswith("A table for 4 people")


def test_a_goodbye_is_heard_to_its_end(call: Timeline) -> None:
    """The goodbye is cut off by the hang-up that follows it."""
    assert call.ended == "agent"
    assert call.lines[-1] == ("agent", "Thank you for calling, and goodbye!")
    assert call.agent_spans[-1][1] <= call.length_ms
    turn = call.record[-1].turn or call.answers[-1].turn
    spoken = sum(len(one.pcmu) // 8 for _, one in call.events(e.SpeechAudio) if one.turn == turn)
    assert sound_of(call, turn) >= spoken - 20


def test_a_sentence_that_the_voice_lost_is_said(call: Timeline) -> None:
    """A close that overtakes the text loses the sentence: a silent turn, which the agent believes to have said."""
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []
    assert max(one.attempt for _, one in call.actions(a.Speak)) > 1


def test_a_voice_that_breaks_off_goes_on(call: Timeline) -> None:
    """The voice's connection dies: the rest of the sentence is in the memory and was never heard."""
    assert any(isinstance(step.event, e.TtsLost) for step in call.steps)
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []


def test_an_empty_answer_is_no_silence(call: Timeline) -> None:
    """The model answers with nothing, and the line is silent for the rest of the call."""
    assert call.lines[2][1].startswith("Sorry, something went wrong")
    assert call.actions(a.Speak)[-1][1].text.strip() in FULL


def test_a_transcript_that_never_comes_is_no_silence(call: Timeline) -> None:
    """The ears never confirm what they heard, and the caller is never answered."""
    assert ("caller", "what are your opening hours") in call.lines
    assert call.answers
    assert call.slowest_answer_ms <= 2_500


def test_every_tape_has_its_test_and_is_rehearsed_to_itself() -> None:
    """None lies about; and unchanged, a rehearsal of it is the tape."""
    tapes = [read(path) for path in find(HERE)]
    assert {f"test_{tape.name}" for tape in tapes} <= set(globals())
    assert [tape.name for tape in tapes if rehearse(tape).steps != tape.steps] == []
