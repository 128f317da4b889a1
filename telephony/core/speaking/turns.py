"""The agent's turns, from the model's first word to the last mark.

Theory of operation. A turn is identified by a number. It is *generated* (its `Reply`, see `generation.py`), *spoken*
(see `synthesis.py`) and *played* (see `playout.py`). These may be far apart in time, so each is looked up by number;
events of a turn that has no entry any more are stale and ignored. A fixed phrase is a turn without generation.

Only the first unit of a speculative reply is sent to the TTS, and its track waits. It does not count as something the
agent says until the reply is adopted.
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
    """See the module text. Methods append their actions to `out`."""

    def __init__(self, policy: Policy, spoken_form: Callable[[str], str], out: list[Action]) -> None:
        self.transcript = Transcript()
        self.generation = Generation(self.transcript, out)
        self.synthesis = Synthesis(policy, spoken_form, self.transcript, out)
        self.playout = self.synthesis.playout
        self.speculations_used = 0
        self.last = 0  # the last turn number used
        self.ready_ms = 0  # usual time in this call from the request to the LLM to the first audio of the reply
        self._requested: tuple[int, int] | None = None  # (turn, time) of a reply without any audio yet
        self._speculate_speech = policy.turn_taking.speculate == "speech"
        self._language = language_for(policy.language)
        self._out = out

    # --- questions --------------------------------------------------------------------------------------------------

    @property
    def reply(self) -> Reply | None:
        """The live reply."""
        return self.generation.reply

    def live(self) -> bool:
        """Whether any turn, speculative ones apart, is being generated, spoken or played."""
        speeches = self.synthesis.speeches
        return self.generation.reply is not None or (
            bool(speeches) and any(not self._is_speculative(turn) for turn in speeches)
        )

    def unheard_reply(self, now: int) -> bool:
        """Whether there is a live reply of which the caller has heard nothing yet."""
        return self.reply is not None and not self.synthesis.heard(self.reply.turn, now)

    # --- generating -------------------------------------------------------------------------------------------------

    def start(self, now: int, decided_ms: int) -> None:
        """Starts the reply to the history as heard: adopts the speculative reply if it answers this history, otherwise
        requests a new one."""
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
        self._requested = (self.last, now)
        self.transcript.agent(self.last, "")

    def speculate(self, text: str, now: int) -> None:
        """Starts a speculative reply to `text`, as if the caller had finished."""
        self.last += 1
        self.explain("speculation", {"words": len(words(text))})
        self.generation.begin_speculation(self.last, self.transcript.history(saying=text), now)
        self._requested = (self.last, now) if self._speculate_speech else None

    def drop_speculation(self, why: str) -> None:
        """Drops the speculative reply, if there is one, without a trace in the history or the playout."""
        if (speculative := self.generation.speculative) is None:
            return
        self.explain("speculation_dropped", {"why": why}, speculative.turn)
        self.generation.drop_speculation()
        self.synthesis.drop(speculative.turn)

    def upcoming(self, text: str) -> int:
        """The number of the turn that will answer `text`: the speculative reply's if that answers it, otherwise the
        next. Drops a speculative reply to other words."""
        self._keep_speculation(self.transcript.history(saying=text))
        return self.last + 1 if self.generation.speculative is None else self.generation.speculative.turn

    def delta(self, event: ReplyDelta, now: int) -> None:
        if (reply := self.generation.delta(event, now)) is not None:
            self._say_pending(reply, now)

    def ended(self, event: ReplyEnded, now: int) -> bool:
        """The model has finished the reply. Returns False if the live reply has nothing to say or do."""
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
        """Stops generating the live reply; the text received so far is still spoken."""
        if (reply := self.reply) is None:
            return
        self._say_pending(reply, now)
        self.generation.stop()
        if (speech := self.synthesis.speeches.get(reply.turn)) is not None and not speech.complete:
            self.synthesis.finish(reply.turn, now)

    def _keep_speculation(self, history: History) -> None:
        """Drops the speculative reply unless it answers this history, with last words that mean the same."""
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
        if self._requested is not None and self._requested[0] == event.turn:
            took = now - self._requested[1]
            self.ready_ms, self._requested = max(took, self.ready_ms - (self.ready_ms - took) // 4), None
        self.synthesis.audio(event, now, waiting=self._is_speculative(event.turn))

    def speech_ended(self, turn: int, attempt: int, now: int, lost: bool = False, retryable: bool = True) -> bool:
        """A TTS context has ended or was lost. Returns whether text of a live turn had to be given up."""
        return bool(self.synthesis.ended(turn, attempt, now, lost, retryable)) and self._given_up(turn)

    def speech_deadlines(self, now: int) -> bool:
        """Handles the deadlines of all speeches. Returns whether text of a live turn had to be given up."""
        given_up = [self._given_up(turn) for turn in self.synthesis.deadlines(now)]
        return any(given_up)

    def _given_up(self, turn: int) -> bool:
        """The TTS has given up on text of the turn. Returns whether the turn is live; drops it if it is speculative."""
        if not self._is_speculative(turn):
            return True
        self.drop_speculation("no voice")
        return False

    def _say_pending(self, reply: Reply, now: int) -> None:
        """Sends pending units to the TTS: all of a live reply, only the first of a speculative one."""
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
        """The caller has the floor: stops playback, speech and generation."""
        self.drop_speculation("cut")
        self.synthesis.cut(now)
        self.generation.stop()

    def settle(self, now: int) -> bool:
        """Settles the turns that have been played to their end. Returns whether a reply (not only a fixed phrase) was
        among them."""
        replied = False
        for turn in self.synthesis.settle(now):
            if self.reply is not None and self.reply.turn == turn and self.reply.ended:
                self.generation.reply, replied = None, True
        return replied

    def expect_marks(self, now: int, grace_ms: int) -> None:
        """Gives up on outstanding marks once they are `grace_ms` overdue."""
        if (overdue := self.playout.overdue_ms(grace_ms)) is not None and overdue <= now:
            self.explain("marks_missing", {})
            self.playout.give_up(now)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _is_speculative(self, turn: int) -> bool:
        return self.generation.speculative is not None and self.generation.speculative.turn == turn

    def explain(self, what: str, because: Mapping[str, int | str], turn: int | None = None) -> None:
        """Records a decision (`Explain`), by default of the last turn."""
        self._out.append(Explain(what, self.last if turn is None else turn, tuple(because.items())))
