"""What a server was seen to refuse or to do, for one of its models: learned once, heeded from then on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from telephony.contracts.llm import LlmRequest
from telephony.openai.shapes import Shape, next_shape

#: Optional request fields: if a server refuses one, the request is still valid without it.
DROPPABLE = (
    *(
        "reasoning_effort",
        "verbosity",
        "stream_options",
        "prompt_cache_key",
        "parallel_tool_calls",
        "safety_identifier",
    ),
    *("max_completion_tokens", "max_tokens"),
)
TRIAL = LlmRequest(({"role": "user", "content": "Answer with the single word: ready"},), max_tokens=300)
"""A small request that shows a model's habits before the first call needs them."""
RESERVES = (0, 4_000, 16_000)
"""Tokens allowed in addition to a reply's limit, for a model whose reasoning counts against it. A limit costs nothing,
so the largest is tried at once; a server whose context is too short for it gets the smaller."""

_NO_TOOLS = re.compile(
    r"not support.{0,20}(tool|function)|tool.?choice.{0,20}requires|tool.call.parser|"
    r"(tools?|functions?|function calling).{0,20}(not supported|unsupported)",
    re.IGNORECASE,
)
_TOO_MANY_TOKENS = re.compile(
    r"max_(completion_)?tokens|context.{0,12}(length|window|size)|too (long|large|many)|maximum|exceed", re.IGNORECASE
)
#: A refusal with a server's error for its status. One that is overloaded may name fields too.
_REFUSES = re.compile(
    r"not (supported|permitted|allowed|recogni[sz]ed|implemented|valid|available)|does(n't| not) support|unsupported|"
    r"un(known|expected|recogni[sz]ed)|invalid|extra (inputs|fields)|requires|TypeError|KeyError|validation",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status, in the server's words."""

    status: int
    message: str
    param: str | None = None


@dataclass(slots=True)
class Habits:
    """`without`: request fields that are refused. `effort_none`: no other effort is taken. `shape`: see `shapes.py`;
    `proven`: the one of the last answer; `hopeless`: none was ever accepted. `unopened`: see `Reasoning`; None: not
    seen yet. `reserve`: an index of RESERVES; `largest`: of the largest that the server takes."""

    without: frozenset[str] = frozenset()
    effort_none: bool = False
    shape: Shape = Shape.AS_IS
    proven: Shape | None = None
    hopeless: bool = False
    unopened: bool | None = None
    reserve: int = 0
    largest: int = len(RESERVES) - 1

    def learn(self, refusal: Refusal, body: dict[str, Any], own_host: bool) -> str:
        """What another request will do differently after `body` was refused; "" if nothing can help."""
        if "tools" in body and not self.effort_none and _refuses_effort(refusal, own_host):
            self.effort_none = True  # the model reasons by default: to leave the field out would be refused again
            return "reasoning_effort none"
        if self.reserve and refusal.status in (400, 413, 422) and _TOO_MANY_TOKENS.search(refusal.message):
            self.largest = self.reserve = self.reserve - 1
            return f"at most {RESERVES[self.reserve]} tokens more"
        if field := refused_field(refusal, body):
            self.without |= {field}
            return f"without {field}"
        if own_host or self.hopeless:
            return ""
        shape = next_shape(self.shape, refusal.status, refusal.message, refusal.param)
        if shape is not None:
            self.shape = shape
            return f"messages {shape.name.lower()}"
        if self.shape is not self.proven:  # none of them helped: the shape was not the reason
            self.shape, self.hopeless = self.proven or Shape.AS_IS, self.proven is None
        return ""

    def worked(self) -> None:
        """A request was accepted."""
        self.proven = self.shape

    def more_tokens(self, used: int) -> bool:
        """Allows the most tokens, because reasoning used up the limit with reserve `used`; False if it was the most."""
        self.reserve = self.largest
        return self.reserve > used


def _refuses_effort(refusal: Refusal, own_host: bool) -> bool:
    """Whether tools go with no effort but `none`; other servers may not know the field at all."""
    named = refusal.param == "reasoning_effort" or "reasoning_effort" in refusal.message
    return named and refusal.status in (400, 422) and (own_host or "tool" in refusal.message)


def refused_field(refusal: Refusal, body: dict[str, Any]) -> str:
    """The field that a 400 or 422 refers to, if the request may work without it; otherwise ""."""
    if refusal.status not in (400, 422) and not (refusal.status >= 500 and _REFUSES.search(refusal.message)):
        return ""
    names = [name for name in DROPPABLE if name in body]
    found = next((n for n in names if n == refusal.param or re.search(rf"\b{n}\b", refusal.message)), "")
    return found or ("tools" if "tools" in body and _NO_TOOLS.search(refusal.message) else "")
