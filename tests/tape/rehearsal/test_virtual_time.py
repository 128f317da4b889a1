"""Virtual time: the order of what is due at the same moment, and the marks of the carrier."""

from __future__ import annotations

from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.ending import Ended
from telephony.tape.rehearsal.virtual_time import Agenda, VirtualCarrier, VirtualTime

SECOND = b"\xff" * 8_000
MARK_MS, CLEARED_MS = 20, 5


class Core:
    """An engine that has one deadline, and does nothing. `seen` is what reached it."""

    def __init__(self, deadline: int | None = None) -> None:
        self.deadline = deadline
        self.seen: list[e.Event] = []

    @property
    def ended(self) -> Ended | None:
        return None

    def step(self, event: e.Event, now: int) -> tuple[a.Action, ...]:
        self.seen.append(event)
        self.deadline = None if isinstance(event, e.TimeReached) else self.deadline
        return ()


class Echoes:
    """Every mark comes back, except for `lost`."""

    def after_audio(self, name: str, end: int) -> int | None:
        return None if name == "lost" else end + MARK_MS

    def after_clear(self, name: str, due: int, now: int) -> int:
        return min(due, now + CLEARED_MS)

    def order(self, name: str) -> int:
        return 0


def keys(*digits: str) -> list[e.Event]:
    return [e.KeyPressed(digit) for digit in digits]


def ran(agenda: Agenda, core: Core, timers: dict[int, int] | None = None) -> list[e.Event]:
    VirtualTime(agenda, timers or {}).run(core, (), 10_000)
    return core.seen


def marks(agenda: Agenda) -> list[tuple[int, str]]:
    """When the marks come back."""
    time = VirtualTime(agenda, {})
    time.run(Core(), (), 10_000)
    return [(now, event.name) for now, event, _ in time.steps if isinstance(event, e.MarkReached)]


def test_events_of_one_moment_come_by_their_place_then_as_added() -> None:
    """Places, such as step numbers, come first; other events keep the order in which they were added."""
    agenda = Agenda()
    for digit, place in (("3", None), ("4", None), ("2", 7), ("1", 5)):
        agenda.put(100, e.KeyPressed(digit), **({} if place is None else {"order": place}))
    assert ran(agenda, Core()) == keys("1", "2", "3", "4")


def test_a_deadline_comes_after_the_events_of_its_moment_unless_it_has_a_place() -> None:
    """A rehearsal gives a taped deadline the place that it had on the tape."""
    for timers, expected in (({}, [*keys("1"), e.TimeReached(100)]), ({100: 3}, [e.TimeReached(100), *keys("1")])):
        agenda = Agenda()
        agenda.put(100, e.KeyPressed("1"), 5)
        assert ran(agenda, Core(100), timers) == expected


def test_an_overdue_deadline_comes_before_what_is_due_now() -> None:
    """A step may return a deadline that has already passed; the driver, too, reports it before later events."""
    agenda, core = Agenda(), Core(99)
    agenda.put(120, e.KeyPressed("1"))
    time = VirtualTime(agenda, {})
    time.now = 120
    time.run(core, (), 10_000)
    assert [(now, event) for now, event, _ in time.steps] == [(120, e.TimeReached(99)), (120, e.KeyPressed("1"))]


def test_nothing_later_than_the_limit_happens() -> None:
    """What is due later stays on the agenda."""
    agenda, core = Agenda(), Core()
    agenda.put(100, e.KeyPressed("1"))
    time = VirtualTime(agenda, {})
    time.run(core, (), 99)
    assert core.seen == []
    time.run(core, (), 100)
    assert core.seen == keys("1")


def test_a_mark_comes_back_after_its_audio() -> None:
    """Audio waits for the audio before it; a lost mark never comes back."""
    agenda = Agenda()
    carrier = VirtualCarrier(agenda, Echoes())
    for name in ("t1.1", "lost", "t1.2"):
        carrier.perform(a.SendAudio(SECOND), 500)
        carrier.perform(a.SendMark(name), 500)
    carrier.perform(a.SendAudio(SECOND), 6_000)
    carrier.perform(a.SendMark("t1.3"), 6_000)
    assert marks(agenda) == [(1_520, "t1.1"), (3_520, "t1.2"), (7_020, "t1.3")]


def test_a_clear_brings_each_outstanding_mark_back_once() -> None:
    """Marks whose audio was cleared come back early, once; a lost one does not. Later audio begins at once."""
    agenda = Agenda()
    carrier = VirtualCarrier(agenda, Echoes())
    for name in ("t1.1", "lost", "t1.2"):
        carrier.perform(a.SendAudio(SECOND), 0)
        carrier.perform(a.SendMark(name), 0)
    carrier.perform(a.ClearPlayout(), 1_010)
    carrier.perform(a.ClearPlayout(), 1_012)
    carrier.perform(a.SendAudio(SECOND), 1_012)
    carrier.perform(a.SendMark("t2.1"), 1_012)
    assert marks(agenda) == [(1_015, "t1.1"), (1_015, "t1.2"), (2_032, "t2.1")]
    played = [(piece.turn, *piece.span) for piece in carrier.playback.played(1_500)]
    assert played == [(1, 0, 1_000), (0, 1_000, 1_010), (2, 1_012, 1_500)]
