"""Whether the public address leads to this service: from outside in, as Twilio comes.

Three requests through the public address: the health page (name, TLS, proxy), a signed status callback of a call that
does not exist (the signature, through the proxy), and the media socket's upgrade. None has an effect.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from telephony.clock import Clock
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls
from telephony.settings import Settings
from telephony.twilio.signature import HEADER, sign_socket, sign_webhook

DEADLINE_MS = 10_000
FORM = {"CallSid": "CA" + "0" * 32, "CallStatus": "ringing", "From": "", "To": ""}
SIGNATURE = (
    "if the service runs with the same TWILIO_AUTH_TOKEN and PUBLIC_URL, the proxy changes the address: it must pass "
    "path and query on unchanged"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check --online`. `right`: None if it cannot be told, or works with a limit. `words` say what was
    found, and what to do if it is not right."""

    part: str
    right: bool | None
    words: str


async def public_findings(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """The findings for PUBLIC_URL; the service must be running behind it. Raises nothing."""
    url = settings.public_url
    if not url:
        yield Finding("address", None, "PUBLIC_URL is not set: how Twilio reaches this service is not known")
        return
    async with httpx2.AsyncClient(timeout=None, trust_env=not leads_to_loopback(url), verify=tls()) as http:
        found = await _health(http, url, clock)
        yield found
        if not found.right:
            return
        yield await _signature(http, url, settings, clock)
    yield await _socket(url, settings, clock)


async def _health(http: httpx2.AsyncClient, url: str, clock: Clock) -> Finding:
    answer = await _asked(http.get(f"{url}/healthz"), clock)
    if isinstance(answer, str):
        return Finding("address", False, f"{url} {answer}")
    if answer.is_redirect:
        where = answer.headers.get("location", "elsewhere")
        return Finding("address", False, f"{url} redirects to {where}: set PUBLIC_URL to the address at the end")
    if answer.status_code in (502, 503, 504):
        return Finding("address", False, f"{url} answers {answer.status_code}: the proxy finds no service; start it")
    if answer.status_code != 200 or '"status":"ok"' not in answer.text.replace(" ", ""):
        return Finding("address", False, f"{url}/healthz answers {answer.status_code}, but not as this service does: "
                       "the proxy sends it elsewhere")  # fmt: skip
    return Finding("address", True, f"{url} reaches this service, and its certificate is good")


async def _signature(http: httpx2.AsyncClient, url: str, settings: Settings, clock: Clock) -> Finding:
    target = f"{url}/twilio/status"
    headers = {HEADER: sign_webhook(settings.twilio_auth_token, target, FORM.items())}
    answer = await _asked(http.post(target, data=FORM, headers=headers), clock)
    if isinstance(answer, str):
        return Finding("webhook", False, f"{target} {answer}")
    if answer.status_code == 403:
        return Finding("webhook", False, f"the signature does not match behind the proxy: {SIGNATURE}")
    if answer.status_code != 204:
        return Finding("webhook", False, f"{target} answers {answer.status_code}: the proxy must pass on POST requests")
    return Finding("webhook", True, "a signed request is recognised through the proxy")


async def _socket(url: str, settings: Settings, clock: Clock) -> Finding:
    target = url.replace("http", "ws", 1) + "/twilio/media"
    headers = {HEADER: sign_socket(settings.twilio_auth_token, target)}
    context = tls() if target.startswith("wss:") else None
    try:
        async with (
            clock.timeout(DEADLINE_MS),
            connect(
                target,
                additional_headers=headers,
                compression=None,
                ssl=context,
                open_timeout=None,
                proxy=None if leads_to_loopback(url) else True,
            ),
        ):
            return Finding("socket", True, "the media socket opens through the proxy")
    except InvalidStatus as error:
        status = error.response.status_code
        why = SIGNATURE if status == 403 else "the proxy must pass on WebSocket upgrades"
        return Finding("socket", False, f"the media socket is refused with {status}: {why}")
    except (TimeoutError, OSError, WebSocketException) as error:
        words = f"{type(error).__name__} {error}".strip()
        return Finding("socket", False, f"the media socket does not open ({words}): the proxy must pass on upgrades")


async def _asked(request: Any, clock: Clock) -> httpx2.Response | str:
    """The answer, or what went wrong and what to do, as the end of a sentence that begins with the address."""
    try:
        async with clock.timeout(DEADLINE_MS):
            response: httpx2.Response = await request
            return response
    except TimeoutError:
        return "does not answer: check that the proxy runs and its port 443 is open"
    except httpx2.HTTPError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that Twilio refuses, too ({cause.verify_message}): get one for this name"
        if cause is not None:
            return f"does not speak TLS there ({cause.reason}): the proxy must end TLS on this port"
        return f"cannot be reached: check its DNS name and that the proxy runs ({error})"
