"""Calls that the service places at the local carrier: who answers them, what is reported, and what goes wrong.

Reports come as Twilio sends them: separate requests for `initiated`, `ringing`, `answered` and `completed`, of which
`completed` tells every end (busy, no-answer, failed, canceled).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.testing.fakes.twilio.callees import Callee, acting
from telephony.testing.fakes.twilio.faults import Post, StepFaults
from telephony.testing.fakes.twilio.phone_call import PhoneCall, Source
from telephony.testing.fakes.twilio.reports import Reports

__all__ = ["Callee", "Outgoing", "PlacedCall", "PlacingFaults", "Post"]

_OWN_EVENTS = ("initiated", "ringing", "answered", "completed")


#: What goes wrong with calls that are placed has the shape of what goes wrong with any other step.
PlacingFaults = StepFaults


@dataclass(slots=True)
class PlacedCall:
    """A call that was placed, as the REST API shows it."""

    phone: PhoneCall
    form: Mapping[str, list[str]]

    @property
    def status(self) -> str:
        return self.phone.record.status

    @status.setter
    def status(self, status: str) -> None:
        self.phone.record.status = status

    def one(self, name: str) -> str:
        return (self.form.get(name) or [""])[-1]

    def first(self) -> Source:
        """The document with which it begins: a URL is preferred to a text."""
        url = self.one("Url")
        return Source(url=url, method=self.one("Method") or "POST") if url else Source(self.one("Twiml"))


@dataclass(slots=True)
class Outgoing:
    """The calls that the service places. `callees`: who answers which number; others are answered by `Callee()`.
    `posts` holds the form of every POST that arrived, `placed` every call by its SID. All may be changed or read while
    the carrier runs."""

    callees: dict[str, Callee] = field(default_factory=dict)
    faults: PlacingFaults = field(default_factory=PlacingFaults)
    posts: list[dict[str, list[str]]] = field(default_factory=list)
    placed: dict[str, PlacedCall] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def rings(self, number: str) -> int:
        """How many calls were placed to a number."""
        return sum(call.one("To") == number for call in self.placed.values())

    async def until_posted(self, count: int = 1) -> None:
        """Returns when `count` POSTs have arrived."""
        while len(self.posts) < count:
            self.changed.clear()
            await self.changed.wait()

    async def until_placed(self, count: int = 1) -> str:
        """Returns the SID of the latest call when `count` calls have been placed."""
        while len(self.placed) < count:
            self.changed.clear()
            await self.changed.wait()
        return list(self.placed)[-1]

    def problem(self, form: Mapping[str, list[str]], own: list[dict[str, str]]) -> tuple[int, str] | None:
        """Why Twilio refuses to place a call: (code, message)."""

        def one(name: str) -> str:
            return (form.get(name) or [""])[-1]

        if not re.fullmatch(r"\+[1-9]\d{6,14}", one("To")):
            return 21211, "Invalid 'To' Phone Number"
        if one("From") not in {number.get("phone_number") for number in own}:
            return 21210, "'From' phone number not verified"
        if one("Url") and not re.match("https?://", one("Url")):
            return 21205, "Url is not a valid URL"
        if not (one("Url") or one("Twiml")) or len(one("Twiml")) > 4_000:
            return 21200, "a Url, or a Twiml of up to 4000 characters, is needed"
        if wrong := set(form.get("StatusCallbackEvent") or ()) - set(_OWN_EVENTS):
            return 21626, f"{wrong} is not a status callback event"
        return None

    async def run(self, call: PlacedCall, reports: Reports) -> None:
        """The call, from the queue to its end."""
        phone, callee = call.phone, self.callees.get(call.one("To"), Callee())
        await self._event(call, reports, "initiated", "initiated", 0)
        await self._event(call, reports, "ringing", "ringing", 1)
        ring_ms = min(callee.ring_ms, int(call.one("Timeout") or 60) * 1_000)
        await phone.pause(int(call.one("Timeout") or 60) * 1_000 if callee.status == "no-answer" else ring_ms)
        sip = callee.sip
        if phone.left:
            phone.outcome = end = "canceled"
        elif callee.status != "completed":
            phone.outcome = end = callee.status
        else:
            end, sip = "completed", "200"
            async with acting(callee, phone), asyncio.TaskGroup() as group:
                group.create_task(self._event(call, reports, "answered", "in-progress", 2))
                if verdict_url := call.one("AsyncAmdStatusCallback"):
                    phone.record.answered_by = callee.answered_by
                    group.create_task(phone.report(verdict_url, "in-progress", AnsweredBy=callee.answered_by))
                if limit := call.one("TimeLimit"):
                    group.create_task(phone.limit(int(limit)))
                await phone.hear_keys(call.one("SendDigits"))
                await phone.talk(call.first())
            phone.record.duration_s = 12
        call.status = end
        await self._event(call, reports, "completed", end, 3, sip)
        phone.over()

    async def _event(
        self, call: PlacedCall, reports: Reports, name: str, status: str, sequence: int, sip: str = ""
    ) -> None:
        call.status = status
        if name not in (call.form.get("StatusCallbackEvent") or ["completed"]) or not call.one("StatusCallback"):
            return
        more = {"SequenceNumber": str(sequence)} | ({"SipResponseCode": sip} if sip else {})
        if status == "completed":
            more["CallDuration"] = str(call.phone.record.duration_s)
        tell = reports.tell_last if name == "completed" else reports.tell
        await tell(name, lambda: call.phone.report(call.one("StatusCallback"), status, **more))
