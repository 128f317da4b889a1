"""The server side of Chat Completions, for a platform or any OpenAI client: requests, chunks, errors. Pure.

Parsing is lenient: parts that are not understood are ignored, and a request is refused (`BadRequest`) only if it cannot
be answered. Output is strict: the exact keys of OpenAI's own types, the same `id`, `created` and `model` in every
chunk, one line per event, `[DONE]` at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from telephony.contracts.llm import Finished, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, History, HistoryItem, ToolUsed

DONE = "data: [DONE]\n\n"
KEEP_ALIVE = ": keepalive\n\n"
MAX_TOOLS = 128
MAX_MESSAGES = 5_000
ID_CHARS = 200
#: Keys of the body that may hold the platform's call id, if no header does. The first one present is used.
ID_KEYS = ("call_id", "conversation_id", "system__conversation_id", "call_sid", "system__call_sid")
#: LLM servers refuse a whole request if a tool has any other name.
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
EXTRA_BODIES = ("elevenlabs_extra_body", "extra_body", "metadata")


class BadRequest(ValueError):
    """A request that cannot be answered. `param` names the field, `code` is OpenAI's error code."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param, self.code = param, code


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The parts of a request that we use.

    `system`: the text of all system messages. `offered`: the schemas of the client's own tools, by name. `turn`: the
    number of user turns; adjacent user messages are one turn, because a client may repeat a request by appending to it.
    """

    model: str
    stream: bool
    include_usage: bool
    max_tokens: int | None
    system: str
    history: History
    offered: Mapping[str, dict[str, Any]]
    call_id: str
    caller: str
    called: str
    turn: int


def parse(body: object, call_id: str = "") -> ChatRequest:
    """The request in `body` (parsed JSON). `call_id` is the one from the header, if any. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise BadRequest("messages must be a list", "messages")
    if len(messages) > MAX_MESSAGES:
        raise BadRequest("too many messages", "messages")
    if (count := _limit(body.get("n"))) is not None and count > 1:
        raise BadRequest("n must be 1: a request has only one answer", "n", "unsupported_value")
    read = _Messages([m for m in messages if isinstance(m, dict)])
    options = body.get("stream_options")
    return ChatRequest(
        model=_text(body.get("model"))[:ID_CHARS],
        stream=body.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        max_tokens=_limit(body.get("max_completion_tokens")) or _limit(body.get("max_tokens")),
        system="\n\n".join(read.system),
        history=tuple(read.items),
        offered={} if body.get("tool_choice") == "none" else _offered(body),
        call_id=_named(call_id) or _named(_from_extras(body, ID_KEYS)) or _named(_nested(body.get("call"), "id")),
        caller=_from_extras(body, ("caller", "caller_id", "system__caller_id")),
        called=_from_extras(body, ("called", "called_number", "system__called_number")),
        turn=read.turn,
    )


class _Messages:
    """Converts the messages to history items (`core/history.py`)."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.system: list[str] = []
        self.items: list[HistoryItem] = []
        self.turn = 0
        self._waiting: dict[str, ToolUsed] = {}  # tool calls without a result so far
        for message in messages:
            self._add(message)
        self._unanswered()

    def _add(self, message: dict[str, Any]) -> None:
        text = content_text(message.get("content"))
        match message.get("role"):
            case "system" | "developer":
                self.system += [text] if text.strip() else []
            case "user":
                self._unanswered()
                if not (self.items and isinstance(self.items[-1], CallerSaid)):
                    self.turn += 1
                self.items.append(CallerSaid(text.strip()))
            case "assistant":
                self._unanswered()
                if text.strip():
                    self.items.append(AgentSaid(text.strip()))
                self._calls(message)
            case "tool" | "function":
                call_id = _text(message.get("tool_call_id")) or _text(message.get("name"))
                used = self._waiting.pop(call_id, None) or ToolUsed(call_id or "call_0", "tool", "{}", "")
                self.items.append(ToolUsed(used.tool_call_id, used.name, used.arguments, text))

    def _calls(self, message: dict[str, Any]) -> None:
        calls = message.get("tool_calls")
        found = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
        if isinstance(old := message.get("function_call"), dict):
            found.append({"id": _text(old.get("name")), "function": old})
        for call in found:
            function = call.get("function")
            if not isinstance(function, dict) or not (name := _text(function.get("name"))):
                continue
            arguments = function.get("arguments")
            given = arguments if isinstance(arguments, str) else json.dumps(arguments or {})
            call_id = _text(call.get("id")) or f"call_{len(self.items)}_{len(self._waiting)}"
            self._waiting[call_id] = ToolUsed(call_id, name, given or "{}", "")

    def _unanswered(self) -> None:
        """Gives open tool calls a placeholder result: an LLM server refuses calls without one."""
        for used in self._waiting.values():
            self.items.append(ToolUsed(used.tool_call_id, used.name, used.arguments, "(There was no result.)"))
        self._waiting.clear()


def content_text(content: object) -> str:
    """The text of a message's content: a string, null, or a list of parts, of which only text parts are used."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part if isinstance(part, str) else _nested(part, "text") for part in content]
    return " ".join(part for part in parts if part)


def _offered(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The client's tools by name, as Chat Completions schemas."""
    tools = body.get("tools")
    found: dict[str, dict[str, Any]] = {}
    for one in tools[:MAX_TOOLS] if isinstance(tools, list) else ():
        function = one.get("function", one) if isinstance(one, dict) else None
        if isinstance(function, dict) and TOOL_NAME.fullmatch(name := _text(function.get("name"))):
            parameters = function.get("parameters")
            found[name] = {
                "type": "function",
                "function": {
                    "name": name,
                    "description": _text(function.get("description")),
                    "parameters": parameters if _is_schema(parameters) else {"type": "object", "properties": {}},
                },
            }
    return found


def _is_schema(parameters: object) -> bool:
    """Whether an LLM server accepts this as a tool's parameters. For any other it refuses the whole request."""
    return isinstance(parameters, dict) and parameters.get("type", "object") == "object"


def _named(call_id: str) -> str:
    """The call id, or "" for an unfilled placeholder (`{{call_id}}`), which would be the same for all calls."""
    return "" if "{{" in call_id else call_id.strip()[:ID_CHARS]


def _from_extras(body: dict[str, Any], names: Iterable[str]) -> str:
    """The first of `names` found in an extra body or at the top level (as with `extra_body` of OpenAI's SDK)."""
    places = [place for key in EXTRA_BODIES if isinstance(place := body.get(key), dict)]
    for name in names:
        for place in (*places, body):
            value = place.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()[:ID_CHARS]
    return ""


def _nested(value: object, key: str) -> str:
    return _text(value.get(key)) if isinstance(value, dict) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _limit(value: object) -> int | None:
    """A token limit, or None for -1, 0, null and any other value."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


# --- what is sent ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of one answer, each as a whole SSE event. `created` is in seconds since 1970."""

    id: str
    created: int
    model: str
    include_usage: bool = False

    def role(self) -> str:
        return self._delta({"role": "assistant", "content": ""})

    def text(self, text: str) -> str:
        return self._delta({"content": text})

    def call(self, index: int, call: ToolCall) -> str:
        """A complete tool call. The arguments are JSON text; an empty object if the LLM gave none."""
        return self._delta({"tool_calls": [{"index": index, **_call(call)}]})

    def finish(self, reason: str) -> str:
        return self._delta({}, reason)

    def usage(self, finished: Finished) -> str:
        """The usage chunk, sent after the finish; "" if the request did not ask for it."""
        return self._event([], _usage(finished)) if self.include_usage else ""

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> str:
        return self._event([{"index": 0, "delta": delta, "finish_reason": finish}], None)

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, int] | None) -> str:
        chunk: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }
        if self.include_usage:
            chunk["usage"] = usage
        return f"data: {json.dumps(chunk)}\n\n"


def completion(chunks: Chunks, text: str, calls: list[ToolCall], reason: str, finished: Finished) -> dict[str, Any]:
    """The complete answer to a request without `stream`."""
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if calls:
        message["tool_calls"] = [_call(call) for call in calls]
    return {
        "id": chunks.id,
        "object": "chat.completion",
        "created": chunks.created,
        "model": chunks.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": _usage(finished),
    }


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.tool_call_id, "type": "function", "function": function}


def _usage(finished: Finished) -> dict[str, int]:
    total = finished.prompt_tokens + finished.completion_tokens
    return {
        "prompt_tokens": finished.prompt_tokens,
        "completion_tokens": finished.completion_tokens,
        "total_tokens": total,
    }


def finish_reason(finish: str, calls: bool) -> str:
    """A finish reason that OpenAI defines, whatever the LLM server sent."""
    if calls:
        return "tool_calls"
    return finish if finish in ("stop", "length", "content_filter") else "stop"


def models(names: Iterable[str]) -> dict[str, Any]:
    """The answer to `GET /v1/models`."""
    return {"object": "list", "data": [model(name) for name in names]}


def model(name: str) -> dict[str, Any]:
    """The answer to `GET /v1/models/{name}`."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "telephony"}


def status_of(code: str) -> tuple[int, str, bool]:
    """For an error before the first part of the answer, by the code of its `ProviderError`: (HTTP status, type, whether
    repeating the request can help)."""
    return _STATUSES.get(code, (500, "server_error", False))


_STATUSES: Mapping[str, tuple[int, str, bool]] = {
    "provider_busy": (429, "rate_limit_exceeded", True),
    "provider_timeout": (504, "server_error", True),
    "provider_unavailable": (503, "server_error", True),
    "provider_refused": (502, "server_error", False),
    "provider_misbehaved": (502, "server_error", True),
}


def buffer_words(filler: str) -> str:
    """`filler` as buffer words, or "" if it has none. They end in three dots and a space: the platform speaks such text
    at once, in the tone of an unfinished sentence (elevenlabs.io, custom LLM guide)."""
    said = filler.strip().rstrip(".!… ")
    return f"{said}... " if said else ""
