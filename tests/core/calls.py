"""Calls in virtual time for scenario tests: a caller's script, an agent, and what happened.

call = play(asks("what are your hours").waits(0.9).says("on sunday").interrupts("stop", 1.5).waits(4), ["At nine."])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core.history import History
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.script import CallerScript
from telephony.testing.simulator import Part, Simulator, last_words

Agent = list[Part] | Callable[[History], Iterable[Part]]
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."


def play(script: CallerScript, agent: Agent | None = None, policy: Policy | None = None, **latencies: int) -> Simulator:
    """Plays the script and returns the call. `latencies` are fields of `Latencies`, in ms."""
    says = agent if callable(agent) else lambda _: list(agent or [LONG])
    sim = Simulator(policy or Policy(), says)
    for name, value in latencies.items():
        setattr(sim.latencies, name, value)
    script.play(sim)
    return sim


def asks(text: str, at: float = 0.5, *, ms: int = 0) -> CallerScript:
    """A script that begins with `text`, said `at` seconds after the beginning of the call."""
    return CallerScript().waits(at).says(text, ms=ms)


def by_words(default: str, **answers: str) -> Callable[[History], list[str]]:
    """An agent that chooses its answer by a word in the caller's last words: `by_words("Yes?", bye="Goodbye.")`."""
    return lambda history: [next((text for word, text in answers.items() if word in last_words(history)), default)]


# --- what happened ------------------------------------------------------------------------------------------------


def decided(sim: Simulator) -> list[int]:
    """When the end of each turn of the caller was decided."""
    return [at for at, _ in sim.explained(d.TurnEnded)]


def caller(sim: Simulator) -> list[str]:
    """The caller's lines in the record, one per turn."""
    return [text for who, text in sim.lines if who == "caller"]


def agent_lines(sim: Simulator) -> list[str]:
    """What was heard of the agent, one line per turn; an interrupted one ends with "--"."""
    return [text for who, text in sim.lines if who == "agent"]


def first_heard(sim: Simulator, after: int) -> int:
    """When the agent first begins to be heard at or after `after`."""
    return next(start for start, _ in sim.heard if start >= after)


def gap(sim: Simulator, after: int) -> tuple[int, int]:
    """(from, to) of the first pause in what is heard of the agent at or after `after`."""
    pairs = zip(sim.heard, sim.heard[1:], strict=False)
    return next((one[1], two[0]) for one, two in pairs if one[1] >= after)


def requested_replies(sim: Simulator) -> list[a.StartReply]:
    """Every reply that was requested from the LLM, speculations included."""
    return [action for _, action in sim.actions(a.StartReply)]


def reasons(sim: Simulator, what: type[d.Decided]) -> list[str]:
    """The `why` of each decision `what`."""
    return [str(because.get("why", "")) for _, because in sim.explained(what)]


def number(because: Mapping[str, int | str], name: str) -> int:
    """A number from the details of a decision, as `sim.explained` returns them."""
    value = because[name]
    assert isinstance(value, int), f"{name} is {value!r}"
    return value


def rules(sim: Simulator) -> TurnTaking:
    return sim.policy.turn_taking
