"""A managed agent's call: an engine with the same interface as the pipeline's `Conversation`.

    step(event, now_ms) -> actions        synchronous; `now_ms` never goes back; `deadline` is when to call it next

The platform decides whose turn it is. The bridge does the rest: it tracks what is played and was heard (`speech.py`),
lets the caller hear the last word before it ends the call, passes keys to the agent, runs each tool call once, and
handles a failure of the platform. After a failure either our own pipeline takes over the call with the history so far
(`SwitchTo`), or the carrier's TTS apologises and the call ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.actions import Action, EndCall, LineAdded, RunTool, Transcribe
from telephony.core.conversation import HANG_UPS, Ended
from telephony.core.decisions import CallEnding, PlatformFailed, PlatformOpened
from telephony.core.dtmf import DtmfCollector
from telephony.core.history import History, ToolUsed
from telephony.core.managed.speech import ManagedSpeech
from telephony.core.policy import END_CALL, Limits, Policy, Wording
from telephony.core.timers import Timers

LAST_WORDS_MS = 1_500
"""After the agent has hung up, this long without more audio means that its last words have all arrived."""
UNKNOWN = "(The connection broke meanwhile: it is not known whether this was done. Ask before doing it again.)"
TOOLS_AT_ONCE = 8
"""Maximum number of tool calls that run at the same time in one call; more are refused."""
TOO_MANY = f"Not done: {TOOLS_AT_ONCE} tools are at work already. Wait for their results."
FAR_MS = 2**40


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
    """See the module text."""

    def __init__(self, policy: BridgePolicy) -> None:
        self.ended: Ended | None = None
        self._policy = policy
        self._now = 0
        self._out: list[Action] = []
        self._speech = ManagedSpeech(policy.limits, self._out)
        self._dtmf = DtmfCollector(policy.limits.dtmf_gap_ms)
        self._timers = Timers(policy.limits)
        self._tools: dict[str, e.ToolWanted | m.AnswerTool] = {}  # by tool call id: wanted, or answered
        self._frame_ms: int | None = None  # when the last frame came; None before the stream
        self._hanging_up: int | None = None  # since when the agent wants the call to end
        self._closed = False  # the platform has closed, or another engine has the call
        self._due = 0  # when time alone decides something next

    def step(self, event: e.Event, now: int) -> tuple[Action, ...]:
        """Handles one event at `now` (ms since the call began). Once the call has ended, returns no actions."""
        self._now = now
        if now < self._due and not self._closed and isinstance(event, e.AudioReceived):  # the usual case, kept fast
            self._frame_ms = now
            return (Transcribe(event.pcmu),)
        self._out.clear()
        if self.ended is None:
            self._handle(event, now)
        if self.ended is None and self._frame_ms is not None and not (self._closed and self._hanging_up is None):
            self._tick(now)
        self._due = self._next_due()
        return tuple(self._out)

    @property
    def deadline(self) -> int | None:
        """When to call `step(TimeReached(...))` if no event comes first: always later than the last `now`; or None."""
        if self.ended is not None or self._frame_ms is None:
            return None
        dead = self._frame_ms // 1_000 * 1_000 + 1_000 + self._policy.limits.frames_dead_ms  # changes once a second
        return max(self._now + 1, min(self._due, dead))

    def _next_due(self) -> int:
        """When time alone decides something next, apart from frames that stop arriving."""
        if self.ended is not None or self._frame_ms is None:
            return 0
        candidates = [
            self._dtmf.deadline,
            self._timers.deadline,
            self._speech.deadline,
            *self._hanging_deadlines(),
        ]
        return min((c for c in candidates if c is not None), default=FAR_MS)

    # --- events -----------------------------------------------------------------------------------------------------

    def _handle(self, event: e.Event, now: int) -> None:
        if isinstance(event, m.ManagedEvent):
            self._platform(event, now)
            return
        match event:
            case e.AudioReceived(pcmu):
                self._frame_ms = now
                if not self._closed:
                    self._out.append(Transcribe(pcmu))
            case e.CallStarted():
                self._started(now)
            case e.MarkReached(name):
                self._speech.playout.mark_reached(name, now)
            case e.KeyPressed(digit):
                self._key(digit, now)
            case e.CallerLeft(how):
                self._end(Ended("caller" if how in HANG_UPS else how), now)
            case e.ToolWanted():
                self._tool_wanted(event)
            case e.ToolFinished():
                self._tool_finished(event, now)
            case e.DrainStarted(deadline_ms):
                self._timers.drain(deadline_ms)
            case e.EndRequested(reason):
                self._hang_up(reason, self._policy.wording.goodbye, now)
            case _:
                pass  # events of the pipeline's own ports, which this call does not have

    def _platform(self, event: m.ManagedEvent, now: int) -> None:
        match event:
            case m.ManagedAudio():
                self._speech.audio(event, now)
                if self._hanging_up is not None:
                    self._hanging_up = now
            case m.ManagedSaid():
                self._speech.said(event, now)
            case m.ManagedInterrupted():
                self._speech.interrupted(event, now)
            case m.ManagedCorrected():
                self._speech.corrected(event)
            case m.ManagedTranscript(_, text):
                if text.strip():
                    self._speech.caller(text.strip(), now)
            case m.ManagedOpened():
                self._opened(event, now)
            case m.ManagedHangingUp():
                self._hanging_up = now
            case m.ManagedClosed(_, cause):
                self._platform_closed(cause, now)
            case m.OperatorMessage(kind, text):
                self._out.append(m.SendToManaged(kind, text))
            case _:
                assert_never(event)

    def _started(self, now: int) -> None:
        if self._frame_ms is not None:
            return
        self._frame_ms = now
        self._timers.start(now)
        self._timers.busy(now)  # the platform itself handles a caller who says nothing
        self._out.append(m.OpenManaged())
        self._speech.begin("stream", now)

    def _opened(self, event: m.ManagedOpened, now: int) -> None:
        """The platform has started the conversation. Fails the call if the agent is set to formats that the telephone
        network does not carry."""
        formats = (event.input_format, event.output_format)
        self._out.append(PlatformOpened(self._speech.last, *formats, event.conversation_id))
        if set(formats) != {m.AUDIO_FORMAT}:
            self._failed("managed_format", now)
        else:
            self._speech.begin("formats", now)

    def _platform_closed(self, cause: str, now: int) -> None:
        if self._closed:
            return
        if cause == "ended" or self._hanging_up is not None:
            self._closed = True
            self._speech.finish_line(now)
            self._hanging_up = now if self._hanging_up is None else self._hanging_up
        else:
            self._failed(cause, now)

    def _key(self, digit: str, now: int) -> None:
        self._out.append(m.SendToManaged("user_activity"))
        if entry := self._dtmf.press(digit, now):
            self._entered(entry, now)

    def _entered(self, entry: str, now: int) -> None:
        self._speech.caller(entry, now)
        self._out.append(m.SendToManaged("user_message", entry))

    # --- tools ------------------------------------------------------------------------------------------------------

    def _tool_wanted(self, event: e.ToolWanted) -> None:
        """Runs the tool. A repeated call gets the same answer again, and the tool does not run again."""
        known = self._tools.get(event.tool_call_id)
        if known is None and sum(isinstance(tool, e.ToolWanted) for tool in self._tools.values()) >= TOOLS_AT_ONCE:
            self._answered(event, TOO_MANY, failed=True)
        elif known is None:
            self._tools[event.tool_call_id] = event
            self._out.append(RunTool(event.turn, event.tool_call_id))
        elif isinstance(known, m.AnswerTool):
            self._out.append(known)

    def _tool_finished(self, event: e.ToolFinished, now: int) -> None:
        wanted = self._tools.get(event.tool_call_id)
        if not isinstance(wanted, e.ToolWanted):
            return
        self._answered(wanted, event.result, event.failed)
        if wanted.name == END_CALL and not event.failed:
            self._hanging_up = now

    def _answered(self, wanted: e.ToolWanted, result: str, failed: bool) -> None:
        answer = m.AnswerTool(wanted.tool_call_id, result, failed)
        self._tools[wanted.tool_call_id] = answer
        self._out.append(answer)
        used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, result)
        self._speech.transcript.tool(self._speech.last, used)

    # --- time -------------------------------------------------------------------------------------------------------

    def _hanging_deadlines(self) -> list[int]:
        """When to check again whether the call can end: when all audio has arrived, when it should have been played,
        and when the time for its last mark is over."""
        if self._hanging_up is None:
            return []
        arrived = self._hanging_up + (0 if self._closed else LAST_WORDS_MS)
        played = max(arrived, self._speech.playout.until_ms)
        return [at for at in (arrived, played, played + self._policy.limits.goodbye_ms) if at > self._now]

    def _tick(self, now: int) -> None:
        assert self._frame_ms is not None
        self._speech.tick(now)
        if self._dtmf.deadline is not None and self._dtmf.deadline <= now:
            self._entered(self._dtmf.end(), now)
        if now - self._frame_ms >= self._policy.limits.frames_dead_ms:
            self._out.append(EndCall("unresponsive"))
            self._end(Ended("unresponsive"), now)
        elif self._hanging_up is not None:
            self._hung_up(now)
        elif (due := self._timers.take_due(now)) is not None:
            self._hang_up(due, str(getattr(self._policy.wording, due)), now)

    def _hung_up(self, now: int) -> None:
        """Ends the call once the last word has been heard, or has had its time."""
        assert self._hanging_up is not None
        all_arrived = self._closed or now - self._hanging_up >= LAST_WORDS_MS
        if (all_arrived and self._speech.silent(now)) or not self._hanging_deadlines():
            self._out.append(EndCall("agent"))
            self._end(Ended("agent"), now)

    # --- the end ----------------------------------------------------------------------------------------------------

    def _failed(self, why: str, now: int) -> None:
        """The platform has failed: the pipeline takes over, or the call ends with an apology."""
        self._closed = True
        self._out.append(PlatformFailed(self._speech.last, why))
        if not self._policy.fallback:
            self._hang_up(why, self._policy.wording.broken, now)
            return
        self._speech.cut(now)
        self._speech.settle_all(now)
        if self._dtmf.deadline is not None and (entry := self._dtmf.end()):
            self._speech.transcript.caller(entry)
            self._out.append(LineAdded("caller", entry, self._speech.last))
        for wanted in self._tools.values():
            if isinstance(wanted, e.ToolWanted):  # otherwise the pipeline's model might call the tool again
                used = ToolUsed(wanted.tool_call_id, wanted.name, wanted.arguments, UNKNOWN)
                self._speech.transcript.tool(self._speech.last, used)
        begun, history = self._frame_ms is not None, self._speech.history()
        self._out.append(m.SwitchTo("pipeline", why, history, begun, self._speech.last))

    def _hang_up(self, reason: str, farewell: str, now: int) -> None:
        """Ends the call at once. The carrier's TTS speaks the farewell, because we cannot make the agent say it."""
        self._out.append(CallEnding(self._speech.last, reason))
        self._speech.cut(now)
        self._out.append(EndCall(reason, farewell))
        self._end(Ended(reason), now)

    def _end(self, ended: Ended, now: int) -> None:
        self._speech.settle_all(now)
        self.ended = ended
