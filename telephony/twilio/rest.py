"""The one operation we use of Twilio's REST API: ending a call.

A small wrapper around the SDK's asynchronous client, which has no working timeout of its own, does not retry on 429,
and, with retries enabled, would also repeat a POST that may already have been carried out.
"""

from __future__ import annotations

import random
import re
from base64 import b64encode
from typing import Any

import structlog

from telephony.clock import Clock
from telephony.errors import CarrierError

log = structlog.get_logger()

#: Total time for one `hang_up`, retries included.
DEADLINE_MS = 10_000
#: First delay after a 429; doubled each time, with jitter.
BACKOFF_MS = 250
ATTEMPTS = 5
#: "Not found" and "call not in progress": the call has already ended.
_ALREADY_OVER = frozenset({20404, 21220})


class TwilioRest:
    """The REST client of one account. May be created outside an event loop; connects at first use; close with `aclose`.

    `base_url` replaces `https://api.twilio.com` (the local carrier's `api_base_url`); None leaves the SDK's.
    """

    def __init__(self, account_sid: str, auth_token: str, base_url: str | None, clock: Clock) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._base_url = base_url
        self._clock = clock
        self._client: Any = None

    async def hang_up(self, call_sid: str) -> bool:
        """Ends the call. True if it was live, False if it had already ended.

        Raises `CarrierError` with code `rest_bad_sid`, `rest_timeout`, `rest_unreachable`, `rest_busy` (still 429
        after all attempts, or at the deadline), `rest_refused` (credentials, account) or `rest_failed`; `retryable` is
        set to match.
        """
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", call_sid):  # it becomes part of a path
            raise CarrierError("not a call SID", code="rest_bad_sid")
        busy: list[int] = []
        try:
            async with self._clock.timeout(DEADLINE_MS):
                return await self._complete(call_sid, busy)
        except TimeoutError:
            if busy:  # it answered 429 until the deadline
                raise _busy() from None
            raise CarrierError("Twilio's REST API did not answer", code="rest_timeout", retryable=True) from None

    async def aclose(self) -> None:
        """Closes the connections; may be called twice. A later `hang_up` opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.http_client.close()

    async def _complete(self, call_sid: str, busy: list[int]) -> bool:
        from aiohttp import ClientError
        from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

        for attempt in range(ATTEMPTS):
            try:
                await self._sdk().calls(call_sid).update_async(status="completed")
            except TwilioException as error:
                code = int(getattr(error, "code", None) or getattr(error, "status", None) or 0)
                if code in _ALREADY_OVER or getattr(error, "status", None) == 404:
                    return False
                if code not in (429, 20429):
                    raise _failure(error, code) from None
                busy.append(attempt)
                log.info("rest_busy", attempt=attempt + 1)
            except (ClientError, OSError) as error:
                if isinstance(error, TimeoutError):
                    raise
                raise CarrierError(f"no connection: {error}", code="rest_unreachable", retryable=True) from None
            else:
                return True
            if attempt + 1 < ATTEMPTS:
                await self._clock.sleep(BACKOFF_MS * 2**attempt * random.uniform(0.5, 1.0))
        raise _busy()

    def _sdk(self) -> Any:
        """The SDK's client, created inside the running loop because its HTTP session needs one."""
        if self._client is None:
            from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
            from twilio.rest import Client  # type: ignore[import-untyped]  # slow to import, so only when needed

            self._client = Client(
                account_sid=self._account_sid,
                credential_provider=_Basic(self._account_sid, self._auth_token),
                http_client=AsyncTwilioHttpClient(),
            )
            if self._base_url:
                self._client.api.base_url = self._base_url.rstrip("/")
        return self._client


def _busy() -> CarrierError:
    return CarrierError("Twilio's REST API is busy", code="rest_busy", retryable=True)


class _Basic:
    """Basic authentication: credential provider and authentication strategy for the SDK in one.

    Given a name and a password, the SDK uses aiohttp's `BasicAuth`, which warns of its removal on every request."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self._header = "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode("ascii")

    def to_auth_strategy(self) -> _Basic:
        return self

    def get_auth_string(self) -> str:
        return self._header


def _failure(error: Exception, code: int) -> CarrierError:
    status = int(getattr(error, "status", 0) or 0)
    if status in (401, 403) or code == 20003:
        return CarrierError(f"Twilio refused the credentials ({code})", code="rest_refused")
    return CarrierError(f"Twilio answered {status}, code {code}", code="rest_failed", retryable=status >= 500)
