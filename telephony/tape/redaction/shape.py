"""The parts of actions and settings that a redaction must not change, and the texts that it may. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from telephony.core import actions as a
from telephony.tape.redaction.personal_data import Mask


def texts(value: Any) -> Iterable[str]:
    """All strings in a value, also inside tuples, lists and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts(getattr(value, one.name))


def masked(value: Any, mask: Mask) -> Any:
    """A copy of `value` with all strings masked, also inside tuples and dataclasses."""
    if isinstance(value, str):
        return mask.text(value)
    if isinstance(value, tuple):
        return tuple(masked(one, mask) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: masked(getattr(value, one.name), mask) for one in fields(value)})
    return value


def shape(action: a.Action) -> tuple[object, ...]:
    """What a redaction must keep of an action: everything except texts and audio, of which it keeps the length."""
    found: list[object] = [type(action).__name__]
    for one in fields(action):
        value = getattr(action, one.name)
        if isinstance(value, bytes) or one.name in ("text", "farewell"):
            value = len(value)
        elif one.name == "history":
            value = [(type(item).__name__, [len(text) for text in texts(item)][:1]) for item in value]
        found.append(value)
    return tuple(found)
