"""Turns: what the agent says, from the model's first word to the last mark.

Theory of operation. A turn is a number. It is *thought* (the live `Reply`: text and tools from the model), *spoken*
(its `Speech`: units, attempts, audio) and *played* (its track in the `Playout`). The three may be far apart in time,
so each is looked up by number, and what has no entry any more is stale and ignored. A fixed phrase is a turn that is
not thought. A turn is settled when its track has been played, or cut; then its line enters the record as heard.

At most one reply is live. A reply that is cut while one of its tools runs is *abandoned*: nothing more of it is
spoken, but its tool finishes and its result enters the history, so that it is neither lost nor run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from telephony.call.actions import Action, CancelReply, Explain, LineAdded, RefuseTool, RunTool, StartReply
from telephony.call.events import Phrase, ReplyDelta, ReplyEnded, SpeechAudio, ToolFinished, ToolWanted
from telephony.call.history import ToolUsed
from telephony.call.phrasing import Phrasing
from telephony.call.playout import Playout
from telephony.call.policy import Policy
from telephony.call.speech import Speech, Unit
from telephony.call.transcript import Transcript, heard_text

END_CALL = "end_call"
"""The built-in tool with which the model ends the call."""


@dataclass(slots=True)
class Reply:
    """The thinking of one turn. `progress_ms`: when it last gave a sign of life."""

    turn: int
    decided_ms: int
    progress_ms: int
    phrasing: Phrasing = field(default_factory=Phrasing)
    ended: bool = False
    wanted: ToolWanted | None = None  # waits for the core's answer
    running: dict[str, ToolWanted] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # every tool call so far
    ends_call: bool = False
    fillers: int = 0


class Turns:
    """See the module text. Every method adds to `out` what is to be done."""

    def __init__(self, policy: Policy, speakable: Callable[[str], str], out: list[Action]) -> None:
        self.playout = Playout(policy.limits.mark_every_ms)
        self.transcript = Transcript()
        self.reply: Reply | None = None
        self.abandoned: Reply | None = None
        self.last = 0  # the highest turn number given out
        self.protected: set[int] = set()
        self.settled_text = ""  # what the agent was last heard to say
        self._speeches: dict[int, Speech] = {}
        self._phrases: dict[str, Phrase] = {}
        self._policy = policy
        self._speakable = speakable
        self._out = out

    # --- questions --------------------------------------------------------------------------------------------------

    def live(self) -> bool:
        """The agent has something to say, or is thinking about it."""
        return self.reply is not None or bool(self._speeches)

    def heard(self, turn: int, now: int) -> bool:
        """Some of what is said in `turn` has provably been heard."""
        return turn in self.playout.tracks and self.playout.heard(turn, now) > 0

    def unheard_reply(self, now: int) -> bool:
        """A reply is on its way of which the caller has heard nothing yet."""
        return self.reply is not None and not self.heard(self.reply.turn, now)

    def guarded(self) -> bool:
        """What is being said must not be interrupted."""
        return any(turn in self.protected for turn in self._speeches)

    def asked(self, now: int) -> bool:
        """The agent's words, as heard so far, end with a question."""
        text = self.settled_text
        for turn in self._speeches:
            text = self._heard(turn, now) or text
        return text.rstrip().endswith("?")

    def speech_deadline(self) -> int | None:
        return min((d for s in self._speeches.values() if (d := s.deadline) is not None), default=None)

    def saying(self, turn: int) -> bool:
        """The turn is still being spoken or played."""
        return turn in self._speeches

    def spoken_out(self, turn: int) -> bool:
        """All audio of the turn has come."""
        return turn not in self._speeches or self._speeches[turn].over

    # --- thinking ---------------------------------------------------------------------------------------------------

    def start(self, now: int, decided_ms: int) -> int:
        """Starts the next reply with the history as heard. Returns its turn."""
        for turn in self._speeches:
            self._note_heard(turn, now)
        self.last += 1
        self.reply = Reply(self.last, decided_ms, now)
        self._out.append(StartReply(self.last, self.transcript.history()))
        self.transcript.agent(self.last, "")
        return self.last

    def delta(self, event: ReplyDelta, now: int) -> None:
        if (reply := self._live(event.turn)) is None or reply.ended:
            return
        reply.progress_ms = now
        for written in reply.phrasing.add(event.text):
            self._say(event.turn, written, now)

    def ended(self, event: ReplyEnded, now: int) -> bool:
        """The model has finished. False if that left nothing at all to say or do."""
        if (reply := self._live(event.turn)) is None or reply.ended:
            return True
        reply.ended, reply.progress_ms = True, now
        rest = reply.phrasing.end()
        if not (event.finish == "length" and event.turn in self._speeches):  # half a sentence is better not begun
            for written in rest:
                self._say(event.turn, written, now)
        said_something = event.turn in self._speeches
        if said_something:
            self._out += self._speeches[event.turn].finish(now)
            self._after_speech(event.turn, now)
        else:
            self.reply = None
        return said_something or reply.ends_call

    def tool_wanted(self, event: ToolWanted) -> None:
        reply = self._live(event.turn)
        if reply is None or reply.wanted is not None:
            return
        if event.tool_call_id in reply.asked:  # a repeated call is never run twice
            self._out.append(RefuseTool(event.turn, event.tool_call_id, "This call was made already."))
            return
        reply.asked.add(event.tool_call_id)
        reply.wanted = event

    def allow_tool(self, now: int) -> None:
        """The tool that waits may run."""
        if (reply := self.reply) is None or (wanted := reply.wanted) is None:
            return
        reply.wanted, reply.progress_ms = None, now
        reply.running[wanted.tool_call_id] = wanted
        reply.ends_call = reply.ends_call or wanted.name == END_CALL
        self._out.append(RunTool(reply.turn, wanted.tool_call_id))

    def tool_finished(self, event: ToolFinished, now: int) -> None:
        for reply in (self.reply, self.abandoned):
            if reply is not None and reply.turn == event.turn and event.tool_call_id in reply.running:
                wanted = reply.running.pop(event.tool_call_id)
                reply.progress_ms = now
                used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, event.result, wanted.extra)
                self.transcript.tool(event.turn, used)
        if self.abandoned is not None and not self.abandoned.running:
            self._out.append(CancelReply(self.abandoned.turn))
            self.abandoned = None

    def give_up_reply(self, now: int) -> None:
        """The thinking of the live reply has failed or is stopped; what was said of it stays."""
        if (reply := self.reply) is None:
            return
        self._stop_thinking(reply)
        if (speech := self._speeches.get(reply.turn)) is not None and not speech.complete:
            self._out += speech.finish(now)
            self._after_speech(reply.turn, now)

    # --- speaking ---------------------------------------------------------------------------------------------------

    def learn(self, phrases: tuple[Phrase, ...]) -> None:
        self._phrases.update((phrase.name, phrase) for phrase in phrases)

    def phrase(self, name: str, now: int, text: str = "") -> int:
        """Says a fixed phrase: from the stock if it is there, through the voice if not. Returns its turn."""
        self.last += 1
        turn, text = self.last, text or str(asdict(self._policy.wording)[name])
        speech = self._speech(turn, now)
        self.playout.open(turn)
        self.transcript.agent(turn, "")
        if (phrase := self._phrases.get(name)) is not None and phrase.text == text:
            speech.units.append(Unit(text, phrase.text))
            speech.complete = speech.over = True
            self.playout.align(turn, phrase.text, phrase.ends_ms, 0)
            self._out += self.playout.add(turn, phrase.pcmu, now)
            self._out += self.playout.close(turn, now)
        else:
            self._out += speech.say(Unit(text, self._speakable(text) or text), now)
            self._out += speech.finish(now)
        return turn

    def speech_audio(self, event: SpeechAudio, now: int) -> None:
        speech = self._speeches.get(event.turn)
        if speech is None or not speech.current(event.attempt):
            return
        self.playout.open(event.turn)
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
        return speech.unspoken

    def speech_time(self, now: int) -> str:
        """Looks after the deadlines of all speeches. Returns text that had to be given up, usually ""."""
        given_up = ""
        for turn, speech in list(self._speeches.items()):
            if speech.deadline is not None and speech.deadline <= now:
                self._out += speech.time(now)
                self._after_speech(turn, now)
                given_up = given_up or speech.unspoken
        return given_up

    # --- stopping ---------------------------------------------------------------------------------------------------

    def cut(self, now: int) -> None:
        """The caller has the floor: silence, no more thought or speech, and the record says what was heard."""
        chars = {turn: self.playout.heard_chars(turn, now) for turn in self.playout.tracks}
        self._out += self.playout.cut(now)
        if self.reply is not None:
            self._stop_thinking(self.reply)
        for turn, speech in list(self._speeches.items()):
            self._out += speech.drop()
            track = self.playout.tracks.get(turn)
            self._settle(turn, self._line(turn, chars.get(turn, 0), whole=track is not None and not track.cut))

    def settle(self, now: int) -> bool:
        """Settles what has been played to its end. True if that was a reply, and not only a fixed phrase."""
        replied = False
        for turn in [turn for turn in self._speeches if self._played(turn)]:
            whole = not self._speeches[turn].unspoken and not self.playout.tracks[turn].cut
            self._settle(turn, self._line(turn, self.playout.heard_chars(turn, now), whole), interrupted=not whole)
            if self.reply is not None and self.reply.turn == turn and self.reply.ended:
                self.reply, replied = None, True
        return replied

    # --- inside -----------------------------------------------------------------------------------------------------

    def _live(self, turn: int) -> Reply | None:
        return self.reply if self.reply is not None and self.reply.turn == turn else None

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

    def _stop_thinking(self, reply: Reply) -> None:
        if reply.wanted is not None:
            self._out.append(RefuseTool(reply.turn, reply.wanted.tool_call_id, "The caller interrupted."))
            reply.wanted = None
        if reply.running:
            self.abandoned = reply
        elif not reply.ended:
            self._out.append(CancelReply(reply.turn))
        self.reply = None

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
