"""Shows tapes to people: a transcript, its steps, a stereo recording, and a list of many calls.

Callers are masked in the list: it is for finding a call, and may be pasted into a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telephony.audio import wav
from telephony.contracts.observer import Step
from telephony.core import decisions as d
from telephony.observe.printable import printable
from telephony.tape import Flag, Order, step_text
from telephony.tape.audio import agent_side, caller_side
from telephony.tape.reader import Tape, damage
from telephony.tape.timeline import Timeline

_NOTES: dict[type[d.Decided], str] = {
    d.Held: "the agent is held: a sound of the caller",
    d.Resumed: "a false alarm: the agent resumes",
    d.Cut: "interrupted",
    d.PlatformCut: "interrupted",
    d.FillerSaid: "a filler phrase bridges the wait",
    d.Apologised: "something failed: an apology",
    d.NotHeard: "the caller was not understood",
    d.StillThereAsked: "the caller is silent, and is asked whether they are there",
}


def timeline(tape: Tape) -> Timeline:
    """The `Timeline` of a tape, with the tape's own rules."""
    return Timeline(tape.steps, tape.header.spoken_form(), tape.header.policy.turn_taking)


def transcript(tape: Tape) -> list[str]:
    """The call as lines: what was said when and by whom, tools, keys, and decisions about interruptions."""
    header, seen = tape.header, timeline(tape)
    parties = " -> ".join(header.call[name] for name in ("from", "to") if header.call.get(name))
    head = [tape.name, header.call.get("sid", ""), parties, header.began, f"{tape.length_ms / 1000:.1f} s"]
    entries = [(line.at, f"{line.speaker:<7}{line.text}{' …' if line.interrupted else ''}") for line in seen.record]
    entries += [(at, f"       ({text})") for at, text in _decisions(tape.steps)]
    lines = [", ".join(part for part in head if part), f"agent {header.agent.get('name', '?')}, {header.made}", ""]
    if header.variables:
        lines[-1:] = ["placed with " + "; ".join(f"{name}: {value}" for name, value in header.variables.items()), ""]
    lines += [f"{step_text.at(at)}  {text}" for at, text in sorted(entries, key=lambda one: one[0])]
    answers = [one.answer_ms for one in seen.answers if one.answer_ms is not None]
    if answers:
        lines += ["", f"answers after {', '.join(map(str, answers))} ms"]
    lines += [f"ended: {seen.ended or 'not on the tape'}"]
    return lines + ([] if tape.good else ["", "Damaged:", *(f"  {problem}" for problem in tape.problems)])


def steps(tape: Tape, begin_ms: int = 0, end_ms: int | None = None) -> list[str]:
    """Events and actions from `begin_ms` to `end_ms` (None: to the end), as lines."""
    end = tape.length_ms if end_ms is None else end_ms
    some = (step for step in tape.steps if begin_ms <= step.now_ms <= end)
    return step_text.steps(some, tape.header.policy.turn_taking)


def stereo_wav(tape: Tape, path: Path) -> None:
    """Writes both sides as heard: the caller left, the agent right. Raises BadTape, OSError."""
    wav.write(path, caller_side(tape.steps), agent_side(tape.steps))


def _decisions(steps: list[Step]) -> list[tuple[int, str]]:
    return [
        (step.now_ms, _NOTES[type(one)] + (f" ({why})" if (why := d.evidence(one).get("why")) else ""))
        for step in steps
        for one in step.actions
        if isinstance(one, d.Decided) and type(one) in _NOTES
    ]


# --- a list of calls --------------------------------------------------------------------------------------------------

SHOWN_FIRST, SHOWN_LAST = 3, 2
"""How many characters of a number are shown."""
WORDS = frozenset({"anonymous", "restricted", "unavailable", "unknown"})
"""What the carrier gives instead of a number."""


TALKED_OVER_MS = 1_000
_FLAGS: Mapping[Flag, Callable[[Timeline], Any]] = {
    Flag.FAILURE: lambda call: call.decided(d.Apologised),
    Flag.NOT_HEARD: lambda call: call.decided(d.NotHeard),
    Flag.CUT_OFF: lambda call: call.cut_offs,
    Flag.TALKED_OVER: lambda call: call.longest_overlap_ms > TALKED_OVER_MS,
    Flag.TOOL_FAILED: lambda call: any(tool.failed for tool in call.tools),
    Flag.UNHEARD: lambda call: call.remembered_unheard,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded call. `name` is its folder; `began` is UTC, ISO 8601; `outcome` how it ended ("" if that is not on the
    tape); `worst_ms` the longest wait for an answer (None without any)."""

    name: str
    began: str
    caller: str
    length_ms: int
    outcome: str
    worst_ms: int | None
    flags: tuple[Flag, ...] = ()
    problem: str = ""

    def words(self) -> str:
        """The call in a phrase, for a person."""
        when = f"{self.began[:19].replace('T', ' ')} UTC" if self.began else "at an unknown time"
        who = f", from {self.caller}" if self.caller else ""
        return printable(f"{when}{who}, {self.length_ms / 1000:.1f} s, ended: {self.outcome or '?'}")


def entry(tape: Tape) -> Entry:
    """The line about a tape, as far as it can be read."""
    call = timeline(tape)
    waits = [one.answer_ms for one in call.answers if one.answer_ms is not None]
    return Entry(
        name=str(tape.path),
        began=tape.header.began,
        caller=masked(tape.header.call.get("from", "")),
        length_ms=tape.length_ms,
        outcome=call.ended,
        worst_ms=max(waits, default=None),
        flags=(*([] if tape.good else [Flag.DAMAGED]), *(flag for flag, of in _FLAGS.items() if of(call))),
        problem="" if tape.good else damage(tape),
    )


def masked(number: str) -> str:
    """A caller as far as it may be shown: the beginning and the last two characters of a number, a word of Twilio's
    (anonymous) whole."""
    if number.lower() in WORDS:
        return number
    hidden = max(0, len(number) - SHOWN_FIRST - SHOWN_LAST)
    if hidden < SHOWN_FIRST:  # too short to hide anything in
        return "*" * len(number)
    return number[:SHOWN_FIRST] + "*" * hidden + number[-SHOWN_LAST:]


def chosen(
    entries: Iterable[Entry], *, flags: Iterable[str], outcome: str, since: str, slower_than_ms: int
) -> list[Entry]:
    """The calls with all these flags, of this outcome ("": any), begun at `since` (a date, or its beginning) or later,
    whose worst answer took longer than `slower_than_ms` (-1: any, or no answer at all)."""
    wanted = set(flags)
    return [
        one
        for one in entries
        if wanted <= set(one.flags)
        and outcome in ("", one.outcome)
        and one.began >= since
        and (slower_than_ms < 0 or (one.worst_ms is not None and one.worst_ms > slower_than_ms))
    ]


_KEYS: Mapping[Order, Callable[[Entry], Any]] = {
    Order.TIME: lambda one: (one.began, one.name),
    Order.LENGTH: lambda one: one.length_ms,
    Order.ANSWER: lambda one: -1 if one.worst_ms is None else one.worst_ms,
}


def ordered(entries: Iterable[Entry], by: Order) -> list[Entry]:
    """Sorted: by time the newest first, otherwise the largest first."""
    return sorted(entries, key=_KEYS[by], reverse=True)


def table(entries: Iterable[Entry]) -> list[str]:
    """The lines of a table, with a head."""
    lines = [f"{'began (UTC)':<20}{'caller':<17}{'length':>8}  {'ended':<16}{'worst answer':>13}  flags, tape"]
    for one in entries:
        worst = "-" if one.worst_ms is None else f"{one.worst_ms} ms"
        flags = ", ".join(one.flags) or "-"
        lines.append(
            f"{one.began[:19].replace('T', ' ') or '?':<20}{one.caller or '?':<17}{one.length_ms / 1000:>6.1f} s  "
            f"{one.outcome or '?':<16}{worst:>13}  {flags}  {one.name}"
        )
    return [printable(line) for line in lines]
