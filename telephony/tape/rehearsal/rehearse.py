"""Rehearsal: the caller as recorded, with new decisions of the core. Pure.

A closed loop in virtual time: the core is today's, perhaps with another agent's policy or other settings; the caller,
the carrier and the providers are modelled from the tape (`world.py`, `providers.py`). Without changes, a rehearsal
equals the tape step for step.

Once the caller has heard something other than on the tape, their recorded words no longer answer the agent:
`diverged_ms` is the time of the first such words. Later moments are shown, but not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from telephony.audio.frames import FRAME_MS
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import RULES
from telephony.core.policy import PRESETS, Policy, TurnTaking
from telephony.core.policy_checks import DAY_MS, impossible
from telephony.tape.codec import BadTape
from telephony.tape.compare import divergence
from telephony.tape.engines import fresh
from telephony.tape.format import Header, from_plain, plain
from telephony.tape.reader import Tape
from telephony.tape.rehearsal.providers import TapedLlm, TapedTts
from telephony.tape.rehearsal.virtual_time import Agenda, VirtualCarrier, VirtualTime
from telephony.tape.rehearsal.world import TapedEchoes, TapedStt, by_themselves
from telephony.tape.timeline import Timeline

LATER_MS = 10_000
"""A rehearsed call may end up to this much later than the recorded one."""


@dataclass(slots=True)
class Rehearsal:
    """A tape and its rehearsal: `steps` with the core of `header`. `made_up` is the number of placeholder replies."""

    tape: Tape
    header: Header
    steps: list[Step]
    diverged_ms: int | None = None
    made_up: int = 0

    @property
    def then(self) -> Timeline:
        header = self.tape.header
        return Timeline(self.tape.steps[: self.tape.whole], header.spoken_form(), header.policy.turn_taking)

    @property
    def now(self) -> Timeline:
        return Timeline(self.steps, self.header.spoken_form(), self.header.policy.turn_taking)


def rehearse(tape: Tape, header: Header | None = None) -> Rehearsal:
    """Rehearses the steps before the first damage with the core of `header` (None: the tape's). Raises BadTape."""
    recorded = tape.steps[: tape.whole]
    agenda = Agenda()
    by_themselves(recorded, agenda)
    chosen = replace(header or tape.header, rules=RULES)
    llm = TapedLlm(recorded, agenda, asks=chosen.policy.turn_taking.asks_model)
    stt = TapedStt(recorded, agenda, tape.header.policy.turn_taking)
    parts = (VirtualCarrier(agenda, TapedEchoes(recorded)), stt, llm, TapedTts(recorded, agenda))
    timers = {step.event.deadline_ms: step.seq for step in recorded if isinstance(step.event, e.TimeReached)}
    time = VirtualTime(agenda, timers)
    time.run(fresh(chosen), parts, _silence(recorded, agenda))
    done = Rehearsal(tape, chosen, [Step(seq, *step) for seq, step in enumerate(time.steps)])
    done.made_up = llm.made_up
    done.diverged_ms = None if done.steps == recorded else divergence(done.then, done.now)
    return done


def _silence(recorded: Sequence[Step], agenda: Agenda) -> int:
    """If the agent ended the call, adds silence of the caller, since the rehearsed agent may end it later. Returns the
    time (ms) at which the rehearsal ends at the latest."""
    if not recorded:
        return 0
    last = recorded[-1].now_ms
    if not any(isinstance(action, a.EndCall) for action in recorded[-1].actions):
        return last
    media = next((s.event.media_ms for s in reversed(recorded) if isinstance(s.event, e.AudioReceived)), 0)
    for late in range(FRAME_MS, LATER_MS, FRAME_MS):
        agenda.put(last + late, e.AudioReceived(b"\xff" * 160, media + late, 0, -700))
    return last + LATER_MS


# --- other settings -------------------------------------------------------------------------------------------------


def with_settings(policy: Policy, settings: Sequence[str]) -> Policy:
    """`policy` with settings such as `turn_taking.hold_after_ms=300` or `turn_taking=eager`. Raises BadTape."""
    data = plain(policy)
    for setting in settings:
        name, sign, text = (part.strip() for part in setting.partition("="))
        if name == "turn_taking" and text in PRESETS:
            data["turn_taking"] = plain(TurnTaking.preset(text))
            continue
        *path, last = name.split(".")
        here = data
        for part in path:
            here = here.get(part) if isinstance(here, dict) else None
        if not sign or not isinstance(here, dict) or last not in here or isinstance(here[last], dict):
            raise BadTape(f"--set {setting}: there is no such setting (for example turn_taking.hold_after_ms=300)")
        here[last] = _parsed(text, here[last], setting)
    changed = from_plain(Policy, data, "--set: the policy")
    assert isinstance(changed, Policy)
    if settings and (why := impossible(changed, most=DAY_MS)):
        raise BadTape(f"--set: {why}")
    return changed


def changes(then: Policy, now: Policy) -> list[str]:
    """The differences between two policies, sorted, each as `turn_taking.hold_after_ms 128 -> 300`."""
    return sorted(_changes("", plain(then), plain(now)))


def _changes(name: str, then: Any, now: Any) -> list[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        return [
            one for key in {**then, **now} for one in _changes(f"{name}.{key}".lstrip("."), then.get(key), now.get(key))
        ]
    return [] if then == now else [f"{name} {then!r} -> {now!r}"]


def _parsed(text: str, before: object, setting: str) -> object:
    if isinstance(before, bool):
        if text.lower() not in ("1", "0", "true", "false"):
            raise BadTape(f"--set {setting}: must be 1 or 0")
        return text.lower() in ("1", "true")
    if isinstance(before, int) or before is None:  # numbers that are not set are None
        if not (text.isascii() and text.removeprefix("-").isdecimal()) or len(text) > 18:
            raise BadTape(f"--set {setting}: must be a whole number")
        return int(text)
    if isinstance(before, str):
        return text
    raise BadTape(f"--set {setting}: this setting cannot be changed from the command line")
