"""Chat Completions of OpenAI and compatible servers: requests, chunks, errors. Pure.

The variants tolerated here and in the modules beside it (`tool_calls`, `written_calls`, `reasoning`, `shapes`) have
been observed in practice. Chunks are plain dicts; nothing in them is taken for granted.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterator
from typing import Any

from telephony.caller_number import caller_number
from telephony.contracts.llm import WRITTEN, Finished, LlmEvent, LlmRequest, TextDelta, ToolCall
from telephony.errors import (
    ProviderBusy,
    ProviderError,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderUnavailable,
)
from telephony.openai.contents import Contents, content_text, sources
from telephony.openai.habits import RESERVES, Habits
from telephony.openai.reasoning import Reasoning
from telephony.openai.shapes import shaped
from telephony.openai.tool_calls import ToolCalls, arguments_text
from telephony.openai.written_calls import WrittenCall, WrittenCalls
from telephony.valid_text import ValidStream

MAX_ANSWER_CHARS = 100_000
MAX_CHUNKS = 100_000
BLOCK_CHARS = 200
PROVIDER = "openai"
FATAL_CODES = frozenset({"insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached"})


def request_body(
    request: LlmRequest,
    *,
    model: str,
    effort: str | None,
    token_field: str,
    own_host: bool,
    habits: Habits,
    identity_key: bytes = b"",
) -> dict[str, Any]:
    """The body of a streamed completion. `own_host`: the server is OpenAI itself and knows every field; only it is sent
    an identifier of the caller, if there is a key for it."""
    messages = shaped(request.messages, habits.shape)
    body: dict[str, Any] = {"model": request.model or model, "messages": messages, "stream": True}
    if request.tools:
        body["tools"] = list(request.tools)
    chosen = request.effort if request.effort is not None else effort
    if request.tools and habits.effort_none:
        chosen = "none"
    if own_host:
        # With tools, reasoning models refuse the request unless the effort is explicitly `none`.
        if chosen:
            body["reasoning_effort"] = chosen
        body["verbosity"] = "low"
        body["stream_options"] = {"include_usage": True, "include_obfuscation": False}
        if request.cache_key:
            body["prompt_cache_key"] = request.cache_key
        if identity_key and (caller_number(request.caller) or _NAME.fullmatch(request.caller)):
            # The same for every call of a caller, and nothing that a number could be found from without the key.
            body["safety_identifier"] = hmac.new(identity_key, request.caller.encode(), hashlib.sha256).hexdigest()
    elif chosen and (chosen != "none" or habits.effort_none):
        body["reasoning_effort"] = chosen
    if request.max_tokens is not None and request.max_tokens > 0:
        body[token_field] = request.max_tokens + RESERVES[habits.reserve]
    return {name: value for name, value in body.items() if name not in habits.without}


def effort_problem(model: str, effort: str | None) -> str:
    """Why OpenAI will refuse an agent's tools with this effort, in a sentence for the operator; "" if it takes them.

    Every agent has tools (`end_call`). None: no effort is sent, and the model's own counts."""
    if not _REASONS_WITHOUT_TOOLS.match(model) or effort == "none":
        return ""
    if effort is None and not _REASONS_BY_DEFAULT.match(model):
        return ""
    said = f"the effort {effort}" if effort else "the effort of its own that OPENAI_EFFORT=omit leaves it"
    return (
        f"{model} refuses tools together with {said}, and every agent has tools; requests will be sent with the effort "
        "none. Set OPENAI_EFFORT=none, or the agent's `effort`."
    )


_REASONS_WITHOUT_TOOLS = re.compile(r"gpt-(5\.[2-9]|6)")
_REASONS_BY_DEFAULT = re.compile(r"gpt-(5\.[5-9]|6)")


class Answer:
    """Assembles one streamed answer: call `add` with each chunk, then `end`. Both yield events.

    `names`: the tools of the request. `number` makes the ids of calls without one unique in a conversation.
    `unopened`: whether the model begins inside its reasoning (see `Reasoning`; None: not known); after `end`, whether
    this answer did. Raises ProviderMisbehaved for an answer without an end."""

    def __init__(self, names: Collection[str] = (), *, number: int = 0, unopened: bool | None = False) -> None:
        self._calls, self._number = ToolCalls(names, number), number
        self._valid, self._written = ValidStream(), WrittenCalls(names)
        self._reasoning, self._expected = Reasoning(hold=unopened is not False), unopened
        self._contents = Contents()
        self._others: list[dict[str, Any]] | None = []  # choices of other indexes, as long as there is no choice 0
        self._usage: dict[str, Any] = {}
        self._finish = ""
        self._empty = True
        self.chunks = 0

    def add(self, chunk: dict[str, Any]) -> Iterator[LlmEvent]:
        self.chunks += 1
        self._usage = _dict(chunk.get("usage")) or self._usage
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else [choices]:
            if not isinstance(choice, dict):
                continue
            if choice.get("index") in (None, 0):
                self._others = None
                yield from self._choice(choice)
            elif self._others is not None:
                self._others.append(choice)
        if self.chunks > MAX_CHUNKS or len(self._contents.received) > MAX_ANSWER_CHARS:
            raise ProviderMisbehaved("the answer has no end", provider=PROVIDER)

    def _choice(self, choice: dict[str, Any]) -> Iterator[LlmEvent]:
        finish = choice.get("finish_reason")
        self._finish = self._finish or (finish if isinstance(finish, str) else "")
        for source in sources(choice):
            whole = source is choice.get("message")
            if source.get("reasoning_content") or source.get("reasoning"):
                self._reasoning.is_separate()
            text = content_text(source.get("content")) or content_text(source.get("text"))
            if new := self._contents.add(text, whole=whole or (bool(finish) and text == self._contents.received)):
                for block in _blocks(self._valid.add(new)):
                    yield from self._text(self._written.add(self._reasoning.add(block)))
            fragments = source.get("tool_calls")
            if not (whole and self._calls):
                for fragment in fragments if isinstance(fragments, list) else [fragments]:
                    self._calls.add(fragment)
            if old := _dict(source.get("function_call")):
                self._calls.add({"function": old})

    def broken(self) -> Iterator[TextDelta]:
        """Instead of `end`, when the stream broke: the text that was held, unless it must be reasoning."""
        text, _ = self._rest(cut=True)
        yield from self._text(text)

    def end(self) -> Iterator[LlmEvent]:
        for choice in self._others or ():  # a server that counts from 1
            if choice.get("index") == self._others[0].get("index"):  # type: ignore[index]
                yield from self._choice(choice)
        text, written = self._rest(cut=self._cut)
        yield from self._text(text)
        calls = list(self._calls)
        if not calls:
            calls = [
                ToolCall(f"{WRITTEN}{self._number}_{at}", call.name, arguments_text(call.arguments))
                for at, call in enumerate(written)
            ]
        self._empty = self._empty and not calls
        yield from calls
        prompt, completion = (_count(self._usage.get(f"{part}_tokens")) for part in ("prompt", "completion"))
        yield Finished(self._finish or "stop", prompt, completion)

    def _rest(self, *, cut: bool) -> tuple[str, list[WrittenCall]]:
        text = self._reasoning.add(self._valid.rest()) + self._reasoning.rest(cut=cut)
        if cut and self._expected and not self._reasoning.unopened:
            text = ""  # the model had not come to the end of its reasoning
        text = "".join(map(self._written.add, _blocks(text)))
        rest, written = self._written.rest()
        return text + rest, written

    @property
    def unopened(self) -> bool | None:
        return self._reasoning.unopened

    @property
    def work(self) -> int:
        """A measure of the work so far: characters, and what a chunk costs besides."""
        return len(self._contents.received) + 250 * self.chunks

    @property
    def begun(self) -> bool:
        """Whether any text has come, passed on or not."""
        return bool(self._contents.received)

    @property
    def eaten(self) -> bool:
        """After `end`: the limit of tokens was reached before the answer began, because reasoning counts too."""
        return self._empty and self._cut

    @property
    def _cut(self) -> bool:
        """Whether the answer ended at the limit, as servers call it: "length", "max_tokens", "MAX_TOKENS", ..."""
        return re.search(r"length|max", self._finish, re.IGNORECASE) is not None

    def _text(self, text: str) -> Iterator[TextDelta]:
        if text:
            self._empty = self._empty and not text.strip()
            yield TextDelta(text)


def _blocks(text: str) -> list[str]:
    """`text` in pieces of a length for which the search for marks is quick, whatever it holds."""
    return [text[at : at + BLOCK_CHARS] for at in range(0, len(text), BLOCK_CHARS)]


_NAME = re.compile(r"(sip|client):.{1,200}")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def error_for(status: int | None, code: str, message: str, param: str | None) -> ProviderError:
    """The error for an answer with HTTP `status` (None: the error came within a stream)."""
    text = f"{status or 'stream'} {code} {message}"[:300]
    if code in FATAL_CODES:
        return ProviderRefused(text, provider=PROVIDER, code=code)
    if status == 429 or code in ("rate_limit_exceeded", "rate_limited"):
        return ProviderBusy(text, provider=PROVIDER)
    if (
        status is None or status >= 500 or status in (408, 409) or code == "tool_use_failed"
    ):  # a call that was malformed
        return ProviderUnavailable(text, provider=PROVIDER)
    if 400 <= status < 500:
        return ProviderRefused(f"{text} param={param}"[:300], provider=PROVIDER)
    if 300 <= status < 400:
        return ProviderRefused(f"{status} redirect: check the base URL", provider=PROVIDER)
    return ProviderMisbehaved(text, provider=PROVIDER)
