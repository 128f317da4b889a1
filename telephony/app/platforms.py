"""The endpoints for voice platforms: the custom LLM, personalization and post-call webhooks.

Each is off until its key or secret is set. `open_platforms` runs what they need for the lifetime of the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from starlette.routing import BaseRoute

from telephony.agent import AgentSource, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.contracts.llm import Llm
from telephony.elevenlabs.webhooks.routes import PlatformWebhooks, WebhookSettings
from telephony.elevenlabs.webhooks.store import Hook, WebhookStore
from telephony.llm_server.endpoint import LlmServer, Source
from telephony.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LlmAgents:
    """The agents that the LLM server offers, by name, and the user's function for post-call webhooks."""

    agents: Mapping[str, AgentSource] = field(default_factory=dict)
    after_call: Hook | None = None

    def answering(self) -> dict[str, Source]:
        """The agents that run here; a managed agent is replaced by its fallback, or left out if it has none."""
        own = {n: a.fallback if isinstance(a, ManagedAgent) else a for n, a in self.agents.items()}
        return {name: source for name, source in own.items() if source is not None}


@asynccontextmanager
async def open_platforms(
    settings: Settings,
    agents: AgentSource,
    llm_agents: LlmAgents,
    llm: Llm,
    clock: Clock,
    services: Callable[[IncomingCall], Mapping[type[Any], object]],
) -> AsyncIterator[list[BaseRoute]]:
    """Starts the endpoints that are switched on and yields their routes."""
    store = None
    if settings.elevenlabs_webhook_secret and settings.data is not None:
        store = WebhookStore(Path(settings.data) / "post-call", llm_agents.after_call, clock)
        try:
            await asyncio.to_thread(store.prepare)
        except OSError as error:  # calls still work; webhooks get 503 until the directory is usable
            log.error("data_unusable", data=str(settings.data), why=error.strerror)
    webhooks = PlatformWebhooks(
        WebhookSettings(settings.platform_key, settings.elevenlabs_webhook_secret, settings.trusted_proxies),
        agents, store, clock,
    )  # fmt: skip
    routes = webhooks.routes()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        handing = group.create_task(store.run()) if store is not None else None
        if settings.platform_key and (answering := llm_agents.answering()):
            endpoint = LlmServer(
                key=settings.platform_key, agents=answering, llm=llm, clock=clock, now=lambda: datetime.now(UTC),
                services=services,
            )  # fmt: skip
            group.create_task(endpoint.run(over))
            routes += endpoint.routes()
            await asyncio.sleep(0)  # lets it start
        elif settings.platform_key:
            log.warning("llm_server_off", reason="no agent runs here: the managed agent has no fallback")
        try:
            yield routes
        finally:
            over.set()
            if handing is not None:
                handing.cancel()
