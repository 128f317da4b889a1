"""Accepting changed decisions: `telephony replay --bless`. Pure, except that it rewrites the tape.

A tape records how the outside world answered the core's requests. If today's core only explains a decision differently
or puts another line on record, the rest of the tape is still valid. If it requests anything else, or at another time,
the world would have answered differently and the rest of the tape is not valid: rehearse the call and make a new tape.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core.decisions import RULES, Decided
from telephony.errors import TelephonyError
from telephony.tape import step_text
from telephony.tape.engines import fresh
from telephony.tape.format import BEING_MADE, SIDES, TAPE_FILE, Header
from telephony.tape.reader import Tape
from telephony.tape.replay import early_or_late
from telephony.tape.writer import write

OFFER = "Look at `telephony rehearse PATH`, and make a new tape of it with `--out`."

FILES = {TAPE_FILE, *(f"{side}.ulaw" for side in SIDES)}


@dataclass(frozen=True, slots=True)
class Blessing:
    """The tape's steps with today's actions; how many differ; why the tape is refused ("" if it is not)."""

    steps: tuple[Step, ...] = ()
    changed: int = 0
    refused: str = ""


def bless(tape: Tape) -> Blessing:
    """Checks whether the tape's events are still valid with today's decisions; writes nothing."""
    if not tape.good:
        return Blessing(refused=f"the tape is damaged: {tape.problems[0] if tape.problems else 'it breaks off'}")
    core, steps, changed = fresh(tape.header), list[Step](), 0
    for step in tape.steps:
        if why := early_or_late(core.deadline, step):
            return Blessing(refused=f"at {step.now_ms / 1000:.2f} s {why}")
        try:
            now = core.step(step.event, step.now_ms)
        except Exception as error:
            return Blessing(refused=f"at {step.now_ms / 1000:.2f} s the core raises {type(error).__name__}: {error}")
        if why := _otherwise(step.actions, now):
            return Blessing(refused=f"at {step.now_ms / 1000:.2f} s {why}")
        changed += now != step.actions
        steps.append(replace(step, actions=now))
    return Blessing(tuple(steps), changed)


def bless_in_place(tape: Tape) -> Blessing:
    """Blesses, and rewrites the tape if a step has changed or other rules made it. Raises BadTape, OSError."""
    found = bless(tape)
    if not found.refused and (found.changed or tape.header.rules != RULES):
        made = ",".join(dict.fromkeys((*tape.header.made.split(","), "blessed")))
        rewrite(tape.path, replace(tape.header, made=made, rules=RULES), found.steps)
    return found


def rewrite(folder: Path, header: Header, steps: Sequence[Step]) -> None:
    """Replaces the tape in `folder`. Deletes what a crash left of an earlier attempt. Raises OSError."""
    fresh_folder = folder.with_name(folder.name + BEING_MADE)
    if fresh_folder.is_dir() and {file.name for file in fresh_folder.iterdir()} <= FILES:
        shutil.rmtree(fresh_folder)
    write(fresh_folder, header, steps)
    for file in sorted(fresh_folder.iterdir()):
        os.replace(file, folder / file.name)
    fresh_folder.rmdir()


def asked(action: a.Action) -> tuple[object, ...]:
    """What an action requests of the outside world: equal requests get equal answers. () if it requests nothing."""
    match action:
        case a.LineAdded() | a.Transcribe() | Decided():
            return ()
        case a.StartReply(turn):
            return ("turn", turn)  # another history might change the model's answer: blessing accepts that
        case a.SendAudio(pcmu):
            return ("audio", len(pcmu))
        case a.Speak(turn, attempt, text):
            return ("context", turn, attempt, text.split())
        case a.RefuseTool(turn, tool_call_id):
            return ("refuse", turn, tool_call_id)
        case a.EndCall():
            return ("end",)
    return (action,)


def _otherwise(then: tuple[a.Action, ...], now: tuple[a.Action, ...]) -> str:
    old = [one for one in then if asked(one)]
    new = [one for one in now if asked(one)]
    for before, after in zip(old, new, strict=False):
        if asked(before) != asked(after):
            return f"the core would {step_text.action(after)} instead of: {step_text.action(before)}"
    if len(new) > len(old):
        return f"the core would also {step_text.action(new[len(old)])}"
    if len(old) > len(new):
        return f"the core would no longer {step_text.action(old[len(new)])}"
    return ""


def bless_all(tapes: Iterable[Tape], tell: Callable[[str], None]) -> int:
    """Blesses tapes in place and reports each. Returns the exit code: 0 if all were blessed, 1 if one was refused, 2 if
    one could not be replayed or written."""
    code = 0
    for tape in tapes:
        try:
            done = bless_in_place(tape)
        except (TelephonyError, OSError) as error:  # the others go on
            code = 2
            tell(f"{tape.path}: NOT blessed: {error}")
            continue
        if done.refused:
            code = code or 1
            tell(f"{tape.path}: NOT blessed: {done.refused}.")
            tell(f"  The rest of the tape would have gone differently. {OFFER}")
        else:
            tell(f"{tape.path}: {f'blessed, {done.changed} steps changed' if done.changed else 'the same'}")
    return code
