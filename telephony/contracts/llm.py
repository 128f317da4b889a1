"""The LLM contract: a streaming chat model.

    async with aclosing(llm.stream(request)) as events:
        async for event in events: ...

`stream` yields `TextDelta` and `ToolCall` in the order of the answer, then exactly one `Finished`. Closing the
generator (or cancelling the task) stops the server's work at once. Raises `ProviderError` only. The client retries a
request once at most, and only if nothing has been yielded.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

WRITTEN = "written_"
"""The beginning of the ids of calls that the model wrote as text."""


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One completion. `messages` and `tools` are in the format of Chat Completions; `cache_key` is stable per agent;
    `caller` is the caller's number or address, "" if it is not known."""

    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    model: str = ""
    effort: str | None = None
    max_tokens: int | None = None
    cache_key: str = ""
    caller: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text to be spoken (reasoning is already removed)."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A complete tool call. `arguments` is the JSON text as the model wrote it ("{}" if it wrote none); `extra` is
    the call's unknown fields as JSON text, to be echoed in the next request, or ""."""

    tool_call_id: str
    name: str
    arguments: str
    extra: str = ""

    @property
    def written(self) -> bool:
        """The model wrote the call as text instead of making it. The id says so, because it outlasts the reply."""
        return self.tool_call_id.startswith(WRITTEN)


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of the answer. `finish` is the server's finish reason; token counts are 0 if it sent none."""

    finish: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


LlmEvent: TypeAlias = TextDelta | ToolCall | Finished


class Llm(Protocol):
    """A chat model. One object serves all calls in a process."""

    def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]: ...

    async def warm(self) -> None:
        """Opens connections in advance; never raises."""
        ...

    async def close(self) -> None: ...
