"""A steady sound without words at the caller's level: music, an engine, a dryer. It holds no answer back."""

from __future__ import annotations

import pytest

from telephony.core import decisions as d
from telephony.core.policy import Policy
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Simulator
from tests.core.calls import agent_lines, asks, caller, decided, first_heard, play

NOISE_MS = 10_000


def in_noise(text: str, **latencies: int) -> Simulator:
    """The caller says `text`; the noise begins with the last word and lasts for 10 s."""
    return play(asks(text).coughs(NOISE_MS).waits(1), ["Of course."], None, **latencies)


@pytest.mark.parametrize("final", [120, 400, 3_000])
@pytest.mark.parametrize(
    "text", ["when are you open", "I'd like a table for four", "I called yesterday", "my number is"]
)
def test_an_answer_comes_within_two_seconds_of_the_last_word(text: str, final: int) -> None:
    """Decided within 2 s, whatever the words; also when the final is late."""
    sim = in_noise(text, final=final)
    said = sim.sounds[0].end
    assert decided(sim)[0] - said <= 2_200
    assert first_heard(sim, said) - said <= 2_700
    assert agent_lines(sim) == ["Of course."]
    assert caller(sim) == [text]


def test_a_complete_question_is_answered_sooner() -> None:
    sim = in_noise("when are you open")
    assert first_heard(sim, sim.sounds[0].end) - sim.sounds[0].end <= 2_000


def test_the_noise_neither_holds_nor_cuts_the_answer() -> None:
    """It goes on while the agent speaks."""
    sim = in_noise("when are you open")
    assert sim.explained(d.Held) == sim.explained(d.Cut) == []
    assert sim.explained(d.NotHeard) == []


def test_the_wait_for_a_slow_model_is_bridged_in_noise_too() -> None:
    sim = in_noise("when are you open", first_token=5_000)
    assert sim.explained(d.FillerSaid)


def test_a_tool_runs_while_the_noise_goes_on() -> None:
    script = asks("when are you open").coughs(NOISE_MS).waits(4)
    sim = play(script, [CallTool("hours"), "At nine."])
    assert first_heard(sim, 0) - sim.sounds[0].end <= 3_500


def test_words_in_the_noise_are_heard() -> None:
    """They cut the agent, and are answered in their turn."""
    script = asks("when are you open")
    sim = play(
        script, lambda history: ["Yes?"] if "stop" in str(history[-1]) else ["We open at nine and close at six."]
    )
    sim.coughs(sim.now, 12_000)
    sim.says(sim.now + 2_700, "stop please")
    sim.run(sim.now + 9_000)
    assert caller(sim)[-1] == "stop please"
    assert agent_lines(sim)[-1] == "Yes?"


def test_a_caller_who_speaks_on_is_not_cut_off() -> None:
    """Slow words, and a pause of more than a second between them."""
    for script in (
        asks("I would like to book a table for four people on friday", ms=9_000),
        asks("I called yesterday and").waits(1.0).says("nobody answered me at all then", ms=3_000),
    ):
        sim = play(script.waits(4), ["Of course."])
        assert len(decided(sim)) == 1


def test_without_partials_a_voice_is_no_noise() -> None:
    """An STT that sends no words in mid-speech says nothing about a voice that goes on."""
    sim = Simulator(Policy(), lambda _: ["Of course."])
    sim.faults.no_partials = True
    CallerScript().waits(0.5).says("when are you open on sundays and on mondays", ms=6_000).waits(4).play(sim)
    assert caller(sim) == ["when are you open on sundays and on mondays"]
