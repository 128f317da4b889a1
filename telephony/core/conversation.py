"""One call: passes each event to the part concerned and collects the resulting actions.

    step(event, now_ms) -> actions        synchronous; `now_ms` never goes back; `deadline` is when to call it next

    listening   the caller's utterances, and when they end       floor      interruptions, and whose turn it is
    turns       the agent's replies: generated, spoken, heard    recovery   waits, apologies, and the end of the call
    dtmf        keys pressed                                     timers     silence, time limits, drain
    speculation replies prepared before the end of the utterance

After every event `_tick` makes all decisions that time or new evidence allows, in a fixed order: interruptions first,
then the end of the caller's utterance, then what the agent has to do. So the order of two events that arrive in the
same millisecond matters only where the caller would notice the difference too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from telephony.core import events as e
from telephony.core.actions import Action, CommitTranscript, EndCall, Transcribe
from telephony.core.dtmf import DtmfCollector
from telephony.core.history import History
from telephony.core.language.registry import language_for
from telephony.core.listening.listening import Closed, Listening
from telephony.core.managed_events import ManagedEvent
from telephony.core.media_watchdog import MediaWatchdog
from telephony.core.policy import Policy
from telephony.core.recovery import Recovery
from telephony.core.speaking.turns import Turns
from telephony.core.timers import Timers
from telephony.core.turn_taking.floor import Floor, SharedState
from telephony.core.turn_taking.question import AnswerContext
from telephony.core.turn_taking.speculation import Speculation

HANG_UPS = frozenset({"stop", "status"})
"""Values of `CallerLeft.how` that mean the caller hung up. A lost socket does not: the caller may still be on the line,
and the webhook that follows the stream tries again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the call ended. `reason` is `caller` for a hang-up, otherwise the `reason` of `EndCall` or the `how` of
    `CallerLeft`."""

    reason: str


class Conversation:
    """See the module text. `spoken_form` turns the model's text into the text for the TTS; it must be pure.
    `history` is what was said before this engine took over the call; `turn` is the last turn number used in it."""

    def __init__(
        self,
        policy: Policy,
        spoken_form: Callable[[str], str] = lambda text: text,
        history: History = (),
        turn: int = 0,
    ) -> None:
        self.ended: Ended | None = None
        self._now = 0
        self._policy = policy
        self._out: list[Action] = []
        rules, language = policy.turn_taking, language_for(policy.language)
        self._language = language
        self._listening = Listening(rules, language)
        self._turns = Turns(policy, spoken_form, self._out)
        self._turns.transcript.resume(history)
        self._turns.last = turn
        self._shared = SharedState()
        self._floor = Floor(rules, language, self._listening, self._turns, self._shared, self._out)
        self._speculation = Speculation(rules, language, self._listening, self._turns, self._shared)
        self._recovery = Recovery(policy, self._listening, self._turns, self._shared, self._out)
        self._dtmf = DtmfCollector(policy.limits.dtmf_gap_ms)
        self._timers = Timers(policy.limits)
        self._last_words = ""
        self._media = MediaWatchdog(policy.limits)

    def step(self, event: e.Event, now: int) -> tuple[Action, ...]:
        """Handles one event at `now` (ms since the call began). Once the call has ended, returns no actions."""
        self._out.clear()
        self._now = now
        if self.ended is None:
            self._handle(event, now)
        if self.ended is None:
            self._tick(now)
        return tuple(self._out)

    @property
    def deadline(self) -> int | None:
        """When to call `step(TimeReached(...))` if no event comes first: always later than the last `now`; or None."""
        if self.ended is not None or not self._media.started:
            return None
        candidates = [
            self._media.deadline,
            self._dtmf.deadline,
            self._turns.synthesis.deadline,
            self._turns.playout.overdue_ms(self._policy.limits.goodbye_ms),
            self._recovery.ending_deadline() or self._timers.deadline,
            self._recovery.wait_deadline(self._now),
        ]
        return min(c for c in candidates if c is not None)

    # --- events -----------------------------------------------------------------------------------------------------

    def _handle(self, event: e.Event, now: int) -> None:
        if isinstance(event, ManagedEvent):  # late events of a managed agent that held the call before
            return
        match event:
            case e.AudioReceived():
                self._media.received(now)
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
                self._llm_event(event, now)
            case e.SpeechAudio() | e.SpeechEnded() | e.SpeechLost() | e.PhrasesLoaded():
                self._tts_event(event, now)
            case e.DrainStarted(deadline_ms):
                self._timers.drain(deadline_ms)
            case e.EndRequested(reason):
                self._recovery.end_with("goodbye", reason, now)
            case e.SttLost() | e.SttReady():
                self._shared.stt_lost = isinstance(event, e.SttLost)
            case e.TimeReached() | e.TtsReady() | e.TtsLost() | e.OutboxOverflowed():
                pass  # the ports recover by themselves; `_tick` handles the silence that results
            case _:
                assert_never(event)

    def _started(self, now: int) -> None:
        if self._media.started:
            return
        self._media.received(now)
        self._timers.start(now)
        if self._policy.greeting:
            turn = self._turns.phrase("greeting", now, self._policy.greeting)
            if self._policy.greeting_protected:
                self._turns.synthesis.protected.add(turn)

    def _llm_event(self, event: e.LlmEvent, now: int) -> None:
        match event:
            case e.ReplyDelta():
                self._turns.delta(event, now)
            case e.ToolWanted():
                self._turns.generation.tool_wanted(event)
            case e.ToolFinished():
                self._turns.generation.tool_finished(event, now)
            case e.ReplyEnded():
                reply = self._turns.reply
                ends_call = reply is not None and reply.turn == event.turn and reply.ends_call
                if not self._turns.ended(event, now):
                    self._recovery.apologise("empty_reply", now)
                elif ends_call:
                    self._recovery.goodbye(event.turn, now)
            case e.ReplyFailed(turn, code, _):
                if self._turns.reply is not None and self._turns.reply.turn == turn:
                    self._recovery.reply_failed(code, now)
                elif (speculative := self._turns.generation.speculative) is not None and speculative.turn == turn:
                    self._turns.drop_speculation(code)

    def _tts_event(self, event: e.TtsEvent, now: int) -> None:
        given_up = False
        match event:
            case e.SpeechAudio():
                self._turns.speech_audio(event, now)
            case e.SpeechEnded(turn, attempt):
                given_up = self._turns.speech_ended(turn, attempt, now)
            case e.SpeechLost(turn, attempt, _, retryable):
                given_up = self._turns.speech_ended(turn, attempt, now, lost=True, retryable=retryable)
            case e.PhrasesLoaded(phrases):
                self._turns.synthesis.learn(phrases)
        if given_up:
            self._recovery.tts_failed(now)

    def _key(self, digit: str, now: int) -> None:
        self._listening.voice.key_pressed()
        if self._turns.live() and not self._floor.protected(now):
            self._floor.cut("key", now)
        if entry := self._dtmf.press(digit, now):
            self._caller_said(entry, now)

    def _caller_said(self, text: str, now: int) -> None:
        self._timers.caller_spoke()
        self._floor.caller_said(text, now)

    # --- decisions --------------------------------------------------------------------------------------------------

    def _tick(self, now: int) -> None:
        if not self._media.started or self._unresponsive(now):
            return
        self._update_answer_context(now)
        if commit := self._listening.wants_commit():
            self._out.append(CommitTranscript(commit))
        self._floor.interruption(now)
        if (closed := self._listening.closed()) is not None:
            self._utterance_over(closed, now)
        if self._dtmf.deadline is not None and self._dtmf.deadline <= now:
            self._caller_said(self._dtmf.end(), now)
        if self._turns.speech_deadlines(now):
            self._recovery.tts_failed(now)
        self._turns.expect_marks(now, self._policy.limits.goodbye_ms)
        self._continue_reply(now)
        self._speculation.consider(now)
        self._check_timers(now)

    def _update_answer_context(self, now: int) -> None:
        """The caller replies to the agent's last words, as far as they have heard them."""
        if (said := self._turns.synthesis.last_words(now)) != self._last_words:
            self._last_words = said
            self._listening.context = AnswerContext.after(said, self._policy.expects, self._language)

    def _utterance_over(self, closed: Closed, now: int) -> None:
        match self._floor.utterance_over(closed, now):
            case "words":
                self._caller_said(closed.text, now)
            case "not_heard":
                self._recovery.apologise("not_heard", now, phrase="not_heard")

    def _unresponsive(self, now: int) -> bool:
        if missing := self._media.missing_ms(now):
            self._listening.voice.stalled(missing)
        if self._media.dead(now):
            self._out.append(EndCall("unresponsive"))
            self.ended = Ended("unresponsive")
        return self.ended is not None

    def _continue_reply(self, now: int) -> None:
        """Settles what was played, allows a waiting tool, starts a reply that is due, and bridges long silence."""
        turns, listening, shared = self._turns, self._listening, self._shared
        if turns.reply is not None and not turns.unheard_reply(now):
            shared.restarts = 0
        if turns.settle(now):
            shared.apologies = 0
        if listening.utterance is None and not turns.playout.held:
            turns.generation.allow_tool(now)
            if self._dtmf.deadline is None:
                self._floor.answer(now)
        self._recovery.bridge_silence(now)

    def _check_timers(self, now: int) -> None:
        turns, waiting = self._turns, self._shared.owed_ms is not None or self._dtmf.deadline is not None
        busy = turns.live() or self._listening.utterance is not None or waiting
        (self._timers.busy if busy else self._timers.quiet)(now)
        if self._shared.ending is not None:
            if self._recovery.ending_is_over(now):
                ending = self._recovery.finish(now)
                self._out.append(ending)
                self.ended = Ended(ending.reason)
            return
        if due := self._timers.due(now):
            self._recovery.timer_due(due, now)
