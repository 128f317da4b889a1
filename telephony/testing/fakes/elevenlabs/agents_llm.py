"""The local Agents platform's client for a custom LLM: a responder that asks an OpenAI-compatible endpoint.

    CustomLlm(url="http://127.0.0.1:8080/v1", api_key="secret", restless=True)

As on the real platform, values of its `headers` may hold `{{variable}}`. With `restless` it sends what the platform
sends with speculative turns and barge-in: a request before the caller has finished, dropped in mid-stream, and then
another with the whole turn.
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

from telephony.network.tls import tls
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
    """The endpoint did not answer with a complete event stream; the platform's `custom_llm generation failed`."""


@dataclass
class CustomLlm:
    """Asks an OpenAI-compatible endpoint. `requests` holds the bodies sent, `dropped` counts requests abandoned in
    mid-stream, `chunks` holds all chunks received, each validated with OpenAI's own type."""

    url: str
    api_key: str = ""
    model: str = "agent"
    restless: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    chunks: list[openai.types.chat.ChatCompletionChunk] = field(default_factory=list)
    dropped: int = 0

    async def __call__(self, body: dict[str, Any]) -> AsyncIterator[Part]:
        """The parts of the answer as they arrive: pieces of text, then tool calls. Raises `CustomLlmFailed`."""
        body = {"model": self.model, "stream": True, "temperature": 0.5, "max_tokens": -1, **body}
        variables = body.pop("dynamic_variables", {})
        headers = {name: filled(value, variables) for name, value in self.headers.items()}
        async with httpx2.AsyncClient(trust_env=False, timeout=20, verify=tls(trust_env=False)) as client:
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
    """`text` with each `{{variable}}` replaced by its value; "" for one that is not known."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(variables.get(match[1], "")), text)


def _early(body: dict[str, Any]) -> dict[str, Any] | None:
    """The request without the caller's last word; None if the last message is not the caller's, or has one word."""
    messages = body["messages"]
    if not messages or messages[-1]["role"] != "user" or len(messages[-1]["content"].split()) < 2:
        return None
    words = messages[-1]["content"].rsplit(" ", 1)[0]
    return body | {"messages": [*messages[:-1], messages[-1] | {"content": words}]}
