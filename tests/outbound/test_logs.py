"""What the logs say of attempts: neither their ids, which let anybody who has one take part in a call, nor keys and
numbers, which are personal, but under `pii_`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt
from telephony.testing.fakes.twilio.outgoing import Callee, PlacingFaults, Post
from telephony.testing.stack import Stack
from tests.outbound.ringing import THEIRS, ringing

KEY = "reminder for Anna"
BUSY = Callee("busy", ring_ms=0)


async def dialled(stack: Stack) -> Attempt:
    return await stack.service.calls.dial(THEIRS, key=KEY)


async def reported_by_a_stranger(stack: Stack) -> Attempt:
    """With a wrong signature, as after a change of PUBLIC_URL."""
    attempt = await dialled(stack)
    url = stack.carrier.outgoing.posts[0]["StatusCallback"][0]
    for wrong in (url, f"{url}?CallSid=1", url.replace("/status", "/voice"), url.replace("/status", "/amd")):
        assert (await stack.carrier.http.post(wrong, data={"CallSid": "CA1"})).status_code == 403
    return attempt


async def dialled_twice(stack: Stack) -> Attempt:
    """The number's other attempt is not over."""
    stack.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=20_000)
    attempt = await stack.service.calls.place(THEIRS, key=KEY)
    with pytest.raises(DialRefused, match="not over"):
        await stack.service.calls.place(THEIRS, key="another")
    await stack.service.calls.hang_up(attempt.id)
    return await stack.service.calls.finished(attempt.id)


async def forgotten(stack: Stack) -> Attempt:
    """Somebody deletes the record of a call that is not over: whoever follows it finds nothing."""
    stack.carrier.outgoing.callees[THEIRS] = Callee(ring_ms=20_000)
    attempt = await stack.service.calls.place(THEIRS, key=KEY)
    store = stack.service.calls.legs.store()
    store.path.unlink()
    await stack.clock.sleep(3_000)
    return attempt


@pytest.mark.parametrize(
    ("happens", "faults"),
    [
        (dialled, PlacingFaults()),
        (dialled, PlacingFaults(post=[Post.HANGS])),
        (dialled, PlacingFaults(post=[Post.FAILS])),
        (dialled, PlacingFaults(post=[Post.LOST])),
        (dialled, PlacingFaults(code=21216)),
        (reported_by_a_stranger, PlacingFaults()),
        (dialled_twice, PlacingFaults()),
        (forgotten, PlacingFaults()),
    ],
)  # fmt: skip
async def test_no_line_has_an_id_or_personal_data_in_the_open(
    tmp_path: Path, happens: object, faults: PlacingFaults
) -> None:
    """Enough of the id is there to find the lines of one attempt, and its row."""
    assert callable(happens)
    async with ringing(tmp_path, speed=40) as stack:
        stack.carrier.outgoing.callees[THEIRS] = BUSY
        stack.carrier.outgoing.faults = faults
        with capture_logs() as lines:
            attempt: Attempt = await happens(stack)
        shown = json.dumps([{**line, "exc_info": ""} for line in lines], default=str)
        assert attempt.id not in shown
        plain = [{name: value for name, value in line.items() if not name.startswith("pii_")} for line in lines]
        assert KEY not in json.dumps(plain, default=str)
        assert THEIRS not in json.dumps(plain, default=str)
        assert [line for line in lines if line.get("attempt") == attempt.short and line["event"] == "call_placing"]
