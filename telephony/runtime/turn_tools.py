"""Tools where no core decides: in a conversation in text, and in the answers of our LLM server.

Theory of operation. There is no playout, so what was *heard* is what was given whole: an answer that reached its end.
Work that a tool has deferred in a turn is done then. An answer that is broken off does nothing, and its work waits: a
platform asks again for the same turn. It is dropped when another turn begins. What must be done is done in any case.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from telephony.agent import IncomingCall
from telephony.clock import Clock
from telephony.core.acting.deferred import REASONS
from telephony.core.actions import DropDeferred, NotDone, RunDeferred
from telephony.core.events import EndWanted, Event, NoticeReceived, SayRequested, WorkDeferred
from telephony.core.policy import Limits
from telephony.runtime.tool_runs import ToolRuns
from telephony.tools import Tool, Toolbox, ToolResult

MOST_NOTICES = 50
"""Of more the latest are kept."""


class TurnTools:
    """The tools of one such conversation; see the module text. `services` as in `ToolRuns`."""

    def __init__(
        self,
        tools: Iterable[Tool],
        limits: Limits,
        call: IncomingCall,
        clock: Clock,
        services: Mapping[type[Any], object] | None = None,
    ) -> None:
        self._runs = ToolRuns(tools, limits, call, clock, services)
        self._turn = 0
        self._waiting: list[WorkDeferred] = []
        self._said: list[str] = []
        self._notices: deque[tuple[int, str]] = deque(maxlen=MOST_NOTICES)  # with the turn
        self._names: dict[str, str] = {}  # of the tools that have run in this turn, by their calls
        self.ends = False
        """A tool wants the conversation to end."""

    @property
    def toolbox(self) -> Toolbox:
        return self._runs.toolbox

    def begin(self, turn: int) -> None:
        """The answer to `turn` begins, perhaps once more. What waits from earlier turns was never heard."""
        self._runs.open(self._happened)
        if turn > self._turn:
            self._decide(run=False)
            self._turn, self._names = turn, {}

    async def run(self, turn: int, tool_call_id: str, name: str, arguments: str, key: str = "") -> ToolResult:
        """Runs a tool: see `ToolRuns.run`."""
        self._names[tool_call_id] = name
        result = await self._runs.run(turn, tool_call_id, name, arguments, key)
        for one in [one for one in self._waiting if result.failed and one.tool_call_id == tool_call_id]:
            self._waiting.remove(one)
            self._runs.perform(DropDeferred(one.work, NotDone.FAILED))
        return result

    def take_said(self) -> str:
        """What tools have let the agent say since it was last asked, with a space after it; "" if nothing."""
        said, self._said = " ".join(self._said), []
        return f"{said} " if said else ""

    @property
    def notices(self) -> tuple[tuple[int, str], ...]:
        """What the agent has learned from its tools, each with the turn in which it was."""
        return tuple(self._notices)

    def take_notices(self) -> list[str]:
        """What the agent has learned from its tools since it was last asked."""
        notices = [text for _, text in self._notices]
        self._notices.clear()
        return notices

    def given(self) -> None:
        """The answer was given whole."""
        self._decide(run=True)

    def broken_off(self) -> None:
        """The answer was not given whole."""
        for one in [one for one in self._waiting if one.must]:
            self._waiting.remove(one)
            self._runs.perform(RunDeferred(one.work))

    async def finish(self) -> None:
        """Waits for the work that was started."""
        await self._runs.finish()

    def _decide(self, *, run: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            self._settle(one, run=run)

    def _settle(self, one: WorkDeferred, *, run: bool) -> None:
        if run or one.must:
            self._runs.perform(RunDeferred(one.work))
            return
        self._runs.perform(DropDeferred(one.work, NotDone.INTERRUPTED))
        name, why = self._names.get(one.tool_call_id, "a tool"), REASONS[NotDone.INTERRUPTED]
        self._notices.append((self._turn, f"what {name} was to do was not done: {why}."))

    def _happened(self, event: Event) -> None:
        match event:
            case WorkDeferred(turn) if turn >= self._turn:
                self._waiting.append(event)
            case WorkDeferred():  # of a turn that is over
                self._settle(event, run=False)
            case SayRequested(text) if text.strip():
                self._said.append(text.strip())
            case NoticeReceived(text) if text.strip():
                self._notices.append((self._turn, text.strip()))
            case EndWanted():
                self.ends = True
            case _:
                pass
