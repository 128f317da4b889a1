"""Lenient parsing of requests, strict output of chunks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.contracts.llm import Finished, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, ToolUsed
from telephony.llm_server.codec import BadRequest, Chunks, buffer_words, completion, finish_reason, models, parse
from tests.llm_server.requests import END_CALL, validated


def user(text: object) -> dict[str, object]:
    return {"role": "user", "content": text}


def test_a_platforms_request() -> None:
    """A request with all oddities of platforms: nulls, lists, -1, unknown fields, incomplete tools."""
    asked = parse(
        {
            "model": "agent",
            "messages": [
                {"role": "system", "content": "Facts."},
                {"role": "developer", "content": [{"type": "text", "text": "More."}]},
                {"role": "assistant", "content": "Hello."},
                user([{"type": "text", "text": "book"}, {"type": "image_url", "image_url": {}}, "a table"]),
                {"role": "assistant", "content": None, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "language_detection", "arguments": "{}"}},
                    {"id": "c2", "function": {"name": "lost", "arguments": {"a": 1}}},
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "ok"},
                {"role": "narrator", "content": "?"},
                "nonsense",
                user(None),
            ],
            "max_tokens": -1,
            "temperature": None,
            "stream": True,
            "tools": [END_CALL, {"type": "function"}, None],
            "elevenlabs_extra_body": {"conversation_id": "conv_1", "caller_id": "+15550001111"},
            "who_knows": {},
        }
    )  # fmt: skip
    assert asked.system == "Facts.\n\nMore."
    assert asked.history == (
        AgentSaid("Hello."),
        CallerSaid("book a table"),
        ToolUsed("c1", "language_detection", "{}", "ok"),
        ToolUsed("c2", "lost", '{"a": 1}', "(There was no result.)"),
        CallerSaid(""),
    )
    assert (asked.stream, asked.max_tokens, asked.turn, asked.call_id) == (True, None, 2, "conv_1")
    assert (asked.caller, asked.called, list(asked.offered)) == ("+15550001111", "", ["end_call"])


@pytest.mark.parametrize("body", [None, [], {}, {"messages": None}, {"messages": [{}] * 5_001}])
def test_requests_that_cannot_be_answered_are_refused(body: object) -> None:
    """No messages, or far too many."""
    with pytest.raises(BadRequest):
        parse(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    "messages role content tool_calls function name arguments id tools user tool call text".split()
                ),
                inner | st.sampled_from(["user", "assistant", "tool", "system"]),
                max_size=6,
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_parsed_or_refused(body: object) -> None:
    """No JSON body makes the parser raise anything but BadRequest."""
    for one in (body, {"messages": [body, body]}, {"messages": [{"role": "assistant", "tool_calls": [body]}]}):
        try:
            parse(one)
        except BadRequest:
            pass


def test_sources_of_the_call_id() -> None:
    """The header first, then an extra body, the top level (OpenAI's `extra_body`), and `call.id`."""
    body = {"messages": [], "metadata": {"call_sid": "CA1"}, "conversation_id": "top", "call": {"id": "nested"}}
    assert parse(body, "header").call_id == "header"
    assert parse(body).call_id == "top"
    assert parse({"messages": [], "metadata": {"call_sid": "CA1"}}).call_id == "CA1"
    assert parse({"messages": [], "call": {"id": "nested"}}).call_id == "nested"


def test_adjacent_user_messages_are_one_turn() -> None:
    """A client may repeat a request by appending to it; only what the agent or a tool says begins another turn."""
    said: dict[str, object] = {"role": "assistant", "content": "For how many?"}
    nothing: dict[str, object] = {"role": "assistant", "content": " "}
    for messages, turn in [
        ([said], 0),
        ([user("book"), user("book a table")], 1),
        ([user("book"), nothing, user("a table")], 1),
        ([user("book"), said, user("four"), user("four people")], 2),
        ([user("book"), {"role": "tool", "tool_call_id": "c1", "content": "ok"}, user("thanks")], 2),
    ]:
        assert parse({"messages": messages}).turn == turn


def test_output_fits_the_vendors_types() -> None:
    """Chunks and whole answers, with usage and tool calls, without extra keys."""
    call, usage = ToolCall("call_1", "end_call", ""), Finished("stop", 10, 5)
    for chunks in (Chunks("id", 1, "m"), Chunks("id", 1, "m", include_usage=True)):
        events = [chunks.role(), chunks.text("Hi"), chunks.call(0, call), chunks.finish("stop"), chunks.usage(usage)]
        for event in filter(None, events):
            validated(json.loads(event.removeprefix("data: ")))
    validated(completion(Chunks("id", 1, "m"), "", [call], "tool_calls", usage))
    validated(completion(Chunks("id", 1, "m"), "Hi", [], finish_reason("weird", False), usage))
    assert [model["id"] for model in models(["a", "b"])["data"]] == ["a", "b"]


@pytest.mark.parametrize(
    ("filler", "said"), [("One moment, please.", "One moment, please... "), ("", ""), ("Hm…", "Hm... ")]
)
def test_buffer_words_end_as_the_platform_requires(filler: str, said: str) -> None:
    """In three dots and a space, whatever the filler ends with."""
    assert buffer_words(filler) == said


def test_tools_that_an_llm_server_would_refuse_are_dropped() -> None:
    """An LLM server refuses the whole request for a bad tool name or schema."""
    given = [{"name": "end call!"}, {"name": "x" * 65}, {"name": "good", "parameters": {"type": "array"}}]
    found = parse({"messages": [], "tools": [{"type": "function", "function": one} for one in given]}).offered
    assert [tool["function"] for tool in found.values()] == [
        {"name": "good", "description": "", "parameters": {"type": "object", "properties": {}}}
    ]
