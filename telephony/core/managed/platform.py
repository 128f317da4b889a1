"""Who has the conversation of a bridged call."""

from __future__ import annotations

from enum import Enum


class Platform(Enum):
    """Who has the conversation."""

    AGENT = "agent"
    CLOSED = "closed"
    """Nobody any more: what the agent said last is played to its end."""
    PIPELINE = "pipeline"
    """Another engine: this one has nothing more to do."""
