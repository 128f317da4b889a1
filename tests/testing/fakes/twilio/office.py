"""What the tests of the local carrier share: a service made of documents, and Twilio's own client of the REST API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response as TwilioResponse  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from telephony.audio.tones import sine
from telephony.testing.fakes.twilio.carrier import Carrier, CarrierFaults, PhoneCall
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock
from telephony.twilio import signature
from tests.twilio.service import TOKEN

OURS, THEIRS, OTHER = "+15559870000", "+15551230000", "+15551239999"
#: The sound of each side: exact in a recording, as nothing else has it.
LOW, HIGH = sine(300, 1_000), sine(900, 1_000)


class _Http(AsyncHttpClient):  # type: ignore[misc]
    """Sends what Twilio's package has built. (Its own client warns of aiohttp's deprecations.)"""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        super().__init__(logging.getLogger(__name__), True)
        self._http = http

    async def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Any:
        basic = httpx2.BasicAuth(*auth)
        answer = await self._http.request(method, url, params=params, data=data, headers=headers, auth=basic)
        return TwilioResponse(answer.status_code, answer.text, answer.headers)


@dataclass
class Office:
    """A service that answers each path with the body of a document, and keeps all forms; a carrier; Twilio's client.

    `answers`: the body by path, or what makes it of the form. A path without one is answered with 204.
    """

    carrier: Carrier
    base_url: str
    client: Any
    answers: dict[str, str | Callable[[dict[str, str]], str]] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        url = signature.public_url(None, (), request.scope)
        items = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        assert signature.check_webhook(TOKEN, url, items, request.headers.get(signature.HEADER))
        form = dict(items) | {"path": request.url.path}
        self.forms.append(form)
        self.changed.set()
        answer = self.answers.get(request.url.path)
        if answer is None:
            return Response(status_code=204)
        body = answer if isinstance(answer, str) else answer(form)
        return Response(f"<Response>{body}</Response>", media_type="text/xml")

    async def asked(self, path: str, count: int = 1) -> dict[str, str]:
        """Waits for the `count`th form that a path has been given."""
        while len(found := self.at(path)) < count:
            self.changed.clear()
            await self.changed.wait()
        return found[count - 1]

    def at(self, path: str) -> list[dict[str, str]]:
        return [form for form in self.forms if form["path"] == path]

    def url(self, path: str) -> str:
        return self.base_url + path

    async def called(self, **answers: str) -> PhoneCall:
        """A caller's call; `voice` and further answers are documents by path."""
        self.answers |= {f"/{name}": body for name, body in answers.items()}
        return await self.carrier.dial(self.url("/voice"), caller=THEIRS, called=OURS)

    async def placed(self, twiml: str = "", **options: Any) -> PhoneCall:
        """A call that Twilio's client has placed."""
        if twiml:
            options["twiml"] = f"<Response>{twiml}</Response>"
        call = await self.client.calls.create_async(**{"to": THEIRS, "from_": OURS} | options)
        assert call.status == "queued"
        return self.carrier.calls[call.sid]


@asynccontextmanager
async def office(speed: float = 20, faults: CarrierFaults | None = None) -> AsyncIterator[Office]:
    """All of it, for at most a minute."""
    found: list[Office] = []

    async def answer(request: Request) -> Response:
        return await found[0].answer(request)

    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    carrier = Carrier(auth_token=TOKEN, clock=SteadyClock(speed), faults=faults or CarrierFaults())
    async with (
        asyncio.timeout(60),
        serve_app(app) as base_url,
        carrier,
        httpx2.AsyncClient(trust_env=False, timeout=None) as http,
    ):
        carrier.account.numbers.append({"sid": "PN1", "phone_number": OURS})
        client = Client(carrier.account_sid, TOKEN, http_client=_Http(http))
        client.api.base_url = client.lookups.base_url = carrier.api_base_url
        found.append(Office(carrier, base_url, client))
        yield found[0]


async def refusal(request: Any) -> int:
    """The code with which the API refuses a request."""
    try:
        await request
    except TwilioRestException as error:
        return int(error.code)
    raise AssertionError("it was not refused")
