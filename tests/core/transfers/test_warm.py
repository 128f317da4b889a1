"""The warm transfer: who is called, told and joined when, and what is said when it comes to nothing."""

from __future__ import annotations

import random

import pytest

from telephony.core.transfers.warm import AGAIN_MS, ENTER_MS, FETCHES, LEAVE_MS, RETURN_MS, TELL_MS, Phase, WarmTransfer
from telephony.core.transfers.words import (
    Accepted,
    Action,
    Asked,
    Brief,
    CallerAsked,
    CallerLeft,
    CallerReturned,
    CallerTold,
    Event,
    FetchCaller,
    FetchFailed,
    HangUpLeg,
    JoinCaller,
    LegAnswered,
    LegEnded,
    Looked,
    LookForPerson,
    MoveCaller,
    MovePerson,
    Outcome,
    Parting,
    PersonEntered,
    PlaceLeg,
    Plan,
    Refused,
    SaidNeverMind,
    TakeBack,
    TellAgent,
    TellCaller,
    TimeReached,
)

ONE, TWO = "+49301", "+49302"
PLAN = Plan((ONE, TWO))
GOES_WELL: tuple[Event, ...] = (Asked(), LegAnswered(1), Accepted(1), PersonEntered(1), CallerTold(), CallerAsked())
BEFORE: dict[str, tuple[Event, ...]] = {
    "asked": GOES_WELL[:1],
    "second": (Asked(), LegEnded(1, Outcome.BUSY)),
    "briefing": GOES_WELL[:2],
    "second briefed": (Asked(), LegEnded(1, Outcome.BUSY), LegAnswered(2)),
    "entering": GOES_WELL[:3],
    "looking": (*GOES_WELL[:3], TimeReached()),
    "telling": GOES_WELL[:4],
    "leaving": GOES_WELL[:5],
    "joined": GOES_WELL,
    "left": (*GOES_WELL, LegEnded(1, Outcome.HUNG_UP)),
    "fetched": (*GOES_WELL, LegEnded(1, Outcome.HUNG_UP), TimeReached()),
    "failed": (*GOES_WELL, LegEnded(1, Outcome.HUNG_UP), TimeReached(), FetchFailed(1)),
    "returned": (*GOES_WELL, LegEnded(1, Outcome.HUNG_UP), TimeReached(), CallerReturned()),
    "gone while leaving": (*GOES_WELL[:5], LegEnded(1, Outcome.HUNG_UP)),
    "never mind": (Asked(), SaidNeverMind()),
}


def after(*events: Event) -> tuple[WarmTransfer, tuple[Action, ...]]:
    """A transfer after the events, and what the last one led to. `TimeReached` comes at its time."""
    transfer, now, actions = WarmTransfer(PLAN), 0, tuple[Action, ...]()
    for event in events:
        if isinstance(event, TimeReached) and transfer.deadline is not None:
            now = transfer.deadline
        actions = transfer.step(event, now)
    return transfer, actions


ROWS: list[tuple[str, Event, tuple[Action, ...], Phase]] = [
    ("asked", Asked(), (), Phase.CALLING),
    ("asked", LegAnswered(1), (Brief(1),), Phase.BRIEFING),
    ("asked", LegEnded(1, Outcome.BUSY), (TellAgent(1, Outcome.BUSY, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("asked", TimeReached(),
     (HangUpLeg(1, Parting.TOO_LATE), TellAgent(1, Outcome.UNKNOWN, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("asked", Accepted(1), (), Phase.CALLING),
    ("asked", PersonEntered(1), (), Phase.CALLING),
    ("asked", SaidNeverMind(), (HangUpLeg(1, Parting.NEVER_MIND),), Phase.OVER),
    ("asked", CallerLeft(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("asked", CallerAsked(), (TakeBack(Outcome.NOT_JOINED),), Phase.CALLING),
    ("second", LegEnded(2, Outcome.NO_ANSWER), (TellAgent(2, Outcome.NO_ANSWER, True),), Phase.OVER),
    ("second", LegAnswered(1), (HangUpLeg(1, Parting.TOO_LATE),), Phase.CALLING),
    ("second", LegAnswered(3), (), Phase.CALLING),
    ("second", LegEnded(1, Outcome.HUNG_UP), (), Phase.CALLING),
    ("second", Accepted(1), (), Phase.CALLING),
    ("briefing", LegAnswered(1), (), Phase.BRIEFING),
    ("briefing", Accepted(1), (MovePerson(1),), Phase.ENTERING),
    ("briefing", Refused(1),
     (HangUpLeg(1, Parting.NOTHING), TellAgent(1, Outcome.REFUSED, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("second briefed", Refused(2),
     (HangUpLeg(2, Parting.NOTHING), TellAgent(2, Outcome.REFUSED, True)), Phase.OVER),
    ("briefing", LegEnded(1, Outcome.UNKNOWN), (TellAgent(1, Outcome.HUNG_UP, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("second briefed", TimeReached(),
     (HangUpLeg(2, Parting.TOO_LATE), TellAgent(2, Outcome.UNDECIDED, True)), Phase.OVER),
    ("briefing", SaidNeverMind(), (HangUpLeg(1, Parting.NEVER_MIND),), Phase.OVER),
    ("briefing", CallerLeft(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("briefing", PersonEntered(1), (), Phase.BRIEFING),
    ("entering", Accepted(1), (), Phase.ENTERING),
    ("entering", Refused(1), (), Phase.ENTERING),
    ("entering", PersonEntered(1), (TellCaller(),), Phase.TELLING),
    ("entering", CallerTold(), (), Phase.ENTERING),
    ("entering", PersonEntered(2), (), Phase.ENTERING),
    ("entering", TimeReached(), (LookForPerson(1, 1),), Phase.ENTERING),
    ("entering", Looked(1, True), (), Phase.ENTERING),
    ("entering", SaidNeverMind(), (HangUpLeg(1, Parting.NEVER_MIND),), Phase.OVER),
    ("entering", LegEnded(1, Outcome.HUNG_UP),
     (TellAgent(1, Outcome.HUNG_UP, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("looking", Looked(1, True), (TellCaller(),), Phase.TELLING),
    ("looking", Looked(2, True), (), Phase.ENTERING),
    ("looking", Looked(1, False),
     (HangUpLeg(1, Parting.TOO_LATE), TellAgent(1, Outcome.NOT_JOINED, True)), Phase.OVER),
    ("looking", PersonEntered(1), (TellCaller(),), Phase.TELLING),
    ("looking", TimeReached(),
     (HangUpLeg(1, Parting.TOO_LATE), TellAgent(1, Outcome.NOT_JOINED, True)), Phase.OVER),
    ("telling", CallerTold(), (MoveCaller(),), Phase.LEAVING),
    ("telling", TimeReached(), (MoveCaller(),), Phase.LEAVING),
    ("telling", SaidNeverMind(), (HangUpLeg(1, Parting.NEVER_MIND),), Phase.OVER),
    ("telling", CallerLeft(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("telling", LegEnded(1, Outcome.HUNG_UP),
     (TellAgent(1, Outcome.HUNG_UP, False), PlaceLeg(2, TWO)), Phase.CALLING),
    ("telling", PersonEntered(1), (), Phase.TELLING),
    ("telling", Looked(1, False), (), Phase.TELLING),
    ("telling", Accepted(1), (), Phase.TELLING),
    ("leaving", CallerTold(), (), Phase.LEAVING),
    ("leaving", CallerAsked(), (JoinCaller(),), Phase.JOINED),
    ("leaving", SaidNeverMind(), (), Phase.LEAVING),
    ("leaving", PersonEntered(1), (), Phase.LEAVING),
    ("leaving", Looked(1, False), (), Phase.LEAVING),
    ("leaving", LegEnded(1, Outcome.HUNG_UP), (), Phase.LEAVING),
    ("leaving", CallerLeft(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("leaving", TimeReached(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("gone while leaving", CallerAsked(), (TakeBack(Outcome.HUNG_UP),), Phase.OVER),
    ("gone while leaving", CallerLeft(), (), Phase.OVER),
    ("joined", CallerAsked(), (JoinCaller(),), Phase.JOINED),
    ("joined", CallerReturned(), (TakeBack(Outcome.TALKED), HangUpLeg(1, Parting.CALLER_GONE)), Phase.OVER),
    ("joined", CallerLeft(), (HangUpLeg(1, Parting.CALLER_GONE),), Phase.OVER),
    ("joined", LegEnded(1, Outcome.HUNG_UP), (), Phase.JOINED),
    ("joined", SaidNeverMind(), (), Phase.JOINED),
    ("joined", TimeReached(), (HangUpLeg(1, Parting.NOTHING),), Phase.OVER),
    ("left", CallerReturned(), (TakeBack(Outcome.TALKED),), Phase.OVER),
    ("left", CallerAsked(), (TakeBack(Outcome.TALKED),), Phase.OVER),
    ("left", TimeReached(), (FetchCaller(1),), Phase.JOINED),
    ("left", LegEnded(1, Outcome.HUNG_UP), (), Phase.JOINED),
    ("left", CallerLeft(), (), Phase.OVER),
    ("fetched", FetchFailed(1), (), Phase.JOINED),
    ("returned", FetchFailed(1), (), Phase.OVER),  # it was done, and only its answer was lost
    ("failed", TimeReached(), (FetchCaller(2),), Phase.JOINED),
    ("failed", CallerReturned(), (TakeBack(Outcome.TALKED),), Phase.OVER),
    ("fetched", FetchFailed(2), (), Phase.JOINED),
    ("fetched", CallerReturned(), (TakeBack(Outcome.TALKED),), Phase.OVER),
    ("never mind", LegAnswered(1), (HangUpLeg(1, Parting.TOO_LATE),), Phase.OVER),
    ("never mind", LegEnded(1, Outcome.NO_ANSWER), (), Phase.OVER),
    ("never mind", SaidNeverMind(), (), Phase.OVER),
    ("never mind", CallerAsked(), (TakeBack(Outcome.NEVER_MIND),), Phase.OVER),
    ("never mind", CallerReturned(), (TakeBack(Outcome.NEVER_MIND),), Phase.OVER),
    ("never mind", Asked(), (), Phase.OVER),
]  # fmt: skip


@pytest.mark.parametrize(("before", "event", "actions", "phase"), ROWS)
def test_what_follows(before: str, event: Event, actions: tuple[Action, ...], phase: Phase) -> None:
    transfer, found = after(*BEFORE[before], event)
    assert (found, transfer.phase) == (actions, phase)
    assert (transfer.outcome is not None) == (transfer.deadline is None) == transfer.over


def test_the_deadlines() -> None:
    """Ringing and a grace, the briefing, the way into the room, the caller's way out and back."""
    talk = PLAN.talk_ms + LEAVE_MS
    assert after(*BEFORE["asked"])[0].deadline == 30_000
    assert after(*BEFORE["briefing"])[0].deadline == PLAN.brief_ms
    assert after(*BEFORE["entering"])[0].deadline == ENTER_MS
    assert after(*BEFORE["telling"])[0].deadline == TELL_MS
    assert after(*BEFORE["leaving"])[0].deadline == LEAVE_MS
    assert after(*BEFORE["joined"])[0].deadline == talk
    assert after(*BEFORE["left"])[0].deadline == RETURN_MS
    assert after(*BEFORE["fetched"])[0].deadline == RETURN_MS + LEAVE_MS
    assert after(*BEFORE["failed"])[0].deadline == RETURN_MS + AGAIN_MS


def test_a_caller_who_cannot_be_fetched_is_tried_a_few_times() -> None:
    transfer, _ = after(*BEFORE["left"])
    fetched = 0
    while not transfer.over:
        assert transfer.deadline is not None
        fetched += sum(isinstance(one, FetchCaller) for one in transfer.step(TimeReached(), transfer.deadline))
    assert fetched == FETCHES


def test_time_that_has_not_come_changes_nothing() -> None:
    transfer, _ = after(*BEFORE["briefing"])
    assert transfer.step(TimeReached(), 1) == ()
    assert transfer.phase is Phase.BRIEFING


EVENTS: list[Event] = [
    Asked(), SaidNeverMind(), CallerTold(), CallerAsked(), CallerReturned(), CallerLeft(), TimeReached(),
    *(kind(leg) for kind in (LegAnswered, Accepted, Refused, PersonEntered) for leg in (1, 2, 3)),
    *(LegEnded(leg, how) for leg in (1, 2, 3) for how in (Outcome.BUSY, Outcome.UNKNOWN, Outcome.HUNG_UP)),
    *(Looked(number, found) for number in (1, 2) for found in (True, False)),
    *(FetchFailed(number) for number in (1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_random_walks(seed: int) -> None:
    """Whatever comes in whatever order: no leg is placed twice, the caller is moved once at most, after a yes and once
    the person is in the room, whoever is left on the line is told, and a leg that was answered is joined or hung up."""
    chance = random.Random(seed)
    for _ in range(150):
        transfer, now, seen, done = WarmTransfer(PLAN), 0, list[Event](), list[Action]()
        for step in range(chance.randint(1, 40)):
            event = Asked() if step == 0 else chance.choice(EVENTS)
            if isinstance(event, TimeReached) and transfer.deadline is not None:
                now = max(now, transfer.deadline)
            now += chance.randint(0, 3_000)
            if getattr(event, "leg", 0) > transfer.leg:
                continue  # nothing can be reported about a leg that was not placed
            seen.append(event)
            actions = transfer.step(event, now)
            done += actions
            _check(transfer, seen, done, actions)
        while not transfer.over:
            assert transfer.deadline is not None, "it would wait for ever"
            now = max(now, transfer.deadline)
            done += transfer.step(TimeReached(), now)
        _check_end(transfer, seen, done)


def _check(transfer: WarmTransfer, seen: list[Event], done: list[Action], actions: tuple[Action, ...]) -> None:
    placed = [one.leg for one in done if isinstance(one, PlaceLeg)]
    assert placed == sorted(set(placed))
    moved = [one for one in done if isinstance(one, MoveCaller)]
    assert len(moved) <= 1
    if any(isinstance(one, MoveCaller) for one in actions):
        leg = transfer.leg
        assert Accepted(leg) in seen
        assert PersonEntered(leg) in seen or any(isinstance(one, Looked) and one.found for one in seen)
        assert not any(isinstance(one, LegEnded) and one.leg == leg for one in seen)
    if any(isinstance(one, JoinCaller) for one in actions):
        assert moved
        assert isinstance(seen[-1], CallerAsked)
    if isinstance(seen[-1], CallerAsked | CallerReturned):
        assert sum(isinstance(one, JoinCaller | TakeBack) for one in actions) == 1


def _check_end(transfer: WarmTransfer, seen: list[Event], done: list[Action]) -> None:
    assert transfer.outcome is not None
    last = [one for one in done if isinstance(one, TellAgent) and one.last]
    joined = any(isinstance(one, JoinCaller) for one in done)
    silent = transfer.outcome in (Outcome.NEVER_MIND, Outcome.CALLER_LEFT, Outcome.TALKED)
    taken_back = any(isinstance(one, TakeBack) for one in done)
    assert len(last) <= 1
    assert last or silent or taken_back, "the caller is told nothing"
    if joined:
        assert transfer.outcome in (Outcome.TALKED, Outcome.CALLER_LEFT)
    for leg in {one.leg for one in done if isinstance(one, Brief)}:
        hung_up = any(isinstance(one, HangUpLeg) and one.leg == leg for one in done)
        ended = any(isinstance(one, LegEnded) and one.leg == leg for one in seen)
        assert hung_up or ended, "the person's leg stays open"
