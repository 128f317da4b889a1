"""The chat client against a local server on real sockets, with its faults."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
import structlog
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from telephony.contracts.llm import Finished, LlmEvent, LlmRequest, TextDelta, ToolCall
from telephony.errors import ProviderBusy, ProviderError, ProviderMisbehaved, ProviderRefused, ProviderTimeout
from telephony.observe.logs import configure
from telephony.openai.client import OpenAiChat
from telephony.testing.fakes.openai.server import CallTool, LocalOpenAi, Part, Say, scripted
from telephony.testing.steady import SteadyClock

REQUEST = LlmRequest(messages=({"role": "user", "content": "hello"},), tools=({"type": "function"},), max_tokens=100)


@asynccontextmanager
async def chat(
    replies: list[list[Part]] | None = None,
    *,
    api_key: str = "local",
    effort: str = "none",
    token_field: str = "max_completion_tokens",
    first_token_ms: int = 5_000,
    gap_ms: int = 8_000,
) -> AsyncIterator[tuple[OpenAiChat, LocalOpenAi]]:
    """A client and the local server it is connected to."""
    clock = SteadyClock(10)
    async with (
        asyncio.timeout(60),
        LocalOpenAi(clock=clock, responder=scripted(replies) if replies else None) as server,
    ):
        client = OpenAiChat(
            api_key=api_key, base_url=server.base_url, model="m", effort=effort, token_field=token_field, clock=clock,
            first_token_ms=first_token_ms, gap_ms=gap_ms,
        )  # fmt: skip
        try:
            yield client, server
        finally:
            await client.close()


async def collect(client: OpenAiChat, request: LlmRequest = REQUEST) -> list[LlmEvent]:
    async with aclosing(client.stream(request)) as events:
        return [event async for event in events]


def text(events: list[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_text_then_finished() -> None:
    """Text in pieces, then exactly one Finished."""
    async with chat([[Say("Hello there, caller.")]]) as (client, _):
        events = await collect(client)
        assert text(events) == "Hello there, caller."
        assert [type(event) for event in events[-1:]] == [Finished]
        assert sum(isinstance(event, Finished) for event in events) == 1


@pytest.mark.parametrize("fault", ["", "missing_index", "duplicate_index", "object_arguments", "no_done"])
async def test_several_tool_calls_however_they_are_streamed(fault: str) -> None:
    """Index missing, index 0 for all, arguments as an object, no [DONE]: the same two calls result."""
    calls = [CallTool("book", {"day": "Friday", "people": 4}), CallTool("note", {"text": "window"})]
    async with chat([[Say("One moment. "), *calls]]) as (client, server):
        if fault:
            setattr(server.faults, fault, True)
        events = await collect(client)
        found = [(c.name, c.arguments) for c in events if isinstance(c, ToolCall)]
        assert found == [("book", '{"day": "Friday", "people": 4}'), ("note", '{"text": "window"}')]
        assert len({c.tool_call_id for c in events if isinstance(c, ToolCall)}) == 2
        assert text(events) == "One moment. "


async def test_think_tags_are_removed() -> None:
    """`<think>` blocks are removed from the text, however they are split into pieces."""
    async with chat([[Say("Hello.")]]) as (client, server):
        server.faults.think_text = "<think>the caller seems nice </think>"
        assert text(await collect(client)).strip() == "Hello."


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"hang_before_headers": True}, ProviderTimeout),
        ({"hang_mid_stream": True}, ProviderTimeout),
        ({"status": 500}, ProviderError),
        ({"status": 429, "retry_after_s": 100}, ProviderBusy),
        ({"status": 429, "code": "insufficient_quota"}, ProviderRefused),
        ({"status": 401}, ProviderRefused),
        ({"html_200": True}, ProviderMisbehaved),
        ({"cut_mid_stream": True}, ProviderError),
        ({"error_event": True}, ProviderError),
        ({"bad_json": True}, ProviderMisbehaved),
    ],
)
async def test_every_fault_raises_a_provider_error(
    faults: dict[str, bool | int | str], error: type[ProviderError]
) -> None:
    """Every fault of a server raises a ProviderError, without waiting for a Retry-After."""
    words: list[Part] = [Say("one two three four five six seven")]
    async with chat([words, words, words], first_token_ms=2_000, gap_ms=2_000) as (client, server):
        for name, value in faults.items():
            setattr(server.faults, name, value)
        with pytest.raises(error):
            await collect(client)


async def test_one_retry_and_only_before_any_text() -> None:
    """A 500 is retried once; a stream that breaks after text is not, or the caller would hear it twice."""
    async with chat() as (client, server):
        server.faults.status = 500
        with pytest.raises(ProviderError):
            await collect(client)
        assert len(server.requests) == 2
        server.faults.status, server.faults.cut_mid_stream = 0, True
        with pytest.raises(ProviderError):
            await collect(client)
        assert len(server.requests) == 3


async def test_fields_that_a_server_refuses_are_dropped_and_remembered() -> None:
    """After a 400 that names an optional field, the request is sent without it, and so are later ones."""
    async with chat(effort="low") as (client, server):
        server.faults.unknown_param = "reasoning_effort"
        assert text(await collect(client))
        assert text(await collect(client))
        assert ["reasoning_effort" in body for body in server.requests] == [True, False, False]


async def test_cancelling_stops_the_server_at_once() -> None:
    """A barge-in: the server sees the disconnect, and the client remains usable."""
    async with chat([[Say("word " * 500)], [Say("Yes.")]]) as (client, server):
        began = asyncio.Event()

        async def read() -> None:
            async with aclosing(client.stream(REQUEST)) as events:
                async for _ in events:
                    began.set()

        task = asyncio.create_task(read())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.until(lambda: server.cancelled == 1)
        assert text(await collect(client)) == "Yes."


async def test_connections_are_kept_between_turns() -> None:
    """Turns need no handshake: warm connections are reused (the SDK by itself drops them after five seconds)."""
    async with chat() as (client, _):
        await client.warm()
        pool = client._http._transport._pool  # type: ignore[attr-defined]  # the pool is private to httpx2
        before = {id(connection) for connection in pool.connections}
        await collect(client)
        await collect(client)
        assert {id(connection) for connection in pool.connections} == before
        assert pool._keepalive_expiry == 120


async def test_the_request_suits_a_strict_server() -> None:
    """The configured token field, no temperature, and no OpenAI-only fields for other servers."""
    async with chat(token_field="max_tokens") as (client, server):
        await collect(client)
        [body] = server.requests
        assert body["max_tokens"] == 100
        assert not {"temperature", "max_completion_tokens", "verbosity", "stream_options"} & set(body)


async def test_the_local_server_is_valid_to_the_vendors_own_types() -> None:
    """Strict validation by the SDK, and no extra keys in any chunk."""
    replies: list[list[Part]] = [[Say("Hello."), CallTool("book", {"people": 2})]]
    async with asyncio.timeout(60), LocalOpenAi(clock=SteadyClock(20), responder=scripted(replies)) as server:
        client = AsyncOpenAI(api_key="local", base_url=server.base_url, _strict_response_validation=True)
        stream = await client.chat.completions.create(
            model="m", messages=[], stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            ChatCompletionChunk.model_validate(chunk.model_dump())
            assert not chunk.model_extra
        await client.close()


async def test_a_wrong_key_is_not_retried() -> None:
    """A refused key raises ProviderRefused at once."""
    async with chat(api_key="wrong") as (client, server):
        with pytest.raises(ProviderRefused):
            await collect(client)
        assert server.requests == []


@pytest.mark.parametrize(
    ("fault", "value", "sentence"),
    [("status", 400, "fault"), ("unknown_param", "messages", "Unknown parameter: messages"), ("status", 500, "fault")],
)
@pytest.mark.parametrize("pii", [False, True])
async def test_a_server_that_quotes_its_input_puts_neither_words_nor_key_in_the_log(
    fault: str, value: object, sentence: str, pii: bool
) -> None:
    """The sentence reaches the operator; the caller's words only where personal data is allowed, the key never."""
    out = io.StringIO()
    configure("debug", "json", pii=pii, stream=out)
    request = LlmRequest(messages=({"role": "user", "content": "I am Ada Lovelace, my pin is 1234"},))
    async with chat(api_key="local") as (client, server):
        server.faults.quote = True
        setattr(server.faults, fault, value)
        with pytest.raises(ProviderError) as caught:
            await collect(client, request)
    structlog.get_logger().exception("whatever", exc_info=caught.value)
    structlog.reset_defaults()
    text = re.sub(r'File \\"[^"]+"', "", out.getvalue())  # a path may hold any number
    assert sentence in text
    assert ("Ada Lovelace" in text) is pii
    assert ("1234" in text) is pii
    assert "Bearer local" not in text
    assert "local" not in str(caught.value)
