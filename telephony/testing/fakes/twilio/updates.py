"""What `POST Calls/{sid}` may change: the end of a call, another document for it, or its time limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from telephony.testing.fakes.twilio.phone_call import PhoneCall, Source

#: A call has not been answered yet.
UNANSWERED = frozenset({"queued", "initiated", "ringing"})


@dataclass(frozen=True, slots=True)
class Update:
    """`status`: "completed" ends any call, "canceled" only one that has not been answered. `limit_s` counts from the
    update on."""

    source: Source | None = None
    status: str = ""
    limit_s: int | None = None

    @classmethod
    def read(cls, form: Mapping[str, str]) -> Update | str:
        """The update of a form, or what is wrong with it."""
        twiml, url, status, limit = (form.get(name, "") for name in ("Twiml", "Url", "Status", "TimeLimit"))
        if twiml and url:
            return "Twiml and Url exclude each other"
        if status not in ("", "completed", "canceled"):
            return f"Status {status} is neither completed nor canceled"
        if not (twiml or url or status or limit):
            return "one of Status, Twiml, Url and TimeLimit is needed"
        source = Source(twiml, url, form.get("Method") or "POST") if twiml or url else None
        return cls(source, status, int(limit) if limit else None)

    def refused(self, phone: PhoneCall) -> bool:
        """Whether the call is in no state for it (21220)."""
        return phone.is_over or (
            self.source is not None
            and phone.record.status in UNANSWERED
            and phone.record.parties.direction != "inbound"
        )

    def apply(self, phone: PhoneCall) -> None:
        if self.status == "completed" or (self.status == "canceled" and phone.record.status in UNANSWERED):
            phone.end()
        elif self.source is not None:
            phone.redirect(self.source)

    async def perform(self, phone: PhoneCall, after_ms: int = 0) -> None:
        """Changes the call after a while. Returns when the update no longer matters."""
        if after_ms:
            await phone.pause(after_ms)
            self.apply(phone)
        if self.limit_s is not None:
            await phone.limit(self.limit_s)
