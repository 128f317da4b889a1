"""`POST /v1/chat/completions` and `GET /v1/models`: our agents, for a voice platform or any client of OpenAI's SDK.

A request is read whole and checked (key, body, agent); faults of this stage are HTTP statuses with OpenAI's error body.
Then the answer is on its way: see `exchange`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telephony.agent import CHOICE_MS, Agent, AgentChoice, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.contracts.llm import Llm
from telephony.http_body import TooBig, gather, load
from telephony.llm_server import codec
from telephony.llm_server.answer import answer
from telephony.llm_server.exchange import Asked, Exchange, error
from telephony.llm_server.idempotency import IdempotencyStore
from telephony.runtime.reply import Facts
from telephony.threads import Callers

log = structlog.get_logger()

AGENT_HEADER = "x-telephony-agent"
CALL_HEADERS = ("x-call-id", "x-conversation-id")
BODY_BYTES = 4 * 2**20
BODY_MS = 10_000
MODELS = ("/v1/models", "/models")
SPELLINGS = ("/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions")


Source: TypeAlias = Agent | Callable[[IncomingCall], AgentChoice | Awaitable[AgentChoice]]


class LlmServer:
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
        self.memory = IdempotencyStore(clock)
        self.cancelled = 0
        self._key, self._agents, self._llm = key.encode(), dict(agents), llm
        self._clock, self._now = clock, now
        self._callers = Callers("agent function")
        self._choosing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def run(self, ready: Callable[[], Awaitable[None]]) -> None:
        """Holds the tools at work; ends some time after `ready` has returned."""
        await self.memory.run(ready)

    def routes(self) -> list[BaseRoute]:
        """For the app. `/agents/{name}` before a path chooses the agent."""
        found: list[BaseRoute] = []
        for prefix in ("", "/agents/{agent}"):
            found += [Route(prefix + path, self.complete, methods=["POST"]) for path in SPELLINGS]
            found += [Route(prefix + path, self.models, methods=["GET"]) for path in MODELS]
            found += [Route(f"{prefix}{path}/{{model:path}}", self.model, methods=["GET"]) for path in MODELS]
        return found

    # --- requests ---------------------------------------------------------------------------------------------------

    async def models(self, request: Request) -> Response:
        """The agents, as models."""
        if not self._authorized(request):
            return _unauthorized(request)
        return JSONResponse(codec.models(self._agents))

    async def model(self, request: Request) -> Response:
        """One of them."""
        if not self._authorized(request):
            return _unauthorized(request)
        name = request.path_params["model"]
        if name not in self._agents:
            words = f"there is no agent {name[:80]!r}"
            return error(404, words, "invalid_request_error", "model_not_found", "model")
        return JSONResponse(codec.model(name))

    async def complete(self, request: Request) -> Response:
        """One answer, streamed or whole."""
        if not self._authorized(request):
            return _unauthorized(request)
        try:
            async with self._clock.timeout(BODY_MS):
                body = await gather(request.stream(), BODY_BYTES)
            asked = codec.parse(_read(body), _call_id(request))
            name = self._name(request, asked)
        except codec.BadRequest as bad:
            log.warning("llm_request_refused", code=bad.code, param=bad.param)
            status = 404 if bad.code == "model_not_found" else 400
            return error(status, str(bad), "invalid_request_error", bad.code, bad.param)
        except TooBig:
            log.warning("llm_request_refused", code="request_too_large")
            return error(413, "the body is too big", "invalid_request_error", "request_too_large")
        except TimeoutError:
            log.warning("llm_request_refused", code="request_timeout")
            return error(408, "the body did not come", "invalid_request_error", "request_timeout")
        except ClientDisconnect:
            return Response(status_code=499)
        agent = await self._agent(name, asked)
        if agent is None:
            return error(500, "the agent could not be had", "server_error", "agent_failed")
        log.info("llm_request", agent=agent.name, turn=asked.turn, stream=asked.stream, named=bool(asked.call_id))
        chunks = codec.Chunks(
            f"chatcmpl-{uuid4().hex}", int(self._clock.wall_s()), asked.model or agent.name, asked.include_usage
        )
        facts = Facts(self._now(), asked.caller)
        return Exchange(
            Asked(chunks, asked.stream, agent.wording, asked.turn),
            lambda: answer(asked, agent, self._llm, self.memory, facts, self._clock),
            self._clock,
            self._left,
        )

    def _left(self) -> None:
        self.cancelled += 1

    # --- inside -----------------------------------------------------------------------------------------------------

    def _authorized(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._key)
        return matches and scheme.lower() == "bearer"

    def _name(self, request: Request, asked: codec.ChatRequest) -> str:
        """Who is to answer: by path, header or model, in this order. Raises BadRequest (`model_not_found`)."""
        for name in (request.path_params.get("agent"), request.headers.get(AGENT_HEADER)):
            if name:
                if name in self._agents:
                    return str(name)
                raise codec.BadRequest(f"there is no agent {name[:80]!r}", "model", "model_not_found")
        if asked.model in self._agents:
            return asked.model
        if len(self._agents) == 1 or not asked.model:
            return next(iter(self._agents))
        raise codec.BadRequest(f"there is no agent {asked.model[:80]!r}", "model", "model_not_found")

    async def _agent(self, name: str, asked: codec.ChatRequest) -> Agent | None:
        """A function of the call is asked once for each call, as far as calls can be told apart: requests that come
        meanwhile wait for its answer."""
        source = self._agents[name]
        if isinstance(source, Agent):
            return source
        if not asked.call_id:
            return await self._choose(source, asked)
        lock = self._choosing.setdefault((asked.call_id, name), asyncio.Lock())
        async with lock:
            agent = self.memory.agent(asked.call_id, name) or await self._choose(source, asked)
            if agent is not None:
                self.memory.remember_agent(asked.call_id, name, agent)
            return agent

    async def _choose(self, source: Callable[[IncomingCall], object], asked: codec.ChatRequest) -> Agent | None:
        call = IncomingCall(asked.call_id, asked.caller, asked.called, "custom-llm")
        choice: object
        try:
            async with self._clock.timeout(CHOICE_MS):
                choice = await self._callers.ask(source, call)
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
        return choice


def _read(body: bytes) -> object:
    try:
        return load(body)
    except (ValueError, RecursionError):
        raise codec.BadRequest("the body is not JSON", code="invalid_json") from None


def _call_id(request: Request) -> str:
    return next((value.strip() for name in CALL_HEADERS if (value := request.headers.get(name, "")).strip()), "")


def _unauthorized(request: Request) -> Response:
    log.warning("llm_request_refused", code="invalid_api_key", path=request.url.path)
    answer = error(401, "the key is wrong or missing", "invalid_request_error", "invalid_api_key")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
