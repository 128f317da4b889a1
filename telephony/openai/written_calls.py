"""Finds tool calls that a model has written into its text instead of making them: they are never spoken. Pure.

`WrittenCalls.add` passes text on up to the first sign of a call; from there it waits for the end, where `read` tells
calls from text. Whether a call found here may run is decided by `runtime/reply.py`.

Marks of calls (`marks.py`) are brought into one spelling first: `<tool_call>` around a call, and the few that structure
it. What is left are the forms of the call itself: JSON, with a name in it or before it, or as the only key; tags for
each parameter; Python; and the lines of ReAct ("Action: name", "Action Input: {...}").
"""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from telephony.openai.loose_json import object_at, span_at
from telephony.openai.marks import Mark, Means, next_mark
from telephony.openai.tool_calls import own_name

MAX_CHARS = 8_000
MAX_CALLS = 32
MAX_UNREAD = 4
"""After so many objects that cannot be read there is no use in looking for more."""

_NAME = r"[A-Za-z_][\w.:-]{0,63}"
_LINE = r"(?:^|(?<=\n))[ *#>]*"
_ACTION = rf"{_LINE}(?:action|tool|function|✿FUNCTION✿)[ *]*:[ *`\"']*(?P<name>{_NAME})[ *`\"']*\n+[ *#>]*"
_INPUT = r"(?:(?:action|tool)[ _]input|input|arguments|parameters|✿ARGS✿)[ *]*:"
#: The first sign of a call that is no whole mark, and what may become one with the next piece.
_SIGNS = (
    r"```|\{|\[\s*\{|functools\[|\[\s*[A-Za-z_][\w.]*\(|\(function=|\bto=functions\.|✿FUNCTION✿|"
    rf"<[/|｜]{{0,2}}(?:tool|function|invoke|parameter|arg_)|{_ACTION}{_INPUT}"
)
_SIGN_BEGUN = re.compile(
    rf"(?:`{{1,2}}|\[\s*(?:[A-Za-z_][\w.]*)?|✿F?U?N?C?T?I?O?N?|{_LINE}(?:(?<=[*#>])[ ]?|\w+[ *]*(?::[ *`\"']*"
    rf"(?:{_NAME})?[ *`\"']*(?:\n+[ *#>]*(?:[a-z✿][a-z_ ✿]{{0,16}}[ *]*)?)?)?))\Z",
    re.IGNORECASE,
)
_LINE_WORD = re.compile(r"[ *#>]*(?P<word>\w+)[ *]*(?P<more>:?)")
_LINE_WORDS = ("action", "tool", "function")
_WORDS = ("functools[", "to=functions.", "(function=")
_BEFORE_NAME = ("`", "print(", "functions.", "tools.", "default_api.")
#: What is no text, even if no call can be read from it.
_UNSPOKEN = re.compile(rf"{_ACTION}{_INPUT}|\bto=functions\.|✿FUNCTION✿|[<(]function", re.IGNORECASE)

_FUNCTION = re.compile(rf"<function=\"?(?P<name>{_NAME})\"?>?(?P<body>.*?)(?:</function>|(?=<function=)|\Z)", re.DOTALL)
_INVOKE = re.compile(
    rf"<(?:invoke|function|tool_call)\s+name=[\"']?(?P<name>{_NAME})[\"']?\s*>(?P<body>.*?)"
    r"(?:</(?:invoke|function|tool_call)>|\Z)",
    re.DOTALL,
)
_TAGGED = re.compile(rf"<tool_call>\s*(?P<name>{_NAME})\s*(?P<body>(?:<arg_key>.*?)?)(?:</tool_call>|\Z)", re.DOTALL)
_NAME_APART = re.compile(rf"<tool_call>\s*(?P<name>{_NAME})\s*</tool_call>\s*<tool_call>\s*(?=\{{)")
_PARAMETER = re.compile(
    rf"<parameter(?:=|\s+name=)[\"']?(?P<key>{_NAME})[\"']?[^>]*>(?P<value>.*?)</parameter>"
    rf"|<arg_key>\s*(?P<key2>{_NAME})\s*</arg_key>\s*<arg_value>(?P<value2>.*?)</arg_value>",
    re.DOTALL,
)
#: A name, then something, then the arguments as a JSON object.
_BEFORE_JSON = (
    re.compile(rf"to=(?P<name>functions\.{_NAME})\s*(?:json|code)?\s*\Z"),
    re.compile(rf"{_ACTION}{_INPUT}[ *]*(?:```\w*)?\s*\Z", re.IGNORECASE),
    re.compile(rf"(?:function<sep>)?(?<![\w`])(?P<name>{_NAME})\s*(?:<sep>|\n```json)\s*\Z"),
    re.compile(rf"(?<![\w`])(?P<name>{_NAME})\s*\Z"),  # only an own tool's
)
_RESULT = re.compile(r"\n[ *#>]*(?:observation\b|✿RESULT✿).*", re.IGNORECASE | re.DOTALL)
#: What is neither call nor text around calls.
_WRAPPING = re.compile(
    r"</?(?:tool_call|invoke|function|parameter|arg_\w+)[^<>]*>|<sep>|functools|```\w*|`|print\(\s*\)"
)
_FENCE = re.compile(r"```\w*\n?")
_NAME_KEYS = ("name", "function", "tool", "tool_name", "function_name", "action", "recipient_name")
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "action_input", "tool_input", "params", "kwargs")
_WRAPPERS = ("tool_calls", "tool_call", "function_calls", "function_call", "function", "tool_uses", "call", "calls")
_KEY = re.compile(rf"[{{,]\s*[\"']?(?:{'|'.join((*_NAME_KEYS, *_WRAPPERS))})[\"']?\s*:")


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
        before = "".join(f"(?:{re.escape(one)})?" for one in _BEFORE_NAME)
        named = rf"|(?<![\w.]){before}(?:{spelled})(?:\(|(?::\d{{1,3}})?\s*\{{)" if names else ""
        self._sign = re.compile(_SIGNS + named, re.IGNORECASE)
        self._name = re.compile(rf"(?:{spelled or '(?!)'})(?::\d{{0,3}}|\s{{0,3}})", re.IGNORECASE)
        self._starts = tuple(name.casefold() for name in names)
        self._text, self._at = "\n", 1  # what was not yet passed on, after the character before it
        self._captured: str | None = None

    def add(self, piece: str) -> str:
        if self._captured is not None:
            self._captured = (self._captured + piece)[:MAX_CHARS]
            return ""
        self._text += piece
        mark = self._mark()
        limit = mark.start if isinstance(mark, Mark) else len(self._text)
        sign = self._sign.search(self._text, self._at)
        if sign is not None and sign.start() <= limit:
            limit = sign.start()
        elif not isinstance(mark, Mark):
            end = min(self._open_end(), len(self._text) if mark is None else mark)
            ready = self._text[self._at : end]
            self._text, self._at = self._text[end - 1 :], 1
            return ready
        ready, self._captured = self._text[self._at : limit], self._text[limit:][:MAX_CHARS]
        self._text, self._at = "", 0
        return ready

    def rest(self) -> tuple[str, list[WrittenCall]]:
        """The text left at the end, and the calls."""
        if self._captured is None:
            text, self._text = self._text[self._at :], ""
            self._at = 0
            return text, []
        calls, text = read(self._captured, self._names)
        self._captured = None
        return text, calls

    def _mark(self) -> Mark | int | None:
        """The first mark of a call, or where any mark may have begun."""
        at = self._at
        while isinstance(mark := next_mark(self._text, at, final=False), Mark) and mark.means is not Means.CALL:
            at = mark.end
        return mark

    def _open_end(self) -> int:
        """The index at which what may become a sign begins."""
        text = self._text
        begun = _SIGN_BEGUN.search(text, max(len(text) - 160, self._at))
        while begun and not _may_be_line(begun[0]):
            begun = _SIGN_BEGUN.search(text, begun.start() + 1)
        lowest = begun.start() if begun else len(text)
        for at in range(max(len(text) - 70, self._at), lowest):
            in_word = text[at - 1].isalnum() or text[at - 1] == "_"
            if not in_word and self._may_begin(text[at:].casefold()):
                return at
        return lowest

    def _may_begin(self, tail: str) -> bool:
        """Whether `tail` may become a sign in words, or the name of an own tool before its arguments."""
        if any(word.startswith(tail) for word in _WORDS):
            return True
        for word in _BEFORE_NAME:
            if self._starts and word.startswith(tail):
                return True
            tail = tail.removeprefix(word)
        return any(name.startswith(tail) for name in self._starts) or self._name.fullmatch(tail) is not None


def _may_be_line(text: str) -> bool:
    """Whether `text`, if it is the beginning of a line with a label, may be that of a call."""
    line = _LINE_WORD.match(text)
    word = line["word"].casefold() if line else ""
    return not line or any(one == word or (one.startswith(word) and not line["more"]) for one in _LINE_WORDS)


def read(text: str, names: Collection[str]) -> tuple[list[WrittenCall], str]:
    """The calls in `text`, and the text that is left: nothing of a call that cannot be read."""
    plain, marked = _plain_marks(text)
    marked = marked or _UNSPOKEN.search(plain) is not None
    left = _NAME_APART.sub(r"<tool_call>\g<name><sep>", _RESULT.sub("", plain))
    calls: list[WrittenCall] = []
    for spelling in (_FUNCTION, _INVOKE, _TAGGED):
        for found in spelling.finditer(left):
            calls.append(WrittenCall(found["name"], _body(found["body"])))
        left = spelling.sub("", left)
    in_json, left = _json_calls(left, names, marked)
    in_python, left, broken = _python_calls(left, names)
    calls += in_json + in_python
    if calls:
        left = _WRAPPING.sub("", left).strip(" \n\t,;[]{}()")
        named = [WrittenCall(own_name(call.name, names), call.arguments) for call in calls[:MAX_CALLS]]
        return named, left if any(map(str.isalnum, left)) else ""
    if marked or broken or (_KEY.search(plain) and not _is_json(plain)):
        return [], ""
    return [], _FENCE.sub("", text)


def _plain_marks(text: str) -> tuple[str, bool]:
    """`text` with the marks of calls in one spelling, and whether there were any."""
    out, at, marked = "", 0, False
    while isinstance(mark := next_mark(text, at, final=True), Mark):
        raw = text[mark.start : mark.end]
        if mark.means is Means.CALL:
            marked = True
            out += text[at : mark.start] + _spelled(mark, html.unescape(raw))
        elif raw.startswith(("<|", "<｜")):
            out += text[at : mark.start]
        else:
            out += text[at : mark.end]
        at = mark.end
    out += text[at:]
    return re.sub(r"\[CALL_ID\]\w*", "", out), marked


def _spelled(mark: Mark, raw: str) -> str:
    """A mark of a call: as it is if it is part of the structure of one, else as one around it."""
    slash, words = "/" if mark.closing else "", mark.name.split("_")
    if words[-1] in ("sep", "argument", "arguments", "args"):
        return "<sep>" if not mark.closing else ""
    inner = raw.strip("<>[]|｜◁▷＜＞/ \t")
    attributes = inner[at:] if (at := min((i for i in map(inner.find, "= ") if i > 0), default=0)) else ""
    for kind in ("invoke", "parameter", "arg_key", "arg_value", "function"):
        if mark.name == kind or words[-1] == kind:
            named = "=" in attributes or mark.closing or kind.startswith("arg_")
            return f"<{slash}{kind}{attributes}>" if named else f"<{slash}tool_call>"
    return f"<{slash}tool_call{attributes if 'name=' in attributes else ''}>"


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


def _json_calls(text: str, names: Collection[str], marked: bool) -> tuple[list[WrittenCall], str]:
    """The calls among the JSON objects in `text`, and the text without them; if it is `marked`, without any object."""
    calls, left, at, unread = list[WrittenCall](), "", 0, 0
    while (start := text.find("{", at)) >= 0 and unread < MAX_UNREAD and len(calls) < MAX_CALLS:
        value, end = object_at(text, start)
        if value is None or text[at:start].rstrip().endswith("("):  # a call in Python
            left, at, unread = left + text[at : start + 1], start + 1, unread + 1
            continue
        before = text[at:start]
        found = list(_calls_in(value, names))
        if not found and (named := _named(before, names)):
            before = before[: named.start()]
            found = [WrittenCall(named["name"], json.dumps(value, ensure_ascii=False))]
        calls += found
        left, at = left + before + ("" if found or marked else text[start:end]), end
    return calls, left + text[at:]


def _named(before: str, names: Collection[str]) -> re.Match[str] | None:
    """The name of a call in the text before its arguments: an own tool's, or one with a sign between."""
    found = next((found for pattern in _BEFORE_JSON if (found := pattern.search(before))), None)
    bare = found is not None and found.re is _BEFORE_JSON[-1]
    return None if bare and own_name(found["name"], names) not in names else found  # type: ignore[index]


def _calls_in(value: Any, names: Collection[str], depth: int = 0) -> Iterator[WrittenCall]:
    if isinstance(value, list) and depth < 3:
        for inner in value:
            yield from _calls_in(inner, names, depth + 1)
    if not isinstance(value, dict) or depth > 3:
        return
    for key in _WRAPPERS:
        if isinstance(value.get(key), dict | list):
            yield from _calls_in(value[key], names, depth + 1)
            return
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    given = [value[key] for key in _ARGUMENT_KEYS if key in value]
    if name and (given or (own_name(name, names) in names and len(value) == 1)):
        arguments = given[0] if given else {}
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        yield WrittenCall(name, text)
    elif own_name(name, names) in names:  # {"name": "book", "day": "Friday"}
        rest = {key: one for key, one in value.items() if one != name and key not in ("type", "id")}
        yield WrittenCall(name, json.dumps(rest, ensure_ascii=False))
    elif value and all(own_name(key, names) in names for key in value):  # {"book": {...}}
        for key, arguments in value.items():
            yield WrittenCall(key, json.dumps(arguments, ensure_ascii=False))


def _python_calls(text: str, names: Collection[str]) -> tuple[list[WrittenCall], str, bool]:
    """The calls of own tools in Python, and of any function in a list; the text without them; whether there was one
    that cannot be read."""
    known = "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or r"(?!)"
    own = rf"\b(?:(?:functions|tools|default_api)\.)?(?P<own>{known})"
    calling = re.compile(rf"(?:{own}|(?<=\[)\s*(?P<any>[A-Za-z_][\w.]*))(?=\()")
    calls, left, at, broken = list[WrittenCall](), "", 0, False
    while (found := calling.search(text, at)) and len(calls) < MAX_CALLS:
        end = span_at(text, found.end())
        if end is None and broken:
            break
        inside = text[found.end() + 1 : (end or len(text) + 1) - 1]
        arguments = _python_arguments(inside) if end else None
        if end is not None and arguments is None and not re.search(r"[=:{\"'\d]", inside):
            left, at = left + text[at : found.end()], found.end()  # "hours (on Monday)"
            continue
        broken = broken or arguments is None
        if arguments is not None:
            calls.append(WrittenCall(found["own"] or found["any"], arguments))
        left, at = left + text[at : found.start()], end or len(text)
    return calls, left + text[at:], broken


def _python_arguments(inside: str) -> str | None:
    """The arguments of a Python call as JSON: by keyword, or one dictionary. None: they cannot be read."""
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        if not isinstance(call, ast.Call) or (call.args and (call.keywords or len(call.args) > 1)):
            return None
        given = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        if call.args:
            given = ast.literal_eval(call.args[0])
        return json.dumps(given, ensure_ascii=False) if isinstance(given, dict) else None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        value, end = object_at(inside, 0) if inside.startswith("{") else (None, 0)
        return json.dumps(value, ensure_ascii=False) if value is not None and not inside[end:].strip() else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
