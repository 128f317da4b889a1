"""What servers answer with, over real sockets: streams with any label, whole answers, and errors of several forms."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from telephony.clock import Clock
from telephony.contracts.llm import Finished, LlmRequest, TextDelta, ToolCall
from telephony.errors import ProviderError, ProviderMisbehaved, ProviderRefused, ProviderUnavailable
from telephony.observe.logs import configure
from telephony.openai.client import OpenAiChat

SAID = "We open at nine."


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def events(*chunks: dict[str, Any], end: str = "\n\n", before: str = "data: ") -> bytes:
    return "".join(f"{before}{one}{end}" for one in (*map(json.dumps, chunks), "[DONE]")).encode()


def whole(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


ANSWER = (chunk(role="assistant", content=""), chunk(content="We open "), chunk(content="at nine."), chunk("stop"))
WHOLE = whole({"role": "assistant", "content": SAID})
CALL = {"id": "a", "type": "function", "function": {"name": "hours", "arguments": "{}"}}


@asynccontextmanager
async def server(*answers: tuple[int, str, bytes]) -> AsyncIterator[tuple[OpenAiChat, list[dict[str, Any]]]]:
    """A client of a server that gives these answers (status, content type, body), the last one again and again; and
    the bodies of the requests."""
    left, asked = list(answers), list[dict[str, Any]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "content-length:" in head:
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            asked.append(json.loads(await reader.readexactly(length)))
        status, kind, body = left.pop(0) if len(left) > 1 else left[0]
        label = f"Content-Type: {kind}\r\n" if kind else ""
        writer.write(f"HTTP/1.1 {status} x\r\n{label}Connection: close\r\n\r\n".encode() + body)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = OpenAiChat(
        api_key="local",
        base_url=f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1",
        model="m",
        effort=None,
        token_field="max_tokens",
        clock=Clock(),
    )
    async with asyncio.timeout(30), listening:
        try:
            yield client, asked
        finally:
            await client.close()


async def said(client: OpenAiChat) -> tuple[str, list[str]]:
    """The text of an answer, and the names of its calls."""
    request = LlmRequest(({"role": "user", "content": "When do you open?"},), tools=({"type": "function"},))
    found = [event async for event in client.stream(request)]
    assert isinstance(found[-1], Finished)
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    return text, [event.name for event in found if isinstance(event, ToolCall)]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/event-stream", events(*ANSWER)),
        ("Text/Event-Stream; Charset=UTF-8", events(*ANSWER)),
        ("text/plain; charset=utf-8", events(*ANSWER)),
        ("application/octet-stream", events(*ANSWER)),
        ("application/json", events(*ANSWER)),
        ("application/x-ndjson", events(*ANSWER)),
        ("", events(*ANSWER)),
        ("text/html", events(*ANSWER)),
        ("text/event-stream", b"\xef\xbb\xbf" + events(*ANSWER)),
        ("text/event-stream", b"\r\n\r\n" + events(*ANSWER, end="\r\n\r\n")),
        ("text/plain", events(*ANSWER, before="event: message\ndata:")),
        ("text/plain", b": a comment\n\n" + events(*ANSWER)),
        ("application/json", json.dumps(WHOLE).encode()),
        ("application/json", json.dumps(WHOLE, indent=2).encode()),
        ("application/json", json.dumps(WHOLE, indent=2).replace("\n", "\r\n").encode()),
        ("application/json", b"\xef\xbb\xbf\n" + json.dumps(WHOLE).encode() + b"\n"),
        ("text/event-stream", json.dumps(WHOLE).encode()),
        ("", json.dumps(WHOLE).encode()),
        ("application/json", json.dumps(whole({"content": [{"type": "text", "text": SAID}]})).encode()),
        ("application/json", json.dumps({"choices": [{"text": SAID, "finish_reason": "stop"}]}).encode()),
    ],
)
async def test_an_answer_is_read_by_what_it_holds(kind: str, body: bytes) -> None:
    """Not by its label; and a server that cannot stream is understood."""
    async with server((200, kind, body)) as (client, asked):
        assert await said(client) == (SAID, [])
        assert len(asked) == 1


@pytest.mark.parametrize("after", [b"", b": goodbye\n\n", b"x" * 600_000, b"\n" * 6_000])
async def test_an_answer_is_complete_with_its_last_event(after: bytes) -> None:
    """Even if the connection breaks then, or what follows is too long."""
    async with server((200, "text/event-stream\r\nContent-Length: 999999", events(*ANSWER) + after)) as (client, asked):
        assert await said(client) == (SAID, [])
        assert len(asked) == 1


@pytest.mark.parametrize(("kind", "body"), [("text/plain", b"ok"), ("application/json", b"["), ("", b"")])
async def test_a_server_need_not_list_its_models(kind: str, body: bytes) -> None:
    """Connections are opened with that question; its answer does not matter."""
    async with server((200, kind, body)) as (client, _):
        await client.warm()
        assert not await client.refuses_key()


async def test_a_whole_answer_may_hold_calls() -> None:
    """Of the form that answers without streaming have."""
    body = json.dumps(whole({"content": None, "tool_calls": [CALL]}, "tool_calls")).encode()
    async with server((200, "application/json", body)) as (client, _):
        assert await said(client) == ("", ["hours"])


async def test_a_whole_answer_of_many_blocks() -> None:
    """It may be longer than what is read at once."""
    long = "We open at nine. " * 1_000
    async with server((200, "application/json", json.dumps(whole({"content": long}), indent=1).encode())) as (
        client,
        _,
    ):
        assert await said(client) == (long, [])


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("text/html", b"<html><body>Bad gateway</body></html>", ProviderMisbehaved),
        ("text/event-stream", b"<html><body>Bad gateway</body></html>", ProviderMisbehaved),
        ("text/plain", b"upstream error", ProviderMisbehaved),
        ("application/json", b"", ProviderMisbehaved),
        ("application/json", b"[]", ProviderMisbehaved),
        ("application/json", b'{"choices": [', ProviderMisbehaved),
        ("application/json", b'{"error": {"message": "the model is being loaded"}}', ProviderUnavailable),
    ],
)
async def test_what_is_no_answer_is_an_error(kind: str, body: bytes, error: type[ProviderError]) -> None:
    """It never looks like an empty answer."""
    async with server((200, kind, body)) as (client, _):
        with pytest.raises(error):
            await said(client)


REFUSES = "Extra inputs are not permitted"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"stream_options: {REFUSES}"}},
        {"error": f"stream_options: {REFUSES}"},
        {"message": f"stream_options: {REFUSES}"},
        {"object": "error", "message": f"stream_options: {REFUSES}", "code": 400},
        {"detail": f"stream_options: {REFUSES}"},
        {"detail": {"message": f"stream_options: {REFUSES}"}},
        {"detail": {"error": f"stream_options: {REFUSES}"}},
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": REFUSES, "input": {}}]},
        {"msg": f"stream_options: {REFUSES}"},
        [{"error": {"code": 400, "message": f"stream_options: {REFUSES}", "status": "INVALID_ARGUMENT"}}],
        f"stream_options: {REFUSES}",
    ],
)
async def test_a_refusal_is_understood_in_each_form(body: object) -> None:
    """The field it names is left out at the second try, and nothing else changes."""
    refusal = (400, "application/json", json.dumps(body).encode())
    async with server(refusal, (200, "text/event-stream", events(*ANSWER))) as (client, asked):
        client._own_host = True  # only OpenAI itself is sent the field
        assert await said(client) == (SAID, [])
        first, second = asked
        assert {**first} == {**second, "stream_options": first["stream_options"]}


async def test_the_fields_that_a_refusal_quotes_are_not_what_it_refuses() -> None:
    """A list of problems may quote the whole request."""
    quoted = {"stream_options": {}, "verbosity": "low"}
    problem = {"loc": ["body", "prompt_cache_key"], "msg": REFUSES, "input": quoted}
    refusal = (422, "application/json", json.dumps({"detail": [problem]}).encode())
    async with server(refusal, (400, "text/plain", b"no")) as (client, asked):
        client._own_host = True
        with pytest.raises(ProviderRefused, match="400"):
            async for _ in client.stream(LlmRequest(({"role": "user", "content": "Hi"},), cache_key="k")):
                pass
        assert [set(one) & {"prompt_cache_key", *quoted} for one in asked] == [{"prompt_cache_key", *quoted}, {*quoted}]


async def test_the_log_says_with_which_status_a_request_was_refused() -> None:
    """A number in a stranger's text is not logged, and without it nobody knows what went wrong."""
    out = io.StringIO()
    configure("info", "json", pii=False, stream=out)
    async with server((404, "text/plain", b"404 page not found")) as (client, _):
        with pytest.raises(ProviderRefused, match="page not found"):
            await said(client)
        await client.try_out()
    structlog.reset_defaults()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["status"] for line in lines if line["event"] == "llm_failed"] == [404, 404]
    assert [line["level"] for line in lines if line["event"] == "llm_trial_refused"] == ["warning"]
