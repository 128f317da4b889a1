"""What the demo says about its call: only what happened in it."""

from __future__ import annotations

from telephony.observe.turn_latency import TurnClock
from telephony.settings import Settings
from telephony.testing.call_checks import Outcome, spoken_into

EXAMPLE = Settings().agent
"""The agent whose dialogue the local language model plays."""


def stranger(settings: Settings, mode: str) -> str:
    """What the local parts do not know of the agent, in a sentence; "" for the example, and with the vendors' parts."""
    if settings.agent == EXAMPLE:
        return ""
    if mode == "pipeline" and not settings.local_llm:
        return ""
    remedy = "Set OPENAI_API_KEY, or OPENAI_BASE_URL to a model server on this machine, to hear your agent"
    return (
        "the local language model plays only the example's dialogue: it has not read the prompt of "
        f"{settings.agent} and knows nothing of its tools. {remedy}{'' if mode == 'pipeline' else ' (mode pipeline)'}."
    )


def interrupted(outcome: Outcome, clock: TurnClock, managed: bool) -> bool:
    """Whether the caller cut the agent short. What a managed agent decided cannot be seen, only heard."""
    return bool(spoken_into(outcome)) if managed else any(one.verdict == "cut" for one in clock.barge_ins)


def recordings(outcome: Outcome) -> list[str]:
    """What became of the user's recordings, if not all were played and understood: a sentence each."""
    found = [f"{name} was not understood" for name in outcome.misunderstood]
    if outcome.unplayed:
        found.append(f"the call was over before {', '.join(outcome.unplayed)} could be played")
    return found


def success(was_interrupted: bool) -> str:
    """The last line of a demo without problems."""
    if was_interrupted:
        return "The call was understood, answered, interrupted and ended correctly."
    return "The call was understood, answered and ended correctly; nobody interrupted."
