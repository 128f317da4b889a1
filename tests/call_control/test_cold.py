"""Cold transfers, over real sockets: announced, dialled, and a spoken way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from telephony.call_control.destinations import Destination
from telephony.core.events import SpeechAudio
from telephony.core.transfers.words import Outcome
from telephony.testing.fakes.twilio.callees import Callee, hangs_up, mailbox, presses
from telephony.testing.fakes.twilio.carrier import PhoneCall
from telephony.testing.stack import Stack, Tape
from tests.call_control.office import (
    ANNA,
    BEN,
    CALLER,
    COLD,
    REPLY,
    SUMMARY,
    back,
    called,
    leg_to,
    notices,
    office,
    until,
)

ACCEPTS = presses("1", once_spoken="Press one")
UNASKED = replace(COLD, accept_by_key=False)


async def asked_for(stack: Stack, **options: Any) -> tuple[PhoneCall, Tape]:
    """A caller who has asked to be put through, and was told that they are."""
    caller, tape = await called(stack, **options)
    await stack.says(caller, "please put me through")
    await tape.until(lambda: ("agent", "I am asking them now.") in tape.lines)
    return caller, tape


async def test_the_caller_is_put_through_once_they_have_heard_it(tmp_path: Path) -> None:
    """The announcement is heard whole; the person hears who is calling and presses a key; when they hang up, the caller
    is back in the same conversation, and the agent knows."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(script=ACCEPTS)
        caller, tape = await asked_for(stack)
        anna = await leg_to(stack, ANNA)
        assert tape.closed
        await anna.until(lambda: bool(anna.spoken))
        assert SUMMARY in anna.spoken[0]
        assert anna.record.parties.caller == CALLER
        await anna.until(lambda: "Gather" not in anna.twiml[-1])
        await anna.pause(3_000)
        await anna.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told"))
        assert tape.lines[-2] == ("agent", "Hello, it's me again.")
        assert "put through to sales" in tape.lines[-1][1]
        assert notices(stack, caller) == [back("sales", Outcome.TALKED)]
        heard = str(stack.openai.requests[-1]["messages"])
        assert "please put me through" in heard
        assert "I am asking them now." in heard
        await caller.hang_up()
        await caller.ended()
    assert caller.outcome == "completed"
    assert caller.violations + anna.violations == []


@pytest.mark.parametrize(
    ("destination", "callee", "outcome"),
    [
        (COLD, Callee("busy"), Outcome.BUSY),
        (COLD, Callee("no-answer"), Outcome.NO_ANSWER),
        (COLD, Callee("failed", sip="404"), Outcome.FAILED),
        (COLD, Callee(script=presses("2", once_spoken="Press one")), Outcome.REFUSED),
        (COLD, Callee(script=hangs_up(once_spoken="Press one")), Outcome.REFUSED),
        (COLD, Callee(script=mailbox(b"\xff" * 8_000)), Outcome.REFUSED),
        (UNASKED, Callee("busy"), Outcome.BUSY),
        (UNASKED, Callee(script=mailbox(b"\xff" * 8_000, records_ms=2_000)), Outcome.TALKED),
    ],
)
async def test_the_way_back_in_words(
    tmp_path: Path, destination: Destination, callee: Callee, outcome: Outcome
) -> None:
    """Whoever does not take the call: the caller is with the agent again, who knows why and says so."""
    async with office(tmp_path, destination) as stack:
        stack.carrier.outgoing.callees[ANNA] = callee
        caller, tape = await asked_for(stack)
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told"))
        assert notices(stack, caller) == [back("sales", outcome)]
        await caller.hang_up()
        await caller.ended()
    assert caller.outcome == "completed"


async def test_numbers_are_tried_in_turn(tmp_path: Path) -> None:
    """The first is busy, the second a mailbox, the third takes the call; each is rung once."""
    third = "+12025550166"
    async with office(tmp_path, replace(COLD, number=(ANNA, BEN, third))) as stack:
        callees = stack.carrier.outgoing.callees
        callees[ANNA], callees[BEN] = Callee("busy"), Callee(script=mailbox(b"\xff" * 8_000))
        callees[third] = Callee(script=ACCEPTS)
        caller, tape = await asked_for(stack)
        last = await leg_to(stack, third)
        await last.until(lambda: bool(last.twiml) and "Gather" not in last.twiml[-1])
        await last.pause(1_000)
        await last.hang_up()
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told"))
        assert notices(stack, caller) == [back("sales", Outcome.TALKED)]
        assert caller.dialled == [ANNA, BEN, third]
        await caller.hang_up()


async def test_a_caller_who_interrupts_the_announcement_is_not_put_through(tmp_path: Path) -> None:
    async with office(tmp_path, COLD) as stack:
        caller, tape = await called(stack)
        await stack.says(caller, "please put me through")
        await tape.until(lambda: any(isinstance(one.event, SpeechAudio) and one.event.turn > 1 for one in tape.steps))
        await stack.says(caller, "wait what are your opening hours first")
        await tape.until(lambda: ("agent", REPLY) in tape.lines)
        assert caller.dialled == []
        await caller.hang_up()


async def test_a_caller_who_hangs_up_while_it_rings(tmp_path: Path) -> None:
    """Nobody is rung any more, and nothing is left behind."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee(ring_ms=15_000)
        caller, _ = await asked_for(stack)
        anna = await leg_to(stack, ANNA)
        await caller.hang_up()
        await caller.ended()
        await anna.ended()
        await until(lambda: not stack.service.control.moves.away)
        assert stack.service.registry.calls == {}
        assert anna.spoken == []


async def test_a_repeated_question_dials_nothing_again(tmp_path: Path) -> None:
    """Twilio asks again when an answer is lost: the answer is the same. Somebody else's call learns nothing."""
    async with office(tmp_path, COLD) as stack:
        stack.carrier.outgoing.callees[ANNA] = Callee("busy")
        caller, tape = await asked_for(stack)
        await tape.until(lambda: tape.lines[-1][1].startswith("I was told"))
        cold = next(iter(stack.service.control.transfers.cold.values()))
        assert cold.after(0, {"DialCallStatus": "completed"}) is None
        assert cold.outcome is Outcome.BUSY
        assert not cold.accept(0, "1")
        await caller.hang_up()


@pytest.mark.parametrize("number", ["+12025550100", "+19005550123", "+4930123456"])
async def test_numbers_that_are_never_dialled(tmp_path: Path, number: str) -> None:
    """Our own, premium rate, another country: the caller is told that it does not work, and nothing rings."""
    async with office(tmp_path, Destination("sales", number)) as stack:
        caller, _ = await called(stack)
        await stack.says(caller, "please put me through")
        await until(lambda: "cannot be called" in str(stack.openai.requests))
        assert caller.dialled == []
        await caller.hang_up()


async def test_outside_office_hours_nobody_is_called(tmp_path: Path) -> None:
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    tomorrow = (now + timedelta(days=1)).strftime("%a")
    closed = replace(COLD, open=f"{tomorrow} 09:00-17:00", time_zone="Europe/Berlin")
    async with office(tmp_path, closed) as stack:
        caller, tape = await called(stack)
        await stack.says(caller, "please put me through")
        await tape.until(lambda: "opens tomorrow at 09:00" in tape.lines[-1][1])
        assert caller.dialled == []
        await caller.hang_up()
