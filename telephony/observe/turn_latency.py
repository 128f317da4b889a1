"""How long each answer took, and where the time went.

Theory of operation. Latency is counted from the caller's last voice to the first audio of the answer leaving for the
carrier, on the call's own time line (`Step.now_ms`). A turn collects moments; a moment that is missing, or that comes
before the one it follows, gives no stage: a report never holds a negative time, nor the wait of another turn.

    caller's last voice -> final transcript -> decided -> first token -> first unit -> first audio -> sent
        |<------------ endpointing ----------->|<--- llm --->|<- phrasing ->|<-- tts -->|<- sending ->|

A speculation begins before the decision: only what is left of `llm` and `tts` after the decision is part of the wait. A
dropped speculation is not a turn.

A managed agent does not report when it decided or generated: its answers have a beginning and an end only, and the
caller's voice is measured by its loudness, because our own detector is switched off then.

A turn is reported once, when it is over: heard to its end, cut, replaced by a new one, or at the end of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from telephony.audio.level import LOUD
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core import managed_events as m
from telephony.core.listening.voice_activity import BURST_GAP_MS, Voiced
from telephony.core.policy import TurnTaking

BELIEVABLE_MS = 30_000
"""Voice longer ago than this did not lead to this turn (but keys, a resumed call, a prompt)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Part of a turn's wait: from `start_ms` to `end_ms`, ms since the call began."""

    name: str
    start_ms: int
    end_ms: int

    @property
    def ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class BargeIn:
    """Sound of the caller while the agent spoke: its first voiced frame, and the `clear` that followed."""

    onset_ms: int
    cleared_ms: int
    verdict: str = "hold"

    @property
    def ms(self) -> int:
        return self.cleared_ms - self.onset_ms


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One answer. Moments are ms since the call began; None: it did not happen, or implausibly long ago.

    `voiced_ms` is the caller's last voice before the decision, `sent_ms` the first audio of the answer on its way to
    the carrier, `filler_ms` a filler phrase sent before it. `tools` is the number of tools that ran. `why` and
    `wait_ms`: the rule that ended the caller's turn, and the silence it asked for.
    """

    turn: int
    caller: str = ""
    agent: str = ""
    interrupted: bool = False
    voiced_ms: int | None = None
    final_ms: int | None = None
    decided_ms: int | None = None
    started_ms: int | None = None
    delta_ms: int | None = None
    unit_ms: int | None = None
    audio_ms: int | None = None
    sent_ms: int | None = None
    filler_ms: int | None = None
    tools: int = 0
    why: str = ""
    wait_ms: int | None = None

    @property
    def answer_ms(self) -> int | None:
        """From the caller's last voice (or the decision, where there was no voice) to the answer's first audio."""
        begin = self.voiced_ms if self.voiced_ms is not None else self.decided_ms
        if begin is None or self.sent_ms is None or self.sent_ms < begin:
            return None
        return self.sent_ms - begin

    @property
    def ahead_ms(self) -> int:
        """How long before the decision the reply was begun; 0 if it was not."""
        if self.started_ms is None or self.decided_ms is None:
            return 0
        return max(0, self.decided_ms - self.started_ms)

    def stages(self) -> list[Stage]:
        """The parts of the wait, in order and without gaps; they add up to `answer_ms` where that is known."""
        moments = (
            ("", self.voiced_ms),
            ("endpointing", self.decided_ms),
            ("starting", self.started_ms),
            ("llm", self.delta_ms),
            ("phrasing", self.unit_ms),
            ("tts", self.audio_ms),
            ("sending", self.sent_ms),
        )
        found: list[Stage] = []
        at: int | None = None
        for name, moment in moments:
            if moment is None or (at is not None and moment < at):
                continue
            if at is not None and name:
                found.append(Stage(name, at, moment))
            at = moment
        return [stage for stage in found if stage.name != "starting" or stage.ms > 0]


class TurnClock:
    """A `FrameObserver`. `on_report` is given each turn that is over, `on_barge_in` each interruption with its verdict.

    `rules` are those of the call's agent: they say which detector windows are voice (None: the defaults).
    """

    def __init__(
        self,
        on_report: Callable[[TurnReport], None] | None = None,
        on_barge_in: Callable[[BargeIn], None] | None = None,
        rules: TurnTaking | None = None,
    ) -> None:
        self.reports: list[TurnReport] = []
        self.barge_ins: list[BargeIn] = []
        self.greeting_ms: int | None = None
        self._on_report, self._on_barge_in = on_report, on_barge_in
        self._voice = Voiced(rules or TurnTaking())
        self._caller = _CallerSide()
        self._next: TurnReport | None = None  # decided, not yet started
        self._open: dict[int, TurnReport] = {}
        self._replying = 0  # the turn whose reply is being generated
        self._speculation = 0  # the turn prepared before the decision
        self._managed = False  # a managed agent has the call

    def see(self, step: Step) -> None:
        now = step.now_ms
        self._event(step.event, now)
        for action in step.actions:
            self._action(action, now)
            if isinstance(action, (d.Held, d.Cut, d.Resumed, d.PlatformCut)):
                self._verdict(action, now, cleared=a.ClearPlayout() in step.actions)
        if any(isinstance(action, a.SendAudio) for action in step.actions):
            self._sent(now)
        if self._voiced(step.event):
            self._caller.voiced(now)

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        if self._voiced(event) if self._managed else self._voice.window(event.speech):
            self._caller.voiced(now_ms)

    def close(self) -> None:
        self._open.pop(self._speculation, None)
        for turn in list(self._open):
            self._over(turn)

    def under_way(self) -> list[TurnReport]:
        """The turns that are not over yet, as far as they have come; without a speculation."""
        return [report for turn, report in self._open.items() if turn != self._speculation]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _voiced(self, event: e.Event) -> bool:
        if self._managed:
            return isinstance(event, e.AudioReceived) and event.level >= LOUD
        return self._voice.hears(event)

    def _event(self, event: e.Event, now: int) -> None:
        match event:
            case m.ManagedOpened():
                self._managed = True
            case m.ManagedAudio() if self._open:
                self._first(max(self._open), "audio_ms", now)
            case e.TranscriptUpdated() if event.stable or event.commit:
                self._caller.final_ms = now
            case e.ReplyDelta(turn, text) if text.strip():
                self._first(turn, "delta_ms", now)
            case e.SpeechAudio(turn) if event.pcmu:
                self._first(turn, "audio_ms", now)
            case e.ToolFinished(turn):
                if (report := self._open.get(turn)) is not None:
                    self._open[turn] = replace(report, tools=report.tools + 1)

    def _action(self, action: a.Action, now: int) -> None:
        match action:
            case d.TurnEnded(turn, why, wait_ms, entry=entry):
                self._next = replace(self._caller.decided(turn, now), why=f"{entry} {why}".strip(), wait_ms=wait_ms)
            case d.SpeculationBegun(turn):
                self._speculation = turn
            case d.SpeculationDropped(turn):
                self._speculation = 0
                self._open.pop(turn, None)
            case d.SpeculationUsed(turn):
                self._used(turn)
            case d.FillerSaid():
                if (report := self._open.get(self._replying)) is not None and report.filler_ms is None:
                    self._open[self._replying] = replace(report, filler_ms=now)
            case a.LineAdded("caller", text):
                before = self._next or TurnReport(action.turn, decided_ms=now)
                self._next = replace(before, caller=f"{before.caller} {text}".strip())
                if self._managed:  # the agent's next line is its answer
                    heard = self._caller.decided(action.turn, now)
                    self._next = replace(self._next, voiced_ms=heard.voiced_ms)
                    self._start(action.turn + 1, now)
            case m.SwitchTo():
                self._managed = False
            case a.LineAdded("agent", text, turn, interrupted):
                if turn in self._open:
                    self._open[turn] = replace(self._open[turn], agent=text, interrupted=interrupted)
                    self._over(turn)
            case a.StartReply(turn, _):
                self._start(turn, now)
            case a.Speak(turn):
                self._first(turn, "unit_ms", now)

    def _start(self, turn: int, now: int) -> None:
        if turn == self._speculation:
            self._open[turn] = TurnReport(turn, started_ms=now)
            return
        if self._next is None and (asked := self._open.get(self._replying)) is not None and asked.audio_ms is None:
            self._next = replace(self._open.pop(self._replying), delta_ms=None)  # the model is asked once more
        for unanswered in [t for t, r in self._open.items() if r.sent_ms is None and t != self._speculation]:
            self._over(unanswered)
        begun, self._next = self._next or TurnReport(turn), None
        self._open[turn] = replace(begun, turn=turn, started_ms=now)
        self._replying = turn

    def _used(self, turn: int) -> None:
        self._speculation, self._replying = 0, turn
        begun, self._next = self._next, None
        if begun is not None and turn in self._open:
            self._open[turn] = replace(
                self._open[turn],
                caller=begun.caller,
                voiced_ms=begun.voiced_ms,
                final_ms=begun.final_ms,
                decided_ms=begun.decided_ms,
                why=begun.why,
                wait_ms=begun.wait_ms,
            )

    def _first(self, turn: int, moment: str, now: int) -> None:
        report = self._open.get(turn)
        if report is not None and getattr(report, moment) is None:
            changed: dict[str, int] = {moment: now}
            self._open[turn] = replace(report, **changed)  # type: ignore[arg-type]  # all moments are int | None

    def _sent(self, now: int) -> None:
        if self.greeting_ms is None:
            self.greeting_ms = now
        for turn, report in self._open.items():
            if report.audio_ms is not None and report.sent_ms is None and turn != self._speculation:
                self._open[turn] = replace(report, sent_ms=now)

    def _over(self, turn: int) -> None:
        report = self._open.pop(turn)
        self.reports.append(report)
        if self._on_report is not None:
            self._on_report(report)

    def _verdict(self, decision: d.Held | d.Cut | d.Resumed | d.PlatformCut, now: int, cleared: bool) -> None:
        onset = self._caller.onset_ms(now)
        if not isinstance(decision, d.Resumed) and self._caller.held is None and cleared and onset is not None:
            self._caller.held = BargeIn(onset, now)
        if not isinstance(decision, d.Held) and self._caller.held is not None:
            barge_in = replace(self._caller.held, verdict="resume" if isinstance(decision, d.Resumed) else "cut")
            self._caller.held = None
            self.barge_ins.append(barge_in)
            if self._on_barge_in is not None:
                self._on_barge_in(barge_in)


class _CallerSide:
    """The caller's side: bursts of voice, and the last final transcript. Times in ms since the call began."""

    def __init__(self) -> None:
        self.final_ms: int | None = None
        self.held: BargeIn | None = None
        self._burst_ms: int | None = None
        self._last_ms: int | None = None

    def voiced(self, now: int) -> None:
        if self._last_ms is None or now - self._last_ms > BURST_GAP_MS:
            self._burst_ms = now
        self._last_ms = now

    def onset_ms(self, now: int) -> int | None:
        """When the burst under way began; None if there is none (a key, an operator)."""
        if self._last_ms is None or now - self._last_ms > 4 * BURST_GAP_MS:
            return None
        return self._burst_ms

    def decided(self, turn: int, now: int) -> TurnReport:
        voiced = self._last_ms if self._last_ms is not None and now - self._last_ms <= BELIEVABLE_MS else None
        final = self.final_ms if voiced is not None and self.final_ms and self.final_ms >= voiced else None
        self.final_ms = None
        return TurnReport(turn, voiced_ms=voiced, final_ms=final, decided_ms=now)


def waterfall(report: TurnReport, width: int = 48) -> str:
    """The stages of a turn as text, one line each, bars to a common scale of at most `width` characters."""
    stages = report.stages()
    total = sum(stage.ms for stage in stages)
    if not stages or not total:
        return ""
    lines, before = [], 0
    for stage in stages:
        left = before * width // total
        size = max(1, (before + stage.ms) * width // total - left)
        lines.append(f"{stage.name:<10}{stage.ms:>6} ms  {' ' * left}{'█' * size}")
        before += stage.ms
    notes = [f"{report.tools} tool{'s' * (report.tools > 1)}"] if report.tools else []
    notes += [f"begun {report.ahead_ms} ms ahead"] if report.ahead_ms else []
    note = f" ({', '.join(notes)})" if notes else ""
    lines.append(f"{'answer':<10}{report.answer_ms if report.answer_ms is not None else total:>6} ms{note}")
    return "\n".join(lines)
