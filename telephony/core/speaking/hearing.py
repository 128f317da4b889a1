"""What the caller has heard of the agent, or is hearing: questions about the turns, which change nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.core.language.farewells import parts
from telephony.core.language.words import words
from telephony.core.speaking.speech import solid
from telephony.core.speaking.turn import Turn
from telephony.core.speaking.turns import Turns

ASKED = re.compile(r"\?[^.?!]*$")
"""A question at the end of a text, or a remark behind one."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What the agent is saying in `turn`: the words that were provably heard, and those that follow, as far as they
    have been handed to the TTS. The sentence under way appears as it is spoken, the others as they were written."""

    turn: int
    heard: str
    unheard: str


class Hearing:
    """See the module text. Sentences of `must_be_heard` are disclosures: they are not interrupted."""

    def __init__(self, turns: Turns, must_be_heard: tuple[str, ...]) -> None:
        self._turns = turns
        self._must_be_heard = must_be_heard

    def protected(self, now: int) -> bool:
        """What is being said must not be interrupted: a protected turn, or a sentence that must be heard. A reply that
        has not begun to be heard may still be generated again, with its disclosure."""
        speaking = self._turns.speaking()
        return any(turn.protected for turn in speaking) or (
            bool(self._must_be_heard) and any(turn.heard(now) and self._discloses(turn, now) for turn in speaking)
        )

    def last_words(self, now: int) -> str:
        """What the agent was last heard to say."""
        text = self._turns.settled_text
        for turn in self._turns.speaking():
            text = turn.heard_text(now) or text
        return text

    def asked(self, now: int) -> bool:
        """The agent has just asked something: its words, as heard so far, end with a question, or with a remark behind
        one."""
        return bool(ASKED.search(self.last_words(now)))

    def asking(self, now: int) -> str:
        """The question that the caller is hearing, which people answer before it is over; or ""."""
        units = [turn.under_way(now) for turn in self._turns.speaking() if turn.heard(now)]
        asking = (unit.written for unit in units if unit is not None and unit.written.rstrip().endswith("?"))
        return next(asking, "")

    def parting(self, now: int) -> bool:
        """What the caller is hearing, or has heard last, ends with a goodbye."""
        said = [turn.speech.units for turn in self._turns.speaking() if turn.speech is not None and turn.heard(now)]
        return parts(" ".join(unit.written for unit in said[-1][-2:]) if said else self._turns.settled_text)

    def aloud(self, since_ms: int, now: int) -> str:
        """The words that began to be played at `since_ms` or later, as they were spoken."""
        return self._turns.playout.said_since(since_ms, now)

    def says(self, text: str) -> bool:
        """The agent is saying all words of `text`, in this order. False for no words."""
        found = words(text)
        for turn in self._turns.speaking() if found else ():
            track = self._turns.playout.tracks.get(turn.number)
            waits = track is not None and track.waiting
            said = [] if waits or turn.speech is None else words(" ".join(unit.spoken for unit in turn.speech.units))
            if any(said[at : at + len(found)] == found for at in range(len(said) - len(found) + 1)):
                return True
        return False

    def more_ms(self, now: int) -> int | None:
        """Until when the answers to all these questions stay as they are if nothing happens; None: for good."""
        return self._turns.playout.more_ms(now)

    def _discloses(self, turn: Turn, now: int) -> bool:
        """A unit with a sentence that must be heard has been handed out, and was not heard to its end."""
        heard, before = turn.heard_text(now), ""
        for unit in turn.speech.units if turn.speech is not None else []:
            before = f"{before} {unit.written}".strip()
            if any(sentence in unit.written for sentence in self._must_be_heard) and len(heard) < len(before):
                return True
        return False


def saying(turns: Turns, now: int) -> tuple[Saying, ...]:
    """What is being said, turn by turn; without a speculation, which may never be said."""
    found = []
    for turn in turns.speaking():
        track = turns.playout.tracks.get(turn.number)
        if track is not None and not track.waiting:
            found.append(Saying(turn.number, turn.heard_text(now), _unheard(turns, turn, now)))
    return tuple(found)


def _unheard(turns: Turns, turn: Turn, now: int) -> str:
    left, parts = turns.playout.heard_chars(turn.number, now), []
    for unit in turn.speech.units if turn.speech is not None else []:
        size = solid(unit.spoken)
        if left >= size:
            left -= size
            continue
        words = unit.spoken.split() if left else [unit.written]
        while words and left >= len(words[0]):
            left -= len(words.pop(0))
        left = 0
        parts += words
    return " ".join(part for part in parts if part)
