"""How the local Agents platform thinks: with a responder of ours, or by asking a custom LLM as the real platform does.

    CustomLlm(url="http://127.0.0.1:8080/v1", api_key="secret", restless=True)

is a responder, too. As on the platform, values of its `headers` may hold `{{variable}}`. Restless, it behaves as the
platform does with speculative turns and barge-in: it asks before the caller has finished, drops that request in
mid-stream, and asks again with the whole turn.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai.types.chat

from telephony.testing.fakes.openai.server import CallTool, Part, Say

END_CALL = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "End the call.",
        "parameters": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "message": {"type": "string"}},
            "required": ["reason"],
        },
    },
}


class CustomLlmFailed(Exception):
    """The platform's `custom_llm generation failed`."""


@dataclass
class CustomLlm:
    """Asks an OpenAI-compatible endpoint. `requests` are the bodies sent, `dropped` counts those given up midway,
    `chunks` all that came back, each checked with OpenAI's own type."""

    url: str
    api_key: str = ""
    model: str = "agent"
    restless: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    chunks: list[openai.types.chat.ChatCompletionChunk] = field(default_factory=list)
    dropped: int = 0

    async def __call__(self, body: dict[str, Any]) -> AsyncIterator[Part]:
        """The parts of the answer as they come: pieces of text, then tool calls."""
        body = {"model": self.model, "stream": True, "temperature": 0.5, "max_tokens": -1, **body}
        variables = body.pop("dynamic_variables", {})
        headers = {name: filled(value, variables) for name, value in self.headers.items()}
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            if self.restless and (early := _early(body)) is not None:
                async with self._ask(client, early, headers) as events:
                    async for _ in events:
                        self.dropped += 1
                        break
            calls: dict[int, list[str]] = {}
            async with self._ask(client, body, headers) as events:
                async for chunk in events:
                    for choice in chunk.choices:
                        if choice.delta.content:
                            yield Say(choice.delta.content)
                        for call in choice.delta.tool_calls or ():
                            name = (call.function.name if call.function else None) or ""
                            known = calls.setdefault(call.index, [name, ""])
                            known[1] += (call.function.arguments if call.function else None) or ""
        for name, arguments in calls.values():
            yield CallTool(name, json.loads(arguments or "{}"))

    @asynccontextmanager
    async def _ask(
        self, client: httpx2.AsyncClient, body: dict[str, Any], headers: dict[str, str]
    ) -> AsyncIterator[AsyncIterator[openai.types.chat.ChatCompletionChunk]]:
        self.requests.append(body)
        headers = {"Authorization": f"Bearer {self.api_key}", **headers}
        async with AsyncExitStack() as stack:
            asking = client.stream("POST", self.url.rstrip("/") + "/chat/completions", json=body, headers=headers)
            response = await stack.enter_async_context(asking)
            kind = response.headers.get("content-type", "")
            if response.status_code != 200 or not kind.startswith("text/event-stream"):
                raise CustomLlmFailed(f"status {response.status_code}, {kind}")
            yield self._events(response)

    async def _events(self, response: httpx2.Response) -> AsyncIterator[openai.types.chat.ChatCompletionChunk]:
        done = False
        async for line in response.aiter_lines():
            if line.startswith("data:") and not done:
                data = line.removeprefix("data:").strip()
                if done := data == "[DONE]":
                    continue
                chunk = openai.types.chat.ChatCompletionChunk.model_validate_json(data)
                self.chunks.append(chunk)
                yield chunk
        if not done:
            raise CustomLlmFailed("the stream ended without [DONE]")


def filled(text: str, variables: dict[str, Any]) -> str:
    """`text` with its `{{variable}}`s filled in."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(variables.get(match[1], "")), text)


def _early(body: dict[str, Any]) -> dict[str, Any] | None:
    """The request as it was before the caller's last word; None where the caller did not speak last."""
    messages = body["messages"]
    if not messages or messages[-1]["role"] != "user" or len(messages[-1]["content"].split()) < 2:
        return None
    words = messages[-1]["content"].rsplit(" ", 1)[0]
    return body | {"messages": [*messages[:-1], messages[-1] | {"content": words}]}
