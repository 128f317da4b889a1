"""Chat Completions of OpenAI and compatible servers: requests, chunks, errors. Pure.

Servers differ in small ways (tool calls without index, repeated or empty ids, reasoning in the text, refused fields).
The variants tolerated here have been observed in practice. Chunks are plain dicts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from telephony.contracts.llm import Finished, LlmEvent, LlmRequest, TextDelta, ToolCall
from telephony.errors import (
    ProviderBusy,
    ProviderError,
    ProviderMisbehaved,
    ProviderRefused,
    ProviderUnavailable,
)

#: Optional request fields: if a server refuses one, the request is still valid without it.
DROPPABLE = ("reasoning_effort", "verbosity", "stream_options", "prompt_cache_key", "parallel_tool_calls")
PROVIDER = "openai"
FATAL_CODES = frozenset({"insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached"})
_KNOWN_CALL_KEYS = frozenset({"index", "id", "type", "function"})


def request_body(
    request: LlmRequest, *, model: str, effort: str | None, token_field: str, own_host: bool, without: frozenset[str]
) -> dict[str, Any]:
    """The body of a streamed completion. `own_host`: the server is OpenAI itself and knows every field. `without`: the
    fields to leave out."""
    body: dict[str, Any] = {"model": request.model or model, "messages": list(request.messages), "stream": True}
    if request.tools:
        body["tools"] = list(request.tools)
    chosen = request.effort if request.effort is not None else effort
    if own_host:
        # With tools, reasoning models refuse the request unless the effort is explicitly `none`.
        if chosen:
            body["reasoning_effort"] = chosen
        body["verbosity"] = "low"
        body["stream_options"] = {"include_usage": True, "include_obfuscation": False}
        if request.cache_key:
            body["prompt_cache_key"] = request.cache_key
    elif chosen and chosen != "none":
        body["reasoning_effort"] = chosen
    if request.max_tokens is not None and request.max_tokens > 0:
        body[token_field] = request.max_tokens
    return {name: value for name, value in body.items() if name not in without}


@dataclass(slots=True)
class _PartialCall:
    tool_call_id: str = ""
    name: str = ""
    arguments: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class Answer:
    """Assembles one streamed answer: call `add` with each chunk, then `end`. Both yield events."""

    def __init__(self) -> None:
        self._calls: list[_PartialCall] = []
        self._by_index: dict[int, _PartialCall] = {}
        self._think_filter = ThinkFilter()
        self._usage: dict[str, Any] = {}
        self._finish = ""
        self.chunks = 0

    def add(self, chunk: dict[str, Any]) -> Iterator[LlmEvent]:
        self.chunks += 1
        self._usage = chunk.get("usage") or self._usage
        for choice in (chunk.get("choices") or [])[:1]:
            self._finish = choice.get("finish_reason") or self._finish
            delta = choice.get("delta") or choice.get("message") or {}
            if isinstance(content := delta.get("content"), str) and (text := self._think_filter.strip(content)):
                yield TextDelta(text)
            for fragment in delta.get("tool_calls") or []:
                self._fragment(fragment)

    def end(self) -> Iterator[LlmEvent]:
        if text := self._think_filter.rest():
            yield TextDelta(text)
        seen: set[str] = set()
        for number, call in enumerate(self._calls):
            if not call.name:
                continue
            tool_call_id = call.tool_call_id or f"call_{number}"
            while tool_call_id in seen:  # with duplicate ids the next request would be refused
                tool_call_id += "_"
            seen.add(tool_call_id)
            extra = json.dumps(call.extra) if call.extra else ""
            yield ToolCall(tool_call_id, call.name, call.arguments.strip() or "{}", extra)
        prompt, completion = (self._usage.get(f"{part}_tokens") or 0 for part in ("prompt", "completion"))
        yield Finished(self._finish or "stop", prompt, completion)

    def _fragment(self, fragment: dict[str, Any]) -> None:
        function = fragment.get("function") or {}
        call = self._call_for(fragment.get("index"), fragment.get("id") or "", function.get("name") or "")
        call.tool_call_id = call.tool_call_id or fragment.get("id") or ""
        call.name = call.name or function.get("name") or ""
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            call.arguments = json.dumps(arguments)
        elif isinstance(arguments, str):
            call.arguments += arguments
        call.extra |= {k: v for k, v in fragment.items() if k not in _KNOWN_CALL_KEYS and v is not None}

    def _call_for(self, index: int | None, tool_call_id: str, name: str) -> _PartialCall:
        known = self._by_index.get(index) if index is not None else (self._calls[-1] if self._calls else None)
        if index is None and tool_call_id:
            known = next((c for c in self._calls if c.tool_call_id == tool_call_id), None)
        is_new = known is None or (tool_call_id and known.tool_call_id and known.tool_call_id != tool_call_id)
        if not is_new and index is None and name and known is not None and known.name and not tool_call_id:
            is_new = True
        if is_new or known is None:
            known = _PartialCall()
            self._calls.append(known)
        if index is not None:
            self._by_index[index] = known
        return known


class ThinkFilter:
    """Removes `<think>...</think>` from a stream of text, even if a tag is split between pieces."""

    OPEN, CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._text = ""
        self._inside = False

    def strip(self, text: str) -> str:
        self._text += text
        out = ""
        while True:
            tag = self.CLOSE if self._inside else self.OPEN
            before, found, after = self._text.partition(tag)
            if found:
                out += "" if self._inside else before
                self._text, self._inside = after, not self._inside
                continue
            keep = next((n for n in range(len(tag) - 1, 0, -1) if self._text.endswith(tag[:n])), 0)
            ready = self._text[: len(self._text) - keep]
            self._text = self._text[len(self._text) - keep :]
            return out + ("" if self._inside else ready)

    def rest(self) -> str:
        """The text left at the end: an incomplete opening tag was text after all."""
        text, self._text = "" if self._inside else self._text, ""
        return text


def error_for(status: int | None, code: str, message: str, param: str | None) -> ProviderError:
    """The error for an answer with HTTP `status` (None: the error came within a stream)."""
    text = f"{status or 'stream'} {code} {message}"[:300]
    if code in FATAL_CODES:
        return ProviderRefused(text, provider=PROVIDER, code=code)
    if status == 429 or code in ("rate_limit_exceeded", "rate_limited"):
        return ProviderBusy(text, provider=PROVIDER)
    if status is None or status >= 500 or status in (408, 409):
        return ProviderUnavailable(text, provider=PROVIDER)
    if 400 <= status < 500:
        return ProviderRefused(f"{text} param={param}"[:300], provider=PROVIDER)
    if 300 <= status < 400:
        return ProviderRefused(f"{status} redirect: check the base URL", provider=PROVIDER)
    return ProviderMisbehaved(text, provider=PROVIDER)


def refused_field(status: int | None, message: str, param: str | None, body: dict[str, Any]) -> str:
    """The field that a 400 or 422 refers to, if the request may work without it; otherwise ""."""
    if status not in (400, 422):
        return ""
    names = [name for name in (*DROPPABLE, "max_completion_tokens", "max_tokens") if name in body]
    return next((n for n in names if n == param or n in message), "")
