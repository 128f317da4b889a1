"""Opens a conversation in text: settings, agent and model. Raises SettingsError before anything is started."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from telephony.agent import Agent, IncomingCall
from telephony.app.language_model import language_model
from telephony.app.loading import TRIAL_CALL, agent_for
from telephony.cli.text.call import TextCall
from telephony.clock import Clock
from telephony.core.language.codes import primary
from telephony.errors import SettingsError
from telephony.observe.logs import configure
from telephony.settings import A_REAL_MODEL, Settings, load, local_model_note

KEY = "local"


@dataclass(frozen=True, slots=True)
class TextSession:
    """Whom one talks to, and as whom. `note`: what the local model does not know of the agent, in a sentence."""

    settings: Settings
    agent: Agent
    incoming: IncomingCall

    @property
    def model(self) -> str:
        return "local" if self.settings.local_llm else self.agent.model or self.settings.openai_model

    @property
    def note(self) -> str:
        return local_model_note(self.settings)


def text_session(agent: str | None, caller: str, *, offline: bool) -> TextSession:
    """The session for `agent` (None: TELEPHONY_AGENT). Speech and carrier are not used, and need no settings. Raises
    SettingsError."""
    given = {**os.environ, **({} if agent is None else {"TELEPHONY_AGENT": agent})}
    settings = load(given, offline=offline, local_carrier=True)
    incoming = replace(TRIAL_CALL, caller=caller, form={**TRIAL_CALL.form, "From": caller})
    found = agent_for(settings.agent, incoming)
    if settings.local_llm and primary(found.voice.language) not in ("en", ""):
        why = f"{settings.agent} speaks {found.voice.language}, and the local model knows English only"
        raise SettingsError([f"{why}: {A_REAL_MODEL}"])
    # Errors only, but whole: a tool that fails is shown with its traceback, and the call is an invention.
    configure("error", settings.log_format, pii=True)
    return TextSession(settings, found, incoming)


@asynccontextmanager
async def opened(session: TextSession) -> AsyncIterator[TextCall]:
    """The conversation; a local model runs as long as it is open."""
    clock, settings = Clock(), session.settings
    async with AsyncExitStack() as stack:
        if settings.local_llm:
            from telephony.offline.dialogue import respond
            from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi

            local = LocalOpenAi(clock=clock, responder=respond, latency=LlmLatency(0, 200), api_key=KEY)
            await stack.enter_async_context(local)
            settings = replace(settings, openai_base_url=local.base_url, openai_api_key=KEY)
        llm = language_model(settings, clock)
        stack.push_async_callback(llm.close)
        yield TextCall(session.agent, llm, session.incoming, clock)
