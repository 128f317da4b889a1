"""Checks of a scripted call: the agent understood the caller, fell silent when interrupted, and said goodbye in full.

Each problem is reported as a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.audio import level
from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.language.words import words
from telephony.observe.turn_latency import TurnClock
from telephony.testing.fakes.twilio.carrier import PhoneCall

SILENT_WITHIN_MS = 250
"""The agent must be silent within this time after the detector reported the interruption."""

LAST_SYLLABLE_MS = 60
"""An agent that ends by itself this soon after the caller's first sound has not been interrupted."""


PAUSE_MS = 500
"""Sound after this much silence belongs to the next answer."""


@dataclass(slots=True)
class Outcome:
    """A finished call. `expect`: words of the caller that must have been understood; `interruptions`: when the caller
    meant to interrupt the agent, in ms since dialling; `stuck` says why the caller could not go on ("" if they could);
    `tools` counts the tools that ran, of which there must be one if `tool_expected`; `ended` is the reason for the end;
    `hung_up`: the caller ended it, as a caller may; `misunderstood` and `unplayed` name recordings of the caller."""

    phone: PhoneCall
    expect: tuple[str, ...] = ()
    interruptions: list[int] = field(default_factory=list)
    stuck: str = ""
    tools: int = 0
    tool_expected: bool = True
    ended: str = ""
    hung_up: bool = False
    misunderstood: list[str] = field(default_factory=list)
    unplayed: list[str] = field(default_factory=list)


def problems(outcome: Outcome, steps: list[Step], clock: TurnClock, sound_ms: int | None = None) -> list[str]:
    """Everything that is wrong with the call, one sentence each; empty if nothing is.

    `sound_ms` is for calls whose interruptions are detected elsewhere (by a managed agent): the recording alone must
    then show that the agent fell silent within this time.
    """
    found = _understood(outcome, steps)
    if not found and outcome.stuck:
        found.append(outcome.stuck)
    if not found:
        found += _interrupted(outcome, clock) if sound_ms is None else interrupted_by_sound(outcome, sound_ms)
        found += _ended(outcome, steps)
    if outcome.phone.violations:
        shown = "; ".join(f"{code} {text}" for code, text in outcome.phone.violations[:3])
        found.append(f"the service broke Twilio's protocol ({shown})")
    return found


def summary(outcome: Outcome, clock: TurnClock) -> list[str]:
    """The call in numbers, as lines of text: length, answer latencies, interruption."""
    answers = sorted(report.answer_ms for report in clock.reports if report.answer_ms is not None)
    greeting = "" if clock.greeting_ms is None else f", greeting after {clock.greeting_ms} ms"
    lines = [f"{'call':<10} {outcome.phone.now_ms / 1000:.1f} s{greeting}"]
    if answers:
        median = answers[len(answers) // 2]
        lines.append(f"{'answers':<10} {len(answers)}, median {median} ms, longest {answers[-1]} ms")
    for at in outcome.interruptions:
        if cuts := [one for one in clock.barge_ins if one.verdict == "cut"]:
            sound = silent_after(outcome.phone.caller_audio(), outcome.phone.heard(), at)
            lines.append(
                f"{'interrupted':<10} the agent was silent {cuts[0].ms} ms after the caller's voice was noticed, "
                f"{sound} ms after its first sound in the recording"
            )
    return lines


def _understood(outcome: Outcome, steps: list[Step]) -> list[str]:
    lines = [action.text for step in steps for action in step.actions if isinstance(action, a.LineAdded)
             and action.speaker == "caller"]  # fmt: skip
    if not any(isinstance(step.event, e.CallStarted) for step in steps):
        return ["the call was never answered"]
    if not lines:
        return ["nothing that the caller said was understood"]
    said = set(words(" ".join(lines)))
    missing = [word for word in outcome.expect if word not in said]
    if missing:
        return [
            f"the caller was not understood: {', '.join(missing)} should have been heard, but stt transcribed {lines}"
        ]
    if outcome.expect and outcome.tool_expected and not outcome.tools:
        return ["the agent ran no tool"]
    return []


def _interrupted(outcome: Outcome, clock: TurnClock) -> list[str]:
    if not outcome.interruptions:
        return []
    cuts = [one for one in clock.barge_ins if one.verdict == "cut"]
    if not cuts and not outcome.expect and not spoken_into(outcome):
        return []  # the agent had finished before
    if not cuts:
        return ["the caller's interruption did not stop the agent"]
    waited = silent_after(outcome.phone.caller_audio(), outcome.phone.heard(), outcome.interruptions[0])
    if cuts[0].ms > SILENT_WITHIN_MS:
        return [f"the agent fell silent only after {cuts[0].ms} ms of interruption ({waited} ms in the recording)"]
    return []


def spoken_into(outcome: Outcome) -> list[int]:
    """Those of the interruptions into which the agent was speaking, and not just saying its last syllable. What it was
    stopped from saying counts: its last sound before that may have been the one before a pause between two words."""
    caller, agent = outcome.phone.caller_audio(), outcome.phone.heard()
    found = []
    for at in outcome.interruptions:
        silent_ms = silent_after(caller, agent, at)
        until_ms = first_sound(caller, at) + silent_ms + PAUSE_MS
        unsaid_ms = sum(left_ms for when, left_ms in outcome.phone.line.playout.dropped if at <= when <= until_ms)
        if silent_ms + unsaid_ms > LAST_SYLLABLE_MS:
            found.append(at)
    return found


def interrupted_by_sound(outcome: Outcome, sound_ms: int) -> list[str]:
    """The problem, if the recording shows that the agent could still be heard more than `sound_ms` after the first
    interruption began; else empty."""
    if not outcome.interruptions:
        return []
    waited = silent_after(outcome.phone.caller_audio(), outcome.phone.heard(), outcome.interruptions[0])
    return [f"the agent fell silent only {waited} ms after the interruption began"] if waited > sound_ms else []


def _ended(outcome: Outcome, steps: list[Step]) -> list[str]:
    said = [action for step in steps for action in step.actions
            if isinstance(action, a.LineAdded) and action.speaker == "agent"]  # fmt: skip
    if outcome.hung_up:
        return []
    if outcome.ended != "agent":
        return [f"the call did not end with the agent's goodbye ({outcome.ended or 'unknown'})"]
    if not said or said[-1].interrupted:
        return ["the agent did not finish its goodbye"]
    if outcome.phone.marks and outcome.phone.marks[-1].fate != "played":
        return ["the call was ended before the goodbye had been played"]
    return []


def silent_after(caller: bytes, agent: bytes, at_ms: int) -> int:
    """For how many ms the agent could still be heard after the caller's first sound at or after `at_ms`.

    `caller` and `agent` are the two sides of the recording, mu-law 8 kHz from the same start.
    """
    last = begin = first_sound(caller, at_ms)
    for ms in range(begin, len(agent) // 8, FRAME_MS):
        if _loud(agent, ms):
            last = ms + FRAME_MS
        elif ms - last >= PAUSE_MS:
            break
    return last - begin


def first_sound(caller: bytes, at_ms: int) -> int:
    """When the caller's first sound at or after `at_ms` begins, to 20 ms; `at_ms` if there is none."""
    begin = at_ms - at_ms % FRAME_MS
    return next((ms for ms in range(begin, len(caller) // 8, FRAME_MS) if _loud(caller, ms)), at_ms)


def _loud(pcmu: bytes, ms: int) -> bool:
    return level.level(pcmu[ms * 8 : ms * 8 + FRAME_BYTES]) >= level.LOUD
