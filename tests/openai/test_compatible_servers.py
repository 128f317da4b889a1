"""Whole replies from servers with habits of their own, over real sockets: in every case the caller hears an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from telephony.agent import Agent
from telephony.core.history import AgentSaid, CallerSaid, History, ToolUsed
from telephony.openai.client import OpenAiChat
from telephony.runtime.reply import Done, Facts, ReplyPart, Said, Wants, reply
from telephony.testing.fakes.openai.server import CallTool, LocalOpenAi, Part, Raw, Say, scripted
from telephony.testing.fakes.openai.templates import Template
from telephony.testing.steady import SteadyClock
from telephony.tools import Toolbox, ToolResult, tool

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ASKED: History = (AgentSaid("Hello, how can I help?"), CallerSaid("when do you open"))
USED = ToolUsed("call_1", "book", '{"day": "Friday"}', "booked")
LONG: History = (*ASKED, AgentSaid("At", interrupted=True), CallerSaid("sorry"), CallerSaid("and a table"), USED)
WRITTEN = '<tool_call>{"name": "hours", "arguments": {}}</tool_call>'


@tool(read_only=True)
def hours() -> str:
    """The opening hours."""
    return "nine to six"


@tool
def book(day: str) -> str:
    """Books a table."""
    return f"booked for {day}"


AGENT = Agent(prompt="You answer the phone.", tools=(hours, book))


class Caller:
    """Asks for replies, and runs the tools that they want."""

    def __init__(self, client: OpenAiChat, server: LocalOpenAi) -> None:
        self.client, self.server = client, server
        self.ran: list[str] = []

    async def hears(self, history: History = ASKED, agent: Agent = AGENT) -> str:
        toolbox, said = Toolbox(agent.tools), ""
        async with aclosing(reply(agent, history, self.client, toolbox, Facts(NOON, "+15550001111"))) as parts:
            part = await anext(parts)
            while not isinstance(part, Done):
                if isinstance(part, Wants):
                    self.ran += [call.name for call in part.calls]
                    part = await parts.asend([await toolbox.run(call.name, call.arguments) for call in part.calls])
                else:
                    said += part.text if isinstance(part, Said) else ""
                    part = await anext(parts)
        return said.strip()


def replying(caller: Caller) -> AsyncGenerator[ReplyPart, Sequence[ToolResult] | None]:
    return reply(AGENT, ASKED, caller.client, Toolbox(()), Facts(NOON))


@asynccontextmanager
async def calling(*replies: list[Part], effort: str = "none") -> AsyncIterator[Caller]:
    clock = SteadyClock(10)
    async with asyncio.timeout(60), LocalOpenAi(clock=clock, responder=scripted(replies)) as server:
        client = OpenAiChat(
            api_key="local", base_url=server.base_url, model="m", effort=effort, token_field="max_tokens", clock=clock
        )
        try:
            yield Caller(client, server)
        finally:
            await client.close()


@pytest.mark.parametrize(
    ("template", "refusals"),
    [
        (Template.SYSTEM_FIRST, 1),
        (Template.LAST_FROM_USER, 1),
        (Template.ALTERNATING, 1),
        (Template.NO_SYSTEM, 1),
        (Template.SILENT, 3),
    ],
)
async def test_strict_templates_are_learned_from_their_refusal(template: Template, refusals: int) -> None:
    """Once: later requests, with whatever history, have the right shape from the start."""
    async with calling() as caller:
        caller.server.faults.template = template
        for history in (ASKED, LONG, (), (CallerSaid("hello"),), (*LONG, AgentSaid("It is booked."))):
            assert await caller.hears(history) == "All right."
        assert len(caller.server.requests) == 5 + refusals
        for request in caller.server.requests[refusals:]:
            sent = str(request["messages"])
            assert "You answer the phone." in sent
            assert "2026-11-21" in sent
        assert all("booked" in str(caller.server.requests[n]["messages"]) for n in (-4, -1))


async def test_a_refusal_for_another_reason_is_no_lesson() -> None:
    """The shape of later requests is the same as before, and nothing is asked again and again."""
    async with calling() as caller:
        caller.server.faults.status, caller.server.faults.code = 400, "model_not_found"
        with pytest.raises(Exception, match="model_not_found"):
            await caller.hears()
        count = len(caller.server.requests)
        with pytest.raises(Exception, match="model_not_found"):
            await caller.hears()
        assert len(caller.server.requests) == count + 1
        caller.server.faults.status = 0
        await caller.hears()
        assert caller.server.requests[-1]["messages"][-1]["role"] == "system"


async def test_a_model_without_tools_answers_without_them() -> None:
    async with calling() as caller:
        caller.server.faults.refused_tools = True
        assert [await caller.hears(), await caller.hears()] == ["All right.", "All right."]
        assert ["tools" in request for request in caller.server.requests] == [True, False, False]


async def test_whatever_text_a_conversation_holds_it_can_be_sent() -> None:
    """Half a surrogate pair, control characters, arguments that are no object: each request still arrives."""
    history = (
        CallerSaid("caf\ud83d \x00"), ToolUsed("a", "book", "[" * 50_000, "no\ud83d"),
        ToolUsed("b", "book", '{"day": "\ud83d"}', "ok", '{"more": "\\ud83d"}'), AgentSaid("\ude00 e\u0301"),
    )  # fmt: skip
    async with calling() as caller:
        assert await caller.hears(history, Agent(prompt="P\ud83d", context="\ud83d")) == "All right."
        messages = caller.server.requests[0]["messages"]
        str(messages).encode()
        assert [m["content"] for m in messages if m["content"]][1:-1] == ["caf ", "no", "ok", " é"]


async def test_an_effort_that_is_refused_with_tools_becomes_none() -> None:
    """As OpenAI's own models refuse it behind another address."""
    async with calling(effort="low") as caller:
        caller.server.faults.effort_with_tools = False
        assert [await caller.hears(), await caller.hears()] == ["All right.", "All right."]
        assert [request["reasoning_effort"] for request in caller.server.requests] == ["low", "none", "none"]


async def test_ids_that_are_made_up_are_unique_in_a_call() -> None:
    """Servers refuse a conversation in which two calls have the same id."""
    call = {"tool_calls": [{"index": 0, "id": "", "function": {"name": "hours", "arguments": "{}"}}]}
    async with calling([Raw.deltas(call)], [Raw.deltas(call)], [Say("Done.")]) as caller:
        assert await caller.hears() == "Done."
        ids = [m["tool_call_id"] for m in caller.server.requests[-1]["messages"] if m["role"] == "tool"]
        assert len(ids) == len(set(ids)) == 2


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("The caller wants the hours.</think>We open at nine.", "We open at nine."),
        ("<thinking>The caller wants the hours.</thinking>We open at nine.", "We open at nine."),
        ("<thinking>The caller wants", ""),
        ("We open at nine.<|im_end|>", "We open at nine."),
        (
            "<|channel|>analysis<|message|>Hours.<|end|><|start|>assistant<|channel|>final<|message|>We open.",
            "We open.",
        ),
    ],
)
async def test_reasoning_in_the_text_is_not_spoken(text: str, heard: str) -> None:
    """In whatever pieces it comes: each character in a chunk of its own here, words elsewhere."""
    letters = Raw.deltas(*({"content": letter} for letter in text))
    async with calling([Say(text)], [letters], [Say("And on Monday at ten.")]) as caller:
        assert await caller.hears() == heard
        assert await caller.hears() == heard
        assert await caller.hears() == "And on Monday at ten."


async def test_only_the_first_answer_waits_for_its_end() -> None:
    """A model that has answered once without reasoning is spoken word by word."""
    async with calling([Say("We open at nine.")], [Say("word " * 40)]) as caller:
        assert await caller.hears() == "We open at nine."
        async with aclosing(reply(AGENT, ASKED, caller.client, Toolbox(()), Facts(NOON))) as parts:
            assert isinstance(await anext(parts), Said)
            assert len(caller.server.requests) == 2
        await caller.server.until(lambda: caller.server.cancelled == 1)


@pytest.mark.parametrize(
    ("ready", "reply", "heard"),
    [
        ("Ready.", "We open at nine. " * 5, "We open"),
        ("They want one word.</think>Ready.", "The caller wants the hours.</think>We open at nine.", "We open"),
    ],
)
async def test_a_model_is_tried_out_before_the_first_call(ready: str, reply: str, heard: str) -> None:
    """Then the first caller hears the first words at once, and no reasoning."""
    async with calling([Say(reply)]) as caller:
        caller.server.ready = [Say(ready)]
        await caller.client.try_out()
        assert caller.server.requests == []
        caller.server.latency.tokens_per_s = 20
        said = ""
        async with aclosing(replying(caller)) as parts:
            async for part in parts:
                said += part.text if isinstance(part, Said) else ""
                if said.split()[1:]:
                    break
        assert said.startswith(heard)
        assert len(said) < len(reply) / 2


async def test_what_a_model_has_shown_is_not_forgotten() -> None:
    """Every answer is passed on as it comes, not every other one."""
    reply: list[Part] = [Say("We open at nine, every day but Sunday, and close at six.")]
    async with calling(*[reply] * 4) as caller:
        await caller.client.try_out()
        for _ in range(4):
            async with aclosing(replying(caller)) as parts:
                assert len([part async for part in parts if isinstance(part, Said)]) > 5


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": 400}, {"hang_before_headers": True}, {"empty_reply": True}]
)
async def test_a_trial_that_fails_leaves_the_rule_for_the_first_answer(fault: dict[str, Any]) -> None:
    """Which is held to its end, and shows then whether it began with reasoning."""
    async with calling([Say("The caller wants the hours.</think>We open at nine.")]) as caller:
        for name, value in fault.items():
            setattr(caller.server.faults, name, value)
        await caller.client.try_out()
        for name, value in fault.items():
            setattr(caller.server.faults, name, type(value)())
        assert await caller.hears() == "We open at nine."


async def test_a_trial_cut_off_by_the_limit_shows_nothing() -> None:
    """Its text may be reasoning that had no time to end."""
    cut = {"index": 0, "delta": {"content": "They want one word"}, "finish_reason": "length"}
    async with calling([Say("The caller wants the hours.</think>We open at nine.")]) as caller:
        caller.server.ready = [Raw((cut,))]
        await caller.client.try_out()
        assert await caller.hears() == "We open at nine."


DELTAS: dict[str, tuple[dict[str, Any], ...]] = {
    "parts": ({"content": [{"type": "text", "text": "We open "}]}, {"content": [{"type": "text", "text": "at nine."}]}),
    "parts of reasoning": (
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
        {"content": [{"type": "text", "text": "We open at nine."}]},
    ),
    "one part": ({"content": {"type": "text", "text": "We open at nine."}},),
    "reasoning beside it": ({"reasoning_content": "Hm."}, {"reasoning": "Hm."}, {"content": "We open at nine."}),
    "nulls": ({"content": None, "tool_calls": None}, {"content": "We open at nine.", "tool_calls": []}),
    "half pairs": ({"content": "We open \ud83d"}, {"content": "at \x00nine."}),
}


@pytest.mark.parametrize("deltas", DELTAS.values(), ids=DELTAS)
async def test_content_of_other_forms(deltas: tuple[dict[str, Any], ...]) -> None:
    async with calling([Raw.deltas(*deltas)]) as caller:
        assert await caller.hears() == "We open at nine."


@pytest.mark.parametrize(
    "last",
    [
        {"index": 0, "message": {"role": "assistant", "content": "We open at nine."}, "finish_reason": "stop"},
        {"index": 0, "delta": {"content": "We open at nine."}, "finish_reason": "stop"},
        {"index": 0, "delta": {}, "message": {"content": "We open at nine."}, "finish_reason": "stop"},
    ],
)
async def test_a_whole_message_in_the_last_chunk_is_said_once(last: dict[str, Any]) -> None:
    """After its pieces, or instead of them."""
    pieces = Raw.deltas({"content": "We open "}, {"content": "at nine."}).choices
    async with calling([Raw((*pieces, last))], [Raw((last,))]) as caller:
        assert await caller.hears() == "We open at nine."
        assert await caller.hears() == "We open at nine."


async def test_calls_in_the_last_message_run_once() -> None:
    call = {"index": 0, "id": "a", "function": {"name": "book", "arguments": '{"day": "Friday"}'}}
    whole = {"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    streamed = Raw.deltas({"tool_calls": [call]}).choices
    async with calling([Raw((*streamed, whole))], [Say("Done.")], [Raw((whole,))], [Say("Done.")]) as caller:
        assert [await caller.hears(), await caller.hears()] == ["Done.", "Done."]
        assert caller.ran == ["book", "book"]


async def test_parallel_calls_with_one_index_and_no_ids() -> None:
    """Two calls, arguments in pieces: two calls, each its own."""
    pieces = [("hours", "{"), (None, "}"), ("book", '{"day": '), (None, '"Friday"}')]
    deltas = [
        {"tool_calls": [{"index": 0, "id": "", "function": {"name": name, "arguments": text}}]} for name, text in pieces
    ]
    async with calling([Raw.deltas(*deltas)], [Say("Done.")]) as caller:
        assert await caller.hears() == "Done."
        assert caller.ran == ["hours", "book"]
        results = [m["content"] for m in caller.server.requests[-1]["messages"] if m["role"] == "tool"]
        assert results == ["nine to six", "booked for Friday"]


@pytest.mark.parametrize(
    ("text", "history", "ran"),
    [
        (WRITTEN, ASKED, ["hours"]),
        ('{"name": "hours", "parameters": {}}', ASKED, ["hours"]),
        ("<think>The hours.</think>" + WRITTEN, ASKED, ["hours"]),
        (WRITTEN, (*ASKED, ToolUsed("written_0", "hours", "{}", "nine to six")), ["hours"]),
        # not the whole reply; not read-only; not an own tool; wrong arguments; a model that makes calls
        (f"One moment. {WRITTEN}", ASKED, []),
        (WRITTEN.replace("hours", "book").replace("{}", '{"day": "Friday"}'), ASKED, []),
        (WRITTEN.replace("hours", "delete"), ASKED, []),
        (WRITTEN.replace("hours", "end_call"), ASKED, []),
        (WRITTEN.replace("{}", '{"day": 1}'), ASKED, []),
        (WRITTEN, LONG, []),
    ],
)
async def test_calls_written_as_text(text: str, history: History, ran: list[str]) -> None:
    """Never spoken; run if that is harmless. Otherwise the model is told, and the caller still hears an answer."""
    async with calling([Say(text)], [Say("From nine to six.")]) as caller:
        heard = await caller.hears(history)
        assert heard.removeprefix("One moment. ") == "From nine to six."
        assert caller.ran == ran
        [result] = [m for m in caller.server.requests[-1]["messages"][-3:] if m["role"] == "tool"]
        assert (result["content"] == "nine to six") is bool(ran)


async def test_a_written_call_after_a_real_one_does_not_run() -> None:
    """The model knows how to call: then this was text, for example read from a result."""
    async with calling([CallTool("hours", {})], [Say(WRITTEN)], [Say("From nine to six.")]) as caller:
        assert await caller.hears() == "From nine to six."
        assert caller.ran == ["hours"]


@pytest.mark.parametrize("tokens", [400, 5_000, 15_000])
async def test_a_limit_used_up_by_reasoning_is_noticed(tokens: int) -> None:
    """One larger try, then the larger limit from the start."""
    async with calling(effort="low") as caller:
        caller.server.faults.reasoning_tokens = tokens
        assert [await caller.hears(), await caller.hears()] == ["All right.", "All right."]
        limits = [request["max_tokens"] for request in caller.server.requests]
        assert limits[0] == 300
        assert limits[1] == limits[2] > tokens
        assert len(limits) == 3


async def test_reasoning_without_end_is_tried_once_more_and_no_further() -> None:
    async with calling(effort="low") as caller:
        caller.server.faults.reasoning_tokens = 1_000_000
        assert [await caller.hears(), await caller.hears(), await caller.hears()] == ["", "", ""]
        assert len(caller.server.requests) == 2 + 1 + 1


async def test_an_answer_without_end_ends() -> None:
    """A server that floods costs one reply, and not the time of others."""
    flood = Raw.deltas(*({"content": "word " * 1_000} for _ in range(50)))
    async with calling([flood]) as caller:
        with pytest.raises(Exception, match="no end"):
            await caller.hears()


async def test_lines_without_data_end_the_answer() -> None:
    """Comments keep a connection alive; a flood of them is no answer, however fast it comes."""
    async with calling() as caller:
        caller.server.faults.comments = 20
        assert await caller.hears() == "All right."
        caller.server.faults.comments = 1_000_000
        with pytest.raises(Exception, match="no data"):
            await caller.hears()
