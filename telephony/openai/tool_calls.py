"""Assembles the tool calls of one streamed answer. Pure.

The protocol: the first fragment of a call has `index`, `id` and `name`, the others its `index` and a piece of the
arguments. Servers differ: no index, index 0 for all calls, an index that moves; ids that are missing, empty, repeated
in each fragment, new in each, or the same for two calls; names in pieces, in each fragment or with a namespace;
arguments as an object, as JSON in JSON, sent twice, or growing from fragment to fragment. So a fragment without a name
goes on with a call, and one with a name opens a new call if it cannot belong to an open one. The arguments are read as
a sequence of JSON values. An object that the next one contains was its beginning; two that say different things are
two calls, glued together by a server without indexes: to run one of them would lose what the model asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from telephony.contracts.llm import ToolCall
from telephony.openai.loose_json import only_object
from telephony.valid_text import valid

MAX_CALLS = 64
MAX_ARGUMENT_CHARS = 50_000
_ARGUMENTS = ("arguments", "parameters", "input", "args")
_KNOWN_KEYS = frozenset({"index", "id", "type", "function", "name", *_ARGUMENTS})


@dataclass(slots=True)
class _Call:
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def complete(self) -> bool:
        """Whether the arguments are a whole JSON object (which may be followed by another)."""
        return any(isinstance(value, dict) for value in _values(self.arguments))


class ToolCalls:
    """Call `add` with each fragment; iterate to get the calls. `names`: the tools of the request; `number` is part of
    the ids of calls that have none."""

    def __init__(self, names: Collection[str] = (), number: int = 0) -> None:
        self._names, self._number = names, number
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return any(call.name for call in self._calls)

    def add(self, fragment: Any) -> None:
        if not isinstance(fragment, dict):
            return
        name, arguments = _parts(fragment)
        call_id, index = _text(fragment.get("id")), _index(fragment.get("index"))
        call = self._open_call(index, call_id, name, arguments)
        if call is None:
            if len(self._calls) >= MAX_CALLS:
                return
            call = _Call()
            self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        if name and call.name and self._is_continued(call.name, name):
            call.name += name
        call.call_id, call.name = call.call_id or call_id, call.name or name
        call.arguments = _joined(call.arguments, arguments)[:MAX_ARGUMENT_CHARS]
        call.extra |= {k: v for k, v in fragment.items() if k not in _KNOWN_KEYS and v is not None}

    def __iter__(self) -> Iterator[ToolCall]:
        used: set[str] = set()
        seen: set[tuple[str, str, str]] = set()
        for at, call in enumerate(self._calls):
            name = own_name(call.name, self._names)
            for arguments in _each_arguments(call.arguments):
                repeated = not call.call_id and ("", name, arguments) in seen
                if not name or repeated or (call.call_id, name, arguments) in seen:
                    continue
                seen |= {(call.call_id, name, arguments), ("", name, arguments)}
                call_id = call.call_id or f"call_{self._number}_{at}"
                while call_id in used:  # with equal ids the next request would be refused
                    call_id += "_"
                used.add(call_id)
                yield ToolCall(call_id, name, arguments, json.dumps(call.extra) if call.extra else "")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _open_call(self, index: int | None, call_id: str, name: str, arguments: Any) -> _Call | None:
        """The call that a fragment belongs to, or None if it begins a new one."""
        by_id = next((c for c in reversed(self._calls) if call_id and c.call_id == call_id), None)
        by_index = self._by_index.get(index) if index is not None else None
        last = self._calls[-1] if self._calls else None
        found = by_id or by_index
        if by_id is not None and by_index is not None and by_id is not by_index and by_index.call_id == call_id:
            found = by_index  # two calls with the same id
        if not name:  # a piece; with an id and an index of its own and nothing more, the name may follow
            goes_on = not call_id or index is None or (arguments and last and not last.complete())
            return found or (last if goes_on else None)
        if found is None and index is None:
            found = last
        if found is None or not found.name:
            return found
        if name != found.name:
            return found if self._is_continued(found.name, name) else None
        if call_id and found.call_id and found.call_id != call_id:  # the same tool again, or a new id for each piece
            whole = not arguments or _Call(arguments=_joined("", arguments)).complete()
            return found if (found.arguments or not whole) and not found.complete() else None
        moved = index is not None and by_index is not found
        return None if found.complete() and (not call_id or moved) else found

    def _is_continued(self, begun: str, more: str) -> bool:
        """Whether a name comes in pieces: the two together are the beginning of a tool's name, and neither is one."""
        together = re.split(r"[.:/]", begun + more)[-1]
        return begun not in self._names and any(name.startswith(together) for name in self._names)


def _parts(fragment: dict[str, Any]) -> tuple[str, Any]:
    """The name and the arguments of a fragment, in `function` or beside it."""
    function = fragment.get("function")
    places = [function, fragment] if isinstance(function, dict) else [fragment]
    arguments = next((place[key] for place in places for key in _ARGUMENTS if place.get(key) is not None), None)
    name = next((name for place in places if (name := _text(place.get("name")))), "")
    return name or (_text(function) if arguments is not None else ""), arguments


def _each_arguments(arguments: str) -> list[str]:
    """The arguments of each of the calls that were sent as one."""
    text = valid(arguments).strip()
    values = list(_values(text))
    values = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    found = [given for value in values if (given := _as_object(value))]
    found = [one for at, one in enumerate(found) if not any(_grew(one, other) for other in found[at + 1 :])]
    if len(found) < 2:
        return [arguments_text(arguments)]
    return [json.dumps(_valid_strings(one), ensure_ascii=False) for one in found[:MAX_CALLS]]


def _grew(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether `after` may be `before` with more of it."""
    return all(
        key in after and (after[key] == value or (isinstance(value, str) and str(after[key]).startswith(value)))
        for key, value in before.items()
    )


def arguments_text(arguments: str) -> str:
    """The arguments as the text of a JSON object: "{}" for none, whatever stands for none; what cannot be read stays as
    it is, for the model to be told."""
    text = valid(arguments).strip()
    values = list(_values(text))
    if not values:
        written = only_object(text)
        return json.dumps(_valid_strings(written), ensure_ascii=False) if written else text or "{}"
    for value in reversed(values):
        found = _as_object(value)
        if found:
            # As the model wrote it, unless it holds escapes that are not valid text.
            whole = len(values) == 1 and value is found and "\\ud" not in text.lower() and "\\u00" not in text
            return text if whole else json.dumps(_valid_strings(found), ensure_ascii=False)
    return "{}" if all(_as_object(value) is not None for value in values) else text


def own_name(name: str, names: Collection[str]) -> str:
    """The own tool that `name` means: without a namespace before it ("functions.book") or anything after it ("book:0",
    "book<|channel|>json"), in whatever case. A name of no own tool stays as it is."""
    if name in names:
        return name
    bare = re.sub(r"[<(\[{\s].*|:\d+$", "", name.strip("`\"'* "), flags=re.DOTALL)
    spelled = {one.casefold(): one for one in names}
    return spelled.get(bare.casefold()) or spelled.get(re.split(r"[.:/]", bare)[-1].casefold()) or name


def _as_object(value: Any) -> dict[str, Any] | None:
    """The object that a JSON value stands for: itself, in a list of one, as JSON in JSON; {} for null, "" and []."""
    for _ in range(4):
        if isinstance(value, dict):
            return value
        if value is None or value == "" or value == []:
            return {}
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        else:
            return None
    return None


def _values(text: str) -> Iterator[Any]:
    """The JSON values that `text` consists of, one after the other; none if it does not."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        found.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    yield from found


def _valid_strings(value: Any) -> Any:
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, dict):
        return {valid(key): _valid_strings(inner) for key, inner in value.items()}
    return [_valid_strings(inner) for inner in value] if isinstance(value, list) else value


def _joined(so_far: str, piece: Any) -> str:
    """The arguments with one more piece, which may be an object, a repetition, or all of them again and more."""
    if piece is None or piece == []:
        return so_far
    if not isinstance(piece, str):
        return json.dumps(piece)
    if so_far.lstrip().startswith("{") and piece.startswith(so_far):  # no JSON has its beginning twice
        return piece
    return so_far + piece


def _text(value: Any) -> str:
    return valid(value).strip() if isinstance(value, str) else ""


def _index(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
