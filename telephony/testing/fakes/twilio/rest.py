"""The carrier's REST API: `POST /2010-04-01/Accounts/{AC}/Calls/{CA}.json` (`updates.py`), placing and reading
calls (`calls_rest.py`), and the account with its numbers (`LocalAccount`), which can be changed.

Errors are Twilio's: 401/20003 (credentials), 404/20404 (unknown call), 400/21220 (not in progress), 400/21200 (no
proper update), 429/20429 (by `CarrierFaults.rest_busy`).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio import calls_rest
from telephony.testing.fakes.twilio.answering import answered
from telephony.testing.fakes.twilio.answering import error as _error
from telephony.testing.fakes.twilio.connecting import rest as conferences_rest
from telephony.testing.fakes.twilio.faults import CarrierFaults, Step
from telephony.testing.fakes.twilio.messages import rest as messages_rest
from telephony.testing.fakes.twilio.phone_call import PhoneCall
from telephony.testing.fakes.twilio.updates import Update


@dataclass(slots=True)
class LocalAccount:
    """May be changed while the server runs. Each of `numbers` holds fields of Twilio's resource."""

    status: str = "active"
    type: str = "Full"
    numbers: list[dict[str, str]] = field(default_factory=list)


class _Calls(calls_rest.Places, conferences_rest.Meets, messages_rest.Writes, Protocol):
    """The part of the carrier that this API needs."""

    auth_token: str
    account_sid: str
    faults: CarrierFaults
    account: LocalAccount

    def update(self, phone: PhoneCall, update: Update) -> None: ...


def rest_app(carrier: _Calls) -> Starlette:
    """The API as an ASGI app."""
    busy_left = carrier.faults.rest_busy

    def refused(request: Request, quoted: str = "") -> JSONResponse | None:
        expected = base64.b64encode(f"{carrier.account_sid}:{carrier.auth_token}".encode()).decode()
        account = request.path_params.get("account", carrier.account_sid).removesuffix(".json")
        known = request.headers.get("authorization") == f"Basic {expected}" and account == carrier.account_sid
        return None if known else _error(401, 20003, "Authenticate" + quoted)

    async def account(request: Request) -> JSONResponse:
        found = {"sid": carrier.account_sid, "status": carrier.account.status, "type": carrier.account.type}
        return refused(request) or JSONResponse(found)

    async def numbers(request: Request) -> JSONResponse:
        found = {"incoming_phone_numbers": carrier.account.numbers, "page": 0}
        return refused(request) or JSONResponse(found)

    async def update(request: Request) -> Response:
        faults, form_text = carrier.faults, (await request.body()).decode()
        quoted = f" {form_text} {request.headers.get('authorization')}" if faults.rest_quotes else ""
        if faults.rest_redirect:
            return Response(status_code=307, headers={"location": faults.rest_redirect})
        return refused(request, quoted) or await answered(
            request, carrier.steps[Step.UPDATE_CALL], lambda: answer(request, form_text, quoted)
        )

    def answer(request: Request, form_text: str, quoted: str) -> JSONResponse:
        nonlocal busy_left
        if busy_left:
            busy_left -= 1
            return _error(429, 20429, "Too Many Requests" + quoted)
        sid = request.path_params["call"].removesuffix(".json")
        call = carrier.calls.get(sid)
        if call is None:
            return _error(404, 20404, f"The requested resource /Calls/{sid}.json was not found{quoted}")
        change = Update.read(dict(parse_qsl(form_text, keep_blank_values=True)))
        if isinstance(change, str):
            return _error(400, 21200, change + quoted)
        if change.refused(call):
            return _error(400, 21220, "Call is not in-progress. Cannot redirect." + quoted)
        carrier.update(call, change)
        ended = {"status": "completed"} if change.status == "completed" else {}
        return JSONResponse(calls_rest.shown(carrier, call) | ended)

    root = "/2010-04-01/Accounts/{account}"
    return Starlette(
        routes=[
            *calls_rest.routes(carrier, root, refused),
            *conferences_rest.routes(carrier, root, refused),
            *messages_rest.routes(carrier, root, refused),
            *messages_rest.lookup_routes(carrier, refused),
            Route(f"{root}/Calls/{{call}}", update, methods=["POST"]),
            Route(f"{root}/IncomingPhoneNumbers.json", numbers),
            Route(root, account),
        ]
    )
