"""A call as one HTML page: audio of both sides, what was said, latencies. No scripts, no external assets.

    timeline_html(steps, title="...", wav="call.wav", rules=agent.turn_taking) -> str

The audio that the caller heard is estimated: it plays at the carrier's 8,000 bytes a second from when it was sent, and
is dropped at `clear`. The core tracks what was provably heard (`core/speaking/playout.py`). All texts are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from telephony.audio.frames import BYTES_PER_MS
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import TurnTaking
from telephony.observe.turn_latency import BargeIn, TurnReport
from telephony.tape.audio import spans
from telephony.tape.timeline import Line, Timeline

PIXELS_PER_S = 60
_LANES = ("caller", "holds", "sent", "heard")
_TOP = {lane: 30 + 44 * index for index, lane in enumerate(_LANES)}
_HEIGHT = 30 + 44 * len(_LANES) + 14
_FLOOR, _CEILING = -600, -100  # tenths of dBFS drawn at zero and at full height
_STAGE_COLOURS = {
    "endpointing": "#7a9cc6", "starting": "#999", "llm": "#d9a441", "phrasing": "#b07cc6",
    "tts": "#5fa777", "sending": "#c96567",
}  # fmt: skip


def timeline_html(steps: Sequence[Step], *, title: str = "Call", wav: str = "", rules: TurnTaking | None = None) -> str:
    """The page as HTML. `wav`, if given, is the URL of the call's recording (may be relative). `rules` are the agent's
    (None: the defaults)."""
    call = Timeline(list(steps), rules=rules or TurnTaking())
    facts = [f"{call.length_ms / 1000:.1f} s", f"{len(call.answers)} answers"]
    facts += [f"{len(call.interruptions)} interruptions"]
    if call.greeting_ms is not None:
        facts.insert(1, f"greeting after {call.greeting_ms} ms")
    player = f'<p><audio controls src="{escape(wav)}"></audio><br>left: caller, right: agent</p>' if wav else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1><p>{escape(', '.join(facts))}</p>{player}"
        f'<div class="scroll">{_svg(call)}</div><p class="key">{_KEY}</p>'
        f"<h2>What was said</h2>{_lines(call.record)}<h2>Answers</h2>{_answers(call.answers)}"
        f"<h2>Interruptions</h2>{_interruptions(call.interruptions)}<h2>Decisions</h2>{_decisions(call)}</body></html>\n"
    )


def _holds(call: Timeline) -> list[tuple[int, int, str]]:
    """(start, end, what became of it) of each hold, and of each cut without one."""
    found: list[tuple[int, int, str]] = []
    for at, decision in call.actions(d.Decided):
        match decision:
            case d.Held():
                found.append((at, at, "hold"))
            case d.Cut() | d.PlatformCut() | d.Resumed():
                what = "resume" if isinstance(decision, d.Resumed) else "cut"
                begun = found.pop()[0] if found and found[-1][2] == "hold" else at
                found.append((begun, at, what))
    return found


# --- how it looks ---------------------------------------------------------------------------------------------------


def _x(ms: int) -> float:
    return round(70 + ms * PIXELS_PER_S / 1000, 1)


def _svg(call: Timeline) -> str:
    width = _x(call.length_ms) + 20
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{_HEIGHT}" role="img">']
    for second in range(call.length_ms // 1000 + 1):
        x = _x(second * 1000)
        parts.append(f'<line x1="{x}" x2="{x}" y1="18" y2="{_HEIGHT - 8}" class="grid"/>')
        parts.append(f'<text x="{x}" y="12" class="tick">{second} s</text>')
    for lane in _LANES:
        parts.append(f'<text x="4" y="{_TOP[lane] + 22}">{lane}</text>')
    parts.append(_level_path([(at, frame.level) for at, frame in call.events(e.AudioReceived)]))
    parts += [_bar("caller", span, "voiced", "voice", height=4, drop=34) for span in call.caller_spans]
    sent = ((at, at + len(audio.pcmu) // BYTES_PER_MS) for at, audio in call.actions(a.SendAudio))
    parts += [_bar("sent", span, "sent", "sent to the carrier") for span in spans(sent)]
    parts += [_bar("heard", span, "heard", "heard by the caller") for span in call.agent_spans]
    parts += [_bar("holds", (start, max(end, start + 30)), what, what) for start, end, what in _holds(call)]
    for clear, _ in call.actions(a.ClearPlayout):
        parts.append(f'<line x1="{_x(clear)}" x2="{_x(clear)}" y1="20" y2="{_HEIGHT - 8}" class="clear"/>')
    for one in call.record:
        place = f'cx="{_x(one.at)}" cy="{_TOP["caller" if one.speaker in ("caller", "key") else "heard"] + 2}"'
        parts.append(f'<circle {place} r="4" class="line"><title>{escape(one.text)}</title></circle>')
    return "".join(parts) + "</svg>"


def _level_path(levels: Sequence[tuple[int, int]]) -> str:
    if not levels:
        return ""
    base = _TOP["caller"] + 34
    points = []
    for at, level in levels:
        share = min(1.0, max(0.0, (level - _FLOOR) / (_CEILING - _FLOOR)))
        points.append(f"{_x(at)},{base - 30 * share:.1f}")
    return f'<polygon class="level" points="{_x(levels[0][0])},{base} {" ".join(points)} {_x(levels[-1][0])},{base}"/>'


def _bar(lane: str, span: tuple[int, int], kind: str, what: str, height: int = 30, drop: int = 4) -> str:
    start, end = span
    label = escape(f"{what}: {start / 1000:.2f} - {end / 1000:.2f} s")
    return (
        f'<rect class="{kind}" x="{_x(start)}" y="{_TOP[lane] + drop}" '
        f'width="{max(1.0, (end - start) * PIXELS_PER_S / 1000):.1f}" height="{height}"><title>{label}</title></rect>'
    )


def _table(rows: Sequence[str]) -> str:
    return f"<table>{''.join(rows)}</table>"


def _row(at: int, *cells: str, kind: str = "") -> str:
    texts = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{escape(kind)}"><td>{at / 1000:.2f}</td>{texts}</tr>'


def _lines(record: Sequence[Line]) -> str:
    said = [(one, f"{one.text} …(interrupted)" if one.interrupted else one.text) for one in record]
    return _table([_row(one.at, one.speaker, text, kind=one.speaker) for one, text in said])


def _answers(reports: Sequence[TurnReport]) -> str:
    rows = []
    for report in reports:
        bars = "".join(
            f'<span class="stage" style="width:{max(1, stage.ms // 4)}px;background:{_STAGE_COLOURS[stage.name]}" '
            f'title="{escape(stage.name)}: {stage.ms} ms"></span>'
            for stage in report.stages()
        )
        words = ", ".join(f"{stage.name} {stage.ms}" for stage in report.stages())
        took = "-" if report.answer_ms is None else f"{report.answer_ms} ms"
        rows.append(f"<tr><td>{report.turn}</td><td>{took}</td><td>{bars}<br>{escape(words)}</td></tr>")
    return f"<table><tr><th>turn</th><th>answer</th><th>where the time went (ms)</th></tr>{''.join(rows)}</table>"


def _interruptions(sounds: Sequence[BargeIn]) -> str:
    rows = [_row(one.onset_ms, one.verdict, f"silent after {one.ms} ms") for one in sounds]
    return _table(rows) if rows else "<p>none</p>"


def _decisions(call: Timeline) -> str:
    """The core's decisions with their reasons, as a table."""
    rows = []
    for at, one in call.actions(d.Decided):
        because = ", ".join(f"{name.removesuffix('_ms')} {value}" for name, value in d.evidence(one).items())
        rows.append(_row(at, d.title(type(one)), because))
    return _table(rows)


_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:24px;color:#222}h1{font-size:20px}h2{font-size:16px}"
    ".scroll{overflow-x:auto;border:1px solid #ddd}svg text{font-size:12px;fill:#555}.tick{font-size:10px}"
    ".grid{stroke:#eee}.clear{stroke:#c33;stroke-dasharray:3 3}.level{fill:#9db8d8}.voiced{fill:#2f5f9e}"
    ".sent{fill:#cfe6d6}.heard{fill:#4f9e69}.hold{fill:#e7c66b}.resume{fill:#e7c66b}.cut{fill:#c96567}"
    ".line{fill:#444}table{border-collapse:collapse}td,th{padding:2px 12px 2px 0;text-align:left;vertical-align:top}"
    ".caller td{color:#2f5f9e}.agent td{color:#2c6e44}.tool td,.key td{color:#888}"
    ".stage{display:inline-block;height:12px}.key{color:#777}"
)
_KEY = (
    "caller: level, with detected voice below it; holds: yellow = held and resumed, red = cut; sent: when audio was "
    "sent to the carrier (faster than it plays); heard: when the caller heard it; dashed red: the playout was "
    "cleared; dots: transcript lines."
)
