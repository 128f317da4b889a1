"""Tools where no core decides: in a conversation in text, and in the answers of our LLM server.

Theory of operation. There is no playout, so what was *heard* is what was given whole: an answer that reached its end.
Work that a tool has deferred in a turn is done then. An answer that is broken off does nothing, and its work waits: a
platform asks again for the same turn. It is dropped when another turn begins. What must be done is done in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from telephony.agent import IncomingCall
from telephony.clock import Clock
from telephony.core.actions import DropDeferred, NotDone, RunDeferred
from telephony.core.events import EndWanted, Event, NoticeReceived, SayRequested, WorkDeferred
from telephony.core.policy import Limits
from telephony.runtime.tool_runs import ToolRuns
from telephony.tools import Tool, Toolbox, ToolResult


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
        self._notices: list[str] = []
        self.ends = False
        """A tool wants the conversation to end."""

    @property
    def toolbox(self) -> Toolbox:
        return self._runs.toolbox

    def begin(self, turn: int) -> None:
        """The answer to `turn` begins, perhaps once more. What waits from earlier turns was never heard."""
        self._runs.open(self._happened)
        if turn > self._turn:
            self._turn = turn
            self._decide(run=False)

    async def run(self, turn: int, tool_call_id: str, name: str, arguments: str, key: str = "") -> ToolResult:
        """Runs a tool: see `ToolRuns.run`."""
        result = await self._runs.run(turn, tool_call_id, name, arguments, key)
        for one in [one for one in self._waiting if result.failed and one.tool_call_id == tool_call_id]:
            self._waiting.remove(one)
            self._runs.perform(DropDeferred(one.work, NotDone.FAILED))
        return result

    def take_said(self) -> str:
        """What tools have let the agent say since it was last asked, with a space after it; "" if nothing."""
        said, self._said = " ".join(self._said), []
        return f"{said} " if said else ""

    def take_notices(self) -> list[str]:
        """What the agent has learned from its tools since it was last asked."""
        notices, self._notices = self._notices, []
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
            does = run or one.must
            self._runs.perform(RunDeferred(one.work) if does else DropDeferred(one.work, NotDone.INTERRUPTED))

    def _happened(self, event: Event) -> None:
        match event:
            case WorkDeferred(turn) if turn >= self._turn:
                self._waiting.append(event)
            case WorkDeferred(_, _, work, must):  # of a turn that is over
                self._runs.perform(RunDeferred(work) if must else DropDeferred(work, NotDone.INTERRUPTED))
            case SayRequested(text) if text.strip():
                self._said.append(text.strip())
            case NoticeReceived(text) if text.strip():
                self._notices.append(text.strip())
            case EndWanted():
                self.ends = True
            case _:
                pass
