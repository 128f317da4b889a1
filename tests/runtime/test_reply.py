"""One reply of the model: messages, tools and the prompt's cacheable prefix."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from telephony.agent import Agent
from telephony.contracts.llm import Finished, LlmEvent, LlmRequest, TextDelta, ToolCall
from telephony.core.history import STILL_RUNNING, AgentSaid, CallerSaid, ToolUsed
from telephony.core.policy import Limits
from telephony.runtime.reply import Done, Facts, ReplyPart, Said, Wants, build_messages, json_object, reply, volatile
from telephony.tools import Toolbox, ToolResult, tool

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HISTORY = (
    AgentSaid("Hello, how can I help?"),
    CallerSaid("a table"),
    ToolUsed("call_1", "book", '{"people": 2}', "booked", '{"extra_content": {"sig": "x"}}'),
    AgentSaid("It is", interrupted=True),
    CallerSaid("thanks"),
)


class Scripted:
    """An `Llm` that answers each request with the next list of events."""

    def __init__(self, *answers: list[LlmEvent]) -> None:
        self.answers, self.requests = list(answers), list[LlmRequest]()

    async def stream(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        self.requests.append(request)
        for event in self.answers.pop(0):
            yield event

    async def warm(self) -> None: ...

    async def close(self) -> None: ...


async def run_reply(llm: Scripted, agent: Agent, result: str = "ok", failed: bool = False) -> list[ReplyPart]:
    parts: list[ReplyPart] = []
    async with aclosing(reply(agent, HISTORY, llm, Toolbox(), Facts(NOON, "+15550001111"))) as replying:
        part = await anext(replying)
        while True:
            parts.append(part)
            if isinstance(part, Done):
                return parts
            if isinstance(part, Wants):
                part = await replying.asend([ToolResult(f"{result}{call.arguments}", failed) for call in part.calls])
            else:
                part = await anext(replying)


def test_messages_hold_what_was_heard() -> None:
    """Interrupted lines end with a dash; tool calls stay with their results, and their unknown fields are echoed."""
    messages = build_messages(Agent(prompt="P", style="S"), HISTORY)
    assert [m["role"] for m in messages] == ["system", "assistant", "user", "assistant", "tool", "assistant", "user"]
    assert messages[0]["content"] == "P\n\nS"
    assert messages[3]["tool_calls"][0]["extra_content"] == {"sig": "x"}
    assert messages[4] == {"role": "tool", "tool_call_id": "call_1", "content": "booked"}
    assert messages[5]["content"] == "It is —"


def test_a_late_result_is_a_message_of_its_own() -> None:
    """The call has its answer at once, "still running"; the result comes later, outside of it. A later call with the
    same id is a call like any other."""
    history = (
        CallerSaid("a table"), ToolUsed("call_1", "book", "{}", STILL_RUNNING), CallerSaid("when do you open"),
        AgentSaid("At nine."), ToolUsed("call_1", "book", "{}", "booked"), ToolUsed("call_1", "book", "{}", "full"),
    )  # fmt: skip
    messages = build_messages(Agent(prompt="P"), history)
    roles = ["system", "user", "assistant", "tool", "user", "assistant", "user", "assistant", "tool"]
    assert [m["role"] for m in messages] == roles
    assert [m["content"] for m in messages if m["role"] == "tool"] == [STILL_RUNNING, "full"]
    assert messages[6]["content"] == '[book({}) has returned now: "booked"]'


async def test_prefix_is_cacheable() -> None:
    """Requests for calls at different times from different callers differ only in the last message."""
    agent = Agent(prompt="P")
    said: list[LlmEvent] = [TextDelta("Yes."), Finished("stop")]
    llm = Scripted(said, said)
    for facts in (Facts(NOON, "+15550001111"), Facts(NOON.replace(hour=15), "anonymous")):
        async with aclosing(reply(agent, HISTORY, llm, Toolbox(), facts)) as replying:
            _ = [part async for part in replying]
    one, two = llm.requests
    assert one.messages[:-1] == two.messages[:-1]
    assert one.tools == two.tools
    assert one.cache_key == two.cache_key
    assert "15550001111" in one.messages[-1]["content"]
    assert "12:00" in one.messages[-1]["content"]


def test_a_withheld_number_is_not_in_the_prompt() -> None:
    """Only E.164 numbers are named; an unknown time zone falls back to UTC."""
    text = volatile(Agent(prompt="P", time_zone="Mars/Olympus", context="Be brief."), Facts(NOON, "anonymous"))
    assert "anonymous" not in text
    assert "Saturday" in text
    assert text.endswith("Be brief.")


@tool
def look_up(name: str) -> str:
    return name


@tool(alone=True)
def pay(amount: int) -> str:
    return str(amount)


def asked(*calls: str) -> list[ToolCall]:
    """Calls such as `look_up name=a`, with the ids call_0, call_1 ..."""
    found = []
    for number, call in enumerate(calls):
        name, _, rest = call.partition(" ")
        given = dict(one.split("=") for one in rest.split())
        found.append(ToolCall(f"call_{number}", name, json.dumps(given)))
    return found


@pytest.mark.parametrize(
    ("calls", "groups"),
    [
        (["look_up name=a"], [[0]]),
        (["look_up name=a", "look_up name=b"], [[0, 1]]),
        (["look_up name=a", "look_up name=b", "unknown", "end_call"], [[0, 1, 2, 3]]),
        # alone: between what was asked before it and after it
        (["pay amount=1"], [[0]]),
        (["pay amount=1", "pay amount=2"], [[0], [1]]),
        (["look_up name=a", "look_up name=b", "pay amount=1", "look_up name=c", "unknown"], [[0, 1], [2], [3, 4]]),
        (["pay amount=1", "look_up name=a"], [[0], [1]]),
        # the same call again
        (["look_up name=a", "look_up name=a"], [[0]]),
        (["look_up name=a", "look_up name=b", "look_up name=a", "look_up name=a"], [[0, 1]]),
        (["pay amount=1", "look_up name=a", "pay amount=1"], [[0], [1]]),
        (["look_up name=a", "pay amount=1", "look_up name=a"], [[0], [1]]),
        (["unknown", "unknown"], [[0]]),
        (["look_up name=a b=c", "look_up b=c name=a"], [[0]]),
    ],
)
async def test_which_tools_run_at_the_same_time(calls: list[str], groups: list[list[int]]) -> None:
    """Those of one answer, but for what is `alone`; the same call once. Every call has its result, in order."""
    made = asked(*calls)
    llm = Scripted([*made, Finished("tool_calls")], [TextDelta("Done."), Finished("stop")])
    parts = await run_reply(llm, Agent(prompt="P", tools=(look_up, pay)), "did ")
    wants = [part for part in parts if isinstance(part, Wants)]
    assert [[int(call.tool_call_id[5:]) for call in one.calls] for one in wants] == groups
    assert [one.left for one in wants] == [sum(map(len, groups[number:])) for number in range(1, len(groups) + 1)]
    told = [m for m in llm.requests[1].messages if m["role"] == "tool" and m["tool_call_id"].startswith("call_")]
    told = told[1:]  # the first is of the history
    assert [one["tool_call_id"] for one in told] == [call.tool_call_id for call in made]
    results = [json.loads(one["content"].removeprefix("did ")) for one in told]
    assert results == [json.loads(call.arguments) for call in made]


async def test_several_tools_in_a_row() -> None:
    """The calls are yielded together, their results go back, and the answer follows."""
    calls = [ToolCall("a", "book", "{}"), ToolCall("b", "note", "{bad")]
    llm = Scripted([TextDelta("One moment."), *calls, Finished("tool_calls")], [TextDelta("Done."), Finished("stop")])
    parts = await run_reply(llm, Agent(prompt="P"))
    assert [[call.name for call in p.calls] for p in parts if isinstance(p, Wants)] == [["book", "note"]]
    assert "".join(p.text for p in parts if isinstance(p, Said)) == "One moment. Done."
    sent = llm.requests[1].messages[-4:-1]
    assert [m["role"] for m in sent] == ["assistant", "tool", "tool"]
    assert sent[0]["tool_calls"][1]["function"]["arguments"] == '{"unreadable": "{bad"}'


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('{"day":  "friday"}', '{"day":  "friday"}'),
        ("None", "{}"),
        ("[null]", "{}"),
        ("\ufeff{}", "{}"),
        ('```{"day": "friday"}```', '{"day": "friday"}'),
        ("[1]", '{"unreadable": "[1]"}'),
        ("[" * 5_000, json.dumps({"unreadable": "[" * 200})),
    ],
)
def test_servers_get_arguments_as_an_object(written: str, sent: str) -> None:
    """As the tool read them; unchanged if they are an object already."""
    assert json_object(written) == sent


async def test_rounds_of_tools_are_limited() -> None:
    """A model that keeps calling tools must finally answer without them."""
    wants: list[LlmEvent] = [ToolCall("a", "book", "{}"), Finished("tool_calls")]
    llm = Scripted(wants, wants, [TextDelta("Enough."), Finished("stop")])
    await run_reply(llm, Agent(prompt="P", limits=Limits(tool_rounds=2)))
    assert [bool(request.tools) for request in llm.requests] == [True, True, False]


async def test_a_goodbye_is_not_requested_twice() -> None:
    """An answer with words and `end_call` is complete; with `end_call` alone, or refused, it is not."""
    end = ToolCall("a", "end_call", "{}")
    whole = Scripted([TextDelta("Bye."), end, Finished("tool_calls")])
    assert isinstance((await run_reply(whole, Agent(prompt="P")))[-1], Done)
    assert len(whole.requests) == 1
    more: list[LlmEvent] = [TextDelta("Goodbye."), Finished("stop")]
    alone: list[LlmEvent] = [end, Finished("x")]
    for answers, failed in ((alone, False), ([TextDelta("Bye."), *alone], True)):
        llm = Scripted(answers, more)
        await run_reply(llm, Agent(prompt="P"), failed=failed)
        assert len(llm.requests) == 2
