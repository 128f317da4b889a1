"""Shared by the endpoint's tests: the endpoint on a real socket, a local LLM server, and OpenAI's own client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageParam,
)
from pydantic import BaseModel
from starlette.applications import Starlette

from telephony.agent import Agent
from telephony.llm_server.endpoint import LlmServer, Source
from telephony.network.tls import tls
from telephony.openai.client import OpenAiChat
from telephony.testing.fakes.openai.server import LocalOpenAi, Responder
from telephony.testing.serving import serve_app
from telephony.testing.steady import SteadyClock

KEY = "a-key-for-tests"
END_CALL: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "end_call",
        "description": "End the call.",
        "parameters": {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]},
    },
}


@dataclass
class Asking:
    """`sdk` is OpenAI's client, `http` a plain one, `upstream` the LLM server that the endpoint uses."""

    endpoint: LlmServer
    upstream: LocalOpenAi
    sdk: AsyncOpenAI
    http: httpx2.AsyncClient
    url: str

    async def chunks(self, messages: Iterable[ChatCompletionMessageParam], **options: Any) -> list[ChatCompletionChunk]:
        stream = await self.sdk.chat.completions.create(model="agent", messages=messages, stream=True, **options)
        async with stream:
            return [chunk async for chunk in stream]

    async def says(self, messages: Iterable[ChatCompletionMessageParam], **options: Any) -> str:
        return "".join(c.choices[0].delta.content or "" for c in await self.chunks(messages, **options) if c.choices)


@asynccontextmanager
async def asking(
    agents: Agent | Mapping[str, Source], responder: Responder | None = None, speed: float = 10
) -> AsyncIterator[Asking]:
    """A running endpoint with `agents` (one agent, or several by name)."""
    clock = SteadyClock(speed)
    async with asyncio.timeout(60), LocalOpenAi(clock=clock, responder=responder) as upstream:
        llm = OpenAiChat(
            api_key="local", base_url=upstream.base_url, model="m", effort="none",
            token_field="max_completion_tokens", clock=clock,
        )  # fmt: skip
        by_name = {"agent": agents} if isinstance(agents, Agent) else agents
        endpoint = LlmServer(key=KEY, agents=by_name, llm=llm, clock=clock, now=lambda: datetime.now(UTC))

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            over = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(endpoint.run(over))
                await asyncio.sleep(0)
                yield
                over.set()

        app = Starlette(routes=endpoint.routes(), lifespan=lifespan)
        async with (
            serve_app(app) as url,
            httpx2.AsyncClient(trust_env=False, verify=tls(), timeout=20) as http,
            AsyncOpenAI(
                api_key=KEY, base_url=f"{url}/v1", max_retries=0, http_client=http, _strict_response_validation=True
            ) as sdk,
        ):
            try:
                yield Asking(endpoint, upstream, sdk, http, url)
            finally:
                await llm.close()


def no_extras(model: BaseModel) -> None:
    """Asserts that the vendor's type defines every key, at every depth."""
    assert not model.model_extra, model.model_extra
    for value in dict(model).values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, BaseModel):
                no_extras(one)


def sse(body: str) -> list[dict[str, Any]]:
    """The parsed events of an SSE body, which must end with `[DONE]`; comments are skipped."""
    *events, done, rest = body.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events if not event.startswith(":")]


def validated(message: dict[str, Any]) -> None:
    """Asserts that a chunk or whole answer fits OpenAI's own type, without extra keys."""
    kind = ChatCompletionChunk if message["object"] == "chat.completion.chunk" else ChatCompletion
    no_extras(kind.model_validate(message))
