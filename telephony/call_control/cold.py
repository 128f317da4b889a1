"""A cold transfer: the caller hears the phone ring, and comes back to the agent if nobody takes the call.

Theory of operation. The caller leaves the stream for a `<Dial>` with one number. When that is over, whatever the
reason, Twilio asks at `back` how the call goes on: with the next number, or with the agent, who knows what happened.
Whoever picks up hears who is calling and has to press a key before they are joined, so a mailbox that answers is one
more who does not take the call. Each question has the number of its `<Dial>` in its address: repeated, it has the same
answer, so nothing is dialled twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from telephony.agent import IncomingCall
from telephony.call_control import documents
from telephony.call_control.destinations import E164, Destination
from telephony.call_control.phrases import phrases
from telephony.caller_number import caller_number
from telephony.core.transfers.words import Outcome
from telephony.outbound import rules

ACCEPTS = "1"
_STATUS = {
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "canceled": Outcome.NO_ANSWER,
    "failed": Outcome.FAILED,
    "completed": Outcome.TALKED,
    "answered": Outcome.TALKED,
}


def allowed(number: str, call: IncomingCall, countries: Collection[str]) -> None:
    """Raises DialRefused if the call must not be put through to the number."""
    ours = call.caller if call.outbound else call.called
    if E164.fullmatch(number):
        rules.allowed(number, ours, {ours}, countries or {rules.country_of(ours) or "none"})


def caller_id(to: Destination, call: IncomingCall) -> str:
    """The number that is shown to whoever is called: Twilio takes none that is withheld."""
    shown = caller_number(call.caller) if to.show_caller or call.outbound else ""
    return shown or ("" if call.outbound else caller_number(call.called))


@dataclass(slots=True)
class ColdTransfer:
    """One transfer; `id` is unguessable and part of its addresses. `url` is what they begin with."""

    id: str
    call_sid: str
    destination: Destination
    about: str
    language: str
    caller_id: str
    url: str = ""
    outcome: Outcome | None = None
    _accepted: set[int] = field(default_factory=set)
    _asked: set[int] = field(default_factory=set)
    _answers: dict[int, str] = field(default_factory=dict)

    def dial(self, number: int) -> str:
        """The `<Dial>` of a number, counted from 0."""
        to, here = self.destination, f"{self.url}/{number}"
        by_key = to.accept_by_key
        return documents.dial(
            to.numbers[number], back_url=f"{here}/back?attempt=1", ring_s=to.ring_s, talk_s=to.talk_s,
            caller_id=self.caller_id, whisper_url=f"{here}/whisper?language={quote(self.language)}" if by_key else "",
        )  # fmt: skip

    def whisper(self, number: int) -> str:
        """What whoever picks up hears."""
        self._asked.add(number)
        text = phrases(self.language).whisper.format(about=self.about)
        return documents.whisper(text, f"{self.url}/{number}/accept", self.language)

    def accept(self, number: int, digits: str) -> bool:
        """A key was pressed. Whether the call is taken."""
        if digits == ACCEPTS and self.outcome is None and not any(done >= number for done in self._answers):
            self._accepted.add(number)
        return number in self._accepted

    def after(self, number: int, form: Mapping[str, str]) -> str | None:
        """The `<Dial>` of the number is over: the next one, or None with `outcome` set."""
        if number in self._answers:
            return self._answers[number] or None
        why = self._result(number, form.get("DialCallStatus", ""))
        more = why is not Outcome.TALKED and number + 1 < len(self.destination.numbers)
        self._answers[number] = self.dial(number + 1) if more else ""
        if not more:
            self.outcome = why
        return self._answers[number] or None

    def _result(self, number: int, status: str) -> Outcome:
        if number in self._accepted:
            return Outcome.TALKED
        found = _STATUS.get(status, Outcome.UNKNOWN)
        if number in self._asked or (found is Outcome.TALKED and self.destination.accept_by_key):
            return Outcome.REFUSED  # they picked up, or their mailbox did
        return found
