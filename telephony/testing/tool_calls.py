"""Tools in tests: a scripted tool call, which is part of a model's reply, and a call for trying one tool by itself.

tried = TriedCall(caller="+15551230000")
result = await order_status("A-1", tried.context())
assert tried.said == ["I am looking it up."]
await tried.heard()                                # the caller has heard everything: deferred work is done
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from telephony.core.events import EndWanted, Event, NoticeReceived, SayRequested
from telephony.tool_context import ToolContext, Work, idempotency_key, missing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CallTool:
    """The model calls the tool `name`. The agent's own tool runs; in virtual time, `result` is what it returns instead
    (None: it runs; where there is no agent, as in a bare `Simulator`, the result is then "ok")."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: str | None = None


class TriedCall:
    """A call in which tools are called directly; see the module text. `said`, `known` (progress) and `told` (what the
    agent is to tell the caller) are what they have asked for; `deferred` is the work that waits, with whether it must
    be done; `ends`: the call is to end; `events` are all that they have reported. `services` are found by their types.
    `about` are fields of the `ToolContext`."""

    def __init__(self, services: Mapping[type[Any], object] | None = None, **about: Any) -> None:
        self.said: list[str] = []
        self.known: list[str] = []
        self.told: list[str] = []
        self.deferred: list[tuple[Work, bool]] = []
        self.ends = False
        self.events: list[Event] = []
        self._services, self._about, self._store = services or {}, about, dict[str, Any]()
        self._calls = 0

    def context(self) -> ToolContext:
        """The context of one more tool call."""
        self._calls += 1
        name = f"call_{self._calls}"
        given = {
            "call_sid": "CA00000000000000000000000000000001", "turn": self._calls, "tool_call_id": name,
            "idempotency_key": idempotency_key("tried", self._calls, name), "store": self._store,
        }  # fmt: skip
        return ToolContext(**{**given, **self._about}, link=self)

    async def heard(self) -> list[Any]:
        """The caller has heard what was said: all deferred work is done. Returns what it returned."""
        return await self._do(everything=True)

    async def interrupted(self) -> list[Any]:
        """The caller interrupts: only work that must be done is."""
        return await self._do(everything=False)

    async def _do(self, *, everything: bool) -> list[Any]:
        deferred, self.deferred = self.deferred, []
        done = []
        for work, must in deferred:
            if everything or must:
                result = work() if inspect.iscoroutinefunction(work) else await asyncio.to_thread(work)
                done.append(await result if inspect.isawaitable(result) else result)
        return done

    def tell(self, event: Event) -> None:
        self.events.append(event)
        match event:
            case SayRequested(text):
                self.said.append(text)
            case NoticeReceived(text, speak):
                (self.told if speak else self.known).append(text)
            case EndWanted():
                self.ends = True
            case _:
                pass

    def defer(self, context: ToolContext, work: Work, must: bool) -> None:
        self.deferred.append((work, must))

    def service(self, kind: type[T]) -> T:
        if kind not in self._services:
            raise missing(kind)
        return self._services[kind]  # type: ignore[return-value]  # given by its type
