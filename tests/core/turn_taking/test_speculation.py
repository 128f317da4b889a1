"""Speculations: replies prepared while endpointing is undecided, then used, or dropped without any effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import CallerSaid, History
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Part, Simulator, last_words
from tests.core.calls import agent_lines, asks, by_words, caller, decided, first_heard, play, requested_replies

QUESTION = "what time do you open"
STORY = "we were here last year with some of our friends and had a good evening"


def speculating(how: str, **more: int) -> Policy:
    return Policy(turn_taking=TurnTaking(speculate=how).tuned(**more))


def speculations(sim: Simulator) -> list[int]:
    """The turn numbers of speculations."""
    return [x.turn for _, x in sim.actions(d.SpeculationBegun)]


def shelves(pause: float) -> CallerScript:
    """A caller who seems to finish again and again, with pauses of so many seconds."""
    script = asks(QUESTION)
    for word in "one two three four five six".split():
        script = script.waits(pause).says(f"what is shelf {word}")
    return script.waits(5)


def first_mark(sim: Simulator, turn: int) -> int | None:
    """When audio of the turn was first sent, or None."""
    return next((at for at, mark in sim.actions(a.SendMark) if mark.name.startswith(f"t{turn}.")), None)


def test_a_speculation_that_was_right_is_the_answer() -> None:
    """The model is asked once, before the decision; the answer is sent with the decision, never before."""
    sim = play(asks(QUESTION).waits(4), agent=["We open at nine."], first_token=150, first_audio=60)
    [speculative] = speculations(sim)
    assert [x.turn for x in requested_replies(sim)] == [speculative]
    asked = sim.actions(a.StartReply)[0][0]
    assert asked < decided(sim)[0]
    sent = first_mark(sim, speculative)
    assert sent is not None
    assert 0 <= sent - decided(sim)[0] <= 20
    assert agent_lines(sim) == ["We open at nine."]
    [(_, because)] = sim.explained(d.SpeculationUsed)
    assert because["ahead_ms"] == decided(sim)[0] - asked


def test_speculation_shortens_the_latency() -> None:
    """The same call with speculation off, with `llm`, and with `speech`: the reply starts sooner with `llm` than
    with it off, and with `speech` no later.
    """
    heard = {}
    for how in ("off", "llm", "speech"):
        sim = play(asks(QUESTION).waits(4), ["We open at nine."], speculating(how))
        heard[how] = first_heard(sim, 0) - decided(sim)[0]
        assert bool(speculations(sim)) == (how != "off")
    assert heard["off"] > heard["llm"] >= heard["speech"]
    with pytest.raises(ValueError, match="speculate"):
        replace(TurnTaking(), speculate="always")


def test_llm_speculation_sends_nothing_to_tts() -> None:
    """Before the decision, `llm` sends no unit to TTS, and `speech` only the first."""
    two: list[Part] = ["We open at nine. We close at six."]
    for how, ahead in (("llm", 0), ("speech", 1)):
        sim = play(asks(STORY).waits(4), two, speculating(how), first_token=100)
        early = [at for at, _ in sim.actions(a.Speak) if at < decided(sim)[0]]
        assert len(early) == ahead
        assert agent_lines(sim) == two


def test_a_dropped_speculation_has_no_effect() -> None:
    """When the caller goes on, a speculation is neither heard nor in the record or a history; its context is closed."""
    sim = play(
        asks(QUESTION).waits(0.3).says("and on sundays please").waits(5),
        by_words("At nine.", sundays="We stay closed."),
        first_token=60,
        first_audio=40,
    )
    [wrong, right] = speculations(sim)[:2]
    assert wrong != right
    assert first_mark(sim, wrong) is None
    assert agent_lines(sim) == ["We stay closed."]
    assert caller(sim) == [f"{QUESTION} and on sundays please"]
    assert all("nine" not in str(x.history) for x in requested_replies(sim))
    spoken = {x.turn for _, x in sim.actions(a.Speak)}
    closed = {x.turn for _, x in sim.actions(a.CloseContext)}
    assert wrong in spoken
    assert wrong in closed
    reasons = [because["why"] for _, because in sim.explained(d.SpeculationDropped)]
    assert reasons[0] == "other words"


def test_a_final_that_means_the_same_keeps_the_speculation() -> None:
    """Fillers, case, punctuation and digits in the final change nothing."""
    sim = Simulator(Policy(), lambda history: ["Done."])
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.says(500, "a table for four please", ms=1_500)
    sim.at(2_050, Partial("um a table for four please"))
    sim.at(2_350, Final(1, "A table for 4, please."))
    sim.run(6_000)
    assert len(requested_replies(sim)) == 1
    assert sim.explained(d.SpeculationUsed)
    assert caller(sim) == ["A table for 4, please."]


def test_a_final_that_means_something_else_is_answered_instead() -> None:
    """A misheard partial costs one unused reply and has no other effect."""
    sim = Simulator(Policy(), lambda history: [f"You said: {last_words(history)}"])
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.says(500, "a table for two please", ms=1_500)
    sim.at(2_050, Partial("a table for ten please"))
    sim.at(2_400, Final(1, "a table for two please"))
    sim.run(8_000)
    assert agent_lines(sim) == ["You said: a table for two please"]
    assert caller(sim) == ["a table for two please"]


def test_a_speculation_runs_no_tool() -> None:
    """A tool requested by a speculation waits for the decision."""
    books: list[Part] = [CallTool("book", {}, "booked"), "It is booked."]
    sim = play(asks(STORY).waits(4), books, first_token=40)
    [(ran, _)] = sim.actions(a.RunTool)
    assert speculations(sim)
    wanted = next(now for now, event, _ in sim.steps if isinstance(event, e.ToolWanted))
    assert wanted < decided(sim)[0] <= ran


def test_the_tool_of_a_dropped_speculation_never_runs() -> None:
    """The speculation requested a booking; then the caller said that they do not want it."""

    def replies(history: History) -> list[Part]:
        return ["Fine."] if "not" in last_words(history) else [CallTool("book", {}, "booked"), "It is booked."]

    sim = play(asks("can you book it for me").waits(0.3).says("not today").waits(5), replies, first_token=40)
    wanted = [event for _, event, _ in sim.steps if isinstance(event, e.ToolWanted)]
    assert wanted
    assert sim.actions(a.RunTool) == []
    assert agent_lines(sim) == ["Fine."]


def test_a_failed_speculation_is_not_reported() -> None:
    """If the model fails or returns nothing, it is asked again after the decision, without an apology."""
    for fault, value in (("llm_fails", "provider_timeout"), ("llm_empty", True)):
        sim = Simulator(Policy(), lambda history: ["We open at nine."])
        end = sim.says(500, STORY)
        sim.latencies.first_token = 40
        setattr(sim.faults, fault, value)
        while not speculations(sim):
            sim.run(sim.now + 20)
        sim.run(sim.now + 60)
        setattr(sim.faults, fault, "" if fault == "llm_fails" else False)
        sim.run(end + 5_000)
        assert sim.explained(d.Apologised) == []
        assert agent_lines(sim) == ["We open at nine."]


def test_a_tts_failure_during_a_speculation_is_retried() -> None:
    """The lost context is spoken again, and nothing is heard twice."""
    sim = Simulator(Policy(), lambda history: ["We open at nine."])
    sim.latencies.first_token = 40
    sim.faults.tts_silent_once = True
    end = sim.says(500, STORY)
    sim.run(end + 8_000)
    assert agent_lines(sim) == ["We open at nine."]
    assert sim.explained(d.Apologised) == []


def test_speculations_for_one_utterance_are_bounded() -> None:
    """A caller who repeatedly seems to finish during one utterance causes no more than the limit."""
    policy = speculating("speech", shortest_wait_ms=700)
    sim = play(shelves(0.3), ["We do."], policy)
    assert len(decided(sim)) == 1
    rules = sim.policy.turn_taking
    assert len(speculations(sim)) == rules.speculations + rules.tuning.speculations_finished
    assert len(agent_lines(sim)) == 1


def test_too_many_wasted_speculations_stop_them() -> None:
    """Speculation stops for a caller with whom too many were wasted."""
    policy = speculating("speech", shortest_wait_ms=700, speculations=1, speculations_finished=0, speculations_wasted=2)
    script = CallerScript()
    for _ in range(6):
        script = script.waits(6).says(QUESTION).waits(0.4).says("and also the red one")
    sim = play(script.waits(4), ["We open at nine."], policy)
    wasted = len(speculations(sim)) - len(sim.explained(d.SpeculationUsed))
    assert wasted <= len(sim.explained(d.SpeculationUsed)) + policy.turn_taking.tuning.speculations_wasted + 1
    assert len(speculations(sim)) < 6


def test_no_speculation_while_the_agent_speaks() -> None:
    """Words during a reply are first judged as an interruption."""
    sim = play(asks("hello there").interrupts("mm-hm", 1, ms=500).waits(5))
    assert len(requested_replies(sim)) == 1


def test_contexts_of_dropped_speculations_are_closed() -> None:
    """However many speculations are dropped, open contexts do not accumulate."""
    policy = speculating("speech", shortest_wait_ms=900, speculations=20, speculations_wasted=50)
    sim = play(shelves(0.35), policy=policy, first_token=20, first_audio=20)
    opened, most = set[tuple[int, int]](), 0
    for _, event, actions in sim.steps:
        for action in actions:
            if isinstance(action, a.Speak):
                opened.add((action.turn, action.attempt))
            if isinstance(action, a.CloseContext):
                opened.discard((action.turn, action.attempt))
        if isinstance(event, e.SpeechEnded):
            opened.discard((event.turn, event.attempt))
        most = max(most, len(opened))
    assert len(speculations(sim)) > 5
    assert most <= 2


def test_a_speculation_has_the_history_of_the_decided_reply() -> None:
    """The model receives the same history as it would after the decision."""
    sim = play(asks(QUESTION).waits(4), ["We open at nine."])
    ahead = requested_replies(sim)[0].history
    late = play(asks(QUESTION).waits(4), ["We open at nine."], speculating("off"))
    assert ahead == requested_replies(late)[0].history == (CallerSaid(QUESTION),)
