"""Said, heard, then done: what becomes of work that a tool has deferred until its words were heard.

Theory of operation. Work belongs to the turn whose tool asks for it, and waits for the outcome of that turn
(`speaking/turn_state.py`). A hold only delays the outcome, and so does what the caller says into the last word: an
objection stops the work, thanks do not. What comes of each work is one `RunDeferred` or one
`DropDeferred`: `verdict` is the rule. The model learns of work that is dropped, in the result of its tool if that still
runs, and otherwise by a notice; the same call may then be made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from telephony.core.actions import Action, DropDeferred, NotDone, RunDeferred
from telephony.core.answer import OwedAnswer
from telephony.core.ending import Ending
from telephony.core.events import ToolFinished, WorkDeferred
from telephony.core.language.farewells import is_farewell
from telephony.core.language.language import Language
from telephony.core.language.words import unfinished_backchannel, wants_the_floor
from telephony.core.listening.utterance import Utterance
from telephony.core.speaking.turn import Turn
from telephony.core.speaking.turn_state import Outcome
from telephony.core.speaking.turns import Turns

NOTICE_CHARS = 2_000
"""No more of a notice is told to the model."""
MOST_WORKS = 1_000
"""More deferred work in one call is not done."""

REASONS = {
    NotDone.INTERRUPTED: "the caller interrupted before they had heard what was said with it",
    NotDone.UNHEARD: "it is not known whether the caller has heard what was said with it",
    NotDone.FAILED: "something failed before it",
    NotDone.CALL_ENDED: "the call ends",
}


OBJECTION_MS = 3_000
"""How long work whose words were heard waits for the end of what the caller is saying. Then the words so far decide."""


def verdict(outcome: Outcome, *, must: bool, quiet: bool, silent: bool, ending: bool) -> bool | NotDone | None:
    """What becomes of the work of a turn: True: it is done; None: it waits. `quiet`: the caller says nothing; `silent`:
    neither does the agent, and nothing is owed; `ending`: the call is being ended, whatever the caller says."""
    if outcome is Outcome.OPEN or (outcome is Outcome.SILENT and not silent):
        return None
    if outcome is Outcome.HEARD and not (quiet or must or ending):
        return None
    if must or outcome in (Outcome.HEARD, Outcome.SILENT):
        return True
    return NotDone.CALL_ENDED if ending else _NOT_DONE[outcome]


_NOT_DONE = {
    Outcome.CUT: NotDone.INTERRUPTED,
    Outcome.UNHEARD: NotDone.UNHEARD,
    Outcome.FAILED: NotDone.FAILED,
}


@dataclass(slots=True)
class _Waiting:
    """Work that waits. `call` is the tool call for the model, as `name(arguments)`; `heard_ms`: its words were heard
    then, while the caller was saying something."""

    asked: WorkDeferred
    turn: Turn
    call: str
    heard_ms: int | None = None


class Deferred:
    """See the module text. Methods return the actions to perform, in order."""

    def __init__(self, language: Language, turns: Turns, answer: OwedAnswer, ending: Ending) -> None:
        self._language, self._turns, self._answer, self._ending = language, turns, answer, ending
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

    def tick(self, now: int, utterance: Utterance | None) -> list[Action]:
        """What the outcomes of the turns decide. `utterance`: what the caller is saying, if they say anything."""
        actions = list[Action]()
        if not self._waiting:
            return actions
        saying = None if utterance is None else utterance.text
        silent = saying is None and not self._answer.owed and not self._turns.live()
        for one in list(self._waiting):
            if one.turn.outcome is Outcome.HEARD and one.heard_ms is None:
                one.heard_ms = now
            late = one.heard_ms is not None and one.heard_ms + OBJECTION_MS <= now
            if late and saying and self._objects(saying):
                actions += self._stop(one, now)
                continue
            must, ending = one.asked.must, self._ending.final
            quiet = saying is None or late
            found = verdict(one.turn.outcome, must=must, quiet=quiet, silent=silent, ending=ending)
            if found is not None:
                self._waiting.remove(one)
                work = one.asked.work
                actions.append(self._drop(one, found, now) if isinstance(found, NotDone) else RunDeferred(work))
        return actions

    @property
    def deadline(self) -> int | None:
        """When `tick` wants to be called."""
        heard = [one.heard_ms for one in self._waiting if one.heard_ms is not None]
        return min(heard) + OBJECTION_MS if heard else None

    def answered(self, text: str, now: int) -> list[Action]:
        """The caller has said something that is to be answered. It stops work without words; and if it is more than
        thanks, work whose words were just heard, or are being heard because they cannot be interrupted."""
        stopped = {Outcome.SILENT, Outcome.HEARD, Outcome.OPEN} if self._objects(text) else {Outcome.SILENT}
        waiting = [one for one in self._waiting if one.turn.outcome in stopped]
        return [action for one in waiting for action in self._stop(one, now)]

    def _objects(self, text: str) -> bool:
        return wants_the_floor(text, self._language) and not is_farewell(text, self._language)

    def _stop(self, one: _Waiting, now: int) -> list[Action]:
        """The caller objects to the work: it is not done, unless it must be."""
        self._waiting.remove(one)
        return [RunDeferred(one.asked.work) if one.asked.must else self._drop(one, NotDone.INTERRUPTED, now)]

    def end(self, utterance: Utterance | None) -> list[Action]:
        """The call is over. What was heard is done, unless the caller was objecting: people hang up in their thanks."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return []
        text = utterance.text if utterance is not None else ""
        objects = self._objects(text) and not unfinished_backchannel(text, self._language)
        return [
            RunDeferred(one.asked.work)
            if one.asked.must or (one.turn.outcome is Outcome.HEARD and not objects)
            else DropDeferred(one.asked.work, NotDone.CALL_ENDED)
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
