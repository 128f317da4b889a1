"""The demo's managed modes: a local Agents platform hosts the agent, using local STT, LLM and TTS.

    managed      the call is bridged to the platform; the agent's tools run here
    custom-llm   bridged too; the platform uses our LLM server, dropping and repeating requests as the real one does
    register     the platform handles the call from the webhook on; its post-call webhook reports what happened

No account is needed or used: the platform is the one in `telephony.testing`, whatever keys are set.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from telephony.agent import Agent, AgentSource, ManagedAgent
from telephony.app.loading import load_agent
from telephony.clock import Clock
from telephony.contracts.observer import Step
from telephony.core.language.words import words
from telephony.core.policy import END_CALL, TurnTaking
from telephony.errors import SettingsError
from telephony.observe.turn_latency import TurnClock
from telephony.settings import Settings
from telephony.testing.call_checks import Outcome, interrupted_by_sound
from telephony.testing.fakes.elevenlabs.agents import BRIDGE_EVENTS, LocalAgent, LocalAgents
from telephony.testing.fakes.elevenlabs.agents_llm import CustomLlm
from telephony.testing.fakes.elevenlabs.agents_state import Conversation
from telephony.testing.fakes.elevenlabs.agents_webhooks import post_call
from telephony.tools import Tool, Toolbox

MANAGED_SILENT_WITHIN_MS = 600
"""How soon a managed agent must fall silent: it detects interruptions itself, two networks away."""
AGENT_ID = "agent_demo"


@dataclass(slots=True)
class Setup:
    """What a mode needs. `bridged`: the audio passes through this service. `tools` counts runs by the LLM server."""

    settings: Settings
    agents: AgentSource | None = None
    platform: LocalAgents | None = None
    bridged: bool = False
    llm_client: CustomLlm | None = None
    tools: int = 0

    def begin(self, base_url: str) -> None:
        """Gives the service's address to the custom LLM client and the post-call webhook."""
        if self.llm_client is not None:
            self.llm_client.url = f"{base_url}/v1"
        if self.platform is not None and not self.bridged:
            url, secret = f"{base_url}/elevenlabs/post-call", self.settings.elevenlabs_webhook_secret
            self.platform.after_call = functools.partial(post_call, url=url, secret=secret)


@asynccontextmanager
async def set_up(mode: str, settings: Settings, clock: Clock) -> AsyncIterator[Setup]:
    """Sets up `mode`. Raises SettingsError if the setting names a function or a managed agent."""
    if mode == "pipeline":
        yield Setup(settings)
        return
    from telephony.offline.dialogue import respond  # heavy, and only needed here
    from telephony.offline.local_services import LocalServices

    agent = load_agent(settings.agent)
    if not isinstance(agent, Agent):
        raise SettingsError([f"--mode {mode} needs an Agent; {settings.agent} is a function, or a managed agent"])
    setup = Setup(settings, bridged=mode != "register")
    key = secrets.token_urlsafe(16)
    local_agent = LocalAgent(
        agent.greeting, agent.prompt, respond, client_tools=_schemas(agent), client_events=BRIDGE_EVENTS
    )
    if mode == "custom-llm":
        setup.llm_client = CustomLlm("", key, restless=True, headers={"X-Call-Id": "{{call_id}}"})
        local_agent = LocalAgent(agent.greeting, "", setup.llm_client, client_events=BRIDGE_EVENTS)
        agent = replace(agent, tools=tuple(_counted(tool, setup) for tool in agent.tools))
    elif mode == "register":
        local_agent = replace(local_agent, client_tools=())
    how = "register" if mode == "register" else "bridge"
    setup.agents = ManagedAgent(AGENT_ID, how, tools=agent.tools, fallback=agent)
    async with LocalServices(clock, agents={AGENT_ID: local_agent}) as local:
        with tempfile.TemporaryDirectory(prefix="telephony-demo-") as directory:
            setup.platform = local.platform
            setup.settings = replace(
                settings, local_speech=False, local_llm=False,
                data=Path(directory), platform_key=key, elevenlabs_webhook_secret=key,
                elevenlabs_base_url=local.elevenlabs_base_url, elevenlabs_api_key=local.api_key,
                openai_base_url=local.openai_base_url, openai_api_key=local.api_key,
            )  # fmt: skip
            yield setup


def _schemas(agent: Agent) -> tuple[dict[str, Any], ...]:
    return tuple(s for s in Toolbox(agent.tools).schemas() if s["function"]["name"] != END_CALL)


def _counted(tool: Tool, setup: Setup) -> Tool:
    """The tool, with its runs counted: no observer sees those of the LLM server."""

    async def run(**arguments: Any) -> Any:
        setup.tools += 1
        result = tool.function(**arguments)
        return await result if inspect.isawaitable(result) else result

    counted: Callable[..., Awaitable[Any]] = run
    return replace(tool, function=counted)


@dataclass(slots=True)
class PlatformWatch:
    """The counterpart of `Watch` for a call that the platform handles: the local platform reports its state."""

    platform: LocalAgents
    steps: list[Step] = field(default_factory=list)
    turns: TurnClock = field(default_factory=TurnClock)
    rules: TurnTaking = field(default_factory=TurnTaking)
    not_heard: int = 0
    talked_over: int = 0
    tools: int = 0

    @property
    def _known(self) -> Conversation | None:
        return self.platform.seen.conversations[0] if self.platform.seen.conversations else None

    @property
    def started(self) -> int:
        return self._known.asked if self._known else 0

    @property
    def voiced(self) -> int:
        return self._known.voiced if self._known else -1

    @property
    def agent_lines(self) -> int:
        return sum(m["role"] == "assistant" for m in self._known.messages) if self._known else 0

    @property
    def answering(self) -> bool:
        known = self._known
        return known is not None and (known.asked > known.answered or self.platform.clock.ms() < known.until_ms)

    @property
    def ended(self) -> str:
        return "agent" if self._known is not None and self._known.hung_up else ""

    async def problems(self, setup: Setup, outcome: Outcome) -> list[str]:
        """The problems of the call, one sentence each. Also checks that the post-call event is on disk."""
        known = self._known
        if known is None:
            return ["the call never reached the platform"]
        said = set(words(" ".join(m["content"] for m in known.messages if m["role"] == "user")))
        missing = [word for word in outcome.expect if word not in said]
        found = [f"the caller was not understood: {', '.join(missing)}"] if missing else []
        found += [outcome.stuck] if outcome.stuck else []
        found = found or interrupted_by_sound(outcome, MANAGED_SILENT_WITHIN_MS)
        if not known.hung_up:
            found.append("the call did not end with the agent's goodbye")
        found += [f"the service broke Twilio's protocol ({code} {text})" for code, text in outcome.phone.violations[:1]]
        if not await _stored(setup, known):
            found.append("the platform's post-call webhook was not stored")
        for message in known.messages:
            if message["role"] in ("user", "assistant") and message["content"]:
                print(f"{'caller' if message['role'] == 'user' else 'agent':<7}  {message['content']}")
        return found


async def _stored(setup: Setup, known: Conversation) -> bool:
    assert setup.settings.data is not None
    path = setup.settings.data / "post-call" / "done" / f"post_call_transcription.{known.id}.json"
    for _ in range(100):
        if await asyncio.to_thread(path.exists):
            return True
        await asyncio.sleep(0.05)
    return False
