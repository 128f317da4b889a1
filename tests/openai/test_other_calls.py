"""No request of one call delays another for long (5 ms on an idle machine), whatever the length of its history and of
its answer. The limit is a multiple of other work in the same run: this machine may be slow, or busy."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime

import pytest

from telephony.agent import Agent
from telephony.clock import Clock
from telephony.contracts.llm import LlmRequest
from telephony.core.history import AgentSaid, CallerSaid, History, ToolUsed
from telephony.errors import ProviderMisbehaved
from telephony.openai.bodies import MAX_LINE_BYTES
from telephony.openai.client import PAUSE_BYTES, OpenAiChat, encoded
from telephony.openai.habits import Habits
from telephony.openai.shapes import Shape
from telephony.runtime.reply import Facts, reply
from telephony.testing.fakes.openai.server import LlmLatency, LocalOpenAi, Part, Raw, Say
from telephony.tools import Toolbox

REFERENCE = [{"role": "user", "content": "word " * 40, "number": number} for number in range(1_000)]
"""As JSON, about a millisecond of work. Without pauses, 5,000 tool results took 2,000 times that."""
LIMIT = 8
"""The longest turn, in multiples of that work."""
TALK: History = tuple(item for n in range(100) for item in (CallerSaid(f"{n} " * 20), AgentSaid(f"{n} " * 40)))
TOOLS: History = (*(ToolUsed(f"c{n}", "book", '{"day": 1}', "result " * 100) for n in range(5_000)), CallerSaid("so"))
WORDS = Raw.deltas(*({"content": "word ", "padding": "x" * 200} for _ in range(3_000)))
BLOCKS = Raw.deltas(*({"content": "word " * 1_000} for _ in range(15)))


@contextmanager
def server_elsewhere(part: Part) -> Iterator[str]:
    """A server with an event loop of its own, so that its work does not count. Yields its address."""
    ready, stop = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve() -> None:
        latency = LlmLatency(first_token_ms=0, tokens_per_s=1e9)
        async with LocalOpenAi(clock=Clock(), responder=lambda body: [part], latency=latency) as server:
            found.append(server.base_url)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        stop.set()
        thread.join()


def reference() -> float:
    """CPU seconds of the reference work."""
    began = time.thread_time()
    json.dumps(REFERENCE)
    return time.thread_time() - began


async def longest_turn(client: OpenAiChat, history: History) -> float:
    """The longest CPU time of this thread, in seconds, between two turns of another task."""
    longest, done = 0.0, asyncio.Event()

    async def other_call() -> None:
        nonlocal longest
        last = time.thread_time()
        while not done.is_set():
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, last = max(longest, now - last), now

    async with asyncio.TaskGroup() as group:
        group.create_task(other_call())
        replying = reply(Agent(prompt="P"), history, client, Toolbox(), Facts(datetime.now(UTC)))
        async with aclosing(replying) as parts:
            async for _ in parts:
                pass
        done.set()
    return longest


@pytest.mark.parametrize(
    ("history", "part", "shape"),
    [
        (TALK, Say("Yes."), Shape.AS_IS),
        (TOOLS, Say("Yes."), Shape.AS_IS),
        (TOOLS[-2_000:], Say("Yes."), Shape.PLAIN),
        (TALK, WORDS, Shape.AS_IS),
        (TALK, BLOCKS, Shape.AS_IS),
    ],
    ids=["200 messages", "5,000 tool results", "2,000 in one message", "3,000 chunks of a megabyte", "long chunks"],
)
async def test_other_calls_get_their_turn(history: History, part: Part, shape: Shape) -> None:
    """The best of several, because the first run in a process also loads code."""
    with server_elsewhere(part) as url:
        client = OpenAiChat(
            api_key="local", base_url=url, model="m", effort=None, token_field="max_tokens", clock=Clock()
        )
        await client.warm()
        client._habits["m"] = Habits(shape=shape)
        found = [(await longest_turn(client, history)) / reference() for _ in range(5)]
        await client.close()
    assert min(found) < LIMIT, found


async def test_an_answer_without_line_breaks_is_bounded() -> None:
    """It would be decoded in one go."""
    with server_elsewhere(Raw.deltas({"content": "x" * (MAX_LINE_BYTES + 1)})) as url:
        client = OpenAiChat(
            api_key="local", base_url=url, model="m", effort=None, token_field="max_tokens", clock=Clock()
        )
        async with aclosing(client.stream(LlmRequest(({"role": "user", "content": "hello"},)))) as events:
            with pytest.raises(ProviderMisbehaved, match="too long"):
                await anext(events)
        await client.close()


async def test_a_long_request_is_whole() -> None:
    """In blocks, it is the same JSON."""
    for count in (0, 1, 3_000):
        body = {"model": "m", "messages": [{"role": "user", "content": f"é {n} \ud83d" * 9} for n in range(count)]}
        blocks = await encoded(body)
        assert (len(blocks) > 1) is (count == 3_000)
        read = json.loads(b"".join(blocks))
        assert [m["content"] for m in read["messages"]] == [f"é {n} " * 9 for n in range(count)]
        assert read["model"] == "m"


@pytest.mark.parametrize("times", [0, PAUSE_BYTES // 3, PAUSE_BYTES])
async def test_a_request_is_the_same_bytes_in_pieces(times: int) -> None:
    """The prompt caches of servers compare bytes."""
    call = {"id": "a", "function": {"name": "f", "arguments": '{"content": ""}'}}
    messages = [
        {"role": "user", "content": '"content": ""\n\\é' * times},
        {"role": "assistant", "content": "x" * times, "tool_calls": [call]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    body = {"model": "m", "messages": messages}
    assert b"".join(await encoded(body)) == json.dumps(body, ensure_ascii=False).encode()
