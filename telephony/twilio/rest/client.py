"""Requests of one account to Twilio's REST API.

A request that may be repeated is, until the answer is no longer "busy" (`patiently`). One that creates something is
sent once and never again (`create`): there is no idempotency key at Twilio, so an answer that does not come says
nothing about whether it was done. Its error tells apart what certainly was not done from what may have been.
"""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx2
import structlog

from telephony.clock import Clock
from telephony.errors import CarrierError
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls

log = structlog.get_logger()

BASE_URL = "https://api.twilio.com"
#: Total time for a request that may be repeated, retries included.
DEADLINE_MS = 10_000
#: First delay after a 429; doubled each time, with jitter.
BACKOFF_MS = 250
ATTEMPTS = 5
#: "Not found" and "call not in progress": the call has already ended.
_ALREADY_OVER = frozenset({20404, 21220})

Fields = Sequence[tuple[str, str]]
Created = TypeVar("Created")


class RestClient:
    """The REST client of one account. May be created outside an event loop; connects at first use; close with `aclose`.

    `base_url` replaces `BASE_URL` (the local carrier's `api_base_url`).
    """

    def __init__(self, account_sid: str, auth_token: str, base_url: str | None, clock: Clock) -> None:
        base = (base_url or BASE_URL).rstrip("/")
        self.account_url = f"{base}/2010-04-01/Accounts/{account_sid}"
        self._auth = (account_sid, auth_token)
        self._clock = clock
        self._trust_env = not leads_to_loopback(base)  # no proxy reaches the local carrier
        self._client: httpx2.AsyncClient | None = None

    async def read(self, url: str, query: Mapping[str, str] | None = None) -> httpx2.Response:
        """The answer to a GET. Raises `CarrierError` as `patiently` does."""
        return await self.patiently(lambda: self._http().get(url, params=query))

    async def change(self, url: str, fields: Fields) -> httpx2.Response:
        """The answer to a POST that does the same when it is repeated. Raises `CarrierError` as `patiently` does."""
        return await self.patiently(lambda: self._http().post(url, data=_form(fields)))

    async def create(
        self,
        url: str,
        fields: Fields,
        read: Callable[[object], Created | None],
        *,
        within_ms: int,
        refused: Callable[[str, int], CarrierError],
        in_doubt: str,
    ) -> Created:
        """What a POST creates, which is sent once, whatever the answer; `read` finds it in the answer's JSON.

        Raises `refused(problem, Twilio's code or 0)` if certainly nothing was created: Twilio says so, or could not be
        connected to. Raises `CarrierError` with the code `in_doubt` if it may have been: no answer, or one that is not
        Twilio's.
        """
        try:
            async with self._clock.timeout(within_ms):
                response = await self._http().post(url, data=_form(fields))
        except httpx2.ConnectError as error:  # nothing has been sent
            raise refused(f"no connection to Twilio: {type(error).__name__}", 0) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise CarrierError(f"no answer: {type(error).__name__}", code=in_doubt) from None
        number = code(response)
        if 400 <= response.status_code < 500 and number:
            raise refused(f"Twilio answered {response.status_code}, code {number}", number)
        created = read(read_json(response)) if response.status_code < 300 else None
        if created is None:
            raise CarrierError(f"Twilio answered {response.status_code}", code=in_doubt)
        return created

    async def aclose(self) -> None:
        """Closes the connections; may be called twice. A later request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def patiently(self, send: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
        """Sends a request that may be repeated until the answer is no longer "busy".

        Raises `CarrierError` with code `rest_timeout`, `rest_unreachable` or `rest_busy` (still 429 after all attempts,
        or at the deadline); all are `retryable`.
        """
        busy = False
        try:
            async with self._clock.timeout(DEADLINE_MS):
                for attempt in range(ATTEMPTS):
                    if attempt:
                        await self._clock.sleep(BACKOFF_MS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))
                    response = await send()
                    busy = response.status_code == 429 or code(response) == 20429
                    if not busy:
                        return response
                    log.info("rest_busy", attempt=attempt + 1)
        except httpx2.HTTPError as error:
            raise CarrierError(
                f"no connection: {type(error).__name__}", code="rest_unreachable", retryable=True
            ) from None
        except TimeoutError:
            if not busy:
                raise CarrierError("Twilio's REST API did not answer", code="rest_timeout", retryable=True) from None
        raise CarrierError("Twilio's REST API is busy", code="rest_busy", retryable=True)  # 429 until the end

    def _http(self) -> httpx2.AsyncClient:
        if self._client is None:
            context = tls(trust_env=self._trust_env)
            self._client = httpx2.AsyncClient(timeout=None, trust_env=self._trust_env, verify=context, auth=self._auth)
        return self._client


def checked(sid: str) -> str:
    """A SID that becomes part of a path. Raises `CarrierError` with code `rest_bad_sid`."""
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", sid):
        raise CarrierError("not a SID", code="rest_bad_sid")
    return sid


def _form(fields: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """The fields as the client takes them: those of one name together."""
    form: dict[str, str | list[str]] = {}
    for name, value in fields:
        same = [one for other, one in fields if other == name]
        form[name] = same if len(same) > 1 else value
    return form


def read_json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def code(response: httpx2.Response) -> int:
    """Twilio's error code; 0 if the answer has none."""
    found = read_json(response)
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, int) else 0


def read_object(response: httpx2.Response) -> Mapping[str, Any]:
    """The object of a good answer. Raises `CarrierError`."""
    was_live(response.status_code, code(response))
    found = read_json(response)
    if not isinstance(found, dict):
        raise CarrierError(f"Twilio answered {response.status_code} without an object", code="rest_failed")
    return found


def was_live(status: int, code: int) -> bool:
    """What an answer other than 429 means; False if what it asks for is over.

    Raises `CarrierError` with code `rest_refused` (credentials, account) or `rest_failed`."""
    if status < 300:
        return True
    if status == 404 or code in _ALREADY_OVER:
        return False
    if status in (401, 403) or code == 20003:
        raise CarrierError(f"Twilio refused the credentials ({code})", code="rest_refused")
    raise CarrierError(f"Twilio answered {status}, code {code}", code="rest_failed", retryable=status >= 500)
