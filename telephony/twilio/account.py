"""What Twilio's REST API says about our account and its numbers; changes where a number's calls go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from telephony.clock import Clock
from telephony.errors import CarrierError
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls
from telephony.twilio.rest.client import BASE_URL

DEADLINE_MS = 5_000
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Account:
    """`status`: active, suspended or closed. `trial`: it calls verified numbers only."""

    status: str
    trial: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number and where its calls and messages go. `elsewhere`, `sms_elsewhere`: the application or trunk that
    makes Twilio ignore the URL. `fallback_url` is asked when `voice_url` fails; `voice`, `sms`: whether it can be used
    for calls, and messages, at all."""

    number: str
    voice_url: str
    voice_method: str
    status_url: str
    elsewhere: str
    sid: str = ""
    fallback_url: str = ""
    status_method: str = "POST"
    fallback_method: str = "POST"
    voice: bool = True
    sms_url: str = ""
    sms_method: str = "POST"
    sms_elsewhere: str = ""
    sms: bool = True


async def account(account_sid: str, auth_token: str, base_url: str, clock: Clock) -> Account:
    """The account. Raises CarrierError with code `rest_refused` (credentials), `rest_timeout`, `rest_unreachable` or
    `rest_failed`."""
    found = await _get(f"{_root(base_url)}/{account_sid}.json", (account_sid, auth_token), clock)
    return Account(str(found.get("status") or ""), str(found.get("type") or "").lower() == "trial")


async def numbers(account_sid: str, auth_token: str, base_url: str, clock: Clock) -> tuple[Number, ...]:
    """The account's phone numbers, at most 1,000. Raises as `account` does."""
    url = f"{_root(base_url)}/{account_sid}/IncomingPhoneNumbers.json?PageSize={PAGE}"
    listed = (await _get(url, (account_sid, auth_token), clock)).get("incoming_phone_numbers")
    return tuple(_number(one) for one in listed or () if isinstance(one, dict))


async def update_number(
    account_sid: str, auth_token: str, base_url: str, clock: Clock, sid: str, fields: Mapping[str, str]
) -> Number:
    """Changes fields of a number (Twilio's names: `VoiceUrl`, ...) and returns it as it is then. Sending the same
    change again does no harm. Raises as `account` does."""
    url = f"{_root(base_url)}/{account_sid}/IncomingPhoneNumbers/{quote(sid, safe='')}.json"
    return _number(await _ask(url, (account_sid, auth_token), clock, fields))


def _root(base_url: str) -> str:
    return f"{(base_url or BASE_URL).rstrip('/')}/2010-04-01/Accounts"


def _number(found: Mapping[str, Any]) -> Number:
    def text(name: str) -> str:
        return str(found.get(name) or "")

    can = found.get("capabilities")
    can = can if isinstance(can, Mapping) else {}
    return Number(
        number=text("phone_number"),
        voice_url=text("voice_url"),
        voice_method=text("voice_method").upper() or "POST",
        status_url=text("status_callback"),
        elsewhere=text("trunk_sid") or text("voice_application_sid"),
        sid=text("sid"),
        fallback_url=text("voice_fallback_url"),
        status_method=text("status_callback_method").upper() or "POST",
        fallback_method=text("voice_fallback_method").upper() or "POST",
        voice=bool(can.get("voice", True)),
        sms_url=text("sms_url"),
        sms_method=text("sms_method").upper() or "POST",
        sms_elsewhere=text("sms_application_sid"),
        sms=bool(can.get("sms", True)),
    )


async def _get(url: str, auth: tuple[str, str], clock: Clock) -> Mapping[str, Any]:
    return await _ask(url, auth, clock)


async def _ask(
    url: str, auth: tuple[str, str], clock: Clock, fields: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """The object that is answered: to a GET, or to a POST of `fields`."""
    trust_env = not leads_to_loopback(url)
    try:
        async with (
            clock.timeout(DEADLINE_MS),
            httpx2.AsyncClient(timeout=None, trust_env=trust_env, verify=tls(trust_env=trust_env), auth=auth) as client,
        ):
            response = await (client.get(url) if fields is None else client.post(url, data=dict(fields)))
    except TimeoutError:
        raise CarrierError("Twilio's REST API did not answer", code="rest_timeout", retryable=True) from None
    except httpx2.HTTPError as error:
        raise CarrierError(f"no connection: {type(error).__name__}", code="rest_unreachable", retryable=True) from None
    if response.status_code in (401, 403):
        raise CarrierError("Twilio refused the credentials", code="rest_refused")
    try:
        found = response.json() if response.status_code < 300 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CarrierError(
            f"Twilio answered {response.status_code}", code="rest_failed", retryable=response.status_code >= 500
        )
    return found
