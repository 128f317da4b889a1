"""What chat templates and models refuse, in the words of real servers."""

from __future__ import annotations

from enum import Enum
from itertools import pairwise
from typing import Any


class Template(Enum):
    """A chat template, by what it refuses."""

    SYSTEM_FIRST = "a system message that is not the first"
    LAST_FROM_USER = "a last message that is not from the user or a tool"
    ALTERNATING = "roles that do not take turns, beginning with the user"
    NO_SYSTEM = "any role but user and assistant, and roles that do not take turns"
    SILENT = "as NO_SYSTEM, without a reason"


def refused(body: dict[str, Any], template: Template | None, *, tools: bool, effort: bool) -> str:
    """Why a request is refused; "" if it is not. `tools`: the model knows them; `effort`: also when it reasons."""
    if body.get("tools") and not tools:
        return "registry.ollama.ai/library/small:2b does not support tools"
    if body.get("tools") and not effort and body.get("reasoning_effort") != "none":
        return "Function tools with reasoning_effort are not supported for this model in /v1/chat/completions."
    messages = body["messages"]
    roles = [str(message["role"]) for message in messages]
    match template:
        case Template.SYSTEM_FIRST if "system" in roles[1:]:
            return "System message must be at the beginning."
        case Template.LAST_FROM_USER if roles[-1] not in ("user", "tool"):
            return f"Expected last role User or Tool (or Assistant with prefix True) for serving but got {roles[-1]}"
        case Template.ALTERNATING if not _take_turns(messages[1:] if roles[0] == "system" else messages):
            return "Conversation roles must alternate user/assistant/user/assistant/..."
        case Template.NO_SYSTEM | Template.SILENT if not _take_turns(messages) or {*roles} - {"user", "assistant"}:
            reason = "System role not supported" if "system" in roles else "Conversation roles must alternate"
            return reason if template is Template.NO_SYSTEM else "Bad Request"
    return ""


def _take_turns(messages: list[dict[str, Any]]) -> bool:
    """Whether user and assistant take turns and the user begins; tool calls and results do not count."""
    spoken = [message["role"] for message in messages if message["role"] != "tool" and not message.get("tool_calls")]
    return spoken[0] == "user" and all({one, two} == {"user", "assistant"} for one, two in pairwise(spoken))
