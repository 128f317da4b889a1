"""The engine by itself: what time decides, what order does not, and what never happens."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.conversation import Ended
from telephony.core.events import Event
from telephony.core.history import AgentSaid, CallerSaid, ToolUsed
from telephony.core.managed.bridge import TOOLS_AT_ONCE, Bridge, BridgePolicy
from telephony.core.policy import Limits

A = TypeVar("A", bound=a.Action)

FRAME = e.AudioReceived(b"\xff" * 160, 0, None, -960)
SECOND = b"\x10" * 8_000
OPENED = m.ManagedOpened("conv_1", "ulaw_8000", "ulaw_8000")


class Driven:
    """A bridge with a carrier that plays what it is sent: steps are taken at `now`, deadlines kept."""

    def __init__(self, policy: BridgePolicy | None = None, frames: bool = True) -> None:
        self.bridge = Bridge(policy or BridgePolicy())
        self.now, self.done, self._frames = 0, list[a.Action](), frames
        self._plays_ms, self._marks = 0, list[tuple[int, str]]()

    def step(self, event: Event) -> None:
        for action in self.bridge.step(event, self.now):
            self.done.append(action)
            match action:
                case a.SendAudio(pcmu):
                    self._plays_ms = max(self._plays_ms, self.now) + len(pcmu) // 8
                case a.SendMark(name):
                    self._marks.append((self._plays_ms, name))
                case a.ClearPlayout():
                    self._plays_ms, self._marks = self.now, [(self.now, name) for _, name in self._marks]

    def run(self, ms: int) -> None:
        """Time passes: marks come back, frames come, deadlines are kept."""
        until = self.now + ms
        while self.now < until and self.bridge.ended is None:
            self.now += 1
            while self._marks and self._marks[0][0] <= self.now:
                self.step(e.MarkReached(self._marks.pop(0)[1]))
            if self._frames and self.now % 20 == 0:
                self.step(FRAME)
            if self.bridge.deadline is not None and self.bridge.deadline <= self.now:
                self.step(e.TimeReached(self.bridge.deadline))

    def of(self, kind: type[A]) -> list[A]:
        return [action for action in self.done if isinstance(action, kind)]


def begun(policy: BridgePolicy | None = None, frames: bool = True) -> Driven:
    driven = Driven(policy, frames)
    driven.step(e.CallStarted("MZ1"))
    driven.step(OPENED)
    return driven


def test_audio_waits_for_the_stream() -> None:
    """What the platform sends before the carrier's stream is known is kept, and played first."""
    driven = Driven()
    driven.step(OPENED)
    driven.step(m.ManagedAudio(1, b"\x01" * 800))
    driven.step(m.ManagedAudio(1, b"\x02" * 805))
    assert driven.of(a.SendAudio) == []
    driven.step(e.CallStarted("MZ1"))
    driven.run(300)
    sent = b"".join(action.pcmu for action in driven.of(a.SendAudio))
    assert sent == b"\x01" * 800 + b"\x02" * 805 + b"\xff" * 155  # the last frame is made whole, before it runs dry


def test_audio_waits_for_the_formats() -> None:
    """Nothing is played before the platform has told its formats: in a wrong one it would be noise."""
    for opened in (OPENED, m.ManagedOpened("conv_1", "ulaw_8000", "pcm_16000")):
        driven = Driven()
        driven.step(e.CallStarted("MZ1"))
        driven.step(m.ManagedAudio(1, SECOND))
        driven.run(300)
        assert driven.of(a.SendAudio) == []
        driven.step(opened)
        driven.run(1_200)
        assert sum(len(x.pcmu) for x in driven.of(a.SendAudio)) == (8_000 if opened is OPENED else 0)


def test_an_absurd_number_silences_nobody() -> None:
    """An interruption far beyond every id that was seen is of all that came, and of nothing to come."""
    driven = begun()
    driven.step(m.ManagedAudio(3, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(10**12))
    assert driven.of(a.ClearPlayout) == [a.ClearPlayout()]
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(3, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    driven.step(m.ManagedAudio(4, SECOND))
    assert len(driven.of(a.SendAudio)) > before


def test_only_so_many_tools_run_at_once() -> None:
    """Beyond that the agent is told so at once; when one is done there is room again."""
    driven = begun()
    for number in range(TOOLS_AT_ONCE + 2):
        driven.step(e.ToolWanted(1, f"call_{number}", "book", "{}"))
    assert len(driven.of(a.RunTool)) == TOOLS_AT_ONCE
    refused = driven.of(m.AnswerTool)
    assert [(x.tool_call_id, x.failed) for x in refused] == [(f"call_{TOOLS_AT_ONCE + n}", True) for n in (0, 1)]
    driven.step(e.ToolFinished(1, "call_0", "done"))
    driven.step(e.ToolWanted(1, "call_x", "book", "{}"))
    assert driven.of(a.RunTool)[-1] == a.RunTool(1, "call_x")


def test_stale_audio_is_dropped_by_its_number() -> None:
    """At or below the interruption's id: never; above: played."""
    driven = begun()
    driven.step(m.ManagedAudio(3, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(4))
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(3, SECOND))
    driven.step(m.ManagedAudio(4, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    driven.step(m.ManagedAudio(5, SECOND))
    assert len(driven.of(a.SendAudio)) > before
    assert driven.of(a.ClearPlayout) == [a.ClearPlayout()]


def test_without_numbers_an_interruption_is_of_all_that_came() -> None:
    """A platform that tells no event ids: the agent is silenced, and can be heard afterwards."""
    driven = begun()
    driven.step(m.ManagedAudio(3, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(0))
    assert driven.of(a.ClearPlayout) == [a.ClearPlayout()]
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(3, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    driven.step(m.ManagedAudio(0, SECOND))
    assert len(driven.of(a.SendAudio)) > before


def test_a_correction_that_comes_late_still_corrects_the_history() -> None:
    """The record has been told by then; what a pipeline would be given has not."""
    driven = begun(BridgePolicy(fallback=True))
    driven.step(m.ManagedSaid(1, "One two three four."))
    driven.step(m.ManagedAudio(1, SECOND))
    driven.run(300)
    driven.step(m.ManagedInterrupted(1))
    driven.run(3_000)
    driven.step(m.ManagedCorrected(1, "One two three four.", "One two"))
    driven.step(m.ManagedHeard(2, "stop"))
    driven.step(m.ManagedClosed(1011, "managed_unavailable"))
    [switch] = driven.of(m.SwitchTo)
    assert isinstance(switch, m.SwitchTo)
    assert switch.history == (AgentSaid("One two", True), CallerSaid("stop"))


def test_a_tool_under_way_is_known_to_whoever_takes_over() -> None:
    """It may have acted: the next model is told, with what was asked for."""
    driven = begun(BridgePolicy(fallback=True))
    driven.step(e.ToolWanted(1, "call_1", "book", '{"day": "friday"}'))
    driven.step(m.ManagedClosed(1006, "managed_lost"))
    [switch] = driven.of(m.SwitchTo)
    assert isinstance(switch, m.SwitchTo)
    [used] = switch.history
    assert isinstance(used, ToolUsed)
    assert (used.name, used.arguments) == ("book", '{"day": "friday"}')
    assert "not known" in used.result


def test_an_interrupted_turn_without_its_text_is_known_by_its_alignment() -> None:
    """The text of a turn may never come; the characters that came with the audio say what was heard."""
    driven = begun()
    text = "One two three four five"
    driven.step(m.ManagedAudio(1, SECOND * 3, text, tuple(130 * (i + 1) for i in range(len(text)))))
    driven.run(1_500)
    driven.step(m.ManagedInterrupted(1))
    driven.run(3_000)
    assert a.LineAdded("agent", "One two", 1, True) in driven.done


def test_the_last_word_is_heard_however_the_agent_ends_it() -> None:
    """After end_call, and after a close with 1000, what was sent is played to its end before the line is cut."""
    for last in (m.ManagedHangingUp(), m.ManagedClosed(1000, "ended")):
        driven = begun()
        driven.step(m.ManagedAudio(1, SECOND * 3))
        driven.step(last)
        driven.run(2_900)
        assert driven.bridge.ended is None
        driven.run(3_000)
        assert driven.bridge.ended == Ended("agent")
        assert driven.now < 5_200


def test_a_line_without_frames_is_dead() -> None:
    """A carrier that sends nothing for long has gone."""
    driven = begun(frames=False)
    driven.run(12_000)
    assert driven.bridge.ended == Ended("unresponsive")
    assert driven.now <= Limits().frames_dead_ms + 1_000


def test_the_longest_call_is_ours_to_end() -> None:
    """Whatever the platform allows: our own limit holds."""
    driven = begun(BridgePolicy(limits=Limits(call_ms=5_000)))
    driven.run(6_000)
    assert driven.bridge.ended == Ended("time_over")
    [end] = driven.of(a.EndCall)
    assert isinstance(end, a.EndCall)
    assert end.farewell


IDS = st.integers(0, 6)
EVENTS = st.one_of(
    st.builds(m.ManagedAudio, IDS, st.binary(max_size=900)),
    st.builds(m.ManagedSaid, IDS, st.sampled_from(["", "One two.", "Three four five."])),
    st.builds(m.ManagedInterrupted, IDS),
    st.builds(m.ManagedCorrected, IDS, st.just("One two."), st.sampled_from(["", "One"])),
    st.builds(m.ManagedHeard, IDS, st.sampled_from(["", "hello"])),
    st.builds(e.ToolWanted, IDS, st.sampled_from(["a", "b"]), st.just("x"), st.just("{}")),
    st.builds(e.ToolFinished, IDS, st.sampled_from(["a", "b"]), st.just("done")),
    st.builds(e.KeyPressed, st.sampled_from("1#")),
    st.builds(e.MarkReached, st.sampled_from(["m1.1", "t1.1"])),
    st.just(m.ManagedHangingUp()),
    st.builds(m.ManagedClosed, st.just(1000), st.sampled_from(["ended", "managed_lost"])),
    st.builds(e.EndRequested, st.just("operator")),
    st.builds(e.CallerLeft, st.sampled_from(["stop", "disconnected"])),
    st.just(e.CallStarted("MZ1")),
    st.just(OPENED),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 400)), max_size=30), st.booleans())
def test_any_order_of_events(happens: list[tuple[Event, int]], fallback: bool) -> None:
    """It never raises, plays nothing before stream and formats, answers a tool once, ends once, gives whole frames."""
    driven = Driven(BridgePolicy(fallback=fallback))
    started = opened = False
    for event, pause in happens:
        started, opened = started or isinstance(event, e.CallStarted), opened or event is OPENED
        driven.step(event)
        assert (started and opened) or not driven.of(a.SendAudio)
        driven.run(pause)
        if driven.of(m.SwitchTo):
            break
    assert len(driven.of(a.EndCall)) <= 1
    assert len(driven.of(m.SwitchTo)) <= 1
    ran = [action.tool_call_id for action in driven.done if isinstance(action, a.RunTool)]
    assert len(ran) == len(set(ran))
    assert all(len(action.pcmu) % 160 == 0 for action in driven.done if isinstance(action, a.SendAudio))
    if driven.bridge.ended is not None:
        assert driven.bridge.step(FRAME, driven.now) == ()
        assert driven.bridge.deadline is None
