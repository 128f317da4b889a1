"""What the model says of the caller's words: how it changes the wait, whose words it belongs to, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.decisions import ModelSays
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.policy import Policy, TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing, Wait
from telephony.core.turn_taking.judgement import Evidence
from telephony.testing.script import CallerScript
from telephony.testing.simulator import CallTool, Simulator, last_words
from tests.core.calls import agent_lines, asks, caller, decided, first_heard, number, requested_replies
from tests.core.turn_taking.test_speculation_timing import FrameCall

NOTHING, AWAITED, FINISHED, UNFINISHED = ModelSays
TRUSTED = TurnTaking(trusts_model=True)
WHOLE, LIKELY, OPEN, TRAILING, DIGITS, EMAIL = (
    "what time do you open?", "I need two rooms", "that depends", "my number is", "my number is 555",
    "it's john@example.com",
)  # fmt: skip


def waits(text: str, says: ModelSays, rules: TurnTaking = TRUSTED, *, language: str = "en") -> Wait:
    return Endpointing(rules, language_for(language)).wait(Evidence(text, model=says))


# --- the weights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says", "least_ms", "most_ms"),
    [
        (WHOLE, NOTHING, 380, 620),
        (WHOLE, FINISHED, 380, 620),
        (WHOLE, UNFINISHED, 900, 1_600),
        (LIKELY, UNFINISHED, 1_050, 1_600),
        (OPEN, UNFINISHED, 1_050, 1_600),
        (TRAILING, NOTHING, 1_050, 1_300),
        (TRAILING, FINISHED, 800, 1_300),
        (TRAILING, UNFINISHED, 1_300, 1_600),
    ],
)
def test_the_wait_after_words_with_what_the_model_says(text: str, says: ModelSays, least_ms: int, most_ms: int) -> None:
    """As people would have it. Words that cannot be the end are none because a model answers them."""
    assert least_ms <= waits(text, says).ms <= most_ms


@pytest.mark.parametrize("text", [WHOLE, LIKELY, OPEN, TRAILING])
def test_what_the_model_says_moves_the_wait_after_words(text: str) -> None:
    """Between the shortest and 300 ms more than the longest. What it has not said yet leaves the wait as it is; it is
    awaited for 250 ms more, and not beyond the longest."""
    nothing, awaited, finished, unfinished = (waits(text, says) for says in ModelSays)
    assert 380 <= finished.ms <= nothing.ms <= unfinished.ms <= 1_600
    assert unfinished.ms - nothing.ms >= min(250, 1_300 - nothing.ms)
    assert finished.ms < nothing.ms or nothing.ms == 380
    assert text not in (LIKELY, OPEN) or nothing.ms - finished.ms >= 40
    assert awaited.ms == nothing.ms
    assert [x.verdict_ms for x in (nothing, awaited, finished, unfinished)] == [0, min(250, 1_300 - nothing.ms), 0, 0]
    assert [x.model for x in (nothing, awaited, finished, unfinished)] == [*ModelSays]


@pytest.mark.parametrize(
    ("language", "text", "says", "wait_ms", "verdict_ms"),
    [
        ("en", DIGITS, NOTHING, 1_100, 0),
        ("en", DIGITS, AWAITED, 1_100, 200),
        ("en", DIGITS, FINISHED, 900, 0),
        ("en", DIGITS, UNFINISHED, 1_600, 0),
        ("en", EMAIL, AWAITED, 380, 250),
        ("en", EMAIL, FINISHED, 380, 0),
        ("en", EMAIL, UNFINISHED, 1_600, 0),
        ("la", "gallia est omnis", NOTHING, 640, 0),
        ("la", "gallia est omnis", AWAITED, 640, 250),
        ("la", "gallia est omnis", FINISHED, 440, 0),
        ("la", "gallia est omnis", UNFINISHED, 1_600, 0),
    ],
)
def test_the_wait_without_a_score_with_what_the_model_says(
    language: str, text: str, says: ModelSays, wait_ms: int, verdict_ms: int
) -> None:
    """After an entry, and in a language without data. The reason of the wait stays."""
    wait = waits(text, says, language=language)
    assert (wait.ms, wait.verdict_ms, wait.model) == (wait_ms, verdict_ms, says)
    assert wait.why == waits(text, NOTHING, language=language).why


@pytest.mark.parametrize(
    ("numbers", "says", "wait_ms", "verdict_ms"),
    [
        ({"finished_ms": 0}, FINISHED, 1_100, 0),
        ({"finished_ms": 100}, FINISHED, 1_000, 0),
        ({"finished_ms": 900}, FINISHED, 380, 0),
        ({"shortest_wait_ms": 1_000, "entry_ms": 1_100}, FINISHED, 1_000, 0),
        ({"verdict_wait_ms": 0}, AWAITED, 1_100, 0),
        ({"longest_wait_ms": 1_200}, UNFINISHED, 1_500, 0),
        ({"unfinished_ms": 0}, UNFINISHED, 1_300, 0),
    ],
)
def test_what_the_model_counts_for_is_set(
    numbers: dict[str, int], says: ModelSays, wait_ms: int, verdict_ms: int
) -> None:
    wait = waits(DIGITS, says, TurnTaking().tuned(**numbers))
    assert (wait.ms, wait.verdict_ms) == (wait_ms, verdict_ms)


# --- whole calls ----------------------------------------------------------------------------------------------------

HALF, REST = "I would like a table for four", "on the terrace please"


def breaks_off(text: str) -> bool:
    return text.endswith("four")


def pausing(
    pause_s: float, rules: TurnTaking, *, tells: bool = True, language: str = "en", **latencies: int
) -> Simulator:
    """A caller who pauses after half of the request; `tells`: the model can tell."""

    def unfinished(history: History) -> bool:
        return tells and breaks_off(last_words(history))

    policy = Policy(turn_taking=rules, language=language)
    sim = Simulator(policy, lambda history: ["It is booked."], unfinished=unfinished)
    for name, value in latencies.items():
        setattr(sim.latencies, name, value)
    asks(HALF).waits(pause_s).says(REST).waits(4).play(sim)
    return sim


@pytest.mark.parametrize("language", ["en", "la"])
@pytest.mark.parametrize("trusted", [False, True])
def test_a_caller_who_pauses_is_not_talked_over(language: str, *, trusted: bool) -> None:
    """The model's ellipsis keeps the turn open, in the first call with the model as well as later; and in a language
    without data."""
    sim = pausing(1.1, replace(TRUSTED, trusts_model=trusted), language=language)
    assert caller(sim) == [f"{HALF} {REST}"]
    assert agent_lines(sim) == ["It is booked."]
    assert len(decided(sim)) == 1
    assert "unfinished" in [x["why"] for _, x in sim.explained(d.SpeculationDropped)]
    assert all("…" not in text for _, text in sim.lines)
    assert all("…" not in str(x.history) for x in requested_replies(sim))
    assert all("…" not in x.text for _, x in sim.actions(a.Speak))


@pytest.mark.parametrize("rules", [TurnTaking(completeness="rules"), TurnTaking(speculate="off")])
def test_the_rules_alone_decide_where_the_model_is_not_asked(rules: TurnTaking) -> None:
    assert len(decided(pausing(1.1, rules))) == 2
    assert len(decided(pausing(1.1, TurnTaking(), tells=False))) == 2


def test_a_turn_that_the_model_took_for_half_is_answered_after_the_longest_wait() -> None:
    """The reply is prepared before that wait is over, by a request that has to be answered, and is heard at once."""
    sim = Simulator(Policy(turn_taking=TRUSTED), lambda history: ["It is booked."], unfinished=lambda history: True)
    end = sim.says(500, HALF)
    sim.run(end + 4_000)
    [ended] = [x for _, x in sim.explained(d.TurnEnded)]
    assert ended["model"] == "unfinished"
    assert TRUSTED.longest_wait_ms <= number(ended, "wait_ms") <= TRUSTED.longest_wait_ms + TRUSTED.tuning.unfinished_ms
    assert [x.must_answer for x in requested_replies(sim)] == [False, True]
    assert [x["why"] for _, x in sim.explained(d.SpeculationDropped)] == ["unfinished"]
    assert agent_lines(sim) == ["It is booked."]
    assert first_heard(sim, end) - decided(sim)[0] <= 40
    assert sim.explained(d.Apologised) == []


def test_a_late_ellipsis_is_asked_again_after_the_decision() -> None:
    """The turn was decided before the model had said anything: the second request must be answered."""
    sim = Simulator(Policy(), lambda history: ["It is booked."], unfinished=lambda history: True)
    sim.latencies.first_token = 600
    end = sim.says(500, HALF)
    sim.run(end + 5_000)
    assert len(sim.explained(d.SpeculationUsed)) == 1
    assert [x.must_answer for x in requested_replies(sim)] == [False, True]
    assert agent_lines(sim) == ["It is booked."]
    assert sim.explained(d.Apologised) == []


def test_a_model_that_is_trusted_ends_the_turn_sooner() -> None:
    """One that has never said that a caller had not finished may be one that always answers."""
    trusted, unknown = (pausing(4, rules, tells=False, first_token=200) for rules in (TRUSTED, TurnTaking()))
    sooner_ms = waits(HALF, NOTHING).ms - waits(HALF, FINISHED).ms
    assert 40 <= decided(unknown)[0] - decided(trusted)[0] <= sooner_ms + 20
    assert [x["model"] for _, x in trusted.explained(d.TurnEnded)][:1] == ["finished"]
    assert "model" not in unknown.explained(d.TurnEnded)[0][1]


def test_a_model_is_trusted_for_the_rest_of_a_call_in_which_it_was_of_use() -> None:
    sim = pausing(1.1, TurnTaking(), first_token=200)
    sim.says(sim.now, "I need two rooms")
    sim.run(sim.now + 5_000)
    assert [x["model"] for _, x in sim.explained(d.TurnEnded)][-1] == "finished"


@pytest.mark.parametrize("rules", [TRUSTED, TurnTaking()])
def test_a_slow_model_is_awaited_for_a_while_if_it_is_trusted(rules: TurnTaking) -> None:
    """250 ms beyond the rule's own wait, and not beyond the longest."""
    wait = waits(LIKELY, AWAITED)
    waits_ms = wait.ms + wait.verdict_ms * rules.trusts_model
    call = FrameCall(rules)
    call.quiet(20)
    call.partial("I need two rooms")
    while not call.log or call.log[-1][0] != "used":
        call.quiet(20)
        call.step(e.TranscriptUpdated("", "I need two rooms", 1))
        assert call.silence_ms <= 1_500
    assert call.silence_ms == waits_ms // 20 * 20 + (20 if waits_ms % 20 else 0)


# --- whose words it belongs to --------------------------------------------------------------------------------------


def told(text: str, says: str, rules: TurnTaking = TRUSTED) -> FrameCall:
    """A call in which the model has said `says` of the caller's words so far."""
    call = FrameCall(rules)
    call.quiet(60)
    call.partial(text)
    call.quiet(400)
    [turn] = [int(x) for x in call.begun]
    call.step(e.ReplyDelta(turn, says))
    if says == "…":
        call.step(e.ReplyEnded(turn, e.Finish.STOP))
    return call


@pytest.mark.parametrize(
    ("later", "says"),
    [
        ("I need two rooms", UNFINISHED),
        ("I, um, need two rooms.", UNFINISHED),
        ("I need 2 rooms", UNFINISHED),
        ("I need three rooms", AWAITED),
        ("I don't need two rooms", AWAITED),
        ("I need two rooms please", AWAITED),
        ("I need", AWAITED),
        ("um", NOTHING),
    ],
)
def test_a_verdict_goes_with_the_words(later: str, says: ModelSays) -> None:
    """The same words in another form keep it. Others drop it, and the model is asked about those, at once or later."""
    call = told("I need two rooms", "…")
    call.partial(later)
    assert call.call._listening.wait.model is (says or (NOTHING if later == "um" else AWAITED))
    call.quiet(180 if says is AWAITED else 20)
    assert call.call._listening.wait.model is says
    assert len(call.begun) == 1 + (says is AWAITED)


def test_a_reply_that_begins_with_dots_is_a_reply() -> None:
    """As long as its text may become an ellipsis, nothing is known."""
    call = told("I need two rooms", "..")
    assert call.call._listening.wait.model is AWAITED
    call.step(e.ReplyDelta(call.begun[0], ". and when?"))
    assert call.call._listening.wait.model is FINISHED


def test_a_tool_first_means_that_the_caller_has_finished() -> None:
    """It is evidence, and the tool does not run before the decision."""
    call = FrameCall(TRUSTED)
    call.quiet(60)
    call.partial("I need two rooms")
    call.quiet(200)
    [turn] = call.begun
    call.step(e.ToolWanted(turn, "call_1", "book", "{}"))
    assert call.call._listening.wait.model is FINISHED
    sim = Simulator(Policy(turn_taking=TRUSTED), lambda history: [CallTool("book"), "Done."])
    end = sim.says(500, HALF)
    sim.run(end + 3_000)
    assert sim.actions(a.RunTool)[0][0] >= decided(sim)[0]


@pytest.mark.parametrize("event", [e.ReplyFailed, e.ReplyEnded])
def test_a_trial_that_fails_or_is_empty_says_nothing(event: type[e.ReplyFailed | e.ReplyEnded]) -> None:
    """And is not awaited any longer."""
    call = told("I need two rooms", "")
    [turn] = call.begun
    call.step(e.ReplyFailed(turn, "provider_timeout") if event is e.ReplyFailed else e.ReplyEnded(turn, e.Finish.STOP))
    wait = call.call._listening.wait
    assert (wait.model, wait.ms, wait.verdict_ms) == (NOTHING, waits(LIKELY, NOTHING).ms, 0)


# --- what it costs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "late_ms", "begins_ms"),
    [
        # As soon as the last words have come...
        ("that depends", 20, 80),
        ("I need two rooms", 20, 80),
        ("my number is 555", 20, 80),
        ("my number is", 20, 80),
        # ... or cannot be expected any more, which takes less for a thought that looks complete.
        ("I need two rooms", 0, 280),
        ("that depends", 0, 280),
        ("yes please", 0, 200),
        ("yes please", 20, 80),
    ],
)
def test_when_a_trusted_model_is_asked(text: str, late_ms: int, begins_ms: int) -> None:
    call = FrameCall(TRUSTED)
    call.quiet(late_ms)
    call.partial(text)
    call.quiet(1_400 - late_ms)
    assert call.speculations[:1] == [begins_ms]


def test_trials_that_were_an_ellipsis_are_not_wasted() -> None:
    """They count for neither limit: not for the utterance's, nor for the call's."""
    rules = TRUSTED.tuned(speculations=1, speculations_finished=0, speculations_wasted=0)
    call = FrameCall(rules)
    call.quiet(60)
    for count, text in enumerate(("I need two", "I need two rooms", "I need two rooms for", "I need two rooms for me")):
        call.partial(text)
        call.quiet(20)
        while len(call.begun) == count:
            call.quiet(20)
            assert call.silence_ms < 2_000
        call.step(e.ReplyDelta(call.begun[-1], "..."))
        call.step(e.ReplyEnded(call.begun[-1], e.Finish.STOP))
        call.voice(4)
    assert [what for what, _ in call.log] == ["begun", "dropped"] * 4


# --- in hindsight ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "unfinished", "judged"),
    [
        (asks(HALF).waits(1.0).says(REST).waits(5), breaks_off, [("unfinished", True), ("finished", False)]),
        (asks(HALF).waits(4), breaks_off, [("unfinished", False)]),
        (asks(HALF).waits(4), lambda text: False, [("finished", False)]),
        (asks(HALF).waits(1.3).says(REST).waits(5), lambda text: False, [("finished", True), ("finished", False)]),
        (asks(HALF).waits(1.0).coughs(120).waits(4), breaks_off, [("unfinished", False)]),
        (asks(HALF).waits(0.7).coughs(260).waits(4), breaks_off, [("unfinished", False)]),
        (asks(HALF).waits(1.0).says("mm-hm").waits(4), lambda text: False, [("finished", False)]),
    ],
)
def test_what_turns_out_of_a_verdict(script: CallerScript, unfinished: object, judged: list[tuple[str, bool]]) -> None:
    """The caller's voice and other words within 1.5 s show that they had not finished; a sound does not."""
    assert callable(unfinished)
    sim = Simulator(
        Policy(turn_taking=TRUSTED),
        lambda history: ["Yes."],
        unfinished=lambda history: unfinished(last_words(history)),
    )
    script.play(sim)
    assert [(str(x["says"]), bool(x["went_on"])) for _, x in sim.explained(d.ModelJudged)] == judged
