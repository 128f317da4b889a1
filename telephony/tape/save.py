"""Turns a tape into a test: `telephony save-test`.

Makes a folder with the tape and a test file, to be moved and edited at will. One test replays the call exactly: it
guards the rules of this package. The other rehearses the same caller with an agent as it is by then: it guards the
agent. Only calls of the pipeline can be rehearsed. Fixed phrases that were not played in the call
are saved as silence: a recorded tape holds the audio of all fixed phrases, which is most of its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.format import PIPELINE, Header
from telephony.tape.reader import Tape, damage
from telephony.tape.rehearsal.expectations import Expectation, listening, outcome
from telephony.tape.rehearsal.rehearse import rehearse
from telephony.tape.replay import first_difference
from telephony.tape.show import timeline
from telephony.tape.writer import write
from telephony.tools import Tool, Toolbox

TEMPLATE = '''"""A recorded call{when}. `telephony tape show {folder}` prints what was said."""

from __future__ import annotations
{pytest}

def test_{name}(replay):
    """Today's rules make the recorded decisions in this call."""
    call = replay()
{asserts}'''
REHEARSAL = '''

def test_{name}_rehearsed(rehearse):
    """The agent as it is today treats the same caller as well."""
    call = rehearse({agent})
{asserts}'''


@dataclass(frozen=True, slots=True)
class Saved:
    """Where the test and its tape are."""

    folder: Path
    test: Path


def save_test(tape: Tape, name: str, root: Path, agent: str = "") -> Saved:
    """Makes `root`/`name` with the tape, a test that passes and, given an `agent` (`module:name`) and a call that can
    be rehearsed, one that rehearses it with that agent. Raises BadTape, and OSError if the folder exists."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise BadTape(f"{name!r} cannot be part of a Python name; use small letters, digits and underscores")
    if not tape.good:
        raise BadTape(f"only a whole tape makes a test: {damage(tape)}")
    found = first_difference(fresh(tape.header), tape.steps)
    if found is not None:
        raise BadTape(f"{tape.path} does not replay with this version (see `telephony replay`), so it cannot be saved")
    folder = root / name
    write(folder, tape.header, without_unplayed_phrases(tape))
    test = folder / f"test_{name}.py"
    test.write_text(_test(tape, name, folder, agent), encoding="utf-8")
    return Saved(folder, test)


def without_unplayed_phrases(tape: Tape) -> list[Step]:
    """The steps with silence in place of phrases that were not played; unchanged if they would not replay the same."""
    said = [one.text for step in tape.steps for one in step.actions if isinstance(one, a.LineAdded) and one.text]
    sent = {one.pcmu[:160] for step in tape.steps for one in step.actions if isinstance(one, a.SendAudio)}
    for played in (
        lambda phrase: any(phrase.text.startswith(text) for text in said),
        lambda phrase: phrase.pcmu[:160] in sent,  # played, but nothing of it was heard
    ):
        steps = [_without(step, played) for step in tape.steps]
        if first_difference(fresh(tape.header), steps) is None:
            return steps
    return tape.steps


def _without(step: Step, played: Callable[[e.Phrase], bool]) -> Step:
    if not isinstance(step.event, e.PhrasesLoaded):
        return step
    phrases = (
        phrase if played(phrase) else replace(phrase, pcmu=b"\xff" * len(phrase.pcmu)) for phrase in step.event.phrases
    )
    return replace(step, event=e.PhrasesLoaded(tuple(phrases)))


def _test(tape: Tape, name: str, folder: Path, agent: str) -> str:
    call = timeline(tape)
    kept, rehearsed = outcome(call), bool(agent) and tape.header.engine == PIPELINE
    text = TEMPLATE.format(
        when=f" of {tape.header.began[:10]}" if tape.header.began else "",
        folder=folder.as_posix(),
        pytest="\nimport pytest\n" if rehearsed and call.waits_ms else "",
        name=name,
        asserts=_asserts(kept),
    )
    if rehearsed:
        asserts = _asserts([*kept, *listening(call)])
        text += REHEARSAL.format(name=name, agent=json.dumps(agent), asserts=asserts)
    return text


def _asserts(expectations: Iterable[Expectation]) -> str:
    return "".join(f"    assert {one.text}\n" for one in expectations)


def broken_by(tape: Tape, header: Header) -> list[str]:
    """The asserts of the saved test that a rehearsal with the core of `header` does not meet."""
    then, now = timeline(tape), rehearse(tape, header).now
    return [one.text for one in (*outcome(then), *listening(then)) if not one.holds(now)]


def lost_tools(tape: Tape, tools: Iterable[Tool]) -> list[str]:
    """Which tools ran in the call and could not run with the same arguments if the agent had these `tools`."""
    box = Toolbox(tools)
    ran = [one for one in timeline(tape).tools if one.ran and not one.failed]
    found = [(one.name, box.problem(one.name, json.dumps(dict(one.arguments)))) for one in ran]
    return [f"{name} ran in the recorded call, and today it could not: {why}" for name, why in found if why]
