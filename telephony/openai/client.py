"""Chat Completions over the OpenAI SDK, for OpenAI and for compatible servers.

One client serves all calls of the process. It keeps idle connections for 120 s (the SDK's 5 s are shorter than a
conversation turn, so each turn would need a handshake), over HTTP/1.1 (a cancelled HTTP/2 stream is never reset). The
SDK's own retries are off, because they may wait silently for two minutes. Instead a request is retried once, at once,
provided that no text was yielded yet. There are two deadlines: to the first chunk, and between chunks; the SDK has
only the second kind.

One request must not delay other calls. The SDK's conversion of a request takes time quadratic in its messages, without
a pause, and its models of chunks are taken apart again at once. So a request is encoded here, message by message, and
the answer is read here, as bytes (`events.py`); both pause for others every few milliseconds. What a server sends is
bounded. The SDK is what finds the server, signs in, and knows what its refusals mean.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import structlog
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

from telephony.clock import Clock
from telephony.contracts.llm import Finished, LlmEvent, LlmRequest
from telephony.errors import ProviderError, ProviderMisbehaved, ProviderRefused, ProviderTimeout, ProviderUnavailable
from telephony.log_redaction import said
from telephony.network.tls import tls
from telephony.openai.bodies import bound, refusal_words
from telephony.openai.codec import Answer, effort_problem, error_for, request_body
from telephony.openai.events import Events, StreamFailed
from telephony.openai.habits import TRIAL, Habits, Refusal

log = structlog.get_logger()

TRIAL_MS = 5_000
PAUSE_WORK, PAUSE_BYTES = 3_000, 50_000
"""How much is read (see `Answer.work`) or written before others get their turn: one or two milliseconds of work."""
_TIMEOUT = httpx2.Timeout(connect=3, read=None, write=5, pool=2)
"""Without one for each read, which would cost a timer each time: whoever reads here has a limit of their own."""
DRAIN_S = 0.1
"""As long as the SDK waits for the end of an answer after its last event."""


class OpenAiChat:
    """An `Llm` (see `contracts/llm.py`). May be created outside an event loop; close it in the loop that used it."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        model: str,
        effort: str | None,
        token_field: str,
        clock: Clock,
        first_token_ms: int = 5_000,
        gap_ms: int = 8_000,
        identity_key: bytes = b"",
    ) -> None:
        host = urlsplit(base_url).hostname or ""
        self._own_host = host == "api.openai.com" or host.endswith(".api.openai.com")
        loopback = host in ("127.0.0.1", "localhost", "::1")
        self._http = DefaultAsyncHttpx2Client(
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=120),
            timeout=_TIMEOUT,
            trust_env=not loopback,
            verify=tls(trust_env=not loopback),
            event_hooks={"response": [bound]},
            follow_redirects=False,  # the SDK's default would take the conversation to another host
        )
        self._client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            http_client=self._http,
            timeout=_TIMEOUT,
        )
        self._key = api_key
        self._model, self._effort, self._token_field = model, effort, token_field
        self._clock, self._first_token_ms, self._gap_ms = clock, first_token_ms, gap_ms
        self._identity_key = identity_key
        self._habits: dict[str, Habits] = {}  # by model

    async def warm(self) -> None:
        """Opens two connections, so that after a barge-in, which discards the one in use, the next turn has a spare.

        Also runs the SDK once without network, because its setup for a first answer takes some 60 ms."""
        await asyncio.gather(self._open_connection(), self._open_connection())
        await _warm_sdk()

    async def try_out(self, model: str = "", effort: str | None = None) -> None:
        """Asks a model (and effort; see `effort_problem`) one small question, to learn whether it begins inside its
        reasoning. Otherwise the first caller waits for the end of the first answer, which would show it. OpenAI's own
        models do not. Never raises; without an answer in time nothing is learned."""
        if self._own_host:
            return
        try:
            request = replace(TRIAL, model=model, effort=effort)
            async with self._clock.timeout(TRIAL_MS), aclosing(self.stream(request)) as events:
                async for _ in events:
                    pass
        except ProviderRefused as error:  # each call's requests will be
            log.warning("llm_trial_refused", model=model or self._model, **said(str(error), self._key))
        except (ProviderError, TimeoutError) as error:
            log.info("llm_warm_up_failed", detail=type(error).__name__)

    def effort_problem(self, model: str, effort: str | None) -> str:
        """What is wrong with an agent's `model` and `effort` ("" and None: the settings'), in a sentence, or ""."""
        chosen = effort if effort is not None else self._effort
        return effort_problem(model or self._model, chosen) if self._own_host else ""

    async def refuses_key(self) -> bool:
        """Whether the server says that the key is not one of its own. A key that may not list models is good."""
        try:
            async with self._clock.timeout(5_000):
                await self._client.get("/models", cast_to=httpx2.Response)
        except openai.AuthenticationError as error:
            return error.code == "invalid_api_key" or not any(w in error.message for w in ("scope", "permission"))
        except (openai.OpenAIError, ValueError, TimeoutError):
            return False
        return False

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        """See `Llm`."""
        tries, may_grow = 2, True
        habits = self._habits.setdefault(request.model or self._model, Habits())
        while True:
            answer, body, reserve = self._answer(request, habits), self._body(request, habits), habits.reserve
            try:
                async with aclosing(self._once(body, answer, habits)) as events:
                    async for event in events:
                        eaten = isinstance(event, Finished) and answer.eaten and self._token_field in body
                        if eaten:
                            limit = body[self._token_field]
                            log.warning("llm_limit_used_up_by_reasoning", model=body["model"], limit=limit)
                            if may_grow and habits.more_tokens(reserve):
                                break
                        yield event
                    else:
                        return
                may_grow = False
            except (_Refused, ProviderError) as failed:
                error = failed.error if isinstance(failed, _Refused) else failed
                change = habits.learn(failed.refusal, body, self._own_host) if isinstance(failed, _Refused) else ""
                if change:
                    log.warning("llm_request_adapted", change=change, model=body["model"])
                    continue
                tries -= 1
                once_more = isinstance(error, ProviderUnavailable | ProviderTimeout) and tries and not answer.begun
                status = {"status": failed.refusal.status} if isinstance(failed, _Refused) else {}
                log.info("llm_failed", code=error.code, again=bool(once_more), **status, **said(str(error), self._key))
                if not once_more:
                    for event in answer.broken():
                        yield event
                    raise error from None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _body(self, request: LlmRequest, habits: Habits) -> dict[str, Any]:
        return request_body(
            request,
            model=self._model,
            effort=self._effort,
            token_field=self._token_field,
            own_host=self._own_host,
            habits=habits,
            identity_key=self._identity_key,
        )

    def _answer(self, request: LlmRequest, habits: Habits) -> Answer:
        names = [tool["function"]["name"] for tool in request.tools if "function" in tool]
        unopened = False if self._own_host else habits.unopened
        return Answer(names, number=len(request.messages), unopened=unopened)

    async def _once(self, body: dict[str, Any], answer: Answer, habits: Habits) -> AsyncGenerator[LlmEvent, None]:
        kind = ""
        try:
            async with (
                self._clock.timeout(self._first_token_ms) as limit,
                self._answered(await encoded(body)) as response,
            ):
                habits.worked()
                kind = response.headers.get("content-type", "")
                events, received, paused = Events(), response.aiter_bytes(), 0
                async for piece in received:
                    for chunk in events.add(piece):
                        limit.reschedule(None)
                        for event in answer.add(chunk):
                            yield event
                        if answer.work > paused + PAUSE_WORK:
                            paused = answer.work
                            await asyncio.sleep(0)
                        limit.reschedule(self._deadline())
                    if events.done:
                        break
                await _drain(received)
        except TimeoutError:
            what = "no first token in time" if not answer.chunks else "the stream stalled"
            raise ProviderTimeout(what, provider="openai") from None
        except (openai.APITimeoutError, httpx2.TimeoutException) as error:
            raise ProviderTimeout(str(error), provider="openai") from error
        except (openai.APIConnectionError, httpx2.RequestError) as error:
            raise ProviderUnavailable(str(error), provider="openai") from error
        except openai.APIStatusError as error:
            raise _Refused(error) from error
        except StreamFailed as error:
            raise error_for(None, error.code, error.message, error.param) from error
        except (ValueError, RecursionError, openai.OpenAIError) as error:
            raise ProviderMisbehaved(f"malformed answer: {error}"[:200], provider="openai") from error
        if not answer.chunks:
            raise ProviderMisbehaved(f"the answer has no chunks: {kind[:60]!r}", provider="openai")
        for event in answer.end():
            yield event
        if answer.unopened is not None:
            habits.unopened = habits.unopened or answer.unopened

    @asynccontextmanager
    async def _answered(self, blocks: list[bytes]) -> AsyncIterator[httpx2.Response]:
        """The answer to a request: its headers have come, its body is read by whoever asks."""
        response = await _post(self._client, "/chat/completions", blocks)
        try:
            yield response
        finally:
            await response.aclose()

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._clock.real_seconds(self._gap_ms)

    async def _open_connection(self) -> None:
        try:
            async with self._clock.timeout(5_000):
                await self._client.get("/models", cast_to=httpx2.Response)
        except (openai.OpenAIError, ValueError, TimeoutError) as error:
            log.info("llm_warm_up_failed", detail=type(error).__name__)


async def _warm_sdk() -> None:
    """Runs a canned answer through the SDK as far as it is used, without network."""
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=_SSE, content=_CANNED))
    http = httpx2.AsyncClient(transport=transport, trust_env=False)
    try:
        async with AsyncOpenAI(api_key="none", base_url="http://rehearsal/v1", http_client=http) as client:
            response = await _post(client, "/", [b"{}"])
            async for piece in response.aiter_bytes():
                deque(Events().add(piece))
    except (openai.OpenAIError, ValueError, ProviderError) as error:
        log.info("llm_warm_up_failed", detail=type(error).__name__)


_SSE = {"content-type": "text/event-stream"}
_CANNED = (
    b'data: {"id": "r", "object": "chat.completion.chunk", "created": 0, "model": "none", "choices": [{"index": 0, '
    b'"delta": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


class _Refused(Exception):
    """An answer with an error status: the server's `refusal`, and the `error` that it means."""

    def __init__(self, error: openai.APIStatusError) -> None:
        super().__init__(error.status_code)
        message, param = refusal_words(error), error.param if isinstance(error.param, str) else None
        self.refusal = Refusal(error.status_code, message, param)
        self.error = error_for(error.status_code, error.code or "", message, param)


async def encoded(body: dict[str, Any]) -> list[bytes]:
    """The body as JSON, in blocks: one of several megabytes would take milliseconds to put together. Half a surrogate
    pair that got this far is left out, rather than fail the request."""
    head = {name: value for name, value in body.items() if name != "messages"}
    blocks, block, work = list[bytes](), [_json(head)[:-1], b', "messages": ['], 0
    for number, message in enumerate(body["messages"]):
        block.append(b", " if number else b"")
        work += 200  # what a short message costs
        for piece in _pieces(message):
            block.append(piece)
            work += len(piece)
            if work > PAUSE_BYTES:
                blocks.append(b"".join(block))
                block, work = [], 0
                await asyncio.sleep(0)
    return [*blocks, b"".join((*block, b"]}"))]


def _pieces(message: dict[str, Any]) -> Iterator[bytes]:
    """The message as JSON: a long text, such as several messages in one, in pieces."""
    text = message.get("content")
    if not isinstance(text, str) or len(text) <= PAUSE_BYTES:
        yield _json(message)
        return
    before, after = _json(message | {"content": ""}).split(b'"content": ""', 1)
    yield before + b'"content": "'
    for at in range(0, len(text), PAUSE_BYTES):
        yield _json(text[at : at + PAUSE_BYTES])[1:-1]
    yield b'"' + after


async def _post(client: AsyncOpenAI, path: str, blocks: list[bytes]) -> httpx2.Response:
    """The SDK's own way to a response that it has not touched. Raises what the SDK raises for a refusal."""
    streams: bool = True  # not Literal[True]: that is declared to need a class of the SDK's that reads the stream
    response: httpx2.Response = await client.post(
        path,
        content=blocks[0] if len(blocks) == 1 else _sent(blocks),
        options={"headers": {"Content-Type": "application/json", "Content-Length": str(sum(map(len, blocks)))}},
        cast_to=httpx2.Response,
        stream=streams,
    )
    return response


async def _drain(received: AsyncIterator[bytes]) -> None:
    """Reads what follows the last event, as a rule nothing: only then can the connection be used again. The answer is
    complete, whatever comes."""
    with suppress(TimeoutError, httpx2.RequestError, ProviderMisbehaved):
        async with asyncio.timeout(DRAIN_S):
            async for _ in received:
                pass


async def _sent(blocks: list[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
        await asyncio.sleep(0)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "ignore")
