"""The endpoints for calls that this service has placed. Each address holds the attempt's unguessable id, so the first
request about a call names its attempt, even if the answer of the POST that placed it was lost.

    POST /twilio/outbound/{attempt}/voice    the phone was answered     -> TwiML, as for a call that comes in
    POST /twilio/outbound/{attempt}/status   the call's state changed   -> 204; in any order, repeatedly or never
    POST /twilio/outbound/{attempt}/amd      a person or a machine?     -> 204
    POST /twilio/outbound/ready              `telephony dial` asks whether this process would answer -> 204, or 409

All are signed, as all of Twilio's requests; `telephony dial` signs its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telephony.errors import DialRefused
from telephony.outbound.attempt import Attempt, Report
from telephony.twilio import twiml
from telephony.twilio.signed_forms import Form, SignedForms

log = structlog.get_logger()

ANSWERED = "in-progress"

Answer = Callable[[Request, Form], Awaitable[Response]]


class Placed(Protocol):
    """The part of the placed calls that the endpoints use."""

    async def report(self, attempt_id: str, report: Report) -> Attempt | None: ...

    async def get(self, attempt_id: str) -> Attempt | None: ...

    async def would_answer(self, identity: str, agent: str) -> str: ...


class OutboundWebhooks:
    """The endpoints. `voice` and `status` are those of calls that come in."""

    def __init__(self, calls: Placed, signed: SignedForms, voice: Answer, status: Answer) -> None:
        self._calls, self._signed, self._voice, self._status = calls, signed, voice, status

    def routes(self) -> list[BaseRoute]:
        """The routes for the app."""
        endpoints = {"voice": self.voice, "status": self.status, "amd": self.status}
        return [
            Route("/twilio/outbound/ready", self._signed.only(self.ready), methods=["POST", "GET"]),
            *(
                Route(f"/twilio/outbound/{{attempt}}/{name}", self._signed.only(answer), methods=["POST", "GET"])
                for name, answer in endpoints.items()
            ),
        ]

    async def voice(self, request: Request, form: Form) -> Response:
        """The phone was answered, by whomever."""
        if await self._noted(request, form, answered=True) is None:
            log.error("call_not_ours", call_sid=form.get("CallSid", ""))
            return Response(twiml.hang_up(), media_type="text/xml")
        return await self._voice(request, form)

    async def status(self, request: Request, form: Form) -> Response:
        """The call's state changed, or Twilio believes to know who has answered."""
        await self._noted(request, form)
        return await self._status(request, form)

    async def ready(self, request: Request, form: Form) -> Response:
        """Whether this process would answer."""
        try:
            problem = await self._calls.would_answer(form.get("Store", ""), form.get("Agent", ""))
        except DialRefused as error:
            problem = str(error)
        return Response(problem, status_code=409) if problem else Response(status_code=204)

    async def _noted(self, request: Request, form: Form, *, answered: bool = False) -> Attempt | None:
        """The attempt after this report, or, if nothing can be written now, as it was before."""
        attempt_id = request.path_params["attempt"]
        try:
            try:
                return await self._calls.report(attempt_id, _report(form, answered))
            except DialRefused as error:  # Twilio's call log still has what is not noted
                log.error("report_lost", call_sid=form.get("CallSid", ""), problem=str(error))
                return await self._calls.get(attempt_id)
        except DialRefused:
            return None


def _report(form: Form, answered: bool) -> Report:
    sequence, duration = form.get("SequenceNumber", ""), form.get("CallDuration", "")
    return Report(
        call_sid=form.get("CallSid", ""),
        status=ANSWERED if answered else form.get("CallStatus", ""),
        sequence=int(sequence) if _is_number(sequence) else -1,
        sip=form.get("SipResponseCode", "").strip(),
        duration_s=int(duration) if _is_number(duration) else None,
        answered_by=form.get("AnsweredBy", ""),
        named=True,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
