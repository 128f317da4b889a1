"""The model's part of a turn: its text on the way to units, and its tools."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from telephony.core.actions import Action, CancelReply, RefuseTool, RunTool
from telephony.core.decisions import ModelSays
from telephony.core.events import ToolFinished, ToolWanted
from telephony.core.history import STILL_RUNNING, AgentSaid, History, ToolUsed
from telephony.core.policy import END_CALL
from telephony.core.speaking.ellipsis import is_ellipsis, may_become_ellipsis
from telephony.core.speaking.phrasing import Phrasing


@dataclass(slots=True)
class Generation:
    """The model's part of a turn. `history` is what it answers; `progress_ms` is its last sign of life; `pending` are
    units not yet handed to the voice; `wanted` are the tool calls that wait for permission, `running` those that have
    it, both by id and in order, `late` the ids of those of which the history says that they still run, `asked` the ids
    of all so far, `ends` those with which the agent ends the call; `defers`: a tool has deferred work until all was
    heard; `fillers` were said while the caller waited for it. `asks`: the model may say that the caller has not
    finished; `opening` is its text, since the last tool, as long as that may be an ellipsis and nothing else."""

    decided_ms: int
    progress_ms: int
    history: History
    phrasing: Phrasing
    pending: list[str] = field(default_factory=list)
    ended: bool = False
    wanted: dict[str, ToolWanted] = field(default_factory=dict)
    running: dict[str, ToolWanted] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    defers: bool = False
    fillers: int = 0
    asks: bool = False
    opening: str | None = ""

    @property
    def ends_call(self) -> bool:
        """The agent ends the call once it has said this."""
        return bool(self.ends)

    @property
    def stuck(self) -> bool:
        """Only the model can bring it forward."""
        return not self.running and not self.ended

    @property
    def says(self) -> ModelSays:
        """What it shows of whether the caller has finished."""
        if not self.asks:
            return ModelSays.NOTHING
        if self.opening is None or self.asked:
            return ModelSays.FINISHED
        if not self.ended:
            return ModelSays.AWAITED
        return ModelSays.UNFINISHED if is_ellipsis(self.opening) else ModelSays.NOTHING

    @property
    def is_ellipsis(self) -> bool:
        """The model was asked whether the caller had finished, and all its text, or all since its last tool, was an
        ellipsis: no reply."""
        wanted = self.asks and self.ended and not self.ends_call
        return wanted and self.opening is not None and is_ellipsis(self.opening)

    def add(self, text: str, now: int) -> None:
        """More text; complete units are pending."""
        self.progress_ms = now
        if self.opening is not None:
            text = self.opening + text
            self.opening = text if may_become_ellipsis(text) else None
        if self.opening is None:
            self.pending += self.phrasing.add(text)

    def end(self, now: int, *, keep_rest: bool) -> None:
        """The model has finished. The rest is pending too, if it is kept."""
        self.ended, self.progress_ms = True, now
        self._close_opening()
        rest = self.phrasing.end()
        if keep_rest:
            self.pending += rest

    def add_aside(self, text: str, now: int) -> None:
        """A tool lets the agent say `text` after what the model has written so far."""
        self.progress_ms, self.opening = now, None
        self.pending += [*self.phrasing.end(), text]

    def _close_opening(self) -> None:
        """No more text comes that could make an ellipsis of what has come so far: if it is none, it is to be said."""
        if self.opening and not is_ellipsis(self.opening):
            self.pending += self.phrasing.add(self.opening)

    def stop(self, turn: int) -> list[Action]:
        """Nothing more is wanted of the model. A tool that runs finishes; one that waits is refused."""
        actions: list[Action] = [RefuseTool(turn, waiting, "The caller interrupted.") for waiting in self.wanted]
        self.wanted.clear()
        return actions if self.running else actions + self.cancel(turn)

    def cancel(self, turn: int) -> list[Action]:
        """Stops the model, if it is still at work."""
        return [] if self.ended else [CancelReply(turn)]

    # --- tools ------------------------------------------------------------------------------------------------------

    def tool_wanted(self, event: ToolWanted) -> list[Action]:
        """The model asks for a tool; of one answer it may ask for several. A call that is repeated never runs twice."""
        if event.tool_call_id in self.asked:
            return [RefuseTool(event.turn, event.tool_call_id, "This call was made already.")]
        self.asked.add(event.tool_call_id)
        self.wanted[event.tool_call_id] = event
        self._close_opening()
        self.opening = ""
        return []

    def allow_tools(self, turn: int, now: int) -> list[Action]:
        """The tools that wait for permission may run, all at the same time."""
        if not (allowed := self.wanted):
            return []
        self.wanted, self.progress_ms = {}, now
        self.running |= allowed
        self.ends |= {tool_call_id for tool_call_id, wanted in allowed.items() if wanted.name == END_CALL}
        return [RunTool(turn, tool_call_id) for tool_call_id in allowed]

    def runs(self, wanted: ToolWanted) -> bool:
        """The same tool runs with the same arguments."""
        same = [one for one in self.running.values() if one.name == wanted.name]
        return any(_values(one.arguments) == _values(wanted.arguments) for one in same)

    def result_of(self, wanted: ToolWanted, failed: Collection[str]) -> str | None:
        """The result of the same call, if it was made since the agent was last heard and has not `failed`, or None."""
        for item in reversed(self.history):
            if isinstance(item, AgentSaid):
                return None
            if not isinstance(item, ToolUsed) or item.name != wanted.name or item.tool_call_id in failed:
                continue
            if item.result != STILL_RUNNING and _values(item.arguments) == _values(wanted.arguments):
                return item.result
        return None

    @property
    def awaited(self) -> bool:
        """A tool runs whose result the next answer waits for."""
        return not self.late.issuperset(self.running)

    def all_late(self) -> list[ToolUsed]:
        """Nobody waits any longer for the tools that run. Returns what is to be remembered of them meanwhile."""
        found = [wanted for wanted in self.running.values() if wanted.tool_call_id not in self.late]
        self.late |= {wanted.tool_call_id for wanted in found}
        return [ToolUsed(one.tool_call_id, one.name, one.arguments, STILL_RUNNING, one.extra) for one in found]

    def tool_finished(self, event: ToolFinished, now: int) -> ToolUsed | None:
        """What is to be remembered of the tool; None if it was not running."""
        if (wanted := self.running.pop(event.tool_call_id, None)) is None:
            return None
        self.progress_ms = now
        if event.failed and wanted.name != END_CALL:
            self.ends.discard(event.tool_call_id)
        return ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, event.result, wanted.extra)


def _values(arguments: str) -> object:
    """Arguments for comparing, however they are written."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
