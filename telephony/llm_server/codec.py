"""Chat Completions as a platform (or any OpenAI client) asks for them: requests, chunks, errors. Pure.

Requests are read loosely: what is not understood is left out, and only what makes an answer impossible is refused
(`BadRequest`). What is sent is strict: the exact keys of OpenAI's own types, the same `id`, `created` and `model` in
every chunk, each event one line, `[DONE]` at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from telephony.contracts.llm import Finished, ToolCall
from telephony.core.history import AgentSaid, CallerSaid, History, HistoryItem, ToolUsed

DONE = "data: [DONE]\n\n"
KEEP_ALIVE = ": keepalive\n\n"
MOST_TOOLS = 128
MOST_MESSAGES = 5_000
ID_CHARS = 200
#: Where a platform's call id may stand in the body, besides our own header. The first that is there counts.
ID_KEYS = ("call_id", "conversation_id", "system__conversation_id", "call_sid", "system__call_sid")
#: Other names are refused by the models' servers, and the request with them.
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
EXTRA_BODIES = ("elevenlabs_extra_body", "extra_body", "metadata")


class BadRequest(ValueError):
    """A request that cannot be answered. `param` names the field, `code` is OpenAI's word for it."""

    def __init__(self, message: str, param: str | None = None, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param, self.code = param, code


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request, as far as it concerns us.

    `system` is the text of all system messages. `offered` are the schemas of the client's own tools, by name.
    `turn` counts the user's turns, so the last one has this number (0: there is none); user messages with nothing
    between them are one turn, because a client may repeat a request by adding to it. `key` is the fingerprint of
    everything before the last turn, the system's text and the user's name included; `asked` of all that was said up to
    and with it, `before` up to the turn before (each "" where there is no such turn; without the system's text, which
    may hold the time of day). `answered`: the agent spoke in between.
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
    key: str = ""
    asked: str = ""
    before: str = ""
    answered: bool = False


def parse(body: object, call_id: str = "") -> ChatRequest:
    """The request in `body`. `call_id` is the one of the header, if any. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise BadRequest("messages must be a list", "messages")
    if len(messages) > MOST_MESSAGES:
        raise BadRequest("too many messages", "messages")
    if (count := _limit(body.get("n"))) is not None and count > 1:
        raise BadRequest("there is one answer to a request: n must be 1", "n", "unsupported_value")
    read = _Messages([m for m in messages if isinstance(m, dict)])
    options = body.get("stream_options")
    key, asked, before, answered = read.fingerprints(_text(body.get("user_id")) or _text(body.get("user")))
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
        key=key,
        asked=asked,
        before=before,
        answered=answered,
    )


class _Messages:
    """The messages, in the words of `call.history`."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.system: list[str] = []
        self.items: list[HistoryItem] = []
        self.turn = 0
        self._waiting: dict[str, ToolUsed] = {}  # tool calls whose result has not come
        self._users: list[tuple[int, int]] = []  # where in `items` the user's turns begin and end
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
                at = len(self.items)
                if self._users and self._users[-1][1] == at:
                    at = self._users.pop()[0]
                self._users.append((at, len(self.items) + 1))
                self.turn = len(self._users)
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
        """Calls without a result would break the next request."""
        for used in self._waiting.values():
            self.items.append(ToolUsed(used.tool_call_id, used.name, used.arguments, "(There was no result.)"))
        self._waiting.clear()

    def fingerprints(self, who: str) -> tuple[str, str, str, bool]:
        """(`key`, `asked`, `before`, `answered`) of `ChatRequest`."""
        if not self._users:
            return "", "", "", False
        begins, ends = self._users[-1]
        before = self._users[-2][1] if len(self._users) > 1 else None
        between = self.items[before:begins] if before is not None else []
        return (
            self._fingerprint(begins, who, *self.system),
            self._fingerprint(ends),
            self._fingerprint(before) if before is not None else "",
            any(isinstance(item, AgentSaid) for item in between),
        )

    def _fingerprint(self, count: int, *also: str) -> str:
        said = "\x1e".join((*also, *(repr(item) for item in self.items[:count])))
        return sha256(said.encode("utf-8", "replace")).hexdigest()


def content_text(content: object) -> str:
    """The text of a message's content: a string, null, or a list of parts of which only texts count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part if isinstance(part, str) else _nested(part, "text") for part in content]
    return " ".join(part for part in parts if part)


def _offered(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The client's tools by name, each in the form of Chat Completions."""
    tools = body.get("tools")
    found: dict[str, dict[str, Any]] = {}
    for one in tools[:MOST_TOOLS] if isinstance(tools, list) else ():
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
    """What a model's server takes for the arguments of a tool: it refuses the whole request for anything else."""
    return isinstance(parameters, dict) and parameters.get("type", "object") == "object"


def _named(call_id: str) -> str:
    """A call's id; "" for a placeholder that nobody filled in (`{{call_id}}`), which would make all calls one."""
    return "" if "{{" in call_id else call_id.strip()[:ID_CHARS]


def _from_extras(body: dict[str, Any], names: Iterable[str]) -> str:
    """The first of `names` that is in an extra body, or at the top level (where OpenAI's SDK puts `extra_body`)."""
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
    """A token limit; -1, 0, null and nonsense mean that there is none."""
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
        """A whole tool call. The arguments are a JSON text, an empty object if the model wrote none."""
        function = {"name": call.name, "arguments": call.arguments or "{}"}
        calls = [{"index": index, "id": call.tool_call_id, "type": "function", "function": function}]
        return self._delta({"tool_calls": calls})

    def finish(self, reason: str) -> str:
        return self._delta({}, reason)

    def usage(self, finished: Finished) -> str:
        """After the finish, where the request asked for it; "" where it did not."""
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
    """A whole answer, for a request without `stream`."""
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.tool_call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments or "{}"},
            }
            for call in calls
        ]
    return {
        "id": chunks.id,
        "object": "chat.completion",
        "created": chunks.created,
        "model": chunks.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": _usage(finished),
    }


def _usage(finished: Finished) -> dict[str, int]:
    total = finished.prompt_tokens + finished.completion_tokens
    return {
        "prompt_tokens": finished.prompt_tokens,
        "completion_tokens": finished.completion_tokens,
        "total_tokens": total,
    }


def finish_reason(finish: str, calls: bool) -> str:
    """One of OpenAI's words, whatever the server behind us said."""
    if calls:
        return "tool_calls"
    return finish if finish in ("stop", "length", "content_filter") else "stop"


def models(names: Iterable[str]) -> dict[str, Any]:
    """The answer to `GET /v1/models`."""
    return {"object": "list", "data": [model(name) for name in names]}


def model(name: str) -> dict[str, Any]:
    """The answer to `GET /v1/models/{name}`."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "telephony"}


def error_body(message: str, kind: str, code: str, param: str | None = None) -> dict[str, Any]:
    """OpenAI's form of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


#: Code of a `ProviderError` -> (HTTP status, type, whether repeating the request can help).
STATUSES: Mapping[str, tuple[int, str, bool]] = {
    "provider_busy": (429, "rate_limit_exceeded", True),
    "provider_timeout": (504, "server_error", True),
    "provider_unavailable": (503, "server_error", True),
    "provider_refused": (502, "server_error", False),
    "provider_misbehaved": (502, "server_error", True),
}


def status_of(code: str) -> tuple[int, str, bool]:
    """How a fault before the first word is told over HTTP."""
    return STATUSES.get(code, (500, "server_error", False))


def buffer_words(filler: str) -> str:
    """Words that bridge a wait, ending as the platform wants it: three dots and a space are spoken at once, and in
    the tone of something that goes on (elevenlabs.io, custom LLM guide). "" for no words."""
    said = filler.strip().rstrip(".!… ")
    return f"{said}... " if said else ""
