"""Turns a tape into a test: `telephony save-test`.

Makes a folder with the tape and a test, to be moved and edited at will. Fixed phrases that were not played in the call
are saved as silence: a recorded tape holds the audio of all fixed phrases, which is most of its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.reader import Tape
from telephony.tape.replay import first_difference
from telephony.tape.show import timeline
from telephony.tape.writer import write

TEMPLATE = '''"""A recorded call{when}. `telephony tape show {folder}` prints what was said."""

from __future__ import annotations


def test_{name}(replay):
    """Today's code makes the recorded decisions in this call."""
    call = replay()
    assert call.ended == {ended}
    assert call.slowest_answer_ms <= {slowest}
    assert call.longest_overlap_ms <= {overlap}
    assert call.remembered_unheard == []
{tools}'''


@dataclass(frozen=True, slots=True)
class Saved:
    """Where the test and its tape are."""

    folder: Path
    test: Path


def save_test(tape: Tape, name: str, root: Path) -> Saved:
    """Makes `root`/`name` with the tape and a test that passes. Raises BadTape, and OSError if the folder exists."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise BadTape(f"{name!r} cannot be part of a Python name; use small letters, digits and underscores")
    if not tape.good:
        raise BadTape(f"only a whole tape makes a test: {(tape.problems or ['it breaks off'])[0]}")
    found = first_difference(fresh(tape.header), tape.steps)
    if found is not None:
        raise BadTape(f"{tape.path} does not replay with this version (see `telephony replay`), so it cannot be saved")
    folder = root / name
    write(folder, tape.header, without_unplayed_phrases(tape))
    test = folder / f"test_{name}.py"
    test.write_text(_test(tape, name, folder), encoding="utf-8")
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


def _test(tape: Tape, name: str, folder: Path) -> str:
    call = timeline(tape)
    ran = dict.fromkeys(tool.name for tool in call.tools if tool.ran)
    return TEMPLATE.format(
        when=f" of {tape.header.began[:10]}" if tape.header.began else "",
        folder=folder.as_posix(),
        name=name,
        ended=json.dumps(call.ended),
        slowest=-(-call.slowest_answer_ms // 50) * 50,
        overlap=-(-call.longest_overlap_ms // 50) * 50,
        tools="".join(f"    assert call.called({json.dumps(tool)})\n" for tool in ran),
    )
