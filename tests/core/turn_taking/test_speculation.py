"""Replies on trial: prepared while the silence is still being judged, used or dropped without a trace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import CallerSaid, History
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.simulator import Calls, Part, Simulator, last_words
from tests.core.timeline import agent_lines, by_words, caller, decided, first_heard, go_on, play, thoughts

QUESTION = "what time do you open"
STORY = "we were here last year with some of our friends and had a good evening"


def speculating(how: str, **more: int) -> Policy:
    return Policy(turn_taking=replace(TurnTaking(), speculate=how, **more))


def speculations(sim: Simulator) -> list[int]:
    """The turns that were guesses."""
    return [x.turn for _, x in sim.actions(d.SpeculationBegun)]


def first_mark(sim: Simulator, turn: int) -> int | None:
    """When audio of the turn was first sent."""
    return next((at for at, mark in sim.actions(a.SendMark) if mark.name.startswith(f"t{turn}.")), None)


def test_a_guess_that_was_right_is_the_answer() -> None:
    """The model is asked once, ahead of the decision; its answer is heard with the decision, and never before."""
    sim = play(f"0.5 caller {QUESTION}\n +4 end", agent=["We open at nine."], first_token=150, first_audio=60)
    [speculative] = speculations(sim)
    assert [x.turn for x in thoughts(sim)] == [speculative]
    asked = sim.actions(a.StartReply)[0][0]
    assert asked < decided(sim)[0]
    sent = first_mark(sim, speculative)
    assert sent is not None
    assert 0 <= sent - decided(sim)[0] <= 20
    assert agent_lines(sim) == ["We open at nine."]
    [(_, because)] = sim.explained(d.SpeculationUsed)
    assert because["ahead_ms"] == decided(sim)[0] - asked


def test_speculating_is_what_makes_it_quick() -> None:
    """The same call with the switch off, thinking ahead only, and speaking ahead: each is heard sooner."""
    heard = {}
    for how in ("off", "llm", "speech"):
        sim = play(f"0.5 caller {QUESTION}\n +4 end", ["We open at nine."], speculating(how))
        heard[how] = first_heard(sim, 0) - decided(sim)[0]
        assert bool(speculations(sim)) == (how != "off")
    assert heard["off"] > heard["llm"] >= heard["speech"]
    with pytest.raises(ValueError, match="speculate"):
        replace(TurnTaking(), speculate="always")


def test_thinking_ahead_alone_says_nothing_to_the_voice() -> None:
    """With `llm` nothing is spoken before the decision; with `speech` only the first unit is."""
    two: list[Part] = ["We open at nine. We close at six."]
    for how, ahead in (("llm", 0), ("speech", 1)):
        sim = play(f"0.5 caller {STORY}\n +4 end", two, speculating(how), first_token=100)
        early = [at for at, _ in sim.actions(a.Speak) if at < decided(sim)[0]]
        assert len(early) == ahead
        assert agent_lines(sim) == two


def test_a_caller_who_goes_on_never_hears_of_it() -> None:
    """A guess is dropped without a trace: not heard, not in the record, not in any history, its context closed."""
    sim = play(
        f"0.5 caller {QUESTION}\n +0.3 caller and on sundays please\n +5 end",
        by_words("At nine.", sundays="We stay closed."),
        first_token=60,
        first_audio=40,
    )
    [wrong, right] = speculations(sim)[:2]
    assert wrong != right
    assert first_mark(sim, wrong) is None
    assert agent_lines(sim) == ["We stay closed."]
    assert caller(sim) == [f"{QUESTION} and on sundays please"]
    assert all("nine" not in str(x.history) for x in thoughts(sim))
    spoken = {x.turn for _, x in sim.actions(a.Speak)}
    closed = {x.turn for _, x in sim.actions(a.CloseContext)}
    assert wrong in spoken
    assert wrong in closed
    reasons = [because["why"] for _, because in sim.explained(d.SpeculationDropped)]
    assert reasons[0] == "other words"


def test_a_final_that_means_the_same_keeps_the_guess() -> None:
    """Fillers, case, full stops and figures of the final change nothing."""
    sim = Simulator(Policy(), lambda history: ["Done."])
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.says(500, "a table for four please", ms=1_500)
    sim.at(2_050, e.TranscriptPartial("um a table for four please"))
    sim.at(2_350, e.TranscriptFinal(1, "A table for 4, please."))
    sim.run(6_000)
    assert len(thoughts(sim)) == 1
    assert sim.explained(d.SpeculationUsed)
    assert caller(sim) == ["A table for 4, please."]


def test_a_final_that_means_something_else_is_answered_instead() -> None:
    """A partial that misheard the caller costs a thought and nothing else."""
    sim = Simulator(Policy(), lambda history: [f"You said: {last_words(history)}"])
    sim.faults.no_partials = sim.faults.no_finals = True
    sim.says(500, "a table for two please", ms=1_500)
    sim.at(2_050, e.TranscriptPartial("a table for ten please"))
    sim.at(2_400, e.TranscriptFinal(1, "a table for two please"))
    sim.run(8_000)
    assert agent_lines(sim) == ["You said: a table for two please"]
    assert caller(sim) == ["a table for two please"]


def test_a_guess_runs_no_tool() -> None:
    """The tool that a guess wants waits for the decision."""
    books: list[Part] = [Calls("book", "{}", "booked"), "It is booked."]
    sim = play(f"0.5 caller {STORY}\n +4 end", books, first_token=40)
    [(ran, _)] = sim.actions(a.RunTool)
    assert speculations(sim)
    wanted = next(now for now, event, _ in sim.steps if isinstance(event, e.ToolWanted))
    assert wanted < decided(sim)[0] <= ran


def test_the_tool_of_a_dropped_guess_never_runs() -> None:
    """The guess wanted to book; the caller went on to say that they do not want it."""

    def replies(history: History) -> list[Part]:
        return ["Fine."] if "not" in last_words(history) else [Calls("book", "{}", "booked"), "It is booked."]

    sim = play("0.5 caller can you book it for me\n +0.3 caller not today\n +5 end", replies, first_token=40)
    wanted = [event for _, event, _ in sim.steps if isinstance(event, e.ToolWanted)]
    assert wanted
    assert sim.actions(a.RunTool) == []
    assert agent_lines(sim) == ["Fine."]


def test_a_guess_that_fails_is_nobodys_business() -> None:
    """A model that fails while guessing, or says nothing, is asked again after the decision; there is no apology."""
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


def test_a_voice_that_fails_a_guess_is_asked_again() -> None:
    """A lost context while guessing is spoken again; nothing of it was heard twice."""
    sim = Simulator(Policy(), lambda history: ["We open at nine."])
    sim.latencies.first_token = 40
    sim.faults.tts_silent_once = True
    end = sim.says(500, STORY)
    sim.run(end + 8_000)
    assert agent_lines(sim) == ["We open at nine."]
    assert sim.explained(d.Apologised) == []


def test_trials_for_one_utterance_are_bounded() -> None:
    """A caller who finishes a thought again and again in one breath costs no more than the bound."""
    lines = "\n".join(f"+0.3 caller what is shelf {word}" for word in "one two three four five six".split())
    policy = speculating("speech", finished_ms=700)
    sim = play(f"0.5 caller {QUESTION}\n {lines}\n +5 end", ["We do."], policy)
    assert len(decided(sim)) == 1
    rules = sim.policy.turn_taking
    assert len(speculations(sim)) == rules.speculations + rules.speculations_finished
    assert len(agent_lines(sim)) == 1


def test_wasted_trials_end_them() -> None:
    """With a caller for whom guesses are wasted there are no more of them after a while."""
    policy = speculating("speech", finished_ms=700, speculations=1, speculations_finished=0, speculations_wasted=2)
    sim = Simulator(policy, lambda history: ["We open at nine."])
    for _ in range(6):
        go_on(sim, f"+6 caller {QUESTION}\n +0.4 caller and also the red one\n +4 end")
    wasted = len(speculations(sim)) - len(sim.explained(d.SpeculationUsed))
    assert wasted <= len(sim.explained(d.SpeculationUsed)) + policy.turn_taking.speculations_wasted + 1
    assert len(speculations(sim)) < 6


def test_nothing_is_guessed_while_the_agent_speaks() -> None:
    """Words over a reply are judged as an interruption first."""
    sim = play("0.5 caller hello there\n a+1 caller 0.5 mm-hm\n +5 end")
    assert len(thoughts(sim)) == 1


def test_contexts_of_guesses_are_given_back() -> None:
    """Guess after guess is dropped; open contexts never pile up."""
    lines = "\n".join(f"+0.35 caller what is shelf {word}" for word in "one two three four five six".split())
    policy = speculating("speech", finished_ms=900, speculations=20, speculations_wasted=50)
    sim = play(f"0.5 caller {QUESTION}\n {lines}\n +5 end", policy=policy, first_token=20, first_audio=20)
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


def test_a_guess_answers_exactly_what_the_record_says() -> None:
    """What the model was asked on trial is what it would have been asked afterwards."""
    sim = play(f"0.5 caller {QUESTION}\n +4 end", ["We open at nine."])
    ahead = thoughts(sim)[0].history
    late = play(f"0.5 caller {QUESTION}\n +4 end", ["We open at nine."], speculating("off"))
    assert ahead == thoughts(late)[0].history == (CallerSaid(QUESTION),)
