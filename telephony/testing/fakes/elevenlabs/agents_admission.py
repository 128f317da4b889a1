"""Access to the local Agents platform: signed URLs, the socket's handshake, register-call, outbound calls.

Bodies of REST requests are checked strictly (`agents_messages`); an invalid one is answered with 422, as on the real
platform.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.sax.saxutils import quoteattr

from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from telephony.testing.fakes.elevenlabs import agents_messages as wire
from telephony.testing.fakes.elevenlabs.agents_state import Conversation, Platform

SIGNED = "/v1/convai/conversation/get-signed-url"
SOCKET = "/v1/convai/conversation"
AGENTS = "/v1/convai/agents/"
STREAM = "/v1/convai/conversation/twilio/"
REGISTER = "/v1/convai/twilio/register-call"
OUTBOUND = "/v1/convai/twilio/outbound-call"
SIGNATURE_MS = 15 * 60_000


class Admission:
    """Answers the REST requests and decides on handshakes. `registered`: conversations whose carrier has not connected
    yet, by id, with their client data; `outbound`: the bodies of outbound calls; `signed`: how many signed URLs were
    issued."""

    def __init__(self, platform: Platform, api_key: str) -> None:
        self.registered: dict[str, tuple[Conversation, dict[str, Any]]] = {}
        self.outbound: list[dict[str, Any]] = []
        self.signed = 0
        self._platform, self._key = platform, api_key
        self._signatures: dict[str, tuple[str, int]] = {}

    def serves(self, path: str) -> bool:
        return path in (SIGNED, SOCKET) or path.startswith((STREAM, AGENTS))

    async def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a GET request, or the refusal of a handshake; None if the socket may be opened."""
        split, faults = urlsplit(request.path), self._platform.faults
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if faults.redirect:
            return Response(302, "Found", Headers({"Location": faults.redirect}), b"")
        if split.path == SIGNED:
            if faults.sign_hang:
                await connection.wait_closed()
            return _response(*self._signed(request, query))
        if split.path.startswith(AGENTS):
            if faults.configuration_hang:
                await connection.wait_closed()
            return _response(*self._configuration(request, split.path.removeprefix(AGENTS)))
        if faults.refuse:
            return _response(faults.refuse, _detail("refused", "injected fault"))
        if split.path.startswith(STREAM):
            known = split.path.removeprefix(STREAM) in self.registered
            return None if known else _response(404, _detail("not_found", "no such call was registered"))
        agent = self._platform.agents.get(query.get("agent_id", ""))
        if agent is None:
            return _response(404, _detail("agent_not_found", "there is no such agent"))
        if agent.private and not self._admitted(request, query):
            return _response(403, _detail("invalid_signature", "the signature is missing, wrong or too old"))
        return None

    def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        """Answers a REST request: (status, content type, body)."""
        if self._platform.faults.redirect:
            return 307, "text/plain", self._platform.faults.redirect
        status, answer = self._post(urlsplit(path).path, headers, body)
        if isinstance(answer, str):
            quoted = self._platform.faults.quoted_twiml
            kind = "application/json" if quoted else "application/xml"
            return status, kind, json.dumps(answer) if quoted else answer
        return status, "application/json", json.dumps(answer)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path not in (REGISTER, OUTBOUND):
            return 404, _detail("not_found", "no such path")
        if headers.get("xi-api-key") != self._key:
            return 401, _detail("invalid_api_key", "the key is wrong")
        failures = self._platform.faults.register_failures
        if (status := failures.pop(0) if failures else self._platform.faults.register_status or None) is not None:
            return status, _detail("fault", "injected fault")
        try:
            raw = json.loads(body)
            asked = (wire.RegisterCall if path == REGISTER else wire.OutboundCall).model_validate(raw)
        except (ValueError, ValidationError) as error:
            self._platform.seen.violations.append(f"{path}: {str(error)[:300]}")
            return 422, {"detail": [{"loc": ["body"], "msg": str(error)[:300], "type": "value_error"}]}
        if asked.agent_id not in self._platform.agents:
            return 404, _detail("agent_not_found", "there is no such agent")
        conversation_id = f"conv_{uuid4().hex[:16]}"
        if path == OUTBOUND:
            self.outbound.append(raw)
            sid = "CA" + uuid4().hex
            return 200, {"success": True, "message": "ok", "conversation_id": conversation_id, "callSid": sid}
        return 200, self._twiml(conversation_id, asked.agent_id, headers["host"], raw)

    def _twiml(self, conversation_id: str, agent_id: str, host: str, raw: dict[str, Any]) -> str:
        data = raw.get("conversation_initiation_client_data") or {}
        self.registered[conversation_id] = (Conversation(conversation_id, agent_id), data)
        url = quoteattr(f"ws://{host}{STREAM}{conversation_id}")
        parameter = f'<Parameter name="conversation_id" value="{conversation_id}"/>'
        return f"<Response><Connect><Stream url={url}>{parameter}</Stream></Connect></Response>"

    def _signed(self, request: Request, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if status := self._platform.faults.sign_status:
            return status, _detail("fault", "injected fault")
        if request.headers.get("xi-api-key") != self._key:
            return 401, _detail("invalid_api_key", "the key is wrong")
        agent_id = query.get("agent_id", "")
        if agent_id not in self._platform.agents:
            return 404, _detail("agent_not_found", "there is no such agent")
        signature = uuid4().hex
        self.signed += 1
        self._platform.changed.set()
        self._signatures[signature] = (agent_id, self._platform.clock.ms())
        url = f"ws://{request.headers['host']}{SOCKET}?agent_id={agent_id}&conversation_signature={signature}"
        return 200, {"signed_url": url}

    def _configuration(self, request: Request, agent_id: str) -> tuple[int, dict[str, Any]]:
        agent = self._platform.agents.get(agent_id)
        if request.headers.get("xi-api-key") != self._key:
            return 401, _detail("invalid_api_key", "the key is wrong")
        if agent is None:
            return 404, _detail("agent_not_found", "there is no such agent")
        config = {
            "asr": {"user_input_audio_format": agent.input_format},
            "tts": {"agent_output_audio_format": agent.output_format},
            "conversation": {"client_events": list(agent.client_events)},
        }
        allowed: dict[str, dict[str, bool]] = {}
        for name in agent.allowed:
            part, _, field = name.partition(".")
            allowed.setdefault(part, {})[field] = True
        settings = {"overrides": {"conversation_config_override": allowed}}
        times = {"created_at_unix_secs": 0, "updated_at_unix_secs": 0}
        return 200, {
            "agent_id": agent_id, "name": "local", "conversation_config": config, "platform_settings": settings,
            "metadata": times,
        }  # fmt: skip

    def _admitted(self, request: Request, query: dict[str, str]) -> bool:
        agent_id, issued = self._signatures.get(query.get("conversation_signature", ""), ("", 0))
        signed = agent_id == query["agent_id"] and self._platform.clock.ms() - issued <= SIGNATURE_MS
        return signed or request.headers.get("xi-api-key") == self._key


def _detail(slug: str, message: str) -> dict[str, Any]:
    return {"detail": {"status": slug, "message": message}}


def _response(status: int, body: dict[str, Any]) -> Response:
    data = json.dumps(body).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"})
    return Response(status, HTTPStatus(status).phrase, headers, data)
