"""A scripted tool call: part of a model's reply, in virtual time and over sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CallTool:
    """The model calls the tool `name`. The agent's own tool runs; in virtual time, `result` is what it returns instead
    (None: it runs; where there is no agent, as in a bare `Simulator`, the result is then "ok")."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: str | None = None
