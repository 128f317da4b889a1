"""Replay: a tape's events into a fresh core; its actions must be the tape's. Pure.

A replay is exact or it is not one: it stops at the first difference. Compared are the actions of each step, and the
core's deadlines: a core that wants to be called earlier or later than the recorded one did would have been given other
events. An exception of the core is a difference too, unless the tape holds the call's breakdown by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.engine import Engine
from telephony.core.policy import TurnTaking
from telephony.tape import step_text
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.reader import Tape

CONTEXT_MS = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the core decides otherwise: at `index` of the steps. `now` are today's actions, `why` a sentence if it is
    not the actions that differ."""

    index: int
    step: Step
    now: tuple[a.Action, ...]
    why: str = ""


@dataclass(slots=True)
class Replayed:
    """What came of a replay. `steps` are those that were the same."""

    tape: Tape
    steps: int = 0
    difference: Difference | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Everything on the tape was replayed, and was the same."""
        return self.difference is None and self.tape.good

    def report(self) -> str:
        """What a person wants to know."""
        tape = self.tape
        head = f"{tape.path}: {tape.length_ms / 1000:.1f} s, {len(tape.steps)} steps"
        if self.difference is not None:
            found = describe(tape.steps, self.difference, tape.header.policy.turn_taking)
            return "\n".join([f"{head}: DIFFERENT", *found])
        if tape.good:
            return f"{head}: the same"
        upto = tape.steps[self.steps - 1].now_ms / 1000 if self.steps else 0.0
        readable = f"the same as far as it can be replayed ({upto:.1f} s), but the tape is damaged:"
        return "\n".join([f"{head}: {readable}", *(f"  {problem}" for problem in tape.problems)])


def replay(tape: Tape) -> Replayed:
    """Replays what is whole of the tape."""
    steps = tape.steps[: tape.whole]
    found = first_difference(fresh(tape.header), steps)
    return Replayed(tape, len(steps) if found is None else found.index, found)


def first_difference(call: Engine, steps: Sequence[Step]) -> Difference | None:
    """Drives `call` with the events of `steps`."""
    step_core = call.step
    for index, step in enumerate(steps):
        why = early_or_late(call.deadline, step)
        if why:
            return Difference(index, step, (), why)
        try:
            now = step_core(step.event, step.now_ms)
        except Exception as error:
            why = f"the core raises {type(error).__name__}: {error}"
            return Difference(index, step, (), why + (", as it did on the tape" if _broke_down(step) else ""))
        if now != step.actions:
            return Difference(index, step, now)
    return None


def early_or_late(deadline: int | None, step: Step) -> str:
    """Why a core with this deadline would not have been given this step's event now; "" if it would."""
    event = step.event
    if isinstance(event, e.TimeReached):
        if deadline == event.deadline_ms:
            return ""
        wanted = "no longer has a deadline" if deadline is None else f"now has its deadline at {deadline / 1000:.2f} s"
        return f"the core had a deadline at {event.deadline_ms / 1000:.2f} s, and {wanted}"
    if deadline is not None and deadline < step.now_ms:
        return f"the core now wants to be called at {deadline / 1000:.2f} s, before anything else happens"
    return ""


def _broke_down(step: Step) -> bool:
    return any(isinstance(action, a.EndCall) and action.reason == "broken" for action in step.actions)


# --- in words -------------------------------------------------------------------------------------------------------


def describe(steps: Sequence[Step], found: Difference, rules: TurnTaking) -> list[str]:
    """The difference, with two seconds of context before and after it. `rules` are the tape's."""
    at = found.step.now_ms
    before = [step for step in steps[: found.index] if at - step.now_ms <= CONTEXT_MS]
    after = [step for step in steps[found.index + 1 :] if step.now_ms - at <= CONTEXT_MS]
    lines = [f"The first difference is at {at / 1000:.2f} s (step {found.step.seq}).", ""]
    lines += [f"  {line}" for line in step_text.steps(before, rules)]
    lines += ["", f"  {step_text.at(at)}  {step_text.event(found.step.event, rules)}"]
    lines += sides(found)
    if after:
        lines += ["", "  On the tape it goes on like this:"]
        lines += [f"  {line}" for line in step_text.steps(after, rules)]
    return lines


def sides(found: Difference) -> list[str]:
    """Both sides: what is the same once, then what only the tape has (-), and only today's core (+)."""
    if found.why:
        tape = [f"    - on the tape: {step_text.action(one)}" for one in found.step.actions if _telling(one)]
        return [*(tape or ["    - on the tape: nothing is done"]), f"    + now: {found.why}"]
    then, now = list(found.step.actions), list(found.now)
    shared = 0
    while shared < min(len(then), len(now)) and then[shared] == now[shared]:
        shared += 1
    lines = [f"      both: {step_text.action(one)}" for one in then[:shared] if _telling(one)]
    lines += _side("-", "on the tape", then[shared:], now[shared:])
    return lines + _side("+", "now", now[shared:], then[shared:])


def _side(sign: str, name: str, actions: list[a.Action], others: list[a.Action]) -> list[str]:
    if not actions:
        return [f"    {sign} {name}: nothing{' more' if others else ''}"]
    return [f"    {sign} {name}: {_fully(one, others)}" for one in actions]


def _fully(one: a.Action, others: list[a.Action]) -> str:
    """An action in words; the whole of it, if the words alone are the same on both sides."""
    text = step_text.action(one)
    rival = next((other for other in others if other != one and step_text.action(other) == text), None)
    if rival is None:
        return text
    if isinstance(one, a.StartReply):
        return text + "; the history is\n" + "\n".join(f"          {line}" for line in step_text.history(one.history))
    return f"{text} [{one!r:.300}]"


def _telling(one: a.Action) -> bool:
    return not isinstance(one, a.Transcribe)


def replay_all(tapes: Iterable[Tape], tell: Callable[[str], None]) -> int:
    """Replays tapes and tells of each. The exit code: 0 all the same, 1 a difference, 2 a tape is damaged."""
    code = 0
    for tape in tapes:
        try:
            done = replay(tape)
        except BadTape as error:  # of an engine that this version does not have: the others go on
            tell(f"{tape.path}: {error}")
            code = code or 2
            continue
        tell(done.report())
        code = code if done.same else 1 if done.difference is not None else code or 2
    return code
