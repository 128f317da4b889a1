"""What goes wrong with each step of the local carrier: every request of its API, done or not, answered or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from telephony.testing.fakes.twilio.faults import Post, Step, StepFaults
from telephony.testing.fakes.twilio.outgoing import PlacingFaults
from tests.testing.fakes.twilio.office import OURS, THEIRS, Office, office, refusal

QUIET = "<Pause length='600'/>"
#: Each step as Twilio's client requests it, of what is in `world`.
REQUESTS: dict[Step, Callable[[Any, Any, str, str], Awaitable[Any]]] = {
    Step.FETCH_CALL: lambda client, conference, call, message: client.calls(call).fetch_async(),
    Step.UPDATE_CALL: lambda client, conference, call, message: client.calls(call).update_async(status="completed"),
    Step.CONFERENCES: lambda client, conference, call, message: conference.fetch_async(),
    Step.CHANGE_CONFERENCE: lambda client, conference, call, message: conference.update_async(status="completed"),
    Step.CHANGE_PARTICIPANT: lambda client, conference, call, message: conference.participants(call).update_async(
        muted=True
    ),
    Step.REMOVE_PARTICIPANT: lambda client, conference, call, message: conference.participants(call).delete_async(),
    Step.MESSAGE: lambda client, conference, call, message: client.messages.create_async(
        to=THEIRS, from_=OURS, body="Hello"
    ),
    Step.FETCH_MESSAGE: lambda client, conference, call, message: client.messages(message).fetch_async(),
    Step.LOOKUP: lambda client, conference, call, message: client.lookups.v2.phone_numbers(THEIRS).fetch_async(),
}


async def world(it: Office) -> tuple[Any, str, str]:
    """A conference with one call in it, and a message."""
    phone = await it.placed("<Dial><Conference>room</Conference></Dial><Pause length='600'/>")
    await phone.until(lambda: bool(it.carrier.conferences.rooms))
    message = it.carrier.messages.accept({"To": [THEIRS], "From": [OURS], "Body": ["Hi"]})
    return it.client.conferences(next(iter(it.carrier.conferences.rooms))), phone.sid, message.sid


def done(it: Office, step: Step) -> bool | None:
    """Whether a step was done; None if it changes nothing."""
    room, phone = next(iter(it.carrier.conferences.rooms.values())), next(iter(it.carrier.calls.values()))
    participant = room.participants.get(phone.sid)
    return {
        Step.UPDATE_CALL: phone.is_over,
        Step.CHANGE_CONFERENCE: room.why == "conference-ended-via-api",
        Step.CHANGE_PARTICIPANT: participant is not None and participant.seat.muted,
        Step.REMOVE_PARTICIPANT: participant is None or participant.removed,
        Step.MESSAGE: len(it.carrier.messages.sent) == 2,
    }.get(step)


def test_every_request_is_tried() -> None:
    assert set(Step) - set(REQUESTS) == {Step.DIAL, Step.INBOUND_MESSAGE}


@pytest.mark.parametrize("step", REQUESTS)
@pytest.mark.parametrize(
    ("fault", "code", "is_done"),
    [
        (Post.FAILS_UNPLACED, 500, False),
        (Post.BUSY, 20429, False),
        (Post.LOST, None, False),
        (Post.HANGS, None, True),
        (Post.FAILS, 500, True),
    ],
)
async def test_each_request_fails_before_or_after_it_is_done(
    step: Step, fault: Post, code: int | None, is_done: bool
) -> None:
    """An answer that never comes is the client's time-out."""
    async with office() as it:
        conference, call, message = await world(it)
        it.carrier.steps[step] = StepFaults(post=[fault, Post.ANSWERED])
        request = REQUESTS[step](it.client, conference, call, message)
        if code is None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await request
        else:
            assert await refusal(request) == code
        assert done(it, step) in (is_done, None)


@pytest.mark.parametrize("step", REQUESTS)
async def test_each_request_may_be_refused_or_answered_with_a_page(step: Step) -> None:
    """With any status and code; the next one works."""
    async with office() as it:
        conference, call, message = await world(it)

        def request() -> Awaitable[Any]:
            return REQUESTS[step](it.client, conference, call, message)

        it.carrier.steps[step] = StepFaults(code=20003, status=401)
        assert await refusal(request()) == 20003
        it.carrier.steps[step] = StepFaults()
        await request()
        if step in (Step.FETCH_CALL, Step.CONFERENCES, Step.FETCH_MESSAGE, Step.LOOKUP, Step.MESSAGE):
            it.carrier.steps[step] = StepFaults(post=[Post.GARBLED])
            with pytest.raises(Exception, match="Expecting value"):
                await request()


async def test_placing_a_call_has_the_same_faults() -> None:
    async with office() as it:
        it.carrier.outgoing.faults = PlacingFaults(post=[Post.FAILS, Post.BUSY, Post.ANSWERED])
        assert [await refusal(it.placed(QUIET)) for _ in range(2)] == [500, 20429]
        await it.placed(QUIET)
        assert len(it.carrier.outgoing.placed) == 2
        it.carrier.outgoing.faults = PlacingFaults(code=21216, status=403)
        assert await refusal(it.placed(QUIET)) == 21216
