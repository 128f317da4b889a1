"""`POST /v1/chat/completions` and `GET /v1/models`: our agents, for a voice platform or any client of OpenAI's SDK.

A request is read completely and checked (key, body, agent); errors at this stage are HTTP statuses with OpenAI's error
body. `exchange.py` then sends the answer.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from telephony.agent import CHOICE_MS, Agent, AgentChoice, IncomingCall, ManagedAgent
from telephony.clock import Clock
from telephony.contracts.llm import Llm
from telephony.llm_server import codec
from telephony.llm_server.answer import answer
from telephony.llm_server.exchange import AnswerOptions, Exchange, error
from telephony.llm_server.idempotency import IdempotencyStore
from telephony.runtime.reply import Facts
from telephony.runtime.turn_tools import TurnTools
from telephony.threads import Callers
from telephony.uploads import TooBig, gather
from telephony.valid_text import load

log = structlog.get_logger()

AGENT_HEADER = "x-telephony-agent"
CALL_HEADERS = ("x-call-id", "x-conversation-id")
BODY_BYTES = 4 * 2**20
BODY_MS = 10_000
MODELS = ("/v1/models", "/models", "/v1/v1/models", "/v1/chat/completions/models")
SPELLINGS = tuple(
    f"{base}{again}/chat/completions"
    for base in ("/v1", "", "/v1/v1")
    for again in ("", "/chat/completions", "/chat/completions/v1")
)
"""Clients append their own path to a configured address, which may have it already, in part or whole."""

Source: TypeAlias = Agent | Callable[[IncomingCall], AgentChoice | Awaitable[AgentChoice]]


class LlmServer:
    """The endpoint; `run` must be running. Clients must send `key` as bearer token.

    `agents`: by model name. If there is only one, it answers to any name."""

    def __init__(
        self,
        *,
        key: str,
        agents: Mapping[str, Source],
        llm: Llm,
        clock: Clock,
        now: Callable[[], datetime],
        services: Callable[[IncomingCall], Mapping[type[Any], object]] = lambda call: {},
    ) -> None:
        if not key or not agents:
            raise ValueError("the custom LLM endpoint needs a key and an agent")
        self.store = IdempotencyStore(clock)
        self._key, self._agents, self._llm = key.encode(), dict(agents), llm
        self._clock, self._now, self._services = clock, now, services
        self._callers = Callers("agent function")
        self._choosing: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def run(self, stop: asyncio.Event) -> None:
        """Owns the running tools. Returns after `stop` is set and they have ended or been cancelled."""
        await self.store.run(stop)

    def routes(self) -> list[BaseRoute]:
        """The routes for the app. The prefix `/agents/{name}` chooses the agent."""
        found: list[BaseRoute] = []
        for prefix in ("", "/agents/{agent}"):
            found += [Route(prefix + path, self.complete, methods=["POST"]) for path in SPELLINGS]
            found += [Route(prefix + path, self.models, methods=["GET"]) for path in MODELS]
            found += [Route(f"{prefix}{path}/{{model:path}}", self.model, methods=["GET"]) for path in MODELS]
        return found

    # --- requests ---------------------------------------------------------------------------------------------------

    async def models(self, request: Request) -> Response:
        """Lists the agents as models."""
        if not self._authorized(request):
            return _unauthorized(request)
        return JSONResponse(codec.models(self._agents))

    async def model(self, request: Request) -> Response:
        """Describes one agent as a model."""
        if not self._authorized(request):
            return _unauthorized(request)
        name = request.path_params["model"]
        if name not in self._agents:
            words = f"there is no agent {name[:80]!r}"
            return error(404, words, "invalid_request_error", "model_not_found", "model")
        return JSONResponse(codec.model(name))

    async def complete(self, request: Request) -> Response:
        """Answers a request, streamed or whole."""
        if not self._authorized(request):
            return _unauthorized(request)
        try:
            async with self._clock.timeout(BODY_MS):
                body = await gather(request.stream(), BODY_BYTES)
            chat = codec.parse(_read(body), _call_id(request))
            name = self._name(request, chat)
        except codec.BadRequest as bad:
            log.warning("llm_request_refused", code=bad.code, param=bad.param)
            status = 404 if bad.code == "model_not_found" else 400
            return error(status, str(bad), "invalid_request_error", bad.code, bad.param)
        except TooBig:
            log.warning("llm_request_refused", code="request_too_large")
            return error(413, "request body too large", "invalid_request_error", "request_too_large")
        except TimeoutError:
            log.warning("llm_request_refused", code="request_timeout")
            return error(408, "request body timed out", "invalid_request_error", "request_timeout")
        except ClientDisconnect:
            return Response(status_code=499)
        if chat.call_id:
            structlog.contextvars.bind_contextvars(call_sid=chat.call_id)
        agent = await self._agent(name, chat)
        if agent is None:
            return error(500, "the agent is not available", "server_error", "agent_failed")
        log.info("llm_request", agent=agent.name, turn=chat.turn, stream=chat.stream, named=bool(chat.call_id))
        chunks = codec.Chunks(
            f"chatcmpl-{uuid4().hex}", int(self._clock.wall_s()), chat.model or agent.name, chat.include_usage
        )
        facts = Facts(self._now(), chat.caller)
        tools = self.store.tools(chat.call_id, name, lambda: self._tools(agent, chat))
        return Exchange(
            AnswerOptions(chunks, chat.stream, agent.wording, chat.turn),
            lambda: answer(chat, agent, self._llm, self.store, facts, tools),
            self._clock,
        )

    # --- inside -----------------------------------------------------------------------------------------------------

    def _authorized(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._key)
        return matches and scheme.lower() == "bearer"

    def _name(self, request: Request, chat: codec.ChatRequest) -> str:
        """The agent's name: from path, header or model, in this order. Raises BadRequest (`model_not_found`)."""
        for name in (request.path_params.get("agent"), request.headers.get(AGENT_HEADER)):
            if name:
                if name in self._agents:
                    return str(name)
                raise codec.BadRequest(f"there is no agent {name[:80]!r}", "model", "model_not_found")
        if chat.model in self._agents:
            return chat.model
        if len(self._agents) == 1 or not chat.model:
            return next(iter(self._agents))
        raise codec.BadRequest(f"there is no agent {chat.model[:80]!r}", "model", "model_not_found")

    def _tools(self, agent: Agent, chat: codec.ChatRequest) -> TurnTools:
        call = IncomingCall(chat.call_id, chat.caller, chat.called, "custom-llm")
        return TurnTools(agent.tools, agent.limits, call, self._clock, self._services(call))

    async def _agent(self, name: str, chat: codec.ChatRequest) -> Agent | None:
        """The agent for a request, or None on failure (logged).

        An agent function runs once per call id; concurrent requests of the call wait for it. Without a call id it runs
        for each request."""
        source = self._agents[name]
        if isinstance(source, Agent):
            return source
        if not chat.call_id:
            return await self._choose(source, chat)
        lock = self._choosing.setdefault((chat.call_id, name), asyncio.Lock())
        async with lock:
            agent = self.store.agent(chat.call_id, name) or await self._choose(source, chat)
            if agent is not None:
                self.store.remember_agent(chat.call_id, name, agent)
            return agent

    async def _choose(self, source: Callable[[IncomingCall], object], chat: codec.ChatRequest) -> Agent | None:
        call = IncomingCall(chat.call_id, chat.caller, chat.called, "custom-llm")
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
            choice = choice.fallback  # a managed agent has its LLM on the platform
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
    answer = error(401, "wrong or missing key", "invalid_request_error", "invalid_api_key")
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
