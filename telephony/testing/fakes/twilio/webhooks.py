"""The carrier's own requests, signed as Twilio signs them: documents to execute, and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import urlencode, urljoin

import httpx2

from telephony.clock import Clock
from telephony.console.carrier.twiml import TwimlError, Verb, parse
from telephony.testing.fakes.twilio.stream import Line
from telephony.twilio.signature import HEADER, sign_webhook

#: Twilio's limits: time for one webhook request, and number of redirects.
WEBHOOK_MS = 15_000
REDIRECTS = 10


class Sender(Protocol):
    """On whose behalf requests are made: the carrier."""

    auth_token: str
    account_sid: str
    clock: Clock
    http: httpx2.AsyncClient


@dataclass(frozen=True, slots=True)
class Parties:
    """Who calls whom. `direction` as Twilio says it; `stir_verstat`: whether the caller's carrier vouches for them."""

    caller: str
    called: str
    direction: str = "inbound"
    stir_verstat: str = "TN-Validation-Passed-A"


@dataclass(slots=True)
class CallRecord:
    """What the REST API tells of a call. `parent`: the SID of the call whose `<Dial>` made this one."""

    parties: Parties
    status: str = "queued"
    parent: str = ""
    duration_s: int = 0
    answered_by: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def resource(self, sid: str, account_sid: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "account_sid": account_sid,
            "parent_call_sid": self.parent or None,
            "status": self.status,
            "to": self.parties.called,
            "from": self.parties.caller,
            "direction": self.parties.direction,
            "date_created": format_datetime(self.created),
            "start_time": None if self.status == "queued" else format_datetime(self.created),
            "duration": str(self.duration_s) if self.status == "completed" else None,
            "answered_by": self.answered_by or None,
            "queue_time": "0",
        }


async def send(sender: Sender, url: str, form: Mapping[str, str], method: str = "POST") -> httpx2.Response:
    """Makes one signed request. The fragment of `url` is neither sent nor signed."""
    url = url.partition("#")[0]
    headers = {"user-agent": "TwilioProxy/1.1"}
    if method == "GET":
        url += ("&" if "?" in url else "?") + urlencode(form)
        return await sender.http.get(url, headers=headers | {HEADER: sign_webhook(sender.auth_token, url, ())})
    signature = sign_webhook(sender.auth_token, url, form.items())
    return await sender.http.post(url, data=dict(form), headers=headers | {HEADER: signature})


class Webhooks:
    """The requests of one call. `documents` are the texts of all that were received; addresses are relative to
    `document_url`, where the latest came from."""

    def __init__(self, sender: Sender, sid: str, record: CallRecord, line: Line) -> None:
        self.documents: list[str] = []
        self._sender, self._sid, self._record, self._line = sender, sid, record, line
        self.document_url = ""

    async def fetch(
        self, url: str, status: str = "in-progress", more: Mapping[str, str] | None = None, method: str = "POST"
    ) -> list[Verb]:
        """Fetches a document, following redirects. Raises `TwimlError` (11200, 11205, 11215, 12xxx)."""
        url = urljoin(self.document_url, url)
        for _ in range(REDIRECTS + 1):
            try:
                async with self._sender.clock.timeout(WEBHOOK_MS):
                    response = await send(self._sender, url, self._form(status) | dict(more or {}), method)
            except TimeoutError:
                raise TwimlError("11200", f"no answer within {WEBHOOK_MS} ms from {url}") from None
            except httpx2.HTTPError as error:
                raise TwimlError("11205", f"{url}: {error!r}") from None
            if response.is_redirect:
                url = urljoin(url, response.headers["location"])
                continue
            if response.status_code != 200:
                raise TwimlError("11200", f"status {response.status_code} from {url}")
            self.document_url = url
            return self.read(response.text, response.headers.get("content-type", ""))
        raise TwimlError("11215", f"more than {REDIRECTS} redirects")

    def read(self, document: str, content_type: str = "text/xml") -> list[Verb]:
        """The verbs of a document that has arrived. Raises `TwimlError`."""
        self.documents.append(document)
        return parse(document, content_type)

    async def report(self, url: str, status: str, **more: str) -> None:
        """Sends one status callback. A failed one is a violation and does not end the call."""
        form = self._form(status) | {"CallbackSource": "call-progress-events"} | more
        try:
            async with self._sender.clock.timeout(WEBHOOK_MS):
                await send(self._sender, urljoin(self.document_url, url), form)
        except (TimeoutError, httpx2.HTTPError):
            self._line.violation("11200", f"the status callback {status} failed")

    def _form(self, status: str) -> dict[str, str]:
        """The fields of a webhook, including blank ones: Twilio sends and signs those, too."""
        parties = self._record.parties
        return {
            "CallSid": self._sid,
            "AccountSid": self._sender.account_sid,
            "ApiVersion": "2010-04-01",
            "CallStatus": status,
            "Direction": parties.direction,
            "From": parties.caller,
            "Caller": parties.caller,
            "To": parties.called,
            "Called": parties.called,
            "FromCity": "",
            "CallerName": "",
            "StirVerstat": parties.stir_verstat,
        } | ({"ParentCallSid": self._record.parent} if self._record.parent else {})
