"""What we ask of the Agents platform over REST: signed URLs, register-call, outbound calls.

One client serves the process. A request that reads is tried twice; one that acts is not, unless it was refused for
being too many (429). Raises `ProviderError` with provider `elevenlabs_agents`; its text holds the platform's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import structlog

from telephony.agent import IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.elevenlabs import agents_codec
from telephony.elevenlabs.connection import is_loopback
from telephony.errors import (
    ProviderBusy,
    ProviderError,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)

log = structlog.get_logger()

PROVIDER = "elevenlabs_agents"
DEADLINE_MS = 3_000
"""One try: the phone rings meanwhile."""
PAUSE_MS = 200


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A call that the platform has begun to place."""

    conversation_id: str
    call_sid: str


class AgentsRest:
    """The REST side of the platform. Made anywhere, connects at first use, closed with `aclose`."""

    def __init__(self, base_url: str, api_key: str, clock: Clock) -> None:
        self.base_url = base_url.rstrip("/")
        self._key, self._clock = api_key, clock
        self._client: httpx2.AsyncClient | None = None
        self._inspected: set[str] = set()

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def address(self, agent: ManagedAgent) -> str:
        """Where the agent's socket is: the signed URL of a private agent (good for 15 minutes), or the public one."""
        if not agent.private:
            return agents_codec.socket_url(self.base_url, agent)
        query = {"agent_id": agent.agent_id} | ({"environment": agent.environment} if agent.environment else {})
        response = await self._ask("GET", "/v1/convai/conversation/get-signed-url", params=query, tries=2)
        url = _json(response).get("signed_url")
        if not isinstance(url, str) or not url.startswith(("wss://", "ws://")):
            raise ProviderMisbehaved("no signed URL in the answer", provider=PROVIDER)
        return url

    async def register_call(self, agent: ManagedAgent, call: IncomingCall) -> str:
        """The TwiML with which the platform takes over the media of `call`, to be given to Twilio as it is."""
        body = {
            "agent_id": agent.agent_id,
            "from_number": call.caller,
            "to_number": call.called,
            "direction": "inbound" if call.direction == "inbound" else "outbound",
            "conversation_initiation_client_data": client_data(agent, call),
        }
        twiml = (await self._ask("POST", "/v1/convai/twilio/register-call", body=body)).text.strip()
        if twiml.startswith('"'):  # some servers send it as a JSON string
            try:
                twiml = json.loads(twiml)
            except ValueError:
                pass
        if "<Response" not in twiml:
            raise ProviderMisbehaved("register-call answered with something else than TwiML", provider=PROVIDER)
        return twiml

    async def outbound_call(
        self, agent: ManagedAgent, agent_phone_number_id: str, to_number: str, *, call_id: str = ""
    ) -> OutboundCall:
        """Has the platform dial `to_number` (E.164) from a number that was imported there."""
        body = {
            "agent_id": agent.agent_id,
            "agent_phone_number_id": agent_phone_number_id,
            "to_number": to_number,
            "conversation_initiation_client_data": client_data(agent, IncomingCall(call_id, "", to_number, "outbound")),
        }
        answer = _json(await self._ask("POST", "/v1/convai/twilio/outbound-call", body=body))
        if answer.get("success") is not True:
            raise ProviderRefused(str(answer.get("message") or "not dialled")[:200], provider=PROVIDER)
        return OutboundCall(str(answer.get("conversation_id") or ""), str(answer.get("callSid") or ""))

    async def inspect(self, agent: ManagedAgent) -> None:
        """Looks once at how an agent is set up, and logs what will go wrong on a call. Never raises: that it cannot be
        looked at (a key without that permission) is no fault of the call's."""
        if agent.agent_id in self._inspected:
            return
        self._inspected.add(agent.agent_id)
        try:
            found = _json(await self._ask("GET", f"/v1/convai/agents/{agent.agent_id}"))
        except ProviderError as error:
            log.info("managed_agent_not_inspected", agent_id=agent.agent_id, code=error.code)
            return
        for problem in agents_codec.setup_faults(found, bool(agent.tools)):
            log.error("managed_agent_misconfigured", agent_id=agent.agent_id, problem=problem)

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        tries: int = 1,
    ) -> httpx2.Response:
        while True:
            tries -= 1
            try:
                return await self._once(method, path, body, params)
            except (ProviderUnavailable, ProviderTimeout, ProviderBusy) as error:
                if not tries:
                    raise
                log.info("agents_rest_again", code=error.code)
                await self._clock.sleep(PAUSE_MS)

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, params: Mapping[str, str] | None
    ) -> httpx2.Response:
        if self._client is None:
            self._client = httpx2.AsyncClient(timeout=None, trust_env=not is_loopback(self.base_url))
        try:
            async with self._clock.timeout(DEADLINE_MS):
                response = await self._client.request(
                    method, self.base_url + path, json=body, params=params, headers={"xi-api-key": self._key}
                )
        except TimeoutError:
            raise ProviderTimeout(f"no answer within {DEADLINE_MS} ms", provider=PROVIDER) from None
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(type(error).__name__, provider=PROVIDER) from error
        if response.status_code >= 300:
            raise _error(response)
        return response


def client_data(agent: ManagedAgent, call: IncomingCall) -> dict[str, Any]:
    """As on the socket, without `type`: a model of its own in the REST API."""
    return {name: value for name, value in agents_codec.initiation(agent, call).items() if name != "type"}


def _json(response: httpx2.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProviderMisbehaved("an answer that is no JSON object", provider=PROVIDER)
    return answer


def _error(response: httpx2.Response) -> ProviderError:
    """The platform's `detail` comes as an object, a list or a text."""
    try:
        detail = response.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    if isinstance(detail, list):  # 422: each with what was wrong, and the value itself, which may be a number called
        detail = "; ".join(f"{one.get('loc')} {one.get('msg')}" for one in detail if isinstance(one, dict))
    if isinstance(detail, dict):
        detail = f"{detail.get('status') or ''} {detail.get('message') or ''}".strip()
    text = f"{response.status_code} {detail or ''}".strip()[:300]
    if response.status_code == 429:
        return ProviderBusy(text, provider=PROVIDER)
    if response.status_code >= 500:
        return ProviderUnavailable(text, provider=PROVIDER)
    return ProviderRefused(text, provider=PROVIDER)
