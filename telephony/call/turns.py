"""Turns: what the agent says, from the model's first word to the last mark.

Theory of operation. A turn is a number. It is *thought* (its `Reply`, see `thinking.py`), *spoken* (its `Speech`:
units, attempts, audio) and *played* (its track in the `Playout`). The three may be far apart in time, so each is looked
up by number, and what has no entry any more is stale and ignored. A fixed phrase is a turn that is not thought. A turn
is settled when its track has been played, or cut; then its line enters the record as heard.

A guess (a reply on trial) is spoken up to its first unit, and its track waits. It counts as nothing the agent says
until it is adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from telephony.call.actions import Action, Explain, LineAdded
from telephony.call.events import Phrase, ReplyDelta, ReplyEnded, SpeechAudio
from telephony.call.history import CallerSaid, History, HistoryItem
from telephony.call.language import language_for
from telephony.call.playout import Playout
from telephony.call.policy import Policy
from telephony.call.speech import Speech, Unit
from telephony.call.thinking import Reply, Thinking
from telephony.call.transcript import Transcript, heard_text
from telephony.call.words import gist, words


class Turns:
    """See the module text. Every method adds to `out` what is to be done."""

    def __init__(self, policy: Policy, speakable: Callable[[str], str], out: list[Action]) -> None:
        self.playout = Playout(policy.limits.mark_every_ms)
        self.transcript = Transcript()
        self.thinking = Thinking(self.transcript, out)
        self.guesses_used = 0
        self.last = 0  # the highest turn number given out
        self.protected: set[int] = set()
        self.settled_text = ""  # what the agent was last heard to say
        self._speeches: dict[int, Speech] = {}
        self._phrases: dict[str, Phrase] = {}
        self._policy = policy
        self._language = language_for(policy.language)
        self._speakable = speakable
        self._out = out

    # --- questions --------------------------------------------------------------------------------------------------

    @property
    def reply(self) -> Reply | None:
        """The live reply."""
        return self.thinking.reply

    def live(self) -> bool:
        """The agent has something to say, or is thinking about it."""
        return self.reply is not None or any(not self._is_guess(turn) for turn in self._speeches)

    def heard(self, turn: int, now: int) -> bool:
        """Some of what is said in `turn` has provably been heard."""
        return turn in self.playout.tracks and self.playout.heard(turn, now) > 0

    def unheard_reply(self, now: int) -> bool:
        """A reply is on its way of which the caller has heard nothing yet."""
        return self.reply is not None and not self.heard(self.reply.turn, now)

    def guarded(self, now: int) -> bool:
        """What is being said must not be interrupted: a protected turn, or a sentence that must be heard. A reply that
        has not begun to be heard may still be thought of again, with its disclosure."""
        if any(turn in self.protected for turn in self._speeches):
            return True
        return bool(self._policy.must_be_heard) and any(
            self.heard(turn, now) and self._says_disclosure(turn, now) for turn in self._speeches
        )

    def asked(self, now: int) -> bool:
        """The agent's words, as heard so far, end with a question."""
        return self.last_words(now).rstrip().endswith("?")

    def last_words(self, now: int) -> str:
        """What the agent was last heard to say."""
        text = self.settled_text
        for turn in self._speeches:
            text = self._heard(turn, now) or text
        return text

    def says(self, text: str, least: int) -> bool:
        """`text` has at least so many words, and the agent is saying all of them, in this order."""
        found = words(text)
        if len(found) < least:
            return False
        for turn, speech in self._speeches.items():
            spoken = [] if self._is_guess(turn) else words(" ".join(unit.spoken for unit in speech.units))
            if any(spoken[at : at + len(found)] == found for at in range(len(spoken) - len(found) + 1)):
                return True
        return False

    def speech_deadline(self) -> int | None:
        return min((d for s in self._speeches.values() if (d := s.deadline) is not None), default=None)

    def saying(self, turn: int) -> bool:
        """The turn is still being spoken or played."""
        return turn in self._speeches

    def spoken_out(self, turn: int) -> bool:
        """All audio of the turn has come."""
        return turn not in self._speeches or self._speeches[turn].over

    # --- thinking ---------------------------------------------------------------------------------------------------

    def start(self, now: int, decided_ms: int) -> None:
        """Starts the reply to the history as heard: the guess, if that is what it answers, or the next one."""
        for turn in self._speeches:
            if not self._is_guess(turn):
                self._note_heard(turn, now)
        history = self.transcript.history()
        self._keep_guess(history)
        if (guess := self.thinking.guess) is not None:
            self._adopt(guess, decided_ms, now)
            return
        self.last += 1
        self.thinking.begin(self.last, history, decided_ms, now)
        self.transcript.agent(self.last, "")

    def guess(self, text: str, now: int) -> None:
        """Prepares the reply to `text`, as if the caller had finished."""
        self.last += 1
        self.explain("guess", {"words": len(words(text))})
        self.thinking.begin_guess(self.last, self.transcript.history(saying=text), now)

    def drop_guess(self, why: str) -> None:
        """The guess is not wanted: as if it had never been."""
        if (guess := self.thinking.guess) is None:
            return
        self.explain("guess_dropped", {"why": why}, guess.turn)
        self.thinking.drop_guess()
        if (speech := self._speeches.pop(guess.turn, None)) is not None:
            self._out += speech.drop()
        self.playout.forget(guess.turn)

    def upcoming(self, text: str) -> int:
        """The turn that will answer `text`: the guess, if it does."""
        self._keep_guess(self.transcript.history(saying=text))
        return self.last + 1 if self.thinking.guess is None else self.thinking.guess.turn

    def delta(self, event: ReplyDelta, now: int) -> None:
        if (reply := self.thinking.delta(event, now)) is not None:
            self._say_pending(reply, now)

    def ended(self, event: ReplyEnded, now: int) -> bool:
        """The model has finished. False if that left nothing at all to say or do."""
        reply = self.thinking.ended(event, now, spoken=event.turn in self._speeches)
        if reply is None:
            return True
        if reply is self.thinking.guess:
            if not reply.pending and reply.turn not in self._speeches and reply.wanted is None:
                self.drop_guess("empty")
            else:
                self._say_pending(reply, now)
            return True
        return self._all_said(reply, now)

    def give_up_reply(self, now: int) -> None:
        """The thinking of the live reply has failed or is stopped; what was said of it stays."""
        if (reply := self.reply) is None:
            return
        self._say_pending(reply, now)
        self.thinking.stop()
        if (speech := self._speeches.get(reply.turn)) is not None and not speech.complete:
            self._out += speech.finish(now)
            self._after_speech(reply.turn, now)

    def _keep_guess(self, history: History) -> None:
        """Only for the same history, and for words that mean the same."""
        if (guess := self.thinking.guess) is None:
            return
        said, now_said = guess.history[-1:], history[-1:]
        same = guess.history[:-1] == history[:-1] and [self._gist(x) for x in said] == [self._gist(x) for x in now_said]
        if not same:
            self.drop_guess("other words")

    def _gist(self, item: HistoryItem) -> tuple[str, ...] | HistoryItem:
        return gist(item.text, self._language) if isinstance(item, CallerSaid) else item

    def _adopt(self, guess: Reply, decided_ms: int, now: int) -> None:
        self.guesses_used += 1
        self.explain("guess_used", {"ahead_ms": now - guess.decided_ms}, guess.turn)
        self.transcript.agent(guess.turn, "")
        reply = self.thinking.adopt(decided_ms, now)
        self._out += self.playout.release(reply.turn, now)
        if reply.ended:
            self._all_said(reply, now)
        else:
            self._say_pending(reply, now)

    def _say_pending(self, reply: Reply, now: int) -> None:
        """Hands units to the voice: of a guess the first, if any; the rest when it is more than a guess."""
        aloud = self._policy.turn_taking.speculate == "speech"
        while reply.pending and (reply is not self.thinking.guess or (aloud and reply.turn not in self._speeches)):
            self._say(reply.turn, reply.pending.pop(0), now)

    def _all_said(self, reply: Reply, now: int) -> bool:
        self._say_pending(reply, now)
        said_something = reply.turn in self._speeches
        if said_something:
            self._out += self._speeches[reply.turn].finish(now)
            self._after_speech(reply.turn, now)
        else:
            self.thinking.reply = None
        return said_something or reply.ends_call

    # --- speaking ---------------------------------------------------------------------------------------------------

    def learn(self, phrases: tuple[Phrase, ...]) -> None:
        self._phrases.update((phrase.name, phrase) for phrase in phrases)

    def phrase(self, name: str, now: int, text: str = "") -> int:
        """Says a fixed phrase: from the stock if it is there, through the voice if not. Returns its turn."""
        self.drop_guess("phrase")
        self.last += 1
        turn, text = self.last, text or str(asdict(self._policy.wording)[name])
        speech = self._speech(turn, now)
        self.transcript.agent(turn, "")
        if (phrase := self._phrases.get(name)) is not None and phrase.text == text:
            (self.playout.open_first if name == "filler" else self.playout.open)(turn)
            speech.units.append(Unit(text, phrase.text))
            speech.complete = speech.over = True
            self.playout.align(turn, phrase.text, phrase.ends_ms, 0)
            self._out += self.playout.add(turn, phrase.pcmu, now)
            self._out += self.playout.close(turn, now)
        else:
            self.playout.open(turn)
            self._out += speech.say(Unit(text, self._speakable(text) or text), now)
            self._out += speech.finish(now)
        return turn

    def speech_audio(self, event: SpeechAudio, now: int) -> None:
        speech = self._speeches.get(event.turn)
        if speech is None or not speech.current(event.attempt):
            return
        self.playout.open(event.turn).waiting = self._is_guess(event.turn)
        self.playout.align(event.turn, event.text, event.ends_ms, speech.base)
        self._out += self.playout.add(event.turn, event.pcmu, now)
        self._out += speech.audio(event.pcmu, event.text, now)
        self._after_speech(event.turn, now)

    def speech_ended(self, turn: int, attempt: int, now: int, lost: bool = False, retryable: bool = True) -> str:
        """The context is over or lost. Returns the text that had to be given up, usually ""."""
        speech = self._speeches.get(turn)
        if speech is None or not speech.current(attempt):
            return ""
        self._out += speech.lost(retryable, now) if lost else speech.ended(now)
        self._after_speech(turn, now)
        return self._given_up(turn)

    def speech_time(self, now: int) -> str:
        """Looks after the deadlines of all speeches. Returns text that had to be given up, usually ""."""
        given_up = ""
        for turn, speech in list(self._speeches.items()):
            if speech.deadline is not None and speech.deadline <= now:
                self._out += speech.time(now)
                self._after_speech(turn, now)
                given_up = self._given_up(turn) or given_up
        return given_up

    # --- stopping ---------------------------------------------------------------------------------------------------

    def cut(self, now: int) -> None:
        """The caller has the floor: silence, no more thought or speech, and the record says what was heard."""
        self.drop_guess("cut")
        chars = {turn: self.playout.heard_chars(turn, now) for turn in self.playout.tracks}
        self._out += self.playout.cut(now)
        self.thinking.stop()
        for turn, speech in list(self._speeches.items()):
            self._out += speech.drop()
            track = self.playout.tracks.get(turn)
            whole = track is not None and not track.cut and not speech.unspoken
            self._settle(turn, self._line(turn, chars.get(turn, 0), whole), interrupted=not whole)

    def settle(self, now: int) -> bool:
        """Settles what has been played to its end. True if that was a reply, and not only a fixed phrase."""
        replied = False
        for turn in [turn for turn in self._speeches if self._played(turn)]:
            whole = not self._speeches[turn].unspoken and not self.playout.tracks[turn].cut
            self._settle(turn, self._line(turn, self.playout.heard_chars(turn, now), whole), interrupted=not whole)
            if self.reply is not None and self.reply.turn == turn and self.reply.ended:
                self.thinking.reply, replied = None, True
        return replied

    # --- inside -----------------------------------------------------------------------------------------------------

    def _is_guess(self, turn: int) -> bool:
        return self.thinking.guess is not None and self.thinking.guess.turn == turn

    def _given_up(self, turn: int) -> str:
        """The text of the turn's speech that the voice has given up. Nobody misses a guess."""
        unspoken = self._speeches[turn].unspoken
        if unspoken and self._is_guess(turn):
            self.drop_guess("no voice")
            return ""
        return unspoken

    def _says_disclosure(self, turn: int, now: int) -> bool:
        """A unit with a sentence that must be heard has been handed out, and was not heard to its end."""
        heard, before = self._heard(turn, now), ""
        for unit in self._speeches[turn].units:
            before = f"{before} {unit.written}".strip()
            if any(sentence in unit.written for sentence in self._policy.must_be_heard) and len(heard) < len(before):
                return True
        return False

    def _speech(self, turn: int, now: int) -> Speech:
        if turn not in self._speeches:
            limits = self._policy.limits
            self._speeches[turn] = Speech(
                turn, attempts=limits.speech_attempts, close_after_ms=limits.speech_close_ms, now=now
            )
        return self._speeches[turn]

    def _say(self, turn: int, written: str, now: int) -> None:
        spoken = self._speakable(written)
        if spoken:
            self._out += self._speech(turn, now).say(Unit(written, spoken), now)

    def _after_speech(self, turn: int, now: int) -> None:
        speech = self._speeches[turn]
        if speech.attempt != speech.based:
            speech.based, speech.base = speech.attempt, self.playout.new_attempt(turn)
        if speech.over:
            self._out += self.playout.close(turn, now)

    def _played(self, turn: int) -> bool:
        track = self.playout.tracks.get(turn)
        return track is not None and track.finished()

    def _line(self, turn: int, chars: int, whole: bool) -> str:
        units = [(unit.written, unit.spoken) for unit in self._speeches[turn].units]
        return heard_text(units, chars, whole)

    def _heard(self, turn: int, now: int) -> str:
        if turn not in self.playout.tracks:
            return ""
        return self._line(turn, self.playout.heard_chars(turn, now), whole=False)

    def _note_heard(self, turn: int, now: int) -> None:
        self.transcript.agent(turn, self._heard(turn, now))

    def _settle(self, turn: int, text: str, interrupted: bool | None = None) -> None:
        track = self.playout.tracks.get(turn)
        interrupted = (track is None or track.cut) if interrupted is None else interrupted
        self.transcript.agent(turn, text, interrupted)
        self.settled_text = text or self.settled_text
        if text:
            self._out.append(LineAdded("agent", text, turn, interrupted))
        del self._speeches[turn]
        self.protected.discard(turn)
        self.playout.forget(turn)

    def explain(self, what: str, because: Mapping[str, int | str], turn: int | None = None) -> None:
        """Puts a reason on the record."""
        self._out.append(Explain(what, self.last if turn is None else turn, tuple(because.items())))
