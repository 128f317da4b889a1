"""One call: routes each event to the part it concerns and joins their answers.

    step(event, now_ms) -> actions        synchronous; `now_ms` never goes back; `deadline` is when to be called again

    listening   what the caller says, and when they are done          barge_in   is it an interruption?
    turns       what the agent thinks, says and has been heard saying  patience   silence, time limits, drain
    keypad      keys                                                   transcript what both have said

After every event `_tick` looks at everything that time or evidence may have decided, in a fixed order: interruptions
first, then the end of the caller's utterance, then what the agent owes. So the order of two events that arrive in the
same millisecond matters only where the caller would notice it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from telephony.call import events as e
from telephony.call.actions import Action, CommitTranscript, EndCall, LineAdded, Transcribe
from telephony.call.barge_in import Evidence, Verdict, judge
from telephony.call.keypad import Keypad
from telephony.call.listening import Closed, Listening
from telephony.call.patience import Ending, Patience
from telephony.call.policy import Policy
from telephony.call.turns import Turns
from telephony.call.words import backchannel

NOT_HEARD_VOICE_MS = 500
"""So much voice without any words deserves a question; less is a noise."""
HANG_UPS = frozenset({"stop", "status"})
"""A lost socket is no hang-up: the caller may still be on the line, and the webhook after the stream tries again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the call ended. `reason`: `caller` for a hang-up, or the word of the `EndCall`, or of the fault."""

    reason: str


class Call:
    """See the module text. `speakable` turns what the model wrote into what a voice should say; it must be pure."""

    def __init__(self, policy: Policy, speakable: Callable[[str], str] = lambda text: text) -> None:
        self.ended: Ended | None = None
        self._now = 0
        self._policy = policy
        self._out: list[Action] = []
        self._listening = Listening(policy.turn_taking)
        self._turns = Turns(policy, speakable, self._out)
        self._keypad = Keypad(policy.limits.keypad_ms)
        self._patience = Patience(policy.limits)
        self._ending: Ending | None = None
        self._owed_ms: int | None = None  # the caller's words are not answered yet, since when
        self._restarts = 0
        self._apologies = 0
        self._heard_ms = 0  # when the last frame came
        self._frame_ms: int | None = None  # when the last frame came, or the clock stood in for one

    def step(self, event: e.Event, now: int) -> tuple[Action, ...]:
        """One event at `now` (ms since the call began). After the end of the call nothing follows from anything."""
        self._out.clear()
        self._now = now
        if self.ended is None:
            self._happened(event, now)
        if self.ended is None:
            self._tick(now)
        return tuple(self._out)

    @property
    def deadline(self) -> int | None:
        """When `step(TimeReached(...))` is wanted, if nothing happens before; always later than the last `now`."""
        if self.ended is not None or self._frame_ms is None:
            return None
        candidates = [
            self._frame_ms + self._policy.limits.frames_stop_ms,
            self._keypad.deadline,
            self._turns.speech_deadline(),
            self._turns.playout.overdue_ms(self._policy.limits.goodbye_ms),
            self._ending.deadline if self._ending else self._patience.deadline,
            self._wait_deadline(self._now),
        ]
        return min(c for c in candidates if c is not None)

    # --- what happens -----------------------------------------------------------------------------------------------

    def _happened(self, event: e.Event, now: int) -> None:
        match event:
            case e.AudioReceived():
                self._frame_ms = self._heard_ms = now
                self._out.append(Transcribe(event.pcmu))
                self._listening.hear(event)
            case e.CallStarted():
                self._started(now)
            case e.AudioMissed(ms):
                self._listening.voice.missed(ms)
            case e.MarkReached(name):
                self._turns.playout.mark_reached(name, now)
            case e.KeyPressed(digit):
                self._key(digit, now)
            case e.CallerLeft(how):
                self.ended = Ended("caller" if how in HANG_UPS else how)
            case e.TranscriptPartial(text):
                self._listening.partial(text)
            case e.TranscriptFinal():
                self._listening.final(event)
            case e.CommitRefused(commit):
                self._listening.commit_refused(commit)
            case e.ReplyDelta() | e.ReplyEnded() | e.ReplyFailed() | e.ToolWanted() | e.ToolFinished():
                self._thought(event, now)
            case e.SpeechAudio() | e.SpeechEnded() | e.SpeechLost() | e.PhrasesLoaded():
                self._spoken(event, now)
            case e.DrainStarted(deadline_ms):
                self._patience.drain(deadline_ms)
            case e.EndRequested(reason):
                self._end_with("goodbye", reason, now)
            case e.TimeReached() | e.EarsReady() | e.EarsLost() | e.VoiceReady() | e.VoiceLost() | e.OutboxOverflowed():
                pass  # the ports look after themselves; what follows for the call follows from silence, in `_tick`
            case _:
                assert_never(event)

    def _started(self, now: int) -> None:
        if self._frame_ms is not None:
            return
        self._frame_ms = self._heard_ms = now
        self._patience.start(now)
        if self._policy.greeting:
            turn = self._turns.phrase("greeting", now, self._policy.greeting)
            if self._policy.greeting_protected:
                self._turns.protected.add(turn)

    def _thought(self, event: e.MindEvent, now: int) -> None:
        match event:
            case e.ReplyDelta():
                self._turns.delta(event, now)
            case e.ToolWanted():
                self._turns.tool_wanted(event)
            case e.ToolFinished():
                self._turns.tool_finished(event, now)
            case e.ReplyEnded():
                reply = self._turns.reply
                ends_call = reply is not None and reply.turn == event.turn and reply.ends_call
                if not self._turns.ended(event, now):
                    self._apologise("empty_reply", now)
                elif ends_call:
                    self._goodbye(event.turn, now)
            case e.ReplyFailed(turn, code, _):
                if self._turns.reply is not None and self._turns.reply.turn == turn:
                    self._reply_failed(code, now)

    def _spoken(self, event: e.VoiceEvent, now: int) -> None:
        unspoken = ""
        match event:
            case e.SpeechAudio():
                self._turns.speech_audio(event, now)
            case e.SpeechEnded(turn, attempt):
                unspoken = self._turns.speech_ended(turn, attempt, now)
            case e.SpeechLost(turn, attempt, _, retryable):
                unspoken = self._turns.speech_ended(turn, attempt, now, lost=True, retryable=retryable)
            case e.PhrasesLoaded(phrases):
                self._turns.learn(phrases)
        if unspoken:
            self._voice_failed(now)

    def _key(self, digit: str, now: int) -> None:
        self._listening.voice.key_pressed()
        if self._turns.live() and not self._untouchable():
            self._cut("key", now)
        entry = self._keypad.press(digit, now)
        if entry:
            self._caller_said(entry, now)

    # --- what follows -----------------------------------------------------------------------------------------------

    def _tick(self, now: int) -> None:
        if self._frame_ms is None:
            return
        self._stalled_frames(now)
        if self.ended is not None:
            return
        commit = self._listening.wants_commit()
        if commit:
            self._out.append(CommitTranscript(commit))
        self._interruption(now)
        if (closed := self._listening.closed()) is not None:
            self._utterance_over(closed, now)
        if self._keypad.deadline is not None and self._keypad.deadline <= now:
            self._caller_said(self._keypad.end(), now)
        if self._turns.speech_time(now):
            self._voice_failed(now)
        if (overdue := self._turns.playout.overdue_ms(self._policy.limits.goodbye_ms)) is not None and overdue <= now:
            self._turns.explain("marks_missing", {})
            self._turns.playout.give_up(now)
        self._agent(now)
        self._time(now)

    def _stalled_frames(self, now: int) -> None:
        limits = self._policy.limits
        assert self._frame_ms is not None
        if now - self._frame_ms >= limits.frames_stop_ms:
            self._listening.voice.stalled(now - self._frame_ms)
            self._frame_ms = now
        if now - self._heard_ms >= limits.frames_dead_ms:
            self._out.append(EndCall("unresponsive"))
            self.ended = Ended("unresponsive")

    def _untouchable(self) -> bool:
        return self._turns.guarded() or (self._ending is not None and self._ending.forced)

    def _interruption(self, now: int) -> None:
        utterance, voice, turns = self._listening.utterance, self._listening.voice, self._turns
        if not turns.live() or self._untouchable():
            return
        if utterance is None:
            if turns.playout.held:
                self._resume("nothing left", now)
            return
        if self._restarts and turns.unheard_reply(now):
            if turns.playout.held and self._listening.silence_ms >= self._policy.turn_taking.commit_after_ms:
                self._resume("already restarted", now)
            return
        evidence = Evidence(
            held=turns.playout.held,
            voiced=voice.voiced,
            voice_ms=utterance.voice_ms,
            burst_ms=voice.burst_ms,
            silence_ms=self._listening.silence_ms,
            text=utterance.text,
            text_final=utterance.committed and not utterance.awaited,
            asked=turns.asked(now),
        )
        verdict, why = judge(evidence, self._policy.turn_taking)
        because: dict[str, int | str] = {"why": why, "voice_ms": evidence.voice_ms, "silence_ms": evidence.silence_ms}
        if verdict is Verdict.HOLD:
            turns.explain("hold", because)
            self._out += turns.playout.hold(now)
        elif verdict is Verdict.CUT:
            self._cut(why, now, because)
        elif verdict is Verdict.RESUME:
            self._resume(why, now, because)

    def _resume(self, why: str, now: int, because: dict[str, int | str] | None = None) -> None:
        self._turns.explain("resume", because or {"why": why})
        self._out += self._turns.playout.resume(now)
        if why in ("backchannel", "too short", "no words"):
            self._listening.discard(answered=why == "backchannel")

    def _cut(self, why: str, now: int, because: dict[str, int | str] | None = None) -> None:
        unanswered = self._turns.unheard_reply(now)
        self._turns.explain("cut", because or {"why": why})
        self._turns.cut(now)
        self._ending = None
        if unanswered:
            self._restarts += 1
            self._owed_ms = now if self._owed_ms is None else self._owed_ms
        else:
            self._owed_ms = None

    def _utterance_over(self, closed: Closed, now: int) -> None:
        because: dict[str, int | str] = {
            "silence_ms": closed.silence_ms,
            "voice_ms": closed.voice_ms,
            "transcript": "final" if closed.complete else "partial",
        }
        if self._ending is not None and self._ending.forced:
            return
        listens = self._turns.live() and backchannel(closed.text) and not self._turns.asked(now)
        if closed.text and not listens:
            self._turns.explain("end_of_turn", because, self._turns.last + 1)
            self._caller_said(closed.text, now)
        elif self._owed_ms is not None or self._turns.live():
            self._turns.explain("ignored", because)  # a sound; what was under way goes on
        elif closed.voice_ms >= NOT_HEARD_VOICE_MS:
            self._turns.explain("not_heard", because)
            self._apologise("not_heard", now, phrase="not_heard")

    def _caller_said(self, text: str, now: int) -> None:
        """Words (or keys) of the caller that want an answer; `_agent` gives it as soon as it may."""
        self._patience.caller_spoke()
        self._turns.transcript.caller(text)
        self._out.append(LineAdded("caller", text, self._turns.last + 1))
        self._owed_ms = now if self._owed_ms is None else self._owed_ms

    def _agent(self, now: int) -> None:
        """What the agent owes: an answer, a tool's permission, a sign of life, an end."""
        turns, listening = self._turns, self._listening
        if turns.reply is not None and not turns.unheard_reply(now):
            self._restarts = 0
        if turns.settle(now):
            self._apologies = 0
        if listening.utterance is None and not turns.playout.held:
            turns.allow_tool(now)
            free = not turns.live() and turns.abandoned is None and self._ending is None
            may_start = free and self._keypad.deadline is None
            if self._owed_ms is not None and may_start:
                turns.start(now, self._owed_ms)
                self._owed_ms = None
        self._bridge_silence(now)

    def _bridge_silence(self, now: int) -> None:
        """Nothing audible for too long: a filler; no progress for much too long: an apology."""
        reply, at = self._turns.reply, self._wait_deadline(now)
        if at is None or at > now:
            return
        stuck = reply is not None and not reply.ended and not reply.running
        if reply is not None and stuck and now - reply.progress_ms >= self._policy.limits.reply_ms:
            self._reply_failed("reply_timeout", now)
            return
        waiting = reply or self._turns.abandoned
        if waiting is not None:
            waiting.fillers += 1
            self._turns.explain("filler", {"waited_ms": now - waiting.decided_ms})
            self._turns.phrase("filler", now)

    def _wait_deadline(self, now: int) -> int | None:
        """When the silence of a reply under way has to be bridged, or its thinking given up."""
        waiting = self._turns.reply or self._turns.abandoned
        if waiting is None or self._ending is not None:
            return None
        limits = self._policy.limits
        give_up: int | None = waiting.progress_ms + limits.reply_ms
        thinking = self._turns.reply is not None and not waiting.running and not waiting.ended
        if not thinking:
            give_up = None
        if self._listening.utterance is not None or self._turns.playout.speaking(now):
            return give_up
        since = max(waiting.decided_ms, self._turns.playout.until_ms)
        filler = since + limits.filler_ms * (1 + 2 * min(waiting.fillers, 1)) if waiting.fillers < 4 else None
        return min((at for at in (filler, give_up) if at is not None), default=None)

    # --- trouble and ends -------------------------------------------------------------------------------------------

    def _reply_failed(self, code: str, now: int) -> None:
        ends_call = self._turns.reply is not None and self._turns.reply.ends_call
        turn = self._turns.reply.turn if self._turns.reply is not None else 0
        self._turns.give_up_reply(now)
        if ends_call:
            self._goodbye(turn, now)
        elif code == "provider_busy" and self._apologies == 0:
            self._apologise(code, now, phrase="provider_busy")
            self._owed_ms = now
        else:
            self._apologise(code, now)

    def _apologise(self, why: str, now: int, phrase: str = "apology") -> None:
        self._apologies += 1
        self._turns.explain("apology", {"why": why, "in_a_row": self._apologies})
        if self._apologies > self._policy.limits.apologies:
            self._end_with("broken", why, now)
        else:
            self._turns.phrase(phrase, now)

    def _voice_failed(self, now: int) -> None:
        """The voice has given up on text. What is in stock can still be said; the carrier has a voice of its own."""
        if self._ending is not None and self._ending.forced:
            self._finish_call(now)
        else:
            self._end_with("broken", "voice_failed", now)

    def _goodbye(self, turn: int, now: int) -> None:
        """The model has ended the call; what it said as goodbye is heard to its end, unless the caller objects."""
        if not self._turns.saying(turn):
            turn = self._turns.phrase("goodbye", now)
        self._ending = Ending("agent", turn, now, now + self._policy.limits.reply_ms, forced=False)

    def _end_with(self, phrase: str, reason: str, now: int) -> None:
        """Ends the call after a fixed phrase, whatever else is going on."""
        if self._ending is not None and self._ending.forced:
            return
        self._turns.explain("ending", {"reason": reason})
        self._turns.cut(now)
        self._owed_ms = None
        turn = self._turns.phrase(phrase, now)
        text = str(getattr(self._policy.wording, phrase))
        self._ending = Ending(reason, turn, now, now + self._policy.limits.reply_ms, forced=True, farewell=text)

    def _finish_call(self, now: int) -> None:
        assert self._ending is not None
        unheard = self._turns.saying(self._ending.turn) and not self._turns.heard(self._ending.turn, now)
        self._out.append(EndCall(self._ending.reason, self._ending.farewell if unheard else ""))
        self.ended = Ended(self._ending.reason)

    def _time(self, now: int) -> None:
        turns = self._turns
        busy = turns.live() or self._listening.utterance is not None or self._owed_ms is not None
        (self._patience.busy if busy or self._keypad.deadline is not None else self._patience.quiet)(now)
        if self._ending is not None:
            heard_by = turns.playout.until_ms + self._policy.limits.goodbye_ms
            if turns.spoken_out(self._ending.turn) and not turns.playout.held:
                self._ending.deadline = min(self._ending.deadline, max(heard_by, self._ending.since + 1))
            elif turns.playout.until_ms > now:
                self._ending.deadline = max(self._ending.deadline, heard_by)
            if not turns.saying(self._ending.turn) or self._ending.deadline <= now:
                self._finish_call(now)
            return
        due = self._patience.due(now)
        if due in ("time_over", "draining", "silent_goodbye"):
            self._end_with(due, due, now)
        elif due:
            self._turns.explain(due, {})
            self._turns.phrase(due, now)
