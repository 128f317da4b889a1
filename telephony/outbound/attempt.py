"""One attempt to reach somebody, and what the carrier's reports make of it. Pure.

Theory of operation. An attempt is one POST to the carrier and whatever comes of it. Reports about it come from the
POST's answer, from callbacks (in any order, repeatedly, or never) and from looking the call up; `after` combines them.
It never leaves an outcome that the carrier has told, ignores reports that are older than what is known, and lets any
report replace `unknown`, which only means that nobody could tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended. The values are the words that people and programs read."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    CANCELED = "canceled"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as it is stored. `id` is unguessable: it names the attempt in the addresses of its callbacks. `key` is
    the idempotency key. Without `call_sid` it is not known whether the call was placed. `status` is the carrier's last
    word, `outcome` None until the end. `code`: Twilio's error code ("21216") or the network's ("SIP 603")."""

    id: str
    key: str
    to: str
    from_: str
    created_s: float
    agent: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    ring_s: int = 25
    call_sid: str = ""
    status: str = ""
    sequence: int = -1
    outcome: Outcome | None = None
    code: str = ""
    duration_s: int | None = None
    answered_by: str = ""

    @property
    def short(self) -> str:
        """The beginning of the id, which names the attempt in logs: the whole of it would let a reader take part."""
        return self.id[:6]

    @property
    def over(self) -> bool:
        return self.outcome is not None

    @property
    def words(self) -> str:
        """The outcome as a sentence, with what to do about it."""
        return in_words(self)


@dataclass(frozen=True, slots=True)
class Report:
    """What the carrier says of a call. `named`: it came to an address with the attempt's id, so it is certainly about
    this attempt. `sequence` is -1 if the report has no number."""

    call_sid: str
    status: str = ""
    sequence: int = -1
    sip: str = ""
    duration_s: int | None = None
    answered_by: str = ""
    named: bool = False


_OUTCOMES = {
    "completed": Outcome.ANSWERED,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "canceled": Outcome.CANCELED,
    "failed": Outcome.FAILED,
}
_ORDER = {"": 0, "queued": 1, "initiated": 2, "ringing": 3, "in-progress": 4}
_BLOCKING_SIP = frozenset({"603", "607", "608"})
_BLOCKING_CODES = frozenset({21210, 21215, 21216, 21219, 573002, 573005, 20003, 20005})


def after(attempt: Attempt, report: Report) -> Attempt:
    """The attempt after a report."""
    if report.answered_by and not attempt.answered_by:
        attempt = replace(attempt, answered_by=report.answered_by)
    if attempt.over and attempt.outcome is not Outcome.UNKNOWN:
        return attempt
    if report.call_sid and (not attempt.call_sid or report.named):
        attempt = replace(attempt, call_sid=report.call_sid)
    elif report.call_sid != attempt.call_sid:
        return attempt  # another call, found by its number
    outcome = _OUTCOMES.get(report.status)
    if outcome is not None:
        code = f"SIP {report.sip}" if report.sip and outcome is not Outcome.ANSWERED else ""
        if outcome is not Outcome.ANSWERED and report.sip in _BLOCKING_SIP:
            outcome = Outcome.BLOCKED
        return replace(
            attempt, status=report.status, sequence=max(attempt.sequence, report.sequence), outcome=outcome,
            code=code, duration_s=report.duration_s,
        )  # fmt: skip
    if report.status in _ORDER and _ORDER[report.status] > _ORDER.get(attempt.status, 0):
        attempt = replace(attempt, status=report.status, sequence=max(attempt.sequence, report.sequence))
    return replace(attempt, outcome=None, code="")


def refused(attempt: Attempt, carrier_code: int) -> Attempt:
    """The attempt after the carrier has said that it did not place the call."""
    outcome = Outcome.BLOCKED if carrier_code in _BLOCKING_CODES else Outcome.FAILED
    return replace(attempt, outcome=outcome, code=str(carrier_code or ""))


def given_up(attempt: Attempt) -> Attempt:
    """The attempt of which nothing could be found out in time."""
    return attempt if attempt.over else replace(attempt, outcome=Outcome.UNKNOWN)


# --- in words -------------------------------------------------------------------------------------------------------

_SENTENCES = {
    Outcome.ANSWERED: "The call was answered",
    Outcome.BUSY: "The line was busy: try again later",
    Outcome.NO_ANSWER: "Nobody answered",
    Outcome.CANCELED: "The call was given up before anybody answered",
    Outcome.FAILED: "The call failed",
    Outcome.BLOCKED: "The call was blocked",
    Outcome.UNKNOWN: "It is unknown whether the phone rang: nothing was heard from Twilio. It is not dialled again: "
    "look at the call log in Twilio's console before you do",
}
_CODES = {
    "20003": "Twilio refuses the credentials: copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN again",
    "20429": "Twilio has too many requests at once: try again in a moment",
    "10004": "too many calls at once for this account: wait, or get a Business Profile approved in Twilio's console",
    "21205": "Twilio cannot use the address of this service: check PUBLIC_URL",
    "21210": "the caller id is neither a number of this account nor verified",
    "21211": "Twilio takes the number for invalid: check its digits",
    "21214": "Twilio cannot reach this number",
    "21215": "this country is not permitted: allow it in Twilio's console, Voice, Settings, Geo permissions",
    "21216": "Twilio blocks this number; for numbers in +1 an account needs an approved Primary Customer Profile (in "
    "Twilio's console, Trust Hub)",
    "21217": "Twilio takes the number for malformed: check its digits",
    "21219": "a trial account calls verified numbers only: verify this one in Twilio's console",
    "22005": "more than a day of calls waits in Twilio's queue",
    "573002": "a trial account has a number of its own for each verified recipient: dial from that one",
    "573005": "a trial account calls verified numbers only: verify this one in Twilio's console",
    "SIP 403": "refused by the carrier",
    "SIP 404": "there is no such number",
    "SIP 484": "there is no such number",
    "SIP 604": "there is no such number",
    "SIP 603": "declined, or taken for spam by the other side's carrier",
    "SIP 607": "the other side does not want calls from this number",
    "SIP 608": "taken for spam by the other side's carrier",
}


def in_words(attempt: Attempt) -> str:
    """See `Attempt.words`."""
    if attempt.outcome is None:
        told = {"": "being placed", "in-progress": "in conversation"}.get(attempt.status, attempt.status)
        return f"The call is {told}."
    sentence = _SENTENCES[attempt.outcome]
    if attempt.outcome is Outcome.ANSWERED:
        if attempt.duration_s is not None:
            sentence += f" and lasted {attempt.duration_s} s"
        if attempt.answered_by and attempt.answered_by not in ("human", "unknown"):
            sentence += f", by a machine, as Twilio believes ({attempt.answered_by})"
        return f"{sentence}."
    if attempt.outcome in (Outcome.FAILED, Outcome.BLOCKED) and attempt.code:
        why = _CODES.get(attempt.code)
        sentence += f": {why} ({attempt.code})" if why else f" ({attempt.code})"
    return f"{sentence}."
