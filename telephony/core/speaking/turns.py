"""Turns: what the agent thinks and says, from the model's first word to the last mark.

Theory of operation. A turn is a number. It is *generated* (its `Reply`, see `generation.py`), *spoken* (see
`synthesis.py`) and *played*. The three may be far apart in time, so each is looked up by number, and what has no entry
any more is stale and ignored. A fixed phrase is a turn that is not thought.

A guess (a reply on trial) is spoken up to its first unit, and its track waits. It counts as nothing the agent says
until it is adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from telephony.core.actions import Action, Explain
from telephony.core.events import ReplyDelta, ReplyEnded, SpeechAudio
from telephony.core.history import CallerSaid, History, HistoryItem
from telephony.core.language.registry import language_for
from telephony.core.language.words import gist, words
from telephony.core.policy import Policy
from telephony.core.speaking.generation import Generation, Reply
from telephony.core.speaking.synthesis import Synthesis
from telephony.core.transcript import Transcript


class Turns:
    """See the module text. Every method adds to `out` what is to be done."""

    def __init__(self, policy: Policy, spoken_form: Callable[[str], str], out: list[Action]) -> None:
        self.transcript = Transcript()
        self.generation = Generation(self.transcript, out)
        self.synthesis = Synthesis(policy, spoken_form, self.transcript, out)
        self.playout = self.synthesis.playout
        self.speculations_used = 0
        self.last = 0  # the highest turn number given out
        self.ready_ms = 0  # how long a reply of this call takes, usually, from asking the model to its first audio
        self._begun: tuple[int, int] | None = None  # (turn, when) of a reply of which no audio has come yet
        self._speculate_speech = policy.turn_taking.speculate == "speech"
        self._language = language_for(policy.language)
        self._out = out

    # --- questions --------------------------------------------------------------------------------------------------

    @property
    def reply(self) -> Reply | None:
        """The live reply."""
        return self.generation.reply

    def live(self) -> bool:
        """The agent has something to say, or is thinking about it."""
        speeches = self.synthesis.speeches
        return self.generation.reply is not None or (
            bool(speeches) and any(not self._is_speculative(turn) for turn in speeches)
        )

    def unheard_reply(self, now: int) -> bool:
        """A reply is on its way of which the caller has heard nothing yet."""
        return self.reply is not None and not self.synthesis.heard(self.reply.turn, now)

    # --- thinking ---------------------------------------------------------------------------------------------------

    def start(self, now: int, decided_ms: int) -> None:
        """Starts the reply to the history as heard: the guess, if that is what it answers, or the next one."""
        for turn in self.synthesis.speeches:
            if not self._is_speculative(turn):
                self.synthesis.note_heard(turn, now)
        history = self.transcript.history()
        self._keep_speculation(history)
        if (speculative := self.generation.speculative) is not None:
            self._adopt(speculative, decided_ms, now)
            return
        self.last += 1
        self.generation.begin(self.last, history, decided_ms, now)
        self._begun = (self.last, now)
        self.transcript.agent(self.last, "")

    def speculate(self, text: str, now: int) -> None:
        """Prepares the reply to `text`, as if the caller had finished."""
        self.last += 1
        self.explain("speculation", {"words": len(words(text))})
        self.generation.begin_speculation(self.last, self.transcript.history(saying=text), now)
        self._begun = (self.last, now) if self._speculate_speech else None

    def drop_speculation(self, why: str) -> None:
        """The guess is not wanted: as if it had never been."""
        if (speculative := self.generation.speculative) is None:
            return
        self.explain("speculation_dropped", {"why": why}, speculative.turn)
        self.generation.drop_speculation()
        self.synthesis.drop(speculative.turn)

    def upcoming(self, text: str) -> int:
        """The turn that will answer `text`: the guess, if it does."""
        self._keep_speculation(self.transcript.history(saying=text))
        return self.last + 1 if self.generation.speculative is None else self.generation.speculative.turn

    def delta(self, event: ReplyDelta, now: int) -> None:
        if (reply := self.generation.delta(event, now)) is not None:
            self._say_pending(reply, now)

    def ended(self, event: ReplyEnded, now: int) -> bool:
        """The model has finished. False if that left nothing at all to say or do."""
        reply = self.generation.ended(event, now, spoken=event.turn in self.synthesis.speeches)
        if reply is None:
            return True
        if reply is self.generation.speculative:
            if not reply.pending and reply.turn not in self.synthesis.speeches and reply.wanted is None:
                self.drop_speculation("empty")
            else:
                self._say_pending(reply, now)
            return True
        return self._all_said(reply, now)

    def give_up_reply(self, now: int) -> None:
        """The thinking of the live reply has failed or is stopped; what was said of it stays."""
        if (reply := self.reply) is None:
            return
        self._say_pending(reply, now)
        self.generation.stop()
        if (speech := self.synthesis.speeches.get(reply.turn)) is not None and not speech.complete:
            self.synthesis.finish(reply.turn, now)

    def _keep_speculation(self, history: History) -> None:
        """Only for the same history, and for words that mean the same."""
        if (speculative := self.generation.speculative) is None:
            return
        said, now_said = speculative.history[-1:], history[-1:]
        same = speculative.history[:-1] == history[:-1] and [self._gist(x) for x in said] == [
            self._gist(x) for x in now_said
        ]
        if not same:
            self.drop_speculation("other words")

    def _gist(self, item: HistoryItem) -> tuple[str, ...] | HistoryItem:
        return gist(item.text, self._language) if isinstance(item, CallerSaid) else item

    def _adopt(self, speculative: Reply, decided_ms: int, now: int) -> None:
        self.speculations_used += 1
        self.explain("speculation_used", {"ahead_ms": now - speculative.decided_ms}, speculative.turn)
        self.transcript.agent(speculative.turn, "")
        reply = self.generation.adopt(decided_ms, now)
        self._out += self.playout.release(reply.turn, now)
        if reply.ended:
            self._all_said(reply, now)
        else:
            self._say_pending(reply, now)

    # --- speaking ---------------------------------------------------------------------------------------------------

    def phrase(self, name: str, now: int, text: str = "") -> int:
        """Says a fixed phrase. Returns its turn."""
        self.drop_speculation("phrase")
        self.last += 1
        self.synthesis.phrase(self.last, name, now, text)
        return self.last

    def speech_audio(self, event: SpeechAudio, now: int) -> None:
        if self._begun is not None and self._begun[0] == event.turn:
            took = now - self._begun[1]
            self.ready_ms, self._begun = max(took, self.ready_ms - (self.ready_ms - took) // 4), None
        self.synthesis.audio(event, now, waiting=self._is_speculative(event.turn))

    def speech_ended(self, turn: int, attempt: int, now: int, lost: bool = False, retryable: bool = True) -> bool:
        """The context is over or lost. Whether text of the turn had to be given up that somebody waits for."""
        return bool(self.synthesis.ended(turn, attempt, now, lost, retryable)) and self._missed(turn)

    def speech_time(self, now: int) -> bool:
        """Looks after the deadlines of all speeches. Whether text had to be given up that somebody waits for."""
        missed = [self._missed(turn) for turn in self.synthesis.time(now)]
        return any(missed)

    def _missed(self, turn: int) -> bool:
        """The voice has given up on text of the turn. Nobody misses a guess."""
        if not self._is_speculative(turn):
            return True
        self.drop_speculation("no voice")
        return False

    def _say_pending(self, reply: Reply, now: int) -> None:
        """Hands units to the voice: of a guess the first, if any; the rest when it is more than a guess."""
        while reply.pending and (
            reply is not self.generation.speculative
            or (self._speculate_speech and reply.turn not in self.synthesis.speeches)
        ):
            self.synthesis.say(reply.turn, reply.pending.pop(0), now)

    def _all_said(self, reply: Reply, now: int) -> bool:
        self._say_pending(reply, now)
        said_something = reply.turn in self.synthesis.speeches
        if said_something:
            self.synthesis.finish(reply.turn, now)
        else:
            self.generation.reply = None
        return said_something or reply.ends_call

    # --- stopping ---------------------------------------------------------------------------------------------------

    def cut(self, now: int) -> None:
        """The caller has the floor: silence, and no more thought or speech."""
        self.drop_speculation("cut")
        self.synthesis.cut(now)
        self.generation.stop()

    def settle(self, now: int) -> bool:
        """Settles what has been played to its end. True if that was a reply, and not only a fixed phrase."""
        replied = False
        for turn in self.synthesis.settle(now):
            if self.reply is not None and self.reply.turn == turn and self.reply.ended:
                self.generation.reply, replied = None, True
        return replied

    def expect_marks(self, now: int, grace_ms: int) -> None:
        """Marks that should have come back `grace_ms` ago will not come any more."""
        if (overdue := self.playout.overdue_ms(grace_ms)) is not None and overdue <= now:
            self.explain("marks_missing", {})
            self.playout.give_up(now)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _is_speculative(self, turn: int) -> bool:
        return self.generation.speculative is not None and self.generation.speculative.turn == turn

    def explain(self, what: str, because: Mapping[str, int | str], turn: int | None = None) -> None:
        """Puts a reason on the record."""
        self._out.append(Explain(what, self.last if turn is None else turn, tuple(because.items())))
