"""What the composition root creates for each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from telephony.agent import Agent, IncomingCall, ManagedAgent
from telephony.contracts.port import Port
from telephony.core.events import PhrasesLoaded
from telephony.key_entries.screen import KeyScreen


@dataclass(frozen=True, slots=True)
class ProviderPorts:
    """What the composition root creates for one call: all ports except the leg, and the cached phrases (`late_phrases`
    synthesises the missing ones; it never raises), and the `screen` that what the leg reports goes through."""

    stt: Port
    llm: Port
    tts: Port
    phrases: PhrasesLoaded
    late_phrases: Callable[[], Awaitable[PhrasesLoaded]]
    spoken_form: Callable[[str], str]
    screen: KeyScreen = field(default_factory=KeyScreen)


class PortFactory(Protocol):
    """Creates the ports of a call."""

    def __call__(self, agent: Agent, call: IncomingCall) -> ProviderPorts: ...

    def managed(self, agent: ManagedAgent, call: IncomingCall) -> Port:
        """The socket to a managed agent: one port for STT, LLM and TTS."""
        ...
