"""`POST /v1/chat/completions` and `GET /v1/models`: our agents, for a voice platform or any client of OpenAI's SDK.

Theory of operation. A request is read whole and checked (key, body, agent); faults of this stage are HTTP statuses
with OpenAI's error body. Then an `_Exchange` runs three tasks: the *thinker* iterates `answer()` into a small queue,
the *speaker* turns the queue into SSE, and the *watcher* waits for the client to leave, which is normal here: a
platform drops a request in mid-stream whenever its caller goes on speaking. All three end together, and with the
thinker the request to the model behind us.

Until the first part has come nothing is sent, so a model that fails at once is still a status. But a caller waits:
after `BUFFER_MS` the stream begins with buffer words, and from then on a fault is an apology, in words.
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from telephony.agent import Agent, AgentChoice, IncomingCall, ManagedAgent
from telephony.bodies import load
from telephony.clock import Clock
from telephony.custom_llm import wire
from telephony.custom_llm.answering import End, Part, PassBack, Text, answer
from telephony.custom_llm.memory import Memory
from telephony.errors import ProviderError
from telephony.llm import Finished, Llm
from telephony.reply import Facts

log = structlog.get_logger()

AGENT_HEADER = "x-telephony-agent"
CALL_HEADERS = ("x-call-id", "x-conversation-id")
BODY_BYTES = 4 * 2**20
BODY_MS = 10_000
AGENT_MS = 3_000
BUFFER_MS = 900
"""So long nothing is said before buffer words are: a platform wants the first word within a second."""
BUFFER_AGAIN_MS = 4_000
KEEP_ALIVE_MS = 5_000
MOST_BUFFERS = 3
PARTS = 64  # the thinker waits when so many are not sent yet
SPELLINGS = ("/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions")
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}


Source: TypeAlias = Agent | Callable[[IncomingCall], AgentChoice | Awaitable[AgentChoice]]


@dataclass(frozen=True, slots=True)
class _Failed:
    """The thinker has given up."""

    code: str
    detail: str


class CustomLlm:
    """The endpoint. `key` is what clients must send as bearer; `agents` answer to their names, the first one to any
    other name if it is the only one. `run` must be running."""

    def __init__(
        self,
        *,
        key: str,
        agents: Mapping[str, Source],
        llm: Llm,
        clock: Clock,
        now: Callable[[], datetime],
    ) -> None:
        if not key or not agents:
            raise ValueError("the custom LLM endpoint needs a key and an agent")
        self.memory = Memory(clock)
        self.cancelled = 0
        self._key, self._agents, self._llm = key.encode(), dict(agents), llm
        self._clock, self._now = clock, now

    async def run(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Holds the tools at work; ends some time after `ready` has returned."""
        await self.memory.run(ready)

    def routes(self) -> list[BaseRoute]:
        """For the app. `/agents/{name}` before a path chooses the agent."""
        found: list[BaseRoute] = []
        for prefix in ("", "/agents/{agent}"):
            found += [Route(prefix + path, self.complete, methods=["POST"]) for path in SPELLINGS]
            found += [Route(prefix + path, self.models, methods=["GET"]) for path in ("/v1/models", "/models")]
        return found

    # --- requests ---------------------------------------------------------------------------------------------------

    async def models(self, request: Request) -> Response:
        """The agents, as models."""
        if not self._authorized(request):
            return _unauthorized(request)
        return JSONResponse(wire.models(self._agents))

    async def complete(self, request: Request) -> Response:
        """One answer, streamed or whole."""
        if not self._authorized(request):
            return _unauthorized(request)
        try:
            async with self._clock.timeout(BODY_MS):
                body = await _json(request)
            asked = wire.parse(body, _call_id(request))
            name = self._name(request, asked)
        except wire.BadRequest as error:
            log.warning("llm_request_refused", code=error.code, param=error.param)
            status = 404 if error.code == "model_not_found" else 400
            return _error(status, str(error), "invalid_request_error", error.code, error.param)
        except TimeoutError:
            log.warning("llm_request_refused", code="request_timeout")
            return _error(408, "the body did not come", "invalid_request_error", "request_timeout")
        except ClientDisconnect:
            return Response(status_code=499)
        agent = await self._agent(name, asked)
        if agent is None:
            return _error(500, "the agent could not be had", "server_error", "agent_failed")
        log.info("llm_request", agent=agent.name, turn=asked.turn, stream=asked.stream, named=bool(asked.call_id))
        chunks = wire.Chunks(
            f"chatcmpl-{uuid4().hex}", int(self._clock.wall_s()), asked.model or agent.name, asked.include_usage
        )
        return _Exchange(self, asked, agent, chunks)

    def thinking(self, asked: wire.ChatRequest, agent: Agent) -> AsyncGenerator[Part, None]:
        facts = Facts(self._now(), asked.caller)
        return answer(asked, agent, self._llm, self.memory, facts, self._clock)

    @property
    def clock(self) -> Clock:
        return self._clock

    # --- inside -----------------------------------------------------------------------------------------------------

    def _authorized(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._key)
        return matches and scheme.lower() == "bearer"

    def _name(self, request: Request, asked: wire.ChatRequest) -> str:
        """Who is to answer: by path, header or model, in this order. Raises BadRequest (`model_not_found`)."""
        for name in (request.path_params.get("agent"), request.headers.get(AGENT_HEADER)):
            if name:
                if name in self._agents:
                    return str(name)
                raise wire.BadRequest(f"there is no agent {name[:80]!r}", "model", "model_not_found")
        if asked.model in self._agents:
            return asked.model
        if len(self._agents) == 1 or not asked.model:
            return next(iter(self._agents))
        raise wire.BadRequest(f"there is no agent {asked.model[:80]!r}", "model", "model_not_found")

    async def _agent(self, name: str, asked: wire.ChatRequest) -> Agent | None:
        """A function of the call is asked once for each call, as far as calls can be told apart."""
        source = self._agents[name]
        if isinstance(source, Agent):
            return source
        if (known := self.memory.agent(asked.call_id, name)) is not None:
            return known
        choice: object
        call = IncomingCall(asked.call_id, asked.caller, asked.called, "custom-llm")
        try:
            async with self._clock.timeout(AGENT_MS):
                choice = source(call)
                if inspect.isawaitable(choice):
                    choice = await choice
        except TimeoutError:
            log.error("agent_failed", code="agent_timeout")
            return None
        except Exception:
            log.exception("agent_failed", code="agent_raised")
            return None
        if isinstance(choice, ManagedAgent):
            choice = choice.fallback  # itself it thinks elsewhere
        if not isinstance(choice, Agent):
            log.error("agent_failed", code="not_an_agent")
            return None
        self.memory.remember_agent(asked.call_id, name, choice)
        return choice


class _Exchange(Response):
    """One answer on its way. See the module text."""

    def __init__(self, endpoint: CustomLlm, asked: wire.ChatRequest, agent: Agent, chunks: wire.Chunks) -> None:
        self.background = None
        self._endpoint, self._asked, self._agent, self._chunks = endpoint, asked, agent, chunks
        self._parts: asyncio.Queue[Part | _Failed] = asyncio.Queue(PARTS)
        self._whole_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with asyncio.TaskGroup() as group:
            thinker = group.create_task(self._think(), name="llm thinker")
            speaker = group.create_task(self._speak(scope, receive, self._noting(send)), name="llm speaker")
            watcher = group.create_task(self._watch(receive, thinker, speaker), name="llm watcher")
            await asyncio.wait([speaker])
            watcher.cancel()
            thinker.cancel()

    def _noting(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            self._whole_sent |= message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        return noting

    async def _watch(self, receive: Receive, *tasks: asyncio.Task[None]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self._whole_sent:  # a server tells the end of an answer in the same way
            return
        self._endpoint.cancelled += 1
        log.info("llm_request_cancelled", turn=self._asked.turn)
        for task in tasks:
            task.cancel()

    async def _think(self) -> None:
        try:
            async with aclosing(self._endpoint.thinking(self._asked, self._agent)) as parts:
                async for part in parts:
                    await self._parts.put(part)
        except ProviderError as error:
            log.warning("llm_answer_failed", code=error.code)
            await self._parts.put(_Failed(error.code, str(error)[:300]))
        except Exception:
            log.exception("llm_answer_failed", code="reply_failed")
            await self._parts.put(_Failed("reply_failed", "internal error"))

    # --- what is sent -----------------------------------------------------------------------------------------------

    async def _speak(self, scope: Scope, receive: Receive, send: Send) -> None:
        first: Part | _Failed | None = None
        if self._asked.stream:
            first = await self._next(BUFFER_MS)
        else:
            first = await self._parts.get()
        if isinstance(first, _Failed):
            await _failure(first)(scope, receive, send)
        elif self._asked.stream:
            await self._stream(first, send)
        else:
            assert first is not None
            await (await self._whole(first))(scope, receive, send)

    async def _whole(self, part: Part | _Failed) -> Response:
        said, calls = "", []
        while not isinstance(part, End):
            match part:
                case _Failed():
                    return _failure(part)
                case Text(text):
                    said += text
                case PassBack(wanted):
                    calls = list(wanted)
            part = await self._parts.get()
        if not said.strip() and not calls:
            said = self._agent.wording.apology
        reason = wire.finish_reason(part.finish, bool(calls))
        return JSONResponse(wire.completion(self._chunks, said, calls, reason, part.usage))

    async def _stream(self, part: Part | _Failed | None, send: Send) -> None:
        stream = _Sse(send)
        await stream.begin()
        await stream.write(self._chunks.role())
        told = _Told()
        while True:
            match part:
                case None:
                    await stream.write(self._bridge(told))
                case Text(text):
                    told.said = told.said or bool(text.strip())
                    await stream.write(self._chunks.text(text))
                case PassBack(calls):
                    told.called = True
                    for index, call in enumerate(calls):
                        await stream.write(self._chunks.call(index, call))
                case End(finish, usage):
                    await self._finish(stream, told, finish, usage)
                    return
                case _Failed():
                    told.said = told.called = False
                    await self._finish(stream, told, "stop", Finished("stop"))
                    return
            part = await self._next(BUFFER_AGAIN_MS if told.buffers else BUFFER_MS if not told.said else KEEP_ALIVE_MS)

    def _bridge(self, told: _Told) -> str:
        """What is sent when there is nothing to send: words, if nothing was said for long, or a comment."""
        words = wire.buffer_words(self._agent.wording.filler)
        if told.buffers >= MOST_BUFFERS or not words:
            return wire.KEEP_ALIVE
        told.buffers += 1
        return self._chunks.text(words)

    async def _finish(self, stream: _Sse, told: _Told, finish: str, usage: Finished) -> None:
        """The end; an answer that says and does nothing is an apology."""
        if not told.said and not told.called:
            await stream.write(self._chunks.text(self._agent.wording.apology))
        await stream.write(self._chunks.finish(wire.finish_reason(finish, told.called)))
        await stream.write(self._chunks.usage(usage))
        await stream.write(wire.DONE)
        await stream.end()

    async def _next(self, wait_ms: int) -> Part | _Failed | None:
        """The next part, or None if it takes longer than that."""
        try:
            async with self._endpoint.clock.timeout(wait_ms):
                return await self._parts.get()
        except TimeoutError:
            return None


@dataclass(slots=True)
class _Told:
    """What the client has been told so far."""

    said: bool = False
    called: bool = False
    buffers: int = 0


class _Sse:
    """An open event stream."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def begin(self) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers.append((b"x-request-id", uuid4().hex.encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, event: str) -> None:
        if event:
            await self._send({"type": "http.response.body", "body": event.encode(), "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def _json(request: Request) -> object:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise wire.BadRequest("the body is too big", code="request_too_large")
    try:
        return load(body)
    except (ValueError, RecursionError):
        raise wire.BadRequest("the body is not JSON", code="invalid_json") from None


def _call_id(request: Request) -> str:
    return next((value.strip() for name in CALL_HEADERS if (value := request.headers.get(name, "")).strip()), "")


def _unauthorized(request: Request) -> Response:
    log.warning("llm_request_refused", code="invalid_api_key", path=request.url.path)
    answer = _error(401, "the key is wrong or missing", "invalid_request_error", "invalid_api_key")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _failure(failed: _Failed) -> Response:
    status, kind, again = wire.status_of(failed.code)
    response = _error(status, "the model behind this agent failed", kind, failed.code)
    response.headers["x-should-retry"] = "true" if again else "false"
    if status == 429:
        response.headers["retry-after"] = "1"
    return response


def _error(status: int, message: str, kind: str, code: str, param: str | None = None) -> Response:
    return JSONResponse(wire.error_body(message, kind, code, param), status_code=status)
