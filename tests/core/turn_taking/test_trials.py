"""When a reply on trial begins, is dropped, and is adopted: the words, the silence behind them, and what it may cost.

The call is fed frame by frame: every frame of voice completes a detector window, and the silence is exact.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.simulator import Calls
from tests.core.timeline import play

RULES = TurnTaking()
TRIALS: dict[type[d.Decided], str] = {
    d.SpeculationBegun: "begun", d.SpeculationDropped: "dropped", d.SpeculationUsed: "used",
}  # fmt: skip


class Line:
    """A call whose caller spoke for 400 ms. `log`: what became of trials, and at which silence in ms."""

    def __init__(self, rules: TurnTaking = RULES) -> None:
        self.call = Conversation(Policy(turn_taking=rules))
        self.log: list[tuple[str, int]] = []
        self._now = self.silence_ms = 0
        self.step(e.CallStarted("MZ1"))
        self.voice(20)

    def step(self, event: e.Event) -> None:
        for action in self.call.step(event, self._now):
            if isinstance(action, d.Decided) and type(action) in TRIALS:
                self.log.append((TRIALS[type(action)], self.silence_ms))

    def voice(self, windows: int) -> None:
        for _ in range(windows):
            self._now, self.silence_ms = self._now + 20, 0
            self.step(e.AudioReceived(b"\xff" * 160, self._now, 950, -200))

    def quiet(self, ms: int) -> None:
        assert ms % 20 == 0
        for _ in range(ms // 20):
            self._now, self.silence_ms = self._now + 20, self.silence_ms + 20
            self.step(e.AudioReceived(b"\xff" * 160, self._now, 10, -700))

    def partial(self, text: str) -> None:
        self.step(e.TranscriptPartial(text))

    @property
    def trials(self) -> list[int]:
        """The silence at which each began."""
        return [ms for what, ms in self.log if what == "begun"]


def begins(text: str, late_ms: int = 0, rules: TurnTaking = RULES) -> int | None:
    """The silence at which the trial for `text` begins, when its words come `late_ms` behind the voice."""
    line = Line(rules)
    line.quiet(late_ms)
    line.partial(text)
    line.quiet(1_400 - late_ms)
    return next(iter(line.trials), None)


# --- beginning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "late_ms", "begins_ms"),
    [
        # Finished: soon after its last words have come, or when none have come for a while.
        ("yes please", 0, 200),
        ("yes please", 20, 80),
        ("yes please", 60, 80),
        ("yes please", 120, 120),
        ("yes please", 240, 240),
        # Others: as long before their end as a reply takes.
        ("I need two rooms", 0, 840 - 560),
        ("I need two rooms", 20, 840 - 560),
        ("that depends", 0, 940 - 560),
        ("my number is", 20, 1_300 - 560),
        ("my number is 555", 20, 1_100 - 560),
        ("that depends", 600, 600),
        # Nothing has been said.
        ("um", 20, None),
        ("", 20, None),
    ],
)
def test_when_a_trial_begins(text: str, late_ms: int, begins_ms: int | None) -> None:
    """By how long the silence would be waited for."""
    assert begins(text, late_ms) == begins_ms


@pytest.mark.parametrize(
    ("changed", "text", "late_ms", "begins_ms"),
    [
        ({"speculate": "off"}, "yes please", 20, None),
        ({"speculate": "llm"}, "yes please", 20, 80),
        ({"speculate_after_ms": 140}, "yes please", 20, 140),
        ({"speculate_after_ms": 400}, "that depends", 20, 400),
        ({"speculate_at_latest_ms": 260}, "yes please", 0, 260),
        ({"speculate_at_latest_ms": 500}, "that depends", 0, 500),
        ({"speculate_lead_ms": 500}, "that depends", 20, 440),
        ({"speculate_lead_ms": 2_000}, "that depends", 20, 940 - 800),
        ({"speculate_lead_ms": 2_000, "speculate_most_ms": 900}, "that depends", 20, 80),
        ({"finished_ms": 840}, "I need two rooms", 20, 80),
        ({"finished_ms": 840}, "that depends", 20, 380),
    ],
)
def test_what_each_number_does(changed: dict[str, int | str], text: str, late_ms: int, begins_ms: int | None) -> None:
    """Of those that decide when a trial begins."""
    assert begins(text, late_ms, replace(RULES, **changed)) == begins_ms  # type: ignore[arg-type]  # names and values


def test_a_trial_waits_for_words_that_usually_come_late() -> None:
    """With ears that give words 300 ms after the voice a thought that may go on is not answered sooner."""
    line = Line(replace(RULES, speculate_lead_ms=800))
    line.quiet(300)
    line.partial("yes")
    line.step(e.TranscriptFinal(1, "yes"))
    line.quiet(200)  # answered
    assert [what for what, _ in line.log] == ["begun", "used"]
    line.step(e.ReplyDelta(1, "All right. "))
    line.voice(20)
    line.partial("no wait that depends")  # the agent is cut off
    line.quiet(400)
    assert line.trials[1:] == [300]


# --- the end of a trial ---------------------------------------------------------------------------------------------


def test_the_same_meaning_keeps_a_trial() -> None:
    """Fillers, case and figures change nothing."""
    line = Line()
    line.quiet(100)
    for text in ("four please", "um four please", "Four, please.", "4 please"):
        line.partial(text)
    line.quiet(100)
    assert line.log == [("begun", 100)]


def test_other_words_drop_a_trial_and_begin_another() -> None:
    """At once, as they come."""
    line = Line()
    line.quiet(100)
    line.partial("four please")
    line.quiet(40)
    line.partial("five please")
    assert line.log == [("begun", 100), ("dropped", 140), ("begun", 140)]


def test_other_words_while_the_caller_speaks_drop_a_trial() -> None:
    """Nothing is begun before there is silence again."""
    line = Line()
    line.quiet(100)
    line.partial("four please")
    line.voice(1)
    line.partial("four please and")
    assert line.log == [("begun", 100), ("dropped", 0)]
    line.quiet(100)
    assert line.log[2:] == []


def test_words_that_turn_out_to_be_none_drop_a_trial() -> None:
    """There is nothing to answer."""
    line = Line()
    line.quiet(100)
    line.partial("four please")
    line.partial("um")
    line.quiet(800)
    assert line.log == [("begun", 100), ("dropped", 100)]


def test_a_trial_is_adopted_when_its_turn_is_decided() -> None:
    """For the very words that it answers; for others it is dropped and the model asked anew."""
    for final, became in (("Four, please.", "used"), ("five please", "dropped")):
        line = Line()
        line.quiet(100)
        line.partial("four please")
        line.quiet(280)
        line.step(e.TranscriptFinal(1, final))
        line.quiet(20)
        assert [what for what, _ in line.log][:2] == ["begun", became]


# --- what it may cost -----------------------------------------------------------------------------------------------


def spend(line: Line, text: str, times: int) -> int:
    """How many trials `text` begins, each time with another word."""
    before = len(line.trials)
    for number in range(times):
        line.partial(text.format("abcdefghijklm"[number] + "word"))
    return len(line.trials) - before


def test_trials_for_one_utterance() -> None:
    """Three, and two more that only finished thoughts may have."""
    line = Line()
    line.quiet(400)
    assert spend(line, "thing {}", 6) == 3
    assert spend(line, "thing {} please", 6) == 2
    line = Line()
    line.quiet(100)
    assert spend(line, "thing {} please", 8) == 5
    line.quiet(300)
    assert spend(line, "thing {}", 3) == 0


def test_trials_are_counted_for_each_utterance() -> None:
    """The next one has its own, and may say the same."""
    line = Line(replace(RULES, speculations=1, speculations_finished=0))
    line.quiet(100)
    line.partial("four please")
    line.step(e.TranscriptFinal(1, ""))
    line.quiet(1_000)
    before = len(line.trials)
    line.voice(20)
    line.quiet(100)
    line.partial("four please")
    assert len(line.trials) == before + 1


@pytest.mark.parametrize("wasted", [0, 1, 3])
def test_wasted_trials_of_a_call(wasted: int) -> None:
    """When so many more have been wasted than used there are no more."""
    line = Line(replace(RULES, speculations=20, speculations_wasted=wasted))
    line.quiet(100)
    assert spend(line, "thing {} please", 8) == wasted + 1


def test_a_used_trial_earns_another() -> None:
    """One that was used makes up for one that was wasted."""
    policy = Policy(turn_taking=replace(RULES, speculations=20, speculations_wasted=0))
    sim = play("0.5 caller what time do you open\n +5 end", ["We open at nine."], policy)
    assert len(sim.explained(d.SpeculationUsed)) == len(sim.explained(d.SpeculationBegun)) == 1
    sim.faults.no_partials = sim.faults.no_finals = True
    end = sim.says(sim.now + 20, "something else")
    for number, text in enumerate("one two three four five six".split()):
        sim.at(end + 120 + number, e.TranscriptPartial(f"thing {text} please"))
    sim.run(end + 200)
    assert len(sim.explained(d.SpeculationBegun)) == 1 + 2


def test_nothing_is_tried_while_a_reply_is_on_its_way() -> None:
    """Nor when a tool of an interrupted one still runs, or the call is about to end."""
    line = Line()
    line.quiet(100)
    line.partial("yes please")
    line.quiet(280)
    line.step(e.TranscriptFinal(1, "yes please"))
    line.quiet(20)
    assert line.log[-1][0] == "used"
    line.step(e.TranscriptPartial("mhm okay"))
    line.quiet(300)
    assert len(line.trials) == 1
    busy = play(
        "0.5 caller book it for me please\n a+0.6 caller wait I need two rooms\n +1 end",
        ["One moment please, I am looking. ", Calls("book"), "It is booked."],
        tool=6_000,
    )
    assert busy.explained(d.Cut)
    assert len(busy.explained(d.SpeculationBegun)) == 1
    line = Line()
    line.step(e.EndRequested("goodbye"))
    line.quiet(100)
    line.partial("yes please")
    line.quiet(200)
    assert line.trials == []
