"""The endpoints for text messages.

    POST /twilio/messages               somebody has written: STOP, START, or anything else  -> no answer
    POST /twilio/messages/status/{id}   what became of a message                             -> 204

Both are signed, as all of Twilio's requests, and may come repeatedly, in any order, or never.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from telephony.errors import MessageRefused
from telephony.messages.message import Report
from telephony.messages.messages import Messaging
from telephony.messages.opt_out import Wish, wish
from telephony.twilio.signed_forms import Form, SignedForms

log = structlog.get_logger()


class MessageWebhooks:
    """The endpoints. If the record fails they answer 503, which Twilio shows in its error log."""

    def __init__(self, messaging: Messaging, signed: SignedForms) -> None:
        self._messaging, self._signed = messaging, signed

    def routes(self) -> list[BaseRoute]:
        """The routes for the app."""
        return [
            Route("/twilio/messages", self._signed.only(self.written), methods=["POST", "GET"]),
            Route("/twilio/messages/status/{message}", self._signed.only(self.status), methods=["POST", "GET"]),
        ]

    async def written(self, request: Request, form: Form) -> Response:
        """Somebody has written to a number of ours."""
        asked = wish(form.get("Body", ""), form.get("OptOutType", ""))
        log.info("message_received", asks=asked.name if asked else "", pii_from=form.get("From", ""))
        try:
            if asked is not None and form.get("From"):
                await self._messaging.opted(form["From"], asked is Wish.STOP)
        except MessageRefused:
            log.error("message_opt_out_lost", pii_from=form.get("From", ""))
            return Response(status_code=503)
        return Response("<Response/>", media_type="text/xml")

    async def status(self, request: Request, form: Form) -> Response:
        """Something became of a message of ours."""
        code = form.get("ErrorCode", "").strip()
        report = Report(
            form.get("MessageSid", ""),
            form.get("MessageStatus", ""),
            int(code) if code.isascii() and code.isdecimal() and len(code) <= 9 else 0,
        )
        try:
            if not await self._messaging.report(request.path_params["message"], report):
                log.warning("message_not_ours", status=report.status)
        except MessageRefused:
            log.error("message_report_lost", status=report.status)
            return Response(status_code=503)
        return Response(status_code=204)
