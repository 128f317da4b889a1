"""Conferences: rooms in which calls hear each other, found by their names.

Theory of operation. A call that executes `<Dial><Conference>` is in `Conferences.attend` for as long as it is a
participant. A room begins with the first one whose `startConferenceOnEnter` is set; until then all wait in silence. It
is over when somebody leaves who ends it, when the last one leaves, or by the REST API; then so is everyone's `<Dial>`.
The reports are those that the first participant asked for, sent in order by tasks beside the calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from telephony.console.carrier.twiml import Callback, Conference
from telephony.testing.fakes.twilio.connecting.mixer import Mixer, Seat
from telephony.testing.fakes.twilio.phone_call import PhoneCall
from telephony.testing.fakes.twilio.reports import Reports, Spawns

#: The word with which an event is asked for, where it is not the event's own.
_WORD = {"unmute": "mute", "unhold": "hold"}


@dataclass(slots=True)
class Participant:
    """A call in a room. `removed`: the REST API has taken it out."""

    phone: PhoneCall
    seat: Seat
    starts: bool
    ends_on_exit: bool
    removed: bool = False

    def fields(self) -> dict[str, str]:
        """What reports tell of it."""
        flags = {
            "Muted": self.seat.muted,
            "Hold": self.seat.held,
            "Coaching": False,
            "StartConferenceOnEnter": self.starts,
            "EndConferenceOnExit": self.ends_on_exit,
        }
        return {"CallSid": self.phone.sid} | {name: str(value).lower() for name, value in flags.items()}


@dataclass(slots=True)
class Room:
    """One conference. `status`: "init", "in-progress" or "completed"; `why` it ended, as Twilio says it, and
    by which call (`ended_by`)."""

    name: str
    callback: Callback
    document_url: str
    mixer: Mixer
    reports: Reports
    sid: str = field(default_factory=lambda: "CF" + uuid4().hex)
    status: str = "init"
    why: str = ""
    ended_by: str = ""
    participants: dict[str, Participant] = field(default_factory=dict)
    events: int = 0
    told: bool = False  # that it has begun, which needs two
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def end(self, why: str, by: str = "") -> None:
        """Everyone's `<Dial>` is over, within 20 ms."""
        if self.status != "completed":
            self.status, self.why, self.ended_by = "completed", why, by
            for participant in self.participants.values():
                participant.phone.line.notify()


class Conferences:
    """All conferences of the account, by SID."""

    def __init__(self, carrier: Spawns) -> None:
        self.rooms: dict[str, Room] = {}
        self._carrier = carrier

    def named(self, name: str) -> Room | None:
        """The conference of this name that is not over."""
        return next((room for room in self.rooms.values() if room.name == name and room.status != "completed"), None)

    async def attend(self, phone: PhoneCall, verb: Conference, reports: Reports) -> None:
        """The phone takes part until it leaves, is taken out, or the conference is over."""
        room = self.named(verb.name) or self._opened(phone, verb, reports)
        one = Participant(phone, Seat(phone, verb.muted), verb.starts, verb.ends_on_exit)
        room.participants[phone.sid] = one
        self.report(room, "participant-join", one)
        self._enter(room, one)
        line = phone.line
        await line.unheard(lambda: one.removed or room.status != "init")
        while not (line.leaving or one.removed or room.status == "completed"):
            await line.change(line.now_ms + 20)
        del room.participants[phone.sid]
        room.mixer.leave(one.seat)
        self.report(room, "participant-leave", one)
        if one.ends_on_exit:
            room.end("participant-with-end-conference-on-exit-left", phone.sid)
        if not room.participants:
            room.end("last-participant-left", phone.sid)
            self.report(room, "conference-end", None)

    def report(self, room: Room, event: str, about: Participant | None) -> None:
        """Reports an event, if somebody has asked for it, beside everything else and in order."""
        room.events += 1
        word = event.partition("-")[2]
        if not room.callback.url or _WORD.get(word, word) not in room.callback.events:
            return
        form = {
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "StatusCallbackEvent": event,
            "SequenceNumber": str(room.events),
            "Timestamp": format_datetime(datetime.now(UTC)),
        }
        if event == "conference-end":
            form["ReasonConferenceEnded"] = room.why
            if room.ended_by:
                form["CallSidEndingConference"] = room.ended_by
        elif about is not None:
            form |= about.fields()
        self._carrier.spawn(self._send(room, event, form))

    def _opened(self, phone: PhoneCall, verb: Conference, reports: Reports) -> Room:
        mixer = Mixer(self._carrier.clock)
        room = Room(verb.name, verb.callback, phone.webhooks.document_url, mixer, reports)
        self.rooms[room.sid] = room
        return room

    def _enter(self, room: Room, one: Participant) -> None:
        room.mixer.join(one.seat)
        if room.status == "init" and one.starts:
            room.status = "in-progress"
            self._carrier.spawn(room.mixer.run())
        if room.status == "in-progress" and len(room.participants) > 1 and not room.told:
            room.told = True
            self.report(room, "conference-start", None)

    async def _send(self, room: Room, event: str, form: Mapping[str, str]) -> None:
        tell = room.reports.tell_last if event == "conference-end" else room.reports.tell
        async with room.sending:
            await tell(event, lambda: self._carrier.post(room.callback.url, room.document_url, form))


def shown(room: Room, account_sid: str) -> dict[str, Any]:
    """A conference as the API shows it."""
    return {
        "sid": room.sid,
        "account_sid": account_sid,
        "friendly_name": room.name,
        "status": room.status,
        "region": "us1",
        "reason_conference_ended": room.why or None,
        "date_created": format_datetime(room.created),
    }


def participant_shown(room: Room, one: Participant, account_sid: str) -> dict[str, Any]:
    """A participant as the API shows it."""
    return {
        "account_sid": account_sid,
        "conference_sid": room.sid,
        "call_sid": one.phone.sid,
        "muted": one.seat.muted,
        "hold": one.seat.held,
        "coaching": False,
        "start_conference_on_enter": one.starts,
        "end_conference_on_exit": one.ends_on_exit,
        "status": "connected",
    }
