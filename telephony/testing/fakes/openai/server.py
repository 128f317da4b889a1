"""A local Chat Completions server, with exact latencies and a switch for each thing that goes wrong with real ones.

    async with LocalOpenAi(clock=clock, responder=scripted([[Say("Hello.")], [CallTool("book", {})]])) as llm:
        ...  llm.base_url, llm.requests, llm.faults.status = 429

A `responder` is given the request's body and says what to answer: parts to say, tools to call.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from telephony.clock import Clock
from telephony.testing.serving import serve_app


@dataclass(frozen=True, slots=True)
class Say:
    """Text, streamed word by word."""

    text: str


@dataclass(frozen=True, slots=True)
class CallTool:
    """A tool call, streamed in pieces."""

    name: str
    arguments: dict[str, Any]


Part: TypeAlias = Say | CallTool
Responder: TypeAlias = Callable[[dict[str, Any]], Iterable[Part] | AsyncIterable[Part]]


@dataclass(slots=True)
class LlmLatency:
    """`first_token_ms` from request to first token, then so many tokens (words) a second."""

    first_token_ms: int = 250
    tokens_per_s: float = 60


@dataclass(slots=True)
class LlmFaults:
    """What goes wrong; may be changed while the server runs."""

    hang_before_headers: bool = False
    hang_mid_stream: bool = False
    status: int = 0
    code: str = ""
    retry_after_s: int = 0
    html_200: bool = False
    json_instead_of_sse: bool = False
    cut_mid_stream: bool = False
    error_event: bool = False
    bad_json: bool = False
    no_done: bool = False
    empty_reply: bool = False
    missing_index: bool = False
    duplicate_index: bool = False
    object_arguments: bool = False
    unknown_param: str = ""
    think_text: str = ""


def scripted(turns: Iterable[Iterable[Part]]) -> Responder:
    """Answers each request with the next of `turns`; afterwards politely."""
    script = iter(turns)
    return lambda body: next(script, [Say("All right.")])


class LocalOpenAi:
    """See the module text. `requests` holds the bodies, `cancelled` counts clients that left in mid-stream.
    `latency_of` a request's body replaces `latency` where each request has its own."""

    def __init__(
        self,
        *,
        clock: Clock,
        responder: Responder | None = None,
        latency: LlmLatency | None = None,
        latency_of: Callable[[dict[str, Any]], LlmLatency] | None = None,
        faults: LlmFaults | None = None,
        api_key: str = "local",
    ) -> None:
        self.latency, self.faults = latency or LlmLatency(), faults or LlmFaults()
        self._latency_of = latency_of or (lambda body: self.latency)
        self.requests: list[dict[str, Any]] = []
        self.cancelled = 0
        self.changed = asyncio.Event()
        self.base_url = ""
        self._responder: Responder = responder or (lambda body: [Say("All right. Is there anything else?")])
        self._clock, self._key = clock, api_key
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> LocalOpenAi:
        routes = [
            Route("/v1/chat/completions", self._complete, methods=["POST"]),
            Route("/v1/models", self._models),
        ]
        url = await self._stack.enter_async_context(serve_app(Starlette(routes=routes), timeout_keep_alive=300))
        self.base_url = f"{url}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Waits until `predicate()` holds, looking again after each request and each cancel."""
        while not predicate():
            self.changed.clear()
            await self.changed.wait()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _authorized(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {self._key}"

    async def _models(self, request: Request) -> Response:
        if not self._authorized(request):
            return _error(401, "invalid_api_key", "wrong key")
        return JSONResponse({"object": "list", "data": [{"id": "local", "object": "model", "created": 0}]})

    async def _complete(self, request: Request) -> Response:
        if not self._authorized(request):
            return _error(401, "invalid_api_key", "wrong key")
        try:
            body = await request.json()
        except ClientDisconnect:  # it changed its mind before it had said what it wants
            self._cancel()
            return Response(status_code=499)
        self.requests.append(body)
        self.changed.set()
        faults = self.faults
        if faults.hang_before_headers:
            await _gone(request)
            self._cancel()
            return Response(status_code=499)
        if faults.status:
            headers = {"retry-after": str(faults.retry_after_s)} if faults.retry_after_s else None
            return _error(faults.status, faults.code or "fault", "as asked for", headers=headers)
        if faults.unknown_param and faults.unknown_param in body:
            return _error(400, "unknown_parameter", f"Unknown parameter: {faults.unknown_param}", faults.unknown_param)
        if faults.html_200:
            return HTMLResponse("<html><body>Bad gateway</body></html>")
        if faults.json_instead_of_sse or not body.get("stream"):
            return JSONResponse(await self._whole(body))
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(body), media_type="text/event-stream", headers=headers)

    def _cancel(self) -> None:
        self.cancelled += 1
        self.changed.set()

    async def _parts(self, body: dict[str, Any]) -> AsyncIterator[Part]:
        if self.faults.empty_reply:
            return
        parts = self._responder(body)
        if isinstance(parts, AsyncIterable):
            async for part in parts:
                yield part
        else:
            for part in parts:
                yield part

    async def _stream(self, body: dict[str, Any]) -> AsyncIterator[str]:
        try:
            async for event in self._events(body):
                yield event
        except asyncio.CancelledError:
            self._cancel()
            raise

    async def _events(self, body: dict[str, Any]) -> AsyncIterator[str]:
        faults, answer = self.faults, _Answer(body.get("model", "local"), len(self.requests))
        latency = self._latency_of(body)
        due: float = self._clock.ms() + latency.first_token_ms
        await self._clock.sleep(latency.first_token_ms)
        yield answer.chunk({"role": "assistant", "content": ""})
        tokens = calls = 0
        async for part in self._parts(body):
            deltas = _words(faults.think_text + part.text) if isinstance(part, Say) else self._call(part, calls)
            calls += isinstance(part, CallTool)
            for delta in deltas:
                if faults.hang_mid_stream and tokens == 3:
                    await asyncio.Event().wait()
                if faults.cut_mid_stream and tokens == 3:
                    raise ConnectionAbortedError("as asked for")
                if faults.error_event and tokens == 3:
                    yield 'data: {"error": {"message": "as asked for", "code": "server_error"}}\n\n'
                    return
                if faults.bad_json and tokens == 3:
                    yield "data: {not json\n\n"
                yield answer.chunk(delta)
                tokens += 1
                due += 1000 / latency.tokens_per_s
                await self._clock.sleep(due - self._clock.ms())
        yield answer.chunk({}, "tool_calls" if calls else "stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            yield answer.usage(tokens)
        if not faults.no_done:
            yield "data: [DONE]\n\n"

    def _call(self, part: CallTool, number: int) -> list[dict[str, Any]]:
        faults, text = self.faults, json.dumps(part.arguments)
        index: dict[str, int] = {} if faults.missing_index else {"index": 0 if faults.duplicate_index else number}
        first = index | {
            "id": f"call_{len(self.requests)}_{number}",
            "type": "function",
            "function": {"name": part.name, "arguments": part.arguments if faults.object_arguments else ""},
        }
        pieces = [] if faults.object_arguments else [text[at : at + 7] for at in range(0, len(text), 7)]
        rest = [{"tool_calls": [index | {"function": {"arguments": piece}}]} for piece in pieces]
        return [{"tool_calls": [first]}, *rest]

    async def _whole(self, body: dict[str, Any]) -> dict[str, Any]:
        text = "".join([part.text async for part in self._parts(body) if isinstance(part, Say)])
        message = {"role": "assistant", "content": text}
        return {
            "id": "chatcmpl-local",
            "object": "chat.completion",
            "created": 0,
            "model": body.get("model", "local"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }


@dataclass(frozen=True, slots=True)
class _Answer:
    """What all chunks of one answer share."""

    model: str
    number: int

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        return self._event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], None)

    def usage(self, tokens: int) -> str:
        return self._event([], {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens})

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, int] | None) -> str:
        message = {
            "id": f"chatcmpl-local-{self.number}",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        }
        return f"data: {json.dumps(message)}\n\n"


def _words(text: str) -> list[dict[str, Any]]:
    words = text.split(" ")
    return [{"content": word + (" " if index < len(words) - 1 else "")} for index, word in enumerate(words)]


def _error(
    status: int, code: str, message: str, param: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"error": {"message": message, "type": "local", "param": param, "code": code}}
    return JSONResponse(body, status_code=status, headers=headers)


async def _gone(request: Request) -> None:
    """Waits until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
