"""When a speculation begins, is dropped and is used: the words, the silence after them, and its limits.

The call is fed frame by frame: every frame of voice completes a detector window, and the silence is exact.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.language.registry import language_for
from telephony.core.policy import Policy, TurnTaking
from telephony.core.turn_taking.endpointing import Endpointing
from telephony.core.turn_taking.judgement import Evidence
from telephony.testing.recorded_stt import Partial
from telephony.testing.simulator import CallTool
from tests.core.calls import asks, play

RULES = TurnTaking()
FLAT = RULES.tuned(shortest_wait_ms=380, longest_wait_ms=380)
"""The same wait whatever the words."""
SPECULATIONS: dict[type[d.Decided], str] = {
    d.SpeculationBegun: "begun", d.SpeculationDropped: "dropped", d.SpeculationUsed: "used",
}  # fmt: skip


class FrameCall:
    """A call whose caller has spoken for 400 ms. `log`: each decision about a speculation, with the silence in ms;
    `begun`: the turn of each."""

    def __init__(self, rules: TurnTaking = RULES) -> None:
        self.call = Conversation(Policy(turn_taking=rules))
        self.log: list[tuple[str, int]] = []
        self.begun: list[int] = []
        self._now = self.silence_ms = 0
        self.step(e.CallStarted("MZ1"))
        self.voice(20)

    def step(self, event: e.Event) -> None:
        for action in self.call.step(event, self._now):
            if isinstance(action, d.Decided) and type(action) in SPECULATIONS:
                self.log.append((SPECULATIONS[type(action)], self.silence_ms))
                self.begun += [action.turn] if isinstance(action, d.SpeculationBegun) else []

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
        self.step(e.TranscriptUpdated("", text))

    @property
    def speculations(self) -> list[int]:
        """The silence in ms at which each speculation began."""
        return [ms for what, ms in self.log if what == "begun"]


def begins(text: str, late_ms: int = 0, rules: TurnTaking = RULES) -> int | None:
    """The silence in ms at which the speculation for `text` begins, or None. `late_ms`: the lag of its words."""
    call = FrameCall(rules)
    call.quiet(late_ms)
    call.partial(text)
    call.quiet(1_400 - late_ms)
    return next(iter(call.speculations), None)


def wait(text: str, rules: TurnTaking = RULES) -> int:
    """The silence in ms that ends the turn after `text`, in whole frames."""
    return -(-Endpointing(rules, language_for("en")).wait(Evidence(text)).ms // 20) * 20


# --- beginning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "late_ms", "begins_ms"),
    [
        # Finished: soon after its last words have arrived, or when no new ones have arrived for a while.
        ("yes please", 0, 200),
        ("yes please", 20, 80),
        ("yes please", 60, 80),
        ("yes please", 120, 120),
        ("yes please", 240, 240),
        # Others: earlier than the end of the turn by the time that a reply takes.
        ("that depends", 0, wait("that depends") - 560),
        ("that depends", 20, wait("that depends") - 560),
        ("my number is", 20, wait("my number is") - 560),
        ("my number is 555", 20, 1_100 - 560),
        ("that depends", 600, 600 + max(0, wait("that depends") - 560 - 380)),  # the silence since its words,
        # No words to answer.
        ("um", 20, None),
        ("", 20, None),
    ],
)
def test_when_a_speculation_begins(text: str, late_ms: int, begins_ms: int | None) -> None:
    """The time depends on the wait that endpointing gives the text."""
    assert begins(text, late_ms) == begins_ms


@pytest.mark.parametrize(
    ("changed", "text", "late_ms", "begins_ms"),
    [
        ({"speculate": "off"}, "yes please", 20, None),
        ({"speculate": "llm"}, "yes please", 20, 80),
        ({"speculate_after_ms": 140}, "yes please", 20, 140),
        ({"speculate_after_ms": 800}, "that depends", 20, 800),
        ({"speculate_at_latest_ms": 260}, "yes please", 0, 260),
        ({"speculate_at_latest_ms": 800}, "that depends", 0, 800),
        ({"speculate_lead_ms": 500}, "that depends", 20, wait("that depends") - 500),
        ({"speculate_lead_ms": 2_000}, "that depends", 20, wait("that depends") - 800),
        ({"speculate_lead_ms": 2_000, "speculate_most_ms": 1_400}, "that depends", 20, 80),
        ({"shortest_wait_ms": 840}, "yes please", 20, 80),
    ],
)
def test_speculation_settings(changed: dict[str, int | str], text: str, late_ms: int, begins_ms: int | None) -> None:
    """Each setting that decides when a speculation begins."""
    assert begins(text, late_ms, RULES.tuned(**changed)) == begins_ms  # type: ignore[arg-type]  # names and values


def test_a_speculation_waits_for_transcripts_that_usually_come_late() -> None:
    """When transcripts lag the voice by 300 ms, the speculation for text that may continue begins no earlier."""
    call = FrameCall(RULES.tuned(speculate_lead_ms=1_000, speculate_most_ms=1_000))
    call.quiet(300)
    call.partial("yes")
    call.step(e.TranscriptUpdated("yes", "", 1))
    call.quiet(800)  # answered
    assert [what for what, _ in call.log] == ["begun", "used"]
    call.step(e.ReplyDelta(1, "All right. "))
    call.voice(20)
    call.partial("no wait that depends")  # the agent is cut off
    call.quiet(400)
    assert call.speculations[1:] == [300]


@pytest.mark.parametrize(
    ("how", "final", "lead_ms"),
    [
        ("speech", "that depends", 700),
        ("speech", "it depends", 700),
        ("llm", "that depends", 560),
        ("llm", "it depends", 700),
    ],
)
def test_slow_replies_are_prepared_sooner(how: str, final: str, lead_ms: int) -> None:
    """The lead grows to the time from asking the model to the first audio, here 700 ms, of a reply that was begun when
    the turn was over as well as of a speculation; but not if the speech of that had to wait until the turn was over."""
    call = FrameCall(replace(RULES, speculate=how, speculations=1))
    call.partial("that depends")
    ms = wait("that depends")
    call.quiet(ms - 40)
    assert call.speculations == [ms - 560]
    call.step(e.TranscriptUpdated(final, "", 1))
    call.quiet(40)
    turn, begun = (1, ms - 560) if final == "that depends" else (2, ms)
    call.quiet(begun + 700 - ms)
    call.step(e.ReplyDelta(turn, "All right. "))
    call.step(e.SpeechAudio(turn, 1, b"\x55" * 800))
    call.voice(20)
    call.partial("wait I mean")  # the agent is cut off
    call.quiet(800)
    assert call.speculations[1:] == [wait("wait I mean") - lead_ms]


# --- the end of a speculation ---------------------------------------------------------------------------------------


def test_the_same_meaning_keeps_a_speculation() -> None:
    """Fillers, case and digits do not change the meaning."""
    call = FrameCall()
    call.quiet(100)
    for text in ("four please", "um four please", "Four, please.", "4 please"):
        call.partial(text)
    call.quiet(100)
    assert call.log == [("begun", 100)]


def test_other_words_drop_a_speculation_and_begin_another() -> None:
    """Both happen when the new words arrive."""
    call = FrameCall()
    call.quiet(100)
    call.partial("four please")
    call.quiet(40)
    call.partial("five please")
    call.quiet(40)  # nothing more follows from the same words
    assert call.log == [("begun", 100), ("dropped", 140), ("begun", 140)]


def test_other_words_while_the_caller_speaks_drop_a_speculation() -> None:
    """No other begins until there is silence again."""
    call = FrameCall()
    call.quiet(100)
    call.partial("four please")
    call.voice(1)
    call.partial("four please and")
    assert call.log == [("begun", 100), ("dropped", 0)]
    call.quiet(100)
    assert call.log[2:] == []


def test_a_partial_that_becomes_empty_drops_a_speculation() -> None:
    """A filler alone leaves nothing to answer."""
    call = FrameCall()
    call.quiet(100)
    call.partial("four please")
    call.partial("um")
    call.quiet(800)
    assert call.log == [("begun", 100), ("dropped", 100)]


def test_a_speculation_is_used_when_its_turn_is_decided() -> None:
    """It is used for a final with the same meaning; otherwise it is dropped and another reply requested."""
    for final, became in (("Four, please.", "used"), ("five please", "dropped")):
        call = FrameCall(FLAT)
        call.quiet(100)
        call.partial("four please")
        call.quiet(280)
        call.step(e.TranscriptUpdated(final, "", 1))
        call.quiet(20)
        assert [what for what, _ in call.log][:2] == ["begun", became]


# --- limits ---------------------------------------------------------------------------------------------------------


def spend(call: FrameCall, text: str, times: int) -> int:
    """How many speculations begin when `text` arrives repeatedly, each time with another word."""
    before = len(call.speculations)
    for number in range(times):
        call.partial(text.format("abcdefghijklm"[number] + "word"))
    return len(call.speculations) - before


def test_the_limit_of_speculations_for_one_utterance() -> None:
    """Three, and two more for finished text only."""
    call = FrameCall(RULES.tuned(speculate_lead_ms=1_000, speculate_most_ms=1_000))
    call.quiet(600)
    assert spend(call, "thing {}", 6) == 3
    assert spend(call, "thing {} please", 6) == 2
    call = FrameCall(FLAT)
    call.quiet(100)
    assert spend(call, "thing {} please", 8) == 5
    call.quiet(300)
    assert spend(call, "thing {}", 3) == 0


def test_speculations_are_counted_for_each_utterance() -> None:
    """The count starts again with the next utterance, even if it has the same words."""
    call = FrameCall(FLAT.tuned(speculations=1, speculations_finished=0))
    call.quiet(100)
    call.partial("four please")
    call.quiet(280)
    call.step(e.TranscriptUpdated("four please", "", 1))
    call.quiet(1_000)
    before = len(call.speculations)
    call.voice(20)
    call.quiet(100)
    call.partial("four please")
    assert len(call.speculations) == before + 1


@pytest.mark.parametrize("wasted", [0, 1, 3])
def test_wasted_speculations_of_a_call(wasted: int) -> None:
    """Speculation stops when the wasted ones exceed the used ones by more than the limit."""
    call = FrameCall(RULES.tuned(speculations=20, speculations_wasted=wasted))
    call.quiet(100)
    assert spend(call, "thing {} please", 8) == wasted + 1


def test_a_used_speculation_earns_another() -> None:
    """A used speculation makes up for a wasted one."""
    policy = Policy(turn_taking=RULES.tuned(speculations=20, speculations_wasted=0))
    sim = play(asks("what time do you open").waits(5), ["We open at nine."], policy)
    assert len(sim.explained(d.SpeculationUsed)) == len(sim.explained(d.SpeculationBegun)) == 1
    sim.faults.no_partials = sim.faults.no_finals = True
    end = sim.says(sim.now + 20, "something else")
    for number, text in enumerate("one two three four five six".split()):
        sim.at(end + 120 + number, Partial(f"thing {text} please"))
    sim.run(end + 200)
    assert len(sim.explained(d.SpeculationBegun)) == 1 + 2


def test_no_speculation_while_a_reply_is_pending() -> None:
    """Nor while a tool of an interrupted reply is still running, or the call is about to end."""
    call = FrameCall(FLAT)
    call.quiet(100)
    call.partial("yes please")
    call.quiet(280)
    call.step(e.TranscriptUpdated("yes please", "", 1))
    call.quiet(20)
    assert call.log[-1][0] == "used"
    call.step(e.TranscriptUpdated("", "mhm okay"))
    call.quiet(300)
    assert len(call.speculations) == 1
    busy = play(
        asks("book it for me please").interrupts("wait I need two rooms", 0.6).waits(1),
        ["One moment please, I am looking. ", CallTool("book"), "It is booked."],
        tool=6_000,
    )
    assert busy.explained(d.Cut)
    assert len(busy.explained(d.SpeculationBegun)) == 1
    call = FrameCall()
    call.step(e.EndRequested("goodbye"))
    call.quiet(100)
    call.partial("yes please")
    call.quiet(200)
    assert call.speculations == []
