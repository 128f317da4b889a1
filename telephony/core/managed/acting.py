"""What tools and people do beside a managed agent's conversation: deferred work, notices, texts to say, moves.

Theory of operation. The platform does not say which words belong to a tool. So deferred work waits until its tool was
answered, everything that the agent has said was heard, and nothing more has come for a while. If the platform cuts its
agent short before, the work is not done. Notices and texts to say are messages to the agent, in whose hands they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from telephony.core import events as e
from telephony.core.acting.deferred import MOST_WORKS, NOTICE_CHARS, REASONS
from telephony.core.actions import Action, DropDeferred, EndEntry, EntryEnd, NotDone, RunDeferred
from telephony.core.decisions import CallEnding, MarksMissing, PlatformCut
from telephony.core.ending import Ending
from telephony.core.managed.speech import LAST_WORDS_MS, ManagedSpeech
from telephony.core.managed.tools import ManagedTools
from telephony.core.managed_events import ManagedAudio, ManagedSaid, SendToManaged


@dataclass(slots=True)
class _Waiting:
    """Work that waits; from `since_ms` on, when its tool was answered."""

    asked: e.WorkDeferred
    name: str
    since_ms: int | None = None


class ManagedActing:
    """See the module text. Methods return the actions to perform, in order."""

    def __init__(self, speech: ManagedSpeech, tools: ManagedTools, ending: Ending) -> None:
        self._speech, self._tools, self._ending = speech, tools, ending
        self._waiting: list[_Waiting] = []
        self._known = set[str]()
        self._said_ms = 0  # when the agent last sent something to be said
        self.deadline: int | None = None
        """When the agent may have said all that it says with the work that waits; later than the last step."""

    def happened(self, event: e.ActingEvent) -> list[Action]:
        match event:
            case e.WorkDeferred():
                return self._defer(event)
            case e.EndWanted(_, tool_call_id):
                self._tools.ends_call(tool_call_id)
            case e.NoticeReceived(text, speak):
                kind = "user_message" if speak else "contextual_update"
                told = f"[Notice, not from the caller: {_quoted(text.strip()[:NOTICE_CHARS])}]"
                return [SendToManaged(kind, told)] if text.strip() else []
            case e.SayRequested(text):
                told = f"[Not from the caller. Say this now, word for word: {_quoted(text.strip())}]"
                return [SendToManaged("user_message", told)] if text.strip() else []
            case e.MoveStarted(why):
                self._ending.moves(why)
            case e.MoveFailed():
                self._ending.stays()
            case e.CallResumed(_, _, notice, speak):  # the platform begins a conversation of its own
                return self.happened(e.NoticeReceived(notice, speak))
            case e.EntryWanted(_, entry):  # we cannot let a platform's agent ask
                return [EndEntry(entry, EntryEnd.REFUSED)]
            case e.EntryDropped():
                pass
            case _:
                assert_never(event)
        return []

    def follow(self, event: e.Event, actions: Sequence[Action], now: int) -> list[Action]:
        """What follows for the work from what has happened, and from what time has decided."""
        if isinstance(event, ManagedAudio | ManagedSaid):
            self._said_ms = now
        if isinstance(event, e.ToolFinished):
            return self._returned(event, now)
        for decision, why in _DROPS.items():
            if any(isinstance(action, decision) for action in actions):
                return self.end(why)
        answered = [one.since_ms for one in self._waiting if one.since_ms is not None]
        if not answered:
            return []
        due = max(*answered, self._said_ms) + LAST_WORDS_MS
        if self._ending.begun:
            due = now  # the agent leaves: no more comes than what is being heard
        self.deadline = due if due > now else None
        if due > now or self._speech.saying(self._speech.last):
            return []
        done = [one for one in self._waiting if one.since_ms is not None]
        self._waiting = [one for one in self._waiting if one.since_ms is None]
        return [RunDeferred(one.asked.work) for one in done]

    def end(self, why: NotDone) -> list[Action]:
        """Nothing of the work that waits is done, but for what must be. The agent learns of it if it goes on."""
        waiting, self._waiting, self.deadline = self._waiting, [], None
        actions = list[Action]()
        for one in waiting:
            if one.asked.must:
                actions.append(RunDeferred(one.asked.work))
                continue
            actions.append(DropDeferred(one.asked.work, why))
            if why in (NotDone.INTERRUPTED, NotDone.UNHEARD):
                told = f"[What {one.name} was to do was not done: {REASONS[why]}.]"
                actions.append(SendToManaged("contextual_update", told))
        return actions

    def _defer(self, event: e.WorkDeferred) -> list[Action]:
        if event.work in self._known:
            return []
        name, full = self._tools.running(event.tool_call_id), len(self._known) >= MOST_WORKS
        self._known |= set() if full else {event.work}
        if name is None or full:
            return [DropDeferred(event.work, NotDone.FAILED)]
        self._waiting.append(_Waiting(event, name))
        return []

    def _returned(self, event: e.ToolFinished, now: int) -> list[Action]:
        theirs = [one for one in self._waiting if one.asked.tool_call_id == event.tool_call_id]
        if not event.failed:
            for one in theirs:
                one.since_ms = now
            self.deadline = now + LAST_WORDS_MS if theirs else self.deadline
            return []
        self._waiting = [one for one in self._waiting if one not in theirs]
        return [DropDeferred(one.asked.work, NotDone.FAILED) for one in theirs]


def _quoted(text: str) -> str:
    """It ends where it seems to: what is in it cannot pass for words of the caller's."""
    return json.dumps(text, ensure_ascii=False)


_DROPS = {
    CallEnding: NotDone.CALL_ENDED,
    PlatformCut: NotDone.INTERRUPTED,
    MarksMissing: NotDone.UNHEARD,
}
"""What the bridge has decided -> what becomes of the work that waits."""
