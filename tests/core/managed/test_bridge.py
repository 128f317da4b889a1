"""The managed engine by itself: deadlines, independence of event order, and invariants."""

from __future__ import annotations

from time import process_time
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.ending import Ended, EndedBy
from telephony.core.events import Event
from telephony.core.history import AgentSaid, CallerSaid, ToolUsed
from telephony.core.managed.bridge import Bridge, BridgePolicy
from telephony.core.managed.tools import TOOLS_AT_ONCE
from telephony.core.policy import Limits
from telephony.tape.rehearsal.virtual_time import LATER, Agenda, VirtualCarrier, VirtualTime

A = TypeVar("A", bound=a.Action)

FRAME = e.AudioReceived(b"\xff" * 160, 0, None, -960)
SECOND = b"\x10" * 8_000
OPENED = m.ManagedOpened("conv_1", "ulaw_8000", "ulaw_8000")


class AtOnce:
    """Marks come back as soon as their audio has been played or cleared."""

    def after_audio(self, name: str, end: int) -> int:
        return end

    def after_clear(self, name: str, due: int, now: int) -> int:
        return now

    def order(self, name: str) -> int:
        return LATER


class Driven:
    """A bridge in virtual time, with a carrier that plays what it is sent."""

    def __init__(self, policy: BridgePolicy | None = None, frames: bool = True) -> None:
        self.bridge, self._agenda = Bridge(policy or BridgePolicy()), Agenda()
        self._time, self._carrier = VirtualTime(self._agenda, {}), VirtualCarrier(self._agenda, AtOnce())
        if frames:
            self._agenda.put(20, self._frame)

    def step(self, event: Event) -> None:
        self._agenda.put(self.now, event)
        self.run(0)

    def run(self, ms: int) -> None:
        """Advances time: marks come back, frames arrive, and due deadlines are delivered."""
        until = self.now + ms
        self._time.run(self.bridge, (self._carrier,), until)
        if self.bridge.ended is None:
            self._time.now = until

    @property
    def done(self) -> list[a.Action]:
        return [action for _, _, done in self._time.steps for action in done]

    @property
    def seen(self) -> list[Event]:
        """What has happened before the end."""
        return [event for _, event, _ in self._time.steps]

    @property
    def now(self) -> int:
        return self._time.now

    def of(self, kind: type[A]) -> list[A]:
        return [action for action in self.done if isinstance(action, kind)]

    def _frame(self) -> Event:
        self._agenda.put(self.now + 20, self._frame)
        return FRAME


def begun(policy: BridgePolicy | None = None, frames: bool = True) -> Driven:
    driven = Driven(policy, frames)
    driven.step(e.CallStarted("MZ1"))
    driven.step(OPENED)
    return driven


def test_audio_waits_for_the_stream() -> None:
    """Audio that the platform sends before the carrier's stream starts is kept and played first."""
    driven = Driven()
    driven.step(OPENED)
    driven.step(m.ManagedAudio(1, b"\x01" * 800))
    driven.step(m.ManagedAudio(1, b"\x02" * 805))
    assert driven.of(a.SendAudio) == []
    driven.step(e.CallStarted("MZ1"))
    driven.run(300)
    sent = b"".join(action.pcmu for action in driven.of(a.SendAudio))
    assert sent == b"\x01" * 800 + b"\x02" * 805 + b"\xff" * 155  # the last frame is padded before playout runs dry


def test_audio_waits_for_the_formats() -> None:
    """Nothing is played before the platform has announced its formats: in the wrong format it would be noise."""
    for opened in (OPENED, m.ManagedOpened("conv_1", "ulaw_8000", "pcm_16000")):
        driven = Driven()
        driven.step(e.CallStarted("MZ1"))
        driven.step(m.ManagedAudio(1, SECOND))
        driven.run(300)
        assert driven.of(a.SendAudio) == []
        driven.step(opened)
        driven.run(1_200)
        assert sum(len(x.pcmu) for x in driven.of(a.SendAudio)) == (8_000 if opened is OPENED else 0)


def test_an_interruption_with_an_absurd_id_does_not_silence_later_audio() -> None:
    """An event id far above all seen so far covers everything received up to then, but nothing later."""
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


def test_the_number_of_tools_running_at_once_is_limited() -> None:
    """Beyond the limit a tool call fails at once; when one returns, another may run."""
    driven = begun()
    for number in range(TOOLS_AT_ONCE + 2):
        driven.step(e.ToolWanted(1, f"call_{number}", "book", "{}"))
    assert len(driven.of(a.RunTool)) == TOOLS_AT_ONCE
    refused = driven.of(m.AnswerTool)
    assert [(x.tool_call_id, x.failed) for x in refused] == [(f"call_{TOOLS_AT_ONCE + n}", True) for n in (0, 1)]
    driven.step(e.ToolFinished(1, "call_0", "done"))
    driven.step(e.ToolWanted(1, "call_x", "book", "{}"))
    assert driven.of(a.RunTool)[-1] == a.RunTool(1, "call_x")


def test_a_flood_of_tool_calls_costs_no_more_for_each() -> None:
    """Twenty thousand calls, after many lines of the conversation: each is answered, the last as fast as the first."""
    driven = begun()
    for number in range(200):
        driven.step(m.ManagedSaid(number + 1, f"Line {number}."))
    began, answered = process_time(), 0
    for number in range(20_000):
        done = driven.bridge.step(e.ToolWanted(1, f"call_{number}", "book", "{}"), driven.now)
        answered += sum(isinstance(action, m.AnswerTool) for action in done)
    assert answered == 20_000 - TOOLS_AT_ONCE
    assert process_time() - began < 1


def test_stale_audio_is_dropped_by_its_number() -> None:
    """Audio with an id up to that of the interruption is dropped; audio above it is played."""
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


def test_an_interruption_without_an_id_covers_all_audio_so_far() -> None:
    """With id 0 (the platform sends none), the agent is silenced, and later audio is played."""
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


SOMETHING_NEW: dict[str, tuple[Event, ...]] = {
    "an agent's text": (m.ManagedSaid(7, "We open at nine."),),
    "the caller's words": (m.ManagedTranscript(7, "when do you open"),),
    "told as the caller": (m.OperatorMessage("user_message", "Say when you open."),),
    "told as background": (m.OperatorMessage("contextual_update", "They open at nine."),),
    "keys": (e.KeyPressed("1"), e.KeyPressed("#")),
    "a tool's result": (e.ToolFinished(7, "call_1", "nine"),),
    "a tool call": (e.ToolWanted(7, "call_2", "hours", "{}"),),
    "a later tool call": (e.ToolWanted(8, "call_2", "hours", "{}"),),
    "a tool call without an id": (e.ToolWanted(0, "call_2", "hours", "{}"),),
}


@pytest.mark.parametrize("new", SOMETHING_NEW.values(), ids=SOMETHING_NEW.keys())
def test_audio_with_the_id_of_the_interruption_is_heard_once_something_new_has_begun(new: tuple[Event, ...]) -> None:
    """Before that it is late audio of what was interrupted. Audio with a lower id stays dropped."""
    driven = begun()
    driven.step(e.ToolWanted(7, "call_1", "hours", "{}"))
    driven.step(m.ManagedAudio(7, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(7))
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(7, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    for event in new:
        driven.step(event)
    driven.step(m.ManagedAudio(6, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    driven.step(m.ManagedAudio(7, SECOND))
    assert sum(len(x.pcmu) for x in driven.of(a.SendAudio)[before:]) == len(SECOND)
    driven.run(5_000)
    assert driven.bridge.ended is None
    driven.step(m.ManagedInterrupted(7))
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(7, SECOND))
    assert len(driven.of(a.SendAudio)) == before


NOTHING_NEW: dict[str, Event] = {
    "nobody's words": m.ManagedTranscript(7, " "),
    "no text": m.ManagedSaid(7, ""),
    "an old text": m.ManagedSaid(6, "Before."),
    "activity": m.OperatorMessage("user_activity"),
    "an old tool call": e.ToolWanted(6, "call_2", "hours", "{}"),
    "a tool call again": e.ToolWanted(7, "call_1", "hours", "{}"),
    "the conversation again": OPENED,
    "the correction": m.ManagedCorrected(7, "One two three four five", "One"),
    "the late text of what was interrupted": m.ManagedSaid(7, "One two three four five six seven."),
}


@pytest.mark.parametrize("event", NOTHING_NEW.values(), ids=NOTHING_NEW.keys())
def test_what_begins_nothing_new_lets_no_late_audio_through(event: Event) -> None:
    driven = begun()
    text = "One two three four five"
    driven.step(e.ToolWanted(7, "call_1", "hours", "{}"))
    driven.step(m.ManagedAudio(7, SECOND * 3, text, tuple(130 * (i + 1) for i in range(len(text)))))
    driven.run(1_500)
    driven.step(m.ManagedInterrupted(7))
    before = len(driven.of(a.SendAudio))
    driven.step(event)
    driven.step(m.ManagedAudio(7, SECOND))
    assert len(driven.of(a.SendAudio)) == before


def test_event_ids_begin_again_in_a_new_conversation() -> None:
    """Its audio is another line, and is heard; an interruption there reaches its own audio."""
    driven = begun()
    driven.step(m.ManagedSaid(40, "Long ago."))
    driven.step(m.ManagedAudio(40, SECOND))
    driven.run(1_500)
    driven.step(m.ManagedAudio(41, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(41))
    driven.step(m.ManagedOpened("conv_2", "ulaw_8000", "ulaw_8000"))
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(1, SECOND))
    driven.step(m.ManagedSaid(1, "Hello again."))
    assert len(driven.of(a.SendAudio)) > before
    driven.run(3_000)
    driven.step(m.ManagedAudio(2, SECOND))
    driven.run(200)
    driven.step(m.ManagedInterrupted(2))
    assert len(driven.of(a.ClearPlayout)) == 2
    before = len(driven.of(a.SendAudio))
    driven.step(m.ManagedAudio(2, SECOND))
    assert len(driven.of(a.SendAudio)) == before
    driven.run(3_000)
    said = [(line.text, line.interrupted) for line in driven.of(a.LineAdded)]
    assert said == [("Long ago.", False), ("Hello again.", False)]


ODD: dict[str, tuple[tuple[Event | int, ...], list[tuple[str, str]]]] = {
    "text after all of its audio was played": (
        (m.ManagedAudio(1, SECOND), 3_000, m.ManagedSaid(1, "Hello.")),
        [("agent", "Hello.")],
    ),
    "text that grows": (
        (m.ManagedSaid(1, "Hello."), m.ManagedAudio(1, SECOND), m.ManagedSaid(1, "Hello. How are you?")),
        [("agent", "Hello. How are you?")],
    ),
    "another text with the same id": (
        (
            m.ManagedSaid(1, "Hello."),
            m.ManagedAudio(1, SECOND),
            m.ManagedSaid(1, "How are you?"),
            m.ManagedAudio(1, SECOND),
        ),
        [("agent", "Hello."), ("agent", "How are you?")],
    ),
    "a longer text with another id": (
        (
            m.ManagedSaid(1, "Yes."),
            m.ManagedAudio(1, SECOND),
            m.ManagedSaid(2, "Yes. Of course."),
            m.ManagedAudio(2, SECOND),
        ),
        [("agent", "Yes."), ("agent", "Yes. Of course.")],
    ),
    "a transcript twice": ((m.ManagedTranscript(1, "yes"), m.ManagedTranscript(1, "yes")), [("caller", "yes")]),
    "the same words again": (
        (
            m.ManagedTranscript(1, "yes"),
            m.ManagedTranscript(2, "yes"),
            m.ManagedTranscript(0, "no"),
            m.ManagedTranscript(0, "no"),
        ),
        [("caller", "yes"), ("caller", "yes"), ("caller", "no"), ("caller", "no")],
    ),
}


@pytest.mark.parametrize(("events", "lines"), ODD.values(), ids=ODD.keys())
def test_odd_orders_leave_a_true_record(events: tuple[Event | int, ...], lines: list[tuple[str, str]]) -> None:
    """Each line once, none lost. A number is a pause in ms."""
    driven = begun()
    for event in events:
        if isinstance(event, int):
            driven.run(event)
        else:
            driven.step(event)
    driven.run(6_000)
    assert [(line.speaker, line.text) for line in driven.of(a.LineAdded)] == lines


def test_a_correction_that_comes_late_still_corrects_the_history() -> None:
    """The record already has the line by then, but the history for a fallback pipeline is still corrected."""
    driven = begun(BridgePolicy(fallback=True))
    driven.step(m.ManagedSaid(1, "One two three four."))
    driven.step(m.ManagedAudio(1, SECOND))
    driven.run(300)
    driven.step(m.ManagedInterrupted(1))
    driven.run(3_000)
    driven.step(m.ManagedCorrected(1, "One two three four.", "One two"))
    driven.step(m.ManagedTranscript(2, "stop"))
    driven.step(m.ManagedClosed(1011, m.ManagedCause.MANAGED_UNAVAILABLE))
    [switch] = driven.of(m.SwitchTo)
    assert isinstance(switch, m.SwitchTo)
    assert switch.history == (AgentSaid("One two", True), CallerSaid("stop"))


def test_a_running_tool_is_in_the_history_of_the_fallback() -> None:
    """The tool may have had its effect, so the next model learns of the call and its arguments."""
    driven = begun(BridgePolicy(fallback=True))
    driven.step(e.ToolWanted(1, "call_1", "book", '{"day": "friday"}'))
    driven.step(m.ManagedClosed(1006, m.ManagedCause.MANAGED_LOST))
    [switch] = driven.of(m.SwitchTo)
    assert isinstance(switch, m.SwitchTo)
    [used] = switch.history
    assert isinstance(used, ToolUsed)
    assert (used.name, used.arguments) == ("book", '{"day": "friday"}')
    assert "not known" in used.result


def test_an_interrupted_turn_without_its_text_is_known_by_its_alignment() -> None:
    """If the text of a turn never arrives, the alignment of its audio tells which words were heard."""
    driven = begun()
    text = "One two three four five"
    driven.step(m.ManagedAudio(1, SECOND * 3, text, tuple(130 * (i + 1) for i in range(len(text)))))
    driven.run(1_500)
    driven.step(m.ManagedInterrupted(1))
    driven.run(3_000)
    assert a.LineAdded("agent", "One two", 1, True) in driven.done


def test_the_last_word_is_heard_however_the_agent_ends_it() -> None:
    """After end_call or a close with 1000, audio already sent is played to its end before the call ends."""
    for last in (m.ManagedHangingUp(), m.ManagedClosed(1000, m.ManagedCause.ENDED)):
        driven = begun()
        driven.step(m.ManagedAudio(1, SECOND * 3))
        driven.step(last)
        driven.run(2_900)
        assert driven.bridge.ended is None
        driven.run(3_000)
        assert driven.bridge.ended == Ended("agent", EndedBy.AGENT)
        assert driven.now < 5_200


def test_a_leg_without_frames_is_given_up() -> None:
    """A carrier that sends no frames for a long time counts as gone."""
    driven = begun(frames=False)
    driven.run(12_000)
    assert driven.bridge.ended == Ended("unresponsive", EndedBy.DEAD_LEG)
    assert driven.now <= Limits().frames_dead_ms + 1_000


def test_our_call_limit_applies_to_managed_calls() -> None:
    """Our call limit applies whatever the platform allows."""
    driven = begun(BridgePolicy(limits=Limits(call_ms=5_000)))
    driven.run(6_000)
    assert driven.bridge.ended == Ended("time_over", EndedBy.AGENT)
    [end] = driven.of(a.EndCall)
    assert isinstance(end, a.EndCall)
    assert end.farewell


IDS = st.integers(0, 6)
EVENTS = st.one_of(
    st.builds(m.ManagedAudio, IDS, st.binary(max_size=900)),
    st.builds(m.ManagedSaid, IDS, st.sampled_from(["", "One two.", "Three four five."])),
    st.builds(m.ManagedInterrupted, IDS),
    st.builds(m.ManagedCorrected, IDS, st.just("One two."), st.sampled_from(["", "One"])),
    st.builds(m.ManagedTranscript, IDS, st.sampled_from(["", "hello"])),
    st.builds(e.ToolWanted, IDS, st.sampled_from(["a", "b"]), st.just("x"), st.just("{}")),
    st.builds(e.ToolFinished, IDS, st.sampled_from(["a", "b"]), st.just("done")),
    st.builds(e.WorkDeferred, IDS, st.sampled_from(["a", "b"]), st.sampled_from("123456"), st.booleans()),
    st.builds(e.EndWanted, IDS, st.sampled_from(["a", "b"])),
    st.builds(e.NoticeReceived, st.sampled_from(["", "They accept."]), st.booleans()),
    st.sampled_from([e.SayRequested("Wait."), e.MoveStarted("transfer"), e.MoveFailed("transfer")]),
    st.builds(e.KeyPressed, st.sampled_from("1#")),
    st.builds(e.MarkReached, st.sampled_from(["m1.1", "t1.1"])),
    st.just(m.ManagedHangingUp()),
    st.builds(m.ManagedClosed, st.just(1000), st.sampled_from([m.ManagedCause.ENDED, m.ManagedCause.MANAGED_LOST])),
    st.builds(e.EndRequested, st.just("operator")),
    st.builds(e.CallerLeft, st.sampled_from([e.LegEnd.STOP, e.LegEnd.DISCONNECTED])),
    st.just(e.CallStarted("MZ1")),
    st.just(OPENED),
)


@settings(max_examples=150)
@given(st.lists(st.tuples(EVENTS, st.integers(0, 400)), max_size=30), st.booleans())
def test_any_order_of_events(happens: list[tuple[Event, int]], fallback: bool) -> None:
    """No exception; no audio before stream and formats; each tool runs once, and each deferred work has one outcome;
    one end; whole frames only."""
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
    works = [action.work for action in driven.done if isinstance(action, a.RunDeferred | a.DropDeferred)]
    assert len(works) == len(set(works))
    if driven.bridge.ended is not None or driven.of(m.SwitchTo):
        assert set(works) == {event.work for event in driven.seen if isinstance(event, e.WorkDeferred)}
    assert all(len(action.pcmu) % 160 == 0 for action in driven.done if isinstance(action, a.SendAudio))
    if driven.bridge.ended is not None:
        assert driven.bridge.step(FRAME, driven.now) == ()
        assert driven.bridge.deadline is None
