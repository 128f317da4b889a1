"""What the agent says aloud: speeches, their tracks in the playout, and what the caller has heard of them.

Theory of operation. A turn that is spoken has a `Speech` (units, attempts, audio) and a track in the `Playout`. It is
settled when its track has been played, or cut; then what was heard of it enters the record, and the speech and the
track are dropped. This module does not distinguish replies, fixed phrases, and speculative replies, whose tracks wait.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict

from telephony.core.actions import Action, LineAdded
from telephony.core.events import Phrase, SpeechAudio
from telephony.core.language.words import words
from telephony.core.policy import Policy
from telephony.core.speaking.playout import Playout
from telephony.core.speaking.speech import Speech, Unit
from telephony.core.transcript import Transcript, heard_text

ASKED = re.compile(r"\?[^.?!]*$")


class Synthesis:
    """See the module text. Methods append their actions to `out`."""

    def __init__(
        self, policy: Policy, spoken_form: Callable[[str], str], transcript: Transcript, out: list[Action]
    ) -> None:
        self.playout = Playout(policy.limits.mark_every_ms)
        self.speeches: dict[int, Speech] = {}
        self.protected: set[int] = set()
        self._settled_text = ""  # what was heard of the last settled turn
        self._phrases: dict[str, Phrase] = {}
        self._policy = policy
        self._spoken_form = spoken_form
        self._transcript = transcript
        self._out = out

    # --- questions --------------------------------------------------------------------------------------------------

    def heard(self, turn: int, now: int) -> bool:
        """Whether any of `turn` has provably been heard."""
        return turn in self.playout.tracks and self.playout.heard(turn, now) > 0

    def guarded(self, now: int) -> bool:
        """Whether what is being said must not be interrupted: a protected turn, or a sentence that must be heard. A
        reply of which nothing was heard yet can be interrupted: it is generated again, with its disclosure."""
        if any(turn in self.protected for turn in self.speeches):
            return True
        return bool(self._policy.must_be_heard) and any(
            self.heard(turn, now) and self._says_disclosure(turn, now) for turn in self.speeches
        )

    def asked(self, now: int) -> bool:
        """Whether the agent has just asked something: its words, as heard so far, end with a question, or with an
        unfinished sentence after one."""
        return bool(ASKED.search(self.last_words(now)))

    def asking(self, now: int) -> str:
        """The question that the caller is hearing now, or "". People often answer before a question is over."""
        units = [self._under_way(turn, now) for turn in self.speeches if self.heard(turn, now)]
        asking = (unit.written for unit in units if unit is not None and unit.written.rstrip().endswith("?"))
        return next(asking, "")

    def last_words(self, now: int) -> str:
        """The agent's last words, as far as the caller has heard them."""
        text = self._settled_text
        for turn in self.speeches:
            text = self._heard_text(turn, now) or text
        return text

    def says(self, text: str, least: int) -> bool:
        """Whether `text` has at least `least` words and the agent is saying all of them, in this order."""
        found = words(text)
        if len(found) < least:
            return False
        for turn, speech in self.speeches.items():
            track = self.playout.tracks.get(turn)
            waits = track is not None and track.waiting
            said = [] if waits else words(" ".join(unit.spoken for unit in speech.units))
            if any(said[at : at + len(found)] == found for at in range(len(said) - len(found) + 1)):
                return True
        return False

    @property
    def deadline(self) -> int | None:
        return min((d for s in self.speeches.values() if (d := s.deadline) is not None), default=None)

    def over(self, turn: int) -> bool:
        """Whether no more audio of the turn will come."""
        return turn not in self.speeches or self.speeches[turn].over

    # --- saying -----------------------------------------------------------------------------------------------------

    def say(self, turn: int, written: str, now: int) -> None:
        """Speaks one more unit of the turn, given as the model wrote it."""
        if spoken := self._spoken_form(written):
            self._out += self._speech(turn, now).say(Unit(written, spoken), now)

    def finish(self, turn: int, now: int) -> None:
        """No more text of the turn will come."""
        self._out += self.speeches[turn].finish(now)
        self._sync_track(turn, now)

    def learn(self, phrases: tuple[Phrase, ...]) -> None:
        self._phrases.update((phrase.name, phrase) for phrase in phrases)

    def phrase(self, turn: int, name: str, now: int, text: str = "") -> None:
        """Says a fixed phrase: the cached audio if there is any, otherwise through the TTS."""
        text = text or str(asdict(self._policy.wording)[name])
        speech = self._speech(turn, now)
        self._transcript.agent(turn, "")
        if (phrase := self._phrases.get(name)) is not None and phrase.text == text:
            (self.playout.open_first if name == "filler" else self.playout.open)(turn)
            speech.units.append(Unit(text, phrase.text))
            speech.complete = speech.over = True
            self.playout.align(turn, phrase.text, phrase.ends_ms, 0)
            self._out += self.playout.add(turn, phrase.pcmu, now)
            self._out += self.playout.close(turn, now)
        else:
            self.playout.open(turn)
            self._out += speech.say(Unit(text, self._spoken_form(text) or text), now)
            self._out += speech.finish(now)

    def drop(self, turn: int) -> None:
        """Drops a turn of which nothing was heard, without a trace in the history or the playout."""
        if (speech := self.speeches.pop(turn, None)) is not None:
            self._out += speech.drop()
        self.playout.forget(turn)

    # --- TTS events -------------------------------------------------------------------------------------------------

    def audio(self, event: SpeechAudio, now: int, waiting: bool) -> None:
        """Takes audio of a turn. `waiting`: it must not be played yet."""
        speech = self.speeches.get(event.turn)
        if speech is None or not speech.current(event.attempt):
            return
        self.playout.open(event.turn).waiting = waiting
        self.playout.align(event.turn, event.text, event.ends_ms, speech.base)
        self._out += self.playout.add(event.turn, event.pcmu, now)
        self._out += speech.audio(event.pcmu, event.text, now)
        self._sync_track(event.turn, now)

    def ended(self, turn: int, attempt: int, now: int, lost: bool = False, retryable: bool = True) -> str:
        """The context has ended or was lost. Returns the text that had to be given up, usually ""."""
        speech = self.speeches.get(turn)
        if speech is None or not speech.current(attempt):
            return ""
        self._out += speech.lost(retryable, now) if lost else speech.ended(now)
        self._sync_track(turn, now)
        return speech.unspoken

    def deadlines(self, now: int) -> list[int]:
        """Handles the speeches whose deadline has come. Returns the turns of which text had to be given up."""
        due = [turn for turn, speech in self.speeches.items() if speech.deadline is not None and speech.deadline <= now]
        for turn in due:
            self._out += self.speeches[turn].deadline_reached(now)
            self._sync_track(turn, now)
        return [turn for turn in due if self.speeches[turn].unspoken]

    # --- stopping ---------------------------------------------------------------------------------------------------

    def cut(self, now: int) -> None:
        """Stops all speech at once, and settles every turn with what was heard of it."""
        chars = {turn: self.playout.heard_chars(turn, now) for turn in self.playout.tracks}
        self._out += self.playout.cut(now)
        for turn, speech in list(self.speeches.items()):
            self._out += speech.drop()
            track = self.playout.tracks.get(turn)
            whole = track is not None and not track.cut and not speech.unspoken
            self._settle(turn, self._line(turn, chars.get(turn, 0), whole), interrupted=not whole)

    def settle(self, now: int) -> list[int]:
        """Settles the turns that have been played to their end, and returns them."""
        played = [turn for turn in self.speeches if self._played(turn)]
        for turn in played:
            whole = not self.speeches[turn].unspoken and not self.playout.tracks[turn].cut
            self._settle(turn, self._line(turn, self.playout.heard_chars(turn, now), whole), interrupted=not whole)
        return played

    def note_heard(self, turn: int, now: int) -> None:
        """Puts what was heard of the turn so far into the history."""
        self._transcript.agent(turn, self._heard_text(turn, now))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _under_way(self, turn: int, now: int) -> Unit | None:
        """The unit that is being heard, or None if all have been heard."""
        left = self.playout.heard_chars(turn, now)
        for unit in self.speeches[turn].units:
            left -= sum(not char.isspace() for char in unit.spoken)
            if left < 0:
                return unit
        return None

    def _says_disclosure(self, turn: int, now: int) -> bool:
        """Whether the turn has a unit with a sentence that must be heard, and it has not been heard to its end yet."""
        heard, before = self._heard_text(turn, now), ""
        for unit in self.speeches[turn].units:
            before = f"{before} {unit.written}".strip()
            if any(sentence in unit.written for sentence in self._policy.must_be_heard) and len(heard) < len(before):
                return True
        return False

    def _speech(self, turn: int, now: int) -> Speech:
        if turn not in self.speeches:
            limits = self._policy.limits
            self.speeches[turn] = Speech(
                turn, attempts=limits.speech_attempts, close_after_ms=limits.speech_close_ms, now=now
            )
        return self.speeches[turn]

    def _sync_track(self, turn: int, now: int) -> None:
        """Tells the turn's track about a new attempt or the end of its speech."""
        speech = self.speeches[turn]
        if speech.attempt != speech.base_attempt:
            speech.base_attempt, speech.base = speech.attempt, self.playout.new_attempt(turn)
        if speech.over:
            self._out += self.playout.close(turn, now)

    def _played(self, turn: int) -> bool:
        track = self.playout.tracks.get(turn)
        return track is not None and track.finished()

    def _line(self, turn: int, chars: int, whole: bool) -> str:
        units = tuple([(unit.written, unit.spoken) for unit in self.speeches[turn].units])
        return heard_text(units, chars, whole)

    def _heard_text(self, turn: int, now: int) -> str:
        if turn not in self.playout.tracks:
            return ""
        return self._line(turn, self.playout.heard_chars(turn, now), whole=False)

    def _settle(self, turn: int, text: str, interrupted: bool) -> None:
        self._transcript.agent(turn, text, interrupted)
        self._settled_text = text or self._settled_text
        if text:
            self._out.append(LineAdded("agent", text, turn, interrupted))
        del self.speeches[turn]
        self.protected.discard(turn)
        self.playout.forget(turn)
