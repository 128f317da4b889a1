"""What we use of Twilio's REST API for calls: placing, reading and ending them.

A plain HTTP client, because Twilio's SDK has no working timeout of its own, does not retry on 429, and, with retries
enabled, would also repeat a POST that may already have been carried out.

`place_call` sends one request and never repeats it. There is no idempotency key at Twilio, so an answer that does not
come says nothing: its error tells apart what certainly was not placed (`CallNotPlaced`) from what may have been.
"""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import httpx2
import structlog

from telephony.clock import Clock
from telephony.errors import CallNotPlaced, CarrierError
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls

log = structlog.get_logger()

BASE_URL = "https://api.twilio.com"
#: Total time for one `hang_up`, retries included, or for reading.
DEADLINE_MS = 10_000
#: Time for `place_call`. Longer than Twilio takes; an answer that comes too late leaves the call in doubt.
PLACE_MS = 15_000
#: First delay after a 429; doubled each time, with jitter.
BACKOFF_MS = 250
ATTEMPTS = 5
PAGE = 100
#: "Not found" and "call not in progress": the call has already ended.
_ALREADY_OVER = frozenset({20404, 21220})


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A call to place. URLs are absolute. `ring_s` is how long it rings, and `time_limit_s` ends it whatever happens.
    With `amd_url`, Twilio tells that address who it believes has answered, a person or a machine."""

    to: str
    from_: str
    voice_url: str
    status_url: str
    ring_s: int
    time_limit_s: int
    amd_url: str = ""

    def form(self) -> list[tuple[str, str]]:
        fields = [
            ("To", self.to), ("From", self.from_), ("Url", self.voice_url), ("Method", "POST"),
            ("StatusCallback", self.status_url), ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
            ("Timeout", str(self.ring_s)), ("TimeLimit", str(self.time_limit_s)),
        ]  # fmt: skip
        if self.amd_url:  # asynchronously: otherwise the callee hears silence until the verdict
            fields += [("MachineDetection", "Enable"), ("AsyncAmd", "true"), ("AsyncAmdStatusCallback", self.amd_url)]
        return fields


@dataclass(frozen=True, slots=True)
class CallState:
    """A call as Twilio's REST API shows it. `created_s`: Unix time, 0 if not told."""

    sid: str
    status: str
    to: str = ""
    from_: str = ""
    created_s: float = 0.0
    duration_s: int | None = None
    answered_by: str = ""


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
        url = self._call_url(call_sid)
        response = await self._patiently(lambda: self._http().post(url, data={"Status": "completed"}))
        return _was_live(response.status_code, _code(response))

    async def place_call(self, request: CallRequest) -> CallState:
        """Places a call with one request, which is never repeated.

        Raises `CallNotPlaced` if the call certainly was not placed: Twilio says so, or could not be connected to.
        Raises `CarrierError` with code `placing_in_doubt` if it may have been: no answer, or one that is not Twilio's.
        """
        try:
            async with self._clock.timeout(PLACE_MS):
                response = await self._http().post(f"{self._calls_url}.json", data=_form(request.form()))
        except httpx2.ConnectError as error:  # nothing has been sent
            raise CallNotPlaced(f"no connection to Twilio: {type(error).__name__}") from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise CarrierError(f"no answer: {type(error).__name__}", code="placing_in_doubt") from None
        code = _code(response)
        if 400 <= response.status_code < 500 and code:
            raise CallNotPlaced(f"Twilio answered {response.status_code}, code {code}", code)
        state = _state(_json(response)) if response.status_code < 300 else None
        if state is None:
            raise CarrierError(f"Twilio answered {response.status_code}", code="placing_in_doubt")
        return state

    async def fetch_call(self, call_sid: str) -> CallState | None:
        """The call, or None if Twilio does not know it. Raises `CarrierError` as `hang_up` does."""
        url = self._call_url(call_sid)
        response = await self._patiently(lambda: self._http().get(url))
        if response.status_code == 404:
            return None
        return _state(_read(response))

    async def list_calls(self, to: str, from_: str, since_s: float) -> tuple[CallState, ...]:
        """The calls between two numbers of the last days, queued ones included: at least those since `since_s`, at most
        100 of each. Raises `CarrierError` as `hang_up` does."""
        day = datetime.fromtimestamp(since_s, UTC).date().isoformat()  # the filter knows whole days of UTC
        parties = {"To": to, "From": from_, "PageSize": str(PAGE)}
        found: dict[str, CallState] = {}
        for narrower in ({"StartTime>": day}, {"Status": "queued"}):  # a queued call has no start time
            query = parties | narrower
            response = await self._patiently(partial(self._http().get, f"{self._calls_url}.json", params=query))
            listed = _read(response).get("calls")
            for one in listed if isinstance(listed, Sequence) else ():
                if (state := _state(one)) is not None:
                    found[state.sid] = state
        return tuple(found.values())

    async def aclose(self) -> None:
        """Closes the connections; may be called twice. A later request opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _call_url(self, call_sid: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", call_sid):  # it becomes part of a path
            raise CarrierError("not a call SID", code="rest_bad_sid")
        return f"{self._calls_url}/{call_sid}.json"

    async def _patiently(self, send: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
        """Sends a request that may be repeated until the answer is no longer "busy"."""
        busy = False
        try:
            async with self._clock.timeout(DEADLINE_MS):
                for attempt in range(ATTEMPTS):
                    if attempt:
                        await self._clock.sleep(BACKOFF_MS * 2 ** (attempt - 1) * random.uniform(0.5, 1.0))
                    response = await send()
                    busy = response.status_code == 429 or _code(response) == 20429
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


def _form(fields: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """The fields as the client takes them: those of one name together."""
    form: dict[str, str | list[str]] = {}
    for name, value in fields:
        same = [one for other, one in fields if other == name]
        form[name] = same if len(same) > 1 else value
    return form


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _code(response: httpx2.Response) -> int:
    """Twilio's error code; 0 if the answer has none."""
    found = _json(response)
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, int) else 0


def _read(response: httpx2.Response) -> Mapping[str, Any]:
    """The object of a good answer. Raises `CarrierError`."""
    _was_live(response.status_code, _code(response))
    found = _json(response)
    if not isinstance(found, dict):
        raise CarrierError(f"Twilio answered {response.status_code} without an object", code="rest_failed")
    return found


def _state(found: object) -> CallState | None:
    """The call in an answer, or None if it is none."""
    if not isinstance(found, Mapping) or not re.fullmatch(r"[A-Za-z0-9]{1,64}", str(found.get("sid") or "")):
        return None
    duration = str(found.get("duration") or "")
    try:
        created_s = parsedate_to_datetime(str(found.get("date_created"))).timestamp()
    except ValueError:
        created_s = 0.0
    return CallState(
        sid=str(found["sid"]),
        status=str(found.get("status") or ""),
        to=str(found.get("to") or ""),
        from_=str(found.get("from") or ""),
        created_s=created_s,
        duration_s=int(duration) if duration.isascii() and duration.isdecimal() else None,
        answered_by=str(found.get("answered_by") or ""),
    )


def _was_live(status: int, code: int) -> bool:
    """What an answer other than 429 means; see `hang_up`."""
    if status < 300:
        return True
    if status == 404 or code in _ALREADY_OVER:
        return False
    if status in (401, 403) or code == 20003:
        raise CarrierError(f"Twilio refused the credentials ({code})", code="rest_refused")
    raise CarrierError(f"Twilio answered {status}, code {code}", code="rest_failed", retryable=status >= 500)
