"""Messages: what becomes of one that the service sends, and one that a person sends to it.

    carrier.messages.people["+15550001111"] = Person(landline=True)
    answer = await carrier.messages.text(base_url + "/twilio/message", "+15550001111", "STOP")

A person who has sent STOP to a number gets nothing more from it (21610) until START.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol
from uuid import uuid4

import httpx2

from telephony.testing.fakes.twilio.answering import Form
from telephony.testing.fakes.twilio.answering import one as field_of
from telephony.testing.fakes.twilio.reports import Reports
from telephony.testing.fakes.twilio.webhooks import Sender, send

_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})
_LONGEST = 1_600


class Office(Sender, Protocol):
    """The part of the carrier that is needed here."""

    def own_numbers(self) -> list[dict[str, str]]: ...

    def message_reports(self) -> Reports: ...

    def inbound_reports(self) -> Reports: ...

    async def post(self, url: str, base_url: str, form: Mapping[str, str]) -> None: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Person:
    """Who has a number. `code`: Twilio refuses every message to it with this error (21211: invalid, 21408: a country
    that is not allowed, 21614: cannot get messages). `undelivered`: what a message fails with after it was sent (30003:
    switched off, 30006: landline). `line_type`: what a look-up finds."""

    code: int = 0
    undelivered: int = 0
    line_type: str = "mobile"
    carrier_name: str = "Local Mobile"


LANDLINE = Person(undelivered=30006, line_type="landline", carrier_name="Local Telephone")


@dataclass(slots=True)
class Message:
    """One message that the service has sent. `status`: "queued", "sent", "delivered", "undelivered"."""

    form: Form
    sid: str = field(default_factory=lambda: "SM" + uuid4().hex)
    status: str = "queued"
    code: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def to(self) -> str:
        return field_of(self.form, "To")

    @property
    def body(self) -> str:
        return field_of(self.form, "Body")

    def resource(self, account_sid: str) -> dict[str, Any]:
        """The message as the API shows it."""
        return {
            "sid": self.sid,
            "account_sid": account_sid,
            "to": self.to,
            "from": field_of(self.form, "From") or None,
            "messaging_service_sid": field_of(self.form, "MessagingServiceSid") or None,
            "body": self.body,
            "status": self.status,
            "direction": "outbound-api",
            "num_segments": str(segments(self.body)),
            "num_media": "0",
            "error_code": self.code or None,
            "error_message": None,
            "date_created": format_datetime(self.created),
            "date_sent": None if self.status == "queued" else format_datetime(self.created),
        }


class Messages:
    """All messages. `people`: who has which number; others get what is sent to them. `posts` holds the form of every
    POST that arrived, `sent` every message by SID, `stopped` pairs of (their number, ours)."""

    def __init__(self, carrier: Office) -> None:
        self.people: dict[str, Person] = {}
        self.posts: list[Form] = []
        self.sent: dict[str, Message] = {}
        self.stopped: set[tuple[str, str]] = set()
        self._carrier = carrier
        self._changed = asyncio.Event()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; evaluates it again whenever something happens to a message."""
        while not predicate():
            self._changed.clear()
            await self._changed.wait()

    def notify(self) -> None:
        self._changed.set()

    def texts(self, number: str) -> list[str]:
        """What a person has received."""
        return [
            message.body for message in self.sent.values() if message.to == number and message.status == "delivered"
        ]

    # --- for the REST API ---

    def problem(self, form: Form) -> tuple[int, str] | None:
        """Why Twilio refuses a message: (code, message)."""
        to, sender = field_of(form, "To"), field_of(form, "From")
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            return 21211, f"Invalid 'To' Phone Number: {to}"
        if not sender and not field_of(form, "MessagingServiceSid"):
            return 21603, "A 'From' phone number is required."
        if sender and sender not in {number.get("phone_number") for number in self._carrier.own_numbers()}:
            return 21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number"
        if not field_of(form, "Body"):
            return 21602, "Message body is required."
        if len(field_of(form, "Body")) > _LONGEST:
            return 21617, "The concatenated message body exceeds the 1600 character limit."
        if field_of(form, "StatusCallback") and not re.match("https?://", field_of(form, "StatusCallback")):
            return 21609, "The 'StatusCallback' URL is not a valid URL."
        if (to, sender) in self.stopped:
            return 21610, "Attempt to send to unsubscribed recipient"
        code = self.people.get(to, Person()).code
        return (code, "refused for this number") if code else None

    def accept(self, form: Form) -> Message:
        """Sends a message."""
        message = Message(form)
        self.sent[message.sid] = message
        self.notify()
        self._carrier.spawn(self._deliver(message))
        return message

    async def _deliver(self, message: Message) -> None:
        reports = self._carrier.message_reports()
        await self._reached(message, reports.tell, "sent")
        message.code = self.people.get(message.to, Person()).undelivered
        await self._reached(message, reports.tell_last, "undelivered" if message.code else "delivered")

    async def _reached(self, message: Message, tell: Callable[..., Any], status: str) -> None:
        message.status = status
        self.notify()
        url = field_of(message.form, "StatusCallback")
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": message.to,
            "From": field_of(message.form, "From"),
            "ApiVersion": "2010-04-01",
        }
        if message.code:
            form["ErrorCode"] = str(message.code)
        if url:
            await tell(status, lambda: self._carrier.post(url, "", form))

    # --- what people do ---

    async def text(self, url: str, number: str, body: str, to: str = "+15559870000") -> httpx2.Response | None:
        """A person sends a message to one of our numbers; `url` is the number's webhook. Returns what the service
        answers, or None if the webhook is lost, or late. The words for opting out and in have their effect."""
        form, answers = self.inbound(number, body, to), []

        async def sending() -> None:
            answers.append(await send(self._carrier, url, form))

        await self._carrier.inbound_reports().tell_last("received", sending)
        return answers[-1] if answers else None

    def inbound(self, number: str, body: str, to: str) -> dict[str, str]:
        """The form of a message to us."""
        word, sid = body.strip().upper(), "SM" + uuid4().hex
        form = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "SmsStatus": "received",
            "AccountSid": self._carrier.account_sid,
            "ApiVersion": "2010-04-01",
            "From": number,
            "To": to,
            "Body": body,
            "NumMedia": "0",
            "NumSegments": str(segments(body)),
            "FromCountry": "",
        }
        kind = "STOP" if word in _STOP else "START" if word in _START else "HELP" if word in _HELP else ""
        if kind == "STOP":
            self.stopped.add((number, to))
        elif kind == "START":
            self.stopped.discard((number, to))
        return form | ({"OptOutType": kind} if kind else {})


def segments(body: str) -> int:
    """How many messages a text takes: 160 characters, or 153 each of several; 70 and 67 beyond Latin letters."""
    alone, several = (160, 153) if body.isascii() else (70, 67)
    return 1 if len(body) <= alone else -(-len(body) // several)
