"""What is learned from a server's refusals, and the requests that follow from it."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.contracts.llm import LlmRequest
from telephony.openai.codec import effort_problem, request_body
from telephony.openai.habits import Habits, Refusal
from telephony.openai.shapes import Shape, next_shape, shaped

TOOL = {"type": "function", "function": {"name": "hours", "parameters": {}}}
CALLER = "+15550001111"


def body(
    habits: Habits | None = None,
    *,
    own_host: bool = True,
    effort: str | None = "low",
    key: bytes = b"",
    caller: str = "",
) -> dict[str, Any]:
    request = LlmRequest(({"role": "user", "content": "hello"},), (TOOL,), max_tokens=300, cache_key="k", caller=caller)
    return request_body(
        request, model="m", effort=effort, token_field="max_tokens", own_host=own_host, habits=habits or Habits(),
        identity_key=key,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "message", "param", "now", "expected"),
    [
        (400, "System message must be at the beginning.", None, 0, 1),
        (400, "Expected last role User or Tool (or Assistant with prefix True) for serving but got system", None, 0, 1),
        (400, "The last message must have role 'user'", "messages", 0, 1),
        (500, "Jinja Exception: System message must be at the beginning.", None, 0, 1),
        (422, "Template error: something", None, 0, 1),
        (400, "messages.1.content: none is not an allowed value", "messages.1.content", 0, 1),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", None, 0, 2),
        (500, "Conversation roles must alternate user/assistant/user/assistant/...", None, 0, 2),
        (400, "After the optional system message, conversation roles must alternate", None, 1, 2),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", None, 2, 3),
        (400, "System role not supported", None, 0, 3),
        (400, "Unknown role: tool", None, 1, 3),
        (400, "Multiple system messages are not supported", None, 0, 1),
        (400, "Only one system message is supported; more system prompts are not allowed", None, 0, 1),
        (400, "Unexpected role system at index 3", None, 0, 1),
        (400, "Invalid role system in messages[2]", None, 0, 1),
        (400, "Unexpected role system at index 0", None, 0, 3),
        (400, "Only user and assistant roles are supported!", None, 0, 3),
        (400, "Bad Request", None, 0, 1),
        (400, "", None, 1, 2),
        (503, "Jinja template rendering error: System message must be at the beginning.", None, 0, 1),
        (502, "chat template: roles must alternate user/assistant", None, 0, 2),
        (500, "System role not supported", None, 0, 3),
        (503, "The server is overloaded, try again later", None, 0, None),
        (400, "System role not supported", None, 3, None),
        (401, "System role not supported", None, 0, None),
        (500, "internal error", None, 0, None),
        (429, "messages", None, 0, None),
        (400, "This model's maximum context length is 8192 tokens; your messages have 9000", "messages", 0, None),
        (400, "The model `x` does not exist", None, 0, None),
        (400, "Invalid value for temperature", "temperature", 0, None),
        (400, "The response was filtered by the content management policy", None, 0, None),
    ],
)
def test_the_shape_to_try_next(status: int, message: str, param: str | None, now: int, expected: int | None) -> None:
    assert next_shape(Shape(now), status, message, param) == expected


S, T = {"role": "system", "content": "P"}, {"role": "system", "content": "now"}
A1, U1, U2 = ({"role": r, "content": c} for r, c in (("assistant", "Hello."), ("user", "a table"), ("user", "please")))
ASK = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c", "function": {"name": "book", "arguments": "{}"}}],
}
GOT = {"role": "tool", "tool_call_id": "c", "content": "booked"}


@pytest.mark.parametrize(
    ("messages", "shape", "expected"),
    [
        ([S, A1, U1, T], Shape.AS_IS, ["system P", "assistant Hello.", "user a table", "system now"]),
        ([S, A1, U1, T], Shape.SYSTEM_FIRST, ["system P\n\nnow", "assistant Hello.", "user a table"]),
        ([S, A1, T], Shape.SYSTEM_FIRST, ["system P\n\nnow", "assistant Hello.", "user (The caller is silent.)"]),
        ([S, T], Shape.SYSTEM_FIRST, ["system P\n\nnow", "user (The caller is silent.)"]),
        ([S, U1, ASK, GOT, T], Shape.SYSTEM_FIRST, ["system P\n\nnow", "user a table", "assistant ", "tool booked"]),
        (
            [S, A1, U1, U2, T], Shape.ALTERNATING,
            ["system P\n\nnow", "user (The call begins.)", "assistant Hello.", "user a table\nplease"],
        ),
        (
            [S, U1, ASK, GOT, U2, T], Shape.ALTERNATING,
            ["system P\n\nnow", "user a table", "assistant ", "tool booked", "assistant …", "user please"],
        ),
        (
            [S, U1, A1, ASK, GOT, T], Shape.ALTERNATING,
            ["system P\n\nnow", "user a table", "assistant Hello.", "tool booked"],
        ),
        (
            [S, A1, U1, ASK, GOT, U2, T], Shape.PLAIN,
            ["user P\n\nnow\n\n(The call begins.)", "assistant Hello.",
             "user a table\n[Result of book, called with {}: booked]\nplease"],
        ),
        ([U1], Shape.PLAIN, ["user a table"]),
    ],
)  # fmt: skip
def test_shapes(messages: list[dict[str, Any]], shape: Shape, expected: list[str]) -> None:
    before = [dict(message) for message in messages]
    assert [f"{m['role']} {m['content']}" for m in shaped(messages, shape)] == expected
    assert messages == before


def test_a_shape_that_was_accepted_is_kept() -> None:
    """A later refusal for another reason leads back to it; after one that no shape helps, none is tried again."""
    habits, refused = Habits(), Refusal(400, "Bad Request")
    assert habits.learn(refused, {}, own_host=False)
    habits.worked()
    assert [bool(habits.learn(refused, {}, own_host=False)) for _ in range(4)] == [True, True, False, True]
    assert not Habits(hopeless=True).learn(refused, {}, own_host=False)
    assert not Habits().learn(refused, {}, own_host=True)


@pytest.mark.parametrize(
    ("refusal", "without"),
    [
        (Refusal(400, "Unknown parameter", "verbosity"), "verbosity"),
        (Refusal(422, "Extra inputs are not permitted: stream_options"), "stream_options"),
        (Refusal(400, "Unrecognized request argument: safety_identifier"), "safety_identifier"),
        (Refusal(400, "max_tokens is too large"), "max_tokens"),
        (
            Refusal(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
            "tools",
        ),
        (Refusal(400, "library/small:2b does not support tools"), "tools"),
        (Refusal(500, "TypeError: got an unexpected keyword argument 'stream_options'"), "stream_options"),
        (Refusal(503, "parameter reasoning_effort is not supported by this model"), "reasoning_effort"),
        (Refusal(500, "this model does not support tools"), "tools"),
        (Refusal(503, "no capacity for max_tokens 300, try again"), ""),
        (Refusal(500, "internal error"), ""),
        (Refusal(401, "Unknown parameter", "verbosity"), ""),
        (Refusal(400, "Unknown parameter", "model"), ""),
    ],
)
def test_refused_fields_are_left_out(refusal: Refusal, without: str) -> None:
    habits = Habits()
    sent = body(habits, key=b"k", caller=CALLER)
    assert habits.learn(refusal, sent, own_host=True) == (f"without {without}" if without else "")
    assert set(sent) - set(body(habits, key=b"k", caller=CALLER)) == ({without} if without else set())


@pytest.mark.parametrize("effort", ["low", None])
def test_an_effort_that_is_refused_with_tools_becomes_none(effort: str | None) -> None:
    """By OpenAI, also when the effort was the model's own; what refuses even that gets no effort."""
    habits = Habits()
    refusal = Refusal(400, "Function tools with reasoning_effort are not supported for m", "reasoning_effort")
    assert habits.learn(refusal, body(effort=effort), own_host=True)
    assert body(habits, effort=effort)["reasoning_effort"] == "none"
    assert habits.learn(refusal, body(habits, effort=effort), own_host=True)
    assert "reasoning_effort" not in body(habits, effort=effort)


@pytest.mark.parametrize(
    ("model", "effort", "refused"),
    [
        ("gpt-5.4-mini", "none", False),
        ("gpt-5.4-mini", "low", True),
        ("gpt-5.4-mini", None, False),
        ("gpt-6-luna", None, True),
        ("gpt-6-luna", "none", False),
        ("gpt-6.1-terra", "high", True),
        ("gpt-5-mini", "minimal", False),
        ("gpt-4.1-mini", None, False),
    ],
)
def test_an_effort_that_will_be_refused_is_told_at_start(model: str, effort: str | None, refused: bool) -> None:
    assert (model in effort_problem(model, effort)) is refused


def test_the_caller_is_a_pseudonym_and_only_to_openai() -> None:
    """The same for each call under one key; nobody without a number, and no other server, gets one."""
    one = body(key=b"a", caller=CALLER)["safety_identifier"]
    assert one == body(key=b"a", caller=CALLER)["safety_identifier"]
    assert one != body(key=b"b", caller=CALLER)["safety_identifier"]
    assert one != body(key=b"a", caller="+15550001112")["safety_identifier"]
    assert len(one) <= 64
    assert "5550001111" not in one
    for without in (
        body(key=b"a", caller=CALLER, own_host=False), body(caller=CALLER), body(key=b"a"),
        body(key=b"a", caller="anonymous"), body(key=b"a", caller="+266696687 \ud83d"),
    ):  # fmt: skip
        assert "safety_identifier" not in without


def test_the_largest_limit_is_tried_at_once_and_the_smaller_where_it_does_not_fit() -> None:
    habits = Habits()
    assert habits.more_tokens(0)
    assert body(habits)["max_tokens"] > 15_000
    assert not habits.more_tokens(habits.reserve)
    assert habits.learn(Refusal(400, "max_tokens is too large: 16300"), body(habits), own_host=False)
    assert 4_000 < body(habits)["max_tokens"] < 5_000
    assert not habits.more_tokens(habits.reserve)
    assert habits.learn(Refusal(400, "exceeds the context length"), body(habits), own_host=False)
    assert body(habits)["max_tokens"] == 300
    assert not habits.more_tokens(0)
