"""Shows a tape to people: a transcript, its steps, and a stereo recording."""

from __future__ import annotations

from pathlib import Path

from telephony.audio import wav
from telephony.contracts.observer import Step
from telephony.core import decisions as d
from telephony.tape import step_text
from telephony.tape.audio import agent_side, caller_side
from telephony.tape.reader import Tape
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
