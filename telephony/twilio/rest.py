"""The one operation we use of Twilio's REST API: ending a call.

A plain HTTP client, because Twilio's SDK has no working timeout of its own, does not retry on 429, and, with retries
enabled, would also repeat a POST that may already have been carried out.
"""

from __future__ import annotations

import random
import re

import httpx2
import structlog

from telephony.clock import Clock
from telephony.errors import CarrierError
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls

log = structlog.get_logger()

BASE_URL = "https://api.twilio.com"
#: Total time for one `hang_up`, retries included.
DEADLINE_MS = 10_000
#: First delay after a 429; doubled each time, with jitter.
BACKOFF_MS = 250
ATTEMPTS = 5
#: "Not found" and "call not in progress": the call has already ended.
_ALREADY_OVER = frozenset({20404, 21220})


class TwilioRest:
    """The REST client of one account. May be created outside an event loop; connects at first use; close with `aclose`.

    `base_url` replaces `BASE_URL` (the local carrier's `api_base_url`).
    """

    def __init__(self, account_sid: str, auth_token: str, base_url: str | None, clock: Clock) -> None:
        base = (base_url or BASE_URL).rstrip("/")
        self._calls_url = f"{base}/2010-04-01/Accounts/{account_sid}/Calls"
        self._auth = (account_sid, auth_token)
        self._clock = clock
        self._trust_env = not leads_to_loopback(base)  # no proxy reaches the local carrier
        self._client: httpx2.AsyncClient | None = None

    async def hang_up(self, call_sid: str) -> bool:
        """Ends the call. True if it was live, False if it had already ended.

        Raises `CarrierError` with code `rest_bad_sid`, `rest_timeout`, `rest_unreachable`, `rest_busy` (still 429
        after all attempts, or at the deadline), `rest_refused` (credentials, account) or `rest_failed`; `retryable` is
        set to match.
        """
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", call_sid):  # it becomes part of a path
            raise CarrierError("not a call SID", code="rest_bad_sid")
        busy = False
        try:
            async with self._clock.timeout(DEADLINE_MS):
                for attempt in range(ATTEMPTS):
                    if attempt:
                        await self._clock.sleep(BACKOFF_MS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))
                    response = await self._complete(call_sid)
                    status, code = response.status_code, _code(response)
                    busy = status == 429 or code == 20429
                    if not busy:
                        return _was_live(status, code)
                    log.info("rest_busy", attempt=attempt + 1)
        except httpx2.HTTPError as error:
            raise CarrierError(
                f"no connection: {type(error).__name__}", code="rest_unreachable", retryable=True
            ) from None
        except TimeoutError:
            if not busy:
                raise CarrierError("Twilio's REST API did not answer", code="rest_timeout", retryable=True) from None
        raise CarrierError("Twilio's REST API is busy", code="rest_busy", retryable=True)  # 429 until the end

    async def aclose(self) -> None:
        """Closes the connections; may be called twice. A later `hang_up` opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _complete(self, call_sid: str) -> httpx2.Response:
        if self._client is None:
            context = tls(trust_env=self._trust_env)
            self._client = httpx2.AsyncClient(timeout=None, trust_env=self._trust_env, verify=context, auth=self._auth)
        return await self._client.post(f"{self._calls_url}/{call_sid}.json", data={"Status": "completed"})


def _code(response: httpx2.Response) -> int:
    """Twilio's error code; 0 if the answer has none."""
    try:
        code = response.json().get("code")
    except (ValueError, AttributeError):
        return 0
    return code if isinstance(code, int) else 0


def _was_live(status: int, code: int) -> bool:
    """What an answer other than 429 means; see `hang_up`."""
    if status < 300:
        return True
    if status == 404 or code in _ALREADY_OVER:
        return False
    if status in (401, 403) or code == 20003:
        raise CarrierError(f"Twilio refused the credentials ({code})", code="rest_refused")
    raise CarrierError(f"Twilio answered {status}, code {code}", code="rest_failed", retryable=status >= 500)
