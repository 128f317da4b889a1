"""The order and roles of messages that a server's chat template accepts, learned from its refusals. Pure.

Our requests begin with a system message and end with another (the time, the caller's number), and the greeting comes
before any words of the caller. OpenAI takes that; many templates do not. Each `Shape` is accepted by more servers than
the one before, and says less exactly who said what. A refusal leads to the next, or to the one that it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

Message = dict[str, Any]


class Shape(IntEnum):
    AS_IS = 0
    SYSTEM_FIRST = 1  # one system message, the first; the last message is the user's or a tool's; no content is null
    ALTERNATING = 2  # also: user and assistant take turns, and the user begins
    PLAIN = 3  # also: no role but user and assistant; tools' results are text


BEGINNING, SILENCE, NOTHING = "(The call begins.)", "(The caller is silent.)", "…"

_NO_ROLE = re.compile(
    r"system role|system (message|prompt)s? (is|are) not|not support(ed)? .{0,20}system|only user.{0,12}assistant|"
    r"(unknown|unexpected|invalid|unsupported) role|role.{0,20}not supported|tool role",
    re.IGNORECASE,
)
#: A role that is refused where it stands, or when it comes again, may be right at the beginning.
_ELSEWHERE = re.compile(
    r"multiple|several|more than one|only one|second|(index|position|messages?)\W{0,2}[1-9]", re.IGNORECASE
)
_ABOUT_MESSAGES = re.compile(
    r"\broles?\b|alternat|system (message|prompt)|template|jinja|(last|first|final|previous|next) message|messages?\b|"
    r"conversation|content.{0,40}(null|none|string)|prefill|add_generation_prompt",
    re.IGNORECASE,
)
_NOT_ABOUT_SHAPE = re.compile(
    r"context.{0,12}(length|window|size)|too (long|large|many)|maximum|exceed|api.?key|unauthori[sz]ed|quota|billing|"
    r"content.{0,10}(policy|filter|management)|model.{0,60}(not (found|exist)|does not exist)|unknown model|safety",
    re.IGNORECASE,
)
_ABOUT_TEMPLATE = re.compile(
    r"jinja|template|\broles?\b|alternat|system (message|prompt)|(last|first|final) message|message order",
    re.IGNORECASE,
)


def next_shape(shape: Shape, status: int | None, message: str, param: str | None) -> Shape | None:
    """The shape to try after a request in `shape` was refused; None if its shape was not the reason, or none is left.

    A refusal without a reason is taken for one of the shape; templates that raise an error may end in a 5xx."""
    template = status is not None and status >= 500 and _ABOUT_TEMPLATE.search(message)
    if (status not in (400, 422) and not template) or shape is Shape.PLAIN:
        return None
    about = _ABOUT_MESSAGES.search(message) or (param or "").startswith("messages")
    if _NOT_ABOUT_SHAPE.search(message) or (param and not about):
        return None
    if re.search(r"alternat", message, re.IGNORECASE):
        return Shape(max(Shape.ALTERNATING, shape + 1))
    no_role = _NO_ROLE.search(message) and not _ELSEWHERE.search(message)
    return Shape.PLAIN if no_role else Shape(shape + 1)


def shaped(messages: Sequence[Message], shape: Shape) -> list[Message]:
    """The messages in `shape`. Nothing is lost but, in PLAIN, that a tool was called rather than told about."""
    if shape is Shape.AS_IS:
        return list(messages)
    system = "\n\n".join(str(m["content"]) for m in messages if m["role"] == "system" and m["content"])
    rest = [m | {"content": m.get("content") or ""} for m in messages if m["role"] != "system"]
    if shape is Shape.PLAIN:
        rest = _without_tools(rest)
    if not rest or rest[-1]["role"] not in ("user", "tool"):
        rest.append({"role": "user", "content": SILENCE})
    if shape >= Shape.ALTERNATING:
        rest = _alternating(rest)
    if shape is Shape.PLAIN:
        return [rest[0] | {"content": f"{system}\n\n{rest[0]['content']}".strip()}, *rest[1:]]
    return [{"role": "system", "content": system}, *rest] if system else rest


def _alternating(messages: list[Message]) -> list[Message]:
    found: list[Message] = [] if messages[0]["role"] == "user" else [{"role": "user", "content": BEGINNING}]
    texts: list[str] = []  # of which the last of them consists, if it was several: to be joined once
    for message in messages:
        before = found[-1] if found else {"role": ""}
        if before["role"] == message["role"] != "tool":
            texts = texts or [before["content"]]
            texts.append(message["content"])
            found[-1] = before | message
            continue
        _join(found, texts)
        texts = []
        if before["role"] == "tool" and message["role"] == "user":
            found.append({"role": "assistant", "content": NOTHING})
        found.append(message)
    _join(found, texts)
    return found


def _join(found: list[Message], texts: list[str]) -> None:
    if texts:
        found[-1]["content"] = "\n".join(filter(None, texts))


def _without_tools(messages: list[Message]) -> list[Message]:
    found: list[Message] = []
    called: dict[str, str] = {}
    for message in messages:
        if message["role"] == "tool":
            call = called.get(message["tool_call_id"], "a tool")
            found.append({"role": "user", "content": f"[Result of {call}: {message['content']}]"})
            continue
        for call in message.get("tool_calls", ()):
            function = call["function"]
            called[call["id"]] = f"{function['name']}, called with {function['arguments']}"
        if message["content"] or "tool_calls" not in message:
            found.append({"role": message["role"], "content": message["content"]})
    return found
