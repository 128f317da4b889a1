"""Text messages in Twilio's REST API, and what it knows about a number.

`send` sends one request and never repeats it, not even if Twilio is busy: its error tells apart what certainly was not
sent (`MessageNotSent`) from what may have been.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from telephony.errors import CarrierError, MessageNotSent
from telephony.twilio.rest.client import RestClient, read_object

LOOKUP_URL = "https://lookups.twilio.com"
SEND_MS = 8_000
"""Time for `send`: shorter than tools have, so that the outcome is known to whoever asked."""


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """A message to send. `from_` is a number, or the SID of a messaging service (MG...). Without `status_url`, which is
    absolute, nothing is reported."""

    to: str
    from_: str
    text: str
    status_url: str = ""

    def form(self) -> list[tuple[str, str]]:
        sender = "MessagingServiceSid" if self.from_.startswith("MG") else "From"
        fields = [("To", self.to), (sender, self.from_), ("Body", self.text)]
        return [*fields, ("StatusCallback", self.status_url)] if self.status_url else fields


@dataclass(frozen=True, slots=True)
class MessageState:
    """A message as Twilio's REST API shows it."""

    sid: str
    status: str
    error_code: int = 0


class MessagesRest:
    """Messages of one account. `base_url` replaces Twilio's addresses (the local carrier's `api_base_url`)."""

    def __init__(self, client: RestClient, base_url: str | None) -> None:
        self._client = client
        self._lookup_url = f"{(base_url or LOOKUP_URL).rstrip('/')}/v2/PhoneNumbers"

    async def send(self, request: MessageRequest) -> MessageState:
        """Sends a message with one request, which is never repeated.

        Raises `MessageNotSent` if it certainly was not sent: Twilio says so, or could not be connected to. Raises
        `CarrierError` with code `sending_in_doubt` if it may have been: no answer, or one that is not Twilio's.
        """
        return await self._client.create(
            f"{self._client.account_url}/Messages.json", request.form(), _state,
            within_ms=SEND_MS, refused=MessageNotSent, in_doubt="sending_in_doubt",
        )  # fmt: skip

    async def line_type(self, number: str) -> str:
        """What kind of line a number (E.164) has: `mobile`, `landline`, `nonFixedVoip`, ...; "" if it is not known.
        Twilio charges for each answer. Raises `CarrierError` as `RestClient.read` does, or if there is no answer."""
        if not re.fullmatch(r"\+\d{5,15}", number):
            raise CarrierError("not a phone number", code="rest_bad_number")
        url = f"{self._lookup_url}/{number}"
        found = read_object(await self._client.read(url, {"Fields": "line_type_intelligence"}))
        line = found.get("line_type_intelligence")
        return str(line.get("type") or "") if isinstance(line, Mapping) else ""


def _state(found: object) -> MessageState | None:
    """The message in an answer, or None if it is none."""
    if not isinstance(found, Mapping) or not re.fullmatch(r"[A-Za-z0-9]{1,64}", str(found.get("sid") or "")):
        return None
    error_code = found.get("error_code")
    return MessageState(
        str(found["sid"]), str(found.get("status") or ""), error_code if isinstance(error_code, int) else 0
    )
