"""The conversation as the model sees it: what was said, and what was provably heard.

These entries are provider-neutral; `telephony/runtime/reply.py` turns them into chat messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

STILL_RUNNING = (
    "Still running: there is no result yet. It comes in a message of its own. Do not call the tool again for it; "
    "answer the caller meanwhile."
)
"""The result of a tool call, for the model, while there is none yet."""


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """One closed utterance of the caller, or keys pressed (as text such as "[keys: 12#]")."""

    text: str


@dataclass(frozen=True, slots=True)
class AgentSaid:
    """What the caller has heard of one reply. `interrupted`: the reply had more text, which was not heard."""

    text: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool call with its result. Both are always present: a call without a result makes the next request invalid.
    `arguments` and `extra` are JSON texts, as in `ToolWanted`.

    A call that the conversation did not wait for is there twice, with one `tool_call_id`: first with `STILL_RUNNING`,
    and again with its result where that came."""

    tool_call_id: str
    name: str
    arguments: str
    result: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the agent has learned from outside the conversation."""

    text: str


HistoryItem: TypeAlias = CallerSaid | AgentSaid | ToolUsed | Noticed
History: TypeAlias = tuple[HistoryItem, ...]
