"""Said, heard, then done: what becomes of work that a tool has deferred until its words were heard.

Theory of operation. Work belongs to the turn whose tool asks for it, and waits for the outcome of that turn
(`speaking/turn_state.py`). A hold only delays the outcome. What comes of each work is one `RunDeferred` or one
`DropDeferred`: `verdict` is the rule. The model learns of work that is dropped, in the result of its tool if that still
runs, and otherwise by a notice; the same call may then be made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.core.actions import Action, DropDeferred, NotDone, RunDeferred
from telephony.core.answer import OwedAnswer
from telephony.core.ending import Ending
from telephony.core.events import ToolFinished, WorkDeferred
from telephony.core.speaking.turn import Turn
from telephony.core.speaking.turn_state import Outcome
from telephony.core.speaking.turns import Turns

MOST_WORKS = 1_000
"""More deferred work in one call is not done."""

REASONS = {
    NotDone.INTERRUPTED: "the caller interrupted before they had heard what was said with it",
    NotDone.UNHEARD: "it is not known whether the caller has heard what was said with it",
    NotDone.FAILED: "something failed before it",
    NotDone.CALL_ENDED: "the call ends",
}


def verdict(outcome: Outcome, *, must: bool, silent: bool, ending: bool) -> bool | NotDone | None:
    """What becomes of the work of a turn: True: it is done; None: it waits. `silent`: neither side says anything, and
    nothing is owed; `ending`: the call is being ended, whatever the caller says."""
    if outcome is Outcome.OPEN or (outcome is Outcome.SILENT and not silent):
        return None
    if must or outcome in (Outcome.HEARD, Outcome.SILENT):
        return True
    return NotDone.CALL_ENDED if ending else _NOT_DONE[outcome]


_NOT_DONE = {
    Outcome.CUT: NotDone.INTERRUPTED,
    Outcome.UNHEARD: NotDone.UNHEARD,
    Outcome.FAILED: NotDone.FAILED,
}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Work that waits. `call` is the tool call for the model, as `name(arguments)`."""

    asked: WorkDeferred
    turn: Turn
    call: str


class Deferred:
    """See the module text. Methods return the actions to perform, in order."""

    def __init__(self, turns: Turns, answer: OwedAnswer, ending: Ending) -> None:
        self._turns, self._answer, self._ending = turns, answer, ending
        self._waiting: list[_Waiting] = []
        self._known = set[str]()
        self._dropped: dict[tuple[int, str], NotDone] = {}  # by tool calls that still run

    def ask(self, event: WorkDeferred) -> list[Action]:
        """A tool defers work. Only a tool that runs can, and each work counts once."""
        if event.work in self._known:
            return []
        turn = self._turns.get(event.turn)
        generation = turn.generation if turn is not None else None
        wanted = generation.running.get(event.tool_call_id) if generation is not None else None
        if turn is None or generation is None or wanted is None or len(self._known) >= MOST_WORKS:
            self._known |= {event.work} if len(self._known) < MOST_WORKS else set()
            return [DropDeferred(event.work, NotDone.FAILED)]
        self._known.add(event.work)
        generation.defers = True
        self._waiting.append(_Waiting(event, turn, f"{wanted.name}({wanted.arguments})"))
        return []

    def tool_finished(self, event: ToolFinished) -> tuple[ToolFinished, list[Action]]:
        """A tool has returned. What it had deferred is not done if it has `failed`. Also returns the event, whose
        result says what will not be done."""
        key, actions = (event.turn, event.tool_call_id), list[Action]()
        for one in [one for one in self._waiting if event.failed and _key(one) == key]:
            self._waiting.remove(one)
            actions.append(DropDeferred(one.asked.work, NotDone.FAILED))
        if (why := self._dropped.pop(key, None)) is not None:
            event = replace(event, result=f"{event.result}\nWhat was to follow was not done: {REASONS[why]}.")
            self._turns.transcript.failed.add(event.tool_call_id)
        return event, actions

    def tick(self, now: int, *, quiet: bool) -> list[Action]:
        """What the outcomes of the turns decide. `quiet`: the caller says nothing."""
        actions = list[Action]()
        if not self._waiting:
            return actions
        silent = quiet and not self._answer.owed and not self._turns.live()
        for one in list(self._waiting):
            found = verdict(one.turn.outcome, must=one.asked.must, silent=silent, ending=self._ending.final)
            if found is not None:
                self._waiting.remove(one)
                work = one.asked.work
                actions.append(self._drop(one, found, now) if isinstance(found, NotDone) else RunDeferred(work))
        return actions

    def answered(self, now: int) -> list[Action]:
        """The caller has said something that is to be answered, before work without words was done."""
        actions = list[Action]()
        for one in [one for one in self._waiting if one.turn.outcome is Outcome.SILENT]:
            self._waiting.remove(one)
            dropped = not one.asked.must
            actions.append(self._drop(one, NotDone.INTERRUPTED, now) if dropped else RunDeferred(one.asked.work))
        return actions

    def end(self) -> list[Action]:
        """The call is over."""
        waiting, self._waiting = self._waiting, []
        return [
            RunDeferred(one.asked.work) if one.asked.must else DropDeferred(one.asked.work, NotDone.CALL_ENDED)
            for one in waiting
        ]

    def _drop(self, one: _Waiting, why: NotDone, now: int) -> Action:
        generation = one.turn.generation
        if generation is not None and one.asked.tool_call_id in generation.running:
            self._dropped[_key(one)] = why
        else:
            self._turns.transcript.failed.add(one.asked.tool_call_id)
            self._turns.transcript.notice(f"what {one.call} was to do was not done: {REASONS[why]}.")
        if why is NotDone.UNHEARD:
            self._answer.ask_after(now)
        return DropDeferred(one.asked.work, why)


def _key(one: _Waiting) -> tuple[int, str]:
    return one.asked.turn, one.asked.tool_call_id
