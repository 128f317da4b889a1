"""Recorded calls made with the embedded default: each is named after what it shows and replays exactly in every run.

Each test's docstring names a common fault of voice agents; its assertions say what must hold instead. After an intended
change of the rules, `python -m tests.tapes.make --rehearse` makes the tapes again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import RULES
from telephony.tape.choose import find
from telephony.tape.reader import read
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.replay import replay as replayed
from telephony.tape.timeline import Timeline
from telephony.tape.writer import write
from telephony.testing.fixtures import Replays
from tests.tapes import make

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
    """The fault: the agent talks on for seconds because audio queued at the carrier is not cleared; marks echoed after
    the clear count as heard; and the history holds what was sent, not what was heard.
    """
    assert [one.verdict for one in call.interruptions][-1] == "cut"
    assert call.interruptions[0].ms <= 250
    said = next(line for line in call.record if line.speaker == "agent" and line.text.startswith(OPENING))
    assert said.interrupted
    assert 0 < len(said.text.split()) < 12
    assert ("agent", said.text) in call.history, "the model's history has what was heard"
    assert call.remembered_unheard == []
    assert call.longest_overlap_ms <= 300
    written_off = [one.name for _, one in call.events(e.MarkReached)]
    assert len(written_off) == len(set(written_off))


def test_a_cleared_throat_costs_no_word(call: Timeline) -> None:
    """The fault: any sound of the caller ends the answer, or part of it is lost when the agent resumes."""
    assert [one.verdict for one in call.interruptions] == ["resume"]
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []


def test_a_yes_in_between_takes_no_turn(call: Timeline) -> None:
    """The fault: a backchannel ("yes", "okay", "mm-hm") stops or derails the agent."""
    assert call.lines[-1] == ("agent", FULL)
    assert [text for speaker, text in call.lines if speaker == "caller"] == ["i want to book a table"]
    assert len(call.answers) == 1


def test_a_pause_inside_a_sentence_is_no_end(call: Timeline) -> None:
    """The fault: a pause in the middle of a sentence counts as its end, and the caller is answered twice."""
    assert [speaker for speaker, _ in call.lines] == ["agent", "caller", "agent"]
    assert call.lines[-1] == ("agent", FULL)
    first, second = call.caller_spans[:2]
    assert second[0] - first[1] >= 400
    assert not any(first[1] < start < second[1] for start, _ in call.agent_spans)


def test_a_silent_caller_is_asked_and_let_go(call: Timeline) -> None:
    """The fault: a call in which nobody speaks stays open for ever, at a cost."""
    assert call.ended == "silent_goodbye"
    assert [text for _, text in call.lines][1] == "Are you still there?"
    assert call.lines[-1][1].endswith("Goodbye.")


def test_an_interrupted_tool_runs_once(call: Timeline) -> None:
    """The fault: an interruption during a tool runs it again or loses its result, and the table is booked twice."""
    ran = [tool for tool in call.tools if tool.name == "book_table"]
    assert [tool.ran for tool in ran] == [True]
    given = [one.history for _, one in call.actions(a.StartReply)][-1]
    assert "booked" in repr(given), "the model's history has the result"


def test_keys_need_no_words(call: Timeline) -> None:
    """The fault: DTMF keys are ignored until the caller also speaks."""
    assert ("caller", "[keys: 4#]") in call.lines
    assert call.lines[-1][1].startswith("A table for 4 people")


def test_a_goodbye_is_heard_to_its_end(call: Timeline) -> None:
    """The fault: the hang-up cuts the goodbye off."""
    assert call.ended == "agent"
    assert call.lines[-1] == ("agent", "Thank you for calling, and goodbye!")
    assert call.agent_spans[-1][1] <= call.length_ms
    turn = call.record[-1].turn or call.answers[-1].turn
    spoken = sum(len(one.pcmu) // 8 for _, one in call.events(e.SpeechAudio) if one.turn == turn)
    assert sound_of(call, turn) >= spoken - 20


def test_a_sentence_that_the_voice_lost_is_said(call: Timeline) -> None:
    """The fault: a close that overtakes the text loses the sentence, but the history has it as said."""
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []
    assert max(one.attempt for _, one in call.actions(a.Speak)) > 1


def test_a_voice_that_breaks_off_goes_on(call: Timeline) -> None:
    """The fault: after the TTS connection is lost, the rest of the sentence is in the history but was never heard."""
    assert any(isinstance(step.event, e.TtsLost) for step in call.steps)
    assert call.lines[-1] == ("agent", FULL)
    assert call.remembered_unheard == []


def test_an_empty_answer_is_no_silence(call: Timeline) -> None:
    """The fault: after an empty reply of the model, the agent stays silent for the rest of the call."""
    assert call.lines[2][1].startswith("Sorry, something went wrong")
    assert call.actions(a.Speak)[-1][1].text.strip() in FULL


def test_a_transcript_that_never_comes_is_no_silence(call: Timeline) -> None:
    """The fault: STT never sends a final, and the caller is never answered."""
    assert ("caller", "what are your opening hours") in call.lines
    assert call.answers
    assert call.slowest_answer_ms <= 2_500


def test_every_tape_has_its_test_and_is_rehearsed_to_itself() -> None:
    """Every tape has a test, and rehearsing it under unchanged rules gives the same steps."""
    tapes = [read(path) for path in find(HERE)]
    assert {f"test_{tape.name}" for tape in tapes} <= set(globals())
    assert [tape.name for tape in tapes if rehearse(tape).steps != tape.steps] == []


def test_a_tape_of_older_rules_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `python -m tests.tapes.make --rehearse`: one whose call goes as it did as well, else a replay would go on
    reporting it as of older rules."""
    name = "keys_need_no_words"
    tape = read(HERE / name)
    write(tmp_path / name, replace(tape.header, rules=RULES - 1), tape.steps)
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.again(name)
    made = read(tmp_path / name)
    assert (made.header.rules, replayed(made).code) == (RULES, 0)
