"""Compares two versions of a call: the tape and a rehearsal of it. Pure.

The comparison is a list of moments (`Row`) and sums (`Totals`). Sums end at the `divergence`: once the caller acts
after hearing something other than on the tape, the recorded words no longer answer the agent. An answer that only comes
earlier or later is no divergence if it is over before the caller's next act: they would have said the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.observe.turn_latency import BargeIn
from telephony.tape import step_text
from telephony.tape.audio import Played
from telephony.tape.timeline import Timeline, overlaps

SLACK_MS = 200
"""A line with no more than this left to play counts as heard in full."""
APART_MS = 500
"""Two positions in the same line that are no further apart count as the same."""
SAME_MS = 20
KEY_WORDS = 4


# --- where they part ------------------------------------------------------------------------------------------------


def divergence(then: Timeline, now: Timeline) -> int | None:
    """When (ms) the caller first acts after hearing something else than on the tape; None if that never happens."""
    old, new = _Listener(then), _Listener(now)
    for at in caller_moments(then):
        if not old.alike(new, at):
            return at
    return None


def caller_moments(call: Timeline) -> list[int]:
    """Times (ms) at which the caller began to speak, pressed a key, or hung up."""
    voice = [start for start, _ in call.caller_spans]
    return sorted(voice + [at for kind in (e.KeyPressed, e.CallerLeft) for at, _ in call.events(kind)])


@dataclass(slots=True)
class _Heard:
    """A turn of the agent as the caller hears it: its line in the record, and the pieces that were played."""

    text: str
    interrupted: bool
    pieces: list[Played]

    def at(self, ms: int) -> tuple[str, int]:
        """At `ms`: (text, 0) if it is over, else ("", ms heard)."""
        end = self.pieces[-1].end
        if end <= (ms if self.interrupted else ms + SLACK_MS):
            return self.text, 0
        return "", sum(min(piece.end, ms) - piece.start for piece in self.pieces if piece.start < ms)


class _Listener:
    """What the caller has heard of the agent at any time."""

    def __init__(self, call: Timeline) -> None:
        lines = {line.turn: line for line in call.record if line.speaker == "agent"}
        turns: dict[int, _Heard] = {}
        for piece in call.played:
            if (line := lines.get(piece.turn)) is not None:  # without a line, not a word was heard
                turns.setdefault(piece.turn, _Heard(line.text, line.interrupted, [])).pieces.append(piece)
        self._turns = list(turns.values())
        self._end = call.steps[-1].now_ms if call.steps and _ended(call.steps) else None

    def alike(self, other: _Listener, ms: int) -> bool:
        gone = [end is not None and end < ms for end in (self._end, other._end)]
        return gone[0] == gone[1] and all(
            x == y or (x[0] == y[0] and abs(x[1] - y[1]) <= APART_MS)
            for x, y in zip_longest(self._at(ms), other._at(ms), fillvalue=("", 0))
        )

    def _at(self, ms: int) -> list[tuple[str, int]]:
        """For each turn begun before `ms`: (its text, 0) if it is over, else ("", ms heard of it)."""
        return [turn.at(ms) for turn in self._turns if turn.pieces[0].start < ms]


def _ended(steps: Sequence[Step]) -> bool:
    return isinstance(steps[-1].event, e.CallerLeft) or any(isinstance(x, a.EndCall) for x in steps[-1].actions)


# --- moments --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """Something a listener would notice, or a decision behind it. Moments with the same `key` correspond to each other,
    even at different times."""

    at: int
    key: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A moment on the tape (`then`) and in the rehearsal (`now`); one of them is None if only one side has it."""

    then: Moment | None
    now: Moment | None

    @property
    def at(self) -> int:
        return min(one.at for one in (self.then, self.now) if one is not None)

    @property
    def same(self) -> bool:
        return self.then is not None and self.now is not None and abs(self.then.at - self.now.at) <= SAME_MS


def moments(call: Timeline) -> list[Moment]:
    """The moments of a call, in order of time."""
    return sorted((*_decisions(call), *_starts(call)), key=lambda one: one.at)


def _starts(call: Timeline) -> Iterator[Moment]:
    """The moments at which a turn of the agent begins to play."""
    first = _first_words(call.steps)
    answers = {one.turn: one.answer_ms for one in call.answers}
    begun: set[int] = set()
    for piece in call.played:
        if piece.turn not in begun:
            begun.add(piece.turn)
            said, waited = first.get(piece.turn, ""), answers.get(piece.turn)
            after = f" ({waited} ms after the caller)" if waited is not None else ""
            key = ("starts", *said.split()[:KEY_WORDS])
            yield Moment(piece.start, key, f"agent begins: {said!r}{after}")


def _first_words(steps: Iterable[Step]) -> dict[int, str]:
    """Turn -> its first text, as given to the TTS, or its line in the record for a fixed phrase."""
    found: dict[int, str] = {}
    for step in steps:
        for action in step.actions:
            match action:
                case a.Speak(turn, _, text):
                    found.setdefault(turn, text.strip())
                case a.LineAdded("agent", text, turn):
                    found.setdefault(turn, text)
    return found


def _decisions(call: Timeline) -> Iterator[Moment]:
    spoken = {piece.turn for piece in call.played}
    wanted: dict[tuple[int, str], str] = {}
    for step in call.steps:
        now = step.now_ms
        if isinstance(step.event, e.ToolWanted):
            wanted[(step.event.turn, step.event.tool_call_id)] = f"{step.event.name}({step.event.arguments})"
        if isinstance(step.event, e.KeyPressed):
            yield Moment(now, ("key", step.event.digit), f"caller presses {step.event.digit}")
        if isinstance(step.event, e.CallerLeft):
            yield Moment(now, ("left",), "caller hangs up")
        for action in step.actions:
            match action:
                case a.LineAdded("caller", text):
                    yield Moment(now, ("caller", *step_text.plain(text)), f"caller has said: {text!r}")
                case a.LineAdded("agent", text, turn, True) if turn in spoken:
                    yield Moment(now, ("cut", *text.split()), f"agent is interrupted after {text!r}")
                case d.Held(why=why):
                    yield Moment(now, ("hold",), f"agent is held ({why})")
                case d.Resumed(why=why):
                    yield Moment(now, ("resume",), f"agent resumes ({why})")
                case a.RunTool(turn, tool_call_id):
                    tool = wanted.get((turn, tool_call_id), "a tool")
                    yield Moment(now, ("tool", tool), f"{tool} runs")
                case a.EndCall(reason):
                    yield Moment(now, ("end", reason), f"the call is ended ({reason})")


def rows(then: Sequence[Moment], now: Sequence[Moment]) -> list[Row]:
    """Both sides, matched by key, in order of time."""
    matcher = SequenceMatcher(None, [one.key for one in then], [one.key for one in now], autojunk=False)
    found: list[Row] = []
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what == "equal":
            found += [Row(old, new) for old, new in zip(then[i1:i2], now[j1:j2], strict=True)]
        else:
            found += [Row(old, None) for old in then[i1:i2]] + [Row(None, new) for new in now[j1:j2]]
    return sorted(found, key=lambda row: row.at)


def row_text(row: Row) -> str:
    """A row as a line: ` ` same time, `~` moved, `-` only on the tape, `+` only in the rehearsal."""
    if row.now is None:
        assert row.then is not None
        return f"- {step_text.at(row.then.at)}{'':12}{row.then.text}"
    if row.then is None:
        return f"+ {step_text.at(row.now.at)}{'':12}{row.now.text}"
    by = row.now.at - row.then.at
    moved = "" if row.same else f" {by:+6} ms  "
    return f"{' ' if row.same else '~'} {step_text.at(row.then.at)}{moved:12}{row.now.text}"


# --- sums -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Totals:
    """Counts and times (ms) of a call up to a point.

    `answers` are the waits for answers; `cut_offs` counts turns ended while the caller was only pausing; `false_alarms`
    counts holds that ended in a resume; `yielding` is how long both spoke before each hold or cut.
    """

    answers: list[int] = field(default_factory=list)
    cut_offs: int = 0
    interruptions: int = 0
    false_alarms: int = 0
    yielding: list[int] = field(default_factory=list)
    overlap_ms: int = 0
    call_ms: int = 0

    def __iadd__(self, other: Totals) -> Totals:
        self.answers += other.answers
        self.yielding += other.yielding
        self.cut_offs += other.cut_offs
        self.interruptions += other.interruptions
        self.false_alarms += other.false_alarms
        self.overlap_ms += other.overlap_ms
        self.call_ms += other.call_ms
        return self


def totals(call: Timeline, until: int | None) -> Totals:
    """Sums up what began before `until` (ms; None: the whole call)."""
    end = call.length_ms if until is None else min(until, call.length_ms)
    answers = [
        one for one in call.answers if one.answer_ms is not None and (one.voiced_ms or one.decided_ms or 0) < end
    ]
    sounds = [one for one in call.interruptions if one.onset_ms < end]
    return Totals(
        answers=[one.answer_ms for one in answers if one.answer_ms is not None],
        cut_offs=sum(at < end for at in call.cut_offs),
        interruptions=sum(one.verdict == "cut" for one in sounds),
        false_alarms=sum(one.verdict == "resume" for one in sounds),
        yielding=[_yielded_ms(call, one) for one in sounds],
        overlap_ms=sum(max(0, min(to, end) - since) for since, to in overlaps(call.agent_spans, call.caller_spans)),
        call_ms=end,
    )


def _yielded_ms(call: Timeline, sound: BargeIn) -> int:
    """Time from when both could be heard until the agent was silent."""
    begun = max((start for start, _ in call.agent_spans if start <= sound.cleared_ms), default=0)
    return sound.cleared_ms - max(sound.onset_ms, begun)


def middle(values: Sequence[int]) -> int | None:
    """The median; None without values."""
    return sorted(values)[len(values) // 2] if values else None


_TABLE: tuple[tuple[str, str, Callable[[Totals], int | None]], ...] = (
    ("answers", "", lambda one: len(one.answers)),
    ("wait for an answer, median", " ms", lambda one: middle(one.answers)),
    ("wait for an answer, longest", " ms", lambda one: max(one.answers, default=None)),
    ("answers into a pause of the caller", "", lambda one: one.cut_offs),
    ("interruptions", "", lambda one: one.interruptions),
    ("false alarms", "", lambda one: one.false_alarms),
    ("until the agent is silent, median", " ms", lambda one: middle(one.yielding)),
    ("both speak", " ms", lambda one: one.overlap_ms),
)


def totals_text(then: Totals, now: Totals) -> list[str]:
    """Both sums as the lines of a table."""
    lines = [f"{'':44}{'recorded':>10}{'now':>10}"]
    for name, unit, value in _TABLE:
        old, new = value(then), value(now)
        shown = ["-" if one is None else f"{one}{unit}" for one in (old, new)]
        by = f"{new - old:+}{unit}" if old is not None and new is not None and new != old else ""
        lines.append(f"{name:<44}{shown[0]:>10}{shown[1]:>10}  {by}".rstrip())
    return lines
