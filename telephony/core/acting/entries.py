"""What the caller is asked to key in.

Theory of operation. A tool asks (`EntryWanted`): its question is said as part of the reply that the tool belongs to,
and keys are taken at once, because people type ahead. A key stops the question, but not the reply, whose tool waits for
the keys. Words of the caller go their usual way; if no key was pressed before, they end the entry. There is at most
one, and what comes of it is one `EndEntry`.
"""

from __future__ import annotations

from telephony.core.actions import Action, EndEntry, EntryEnd, LineAdded
from telephony.core.answer import OwedAnswer
from telephony.core.dtmf import AskedEntry, DtmfCollector, in_words
from telephony.core.ending import Ending
from telephony.core.events import EntryDropped, EntryWanted
from telephony.core.listening.listening import Listening
from telephony.core.speaking.turns import Turns


class Entries:
    """See the module text. Methods that do something return the actions to perform, in order."""

    def __init__(
        self, listening: Listening, turns: Turns, answer: OwedAnswer, ending: Ending, dtmf: DtmfCollector
    ) -> None:
        self._listening, self._turns, self._answer, self._ending = listening, turns, answer, ending
        self._dtmf = dtmf
        self._asked: AskedEntry | None = None
        self.open = False
        """The caller is being asked for keys. (No property: it is looked at several times a frame.)"""
        self.ended_ms = 0
        """When the last one ended."""

    def ask(self, wanted: EntryWanted, now: int) -> list[Action]:
        if self.open or self._ending.begun:
            return [EndEntry(wanted.entry, EntryEnd.REFUSED)]
        if (reply := self._turns.reply) is None or reply.number != wanted.turn:
            return [EndEntry(wanted.entry, EntryEnd.INTERRUPTED)]
        self._asked, self.open = AskedEntry(wanted, now), True
        actions = self._turns.ask(reply, wanted.question.strip(), now)
        for digit in self._dtmf.take():
            actions += self.press(digit, now)
        return actions

    def press(self, digit: str, now: int) -> list[Action]:
        """The caller has pressed a key; an entry is open."""
        if self._asked is None or (how := self._asked.press(digit, now)) is None:
            return []
        if digit != (terminator := self._asked.wanted.terminator):
            self._dtmf.ignore(terminator, now)
        return self._end(how, now)

    def said(self, text: str, now: int) -> list[Action]:
        """The caller has said something that is to be answered."""
        if self._asked is None or self._asked.keys or self._asked.wanted.sensitive:
            return []
        return self._end(EntryEnd.SAID, now, said=text)

    def heard(self, now: int) -> None:
        """An utterance of the caller is over, whatever it was."""
        if self._asked is not None:
            self._asked.heard(now)

    def drop(self, dropped: EntryDropped) -> list[Action]:
        if self._asked is not None and self._asked.wanted.entry == dropped.entry:
            self._asked, self.open = None, False
        return []

    def end(self, now: int) -> list[Action]:
        """The call is over."""
        return self._end(EntryEnd.HUNG_UP, now) if self.open else []

    def tick(self, now: int) -> list[Action]:
        """Gives an entry up for which no key comes."""
        if self._asked is None:
            return []
        if self._ending.final:
            return self._end(EntryEnd.HUNG_UP, now)
        return self._end(EntryEnd.TIMED_OUT, now) if (at := self.deadline) is not None and at <= now else []

    @property
    def deadline(self) -> int | None:
        """When `tick` wants to be called; while the caller speaks, or the question is held, there is no hurry."""
        if self._asked is None or self._listening.utterance is not None or self._turns.playout.held:
            return None
        return self._asked.deadline(self._turns.playout.until_ms)

    def _end(self, how: EntryEnd, now: int, said: str = "") -> list[Action]:
        assert self._asked is not None
        asked, self._asked, self.open, self.ended_ms = self._asked, None, False, now
        turn, reply = self._turns.get(asked.wanted.turn), self._turns.reply
        if turn is not None and turn.generation is not None:
            turn.generation.progress_ms = now  # the tool can go on now, and the next answer waits for it
        if turn is not reply and how is not EntryEnd.HUNG_UP:
            self._answer.ask_after(now)  # the reply was cut meanwhile: another one tells what has come of it
        actions: list[Action] = [EndEntry(asked.wanted.entry, how, asked.keys, said)]
        return actions + ([LineAdded("caller", in_words(asked.keys), self._turns.last)] if asked.keys else [])
