"""A voice agent that answers phone calls. The public API on one screen; importing it loads nothing but the names used.

    from telephony import Agent, tool

    agent = Agent(prompt="You are ...", greeting="Hello, how can I help?")

Run it with `TELEPHONY_AGENT=my_module:agent telephony serve`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telephony.agent import Agent, IncomingCall, ManagedAgent, Reject, Voice
    from telephony.app.app import create_app
    from telephony.call_control.destinations import Destination
    from telephony.call_control.press_keys import press_keys
    from telephony.call_control.transfer_tools import transfer_to
    from telephony.core.actions import EntryEnd
    from telephony.core.policy import Expects, Limits, TurnTaking, Wording
    from telephony.key_entries.entries import Entries, Entry
    from telephony.messages.identity import needs_verified, verified, verified_number
    from telephony.messages.tools import prove_number, send_sms, text_caller
    from telephony.settings import Settings
    from telephony.tool_context import ToolContext, ToolFailed
    from telephony.tools import Tool, tool

__all__ = [
    "Agent",
    "Destination",
    "Entries",
    "Entry",
    "EntryEnd",
    "Expects",
    "IncomingCall",
    "Limits",
    "ManagedAgent",
    "Reject",
    "Settings",
    "Tool",
    "ToolContext",
    "ToolFailed",
    "TurnTaking",
    "Voice",
    "Wording",
    "create_app",
    "needs_verified",
    "press_keys",
    "prove_number",
    "send_sms",
    "text_caller",
    "tool",
    "transfer_to",
    "verified",
    "verified_number",
]

_HOMES = {
    "telephony.agent": ("Agent", "IncomingCall", "ManagedAgent", "Reject", "Voice"),
    "telephony.app.app": ("create_app",),
    "telephony.call_control.destinations": ("Destination",),
    "telephony.call_control.press_keys": ("press_keys",),
    "telephony.call_control.transfer_tools": ("transfer_to",),
    "telephony.core.actions": ("EntryEnd",),
    "telephony.core.policy": ("Expects", "Limits", "TurnTaking", "Wording"),
    "telephony.messages.identity": ("needs_verified", "verified", "verified_number"),
    "telephony.messages.tools": ("prove_number", "send_sms", "text_caller"),
    "telephony.key_entries.entries": ("Entries", "Entry"),
    "telephony.settings": ("Settings",),
    "telephony.tool_context": ("ToolContext", "ToolFailed"),
    "telephony.tools": ("Tool", "tool"),
}


def __getattr__(name: str) -> Any:
    """Imports a name of `__all__` when it is used: the command line needs none, an agent no vendor's library."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'telephony' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
