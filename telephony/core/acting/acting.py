"""What tools and people do beside the conversation, as one part of it: deferred work, notices, asides, moves."""

from __future__ import annotations

from typing import assert_never

from telephony.core import events as e
from telephony.core.acting.asides import Asides
from telephony.core.acting.deferred import NOTICE_CHARS, Deferred
from telephony.core.acting.entries import Entries
from telephony.core.actions import Action
from telephony.core.answer import OwedAnswer
from telephony.core.dtmf import DtmfCollector
from telephony.core.ending import Ending
from telephony.core.language.language import Language
from telephony.core.listening.calm import CALM, Calm
from telephony.core.listening.listening import Listening
from telephony.core.speaking.turns import Turns


class Acting:
    """See the module text. Methods return the actions to perform, in order."""

    def __init__(
        self,
        language: Language,
        listening: Listening,
        turns: Turns,
        answer: OwedAnswer,
        ending: Ending,
        dtmf: DtmfCollector,
    ) -> None:
        self._listening, self._turns, self._answer, self._ending = listening, turns, answer, ending
        self.deferred = Deferred(language, turns, answer, ending)
        self.entries = Entries(listening, turns, answer, ending, dtmf)
        self._asides = Asides(turns, ending)
        self._resumed: e.CallResumed | None = None

    def happened(self, event: e.ActingEvent, now: int) -> list[Action]:
        match event:
            case e.WorkDeferred():
                return self.deferred.ask(event)
            case e.EndWanted(turn, tool_call_id):
                found = self._turns.get(turn)
                if found is not None and found.generation is not None and tool_call_id in found.generation.running:
                    found.generation.ends.add(tool_call_id)
            case e.NoticeReceived(text, speak):
                if text.strip():
                    self._turns.transcript.notice(text.strip()[:NOTICE_CHARS])
                    if speak:
                        self._answer.ask_after(now)
            case e.SayRequested(text):
                self._asides.ask(text)
            case e.EntryWanted():
                return self.entries.ask(event, now)
            case e.EntryDropped():
                return self.entries.drop(event)
            case e.MoveStarted(why):
                self._ending.moves(why)
            case e.MoveFailed():
                self._ending.stays()
            case e.CallResumed(history, turn):
                self._turns.transcript.resume(history)
                self._turns.last, self._resumed = turn, event
            case _:
                assert_never(event)
        return []

    def started(self, now: int) -> None:
        """The stream is up, and the greeting begun: what a call that is back brings with it comes after that."""
        if self._resumed is not None:
            self.happened(e.NoticeReceived(self._resumed.notice, self._resumed.speak), now)

    def tick(self, now: int) -> list[Action]:
        """What is to be said is said when there is room; an entry ends in time."""
        actions = self.entries.tick(now) if self.entries.open else []
        return actions + self._asides.tick(now, quiet=self._listening.utterance is None)

    def calm(self, now: int) -> Calm | None:
        """See `Part`."""
        return None if self._asides.waiting else CALM
