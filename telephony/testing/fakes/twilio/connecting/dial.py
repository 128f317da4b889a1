"""`<Dial>` of numbers: second legs that ring, answer, hear their own document first, and are connected.

Theory of operation. Each number gets a call of its own, which runs beside the one that dials (`Leg.run`) and tells by
its `stage` how far it is. The call that dials waits for a leg that may be connected (`Stage.READY`), hangs the others
up, and mixes the two until one of them is gone, or is redirected.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from telephony.console.carrier.twiml import Dial, Number
from telephony.testing.fakes.twilio.callees import Callee, acting
from telephony.testing.fakes.twilio.connecting.mixer import Mixer, Seat
from telephony.testing.fakes.twilio.phone_call import PhoneCall, Source
from telephony.testing.fakes.twilio.reports import Reports, Spawns
from telephony.testing.fakes.twilio.webhooks import Parties

MOST_AT_ONCE = 10


class Dials(Spawns, Protocol):
    """The part of the carrier that is needed here."""

    def new_call(self, parties: Parties) -> PhoneCall: ...

    def callee(self, number: str) -> Callee | None: ...

    def dial_reports(self) -> Reports: ...

    def own_numbers(self) -> list[dict[str, str]]: ...


class Stage(IntEnum):
    """How far a leg is."""

    CALLED = 0
    READY = 1
    OVER = 2


@dataclass(slots=True)
class Leg:
    """A number that is dialled. `bridged_ms`: for how long it was connected; None: never."""

    carrier: Dials
    number: Number
    callee: Callee
    phone: PhoneCall
    reports: Reports
    stage: Stage = Stage.CALLED
    answered: bool = False
    bridged_ms: int | None = None

    async def run(self, timeout_ms: int) -> None:
        """The whole call."""
        phone, callee = self.phone, self.callee
        await self._event("initiated", "initiated", 0)
        await self._event("ringing", "ringing", 1)
        rings_ms = timeout_ms if callee.status == "no-answer" else min(callee.ring_ms, timeout_ms)
        await phone.pause(rings_ms)
        if phone.left:
            phone.outcome = "canceled"
        elif callee.status != "completed":
            phone.outcome = callee.status
        elif callee.ring_ms > timeout_ms:
            phone.outcome = "no-answer"
        else:
            await self._talk()
        self._reached(Stage.OVER)
        await self._event("completed", phone.outcome, 3)
        phone.over()

    async def _talk(self) -> None:
        phone, answered_ms = self.phone, self.phone.now_ms
        self.answered = True
        phone.line.notify()
        async with acting(self.callee, phone), asyncio.TaskGroup() as group:
            group.create_task(self._event("answered", "in-progress", 2))
            await phone.hear_keys(self.number.send_digits)
            if self.number.url:
                await phone.execute(Source(url=self.number.url))
            if not phone.is_over:
                self._reached(Stage.READY)
                await phone.until(lambda: phone.line.leaving)
                self._reached(Stage.OVER)
                await phone.go_on()
            phone.outcome = phone.outcome or "completed"
        phone.record.duration_s = (phone.now_ms - answered_ms) // 1_000

    def _reached(self, stage: Stage) -> None:
        self.stage = stage
        self.phone.line.notify()

    async def _event(self, name: str, status: str, sequence: int) -> None:
        self.phone.record.status = status
        callback = self.number.callback
        if name not in callback.events or not callback.url:
            return
        more = {"SequenceNumber": str(sequence)}
        if name == "completed":
            more["CallDuration"] = str(self.phone.record.duration_s)
        tell = self.reports.tell_last if name == "completed" else self.reports.tell
        await tell(name, lambda: self.phone.report(callback.url, status, **more))


async def dial(carrier: Dials, caller: PhoneCall, verb: Dial) -> dict[str, str] | None:
    """Dials, connects, and returns what the action URL is told when that is over. None: nobody stands for any of the
    numbers."""
    if not any(carrier.callee(number.number) for number in verb.numbers):
        return None
    shown = verb.caller_id or caller.record.parties.caller
    if shown not in {number.get("phone_number") for number in carrier.own_numbers()} | {caller.record.parties.caller}:
        caller.line.violation("13214", f"callerId {shown} is neither ours nor the caller's")
        return _told("failed", None, False)
    numbers = list(verb.numbers[:MOST_AT_ONCE])
    leg = None
    for group in [[number] for number in numbers] if verb.sequential else [numbers]:
        legs = [_leg(carrier, caller, number, shown) for number in group]
        for one in legs:
            carrier.spawn(one.run(verb.timeout_ms))
        leg = await _answered(caller, legs)
        if leg.stage is Stage.READY and not caller.line.leaving:
            await _bridge(carrier, caller, leg, verb.limit_ms)
        if caller.line.leaving:
            leg.phone.end()
        if caller.line.leaving or leg.bridged_ms is not None:
            break
    assert leg is not None
    return _result(caller, leg)


def _leg(carrier: Dials, caller: PhoneCall, number: Number, shown: str) -> Leg:
    phone = carrier.new_call(Parties(shown, number.number, "outbound-dial"))
    phone.record.parent = caller.sid
    phone.webhooks.document_url = caller.webhooks.document_url
    callee = carrier.callee(number.number) or Callee()
    return Leg(carrier, number, callee, phone, carrier.dial_reports())


async def _answered(caller: PhoneCall, legs: list[Leg]) -> Leg:
    """Waits until a leg may be connected, or none will be, or the caller is gone. Returns that leg, or the last one
    that rang. The first to answer has won: the others are hung up."""

    def winner() -> Leg | None:
        return next((leg for leg in legs if leg.answered), None)

    await caller.line.unheard(lambda: winner() is not None or all(leg.stage is Stage.OVER for leg in legs))
    won = winner()
    for leg in legs:
        if leg is not won:
            leg.phone.end()
    if won is None:
        return max(legs, key=lambda leg: leg.phone.now_ms)
    await caller.line.unheard(lambda: won.stage in (Stage.READY, Stage.OVER))
    return won


async def _bridge(carrier: Dials, caller: PhoneCall, leg: Leg, limit_ms: int | None) -> None:
    """The two hear each other until one of them is gone."""
    caller.record.status = "in-progress"
    mixer, began_ms = Mixer(carrier.clock), caller.now_ms
    leg.bridged_ms = 0
    seats = [mixer.join(Seat(phone)) for phone in (caller, leg.phone)]
    carrier.spawn(mixer.run())
    while not caller.line.leaving and leg.stage is Stage.READY:
        if limit_ms is not None and caller.now_ms >= began_ms + limit_ms:
            leg.phone.end()
        await caller.line.change(caller.now_ms + 20)
    leg.bridged_ms = caller.now_ms - began_ms
    for seat in seats:
        mixer.leave(seat)


def _result(caller: PhoneCall, leg: Leg) -> dict[str, str]:
    if leg.bridged_ms is not None:
        return _told("completed", leg, True)
    if leg.phone.outcome == "completed":
        return _told(caller.line.faults.refused_whisper, leg, False)
    return _told(leg.phone.outcome or "canceled", leg, False)


def _told(status: str, leg: Leg | None, bridged: bool) -> dict[str, str]:
    told = {"DialCallStatus": status, "DialBridged": str(bridged).lower()}
    if leg is not None:
        told["DialCallSid"] = leg.phone.sid
    if status in ("completed", "answered") and leg is not None:
        told["DialCallDuration"] = str((leg.bridged_ms or 0) // 1_000)
    return told
