"""A managed agent's call: an engine with the same interface as the pipeline's `Conversation`.

    step(event, now_ms) -> actions        synchronous; `now_ms` never goes back; `deadline` is when to call it next

    speech    what the agent says, is played, and was heard      tools     its tool calls
    acting    what tools do beside returning
    ending, dtmf, timers, watchdog                               as in the pipeline

The platform decides whose turn it is. The bridge does the rest: it lets the caller hear the last word before it ends
the call, passes keys to the agent, and handles a failure of the platform: either our own pipeline takes over the call
with the history so far (`SwitchTo`), or the carrier's TTS apologises and the call ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import assert_never

from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.actions import Action, NotDone, Transcribe
from telephony.core.decisions import CallEnding, PlatformFailed, PlatformOpened
from telephony.core.dtmf import DtmfCollector
from telephony.core.ending import Ended, Ending, Stage
from telephony.core.history import History
from telephony.core.managed.acting import ManagedActing
from telephony.core.managed.platform import Platform
from telephony.core.managed.speech import ManagedSpeech, Needed
from telephony.core.managed.tools import ManagedTools
from telephony.core.policy import Limits, Policy, Wording
from telephony.core.timers import Timers


@dataclass(frozen=True, slots=True)
class BridgePolicy:
    """What the bridge needs to know about a `ManagedAgent`. `fallback`: our own pipeline can take over the call."""

    limits: Limits = field(default_factory=Limits)
    wording: Wording = field(default_factory=Wording)
    fallback: bool = False


def taking_over(policy: Policy, history: History) -> Policy:
    """The policy of a pipeline that takes over a call. It begins with an apology instead of its greeting, unless
    nothing has been said yet."""
    return replace(policy, greeting=policy.wording.apology) if history or not policy.greeting else policy


class Bridge:
    """See the module text. Methods return the actions to perform, in order."""

    def __init__(self, policy: BridgePolicy) -> None:
        self._policy = policy
        self._platform = Platform.AGENT
        self._speech = ManagedSpeech(policy.limits)
        self._tools = ManagedTools(self._speech)
        self._ending = Ending(policy.limits, self._speech)
        self._acting = ManagedActing(self._speech, self._tools, self._ending)
        self._dtmf = DtmfCollector(policy.limits.dtmf_gap_ms)
        self._timers = Timers(policy.limits)
        self._said: m.ManagedTranscript | None = None  # the caller's last words
        self._parts: tuple[Callable[[int], list[Action]], ...] = (self._speech.tick, self._end_entry, self._keep_time)

    @property
    def ended(self) -> Ended | None:
        return self._ending.ended

    def step(self, event: e.Event, now: int) -> tuple[Action, ...]:
        """Handles one event at `now` (ms since the call began). Once the call has ended, returns no actions."""
        if self._over():
            return ()
        actions = self._happened(event, now)
        if not self._over() and self._timers.watchdog.started:
            actions += self._tick(now)
        actions += self._acting.follow(event, actions, now)
        if self.ended is not None:
            actions += [*self._speech.settle_all(now), *self._acting.end(NotDone.CALL_ENDED)]
        return tuple(actions)

    @property
    def deadline(self) -> int | None:
        """When to call `step(TimeReached(...))` if no event comes first: always later than the last `now`; or None."""
        if self._over() or not self._timers.watchdog.started:
            return None
        deadlines = (
            self._timers.watchdog.deadline,
            self._speech.deadline,
            self._dtmf.deadline,
            None if self._ending.moving else self._ending.deadline or self._timers.deadline,
            self._acting.deadline,
        )
        return min(at for at in deadlines if at is not None)

    def _over(self) -> bool:
        return self.ended is not None or self._platform is Platform.PIPELINE

    # --- what happens -----------------------------------------------------------------------------------------------

    def _happened(self, event: e.Event, now: int) -> list[Action]:
        if isinstance(event, m.ManagedEvent):
            return self._from_platform(event, now)
        if isinstance(event, e.ActingEvent):
            return self._acting.happened(event)
        match event:
            case e.AudioReceived(pcmu):
                self._timers.watchdog.received(now)
                return [Transcribe(pcmu)] if self._platform is Platform.AGENT else []
            case e.CallStarted():
                return self._started(now)
            case e.MarkReached(name):
                self._speech.playout.mark_reached(name, now)
            case e.KeyPressed(digit):
                entry = self._dtmf.press(digit, now)
                return [m.SendToManaged("user_activity"), *self._entered(entry, now)]
            case e.CallerLeft(how):
                self._ending.left(how)
            case e.ToolWanted():
                return self._tools.wanted(event)
            case e.ToolFinished():
                actions, ends_call = self._tools.finished(event)
                if ends_call:
                    self._agent_leaves(now)
                return actions
            case e.DrainStarted(deadline_ms):
                self._timers.drain(deadline_ms)
            case e.EndRequested(reason):
                self._ending.stays()
                return self._hang_up(reason, self._policy.wording.goodbye, now)
            case _:
                pass  # events of the pipeline's own ports, which this call does not have
        return []

    def _from_platform(self, event: m.ManagedEvent, now: int) -> list[Action]:
        match event:
            case m.ManagedAudio():
                actions = self._speech.audio(event, now)
                if self._ending.begun and self._platform is Platform.AGENT:
                    self._agent_leaves(now)
                return actions
            case m.ManagedSaid():
                return self._speech.said(event, now)
            case m.ManagedInterrupted():
                return self._speech.interrupted(event, now)
            case m.ManagedCorrected():
                return self._speech.corrected(event)
            case m.ManagedTranscript(event_id, text):
                again, self._said = event_id and self._said == event, event
                return self._speech.caller(text.strip(), now) if text.strip() and not again else []
            case m.ManagedOpened():
                return self._opened(event, now)
            case m.ManagedHangingUp():
                self._agent_leaves(now)
                return []
            case m.ManagedClosed(_, cause):
                return self._closed(cause, now) if self._platform is Platform.AGENT else []
            case m.OperatorMessage(kind, text):
                if text:
                    self._speech.interruptions.something_new()
                return [m.SendToManaged(kind, text)]
            case _:
                assert_never(event)

    def _started(self, now: int) -> list[Action]:
        if self._timers.watchdog.started:
            return []
        self._timers.watchdog.received(now)
        self._timers.start(now)
        self._timers.busy(now)  # the platform itself handles a caller who says nothing
        return [m.OpenManaged(), *self._speech.begin(Needed.STREAM, now)]

    def _opened(self, event: m.ManagedOpened, now: int) -> list[Action]:
        """The platform has started the conversation. Fails the call if the agent is set to formats that the telephone
        network does not carry."""
        formats = (event.input_format, event.output_format)
        actions: list[Action] = [PlatformOpened(self._speech.last, *formats, event.conversation_id)]
        if set(formats) != {m.AUDIO_FORMAT}:
            return [*actions, *self._failed(m.ManagedCause.MANAGED_FORMAT, now)]
        actions += self._speech.conversation(event.conversation_id, now)
        return [*actions, *self._speech.begin(Needed.FORMATS, now)]

    def _entered(self, entry: str, now: int) -> list[Action]:
        """The caller has entered something with keys, if anything."""
        return [*self._speech.caller(entry, now), m.SendToManaged("user_message", entry)] if entry else []

    # --- what follows -----------------------------------------------------------------------------------------------

    def _tick(self, now: int) -> list[Action]:
        """What time has decided, part by part."""
        self._timers.watchdog.take_missing_ms(now)  # the platform counts its own time
        if self._timers.watchdog.dead(now):
            return self._ending.leg_dead()
        return [action for part in self._parts for action in part(now)]

    def _end_entry(self, now: int) -> list[Action]:
        return self._entered(self._dtmf.tick(now), now)

    def _keep_time(self, now: int) -> list[Action]:
        """The end, once the last words were heard; the length of the call, and drain."""
        if self._ending.begun or self._ending.moving:
            return self._ending.tick(now)
        due = self._timers.take_due(now)
        return self._hang_up(due, str(getattr(self._policy.wording, due)), now) if due is not None else []

    # --- the end ----------------------------------------------------------------------------------------------------

    def _agent_leaves(self, now: int) -> None:
        """The agent has ended the call: what it says is heard to its end."""
        self._speech.expect_last_words(now)
        self._ending.begin("agent", self._speech.last, now, stage=Stage.FINAL)

    def _closed(self, cause: m.ManagedCause, now: int) -> list[Action]:
        """The connection to the platform is closed: in order, or by a failure."""
        if cause is not m.ManagedCause.ENDED and not self._ending.begun:
            return self._failed(cause, now)
        if not self._ending.begun:
            self._agent_leaves(now)
        self._platform = Platform.CLOSED
        return self._speech.all_said(now)

    def _failed(self, why: m.ManagedCause, now: int) -> list[Action]:
        """The platform has failed: the pipeline takes over, or the call ends with an apology."""
        failed = PlatformFailed(self._speech.last, why)
        if not self._policy.fallback:
            self._platform = Platform.CLOSED
            return [failed, *self._hang_up(why, self._policy.wording.broken, now)]
        self._platform = Platform.PIPELINE
        actions = [failed, *self._speech.cut(now), *self._speech.settle_all(now)]
        if entry := self._dtmf.end():
            actions += self._speech.caller(entry, now)
        actions += self._acting.end(NotDone.FAILED)
        self._tools.lost()
        history = self._speech.transcript.history()
        return [*actions, m.SwitchTo("pipeline", why, history, self._timers.watchdog.started, self._speech.last)]

    def _hang_up(self, reason: str, farewell: str, now: int) -> list[Action]:
        """Ends the call at once. The carrier's TTS speaks the farewell, because we cannot make the agent say it."""
        ending = CallEnding(self._speech.last, reason)
        self._ending.begin(reason, self._speech.last, now, stage=Stage.UNSAID, text=farewell)
        return [ending, *self._speech.cut(now), *self._ending.tick(now)]
