"""Rehearsals: without changes they equal the tape, with other rules they predict what the call would have been."""

from __future__ import annotations

import random
import weakref
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from telephony.cli.commands import app
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.policy import Policy, TurnTaking
from telephony.tape.choose import find
from telephony.tape.codec import BadTape
from telephony.tape.compare import moments, rows, totals
from telephony.tape.format import Header
from telephony.tape.reader import Tape, read
from telephony.tape.rehearsal.rehearse import Rehearsal, rehearse, with_settings
from telephony.tape.rehearsal.report import changed, rehearse_all
from telephony.tape.replay import replay
from telephony.testing.simulator import CallTool, Part, Simulator, last_words
from tests.tape.calls import GREETING, LONG, conversation, replies, steps, tape


def taped(sim: Simulator) -> Tape:
    made = steps(sim)
    return Tape(Path("call"), Header(policy=sim.policy), made, ended=True, whole=len(made))


def rehearsed(tape: Tape, *settings: str) -> Rehearsal:
    return rehearse(tape, changed(tape.header, settings, None, None))


def ruled(rules: TurnTaking) -> Policy:
    return replace(GREETING, turn_taking=rules)


@pytest.mark.parametrize("speculate", ["off", "llm", "speech"])
def test_an_unchanged_rehearsal_is_the_tape(speculate: str) -> None:
    """Step for step: interruptions, tools, keys, speculations, marks, deadlines."""
    tape = taped(conversation(ruled(TurnTaking(speculate=speculate))))
    done = rehearsed(tape)
    assert done.steps == tape.steps
    assert (done.diverged_ms, done.made_up) == (None, 0)


def test_what_the_model_said_of_the_words_is_on_the_tape() -> None:
    """A rehearsal gives it as the tape has it; by the rules alone, the model's other reply is the answer."""
    sim = Simulator(GREETING, replies, unfinished=lambda history: "opening" in last_words(history))
    sim.says(3_000, "what are your opening hours on")
    call = taped(sim.run(12_000))
    assert replay(call).same
    done = rehearsed(call)
    assert (done.steps, done.made_up) == (call.steps, 0)
    for rules in ("turn_taking.completeness=rules", "turn_taking.speculate=off"):
        others = rehearsed(call, rules)
        assert not any(isinstance(x, d.Apologised) for step in others.steps for x in step.actions)
        assert others.made_up == 0


SAID = ("what are your opening hours", "wait", "yes", "i want to", "book a table for four please", "mm-hm")
FAULTS = ("", "no_finals", "no_partials", "tts_fails", "no_alignment", "marks_lost", "tts_silent_once", "llm_hangs")


@pytest.mark.parametrize("seed", range(12))
def test_the_unchanged_rehearsal_of_any_call_is_the_call(seed: int) -> None:
    """Random callers, latencies and faults: the tape alone is enough to model the outside world."""
    rng = random.Random(seed)

    def answer(history: History) -> list[Part]:
        chosen = rng.choice((LONG, "All right. What else?", "Sure. ", ""))
        return [chosen, CallTool("book_table", {}, "ok"), "Done."] if rng.random() < 0.3 else [chosen]

    sim = Simulator(
        ruled(TurnTaking(speculate=rng.choice(("off", "llm", "speech")))), answer, phrases=rng.random() < 0.8
    )
    for latency in fields(sim.latencies):
        setattr(sim.latencies, latency.name, rng.choice((5, 20, 120, 250, 700)))
    if fault := FAULTS[seed % len(FAULTS)]:
        setattr(sim.faults, fault, True)
    at = 1_500
    while at < 20_000:
        at = rng.choice((lambda: sim.says(at, rng.choice(SAID)), lambda: sim.coughs(at, rng.choice((100, 500)))))()  # noqa: B023  (called at once)
        sim.at(at + 200, e.KeyPressed(rng.choice("12#")), lambda: rng.random() < 0.1)
        at += rng.choice((300, 700, 1_500, 4_000))
    tape = taped(sim.run(25_000))
    assert rehearsed(tape).steps == tape.steps


def test_a_reply_cancelled_before_its_first_word_does_not_come_earlier() -> None:
    """The latency of a cancelled reply is not on the tape; it was at least the time until the cancellation."""
    sim = Simulator(GREETING, replies)
    sim.latencies.first_token = 1_400
    sim.says(3_000, "what are your")
    sim.says(5_000, "opening hours please")
    tape = taped(sim.run(15_000))
    assert rehearsed(tape).steps == tape.steps
    eager = rehearsed(tape, "turn_taking=eager")
    assert not [x for s in eager.steps for x in s.actions if isinstance(x, d.Apologised)]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (TurnTaking(), TurnTaking().tuned(shortest_wait_ms=900, likely_ms=900)),
        (TurnTaking().tuned(shortest_wait_ms=900, likely_ms=900), TurnTaking()),
        (TurnTaking(), TurnTaking(speculate="off")),
        (TurnTaking(speculate="off"), TurnTaking()),
    ],
)
def test_a_rehearsal_predicts_the_call(then: TurnTaking, now: TurnTaking) -> None:
    """The rehearsal of a tape with other rules matches a real call with those rules."""
    real = taped(conversation(ruled(now)))
    predicted = rehearse(taped(conversation(ruled(then))), real.header)
    pairs = rows(moments(Rehearsal(real, real.header, real.steps).now), moments(predicted.now))
    assert [row for row in pairs if row.then is None or row.now is None] == []
    assert [row for row in pairs if row.then and row.now and abs(row.then.at - row.now.at) > 60] == []


def test_a_later_answer_is_counted_and_the_comparison_goes_on() -> None:
    """The caller heard the same before each of their acts, so only the waits differ."""
    sim = Simulator(GREETING, replies)
    sim.says(3_000, "what are your opening hours")
    sim.presses(16_000, "1#")
    sim.says(29_000, "thank you bye")
    done = rehearsed(taped(sim.run(40_000)), "turn_taking.shortest_wait_ms=900")
    assert done.diverged_ms is None
    then, now = totals(done.then, None), totals(done.now, None)
    later = [new - old for old, new in zip(then.answers, now.answers, strict=True)]
    assert min(later) == 0, "keys do not wait for words"
    assert sum(by > 0 for by in later) >= 2
    assert done.now.lines == done.then.lines


def paused(policy: Policy) -> Simulator:
    """A caller who pauses in the middle of a sentence."""
    sim = Simulator(policy, replies)
    sim.says(3_000, "i would like to know something and")
    sim.says(6_400, "what are your opening hours")
    return sim.run(20_000)


def test_an_answer_into_a_pause_is_counted() -> None:
    """The rules would have taken a pause for the end of the turn; the reply to half a sentence is a placeholder."""
    tape = taped(paused(ruled(TurnTaking(longest_wait_ms=2_500))))
    assert totals(rehearsed(tape).then, None).cut_offs == 0
    done = rehearsed(tape, "turn_taking.longest_wait_ms=300")
    assert done.made_up == 1
    assert totals(done.now, done.diverged_ms).cut_offs == 1
    assert ("caller", "i would like to know something and") in done.now.lines


def test_an_avoided_false_alarm_is_counted() -> None:
    """A cough held the agent on the tape; with a later hold it does not, and nothing else changes."""
    sim = Simulator(GREETING, lambda history: [LONG])
    sim.says(3_000, "what are your opening hours")
    sim.coughs(7_000, 250)
    tape = taped(sim.run(25_000))
    done = rehearsed(tape, "turn_taking.hold_after_ms=400")
    then, now = (totals(one, done.diverged_ms) for one in (done.then, done.now))
    assert (then.false_alarms, now.false_alarms) == (1, 0)
    assert done.now.lines == done.then.lines
    assert len(done.now.agent_spans) < len(done.then.agent_spans)


def test_settings_are_found_by_name_or_refused() -> None:
    """Numbers, texts and presets are set by name; anything else is refused."""
    policy = with_settings(Policy(), ["turn_taking.hold_after_ms=300", "limits.filler_ms = 900", "greeting=Hi."])
    assert (policy.turn_taking.hold_after_ms, policy.limits.filler_ms, policy.greeting) == (300, 900, "Hi.")
    assert with_settings(Policy(), ["turn_taking=patient"]).turn_taking == TurnTaking.preset("patient")
    for wrong in ("turn_taking.hold_ms=1", "turn_taking=3", "greeting", "turn_taking.hold_after_ms=x", "expects=1"):
        with pytest.raises(BadTape, match="--set"):
            with_settings(Policy(), [wrong])


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("turn_taking.hold_after_ms=-1", "turn_taking.hold_after_ms is -1; it must be from 0 to 86400000"),
        ("limits.filler_ms=999999999999", "limits.filler_ms is 999999999999; it must be"),
        ("limits.tool_rounds=-3", "limits.tool_rounds is -3; it must be from 0 to 1000"),
        ("turn_taking.voiced_at=5000", "turn_taking.voiced_at is 5000; it must be from 0 to 1000"),
        ("turn_taking.hold_after_ms=٣٠٠", "must be a whole number"),
        ("language=klingon", "language is 'klingon', which is not a language code"),
        ("language=", "language is '', which is not a language code"),
        ("turn_taking.speculate=perhaps", "speculate must be off, llm or speech"),
    ],
)
def test_invalid_settings_are_refused(tmp_path: Path, setting: str, why: str) -> None:
    """A core also runs with a negative wait, and its output would look like a valid result."""
    folder = tape(tmp_path / "call", Simulator(GREETING, replies).run(1_000))
    ran = CliRunner().invoke(app, ["rehearse", str(folder), "--set", setting])
    assert (ran.exit_code, ran.output.count("\n")) == (2, 1)
    assert "--set" in ran.output
    assert why in ran.output


@pytest.mark.parametrize("language", ["de", "pt-BR", "fil", "EN-us"])
def test_languages_are_known_by_their_codes(language: str) -> None:
    """With a region, in any case; three-letter codes are not checked."""
    assert with_settings(Policy(), [f"language={language}"]).language == language


def test_a_folder_is_rehearsed_with_sums_and_new_tapes(tmp_path: Path) -> None:
    """From the command line. The new tapes replay."""
    for name in ("a", "b"):
        tape(tmp_path / "calls" / name)
    ran = CliRunner().invoke(app, ["rehearse", str(tmp_path / "calls")])
    assert (ran.exit_code, ran.output.count(": the same")) == (0, 2)
    command = ["rehearse", str(tmp_path / "calls"), "--set", "turn_taking=patient", "--out", str(tmp_path / "new")]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 1, ran.output
    assert "turn_taking.shortest_wait_ms 380 -> 570" in ran.output
    assert "All 2 calls, 80 s that can be compared:" in ran.output
    assert "wait for an answer, median" in ran.output
    assert [replay(read(one)).same for one in find(tmp_path / "new")] == [True, True]
    ran = CliRunner().invoke(app, [*command[:2], "--set", "turn_taking.speculate=often"])
    assert ran.exit_code == 2


def test_another_agent_is_rehearsed(tmp_path: Path) -> None:
    """Its greeting differs, so the calls diverge at the caller's first word."""
    tape(tmp_path / "call")
    ran = CliRunner().invoke(
        app, ["rehearse", str(tmp_path / "call"), "--agent", "telephony.examples.receptionist:agent"]
    )
    assert ran.exit_code == 1, ran.output
    told = ran.output.split("from here on the caller has heard something else")
    assert len(told) == 2
    assert "agent begins: 'Hello, this is the Blue Door restaurant." in told[0]


def test_a_folder_is_summed_up_as_it_is_read(tmp_path: Path) -> None:
    """A year of calls need not fit into memory: at most three tapes are alive at a time."""
    alive: list[weakref.ref[Tape]] = []

    class Watched(Tape):
        """A tape that can be weakly referenced."""

    def coming() -> Iterator[Tape]:
        sim = Simulator(GREETING, replies)
        sim.says(3_000, "what are your opening hours")
        made = steps(sim.run(8_000))
        for number in range(6):
            one = Watched(Path(f"call{number}"), Header(policy=GREETING), list(made), ended=True, whole=len(made))
            alive.append(weakref.ref(one))
            assert sum(ref() is not None for ref in alive) <= 3
            yield one
            del one

    told: list[str] = []
    assert rehearse_all(coming(), told.append) == 0
    assert "All 6 calls, 48 s that can be compared:" in told
    assert rehearse_all(iter(()), told.append) == 2
