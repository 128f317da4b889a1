"""Logs: their configuration, and one line per turn and per call.

Event names are static. Personal data appears only under keys that begin with `pii_`. Unless TELEPHONY_LOG_PII=1, those
keys are removed, and so are the messages of exceptions (`tracebacks.py`). Both rules are processors for the whole
process, so they apply to every line. Secrets are never logged: a text from outside goes through `log_redaction`.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import TurnTaking
from telephony.observe.printable import PrintableFormatter, printable_traceback, printable_values
from telephony.observe.tracebacks import SecretlessFormatter, SilentFormatter, secretless, without_messages
from telephony.observe.turn_latency import TurnClock, TurnReport

log = structlog.get_logger()


def configure(level: str = "info", format: str = "console", pii: bool = False, stream: TextIO | None = None) -> None:
    """Sets up structlog, and the standard library's logging with it, for the whole process.

    `level`: debug, info, warning or error. `format`: `json` (one object per line) or `console`. `stream` is standard
    error by default.
    """
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = structlog.processors.JSONRenderer()
    if format == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=out.isatty(), pad_event_to=24, exception_formatter=printable_traceback
        )
    tracebacks: list[Any] = [structlog.processors.format_exc_info, secretless]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=format == "json"),
            *([] if pii else [without_pii, without_messages]),
            *(tracebacks if format == "json" else [printable_values]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    # Libraries: warnings and above only. Lower levels may contain texts, headers and keys.
    handler = logging.StreamHandler(out)
    inner = (SecretlessFormatter if pii else SilentFormatter)("%(levelname)s %(name)s: %(message)s")
    handler.setFormatter(PrintableFormatter(inner))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def without_pii(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: removes the keys that begin with `pii_`."""
    for key in [key for key in line if key.startswith("pii_")]:
        del line[key]
    return line


class CallLog:
    """A `FrameObserver`: logs a line for each turn and a summary of the call. Texts only if personal data is allowed.
    `rules` are those of the call's agent (None: the defaults)."""

    def __init__(self, call_sid: str, rules: TurnTaking | None = None) -> None:
        self._log = log.bind(call_sid=call_sid)
        self._turns = TurnClock(self._turn, rules=rules)
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._totals: list[int] = []
        self._now = 0
        self._ended = ""

    def see(self, step: Step) -> None:
        self._now = step.now_ms
        self._event(step.event)
        for action in step.actions:
            self._action(action)
        self._turns.see(step)

    def see_frame(self, seq: int, now_ms: int, event: e.AudioReceived) -> None:
        self._now = now_ms
        self._turns.see_frame(seq, now_ms, event)

    def close(self) -> None:
        self._turns.close()
        answers = sorted(self._totals)
        self._log.info(
            "call_ended",
            reason=self._ended or "unknown",
            duration_ms=self._now,
            greeting_ms=self._turns.greeting_ms,
            answer_ms_median=answers[len(answers) // 2] if answers else None,
            answer_ms_max=answers[-1] if answers else None,
            errors=dict(self._codes),
            **{name: self._counts[name] for name in _COUNTED},
        )

    # --- inside -----------------------------------------------------------------------------------------------------

    def _event(self, event: e.Event) -> None:
        match event:
            case e.AudioMissed(ms):
                self._counts["missed_ms"] += ms
            case e.SttLost(code, _) | e.TtsLost(code, _) | e.ReplyFailed(_, code, _) | e.SpeechLost(_, _, code, _):
                self._codes[code] += 1
                self._log.warning("provider_failed", at_ms=self._now, what=type(event).__name__, code=code)
            case e.OutboxOverflowed(port, dropped):
                self._counts["dropped"] += dropped
                self._log.warning("outbox_overflowed", at_ms=self._now, port=port, dropped=dropped)
            case e.ToolFinished():
                self._counts["tools"] += 1
                self._counts["tools_failed"] += event.failed
            case e.MoveStarted(why):
                self._ended = f"moved ({why})"
            case e.MoveFailed():
                self._ended = ""
            case e.CallerLeft(how):
                self._ended = self._ended or how

    def _action(self, action: a.Action) -> None:
        match action:
            case d.Cut() | d.PlatformCut():
                self._counts["cuts"] += 1
            case d.Resumed():
                self._counts["resumes"] += 1
            case d.Apologised():
                self._counts["apologies"] += 1
            case d.FillerSaid():
                self._counts["fillers"] += 1
            case a.EndCall(reason, _):
                self._ended = reason

    def _turn(self, report: TurnReport) -> None:
        self._counts["turns"] += 1
        if report.answer_ms is not None:
            self._totals.append(report.answer_ms)
        self._log.info(
            "turn",
            turn=report.turn,
            answer_ms=report.answer_ms,
            interrupted=report.interrupted,
            why=report.why,
            wait_ms=report.wait_ms,
            ahead_ms=report.ahead_ms,
            **{f"{stage.name}_ms": stage.ms for stage in report.stages()},
            pii_caller=report.caller,
            pii_agent=report.agent,
        )


_COUNTED = ("turns", "cuts", "resumes", "apologies", "fillers", "tools", "tools_failed", "missed_ms", "dropped")
