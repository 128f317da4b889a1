"""One call: routes each event to the part it concerns, then lets every part see what time or evidence has decided.

    step(event, now_ms) -> actions        synchronous; `now_ms` never goes back; `deadline` is when to be called again

    listening   what the caller says, and when they are done        floor      interruptions, and whose turn it is
    turns       what the agent generates, says, was heard to say    recovery   fillers and apologies
    answer      the answer that the caller is owed                  ending     the last words of the call
    dtmf        keys                                                timers     silence, time limits, drain
    acting      what tools do: deferred work, notices, moves

The parts are asked in a fixed order: interruptions first, then the end of the caller's utterance, then what the agent
owes. So the order of two events that arrive in the same millisecond matters only where the caller would notice it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from telephony.core import events as e
from telephony.core.acting.acting import Acting
from telephony.core.actions import Action, Transcribe
from telephony.core.answer import OwedAnswer
from telephony.core.decisions import DropReason, NotHeard, TurnEnded
from telephony.core.dtmf import DtmfCollector
from telephony.core.ending import Ended, Ending
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.listening.calm import CALM, NEVER, Calm, Part, until
from telephony.core.listening.listening import Listening
from telephony.core.managed_events import ManagedEvent
from telephony.core.policy import Policy
from telephony.core.recovery import Recovery
from telephony.core.speaking.hearing import Hearing, Saying, saying
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Due, Timers
from telephony.core.turn_taking.attention import Attention
from telephony.core.turn_taking.floor import Floor
from telephony.core.turn_taking.speculation import Speculation


class Conversation:
    """See the module text. `spoken_form` turns what the model wrote into what a voice should say; it must be pure.
    `history` is what was said before this engine took the call, up to and with `turn`."""

    def __init__(
        self,
        policy: Policy,
        spoken_form: Callable[[str], str] = lambda text: text,
        history: History = (),
        turn: int = 0,
    ) -> None:
        self.deadline: int | None = None
        """When `step(TimeReached(...))` is wanted, if nothing happens before; always later than the last `now`."""
        rules, language = policy.turn_taking, language_for(policy.language)
        self._listening = Listening(rules, language)
        self._turns = Turns(policy, spoken_form, last=turn)
        self._turns.transcript.resume(history)
        hearing = Hearing(self._turns, policy.must_be_heard)
        self._answer = OwedAnswer()
        self._ending = Ending(policy.limits, self._turns)
        self._floor = Floor(rules, language, self._listening, self._turns, hearing, self._answer, self._ending)
        attention = Attention(policy.expects, language, self._listening, hearing)
        speculation = Speculation(
            rules, language, self._listening, self._turns, self._ending, self._floor.callers_words
        )
        self._dtmf = DtmfCollector(policy.limits.dtmf_gap_ms)
        self._acting = Acting(language, self._listening, self._turns, self._answer, self._ending, self._dtmf)
        entries = self._acting.entries
        self._recovery = Recovery(policy, self._listening, self._turns, self._answer, self._ending, entries)
        self._timers = Timers(policy.limits)
        self._parts: tuple[Part, ...] = (
            Part(attention.tick, attention.calm),
            Part(self._floor.tick, self._floor.calm),
            Part(self._close_utterance, lambda now: CALM),  # it is part of listening, of which attention tells
            Part(self._end_entry, lambda now: CALM),  # it has its deadline
            Part(self._look_after_speech, lambda now: CALM),  # so has all speech
            Part(self._give_answer, self._answer_calm),
            Part(self._acting.tick, self._acting.calm),
            Part(self._recovery.tick, self._recovery.calm),
            Part(speculation.tick, speculation.calm),
            Part(self._keep_time, lambda now: CALM),  # so have the silence, and the end
        )
        self._calm: Calm | None = None  # how long more frames like the last change nothing

    @property
    def ended(self) -> Ended | None:
        return self._ending.ended

    @property
    def so_far(self) -> e.CallResumed:
        """What another stream of the call needs to go on."""
        return e.CallResumed(self._turns.transcript.history(), self._turns.last)

    def saying(self, now: int) -> tuple[Saying, ...]:
        """What the agent is saying at `now`, as far as it was heard: for whoever shows the call. Changes nothing."""
        return saying(self._turns, now)

    def step(self, event: e.Event, now: int) -> tuple[Action, ...]:
        """One event at `now` (ms since the call began). After the end of the call nothing follows from anything.

        Of 50 frames a second hardly any brings news: see `calm.py`."""
        if self._ending.ended is not None:
            return ()
        if isinstance(event, e.AudioReceived):
            if self._hears_nothing_new(event, now):
                return (Transcribe(event.pcmu),)
            actions: list[Action] = [Transcribe(event.pcmu)]
        else:
            actions = self._happened(event, now)
        return tuple(self._follow(actions, now))

    def _hears_nothing_new(self, event: e.AudioReceived, now: int) -> bool:
        """Takes a frame. Returns whether it is one more of those that change nothing, so that no part needs to be
        asked."""
        listening, calm = self._listening, self._calm
        self._timers.watchdog.received(now)
        news = listening.hear(event)
        if news or calm is None or not calm.lasts(now, listening.voice.media_ms, listening.utterance):
            return False
        self._floor.passed(now)
        self.deadline = min(self._timers.watchdog.deadline, calm.deadline)
        return True

    # --- what happens -----------------------------------------------------------------------------------------------

    def _happened(self, event: e.Event, now: int) -> list[Action]:
        """Anything but a frame of the caller's."""
        match event:
            case e.AudioMissed(ms):
                self._listening.voice.missed(ms)
            case e.TranscriptUpdated():
                self._listening.transcript(event)
            case e.CommitRefused(commit):
                self._listening.commit_refused(commit)
            case e.KeyPressed(digit):
                return self._key(digit, now)
            case e.SttLost(_, retryable):
                self._listening.stt.lost(retryable)
            case e.SttReady():
                self._listening.stt.connected()
            case e.ReplyDelta() | e.ReplyEnded() | e.ReplyFailed() | e.ToolWanted() | e.ToolFinished():
                return self._generated(event, now)
            case e.SpeechAudio() | e.SpeechEnded() | e.SpeechLost() | e.PhrasesLoaded():
                return self._synthesised(event, now)
            case e.MarkReached(name):
                self._turns.playout.mark_reached(name, now)
            case e.CallStarted():
                return self._started(now)
            case e.CallerLeft(how):
                self._ending.left(how)
            case e.DrainStarted(deadline_ms):
                self._timers.drain(deadline_ms)
            case e.EndRequested(reason):
                self._ending.stays()
                return self._recovery.end_with("goodbye", reason, now)
            case e.AudioReceived() | e.TimeReached() | e.TtsReady() | e.TtsLost() | e.OutboxOverflowed():
                pass  # the ports recover by themselves; what follows for the call follows from silence, in `_tick`
            case _:  # what tools do, and the last words of a managed agent that had the call before
                if isinstance(event, e.ActingEvent):
                    return self._acting.happened(event, now)
                if not isinstance(event, ManagedEvent):
                    assert_never(event)
        return []

    def _started(self, now: int) -> list[Action]:
        if self._timers.watchdog.started:
            return []
        self._timers.watchdog.received(now)
        self._timers.start(now)
        actions = self._turns.greet(now)
        self._acting.started(now)
        return actions

    def _generated(self, event: e.LlmEvent, now: int) -> list[Action]:
        match event:
            case e.ReplyDelta():
                return self._turns.delta(event, now)
            case e.ToolWanted():
                return self._turns.tool_wanted(event, now)
            case e.ToolFinished():
                event, dropped = self._acting.deferred.tool_finished(event)
                actions, late = self._turns.tool_finished(event, now)
                if late:
                    self._answer.ask_after(now)
                return dropped + actions
            case e.ReplyEnded():
                reply = self._turns.reply
                generation = reply.generation if reply is not None and reply.number == event.turn else None
                actions, something = self._turns.ended(event, now)
                if generation is not None and generation.is_ellipsis and something:
                    self._answer.retry(generation.decided_ms)
                    return actions
                if not something:
                    return actions + self._recovery.apologise("empty_reply", now)
                if generation is not None and generation.ends_call:
                    return actions + self._recovery.goodbye(event.turn, now)
                return actions
            case e.ReplyFailed(turn, code, fault):
                reply, speculation = self._turns.reply, self._turns.speculation
                if reply is not None and reply.number == turn:
                    return self._recovery.reply_failed(code, now, fault)
                if speculation is not None and speculation.number == turn:
                    return self._turns.drop_speculation(DropReason.FAILED, code)
                return []

    def _synthesised(self, event: e.TtsEvent, now: int) -> list[Action]:
        actions, missing = list[Action](), False
        match event:
            case e.SpeechAudio():
                actions = self._turns.audio(event, now)
            case e.SpeechEnded(turn, attempt):
                actions, missing = self._turns.context_ended(turn, attempt, now)
            case e.SpeechLost(turn, attempt, _, retryable):
                actions, missing = self._turns.context_ended(turn, attempt, now, lost=True, retryable=retryable)
            case e.PhrasesLoaded(phrases):
                self._turns.learn(phrases)
        return actions + (self._recovery.tts_failed(now) if missing else [])

    def _key(self, digit: str, now: int) -> list[Action]:
        self._listening.voice.key_pressed()
        if self._acting.entries.open:
            self._timers.caller_spoke()
            return self._floor.key_pressed(now, asked=True) + self._acting.entries.press(digit, now)
        actions = self._floor.key_pressed(now)
        entry = self._dtmf.press(digit, now)
        return actions + (self._caller_said(entry, now) if entry else [])

    def _caller_said(self, text: str, now: int) -> list[Action]:
        self._timers.caller_spoke()
        return self._acting.deferred.answered(text, now) + self._floor.caller_said(text, now)

    # --- what follows -----------------------------------------------------------------------------------------------

    def _follow(self, actions: list[Action], now: int) -> list[Action]:
        """The actions, with those that follow; also when to be called again, and whether more frames like the last one
        would change nothing."""
        self.deadline = self._calm = None
        happened = len(actions)
        if self.ended is None and self._timers.watchdog.started:
            actions += self._tick(now)
        if self.ended is not None:
            actions += self._acting.entries.end(now) + self._acting.deferred.end(self._listening.utterance)
        elif self._timers.watchdog.started:
            parts_ms = self._parts_deadline(now)
            self.deadline = min(self._timers.watchdog.deadline, parts_ms)
            self._calm = self._agree(parts_ms, now) if len(actions) == happened else None
        return actions

    def _parts_deadline(self, now: int) -> int:
        deadlines = (
            self._dtmf.deadline,
            self._acting.entries.deadline,
            self._turns.deadline,
            None if self._ending.moving else self._ending.deadline or self._timers.deadline,
            self._recovery.deadline(now),
            self._acting.deferred.deadline,
        )
        return min([at for at in deadlines if at is not None], default=NEVER)

    def _agree(self, deadline: int, now: int) -> Calm | None:
        """How long all parts are calm, if they are, and none has reached its `deadline`."""
        calm = Calm(now_ms=deadline, deadline=deadline)
        for part in self._parts:
            if (its := part.calm(now)) is None:
                return None
            calm = calm if its is CALM else calm.both(its)
        return calm

    def _tick(self, now: int) -> list[Action]:
        """What time and evidence have decided, part by part."""
        if missing := self._timers.watchdog.take_missing_ms(now):
            self._listening.voice.stalled(missing)
        if self._timers.watchdog.dead(now):
            return self._ending.leg_dead()
        actions = list[Action]()
        for part in self._parts:
            if found := part.tick(now):
                actions += found
        return actions

    def _close_utterance(self, now: int) -> list[Action]:
        if (closed := self._listening.close()) is None:
            return []
        closed, actions, decision = self._floor.utterance_over(closed, now)
        self._acting.entries.heard(now)
        match decision:
            case TurnEnded():
                actions += self._acting.entries.said(closed.text, now) + self._caller_said(closed.text, now)
            case NotHeard():
                actions += self._recovery.apologise("not_heard", now, phrase="not_heard")
        return actions

    def _end_entry(self, now: int) -> list[Action]:
        entry = self._dtmf.tick(now)
        return self._caller_said(entry, now) if entry else []

    def _look_after_speech(self, now: int) -> list[Action]:
        if (deadline := self._turns.deadline) is None or deadline > now:
            return []
        actions, missing = self._turns.speech_due(now)
        if missing:
            actions += self._recovery.tts_failed(now)
        return actions + self._turns.expect_marks(now)

    def _give_answer(self, now: int) -> list[Action]:
        """What was played is settled, and so what was to be done with it; a tool may run, and an answer begin, once the
        caller is silent."""
        if self._answer.restarted and self._turns.reply is not None and not self._turns.unheard_reply(now):
            self._answer.heard()
        actions, replied = self._turns.settle(now)
        if replied:
            self._recovery.replied()
        utterance = self._listening.utterance
        actions += self._acting.deferred.tick(now, utterance)
        if utterance is not None or self._turns.playout.held:
            return actions
        actions += self._turns.allow_tools(now)
        if not self._answer.owed or self._dtmf.deadline is not None:
            return actions
        self._turns.stop_waiting(now)
        free = not self._turns.live() and self._turns.abandoned is None and not self._ending.begun
        if free and (since_ms := self._answer.take()) is not None:
            actions += self._turns.start(now, since_ms)
            actions += self._look_after_speech(now)  # a speculation's may have been due for a while
        return actions

    def _answer_calm(self, now: int) -> Calm | None:
        waits = self._listening.utterance is not None or self._turns.playout.held or self._dtmf.deadline is not None
        speaks = self._turns.live() and self._turns.abandoned is None
        if self._answer.owed and not (waits or speaks):
            return None
        return until(self._turns.playout.more_ms(now)) if self._answer.restarted else CALM

    def _keep_time(self, now: int) -> list[Action]:
        """Silence, deafness, the length of the call, drain; and the end, once the last words were heard."""
        waiting = self._answer.owed or self._dtmf.deadline is not None
        busy = waiting or self._listening.utterance is not None or self._turns.live()
        (self._timers.busy if busy or self._ending.moving else self._timers.quiet)(now)
        if self._ending.moving:
            return []
        if self._ending.begun:
            utterance = self._listening.utterance
            return self._ending.tick(now, objecting=utterance is not None and bool(utterance.text))
        if self._listening.stt.refused:
            return self._recovery.end_with("broken", "stt_failed", now)
        due = self._timers.take_due(now)
        if due is Due.STILL_THERE:  # whoever answers is the caller, however quiet they have become
            self._listening.voice.level.forget()
        return self._recovery.timer_due(due, now) if due is not None else []
