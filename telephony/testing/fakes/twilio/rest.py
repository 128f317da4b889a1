"""The carrier's REST API: `POST /2010-04-01/Accounts/{AC}/Calls/{CA}.json` with `Status=completed` or `Twiml`.

Errors are Twilio's: 401/20003 (credentials), 404/20404 (unknown call), 400/21220 (not in progress), 400/21200 (neither
of the two parameters), 429/20429 (by `CarrierFaults.rest_busy`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telephony.testing.fakes.twilio.faults import CarrierFaults


class _Call(Protocol):
    def complete(self, twiml: str = "") -> bool: ...


class _Calls(Protocol):
    """The part of the carrier that this API needs."""

    auth_token: str
    account_sid: str
    faults: CarrierFaults

    @property
    def calls(self) -> Mapping[str, _Call]: ...


def rest_app(carrier: _Calls) -> Starlette:
    """The API as an ASGI app."""
    busy_left = carrier.faults.rest_busy

    async def update(request: Request) -> Response:
        faults, form_text = carrier.faults, (await request.body()).decode()
        quoted = f" {form_text} {request.headers.get('authorization')}" if faults.rest_quotes else ""
        if faults.rest_redirect:
            return Response(status_code=307, headers={"location": faults.rest_redirect})
        return answer(request, form_text, quoted)

    def answer(request: Request, form_text: str, quoted: str) -> JSONResponse:
        nonlocal busy_left
        expected = base64.b64encode(f"{carrier.account_sid}:{carrier.auth_token}".encode()).decode()
        account = request.path_params["account"]
        if request.headers.get("authorization") != f"Basic {expected}" or account != carrier.account_sid:
            return _error(401, 20003, "Authenticate" + quoted)
        if busy_left:
            busy_left -= 1
            return _error(429, 20429, "Too Many Requests" + quoted)
        sid = request.path_params["call"].removesuffix(".json")
        call = carrier.calls.get(sid)
        if call is None:
            return _error(404, 20404, f"The requested resource /Calls/{sid}.json was not found{quoted}")
        form = dict(parse_qsl(form_text, keep_blank_values=True))
        twiml = form.get("Twiml", "")
        if not twiml and form.get("Status") != "completed":
            return _error(400, 21200, "Status=completed or Twiml is needed" + quoted)
        if not call.complete(twiml):
            return _error(400, 21220, "Call is not in-progress. Cannot redirect." + quoted)
        status = "in-progress" if twiml else "completed"
        return JSONResponse({"sid": sid, "account_sid": account, "status": status})

    return Starlette(routes=[Route("/2010-04-01/Accounts/{account}/Calls/{call}", update, methods=["POST"])])


def _error(status: int, code: int, message: str) -> JSONResponse:
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"status": status, "code": code, "message": message, "more_info": more_info}, status)
