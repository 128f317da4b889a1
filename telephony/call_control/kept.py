"""What is remembered until so much more has come that nobody will ask for it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

KEPT = 1_000
"""Maximum number of transfers, and of calls that are elsewhere, that are remembered: each kind for itself."""
Value = TypeVar("Value")


def keep(kept: OrderedDict[str, Value], key: str, value: Value) -> None:
    """Remembers the value as the newest, and forgets the oldest beyond `KEPT`."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)
