"""The tools that a managed agent calls: each call runs once, however often it is made, and few run at once."""

from __future__ import annotations

from telephony.core.actions import Action, RunTool
from telephony.core.events import ToolFinished, ToolWanted
from telephony.core.history import ToolUsed
from telephony.core.managed.speech import ManagedSpeech
from telephony.core.managed_events import AnswerTool
from telephony.core.policy import END_CALL

UNKNOWN = "(The connection broke meanwhile: it is not known whether this was done. Ask before doing it again.)"
TOOLS_AT_ONCE = 8
"""Maximum number of tool calls that run at the same time in one call; more are refused."""
TOOLS_A_CALL = 1_000
"""Maximum number of tool calls that are remembered in one call; more are refused, and forgotten at once."""
TOO_MANY = f"Not done: {TOOLS_AT_ONCE} tools are at work already. Wait for their results."
FAR_TOO_MANY = "Not done: there were too many tool calls in this call."


class ManagedTools:
    """See the module text. Methods return the actions to perform; what is done goes on the record of `speech`."""

    def __init__(self, speech: ManagedSpeech) -> None:
        self._speech = speech
        self._running: dict[str, ToolWanted] = {}  # by tool call id
        self._answers: dict[str, AnswerTool] = {}
        self._ends = set[str]()  # the calls with which the agent ends the call

    def wanted(self, event: ToolWanted) -> list[Action]:
        """Runs the tool. A repeated call gets the same answer again, and the tool does not run again."""
        if event.tool_call_id in self._running:
            return []
        if (known := self._answers.get(event.tool_call_id)) is not None:
            return [known]
        if not self._speech.interruptions.too_old(event.turn):
            self._speech.interruptions.something_new()
        if len(self._running) + len(self._answers) >= TOOLS_A_CALL:
            return [AnswerTool(event.tool_call_id, FAR_TOO_MANY, True)]
        if len(self._running) >= TOOLS_AT_ONCE:
            return self._answer(event, TOO_MANY, failed=True)
        self._running[event.tool_call_id] = event
        return [RunTool(event.turn, event.tool_call_id)]

    def running(self, tool_call_id: str) -> str | None:
        """The name of the tool, if it runs."""
        return wanted.name if (wanted := self._running.get(tool_call_id)) is not None else None

    def ends_call(self, tool_call_id: str) -> None:
        """The agent ends the call with this one, as with the built-in tool."""
        if tool_call_id in self._running:
            self._ends.add(tool_call_id)

    def finished(self, event: ToolFinished) -> tuple[list[Action], bool]:
        """Sends the result. Also returns whether the agent has ended the call with it."""
        wanted = self._running.pop(event.tool_call_id, None)
        if wanted is None:
            return [], False
        ends_call = wanted.name == END_CALL or event.tool_call_id in self._ends
        return self._answer(wanted, event.result, event.failed), ends_call and not event.failed

    def lost(self) -> None:
        """The platform is gone. Tools that still run go on record, or another model might call them again."""
        for wanted in self._running.values():
            self._record(wanted, UNKNOWN)

    def _answer(self, wanted: ToolWanted, result: str, failed: bool) -> list[Action]:
        self._speech.interruptions.something_new()
        answer = AnswerTool(wanted.tool_call_id, result, failed)
        self._answers[wanted.tool_call_id] = answer
        self._record(wanted, result)
        return [answer]

    def _record(self, wanted: ToolWanted, result: str) -> None:
        used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, result)
        self._speech.transcript.tool(self._speech.last, used)
