"""Prints a call live on a terminal: who says what, how long the answers took, what was interrupted.

Plain lines that are readable without colour; colours are added if the stream is a terminal. Control characters in a
call's texts are replaced by spaces: a caller cannot control the terminal.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import TurnTaking
from telephony.observe.turn_latency import BargeIn, TurnClock, TurnReport, waterfall

_DIM, _CALLER, _AGENT, _WARN, _PLAIN = "\033[2m", "\033[36m", "\033[32m", "\033[33m", "\033[0m"
_ENDINGS = {"caller": "the caller hung up", "stop": "the caller hung up", "agent": "the agent ended the call"}


class Console:
    """A `FrameObserver`. `title` is printed at the start of the call, to tell several calls apart. `rules` are those of
    the call's agent (None: the defaults)."""

    def __init__(self, title: str = "", stream: TextIO | None = None, *, rules: TurnTaking | None = None) -> None:
        self._out = stream or sys.stdout
        self._colours = self._out.isatty() and "NO_COLOR" not in os.environ
        self._title = title
        self._turns = TurnClock(self._report, self._barge_in, rules)
        self._tools: dict[str, str] = {}
        self._now = 0
        self._over = False

    def see(self, step: Step) -> None:
        self._now = step.now_ms
        if isinstance(step.event, e.CallStarted):
            self._line("", f"call answered {self._title}".rstrip(), _DIM)
        if isinstance(step.event, e.ToolWanted):
            self._tools[step.event.tool_call_id] = f"{step.event.name}({step.event.arguments})"
        for action in step.actions:
            self._action(action)
        if isinstance(step.event, e.CallerLeft):
            self._ended(_ENDINGS.get(step.event.how, step.event.how))
        if isinstance(step.event, e.SttLost | e.TtsLost | e.ReplyFailed):
            self._line("", f"{type(step.event).__name__}: {step.event.code}", _WARN)
        self._turns.see(step)

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self._now = now_ms
        self._turns.see_frame(seq, now_ms, event)

    def close(self) -> None:
        self._turns.close()
        self._out.flush()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _action(self, action: a.Action) -> None:
        match action:
            case a.LineAdded("caller", text):
                self._line("caller", text, _CALLER)
            case a.LineAdded("agent", text, _, interrupted):
                self._line("agent", f"{text} -- (interrupted)" if interrupted else text, _AGENT)
            case a.RunTool(_, tool_call_id):
                self._line("", f"tool {self._tools.pop(tool_call_id, tool_call_id)}", _DIM)
            case d.NotHeard() | d.FillerSaid() | d.Apologised() | d.StillThereAsked():
                self._line("", d.title(type(action)), _WARN)
            case a.EndCall(reason, _):
                self._ended(_ENDINGS.get(reason, reason))

    def _ended(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._line("", f"call ended: {why}", _DIM)

    def _barge_in(self, barge_in: BargeIn) -> None:
        kind = "interrupted" if barge_in.verdict == "cut" else "held, then resumed"
        self._line("", f"agent {kind}: silent {barge_in.ms} ms after the caller's voice was detected", _WARN)

    def _report(self, report: TurnReport) -> None:
        for line in waterfall(report).splitlines():
            self._print(f"{'':>18}{line}", _DIM)

    def _line(self, who: str, text: str, colour: str) -> None:
        self._print(f"{self._now / 1000:7.2f}  {who:<7}  {clean(text)}", colour)

    def _print(self, line: str, colour: str) -> None:
        try:
            print(f"{colour}{line}{_PLAIN}" if self._colours else line, file=self._out, flush=True)
        except UnicodeEncodeError:  # a terminal without UTF-8
            print(line.encode("ascii", "replace").decode(), file=self._out, flush=True)


def clean(text: str) -> str:
    """`text` on one line, with unprintable characters (control sequences) replaced by spaces."""
    return "".join(char if char.isprintable() else " " for char in text).strip()
