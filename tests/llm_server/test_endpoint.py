"""The endpoint on a real socket, used by OpenAI's own client and by plain HTTP."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import openai
import pytest
import structlog
from openai.types.chat import ChatCompletionMessageParam

from telephony.agent import Agent, IncomingCall
from telephony.core.policy import Wording
from telephony.llm_server.endpoint import Source
from telephony.runtime.reply import UNFINISHED
from telephony.testing.fakes.openai.server import CallTool, Part, Responder, Say, scripted
from telephony.tool_context import ToolContext, ToolFailed
from telephony.tools import tool
from tests.llm_server.requests import END_CALL, KEY, asking, sse, validated

booked: list[str] = []
begun, gate = asyncio.Event(), asyncio.Event()


@tool
async def book(day: str) -> str:
    """Book a table."""
    booked.append(day)
    begun.set()
    await gate.wait()
    return f"booked for {day}"


@tool(read_only=True)
def hours(day: str) -> str:
    """Opening hours."""
    booked.append(f"hours {day}")
    return "nine to five"


AGENT = Agent(prompt="P.", greeting="Hello!", tools=(book, hours), wording=Wording(filler=""))
ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "book a table"}]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """New events for each test: an event that was waited for belongs to one loop."""
    global begun, gate
    booked.clear()
    begun, gate = asyncio.Event(), asyncio.Event()
    gate.set()


def after_tool(text: str = "Done.") -> Responder:
    """An LLM that calls `book` with the caller's last word, and says `text` and the result after it."""

    def respond(body: dict[str, Any]) -> list[Part]:
        messages = [m for m in body["messages"] if m["role"] != "system"]
        if messages[-1]["role"] == "tool":
            return [Say(f"{text} {messages[-1]['content']}")]
        return [CallTool("book", {"day": messages[-1]["content"].split()[-1]})]

    return respond


async def test_text_is_streamed_as_by_openai() -> None:
    """The SDK accepts every chunk in strict validation; usage is sent if requested."""
    async with asking(AGENT, scripted([[Say("We open at nine.")]])) as ask:
        chunks = await ask.chunks(ASKED, stream_options={"include_usage": True}, max_tokens=-1)
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "We open at nine."
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert len({(c.id, c.created, c.model) for c in chunks}) == 1
        assert ask.upstream.requests[0]["messages"][0]["content"].startswith("P.")
        assert UNFINISHED not in str(ask.upstream.requests)  # the platform decides when the caller has finished


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions"])
async def test_the_stream_on_the_wire(path: str) -> None:
    """Headers that prevent buffering by proxies, one line per event, exact keys and `[DONE]`, on each path."""
    async with asking(AGENT, scripted([[Say("Nine.")]])) as ask:
        body = {"messages": ASKED, "stream": True, "unknown": [1]}
        response = await ask.http.post(ask.url + path, json=body, headers={"authorization": f"bearer {KEY}"})
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        for message in sse(response.text):
            validated(message)


async def test_whole_answers_and_models() -> None:
    """Without `stream` the answer is one object; the agents are listed as models."""
    async with asking({"anna": AGENT, "ben": AGENT}, scripted([[Say("Nine.")]])) as ask:
        whole = await ask.sdk.chat.completions.create(model="anna", messages=ASKED)
        assert whole.choices[0].message.content == "Nine."
        assert [m.id async for m in ask.sdk.models.list()] == ["anna", "ben"]


async def test_the_opening_turn_is_the_greeting() -> None:
    """Without any message of caller or agent the answer is the greeting, without an LLM request."""
    async with asking(AGENT) as ask:
        assert await ask.says([{"role": "system", "content": "Facts."}]) == "Hello!"
        assert ask.upstream.requests == []


async def test_the_key_is_checked() -> None:
    """A missing or wrong key is a 401 with OpenAI's error body."""
    async with asking(AGENT) as ask:
        with pytest.raises(openai.AuthenticationError) as caught:
            await ask.sdk.with_options(api_key="wrong").chat.completions.create(model="m", messages=ASKED)
        assert caught.value.code == "invalid_api_key"
        assert (await ask.http.get(ask.url + "/v1/models")).status_code == 401


async def test_which_agent_answers() -> None:
    """Path, then header, then model decide; an unknown name is a 404; an agent function runs once per call."""
    asked: list[IncomingCall] = []

    async def choose(call: IncomingCall) -> Agent:
        asked.append(call)
        return Agent(prompt="Chosen.")

    agents: dict[str, Source] = {"anna": Agent(prompt="Anna."), "ben": Agent(prompt="Ben."), "chosen": choose}
    async with asking(agents) as ask:
        create = ask.sdk.chat.completions.create
        await create(model="ben", messages=ASKED)
        await create(model="ben", messages=ASKED, extra_headers={"x-telephony-agent": "anna"})
        for _ in range(2):
            await ask.sdk.with_options(base_url=f"{ask.url}/agents/chosen/v1").chat.completions.create(
                model="ben", messages=ASKED, extra_body={"call_id": "c1", "caller_id": "+1"}
            )
        prompts = [request["messages"][0]["content"].split("\n")[0] for request in ask.upstream.requests]
        assert prompts == ["Ben.", "Anna.", "Chosen.", "Chosen."]
        assert [(call.call_sid, call.caller) for call in asked] == [("c1", "+1")]
        await create(model="chosen", messages=ASKED, extra_body={"call_id": "c2"})
        await create(model="ben", messages=ASKED, extra_body={"call_id": "c2"})  # the same call, another agent
        assert ask.upstream.requests[-1]["messages"][0]["content"].startswith("Ben.")
        with pytest.raises(openai.NotFoundError) as caught:
            await create(model="carl", messages=ASKED)
        assert caught.value.code == "model_not_found"


async def test_our_tools_run_here() -> None:
    """The tool runs between two LLM requests; the platform receives only text."""
    async with asking(AGENT, after_tool()) as ask:
        said = await ask.says([{"role": "user", "content": "friday"}], extra_headers={"x-call-id": "c1"})
        assert said == "Done. booked for friday"


async def test_the_platforms_tools_are_passed_back_when_offered() -> None:
    """`end_call` is passed back only if the request offers it; the goodbye text comes first."""
    script: list[list[Part]] = [
        [Say("Goodbye!"), CallTool("end_call", {"reason": "done"})],
        [CallTool("end_call", {})],
        [Say("Bye.")],
    ]
    async with asking(AGENT, scripted(script)) as ask:
        chunks = await ask.chunks(ASKED, tools=[END_CALL])
        [call] = [call for c in chunks for call in c.choices[0].delta.tool_calls or []]
        assert call.function is not None
        assert (call.function.name, call.function.arguments) == ("end_call", '{"reason": "done"}')
        assert chunks[-1].choices[0].finish_reason == "tool_calls"
        assert len(ask.upstream.requests) == 1
        assert await ask.says(ASKED) == "Bye."
        offered = [[t["function"]["name"] for t in r["tools"]] for r in ask.upstream.requests]
        assert offered == [["book", "hours", "end_call"], ["book", "hours"], ["book", "hours"]]


async def test_the_sdks_own_stream_helper() -> None:
    """The helper assembles text and tool call as it does for OpenAI itself."""
    script: list[list[Part]] = [[Say("Goodbye!"), CallTool("end_call", {"reason": "done"})]]
    async with asking(AGENT, scripted(script)) as ask:
        streaming = ask.sdk.chat.completions.stream(model="agent", messages=ASKED, tools=[END_CALL])
        async with streaming as events:
            kinds = {event.type async for event in events}
            message = (await events.get_final_completion()).choices[0].message
        assert (message.content or "").strip() == "Goodbye!"
        assert message.tool_calls is not None
        assert message.tool_calls[0].function.arguments == '{"reason": "done"}'
        assert {"content.delta", "tool_calls.function.arguments.done"} <= kinds


async def test_tools_of_both_sides_in_one_answer() -> None:
    """Ours run, theirs are passed back, and there is no second LLM request."""
    script: list[list[Part]] = [[CallTool("end_call", {"reason": "x"}), CallTool("book", {"day": "friday"})]]
    async with asking(AGENT, scripted(script)) as ask:
        whole = await ask.sdk.chat.completions.create(
            model="agent", messages=ASKED, tools=[END_CALL], extra_headers={"x-call-id": "c1"}
        )
        [passed_back] = whole.choices[0].message.tool_calls or []
        assert passed_back.type == "function"
        assert passed_back.function.name == "end_call"
        assert booked == ["friday"]
        assert len(ask.upstream.requests) == 1


async def test_a_cancelled_request_cancels_the_llm() -> None:
    """If the client disconnects in mid-stream or before the first word, the LLM request is cancelled at once."""
    async with asking(AGENT, scripted([[Say("word " * 500)]] * 2)) as ask:
        stream = await ask.sdk.chat.completions.create(model="agent", messages=ASKED, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        await ask.upstream.until(lambda: ask.upstream.cancelled == 1)
        ask.upstream.faults.hang_before_headers = True
        asking_again = asyncio.create_task(ask.says(ASKED))
        await ask.upstream.until(lambda: len(ask.upstream.requests) == 2)
        asking_again.cancel()
        await ask.upstream.until(lambda: ask.upstream.cancelled == 2)


async def test_no_tool_acts_twice_in_one_turn() -> None:
    """A request is dropped while its tool runs, then repeated with more words: one booking, with one result."""
    gate.clear()
    async with asking(AGENT, after_tool()) as ask:
        call = {"extra_headers": {"x-conversation-id": "conv_1"}}
        first = asyncio.create_task(ask.says([{"role": "user", "content": "on friday"}], **call))
        await begun.wait()
        first.cancel()
        again = asyncio.create_task(ask.says([{"role": "user", "content": "on friday or saturday"}], **call))
        await ask.upstream.until(lambda: len(ask.upstream.requests) == 2)
        gate.set()
        said = await again
        assert booked == ["friday"]
        assert "booked for friday" in said
        assert "not done again" in said
        # In the next turn the tool may act again, and the LLM sees the earlier result.
        history: list[ChatCompletionMessageParam] = [
            {"role": "user", "content": "on friday"},
            {"role": "assistant", "content": "Done."},
        ]
        await ask.says([*history, {"role": "user", "content": "and sunday"}], **call)
        assert booked == ["friday", "sunday"]
        results = [m["content"] for m in ask.upstream.requests[-2]["messages"] if m["role"] == "tool"]
        assert results == ["booked for friday"]


async def test_a_question_while_a_tool_runs_is_answered() -> None:
    """The LLM is told that the tool still runs, and the same call is not run again; later requests have its result."""
    gate.clear()
    hour: ChatCompletionMessageParam = {"role": "user", "content": "book friday"}
    other: list[ChatCompletionMessageParam] = [hour, {"role": "assistant", "content": "Moment."}, hour]
    async with asking(AGENT, after_tool()) as ask:
        call = {"extra_headers": {"x-call-id": "c1"}}
        first = asyncio.create_task(ask.says([hour], **call))
        await begun.wait()
        assert "Still running" in await ask.says(other, **call)
        assert booked == ["friday"]
        gate.set()
        assert "booked for friday" in await first
        await ask.says([*other, {"role": "assistant", "content": "Moment."}, {"role": "user", "content": "so"}], **call)
        results = [m["content"] for m in ask.upstream.requests[-2]["messages"] if m["role"] == "tool"]
        assert results[0] == "booked for friday"


@pytest.mark.parametrize("headers", [{}, {"x-call-id": "{{call_id}}"}, {"x-call-id": ""}])
async def test_without_a_call_id_only_read_only_tools_run(headers: dict[str, str]) -> None:
    """A repeated request could not be recognised, so `book` is refused, however often it is asked for: the LLM gets
    words that it can act on. A call id that is empty or an unfilled placeholder (the same for all calls) is none."""
    async with asking(AGENT, after_tool("Sorry.")) as ask:
        history: list[ChatCompletionMessageParam] = [{"role": "user", "content": "friday"}]
        for _ in range(2):
            said = await ask.says(history, extra_headers=headers)
            assert said.startswith("Sorry. Not done: ")
            history += [{"role": "assistant", "content": said}, {"role": "user", "content": "yes friday"}]
        assert booked == []
    async with asking(AGENT, scripted([[CallTool("hours", {"day": "friday"})], [Say("Nine.")]])) as ask:
        assert await ask.says(ASKED, extra_headers=headers) == "Nine."
        assert booked == ["hours friday"]


async def test_the_log_says_once_how_to_send_the_call_id() -> None:
    """At the first refusal after the start, with the header to set; later refusals and other tools log nothing."""
    async with asking(AGENT, after_tool()) as ask:
        with structlog.testing.capture_logs() as lines:
            await ask.says(ASKED, extra_headers={"x-call-id": "c1"})
            assert "tool_refused_without_call_id" not in [line["event"] for line in lines]
            for _ in range(2):
                await ask.says(ASKED)
        [line] = [line for line in lines if line["event"] == "tool_refused_without_call_id"]
        assert (line["log_level"], line["tool"]) == ("warning", "book")
        assert "X-Call-Id: {{call_id}}" in line["hint"]


async def test_slow_replies_are_bridged() -> None:
    """Buffer words after about a second, then the answer."""
    with_filler = Agent(prompt="P.", wording=Wording(filler="One moment."))
    async with asking(with_filler, scripted([[Say("Nine.")]]), speed=5) as ask:
        ask.upstream.latency.first_token_ms = 2_000
        assert await ask.says(ASKED) == "One moment... Nine."


@pytest.mark.parametrize(("status", "seen"), [(429, openai.RateLimitError), (500, openai.InternalServerError)])
async def test_errors_before_the_first_word_are_statuses(status: int, seen: type[openai.APIStatusError]) -> None:
    """The answer has OpenAI's error body, streamed or not."""
    async with asking(AGENT) as ask:
        ask.upstream.faults.status = status
        for stream in (True, False):
            with pytest.raises(seen) as caught:
                await ask.sdk.chat.completions.create(model="agent", messages=ASKED, stream=stream)
            assert isinstance(caught.value.body, dict)
            assert caught.value.code


async def test_a_model_server_that_quotes_its_input_is_not_quoted() -> None:
    """Neither in the answer to the platform nor in the log."""
    with structlog.testing.capture_logs() as lines:
        async with asking(AGENT) as ask:
            ask.upstream.faults.status, ask.upstream.faults.quote = 400, True
            with pytest.raises(openai.APIStatusError) as caught:
                await ask.sdk.chat.completions.create(model="agent", messages=ASKED)
            assert "book" not in caught.value.response.text
    [line] = [line for line in lines if line["event"] == "llm_answer_failed"]
    assert "fault" in line["detail"]
    assert "book" not in line["detail"]


async def test_errors_after_the_first_word_are_spoken() -> None:
    """If the LLM stream breaks, an apology follows and the stream ends normally; an empty answer becomes an apology."""
    async with asking(AGENT, scripted([[Say("We open at nine o'clock.")], []])) as ask:
        ask.upstream.faults.cut_mid_stream = True
        said = await ask.says(ASKED)
        assert said.startswith("We open at")
        assert said.endswith(AGENT.wording.apology)
        ask.upstream.faults.cut_mid_stream = False
        assert await ask.says(ASKED) == AGENT.wording.apology


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": 1}', b"[" * 100_000])
async def test_unreadable_requests_are_400(body: bytes) -> None:
    """Malformed or deeply nested bodies are refused with OpenAI's error type."""
    async with asking(AGENT) as ask:
        response = await ask.http.post(
            ask.url + "/v1/chat/completions", content=body, headers={"authorization": f"Bearer {KEY}"}
        )
        assert response.status_code == 400
        assert response.json()["error"]["type"] == "invalid_request_error"


async def test_a_huge_request_is_413() -> None:
    """The answer has OpenAI's error body."""
    async with asking(AGENT) as ask:
        response = await ask.http.post(
            ask.url + "/v1/chat/completions", content=b" " * 5_000_000, headers={"authorization": f"Bearer {KEY}"}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


async def test_one_model_can_be_retrieved() -> None:
    """The SDK can retrieve an agent by name; an unknown name is a 404."""
    async with asking({"anna": AGENT, "ben/2": AGENT}) as ask:
        assert (await ask.sdk.models.retrieve("anna")).id == "anna"
        assert (await ask.sdk.models.retrieve("ben/2")).owned_by == "telephony"
        with pytest.raises(openai.NotFoundError) as caught:
            await ask.sdk.models.retrieve("carl")
        assert caught.value.code == "model_not_found"
        assert (await ask.http.get(ask.url + "/v1/models/anna")).status_code == 401


async def test_several_choices_are_refused() -> None:
    """`n` above 1 is refused rather than ignored."""
    async with asking(AGENT, scripted([[Say("Nine.")]])) as ask:
        with pytest.raises(openai.BadRequestError) as caught:
            await ask.sdk.chat.completions.create(model="agent", messages=ASKED, n=2)
        assert caught.value.param == "n"
        whole = await ask.sdk.chat.completions.create(model="agent", messages=ASKED, n=1)
        assert whole.choices[0].message.content == "Nine."


async def test_concurrent_first_requests_call_the_function_once() -> None:
    """Repeats may arrive before the first answer; a function that blocks does not delay other agents' requests."""
    asked: list[str] = []
    began, release = threading.Event(), threading.Event()

    def choose(call: IncomingCall) -> Agent:
        asked.append(call.call_sid)
        began.set()
        assert release.wait(60)
        return AGENT

    async with asking({"slow": choose, "agent": AGENT}, lambda body: [Say("Nine.")], speed=1) as ask:
        create = ask.sdk.chat.completions.create
        async with asyncio.TaskGroup() as group:
            slow = [
                group.create_task(create(model="slow", messages=ASKED, extra_headers={"x-call-id": "c1"}))
                for _ in range(3)
            ]
            assert await asyncio.to_thread(began.wait, 60)
            await create(model="agent", messages=ASKED)  # answered while the function blocks
            assert not any(task.done() for task in slow)
            release.set()
        assert asked == ["c1"]


async def test_a_repeat_that_adds_a_message_is_the_same_turn() -> None:
    """Adjacent user messages are one turn: the tool has already run for it."""
    async with asking(AGENT, after_tool()) as ask:
        call = {"extra_headers": {"x-call-id": "c1"}}
        friday: ChatCompletionMessageParam = {"role": "user", "content": "on friday"}
        await ask.says([friday], **call)
        again = await ask.says([friday, {"role": "user", "content": "yes on friday"}], **call)
        assert booked == ["friday"]
        assert "booked for friday" in again


async def test_the_platforms_prompt_is_context() -> None:
    """The agent's prompt is used, with the platform's added as context; an agent without one uses the platform's."""
    facts: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Caller: Ada."}, *ASKED]
    async with asking({"with": AGENT, "without": Agent(prompt="", style="")}) as ask:
        await ask.sdk.chat.completions.create(model="with", messages=facts)
        await ask.sdk.chat.completions.create(model="without", messages=facts)
        first, second = (request["messages"] for request in ask.upstream.requests)
        assert "Ada" not in first[0]["content"]
        assert "Ada" in first[-1]["content"]
        assert second[0]["content"] == "Caller: Ada."


async def test_a_complete_answer_is_not_reported_as_cancelled() -> None:
    """The server reports the end of an answer like a disconnect; only a real disconnect is one."""
    async with asking(AGENT) as ask:
        with structlog.testing.capture_logs() as lines:
            for stream in (True, False, True, False):
                response = await ask.http.post(
                    ask.url + "/v1/chat/completions", json={"messages": ASKED, "stream": stream},
                    headers={"authorization": f"Bearer {KEY}"},
                )  # fmt: skip
                assert response.status_code == 200
        assert "llm_request_cancelled" not in [line["event"] for line in lines]


@pytest.mark.parametrize("stream", [False, True])
async def test_lone_surrogates_are_accepted(stream: bool) -> None:
    """Text cut in the middle of an emoji, in any field, is still answered."""
    half = '"caf\\ud83d"'
    body = f'{{"model": {half}, "stream": {str(stream).lower()}, "messages": [{{"role": "user", "content": {half}}}]}}'
    async with asking(AGENT) as ask:
        response = await ask.http.post(
            ask.url + "/v1/chat/completions", content=body, headers={"authorization": f"Bearer {KEY}"}
        )
        assert response.status_code == 200
        assert ask.upstream.requests[0]["messages"][-2]["content"] == "caf"


async def test_a_platforms_tool_is_passed_back_only_without_failures() -> None:
    """If our tool is refused, or theirs lacks an argument, the LLM gets the error and `end_call` waits."""
    bye = CallTool("end_call", {"reason": "done"})
    script: list[list[Part]] = [
        [CallTool("book", {"day": "friday"}), bye], [Say("Sorry.")],
        [CallTool("end_call", {})], [Say("Goodbye!"), bye],
    ]  # fmt: skip
    async with asking(AGENT, scripted(script)) as ask:
        assert await ask.says(ASKED, tools=[END_CALL]) == "Sorry."
        results = [m["content"] for m in ask.upstream.requests[1]["messages"] if m["role"] == "tool"]
        assert results[0].startswith("Not done: ")
        assert results[1].startswith("Not done, because another")
        chunks = await ask.chunks(ASKED, tools=[END_CALL])
        assert [c.choices[0].finish_reason for c in chunks][-1] == "tool_calls"
        assert "lack: reason" in ask.upstream.requests[3]["messages"][-2]["content"]


async def test_a_body_that_never_arrives_times_out() -> None:
    """The answer is 408."""
    async with asking(AGENT, speed=50) as ask:
        reader, writer = await asyncio.open_connection(*ask.url.removeprefix("http://").split(":"))
        writer.write(
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Length: 100\r\n\r\n{".encode()
        )
        assert b" 408 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_deferred_work_is_done_when_the_answer_was_given_whole() -> None:
    """What a tool says at once is part of the answer."""
    done = asyncio.Event()

    @tool
    async def send(context: ToolContext) -> str:
        """Send the address."""

        async def work() -> None:
            done.set()

        await context.say("One moment.")
        context.when_heard(work)
        return "It is sent when the caller has heard so."

    agent = Agent(prompt="P.", tools=(send,), wording=Wording(filler=""))
    replies: list[list[Part]] = [[CallTool("send", {})], [Say("I send it to you.")]]
    async with asyncio.timeout(30), asking(agent, scripted(replies)) as ask:
        said = await ask.says(ASKED, extra_headers={"X-Call-Id": "CA1"})
        assert said == "One moment. I send it to you."
        await done.wait()


async def test_the_model_learns_what_has_become_of_deferred_work() -> None:
    """In every later request, where it happened: the platform knows nothing of it."""
    failed = asyncio.Event()

    @tool
    async def send(context: ToolContext) -> str:
        """Send the address."""

        async def work() -> None:
            failed.set()
            raise ToolFailed("The number cannot receive messages.")

        context.when_heard(work)
        return "It is sent when the caller has heard so."

    agent = Agent(prompt="P.", tools=(send,), wording=Wording(filler=""))
    replies: list[list[Part]] = [[CallTool("send", {})], [Say("I send it.")], [Say("It failed.")], [Say("Goodbye.")]]
    talk: list[ChatCompletionMessageParam] = [*ASKED, {"role": "assistant", "content": "I send it."}]
    talk += [{"role": "user", "content": "has it come"}]
    later: list[ChatCompletionMessageParam] = [*talk, {"role": "assistant", "content": "It failed."}]
    later += [{"role": "user", "content": "thanks"}]
    async with asyncio.timeout(30), asking(agent, scripted(replies)) as ask:
        await ask.says(ASKED, extra_headers={"X-Call-Id": "CA1"})
        await failed.wait()
        [conversation] = ask.endpoint.store._calls.values()
        await conversation.tools["agent"].finish()
        await ask.says(talk, extra_headers={"X-Call-Id": "CA1"})
        await ask.says(later, extra_headers={"X-Call-Id": "CA1"})
        asked = [request["messages"] for request in ask.upstream.requests[2:]]
    for messages in asked:
        said = [m["content"] for m in messages if m["role"] in ("user", "assistant") and m["content"]]
        at = said.index('[Notice, not from the caller: "The number cannot receive messages."]')
        assert (said[at - 1], said[at + 1]) == ("I send it.", "has it come")
