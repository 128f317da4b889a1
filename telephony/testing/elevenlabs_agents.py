"""A local Agents platform, as ElevenLabs' behaves, with a switch for each thing that goes wrong there.

    agents = LocalAgents(clock=clock, agents={"agent_1": LocalAgent(respond=scripted([[Say("Nine.")]]))})
    async with LocalElevenLabs(clock=clock, agents=agents) as elevenlabs: ...

The server side of the socket with the signed URL before it. What an agent hears, says and thinks is given: a
recognizer, a synthesizer, and a responder, which may be a `CustomLlm`. `received` holds what clients have sent, checked
strictly; what broke the protocol is in `violations`, and closes the socket with 1008, as it does there.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from telephony.clock import Clock
from telephony.testing.agents_session import Session
from telephony.testing.elevenlabs_stt import Recognizer
from telephony.testing.elevenlabs_tts import Synthesize, speak_tones
from telephony.testing.openai import Responder, Say
from telephony.testing.stt_script import Script, ScriptedRecognizer

__all__ = ["AgentFaults", "LocalAgent", "LocalAgents"]

SIGNED = "/v1/convai/conversation/get-signed-url"
SOCKET = "/v1/convai/conversation"
SIGNATURE_MS = 15 * 60_000
LOG_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class LocalAgent:
    """One agent, as it would be set up on the platform's pages.

    `variables` are the dynamic variables it uses (each must be given); `allowed` the overrides that its security
    settings let through, as `part.name`; `client_tools` schemas of tools that the client runs. `end_call` is there
    if `may_hang_up`. Texts may hold `{{variable}}`.
    """

    first_message: str = "Hello! How can I help you?"
    prompt: str = "You are a friendly agent."
    respond: Responder = lambda body: [Say("All right. Is there anything else?")]
    private: bool = True
    variables: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset({"agent.first_message", "agent.language", "tts.voice_id"})
    client_tools: tuple[dict[str, Any], ...] = ()
    may_hang_up: bool = True
    input_format: str = "ulaw_8000"
    output_format: str = "ulaw_8000"


@dataclass(slots=True)
class AgentFaults:
    """What goes wrong; may be changed while the server runs."""

    sign_status: int = 0  # HTTP status of the signed URL
    sign_hang: bool = False
    refuse: int = 0  # HTTP status of the handshake
    no_metadata: bool = False  # takes everything, says nothing
    close_at_start: tuple[int, str] | None = None
    close_on_turn: tuple[int, str] | None = None  # instead of the next answer, once
    drop_on_turn: bool = False  # the connection breaks instead of the next answer, once
    error_frame: bool = False  # an `error` message comes before a close
    late_audio: bool = False  # audio of an interrupted turn still comes
    no_correction: bool = False
    no_alignment: bool = False
    id_per_chunk: bool = False  # every audio message has an event id of its own
    tool_twice: bool = False  # each client tool call is sent twice
    garbage: bool = False  # rubbish, unknown types and nulls between the messages


@dataclass(slots=True)
class AgentLatency:
    """From the end of the caller's turn to the first audio; audio then comes so much faster than it plays."""

    first_byte_ms: int = 150
    realtime_factor: float = 8.0
    ping_ms: int = 2_000


@dataclass(slots=True)
class Conversation:
    """What is known of one conversation. `messages` is the history as the agent remembers it."""

    id: str
    agent_id: str
    initiation: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # contextual updates
    activity: int = 0
    interruptions: int = 0
    closed: int | None = None


class LocalAgents:
    """The server side. `handle` serves one socket, `respond` answers HTTP (None: a socket may be opened)."""

    def __init__(
        self,
        *,
        clock: Clock,
        agents: Mapping[str, LocalAgent] | None = None,
        synthesize: Synthesize = speak_tones,
        recognizer: Callable[[], Recognizer] | None = None,
        latency: AgentLatency | None = None,
        faults: AgentFaults | None = None,
        api_key: str = "local",
    ) -> None:
        self.agents = dict(agents or {"agent_local": LocalAgent()})
        self.latency, self.faults = latency or AgentLatency(), faults or AgentFaults()
        self.script = Script()
        self.received: deque[dict[str, Any]] = deque(maxlen=LOG_MESSAGES)  # without audio
        self.violations: list[str] = []
        self.conversations: list[Conversation] = []
        self.audio_bytes = 0
        self.pong_ms: list[int] = []
        self.changed = asyncio.Event()
        self.clock, self.synthesize = clock, synthesize
        self._key = api_key
        self._recognizer = recognizer or (lambda: ScriptedRecognizer(self.script))
        self._signatures: dict[str, tuple[str, int]] = {}
        self._open: set[ServerConnection] = set()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Waits until `predicate()` holds, looking again after each message."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()

    async def close(self, code: int, reason: str = "") -> None:
        """Closes every conversation with `code`; 1006 cuts the connections."""
        for connection in list(self._open):
            if code == 1006:
                connection.transport.abort()
            else:
                await connection.close(code, reason)

    # --- for the server ---------------------------------------------------------------------------------------------

    def serves(self, path: str) -> bool:
        return urlsplit(path).path in (SIGNED, SOCKET)

    async def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        """The signed URL, or the refusal of a handshake."""
        split = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if split.path == SIGNED:
            if self.faults.sign_hang:
                await connection.wait_closed()
            return self._signed(request, query)
        if self.faults.refuse:
            return _answer(self.faults.refuse, _detail("refused", "as asked for"))
        agent = self.agents.get(query.get("agent_id", ""))
        if agent is None:
            return _answer(404, _detail("agent_not_found", "there is no such agent"))
        if agent.private and not self._admitted(request, query):
            return _answer(403, _detail("invalid_signature", "the signature is missing, wrong or too old"))
        return None

    async def handle(self, connection: ServerConnection) -> None:
        """One conversation, to its end."""
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        agent_id = query["agent_id"][0]
        known = Conversation(f"conv_{uuid4().hex[:16]}", agent_id)
        self.conversations.append(known)
        self._open.add(connection)
        session = Session(self, connection, self.agents[agent_id], known, self._recognizer())
        try:
            await session.run()
        except* ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)
            known.closed = connection.close_code if connection.close_code is not None else 1006
            self.changed.set()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _signed(self, request: Request, query: dict[str, str]) -> Response:
        if self.faults.sign_status:
            return _answer(self.faults.sign_status, _detail("fault", "as asked for"))
        if request.headers.get("xi-api-key") != self._key:
            return _answer(401, _detail("invalid_api_key", "the key is wrong"))
        agent_id = query.get("agent_id", "")
        if agent_id not in self.agents:
            return _answer(404, _detail("agent_not_found", "there is no such agent"))
        signature = uuid4().hex
        self._signatures[signature] = (agent_id, self.clock.ms())
        host = request.headers["host"]
        url = f"ws://{host}{SOCKET}?agent_id={agent_id}&conversation_signature={signature}"
        return _answer(200, {"signed_url": url})

    def _admitted(self, request: Request, query: dict[str, str]) -> bool:
        agent_id, issued = self._signatures.get(query.get("conversation_signature", ""), ("", 0))
        signed = agent_id == query["agent_id"] and self.clock.ms() - issued <= SIGNATURE_MS
        return signed or request.headers.get("xi-api-key") == self._key


def _detail(slug: str, message: str) -> dict[str, Any]:
    return {"detail": {"status": slug, "message": message}}


def _answer(status: int, body: dict[str, Any]) -> Response:
    data = json.dumps(body).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"})
    return Response(status, HTTPStatus(status).phrase, headers, data)
