"""State shared by the parts of the local Agents platform: agents, faults, latencies, and a log of what it received."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from telephony.clock import Clock
from telephony.testing.fakes.elevenlabs.stt.script import Script
from telephony.testing.fakes.elevenlabs.tts import Synthesize
from telephony.testing.fakes.openai.server import Responder, Say

CLIENT_EVENTS = ("audio", "interruption", "agent_response", "user_transcript", "tentative_user_transcript", "ping")
"""What a new agent sends: neither corrections nor tools."""
BRIDGE_EVENTS = (*CLIENT_EVENTS, "agent_response_correction", "client_tool_call", "agent_tool_response")
"""What an agent sends that was set up for a bridge to a phone."""
LOG_MESSAGES = 10_000


@dataclass(frozen=True, slots=True)
class LocalAgent:
    """The configuration of one agent, as set in the platform's dashboard.

    `variables` are the dynamic variables that a client must supply; `allowed` the overrides that the security settings
    permit, as `part.name` (also `conversation.client_events`); `client_tools` the schemas of tools that the client
    runs. The agent has the tool `end_call` if `may_hang_up`. A private agent needs a signed URL or the API key. Only
    messages whose type is in `client_events` are sent (metadata and errors always). `first_message` and `prompt` may
    hold `{{variable}}`.
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
    """Faults to inject; they may be changed while the server runs."""

    sign_status: int = 0  # answer requests for a signed URL with this HTTP status
    register_status: int = 0  # answer register-call and outbound calls with this HTTP status
    register_failures: list[int] = field(default_factory=list)  # for one request each; 0 cuts its connection
    register_hang: bool = False  # never answer register-call and outbound calls
    quoted_twiml: bool = False  # register-call returns the TwiML as a JSON string
    configuration_hang: bool = False  # never answer requests for an agent's configuration
    sign_hang: bool = False  # never answer requests for a signed URL
    refuse: int = 0  # refuse the handshake with this HTTP status
    redirect: str = ""  # answer every request, and the handshake, with a redirect to this URL
    no_metadata: bool = False  # accept the socket and never send anything
    close_at_start: tuple[int, str] | None = None  # close with (code, reason) after the start message
    close_on_turn: tuple[int, str] | None = None  # close with (code, reason) instead of the next reply, once
    drop_on_turn: bool = False  # abort the connection instead of the next reply, once
    quote: bool = False  # these closes, and refusals of the start message, quote the client's variables
    tool_flood: int = 0  # send this many tool calls at once before the next reply, once
    error_frame: bool = False  # send an `error` message before `close_on_turn`
    late_audio: bool = False  # send audio of an interrupted turn after `interruption`
    no_correction: bool = False
    no_alignment: bool = False
    id_per_chunk: bool = False  # give every audio message its own event id
    tool_twice: bool = False  # send each client tool call twice
    garbage: bool = False  # send invalid messages, unknown types and nulls after each audio message


@dataclass(slots=True)
class AgentLatency:
    """`first_byte_ms` from the end of the caller's turn to the reply; its audio is then sent `realtime_factor` times
    faster than it plays. `ping_ms` is the time between pings."""

    first_byte_ms: int = 150
    realtime_factor: float = 8.0
    ping_ms: int = 2_000


@dataclass(slots=True)
class Conversation:
    """The record of one conversation.

    `initiation` is the client's start message; `messages` the history that the responder is given. `asked` is the
    number of the caller's turns so far, `answered` the last of them whose reply is complete, `voiced` the one whose
    reply is being sent (0: the first message; -1: nothing yet), and `until_ms` when that speech will have been played.
    `hung_up`: the agent ended the call. `closed` is the socket's close code, None while it is open."""

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

    def remember(self, corrected: str) -> None:
        """Truncates the agent's last line in the history to `corrected`, what the platform estimates was heard."""
        for message in reversed(self.messages):
            if message["role"] == "assistant" and message["content"]:
                message["content"] = corrected or "..."
                return


@dataclass(slots=True)
class Seen:
    """What clients sent: valid messages (`received`, audio left out), protocol violations, conversations, bytes of
    audio, and the round-trip time of each ping in ms."""

    received: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_MESSAGES))
    violations: list[str] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    audio_bytes: int = 0
    pong_ms: list[int] = field(default_factory=list)


class Platform(Protocol):
    """What the parts need of the platform, which is `LocalAgents`. `changed` is set after each message."""

    agents: dict[str, LocalAgent]
    latency: AgentLatency
    faults: AgentFaults
    script: Script
    seen: Seen
    changed: asyncio.Event
    clock: Clock
    synthesize: Synthesize
