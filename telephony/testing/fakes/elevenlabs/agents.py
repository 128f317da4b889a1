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
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from telephony.clock import Clock
from telephony.testing.fakes.elevenlabs.agents_admission import STREAM, Admission
from telephony.testing.fakes.elevenlabs.agents_line import CarrierLine
from telephony.testing.fakes.elevenlabs.agents_session import Session
from telephony.testing.fakes.elevenlabs.agents_state import AgentFaults, AgentLatency, Conversation, LocalAgent, Seen
from telephony.testing.fakes.elevenlabs.stt import Recognizer
from telephony.testing.fakes.elevenlabs.stt_script import Script, ScriptedRecognizer
from telephony.testing.fakes.elevenlabs.tts import Synthesize, speak_tones

__all__ = ["AgentFaults", "AgentLatency", "LocalAgent", "LocalAgents"]


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
        self.admission = Admission(self, api_key)
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
        return self.admission.serves(urlsplit(path).path)

    async def respond(self, connection: ServerConnection, request: Request) -> Response | None:
        return await self.admission.respond(connection, request)

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        return self.admission.post(path, headers, body)

    async def handle(self, connection: ServerConnection) -> None:
        """One conversation, to its end."""
        assert connection.request is not None
        split = urlsplit(connection.request.path)
        line: ServerConnection | CarrierLine = connection
        if split.path.startswith(STREAM):
            known, initiation = self.admission.registered.pop(split.path.removeprefix(STREAM))
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
