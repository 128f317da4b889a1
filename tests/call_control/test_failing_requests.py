"""Whatever becomes of a request to Twilio or of a report from it: there are words for whoever is left on the line, and
nobody is rung twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from telephony.call_control.outcomes import failed
from telephony.core.transfers.words import Outcome
from telephony.testing.fakes.twilio.callees import Callee
from telephony.testing.fakes.twilio.faults import Post, Step
from telephony.testing.stack import Stack
from tests.call_control.office import ANNA, WARM, leg_to, notices, office
from tests.call_control.test_warm import asked_for, briefed, joined, over, replies

FAILED = "I was told: The transfer"


@pytest.mark.parametrize(
    ("post", "code", "why", "rings"),
    [
        (Post.BUSY, 0, Outcome.FAILED, 0),
        (Post.LOST, 0, Outcome.UNKNOWN, 0),
        (Post.FAILS_UNPLACED, 0, Outcome.UNKNOWN, 0),
        (Post.ANSWERED, 21216, Outcome.FAILED, 0),
        (Post.ANSWERED, 21211, Outcome.FAILED, 0),
    ],
)
async def test_a_leg_that_cannot_be_placed(tmp_path: Path, post: Post, code: int, why: Outcome, rings: int) -> None:
    async with office(tmp_path, WARM, replies=replies) as stack:
        stack.carrier.outgoing.faults.post, stack.carrier.outgoing.faults.code = [post], code
        caller, tape = await asked_for(stack)
        await tape.until(lambda: tape.lines[-1][1].startswith(FAILED))
        assert notices(stack, caller) == [failed("Anna", why)]
        assert stack.carrier.outgoing.rings(ANNA) == rings
        assert len(stack.carrier.outgoing.posts) == 1
        await over(stack, caller)


@pytest.mark.parametrize("post", [Post.HANGS, Post.FAILS, Post.GARBLED])
async def test_a_leg_whose_answer_is_lost_is_known_by_its_address(tmp_path: Path, post: Post) -> None:
    """The phone rings although the request seems to have failed: the person is briefed and joined all the same."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        stack.carrier.outgoing.faults.post = [post]
        caller, _ = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        await over(stack, caller)
        assert stack.carrier.outgoing.rings(ANNA) == 1


def lost(*names: str) -> Callable[[Any], None]:
    return lambda faults: setattr(faults, "lost", frozenset(names))


def doubled(faults: Any) -> None:
    faults.times = 2


def late(faults: Any) -> None:
    faults.late = frozenset({"initiated", "ringing", "answered"})


@pytest.mark.parametrize("happens", [lost("initiated", "ringing", "answered", "completed"), doubled, late])
async def test_reports_of_the_leg(tmp_path: Path, happens: Callable[[Any], None]) -> None:
    async with office(tmp_path, WARM, replies=replies) as stack:
        happens(stack.carrier.outgoing.faults)
        caller, _ = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        await over(stack, caller)
        assert stack.carrier.outgoing.rings(ANNA) == 1


@pytest.mark.parametrize("happens", [lost("participant-join"), lost("participant-join", "participant-leave"), doubled])
async def test_reports_of_the_room(tmp_path: Path, happens: Callable[[Any], None]) -> None:
    """If nobody says that the person is in the room, it is asked; they are joined all the same."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        happens(stack.carrier.steps[Step.CONFERENCES])
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        await anna.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told: The caller was put"))
        await over(stack, caller)


@pytest.mark.parametrize(
    "looking", [{"not_found": True}, {"post": [Post.LOST]}, {"post": [Post.BUSY]}, {"code": 20003, "status": 401}]
)
async def test_a_person_of_whom_nobody_knows_whether_they_are_in_the_room(
    tmp_path: Path, looking: dict[str, Any]
) -> None:
    """The caller stays with the agent, and both are told."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        faults = stack.carrier.steps[Step.CONFERENCES]
        faults.lost = frozenset({"participant-join"})
        for name, value in looking.items():
            setattr(faults, name, value)
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await tape.until(lambda: tape.lines[-1][1].startswith(FAILED))
        assert notices(stack, caller)[-1] == failed("Anna", Outcome.NOT_JOINED)
        await anna.ended()
        assert any("taken care of" in text for text in anna.spoken)
        assert not caller.dialled
        await over(stack, caller)


async def cancelled(stack: Stack) -> None:
    """The caller says never mind while the phone rings, and is told that it is cancelled."""
    stack.carrier.outgoing.callees[ANNA] = Callee(ring_ms=15_000)
    caller, tape = await asked_for(stack)
    anna = await leg_to(stack, ANNA)
    await stack.says(caller, "never mind")
    await tape.until(lambda: "cancelled" in tape.lines[-1][1])
    await anna.ended()
    await over(stack, caller)


@pytest.mark.parametrize("post", [one for one in Post if one is not Post.ANSWERED])
async def test_a_leg_that_cannot_be_hung_up(tmp_path: Path, post: Post) -> None:
    """It stops ringing when its time is over; whoever picks up before is told that it is too late."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        stack.carrier.steps[Step.UPDATE_CALL].post = [post, Post.ANSWERED]
        await cancelled(stack)


async def test_after_a_restart_the_caller_is_taken_back_with_an_apology(tmp_path: Path) -> None:
    """Nobody knows the transfer any more; the caller is on the line, and the agent is there."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        control = stack.service.control
        control.transfers.warm.clear()
        control.moves.away.clear()
        await anna.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("Sorry, something went wrong"))
        await caller.hang_up()
        await caller.ended()
    assert caller.outcome == "completed"
