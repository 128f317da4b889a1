"""An observer that shows a call on the page: who says what, how much of it was heard, who has the floor and why.

Theory of operation. The page is told of changes only, each as one JSON object with a `type`:

    line     a line on record: `who` is caller or agent, `text` as heard, `unheard` what followed and was not
    partial  what the caller is saying, as far as it is understood; "" if it is withdrawn
    saying   what the agent is saying in a `turn`: `heard` and `unheard`
    floor    `who` has it (agent, caller, held, thinking), and `why` in words
    turn     the waterfall of a turn, as far as it has come: `stages` with their ms, `answer_ms`, `over`
    key      a key was pressed
    tool     a tool runs, or has returned
    note     a decision in words
    closed   the conversation is over

What comes from inside the service, such as a tool's result, is an event's `details`.

How much was heard is the core's own account (`Conversation.saying`), looked up when something happens that may have
changed it, and five times a second. A managed agent's words are shown when they are on record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from telephony.console import words
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.engine import Engine
from telephony.core.policy import TurnTaking
from telephony.observe.turn_latency import TurnClock, TurnReport

LOOK_EVERY = 10
"""Frames between two looks at what was heard."""
RESULT_CHARS = 500

_FAILED: dict[type[e.Event], str] = {
    e.SttLost: "The speech recogniser was lost.",
    e.TtsLost: "The voice was lost.",
    e.ReplyFailed: "The language model has failed.",
    e.SpeechLost: "A sentence could not be spoken.",
}
Tell = Callable[[Mapping[str, Any]], None]


class Holder(StrEnum):
    """Who has the floor. HELD: the agent, silenced until it is clear what the caller wants. THINKING: nobody, the
    answer is on its way."""

    CALLER = "caller"
    AGENT = "agent"
    HELD = "held"
    THINKING = "thinking"


class Feed:
    """A `FrameObserver`. `engine` is asked for the engine that has the call at the moment; `rules` are its agent's."""

    def __init__(self, tell: Tell, engine: Callable[[], Engine | None], rules: TurnTaking | None = None) -> None:
        self._tell, self._engine = tell, engine
        self._turns = TurnClock(self._over, rules=rules)
        self._shown: dict[int, TurnReport] = {}
        self._saying: dict[int, tuple[str, str]] = {}
        self._holder: Holder | None = None
        self._tools: dict[str, str] = {}
        self._partial = ""
        self._frames = 0
        self._closed = False

    def see(self, step: Step) -> None:
        self._turns.see(step)
        self._event(step.event)
        for action in step.actions:
            self._action(action)
        if any(isinstance(action, a.SendAudio) for action in step.actions) and self._holder is not Holder.AGENT:
            self._floor(Holder.AGENT, "")
        self._look(step.now_ms)
        for report in self._turns.under_way():
            if report != self._shown.get(report.turn):
                self._waterfall(report, over=False)

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self._turns.see_frame(seq, now_ms, event)
        self._frames += 1
        if self._frames % LOOK_EVERY == 0:
            self._look(now_ms)

    def close(self) -> None:
        self._turns.close()
        self._ended("")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _event(self, event: e.Event) -> None:
        match event:
            case e.TranscriptUpdated(stable, tentative):
                self._understood(f"{stable} {tentative}".strip())
            case e.KeyPressed(digit):
                self._tell({"type": "key", "key": digit})
            case e.ToolWanted(_, tool_call_id, name, arguments):
                self._tools[tool_call_id] = f"{name}({arguments})"
            case e.ToolFinished(_, tool_call_id, result, failed):
                text = f"The tool has {'failed' if failed else 'returned'}."
                self._tell({"type": "tool", "text": text, "details": result[:RESULT_CHARS]})
            case e.SttLost(code) | e.TtsLost(code) | e.ReplyFailed(_, code) | e.SpeechLost(_, _, code):
                self._tell({"type": "note", "text": _FAILED[type(event)], "details": code})
            case e.CallerLeft(how):
                self._ended(str(how))

    def _action(self, action: a.Action) -> None:
        match action:
            case a.LineAdded(speaker, text, turn, interrupted):
                self._line(speaker, text, turn, interrupted)
            case a.RunTool(_, tool_call_id):
                details = self._tools.pop(tool_call_id, "")[:RESULT_CHARS]
                self._tell({"type": "tool", "text": "The agent uses a tool.", "details": details})
            case d.TurnEnded():
                self._floor(Holder.THINKING, words.ended(action))
            case d.Held():
                self._floor(Holder.HELD, words.floor(action))
            case d.Cut():
                self._floor(Holder.CALLER, words.floor(action))
            case d.Resumed():
                self._floor(Holder.AGENT, words.floor(action))
            case a.EndCall(reason, _):
                self._ended(reason)
            case d.Decided() if note := words.remark(action):
                self._tell({"type": "note", "text": note, "details": words.details(action)})

    def _floor(self, holder: Holder, why: str) -> None:
        self._holder = holder
        self._tell({"type": "floor", "who": holder, "why": why})

    def _understood(self, text: str) -> None:
        if text != self._partial:
            self._partial = text
            self._tell({"type": "partial", "text": text})

    def _line(self, speaker: str, text: str, turn: int, interrupted: bool) -> None:
        """A line on record. What the agent would have said beyond it is what had been handed out."""
        heard, unheard = self._saying.pop(turn, ("", "")) if speaker == "agent" else ("", "")
        rest = f"{heard} {unheard}".split()[len(text.split()) :] if interrupted else []
        self._partial = "" if speaker == "caller" else self._partial
        self._tell({
            "type": "line", "who": speaker, "text": text, "unheard": " ".join(rest), "turn": turn,
            "interrupted": interrupted,
        })  # fmt: skip

    def _look(self, now: int) -> None:
        engine = self._engine()
        if not isinstance(engine, Conversation):
            return
        current = engine.saying(now)
        for one in current:
            if self._saying.get(one.turn) != (one.heard, one.unheard):
                self._saying[one.turn] = (one.heard, one.unheard)
                self._tell({"type": "saying", "turn": one.turn, "heard": one.heard, "unheard": one.unheard})
        if self._holder is Holder.AGENT and not current:
            self._floor(Holder.CALLER, "The agent has said everything.")

    def _over(self, report: TurnReport) -> None:
        self._waterfall(report, over=True)
        self._shown.pop(report.turn, None)

    def _waterfall(self, report: TurnReport, *, over: bool) -> None:
        self._shown[report.turn] = report
        stages = [{"name": stage.name, "ms": stage.ms} for stage in report.stages()]
        if stages:
            self._tell({
                "type": "turn", "turn": report.turn, "over": over, "stages": stages, "answer_ms": report.answer_ms,
                "ahead_ms": report.ahead_ms, "tools": report.tools, "why": words.turn_ended(report.why),
                "wait_ms": report.wait_ms,
            })  # fmt: skip

    def _ended(self, why: str) -> None:
        if not self._closed:
            self._closed = True
            self._tell({"type": "closed", "details": why})
