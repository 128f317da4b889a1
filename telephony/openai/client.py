"""Chat Completions over the OpenAI SDK, for OpenAI and for compatible servers.

One client serves all calls of the process. It keeps idle connections for 120 s (the SDK's 5 s are shorter than a
conversation turn, so each turn would need a handshake), over HTTP/1.1 (a cancelled HTTP/2 stream is never reset). The
SDK's own retries are off, because they may wait silently for two minutes. Instead a request is retried once, at once,
provided that no text was yielded yet. There are two deadlines: to the first chunk, and between chunks; the SDK has
only the second kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import structlog
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

from telephony.clock import Clock
from telephony.contracts.llm import LlmEvent, LlmRequest
from telephony.errors import ProviderError, ProviderMisbehaved, ProviderRefused, ProviderTimeout, ProviderUnavailable
from telephony.log_redaction import said
from telephony.openai.codec import Answer, error_for, refused_field, request_body

log = structlog.get_logger()


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
    ) -> None:
        host = urlsplit(base_url).hostname or ""
        self._own_host = host == "api.openai.com" or host.endswith(".api.openai.com")
        loopback = host in ("127.0.0.1", "localhost", "::1")
        self._http = DefaultAsyncHttpx2Client(
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=100, keepalive_expiry=120),
            timeout=httpx2.Timeout(connect=3, read=30, write=5, pool=2),
            trust_env=not loopback,
            follow_redirects=False,  # the SDK's default would take the conversation to another host
        )

        self._client = AsyncOpenAI(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            http_client=self._http,
            timeout=httpx2.Timeout(connect=3, read=30, write=5, pool=2),
        )
        self._key = api_key
        self._model, self._effort, self._token_field = model, effort, token_field
        self._clock, self._first_token_ms, self._gap_ms = clock, first_token_ms, gap_ms
        self._without: dict[str, frozenset[str]] = {}  # model -> fields that its server has refused

    async def warm(self) -> None:
        """Opens two connections, so that after a barge-in, which discards the one in use, the next turn has a spare.

        Also runs the SDK once without network, because its setup for a first answer takes some 60 ms."""
        await asyncio.gather(self._open_connection(), self._open_connection())
        await _warm_sdk()

    async def close(self) -> None:
        await self._client.close()

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        """See `Llm`."""
        tries, yielded = 2, False
        while True:
            body = self._body(request)
            try:
                async for event in self._once(body):
                    yielded = True
                    yield event
                return
            except _FieldRefused as refusal:
                model = str(body["model"])
                self._without[model] = self._without.get(model, frozenset()) | {refusal.field}
                log.info("llm_field_dropped", field=refusal.field, model=model)
            except ProviderError as error:
                tries -= 1
                once_more = isinstance(error, ProviderUnavailable | ProviderTimeout) and tries and not yielded
                log.info("llm_failed", code=error.code, again=bool(once_more), **said(str(error), self._key))
                if not once_more:
                    raise

    # --- inside -----------------------------------------------------------------------------------------------------

    def _body(self, request: LlmRequest) -> dict[str, Any]:
        return request_body(
            request,
            model=self._model,
            effort=self._effort,
            token_field=self._token_field,
            own_host=self._own_host,
            without=self._without.get(request.model or self._model, frozenset()),
        )

    async def _once(self, body: dict[str, Any]) -> AsyncIterator[LlmEvent]:
        answer = Answer()
        try:
            async with self._clock.timeout(self._first_token_ms) as first:
                stream = await self._client.chat.completions.create(**body)
                async with stream:
                    _check_is_stream(stream)
                    chunks = stream.__aiter__()
                    while (chunk := await anext(chunks, None)) is not None:
                        first.reschedule(None)
                        for event in answer.add(_plain(chunk)):
                            yield event
                        first.reschedule(self._deadline())
        except TimeoutError:
            what = "no first token in time" if not answer.chunks else "the stream stalled"
            raise ProviderTimeout(what, provider="openai") from None
        except openai.APITimeoutError as error:
            raise ProviderTimeout(str(error), provider="openai") from error
        except openai.APIConnectionError as error:
            raise ProviderUnavailable(str(error), provider="openai") from error
        except openai.APIStatusError as error:
            raise _status_error(error, body) from error
        except openai.APIError as error:
            raise error_for(None, error.code or "", error.message, error.param) from error
        except (ValueError, openai.OpenAIError) as error:
            raise ProviderMisbehaved(f"malformed answer: {error}"[:200], provider="openai") from error
        if not answer.chunks:
            raise ProviderMisbehaved("the answer has no chunks", provider="openai")
        for event in answer.end():
            yield event

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._clock.real_seconds(self._gap_ms)

    async def _open_connection(self) -> None:
        try:
            async with self._clock.timeout(5_000):
                await self._client.models.list()
        except (openai.OpenAIError, ValueError, TimeoutError) as error:
            log.info("llm_warm_up_failed", detail=type(error).__name__)


async def _warm_sdk() -> None:
    """Runs a canned answer through the whole SDK, without network."""
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=_SSE, content=_CANNED))
    http = httpx2.AsyncClient(transport=transport, trust_env=False)
    try:
        async with AsyncOpenAI(api_key="none", base_url="http://rehearsal/v1", http_client=http) as client:
            message: Any = {"role": "user", "content": "?"}
            async for chunk in await client.chat.completions.create(model="none", messages=[message], stream=True):
                _plain(chunk)
    except (openai.OpenAIError, ValueError) as error:
        log.info("llm_warm_up_failed", detail=type(error).__name__)


_SSE = {"content-type": "text/event-stream"}
_CANNED = (
    b'data: {"id": "r", "object": "chat.completion.chunk", "created": 0, "model": "none", "choices": [{"index": 0, '
    b'"delta": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


class _FieldRefused(ProviderRefused):
    """The server refused a field that the request does not need."""

    def __init__(self, field: str) -> None:
        super().__init__(field, provider="openai")
        self.field = field


def _status_error(error: openai.APIStatusError, body: dict[str, Any]) -> ProviderError:
    if field := refused_field(error.status_code, error.message, error.param, body):
        return _FieldRefused(field)
    return error_for(error.status_code, error.code or "", error.message, error.param)


def _check_is_stream(stream: Any) -> None:
    kind = stream.response.headers.get("content-type", "")
    if "text/event-stream" not in kind:  # otherwise JSON or HTML with status 200 would look like an empty stream
        raise ProviderMisbehaved(f"not a stream but {kind[:60]!r}", provider="openai")


def _plain(chunk: Any) -> dict[str, Any]:
    if isinstance(chunk, dict):
        return chunk
    if not hasattr(chunk, "model_dump"):
        raise ProviderMisbehaved("a chunk is not an object", provider="openai")
    plain: dict[str, Any] = chunk.model_dump(exclude_unset=True, warnings=False)
    return plain
