"""What happens at the same time: a change of mind while a phone is about to be rung, two transfers in one breath, a
stop while a caller is elsewhere, a restart at each stage."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from telephony.app.server import drain
from telephony.call_control.outcomes import failed
from telephony.core.actions import SendAudio
from telephony.core.events import CallerLeft, LegEnd, SayRequested
from telephony.core.transfers.words import Outcome
from telephony.outbound.attempts import Attempts
from telephony.outbound.legs import Legs
from telephony.testing.fakes.openai.server import CallTool, Part
from telephony.testing.fakes.twilio.callees import Callee, presses
from telephony.testing.fakes.twilio.faults import Post, Step
from telephony.testing.stack import Stack, Tape
from tests.call_control import test_cold
from tests.call_control.office import (
    ANNA,
    BEN,
    COLD,
    REPLY,
    SUMMARY,
    WARM,
    called,
    latest,
    leg_to,
    notices,
    office,
    until,
)
from tests.call_control.test_warm import asked_for, briefed, joined, over, replies
from tests.outbound.ringing import OWN


class Gate:
    """Holds up a method: `reached` when it is called, and it goes on once `open` is set."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: type, method: str) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        real = getattr(owner, method)

        async def held(*args: Any, **options: Any) -> Any:
            self.reached.set()
            await self.open.wait()
            return await real(*args, **options)

        patch.setattr(owner, method, held)


async def test_a_caller_who_hangs_up_before_the_phone_is_rung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twilio takes its time to tell our numbers: by then nobody needs to be rung any more."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        gate = Gate(monkeypatch, Legs, "numbers")
        caller, _ = await asked_for(stack)
        await gate.reached.wait()
        await over(stack, caller)
        gate.open.set()
        (transfer,) = stack.service.control.transfers.warm.values()
        await until(lambda: transfer.legs[1].over)
    assert stack.carrier.outgoing.posts == []


async def test_never_mind_while_the_attempt_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phone rings for a moment only."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(ring_ms=15_000)
        gate = Gate(monkeypatch, Attempts, "claim")
        caller, tape = await asked_for(stack)
        await gate.reached.wait()
        await stack.says(caller, "never mind")
        await tape.until(lambda: "cancelled" in tape.lines[-1][1])
        gate.open.set()
        anna = await leg_to(stack, ANNA)
        await anna.ended()
        assert anna.outcome == "canceled"
        await over(stack, caller)


@pytest.mark.parametrize("stays", [True, False])
async def test_a_caller_who_interrupts_the_last_words(tmp_path: Path, stays: bool) -> None:
    """Whoever says never mind now is not put through; anything else is answered first."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await tape.until(lambda: _sounds(tape, SayRequested("I'm connecting you now.")))
        await stack.says(caller, "wait please never mind now" if stays else "wait please when are you open")
        if stays:
            await tape.until(lambda: "cancelled" in tape.lines[-1][1])
            await anna.ended()
            assert "The caller does not want to be put through any more. Thank you. Goodbye." in anna.spoken
            assert caller.dialled == []
        else:
            await joined(stack, caller, anna)
            assert ("agent", REPLY) in tape.lines, tape.lines
        await over(stack, caller)


@pytest.mark.parametrize("hangs_up", ["caller", "person"])
async def test_somebody_hangs_up_after_the_yes(tmp_path: Path, hangs_up: str) -> None:
    """The caller is still with the agent then: whoever is left hears of it."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await tape.until(lambda: _sounds(tape, SayRequested("I'm connecting you now.")))
        if hangs_up == "caller":
            await over(stack, caller)
            assert "The caller has hung up. Goodbye." in anna.spoken
        else:
            await anna.hang_up()
            await until(lambda: failed("Anna", Outcome.HUNG_UP) in notices(stack, caller))
            assert caller.dialled == []
            await over(stack, caller)


def _sounds(tape: Tape, wanted: SayRequested) -> bool:
    """Whether the agent has begun to say what it was asked to say."""
    asked = next((at for at, step in enumerate(tape.steps) if step.event == wanted), None)
    return asked is not None and any(isinstance(one, SendAudio) for step in tape.steps[asked:] for one in step.actions)


@pytest.mark.parametrize("first", ["sales", "Anna"])
async def test_two_transfers_in_one_breath(tmp_path: Path, first: str) -> None:
    """The first one counts; the second is not done, and the agent learns that."""
    both = ["sales", "Anna"] if first == "sales" else ["Anna", "sales"]

    def twice(request: dict[str, Any]) -> list[Part]:
        if "put me through" in latest(request)[1]:
            return [CallTool("transfer_call", {"destination": name, "summary": SUMMARY}) for name in both]
        return replies(request)

    async with office(tmp_path, replace(COLD, number=BEN), WARM, replies=twice) as stack:
        stack.carrier.outgoing.callees[BEN] = Callee("busy")
        caller, tape = await asked_for(stack)
        if first == "sales":
            await tape.until(lambda: tape.lines[-1][1].startswith("I was told: The transfer"))
            assert stack.carrier.outgoing.rings(ANNA) == 0
            assert caller.dialled == [BEN]
        else:
            await briefed(stack)
            assert caller.dialled == []
            await until(lambda: any("going on already" in one for one in notices(stack, caller)))
        await over(stack, caller)


@pytest.mark.parametrize("withheld", ["anonymous", "+266696687"])
async def test_a_withheld_number_is_not_shown(tmp_path: Path, withheld: str) -> None:
    """Twilio dials from numbers only: ours stands for that of a caller who has none."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(script=presses("1", once_spoken="Press one"))
        phone = await stack.dial(caller=withheld, called=OWN)
        tape = await stack.tape(phone)
        await tape.until(lambda: ("agent", "Hello, how can I help?") in tape.lines)
        await stack.says(phone, "please put me through")
        anna = await leg_to(stack, ANNA)
        assert anna.record.parties.caller == OWN
        await phone.hang_up()
        await phone.ended()


async def test_a_stop_waits_for_a_caller_who_is_elsewhere(tmp_path: Path) -> None:
    """The process answers when Twilio asks how the call goes on; then the drain goes on as for every call."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(script=presses("1", once_spoken="Press one"))
        caller, tape = await test_cold.asked_for(stack)
        anna = await leg_to(stack, ANNA)
        await anna.until(lambda: bool(anna.twiml) and "Gather" not in anna.twiml[-1])
        await until(lambda: not stack.service.registry.calls)
        stopping = asyncio.create_task(drain(stack.service, 60_000))
        await anna.pause(3_000)
        assert not stopping.done()
        await anna.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told"))
        await caller.hang_up()
        await stopping
    assert caller.outcome == "completed"


async def forget(stack: Stack) -> None:
    """What a restart leaves of the transfers."""
    control = stack.service.control
    control.transfers.warm.clear()
    control.transfers.cold.clear()
    control.transfers._attempts.clear()
    control.moves.away.clear()


async def test_a_restart_while_the_phone_rings(tmp_path: Path) -> None:
    """Whoever picks up is told that it is too late."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(ring_ms=5_000)
        caller, _ = await asked_for(stack)
        anna = await leg_to(stack, ANNA)
        await forget(stack)
        await anna.ended()
        assert anna.spoken == ["The call has been taken care of in the meantime. Thank you. Goodbye."]
        await caller.hang_up()
        await caller.ended()


async def test_a_restart_while_the_caller_hears_it_ring(tmp_path: Path) -> None:
    """Whoever picks up is told that it is too late, and the caller is taken back."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(ring_ms=5_000)
        caller, tape = await test_cold.asked_for(stack)
        anna = await leg_to(stack, ANNA)
        await forget(stack)
        await anna.ended()
        assert anna.spoken == ["The call has been taken care of in the meantime. Thank you. Goodbye."]
        await tape.until(lambda: tape.lines[-1][1].startswith("Sorry, something went wrong"))
        await caller.hang_up()
        await caller.ended()


async def test_a_restart_while_they_talk_and_the_caller_hangs_up(tmp_path: Path) -> None:
    async with office(tmp_path, WARM, replies=replies) as stack:
        caller, _ = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        await forget(stack)
        await caller.hang_up()
        await anna.ended()
        assert any("taken care of" in text for text in anna.spoken)


async def test_a_briefing_whose_stream_breaks(tmp_path: Path) -> None:
    """The person hears last words, and is not connected with the number for broken calls; the caller is told."""
    async with office(tmp_path, WARM, replies=replies, fallback_number=BEN) as stack:
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        stack.service.registry.calls[anna.sid].inbox.put(CallerLeft(LegEnd.DISCONNECTED))
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told: The transfer"))
        await anna.ended()
        assert stack.carrier.outgoing.rings(BEN) == 0
        assert anna.dialled == []
        assert any("taken care of" in text for text in anna.spoken)
        await over(stack, caller)


async def test_a_second_caller_for_the_same_person_is_told_that_they_are_busy(tmp_path: Path) -> None:
    async with office(tmp_path, WARM, replies=replies) as stack:
        first, _ = await asked_for(stack)
        anna, _ = await briefed(stack)
        second, tape = await called(stack)
        await stack.says(second, "please put me through")
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told: The transfer"))
        assert notices(stack, second) == [failed("Anna", Outcome.BUSY)]
        assert stack.carrier.outgoing.rings(ANNA) == 1
        await anna.press("1")
        await joined(stack, first, anna)
        await second.hang_up()
        await over(stack, first)


@pytest.mark.parametrize("failures", [0, 3])
async def test_a_caller_who_is_left_alone_in_the_room_is_fetched(tmp_path: Path, failures: int) -> None:
    """The person is gone, and the caller's `<Dial>` does not end: after three seconds they are brought back, also if
    Twilio cannot do it at once."""
    async with office(tmp_path, WARM, replies=replies) as stack:
        caller, tape = await asked_for(stack)
        anna, _ = await briefed(stack)
        await anna.press("1")
        await joined(stack, caller, anna)
        (room,) = (one for one in stack.carrier.conferences.rooms.values() if caller.sid in one.participants)
        room.participants[anna.sid].ends_on_exit = False
        stack.carrier.steps[Step.UPDATE_CALL].post = [*[Post.FAILS_UNPLACED] * failures, Post.ANSWERED]
        await anna.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told: The caller was put"))
        assert any("/back?attempt=1</Redirect>" in one for one in caller.twiml)
        await over(stack, caller)
