"""The run of a tool that the present code belongs to, for services that a tool asks: see `current_run`.

A run has a limit of time, which stands still while the tool waits for the caller; and secrets, which neither the model
nor a log is told, whatever the tool returns or raises.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from telephony.core.events import MASKED_KEY, Event

SHORTEST_SECRET = 3
"""Fewer digits are everywhere, and nobody's secret."""


@dataclass(slots=True)
class ToolRun:
    """One run. `tell` reports an event to the call, if there is one."""

    limit: asyncio.Timeout
    turn: int = 0
    tell: Callable[[Event], None] | None = None
    secrets: list[str] = field(default_factory=list)
    _pauses: int = 0
    _left_s: float = 0.0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time inside does not count."""
        loop = asyncio.get_running_loop()
        if not self._pauses and (at := self.limit.when()) is not None:
            self._left_s = at - loop.time()
            self.limit.reschedule(None)
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses and not self.limit.expired():
                with _over():
                    self.limit.reschedule(loop.time() + self._left_s)


def without_keys(text: str, secrets: Iterable[str]) -> str:
    """The text with secret digits masked, also where they are written in groups."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            grouped = r"[\s.,/_-]{0,2}".join(map(re.escape, secret))
            text = re.sub(grouped, MASKED_KEY * len(secret), text)
    return text


@contextmanager
def _over() -> Iterator[None]:
    """The tool was abandoned meanwhile: its limit is none any more."""
    try:
        yield
    except RuntimeError:
        pass


_run: ContextVar[ToolRun | None] = ContextVar("telephony_tool_run", default=None)


def current_run() -> ToolRun | None:
    """The run that the present code belongs to, also in the tool's tasks and threads."""
    return _run.get()


@contextmanager
def running(run: ToolRun) -> Iterator[ToolRun]:
    """What is started inside belongs to `run`."""
    token = _run.set(run)
    try:
        yield run
    finally:
        run.secrets = []  # work that the tool has deferred may still hold them
        _run.reset(token)
