"""One text message, and what the carrier's reports make of it. Pure.

Theory of operation. A message is one POST to Twilio and whatever comes of it. It is stored before the POST, as
`unknown`; what Twilio answers and reports (in any order, repeatedly, or never) only ever makes it better known:
`after` keeps whatever says most, and never leaves an end that was told. What is written in a message is not kept, only
a digest of it, by which the same text to the same number is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a message."""

    UNKNOWN = "unknown"
    """Stored, and perhaps sent: nothing was heard from Twilio."""
    REFUSED = "refused"
    """Not sent: Twilio said so."""
    ACCEPTED = "accepted"
    """Twilio has it."""
    SENT = "sent"
    """The person's network has it."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Kind(StrEnum):
    """What a message is for."""

    TEXT = "text"
    CODE = "code"
    """It proves a number. Its digest is empty: six digits could be guessed from one."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is stored. `id` is unguessable: it names the message in the address of its reports. `key` is the
    idempotency key. `code`: Twilio's error code, 0 if there is none."""

    id: str
    key: str
    call_sid: str
    to: str
    digest: str
    created_s: float
    kind: Kind = Kind.TEXT
    sid: str = ""
    outcome: Outcome = Outcome.UNKNOWN
    code: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What Twilio says of a message: in the POST's answer, or later."""

    sid: str
    status: str
    code: int = 0


_OUTCOMES = {
    "accepted": Outcome.ACCEPTED, "scheduled": Outcome.ACCEPTED, "queued": Outcome.ACCEPTED,
    "sending": Outcome.ACCEPTED, "sent": Outcome.SENT, "delivered": Outcome.DELIVERED, "read": Outcome.DELIVERED,
    "undelivered": Outcome.UNDELIVERED, "failed": Outcome.UNDELIVERED, "canceled": Outcome.UNDELIVERED,
}  # fmt: skip
_KNOWN = {
    Outcome.UNKNOWN: 0, Outcome.REFUSED: 0, Outcome.ACCEPTED: 1, Outcome.SENT: 2, Outcome.DELIVERED: 3,
    Outcome.UNDELIVERED: 3,
}  # fmt: skip
"""How much an outcome says."""


def after(message: Message, report: Report) -> Message:
    """The message after a report."""
    outcome = _OUTCOMES.get(report.status, Outcome.UNKNOWN)
    if _KNOWN[outcome] <= _KNOWN[message.outcome] or (message.sid and report.sid not in ("", message.sid)):
        return message
    return replace(message, sid=report.sid or message.sid, outcome=outcome, code=report.code)


def refused(message: Message, code: int) -> Message:
    """The message after Twilio has said that it did not send it."""
    return replace(message, outcome=Outcome.REFUSED, code=code) if message.outcome is Outcome.UNKNOWN else message


# --- in words -------------------------------------------------------------------------------------------------------

OPTED_OUT = frozenset({21610})
LANDLINE = frozenset({21614, 30006})
_OURS = "this service cannot send text messages at the moment"
_CODES = {
    20003: (_OURS, "Twilio refuses the credentials: copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again"),
    20429: ("too many messages are being sent at the moment", "Twilio has too many requests at once"),
    21211: ("there is no such number", "Twilio takes the number for invalid"),
    21408: ("messages to that country are not allowed", "allow it: Twilio's console, Messaging, Geo permissions"),
    21606: (_OURS, "the sender cannot send messages: set TELEPHONY_SMS_FROM to a number that can"),
    21608: (_OURS, "a trial account writes to verified numbers only"),
    21610: ("the person has asked for no more text messages; they can write START to change that", ""),
    21611: ("too many messages are being sent at the moment", "the sender's queue is full"),
    21612: ("messages cannot be sent to that number", "no route from this sender: try another, or another country's"),
    21614: ("it is a landline, or cannot receive text messages", ""),
    21617: ("the text is too long", ""),
    21659: (_OURS, "the sender is no number of this account: set TELEPHONY_SMS_FROM"),
    21660: (_OURS, "the sender is no number of this account: set TELEPHONY_SMS_FROM"),
    21703: (_OURS, "the messaging service has no number: add one in Twilio's console"),
    21705: (_OURS, "there is no such messaging service: check TELEPHONY_SMS_FROM"),
    30001: ("too many messages are being sent at the moment", "the sender's queue is full"),
    30002: (_OURS, "the account is suspended"),
    30003: ("the phone cannot be reached: it is off, or has no network", ""),
    30004: ("the phone does not take messages from us", "blocked by the person or their network"),
    30005: ("the phone is not known to its network", ""),
    30006: ("it is a landline, or its network cannot be reached", ""),
    30007: ("the network has filtered the message out", "taken for spam: change the text, or register the sender"),
    30008: ("the network does not say why", ""),
    30022: ("too many messages are being sent at the moment", "the registered rate in the US was exceeded"),
    30023: ("too many messages were sent today", "the registered number of messages a day in the US was exceeded"),
    30032: (_OURS, "the toll-free number is not verified: Twilio's console, Messaging, Regulatory compliance"),
    30034: (_OURS, "the number is not registered for messages to the US (A2P 10DLC): Twilio's console, Messaging"),
    30035: (_OURS, "the number's registration in the US is not complete (A2P 10DLC): wait for it"),
}  # fmt: skip


def why(code: int) -> str:
    """Why a message was not sent or did not arrive, for the person; begins in lower case."""
    return _CODES[code][0] if code in _CODES else f"the network gives the reason {code}" if code else "no reason given"


def remedy(code: int) -> str:
    """What the operator can do about it, for the log."""
    return _CODES[code][1] if code in _CODES else ""


def in_words(message: Message) -> str:
    """What became of the message, for the model."""
    number = f"the number that ends in {message.to[-2:]}"
    match message.outcome:
        case Outcome.UNKNOWN:
            return (
                f"It is not known whether the text message to {number} was sent: nothing was heard. It is not sent "
                "again. Tell the caller to look at their phone, and offer to say what is in it."
            )
        case Outcome.REFUSED:
            return f"The text message to {number} was not sent: {why(message.code)}. Offer to say what is in it."
        case Outcome.ACCEPTED | Outcome.SENT:
            return f"The text message to {number} is on its way."
        case Outcome.DELIVERED:
            return f"The text message has arrived at {number}."
        case Outcome.UNDELIVERED:
            return f"The text message did not arrive at {number}: {why(message.code)}. Offer to say what was in it."
