"""A voice agent that answers phone calls. The public API on one screen; importing it loads no vendor's library.

    from telephony import Agent, tool

    agent = Agent(prompt="You are ...", greeting="Hello, how can I help?")

Run it with `TELEPHONY_AGENT=my_module:agent telephony serve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telephony.agent import Agent, IncomingCall, ManagedAgent, Reject, Voice
from telephony.core.policy import Expects, Limits, TurnTaking, Wording
from telephony.tools import Tool, ToolContext, tool

if TYPE_CHECKING:
    from telephony.app.app import create_app
    from telephony.settings import Settings

__all__ = [
    "Agent",
    "Expects",
    "IncomingCall",
    "Limits",
    "ManagedAgent",
    "Reject",
    "Settings",
    "Tool",
    "ToolContext",
    "TurnTaking",
    "Voice",
    "Wording",
    "create_app",
    "tool",
]

_LAZY = {"create_app": "telephony.app.app", "Settings": "telephony.settings"}


def __getattr__(name: str) -> Any:
    """Imports on first access the names that need the vendors' libraries."""
    if name not in _LAZY:
        raise AttributeError(f"module 'telephony' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)
