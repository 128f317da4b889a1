"""A local Agents platform, as ElevenLabs' behaves, with a switch for each thing that goes wrong there.

    agents = LocalAgents(clock=clock, agents={"agent_1": LocalAgent(respond=scripted([[Say("Nine.")]]))})
    async with LocalElevenLabs(clock=clock, agents=agents) as elevenlabs: ...

The server side of the socket, and the REST requests beside it (`agents_door`). What an agent hears, says and thinks is
given: a recognizer, a synthesizer, and a responder, which may be a `CustomLlm`. `seen.received` holds what clients have
sent, checked strictly; what broke the protocol is in `seen.violations`, and closes the socket with 1008, as it does
there. Calls that the carrier brings directly (register-call) are sessions of the same kind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from telephony.clock import Clock
from telephony.testing.agents_door import STREAM, Door
from telephony.testing.agents_line import CarrierLine
from telephony.testing.agents_session import Session
from telephony.testing.elevenlabs_stt import Recognizer
from telephony.testing.elevenlabs_tts import Synthesize, speak_tones
from telephony.testing.openai import Responder, Say
from telephony.testing.stt_script import Script, ScriptedRecognizer

__all__ = ["AgentFaults", "LocalAgent", "LocalAgents"]

CLIENT_EVENTS = (
    "audio", "interruption", "agent_response", "agent_response_correction", "user_transcript", "ping",
    "client_tool_call", "agent_tool_response",
)  # fmt: skip
LOG_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class LocalAgent:
    """One agent, as it would be set up on the platform's pages.

    `variables` are the dynamic variables it uses (each must be given); `allowed` the overrides that its security
    settings let through, as `part.name`; `client_tools` schemas of tools that the client runs. `end_call` is there
    if `may_hang_up`. Only what is in `client_events` is sent (metadata always is). Texts may hold `{{variable}}`.
    """

    first_message: str = "Hello! How can I help you?"
    prompt: str = "You are a friendly agent."
    respond: Responder = lambda body: [Say("All right. Is there anything else?")]
    private: bool = True
    variables: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset({"agent.first_message", "agent.language", "tts.voice_id"})
    client_tools: tuple[dict[str, Any], ...] = ()
    may_hang_up: bool = True
    client_events: tuple[str, ...] = CLIENT_EVENTS
    input_format: str = "ulaw_8000"
    output_format: str = "ulaw_8000"


@dataclass(slots=True)
class AgentFaults:
    """What goes wrong; may be changed while the server runs."""

    sign_status: int = 0  # HTTP status of the signed URL
    register_status: int = 0  # HTTP status of register-call and outbound calls
    quoted_twiml: bool = False  # register-call answers with a JSON string
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
    """What is known of one conversation. `messages` is the history as the agent remembers it; `asked` and `answered`
    count the caller's turns; `voiced` is the number of the turn whose answer can be heard (0: the first message), which
    lasts until `until_ms`; `hung_up`: by the agent."""

    id: str
    agent_id: str
    initiation: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # contextual updates
    activity: int = 0
    interruptions: int = 0
    asked: int = 0
    answered: int = 0
    voiced: int = -1
    until_ms: float = 0
    hung_up: bool = False
    closed: int | None = None


@dataclass(slots=True)
class Seen:
    """What has come in. `received`: without audio."""

    received: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_MESSAGES))
    violations: list[str] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    audio_bytes: int = 0
    pong_ms: list[int] = field(default_factory=list)


class LocalAgents:
    """The server side. `handle` serves one socket, `respond` answers GET (None: a socket may be opened), `post` POST.

    `after_call` is given each conversation that is over (see `agents_hooks.post_call`)."""

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
        self.script, self.seen = Script(), Seen()
        self.changed = asyncio.Event()
        self.clock, self.synthesize = clock, synthesize
        self.after_call: Callable[[Conversation], Awaitable[None]] | None = None
        self.door = Door(self, api_key)
        self._recognizer = recognizer or (lambda: ScriptedRecognizer(self.script))
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
        return self.door.serves(urlsplit(path).path)

    async def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        return await self.door.respond(connection, request)

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        return self.door.post(path, headers, body)

    async def handle(self, connection: ServerConnection) -> None:
        """One conversation, to its end."""
        assert connection.request is not None
        split = urlsplit(connection.request.path)
        line: ServerConnection | CarrierLine = connection
        if split.path.startswith(STREAM):
            known, initiation = self.door.registered.pop(split.path.removeprefix(STREAM))
            line = CarrierLine(connection, initiation)
        else:
            known = Conversation(f"conv_{uuid4().hex[:16]}", parse_qs(split.query)["agent_id"][0])
        self.seen.conversations.append(known)
        self._open.add(connection)
        try:
            await Session(self, line, self.agents[known.agent_id], known, self._recognizer()).run()
        except* ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)
            known.closed = connection.close_code if connection.close_code is not None else 1006
            self.changed.set()
        if self.after_call is not None:
            await self.after_call(known)
