"""The text of an answer is said once, in whatever chunks a server sends it."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.contracts.llm import TextDelta
from telephony.openai.codec import Answer

S = "We open at nine."
END: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": "stop"}


def text(content: Any, index: int | None = 0, **more: Any) -> dict[str, Any]:
    """A choice with this content in its delta."""
    return ({} if index is None else {"index": index}) | {"delta": {"content": content}} | more


def said(chunks: list[Any]) -> str:
    answer = Answer((), unopened=False)
    events = [event for chunk in chunks for event in answer.add({"choices": chunk})]
    return "".join(event.text for event in [*events, *answer.end()] if isinstance(event, TextDelta))


def pieces(*contents: str) -> list[Any]:
    return [[text(content)] for content in contents]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([*pieces("We open ", "at nine.", S), [END]], S, id="whole before the last chunk"),
        pytest.param([*pieces(S, S), [END]], S, id="whole twice"),
        pytest.param([*pieces(S), [{"message": {"content": S}}], [END]], S, id="a message before the last chunk"),
        pytest.param([*pieces("Yes", "."), [text("Yes.", finish_reason="stop")]], "Yes.", id="a word at the end"),
        pytest.param(pieces("We", "We open", S), S, id="all so far"),
        pytest.param(pieces("We ", "We open ", S), S, id="all so far, with spaces"),
        pytest.param(pieces(*(S[:at] for at in range(1, len(S) + 1))), S, id="all so far, by letters"),
        pytest.param(pieces("We open", S, S), S, id="all so far, and once more"),
        pytest.param(pieces("I", "I can", "I can help."), "I can help.", id="all so far, from one letter"),
        pytest.param([[text("Other.", 1)], [text(S)], [text("Other.", 1)]], S, id="choice 1 first"),
        pytest.param([[text("Other.", 1), text(S)]], S, id="choice 1 in the same chunk"),
        pytest.param([[text("We open "), text("No ", 1)], [text("at nine."), text("way.", 1)]], S, id="two choices"),
        pytest.param([[text("We open ", 1)], [text("at nine.", 1)]], S, id="counted from 1"),
        pytest.param([[text("We open ", 1), text("No", 2)], [text("at nine.", 1)]], S, id="two counted from 1"),
        pytest.param([[text(S, None)]], S, id="no index"),
        pytest.param([text(S)], S, id="choices is no list"),
        pytest.param([[text({"text": {"value": S}})]], S, id="a value in a text"),
        pytest.param([[text([{"type": "text", "text": {"value": S, "annotations": []}}])]], S, id="such a part"),
        pytest.param([[text({"value": S})]], S, id="a value"),
        pytest.param([[{"index": 0, "text": "We open "}], [{"index": 0, "text": "at nine."}]], S, id="completions"),
        pytest.param([[{"index": 0, "delta": None, "text": S}]], S, id="completions with an empty delta"),
        pytest.param([[{"index": 0, "delta": {"text": S}}]], S, id="text in the delta"),
        pytest.param([[text([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": S}])]], S, id="reasoning"),
        # what looks alike, and is meant twice
        pytest.param(pieces("Ha", "Haha"), "HaHaha", id="laughter"),
        pytest.param(pieces("No, ", "no, ", "no."), "No, no, no.", id="no"),
        pytest.param(pieces("very ", "very ", "good"), "very very good", id="a word twice"),
        pytest.param(pieces("5", "55", " 5", "555"), "555 5555", id="figures"),
        pytest.param([[text({"text": {"text": {"text": {"text": {"text": "x"}}}}})], [7], [None], 7], "", id="depths"),
    ],
)  # fmt: skip
def test_what_is_said(chunks: list[Any], expected: str) -> None:
    assert said(chunks) == expected
