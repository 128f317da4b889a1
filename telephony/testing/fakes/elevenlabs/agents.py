"""A local server that behaves like ElevenLabs' Agents platform, with a switch for each known fault.

    agents = LocalAgents(clock=clock, agents={"agent_1": LocalAgent(respond=scripted([[Say("Nine.")]]))})
    async with LocalElevenLabs(clock=clock, agents=agents) as elevenlabs: ...

It serves the conversation socket and the REST requests beside it (`agents_admission`). Its stt, tts and llm are
pluggable: a recognizer, a synthesizer, and a responder, which may be a `CustomLlm`. Messages from clients are checked
strictly: valid ones are in `seen.received`; an invalid one is in `seen.violations` and closes the socket with 1008, as
on the real platform. A call that the carrier connects directly (register-call) runs in a session of the same kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from telephony.clock import Clock
from telephony.errors import ProviderBusy
from telephony.testing.fakes.elevenlabs.agents_admission import STREAM, Admission
from telephony.testing.fakes.elevenlabs.agents_line import CarrierLine
from telephony.testing.fakes.elevenlabs.agents_session import Session
from telephony.testing.fakes.elevenlabs.agents_state import (
    BRIDGE_EVENTS,
    CLIENT_EVENTS,
    AgentFaults,
    AgentLatency,
    Conversation,
    LocalAgent,
    Seen,
)
from telephony.testing.fakes.elevenlabs.stt import Recognizer
from telephony.testing.fakes.elevenlabs.stt.script import Script, ScriptedRecognizer
from telephony.testing.fakes.elevenlabs.tts import Synthesize, speak_tones

__all__ = ["BRIDGE_EVENTS", "CLIENT_EVENTS", "AgentFaults", "AgentLatency", "LocalAgent", "LocalAgents"]


class LocalAgents:
    """The server. `handle` serves one socket; `respond` answers a GET request (None: the socket may be opened); `post`
    answers a POST request. `agents` are the agents by id; `changed` is set after each message.

    `after_call` is awaited with each finished conversation (see `agents_webhooks.post_call`)."""

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
        self.admission = Admission(self, api_key)
        self._recognizer = recognizer or (lambda: ScriptedRecognizer(self.script))
        self._open: set[ServerConnection] = set()

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Returns when `predicate()` is true; evaluates it again after each message."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()

    async def close(self, code: int, reason: str = "") -> None:
        """Closes every conversation's socket with `code`; with 1006 the connections are aborted."""
        for connection in list(self._open):
            if code == 1006:
                connection.transport.abort()
            else:
                await connection.close(code, reason)

    # --- for the server ---------------------------------------------------------------------------------------------

    def serves(self, path: str) -> bool:
        return self.admission.serves(urlsplit(path).path)

    async def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        return await self.admission.respond(connection, request)

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        if self.faults.register_hang:
            await asyncio.Event().wait()
        return self.admission.post(path, headers, body)

    async def handle(self, connection: ServerConnection) -> None:
        """Serves one conversation until it ends."""
        assert connection.request is not None
        split = urlsplit(connection.request.path)
        line: ServerConnection | CarrierLine = connection
        if split.path.startswith(STREAM):
            conversation, initiation = self.admission.registered.pop(split.path.removeprefix(STREAM))
            line = CarrierLine(connection, initiation)
        else:
            conversation = Conversation(f"conv_{uuid4().hex[:16]}", parse_qs(split.query)["agent_id"][0])
        self.seen.conversations.append(conversation)
        self._open.add(connection)
        try:
            await Session(self, line, self.agents[conversation.agent_id], conversation, self._recognizer()).run()
        except* ConnectionClosed:
            pass
        except* ProviderBusy:
            await connection.close(1011, "busy")
        finally:
            self._open.discard(connection)
            conversation.closed = connection.close_code if connection.close_code is not None else 1006
            self.changed.set()
        if self.after_call is not None:
            await self.after_call(conversation)
