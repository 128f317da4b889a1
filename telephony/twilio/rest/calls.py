"""Calls in Twilio's REST API: placing, reading, changing and ending them.

`place_call` sends one request and never repeats it. There is no idempotency key at Twilio, so an answer that does not
come says nothing: its error tells apart what certainly was not placed (`CallNotPlaced`) from what may have been.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from telephony.clock import Clock
from telephony.errors import CallNotPlaced
from telephony.twilio.rest.client import RestClient, checked, code, read_object, was_live

#: Time for `place_call`. Longer than Twilio takes; an answer that comes too late leaves the call in doubt.
PLACE_MS = 15_000
PAGE = 100


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
        self.client = RestClient(account_sid, auth_token, base_url, clock)
        self._calls_url = f"{self.client.account_url}/Calls"

    async def hang_up(self, call_sid: str) -> bool:
        """Ends the call. True if it was live, False if it had already ended.

        Raises `CarrierError` with code `rest_bad_sid`, `rest_timeout`, `rest_unreachable`, `rest_busy` (still 429
        after all attempts, or at the deadline), `rest_refused` (credentials, account) or `rest_failed`; `retryable` is
        set to match.
        """
        response = await self.client.change(self._call_url(call_sid), [("Status", "completed")])
        return was_live(response.status_code, code(response))

    async def redirect(self, call_sid: str, twiml: str, time_limit_s: int | None = None) -> bool:
        """Replaces what the call is doing by TwiML; a media stream of it ends. False if the call had already ended.
        `time_limit_s` ends the call that long after it was answered. Raises `CarrierError` as `hang_up` does; after
        `rest_timeout` and `rest_unreachable` it may have happened all the same."""
        limit = [] if time_limit_s is None else [("TimeLimit", str(time_limit_s))]
        response = await self.client.change(self._call_url(call_sid), [("Twiml", twiml), *limit])
        return was_live(response.status_code, code(response))

    async def place_call(self, request: CallRequest) -> CallState:
        """Places a call with one request, which is never repeated.

        Raises `CallNotPlaced` if the call certainly was not placed: Twilio says so, or could not be connected to.
        Raises `CarrierError` with code `placing_in_doubt` if it may have been: no answer, or one that is not Twilio's.
        """
        return await self.client.create(
            f"{self._calls_url}.json", request.form(), _state,
            within_ms=PLACE_MS, refused=CallNotPlaced, in_doubt="placing_in_doubt",
        )  # fmt: skip

    async def fetch_call(self, call_sid: str) -> CallState | None:
        """The call, or None if Twilio does not know it. Raises `CarrierError` as `hang_up` does."""
        response = await self.client.read(self._call_url(call_sid))
        if response.status_code == 404:
            return None
        return _state(read_object(response))

    async def list_calls(self, to: str, from_: str, since_s: float) -> tuple[CallState, ...]:
        """The calls between two numbers of the last days, queued ones included: at least those since `since_s`, at most
        100 of each. Raises `CarrierError` as `hang_up` does."""
        day = datetime.fromtimestamp(since_s, UTC).date().isoformat()  # the filter knows whole days of UTC
        parties = {"To": to, "From": from_, "PageSize": str(PAGE)}
        found: dict[str, CallState] = {}
        for narrower in ({"StartTime>": day}, {"Status": "queued"}):  # a queued call has no start time
            response = await self.client.read(f"{self._calls_url}.json", parties | narrower)
            listed = read_object(response).get("calls")
            for one in listed if isinstance(listed, Sequence) else ():
                if (state := _state(one)) is not None:
                    found[state.sid] = state
        return tuple(found.values())

    async def aclose(self) -> None:
        """Closes the connections; may be called twice. A later request opens new ones."""
        await self.client.aclose()

    def _call_url(self, call_sid: str) -> str:
        return f"{self._calls_url}/{checked(call_sid)}.json"


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
