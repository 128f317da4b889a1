"""Webhooks with Twilio's signature: reads the form of a request, and refuses every other request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import parse_qsl

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from telephony.clock import Clock
from telephony.settings import Settings
from telephony.twilio import signature
from telephony.uploads import TooBig, gather

log = structlog.get_logger()

FORM_FIELDS = 200
FORM_BYTES = 65_536
FORM_MS = 5_000

Form: TypeAlias = dict[str, str]
"""The fields of a webhook."""


class SignedForms:
    """Checks signatures with the account's token. The signature covers the whole form."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def only(self, answer: Callable[[Request, Form], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that passes the form of a webhook signed by Twilio to `answer`, and refuses any other (403)."""

        async def check(request: Request) -> Response:
            if request.method != "POST":  # a number's webhook can be set so, and its caller hears an error
                log.warning(
                    "webhook_refused", code="not_post", advice="set the webhook to HTTP POST in Twilio's console"
                )
                return Response("POST only", status_code=405, headers={"Allow": "POST"})
            try:
                form = await self._form(request)
            except ClientDisconnect:  # while it was sending
                return Response(status_code=499)
            if form is None:
                return Response("signature mismatch", status_code=403)
            structlog.contextvars.bind_contextvars(call_sid=form.get("CallSid", ""))
            return await answer(request, form)

        return check

    async def _form(self, request: Request) -> Form | None:
        """The form of a webhook signed by Twilio, or None (logged). A repeated name keeps its last value."""
        try:
            async with self._clock.timeout(FORM_MS):
                body = await gather(request.stream(), FORM_BYTES)
        except (TooBig, TimeoutError) as error:
            log.warning("webhook_refused", code="form_late" if isinstance(error, TimeoutError) else "form_too_big")
            return None
        try:
            items = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS)
        except ValueError:
            log.warning("webhook_refused", code="bad_form")
            return None
        url = signature.public_url(self._settings.public_url, self._settings.trusted_proxies, request.scope)
        given = request.headers.get(signature.HEADER)
        if not signature.check_webhook(self._settings.twilio_auth_token, url, items, given):
            log.warning("webhook_refused", code="signature_wrong", url=_shown(url, request))
            return None
        return dict(items)


def _shown(url: str, request: Request) -> str:
    """The URL for the log: without its query, and with the names of its parameters for what may be secret."""
    names = {str(value): f"{{{name}}}" for name, value in request.path_params.items()}
    return "/".join(names.get(part, part) for part in url.partition("?")[0].split("/"))
