"""Replay: feeds a tape's events to a new core, whose actions must equal the tape's. Pure.

A replay stops at the first difference. It compares the actions of each step and the core's deadlines: a core that wants
to be called at another time than the recorded one would have received other events. An exception of the core is a
difference too; the report says if the recorded core broke down at the same step.

The code has one set of rules, today's (`RULES`). A call that other rules decided may well go otherwise by these, so a
difference there says nothing about the code: its tape is reported as of older rules, with an exit code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import RULES
from telephony.core.engine import Engine
from telephony.core.policy import TurnTaking
from telephony.tape import step_text
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.format import PIPELINE
from telephony.tape.reader import Tape

CONTEXT_MS = 2_000
SAME, DIFFERENT, DAMAGED, OTHER_RULES = range(4)
"""The exit codes. Of several tapes, the lowest that is not 0 counts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first step (`index`) at which the core differs from the tape. `now` are today's actions; `why` is a sentence
    if something other than the actions differs."""

    index: int
    step: Step
    now: tuple[a.Action, ...]
    why: str = ""


@dataclass(slots=True)
class Replayed:
    """The result of a replay. `steps` is the number of steps that were the same."""

    tape: Tape
    steps: int = 0
    difference: Difference | None = None

    @property
    def same(self) -> bool:
        """Whether the whole tape was replayed without a difference."""
        return self.difference is None and self.tape.good

    @property
    def code(self) -> int:
        return exit_code(self.tape, same=self.difference is None)

    def report(self) -> str:
        """The result as text, for people."""
        tape = self.tape
        head = f"{tape.path}: {tape.length_ms / 1000:.1f} s, {len(tape.steps)} steps"
        if self.difference is not None:
            found = describe(tape.steps, self.difference, tape.header.policy.turn_taking)
            return "\n".join([f"{head}: DIFFERENT", *other_rules(tape), *found])
        if tape.good:
            return "\n".join([f"{head}: the same", *other_rules(tape)])
        upto = tape.steps[self.steps - 1].now_ms / 1000 if self.steps else 0.0
        readable = f"the same as far as it can be replayed ({upto:.1f} s), but the tape is damaged:"
        return "\n".join([f"{head}: {readable}", *(f"  {problem}" for problem in tape.problems), *other_rules(tape)])


def exit_code(tape: Tape, same: bool) -> int:
    """The exit code for a tape; `same`: as far as it can be replayed, today's code does the same."""
    if not same and tape.header.rules == RULES:
        return DIFFERENT
    if not tape.good:
        return DAMAGED
    return SAME if tape.header.rules == RULES else OTHER_RULES


def worst(codes: Iterable[int]) -> int:
    """The exit code for all of them."""
    return min((code for code in codes if code != SAME), default=SAME)


def replay(tape: Tape) -> Replayed:
    """Replays the steps before the first damage. Raises BadTape for an unknown engine."""
    steps = tape.steps[: tape.whole]
    found = first_difference(fresh(tape.header), steps)
    return Replayed(tape, len(steps) if found is None else found.index, found)


def first_difference(call: Engine, steps: Sequence[Step]) -> Difference | None:
    """Feeds the events of `steps` to `call`; returns the first difference, or None."""
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
    """Why a core with this deadline would not have received this step's event at this time; "" if it would."""
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


def other_rules(tape: Tape) -> list[str]:
    """What there is to say of a tape of other rules, as lines."""
    rules = tape.header.rules
    if rules == RULES:
        return []
    age = "older" if rules < RULES else "newer"
    offer = f"  `telephony rehearse {tape.path}` shows the call by today's rules; `--out` makes a new tape of it."
    return [
        f"  The tape was made by {age} rules ({rules}; today's are {RULES}), so a difference may be meant.",
        *([offer] if tape.header.engine == PIPELINE else []),
    ]


def describe(steps: Sequence[Step], found: Difference, rules: TurnTaking) -> list[str]:
    """The difference as lines, with two seconds of context before and after. `rules` are the tape's."""
    at = found.step.now_ms
    before = [step for step in steps[: found.index] if at - step.now_ms <= CONTEXT_MS]
    after = [step for step in steps[found.index + 1 :] if step.now_ms - at <= CONTEXT_MS]
    lines = [f"The first difference is at {at / 1000:.2f} s (step {found.step.seq}).", ""]
    lines += [f"  {line}" for line in step_text.steps(before, rules)]
    lines += ["", f"  {step_text.at(at)}  {step_text.event(found.step.event, rules)}"]
    lines += sides(found)
    if after:
        lines += ["", "  The tape continues:"]
        lines += [f"  {line}" for line in step_text.steps(after, rules)]
    return lines


def sides(found: Difference) -> list[str]:
    """Lines for the actions of both sides: in common, only on the tape (-), only of today's core (+)."""
    if found.why:
        tape = [f"    - on the tape: {step_text.action(one)}" for one in found.step.actions if _is_shown(one)]
        return [*(tape or ["    - on the tape: nothing is done"]), f"    + now: {found.why}"]
    then, now = list(found.step.actions), list(found.now)
    shared = 0
    while shared < min(len(then), len(now)) and then[shared] == now[shared]:
        shared += 1
    lines = [f"      both: {step_text.action(one)}" for one in then[:shared] if _is_shown(one)]
    lines += _side("-", "on the tape", then[shared:], now[shared:])
    return lines + _side("+", "now", now[shared:], then[shared:])


def _side(sign: str, name: str, actions: list[a.Action], others: list[a.Action]) -> list[str]:
    if not actions:
        return [f"    {sign} {name}: nothing{' more' if others else ''}"]
    return [f"    {sign} {name}: {_fully(one, others)}" for one in actions]


def _fully(one: a.Action, others: list[a.Action]) -> str:
    """An action in words, and in full if the words would be the same for an action on the other side."""
    text = step_text.action(one)
    rival = next((other for other in others if other != one and step_text.action(other) == text), None)
    if rival is None:
        return text
    if isinstance(one, a.StartReply):
        return text + "; the history is\n" + "\n".join(f"          {line}" for line in step_text.history(one.history))
    return f"{text} [{one!r:.300}]"


def _is_shown(one: a.Action) -> bool:
    return not isinstance(one, a.Transcribe)


def replay_all(tapes: Iterable[Tape], tell: Callable[[str], None]) -> int:
    """Replays tapes and reports each. Returns the exit code: 0 all the same, 1 a difference, 2 a damaged tape, 3 a tape
    of other rules; of several, the lowest that is not 0."""
    codes = []
    for tape in tapes:
        try:
            done = replay(tape)
        except BadTape as error:  # an unknown engine; go on with the other tapes
            tell(f"{tape.path}: {error}")
            codes.append(DAMAGED)
            continue
        tell(done.report())
        codes.append(done.code)
    return worst(codes)
