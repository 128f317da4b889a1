"""Finds tool calls that a model has written into its text instead of making them: they are never spoken. Pure.

`WrittenCalls.add` passes text on up to the first sign of a call; from there it waits for the end, where `read` tells
calls from text. Whether a call found here may run is decided by `runtime/reply.py`.

The spellings, by the kind of model: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>` (Hermes, Qwen),
`<function=name><parameter=key>value</parameter></function>` (Llama, Qwen coder), `<tool_call>name<arg_key>...` (GLM),
`<invoke name="..."><parameter name="...">` (DeepSeek, MiniMax), `[TOOL_CALLS]name[ARGS]{...}` (Mistral),
`functions.name:0<|tool_call_argument_begin|>{...}` (Kimi), `name<｜tool▁sep｜>{...}` (DeepSeek), bare JSON, fenced
JSON, and Python: `[name(key="value")]`.
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

MAX_CHARS = 8_000
MAX_CALLS = 32
MAX_PYTHON_CHARS = 2_000

#: The first sign of a call, and what may become one with the next piece.
_SIGNS = (
    *(
        "<tool",
        "<function",
        "<invoke",
        "<parameter",
        "<arg_",
        "<action",
        "<|tool",
        "<｜tool",
        "<|python_tag",
        "<｜DSML",
    ),
    *("<|DSML", "[TOOL_CALLS]", "[TOOL_REQUEST]", "functools[", "```", "{", "[{", "</tool", "</function"),
)
_MARK = re.compile(r"<[/｜|\w:]*(?:tool|function|invoke|parameter|arg_|action|DSML)|\[TOOL|functools", re.IGNORECASE)
_NAME = r"[A-Za-z_][\w.-]{0,63}"
_SPELLINGS = (
    re.compile(rf"<function=\"?(?P<name>{_NAME})\"?>(?P<body>.*?)(?:</function>|(?=<function=)|\Z)", re.DOTALL),
    re.compile(
        rf"<[｜|\w]*:?[｜|]?(?:invoke|function|tool_call|function_call)\s+name=[\"']?(?P<name>{_NAME})[\"']?\s*>(?P<body>.*?)"
        r"(?:</[｜|\w]*:?[｜|]?(?:invoke|function|tool_call|function_call)>|\Z)",
        re.DOTALL,
    ),
    re.compile(rf"<tool_call>\s*(?P<name>{_NAME})\s*(?P<body>(?:<arg_key>.*?)?)(?:</tool_call>|\Z)", re.DOTALL),
)
#: A name, then something, then the arguments as a JSON object.
_BEFORE_JSON = re.compile(
    rf"(?:function<[｜|]tool[▁_]sep[｜|]>|functions\.)?(?<![\w`])(?P<name>{_NAME})(?::\d+)?\s*(?:\[ARGS\]|"
    r"\[CALL_ID\]\w*\[ARGS\]|<\|tool_call_argument_begin\|>|<[｜|]tool[▁_]sep[｜|]>|\n```json)\s*$"
)
_PARAMETER = re.compile(
    rf"<[｜|\w]*:?[｜|]?parameter(?:=|\s+name=)[\"']?(?P<key>{_NAME})[\"']?[^>]*>(?P<value>.*?)</[｜|\w]*:?[｜|]?parameter>"
    rf"|<arg_key>\s*(?P<key2>{_NAME})\s*</arg_key>\s*<arg_value>(?P<value2>.*?)</arg_value>",
    re.DOTALL,
)
#: What is neither call nor text around calls.
_WRAPPING = re.compile(
    r"</?[｜|\w]*:?[｜|]?(?:tool|function|invoke|action)[^<>]*>|<[|｜][^<>]*[|｜]>|\[/?TOOL_\w+\]|\[(?:ARGS|END_TOOL_REQUEST)\]|functools|"
    r"```(?:json|python|tool_code|tool_call|xml)?",
)
_FENCE = re.compile(r"```\w*\n?")
_NAME_KEYS = ("name", "function", "tool", "tool_name", "function_name", "action", "recipient_name")
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "params", "kwargs")


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """`arguments` is the text of a JSON value."""

    name: str
    arguments: str


class WrittenCalls:
    """See the module text. `names`: the tools of the request."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = names
        spelled = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        signs = "|".join(map(re.escape, _SIGNS))
        python = rf"|\[?(?:print\()?\b(?:{spelled})\(" if names else ""
        first = "".join({re.escape(one[0]) for one in (*names, *_SIGNS, "print")})  # only for speed
        pattern = rf"(?=[{first}])(?:{signs}|</?\w{{1,20}}:(?:tool|function|invoke)|\[\s*(?={{){python})"
        self._sign = re.compile(pattern, re.IGNORECASE)
        self._starts = (*_SIGNS, *(f"{name}(" for name in names))
        self._text = ""
        self._captured: str | None = None

    def add(self, piece: str) -> str:
        if self._captured is not None:
            self._captured = (self._captured + piece)[:MAX_CHARS]
            return ""
        self._text += piece
        if sign := self._sign.search(self._text):
            ready, self._captured = self._text[: sign.start()], self._text[sign.start() :][:MAX_CHARS]
            self._text = ""
            return ready
        end = self._open_end()
        ready, self._text = self._text[:end], self._text[end:]
        return ready

    def rest(self) -> tuple[str, list[WrittenCall]]:
        """The text left at the end, and the calls."""
        if self._captured is None:
            text, self._text = self._text, ""
            return text, []
        calls, text = read(self._captured, self._names)
        self._captured = None
        return text, calls

    def _open_end(self) -> int:
        """The index at which what may become a sign begins."""
        text = self._text
        for at in range(max(len(text) - 70, 0), len(text)):
            tail = text[at:]
            if tail[0] in "<[" and ">" not in tail and "]" not in tail and len(tail) < 30:
                return at
            at_word = at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_")
            if any(start.startswith(tail) for start in self._starts if at_word or start in _SIGNS):
                return at
        return len(text)


def read(text: str, names: Collection[str]) -> tuple[list[WrittenCall], str]:
    """The calls in `text`, and the text that is left: nothing of a call that cannot be read."""
    calls: list[WrittenCall] = []
    left = text
    for spelling in _SPELLINGS:
        for found in spelling.finditer(left):
            calls.append(WrittenCall(found["name"].removeprefix("functions."), _body(found["body"])))
        left = spelling.sub("", left)
    found_json, left = _json_calls(left)
    calls += found_json
    if not calls:
        calls, left = _python_calls(left, names)
    if calls:
        return calls[:MAX_CALLS], _WRAPPING.sub("", left).strip(" \n\t,;[]{}")
    return [], "" if _MARK.search(text) else _FENCE.sub("", text)


def _body(body: str) -> str:
    """The arguments of a call in tags: JSON, or a tag for each."""
    pairs = {m["key"] or m["key2"]: m["value"] if m["key"] else m["value2"] for m in _PARAMETER.finditer(body)}
    if pairs:
        return json.dumps({key: _value(value.strip()) for key, value in pairs.items()}, ensure_ascii=False)
    return body.strip() or "{}"


def _value(text: str) -> Any:
    """A value between tags: JSON if it is a number, an object and so on, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return html.unescape(text)


def _json_calls(text: str) -> tuple[list[WrittenCall], str]:
    """The calls among the JSON values in `text`, and the text without them."""
    decoder, calls, left, at, tries = json.JSONDecoder(), list[WrittenCall](), "", 0, 0
    while (start := text.find("{", at)) >= 0 and tries < MAX_CALLS:
        tries += 1
        try:
            value, end = decoder.raw_decode(text, start)
        except RecursionError:
            break
        except ValueError:
            left, at = left + text[at : start + 1], start + 1
            continue
        before = text[at:start]
        found = list(_calls_in(value))
        if not found and (named := _BEFORE_JSON.search(before)):
            found, before = [WrittenCall(named["name"], json.dumps(value, ensure_ascii=False))], before[: named.start()]
        calls += found
        left, at = left + before + ("" if found else text[start:end]), end
    return calls, left + text[at:]


def _calls_in(value: Any, depth: int = 0) -> Iterator[WrittenCall]:
    if isinstance(value, list) and depth < 3:
        for inner in value:
            yield from _calls_in(inner, depth + 1)
    if not isinstance(value, dict) or depth > 3:
        return
    for key in ("tool_calls", "function", "tool_uses"):
        if isinstance(value.get(key), dict | list):
            yield from _calls_in(value[key], depth + 1)
            return
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    given = [value[key] for key in _ARGUMENT_KEYS if key in value]
    if name and given:
        arguments = given[0] if isinstance(given[0], str) else json.dumps(given[0], ensure_ascii=False)
        yield WrittenCall(name.removeprefix("functions."), arguments)


def _python_calls(text: str, names: Collection[str]) -> tuple[list[WrittenCall], str]:
    """The calls if `text` begins with one, or with a list of them, in Python."""
    code = re.sub(r"^\s*```(?:python|tool_code)?\s*|\s*```\s*$|</?[^<>]*>", "", text).strip()
    if len(code) > MAX_PYTHON_CHARS:
        return [], text
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], text
    found = []
    for node in tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" and node.args:
            node = node.args[0]
        if not isinstance(node, ast.Call) or (name := ast.unparse(node.func)) not in names or node.args:
            return [], text
        try:
            given = {str(one.arg): ast.literal_eval(one.value) for one in node.keywords}
            found.append(WrittenCall(name, json.dumps(given, ensure_ascii=False)))
        except (ValueError, TypeError, RecursionError):
            return [], text
    return found, ""
