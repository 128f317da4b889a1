"""A local Chat Completions server, with exact latencies and a switch for each fault seen with real servers.

    async with LocalOpenAi(clock=clock, responder=scripted([[Say("Hello.")], [CallTool("book", {})]])) as llm:
        ...  llm.base_url, llm.requests, llm.faults.status = 429

A `responder` is given the request's body and returns the parts of the answer: texts to say, tools to call.
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
from telephony.openai.habits import TRIAL
from telephony.testing.fakes.openai.templates import Template, refused
from telephony.testing.serving import serve_app
from telephony.testing.tool_calls import CallTool as CallTool  # its arguments are streamed in pieces of 7 characters


@dataclass(frozen=True, slots=True)
class Say:
    """Text, streamed word by word."""

    text: str


@dataclass(frozen=True, slots=True)
class Raw:
    """Choices, each streamed in a chunk of its own, as they are: for servers that stream in their own way."""

    choices: tuple[dict[str, Any], ...]

    @classmethod
    def deltas(cls, *deltas: dict[str, Any]) -> Raw:
        """Choices with these deltas."""
        return cls(tuple({"index": 0, "delta": delta, "finish_reason": None} for delta in deltas))


Part: TypeAlias = Say | CallTool | Raw
Responder: TypeAlias = Callable[[dict[str, Any]], Iterable[Part] | AsyncIterable[Part]]


@dataclass(slots=True)
class LlmLatency:
    """`first_token_ms` from request to first token, then `tokens_per_s` tokens (words) a second."""

    first_token_ms: int = 250
    tokens_per_s: float = 60


@dataclass(slots=True)
class LlmFaults:
    """Faults to inject; they may be changed while the server runs. "Mid-stream" is after three tokens."""

    hang_before_headers: bool = False
    hang_mid_stream: bool = False
    status: int = 0  # answer with this HTTP status, the error code `code`, and a Retry-After of `retry_after_s`
    code: str = ""
    retry_after_s: int = 0
    quote: bool = False  # errors quote the last message and the Authorization header, as some servers do
    redirect: str = ""  # answer with a redirect (307) to this URL
    flood: int = 0  # send this many tokens at once in mid-stream, once
    comments: int = 0  # send this many comments before the answer
    html_200: bool = False  # answer with a web page and status 200
    json_instead_of_sse: bool = False
    cut_mid_stream: bool = False  # abort the connection
    error_event: bool = False  # send an error event in mid-stream, and end
    bad_json: bool = False  # send an event that is not JSON in mid-stream, and go on
    no_done: bool = False  # leave out the final [DONE]
    empty_reply: bool = False
    missing_index: bool = False  # tool calls have no index
    duplicate_index: bool = False  # every tool call has index 0
    object_arguments: bool = False  # a tool call's arguments are an object, not a string
    unknown_param: str = ""  # refuse requests that have this parameter with 400
    think_text: str = ""  # put this before each text, such as a <think> block
    template: Template | None = None  # refuse messages that this chat template cannot take, with 400
    refused_tools: bool = False  # refuse requests with tools, as a model without them does
    effort_with_tools: bool = True  # False: refuse tools with any effort but `none`
    reasoning_tokens: int = 0  # reason so long before the answer, within the limit of tokens


def scripted(turns: Iterable[Iterable[Part]]) -> Responder:
    """A responder that answers each request with the next of `turns`, and with "All right." after the last."""
    script = iter(turns)
    return lambda body: next(script, [Say("All right.")])


class LocalOpenAi:
    """See the module text. `requests` holds the bodies received; `cancelled` counts clients that disconnected before
    the end of the answer. The small request with which a client tries out a model at its start counts as none of them:
    it is answered with `ready`. `latency_of` gives each request its own latency, by its body,
    instead of `latency`."""

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
        self.ready: list[Part] = [Say("Ready.")]
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
        """Returns when `predicate()` is true; evaluates it again after each request and each disconnect."""
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
        except ClientDisconnect:  # before the whole body had arrived
            self._cancel()
            return Response(status_code=499)
        if not _is_trial(body):
            self.requests.append(body)
        self.changed.set()
        faults = self.faults
        if faults.hang_before_headers:
            await _until_disconnected(request)
            self._cancel()
            return Response(status_code=499)
        if faults.redirect:
            return Response(status_code=307, headers={"location": faults.redirect})
        quoted = f" {body['messages'][-1]} {request.headers.get('authorization')}" if faults.quote else ""
        if faults.status:
            headers = {"retry-after": str(faults.retry_after_s)} if faults.retry_after_s else None
            return _error(faults.status, faults.code or "fault", "injected fault" + quoted, headers=headers)
        if faults.unknown_param and faults.unknown_param in body:
            said = f"Unknown parameter: {faults.unknown_param}" + quoted
            return _error(400, "unknown_parameter", said, faults.unknown_param)
        if refusal := refused(body, faults.template, tools=not faults.refused_tools, effort=faults.effort_with_tools):
            return _error(400, "invalid_value", refusal)
        if faults.html_200:
            return HTMLResponse("<html><body>Bad gateway</body></html>")
        if faults.json_instead_of_sse or not body.get("stream"):
            return JSONResponse(await self._completion(body))
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(body), media_type="text/event-stream", headers=headers)

    def _cancel(self) -> None:
        self.cancelled += 1
        self.changed.set()

    async def _parts(self, body: dict[str, Any]) -> AsyncIterator[Part]:
        if self.faults.empty_reply:
            return
        parts = self.ready if _is_trial(body) else self._responder(body)
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
        for _ in range(faults.comments // 100 or bool(faults.comments)):
            yield ": ping\n\n" * min(faults.comments, 100)
        yield answer.chunk({"role": "assistant", "content": ""})
        tokens = calls = 0
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or faults.reasoning_tokens + 1
        if limit <= faults.reasoning_tokens:
            yield answer.chunk({}, "length")
            yield answer.usage(limit, reasoning=limit)
            yield "data: [DONE]\n\n"
            return
        async for part in self._parts(body):
            if isinstance(part, Raw):
                for choice in part.choices:
                    yield answer.event([choice])
                continue
            deltas = _words(faults.think_text + part.text) if isinstance(part, Say) else self._call(part, calls)
            calls += isinstance(part, CallTool)
            for delta in deltas:
                if faults.hang_mid_stream and tokens == 3:
                    await asyncio.Event().wait()
                if faults.cut_mid_stream and tokens == 3:
                    raise ConnectionAbortedError("injected fault")
                if faults.error_event and tokens == 3:
                    yield 'data: {"error": {"message": "injected fault", "code": "server_error"}}\n\n'
                    return
                if faults.flood and tokens == 3:
                    for _ in range(faults.flood):
                        yield answer.chunk({"content": "and "})
                    faults.flood = 0
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

    async def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer without streaming; it has only text."""
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
    """Formats the events of one answer: chunks with the same id and model."""

    model: str
    number: int

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        return self.event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])

    def usage(self, tokens: int, reasoning: int = 0) -> str:
        usage: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}
        if reasoning:
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
        return self.event([], usage)

    def event(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> str:
        message = {
            "id": f"chatcmpl-local-{self.number}",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        }
        return f"data: {json.dumps(message)}\n\n"


def _is_trial(body: dict[str, Any]) -> bool:
    return [message.get("content") for message in body["messages"]] == [TRIAL.messages[0]["content"]]


def _words(text: str) -> list[dict[str, Any]]:
    words = text.split(" ")
    return [{"content": word + (" " if index < len(words) - 1 else "")} for index, word in enumerate(words)]


def _error(
    status: int, code: str, message: str, param: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"error": {"message": message, "type": "local", "param": param, "code": code}}
    return JSONResponse(body, status_code=status, headers=headers)


async def _until_disconnected(request: Request) -> None:
    """Returns when the client has disconnected."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
