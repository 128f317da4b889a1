"""Events and actions <-> plain data, by name and fields. Pure.

No event is named here: the vocabulary is every class that the unions `Event` and `Action` reach, and a field's type
decides how it is written. A new class or field is therefore written as soon as it exists. A field that a tape does not
have gets its default; anything else that does not fit raises `BadTape` with the reason.

Fields may hold int, str, bool, None, bytes, Literal, Enum, tuples of these, and dataclasses of these. Floats are not
allowed, because no decision may depend on one.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from telephony.core.actions import Action
from telephony.core.events import Event
from telephony.core.history import History
from telephony.errors import TelephonyError

Data: TypeAlias = Any
"""Anything that JSON can hold."""
Code: TypeAlias = Callable[[Any], Any]
MOST_REMEMBERED = 10**7
"""Most entries in all histories of a tape, where each entry counts once for each history that holds it."""


class BadTape(TelephonyError):
    """A tape that cannot be read in full, or not be used as asked. The message says where and why."""

    code = "bad_tape"


# --- the vocabulary -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _reach(hint: Any, found: dict[str, type]) -> None:
    for part in _parts(hint):
        if get_origin(part) is tuple:
            for item in get_args(part):
                if item is not Ellipsis:
                    _reach(item, found)
        elif isinstance(part, type) and is_dataclass(part):
            if found.setdefault(part.__name__, part) is not part:
                raise TypeError(f"two classes are called {part.__name__}")
            for one in fields(part):
                _reach(_hints(part)[one.name], found)


def _classes() -> dict[str, type]:
    found: dict[str, type] = {}
    _reach(Event, found)
    _reach(Action, found)
    return found


CLASSES = _classes()
"""Class name -> class, for every class that can be on a tape."""
VOCABULARY: dict[str, list[str]] = {name: [one.name for one in fields(kind)] for name, kind in sorted(CLASSES.items())}
"""Class name -> field names in order, as this version writes them."""


# --- out ------------------------------------------------------------------------------------------------------------


class Encoder:
    """Encodes the events and actions of one tape. `put(class name, audio)` stores audio and returns its reference."""

    def __init__(self, put: Callable[[str, bytes], Data]) -> None:
        self._put = put
        self._plans: dict[type, list[tuple[str, Code | None]]] = {}
        self._history: History = ()

    def encode(self, value: object) -> Data:
        """A dataclass as `[class name, field value, ...]`."""
        kind: Any = type(value)
        plan = self._plans.get(kind)
        if plan is None:
            hints = _hints(kind)
            plan = [(one.name, self._code(hints[one.name], kind.__name__)) for one in fields(kind)]
            self._plans[kind] = plan
        data = [kind.__name__]
        for name, code in plan:
            item = getattr(value, name)
            data.append(item if code is None else code(item))
        return data

    def _code(self, hint: Any, owner: str) -> Code | None:
        """The function that encodes a field; None if the value is written unchanged."""
        if hint == History:
            return self._changed
        parts = [part for part in _parts(hint) if part is not type(None)]
        if parts == [bytes]:
            return lambda item: None if item is None else self._put(owner, item)
        if all(part in (int, str, bool) or get_origin(part) is Literal for part in parts):
            return None
        if hint == tuple[int, ...]:
            return list
        return lambda item: self._any(item, owner)

    def _any(self, item: Any, owner: str) -> Data:
        if isinstance(item, Enum):
            return item.name
        if item is None or isinstance(item, (int, str)):
            return item
        if isinstance(item, bytes):
            return self._put(owner, item)
        if isinstance(item, tuple):
            return [self._any(one, owner) for one in item]
        return self.encode(item)

    def _changed(self, history: History) -> Data:
        """A history as its change from the one before: `[entries kept, [new entry, ...]]`."""
        kept = 0
        for now, before in zip(history, self._history, strict=False):
            if now is not before and now != before:
                break
            kept += 1
        self._history = history
        return [kept, [self.encode(item) for item in history[kept:]]]


# --- in -------------------------------------------------------------------------------------------------------------


class Decoder:
    """Decodes the events and actions of one tape. `get(reference)` returns audio; `vocabulary` is the tape's own.

    Raises BadTape for data that does not fit. An unknown class in the vocabulary is an error only where it is used.
    """

    def __init__(self, get: Callable[[Data], bytes], vocabulary: dict[str, list[str]]) -> None:
        self._get = get
        self._vocabulary = vocabulary
        self._makers: dict[str, Callable[[Sequence[Data]], Any]] = {}
        self._history: History = ()
        self._remembered = 0

    def decode(self, data: Data) -> Any:
        """The value that was encoded. Raises BadTape."""
        if type(data) is not list or not data or type(data[0]) is not str:
            raise BadTape(f"{_short(data)} is neither an event nor an action")
        maker = self._makers.get(data[0])
        if maker is None:
            maker = self._makers[data[0]] = self._maker(data[0])
        return maker(data)

    def _maker(self, name: str) -> Callable[[Sequence[Data]], Any]:
        kind = CLASSES.get(name)
        if kind is None:
            raise BadTape(f"{name} is not known to this version")
        written = self._vocabulary.get(name)
        if written is None:
            raise BadTape(f"{name} is not in the tape's vocabulary")
        known: dict[str, Field[Any]] = {one.name: one for one in fields(kind)}
        if strange := [one for one in written if one not in known]:
            raise BadTape(f"{name} has no field {strange[0]!r} in this version")
        for one in known.values():
            if one.name not in written and one.default is MISSING and one.default_factory is MISSING:
                raise BadTape(f"{name} needs the field {one.name!r}, which the tape does not have")
        hints = _hints(kind)
        codes = [(one, self._code(hints[one], f"{name}.{one}")) for one in written]
        positional = written == list(known)
        size = len(written) + 1

        def make(data: Sequence[Data]) -> Any:
            if len(data) != size:
                raise BadTape(f"{name} has {len(data) - 1} values, not {size - 1}")
            values = [code(item) for (_, code), item in zip(codes, data[1:], strict=True)]
            return kind(*values) if positional else kind(**dict(zip(written, values, strict=True)))

        return make

    def _code(self, hint: Any, where: str) -> Code:
        if hint == History:
            return self._restored
        parts = _parts(hint)
        choices = [part for part in parts if get_origin(part) is Literal]
        plain = {part for part in parts if part in (int, str, bool, type(None))}
        if len(plain) == len(parts):
            return _plain(plain, where)
        if choices and len(choices) + len(plain) == len(parts):
            return _one_of({value for part in choices for value in get_args(part)}, plain, where)
        rest = [part for part in parts if part is not type(None)]
        code = self._bytes(where) if rest == [bytes] else self._structured(rest, where)
        return code if len(rest) == len(parts) else lambda item: None if item is None else code(item)

    def _bytes(self, where: str) -> Code:
        def read(item: Data) -> bytes:
            try:
                return self._get(item)
            except BadTape as error:
                raise BadTape(f"{where}: {error}") from None

        return read

    def _structured(self, rest: list[Any], where: str) -> Code:
        """Tuples, enums and dataclasses."""
        if len(rest) == 1 and get_origin(rest[0]) is tuple:
            return self._tuple(get_args(rest[0]), where)
        if len(rest) == 1 and isinstance(rest[0], type) and issubclass(rest[0], Enum):
            return _member(rest[0], where)
        names = {part.__name__ for part in rest if isinstance(part, type) and is_dataclass(part)}
        if len(names) != len(rest):
            raise TypeError(f"{where}: {rest} cannot be put on a tape")

        def read(item: Data) -> Any:
            if type(item) is not list or not item or item[0] not in names:
                raise BadTape(f"{where} is {_short(item)}, not one of {', '.join(sorted(names))}")
            return self.decode(item)

        return read

    def _tuple(self, items: tuple[Any, ...], where: str) -> Code:
        if len(items) == 2 and items[1] is Ellipsis:
            code = self._code(items[0], where)
            if items[0] is int:
                return _ints(where)
            return lambda item: tuple([code(one) for one in _list(item, where)])
        codes = [self._code(one, where) for one in items]

        def read(item: Data) -> tuple[Any, ...]:
            if len(_list(item, where)) != len(codes):
                raise BadTape(f"{where} has {len(item)} values, not {len(codes)}")
            return tuple([code(one) for code, one in zip(codes, item, strict=True)])

        return read

    def _restored(self, item: Data) -> History:
        good = type(item) is list and len(item) == 2 and type(item[0]) is int and type(item[1]) is list
        if not good or not 0 <= item[0] <= len(self._history):
            raise BadTape(f"a history is {_short(item)}, with {len(self._history)} entries before it")
        self._remembered += item[0] + len(item[1])
        if self._remembered > MOST_REMEMBERED:
            raise BadTape(f"its histories have more than {MOST_REMEMBERED} entries")
        self._history = (*self._history[: item[0]], *[self.decode(one) for one in item[1]])
        return self._history


def _plain(kinds: set[type], where: str) -> Code:
    only = next(iter(kinds)) if len(kinds) == 1 else None
    words = " or ".join(sorted("nothing" if kind is type(None) else kind.__name__ for kind in kinds))

    def read(item: Data) -> Any:
        if type(item) is only or type(item) in kinds:
            return item
        raise BadTape(f"{where} is {_short(item)}, not {words}")

    return read


def _one_of(values: set[Any], plain: set[type], where: str) -> Code:
    def read(item: Data) -> Any:
        if type(item) in plain or (isinstance(item, (str, int)) and item in values):
            return item
        raise BadTape(f"{where} is {_short(item)}, not one of {sorted(map(str, values))}")

    return read


def _member(kind: type[Enum], where: str) -> Code:
    def read(item: Data) -> Enum:
        if isinstance(item, str) and item in kind.__members__:
            return kind[item]
        raise BadTape(f"{where} is {_short(item)}, not one of {', '.join(kind.__members__)}")

    return read


def _ints(where: str) -> Code:
    def read(item: Data) -> tuple[int, ...]:
        if any(type(one) is not int for one in _list(item, where)):
            raise BadTape(f"{where} is {_short(item)}, not whole numbers")
        return tuple(item)

    return read


def _list(item: Data, where: str) -> list[Data]:
    if type(item) is not list:
        raise BadTape(f"{where} is {_short(item)}, not a list")
    return item


def _short(data: Data) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
