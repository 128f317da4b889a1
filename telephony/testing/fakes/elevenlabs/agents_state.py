"""What the parts of the local Agents platform share: its agents, its faults and latencies, and what it has seen."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from telephony.clock import Clock
from telephony.testing.fakes.elevenlabs.stt_script import Script
from telephony.testing.fakes.elevenlabs.tts import Synthesize
from telephony.testing.fakes.openai.server import Responder, Say

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


class Platform(Protocol):
    """The platform as its parts see it; `LocalAgents` is the one there is. `changed` is set after each message."""

    agents: dict[str, LocalAgent]
    latency: AgentLatency
    faults: AgentFaults
    script: Script
    seen: Seen
    changed: asyncio.Event
    clock: Clock
    synthesize: Synthesize
