"""REST client for the Agents platform: signed URLs, register-call, outbound calls, agent configuration.

One client serves the process. Fetching a signed URL and registering a call are tried twice; every other request is sent
once. Failures raise `ProviderError` with provider `elevenlabs_agents` and the platform's own text.
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
from telephony.elevenlabs import agents_codec, rest
from telephony.elevenlabs.connection import BUSY_MS
from telephony.errors import (
    ProviderBusy,
    ProviderError,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderTimeout,
)

log = structlog.get_logger()

PROVIDER = "elevenlabs_agents"
DEADLINE_MS = 3_000
"""For one attempt: the phone is ringing meanwhile."""
PAUSE_MS = 200


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """A call that the platform has started to dial."""

    conversation_id: str
    call_sid: str


class AgentsRest:
    """The platform's REST API. May be created outside an event loop; connects at first use; close it with `aclose`."""

    def __init__(self, base_url: str, api_key: str, clock: Clock) -> None:
        self.base_url = base_url.rstrip("/")
        self._key, self._clock = api_key, clock
        self._client: httpx2.AsyncClient | None = None
        self._events: dict[str, tuple[str, ...]] = {}  # by agent: the client events to ask for

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def address(self, agent: ManagedAgent) -> str:
        """The URL of the agent's socket: signed (valid for 15 minutes) for a private agent, else the public one."""
        if not agent.private:
            return agents_codec.socket_url(self.base_url, agent)
        query = {"agent_id": agent.agent_id} | ({"environment": agent.environment} if agent.environment else {})
        response = await self._ask("GET", "/v1/convai/conversation/get-signed-url", params=query, tries=2)
        url = rest.json_object(response, PROVIDER).get("signed_url")
        if not isinstance(url, str) or not url.startswith(("wss://", "ws://")):
            raise ProviderMisbehaved("no signed URL in the answer", provider=PROVIDER)
        return url

    async def register_call(self, agent: ManagedAgent, call: IncomingCall) -> str:
        """The TwiML with which the platform takes over the media of `call`; pass it to Twilio unchanged."""
        body = {
            "agent_id": agent.agent_id,
            "from_number": call.caller,
            "to_number": call.called,
            "direction": "inbound" if call.direction == "inbound" else "outbound",
            "conversation_initiation_client_data": client_data(agent, call),
        }
        twiml = (await self._ask("POST", "/v1/convai/twilio/register-call", body=body, tries=2)).text.strip()
        if twiml.startswith('"'):  # some servers send it as a JSON string
            try:
                twiml = json.loads(twiml)
            except ValueError:
                pass
        if "<Response" not in twiml:
            raise ProviderMisbehaved("the answer to register-call is not TwiML", provider=PROVIDER)
        return twiml

    async def outbound_call(
        self, agent: ManagedAgent, agent_phone_number_id: str, to_number: str, *, call_id: str = ""
    ) -> OutboundCall:
        """Has the platform dial `to_number` (E.164) from a phone number imported there. Raises ProviderError."""
        body = {
            "agent_id": agent.agent_id,
            "agent_phone_number_id": agent_phone_number_id,
            "to_number": to_number,
            "conversation_initiation_client_data": client_data(agent, IncomingCall(call_id, "", to_number, "outbound")),
        }
        answer = rest.json_object(await self._ask("POST", "/v1/convai/twilio/outbound-call", body=body), PROVIDER)
        if answer.get("success") is not True:
            raise ProviderRefused(str(answer.get("message") or "not dialled"), provider=PROVIDER)
        return OutboundCall(str(answer.get("conversation_id") or ""), str(answer.get("callSid") or ""))

    async def inspect(self, agent: ManagedAgent) -> tuple[str, ...]:
        """Checks an agent's configuration, once per process, and logs what would go wrong on a call. Returns the client
        events to ask for in each call.

        Never raises: if the key may not read the configuration, the call can still succeed."""
        if (known := self._events.get(agent.agent_id)) is not None:
            return known
        problems, events = list[str](), tuple[str, ...]()
        try:
            found = await self._configuration(agent)
        except ProviderError as error:
            log.info("managed_agent_not_inspected", agent_id=agent.agent_id, code=error.code)
        else:
            problems = agents_codec.setup_faults(found, bool(agent.tools))
            events = agents_codec.events_to_ask(found, bool(agent.tools))
        if agent.agent_id not in self._events:  # another call may have asked at the same time
            self._events[agent.agent_id] = events
            for problem in problems:
                log.error("managed_agent_misconfigured", agent_id=agent.agent_id, problem=problem)
        return self._events[agent.agent_id]

    def events_refused(self, agent: ManagedAgent) -> None:
        """The platform has refused the call that asked for client events: no call asks for them any more."""
        log.warning("managed_events_refused", agent_id=agent.agent_id, asked=self._events.get(agent.agent_id))
        self._events[agent.agent_id] = ()

    async def setup_faults(self, agent: ManagedAgent) -> list[str]:
        """What is wrong with an agent's configuration (see `agents_codec.setup_faults`). Raises ProviderError."""
        return agents_codec.setup_faults(await self._configuration(agent), bool(agent.tools))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _configuration(self, agent: ManagedAgent) -> dict[str, Any]:
        return rest.json_object(await self._ask("GET", f"/v1/convai/agents/{agent.agent_id}"), PROVIDER)

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
            except ProviderError as error:
                # Registering belongs to Twilio's webhook, which has no time for a second timeout.
                too_late = method == "POST" and isinstance(error, ProviderTimeout)
                if not tries or not error.retryable or too_late:
                    raise
                log.info("agents_rest_retry", code=error.code)
                await self._clock.sleep(BUSY_MS if isinstance(error, ProviderBusy) else PAUSE_MS)

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, params: Mapping[str, str] | None
    ) -> httpx2.Response:
        if self._client is None:
            self._client = rest.new_client(self.base_url)
        headers, url = {"xi-api-key": self._key}, self.base_url + path
        request = self._client.build_request(method, url, json=body, params=params, headers=headers)
        return await rest.answer(self._client, request, self._clock, DEADLINE_MS, PROVIDER)


def client_data(agent: ManagedAgent, call: IncomingCall) -> dict[str, Any]:
    """The client data of the socket without `type`, which the REST API's model does not have."""
    return {name: value for name, value in agents_codec.initiation(agent, call).items() if name != "type"}
