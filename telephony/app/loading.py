"""Loads agents and functions named in settings as `package.module:name`."""

from __future__ import annotations

import importlib
from typing import Any

from telephony.agent import Agent, AgentSource, ManagedAgent
from telephony.app.platforms import LlmAgents
from telephony.errors import SettingsError
from telephony.settings import Settings


def load_agent(name: str, setting: str = "TELEPHONY_AGENT") -> AgentSource:
    """`package.module:attribute` -> an agent, or a function that returns one. Raises SettingsError."""
    found = _load(name, setting)
    if not isinstance(found, Agent | ManagedAgent) and not callable(found):
        raise SettingsError([f"{setting}={name} is neither an Agent nor a function that returns one"])
    return found  # type: ignore[no-any-return]  # checked above as far as it can be


def load_llm_agents(settings: Settings, agents: AgentSource) -> LlmAgents:
    """The agents offered to voice platforms: the one that answers calls, and those in TELEPHONY_LLM_AGENTS. Raises
    SettingsError."""
    named = {name.partition(":")[2]: load_agent(name, "TELEPHONY_LLM_AGENTS") for name in settings.llm_agents}
    after = _load(settings.after_call, "TELEPHONY_AFTER_CALL") if settings.after_call else None
    if after is not None and not callable(after):
        raise SettingsError([f"TELEPHONY_AFTER_CALL={settings.after_call} is not a function"])
    return LlmAgents({settings.agent.partition(":")[2]: agents, **named}, after)


def _load(name: str, setting: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute or "agent")
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError([f"{setting}={name}: {error}"]) from error
