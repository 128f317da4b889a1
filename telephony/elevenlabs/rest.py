"""Single REST requests to ElevenLabs about the account: its voices, models and subscription.

Each function sends one GET and raises `ProviderError` (provider `elevenlabs`). What the service refuses is a
`RestRefused`, with the HTTP status and the slug of the answer: `missing_permissions` means that the key is good but may
not read this. Redirects are not followed: the key would go to another host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from telephony.clock import Clock
from telephony.elevenlabs.faults import of_status
from telephony.errors import (
    ProviderBusy,
    ProviderError,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from telephony.log_redaction import identifier, without_secrets
from telephony.loopback import leads_to_loopback
from telephony.network.tls import tls

PROVIDER = "elevenlabs"
DEADLINE_MS = 5_000
KEY_SLUGS = frozenset({"invalid_api_key", "unauthorized", "authentication_required"})
"""Slugs that say that the key itself is wrong, whatever it may do."""


class RestRefused(ProviderRefused):
    """The service refused a request. `slug` is its own code ("" if the answer has none)."""

    def __init__(self, message: str, *, provider: str, status: int, slug: str) -> None:
        super().__init__(message, provider=provider)
        self.status, self.slug = status, slug

    @property
    def key_wrong(self) -> bool:
        """Whether the key is not (or no longer) one of the service's."""
        return self.slug in KEY_SLUGS or (self.status == 401 and not self.slug)


@dataclass(frozen=True, slots=True)
class AccountVoice:
    """A voice that the account may use."""

    voice_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """The account's plan (`free`, `creator`, ...) and how many of its characters (credits) are used."""

    tier: str
    used: int
    limit: int


async def voices(base_url: str, api_key: str, clock: Clock) -> tuple[AccountVoice, ...]:
    """The account's voices, in the service's order; the key needs the permission `voices_read`."""
    listed = (await get(base_url, api_key, "/v1/voices", clock)).get("voices")
    if not isinstance(listed, list):
        raise ProviderMisbehaved("no list of voices in the answer", provider=PROVIDER)
    return tuple(_voice(one) for one in listed if isinstance(one, dict) and one.get("voice_id"))


async def voice(base_url: str, api_key: str, clock: Clock, voice_id: str) -> AccountVoice:
    """The voice with this id. Raises RestRefused (400 or 404) if the account has none; 402 if its plan is too small."""
    return _voice(await get(base_url, api_key, f"/v1/voices/{quote(voice_id, safe='')}", clock))


async def subscription(base_url: str, api_key: str, clock: Clock) -> Subscription:
    """The account's plan and quota; the key needs the permission `user_read`."""
    found = await get(base_url, api_key, "/v1/user/subscription", clock)
    used, limit = found.get("character_count"), found.get("character_limit")
    return Subscription(
        str(found.get("tier") or "unknown"),
        used if isinstance(used, int) else 0,
        limit if isinstance(limit, int) else 0,
    )


async def get(base_url: str, api_key: str, path: str, clock: Clock) -> dict[str, Any]:
    """One GET, answered within `DEADLINE_MS` by a JSON object."""
    async with new_client(base_url) as client:
        try:
            request = client.build_request("GET", base_url.rstrip("/") + path, headers={"xi-api-key": api_key})
        except httpx2.InvalidURL as error:
            raise ProviderUnavailable(type(error).__name__, provider=PROVIDER) from error
        return json_object(await answer(client, request, clock, DEADLINE_MS, PROVIDER), PROVIDER)


def new_client(base_url: str) -> httpx2.AsyncClient:
    """A client without time limits of its own. A local server is reached without a proxy."""
    trust_env = not leads_to_loopback(base_url)
    return httpx2.AsyncClient(timeout=None, trust_env=trust_env, verify=tls(trust_env=trust_env))


async def answer(
    client: httpx2.AsyncClient, request: httpx2.Request, clock: Clock, deadline_ms: int, provider: str
) -> httpx2.Response:
    """Sends one request with our key. Raises ProviderError for an answer that is late or is none."""
    try:
        async with clock.timeout(deadline_ms):
            response = await client.send(request)
    except TimeoutError:
        raise ProviderTimeout(f"no answer within {deadline_ms} ms", provider=provider) from None
    except httpx2.HTTPError as error:
        raise ProviderUnavailable(type(error).__name__, provider=provider) from error
    if response.status_code >= 300:
        raise error_for(response, provider, request.headers.get("xi-api-key", ""))
    return response


def json_object(response: httpx2.Response, provider: str) -> dict[str, Any]:
    """The body of an answer. Raises ProviderMisbehaved if it is not a JSON object."""
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ProviderMisbehaved("the answer is not a JSON object", provider=provider)
    return answer


def error_for(response: httpx2.Response, provider: str, key: str = "") -> ProviderError:
    """The error for an answer that is none, with what the service says, without our `key`."""
    fault = of_status(response.status_code, response.content)
    text = without_secrets(fault.said, key)
    if response.status_code == 429:
        return ProviderBusy(text, provider=provider)
    if fault.retryable:
        return ProviderUnavailable(text, provider=provider)
    return RestRefused(text, provider=provider, status=response.status_code, slug=_slug(response))


def _slug(response: httpx2.Response) -> str:
    try:
        detail = response.json().get("detail")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return identifier(detail.get("status") or detail.get("code")) if isinstance(detail, dict) else ""


def _voice(found: Mapping[str, Any]) -> AccountVoice:
    return AccountVoice(str(found.get("voice_id") or ""), str(found.get("name") or ""))
