"""A call as a timeline, for scenario tests: who does what, and when, in seconds.

    call = play(
        '''
        0.5     caller        what are your opening hours
        +0.9    caller        on sunday
        a+1.5   caller 0.4    mm-hm
        a+2     cough 0.2
        +8      end
        ''',
        agent=["We open at nine."],
    )

A time is absolute (`0.5`), or counted from the end of the caller's last sound (`+0.9`), or from the next moment at
which the agent begins to be heard (`a+1.5`). The last form places a line within the agent's speech, independently of
the policy's waits. Absolute and `+` times must not lie before the point that the previous line has reached.

    caller [seconds]   words, spread evenly over the seconds (80 ms a character without them)
    cough [seconds]    voice without words
    partial, final     an STT event by itself: `partial text`, `final 3 text` (3: the commit it answers)
    faults             names of `Faults` to switch on, or off with a minus: `no_finals -no_partials`
    key                a DTMF key
    end                the call is run up to here
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.recorded_stt import Final, Partial
from telephony.testing.simulator import Part, Simulator, last_words

Agent = list[Part] | Callable[[History], Iterable[Part]]
LONG = "We open at nine in the morning and close at six. On Sundays we stay closed. Please book ahead."
LONGEST_WAIT_FOR_THE_AGENT_MS = 20_000


def play(timeline: str, agent: Agent | None = None, policy: Policy | None = None, **latencies: int) -> Simulator:
    """Runs the timeline and returns the call. `latencies` are fields of `Latencies`, in ms."""
    says = agent if callable(agent) else lambda _: list(agent or [LONG])
    sim = Simulator(policy or Policy(), says)
    for name, value in latencies.items():
        setattr(sim.latencies, name, value)
    go_on(sim, timeline)
    return sim


def go_on(sim: Simulator, timeline: str) -> None:
    """Plays more of the call."""
    last = max((sound.end for sound in sim.sounds), default=0)
    for when, what, arguments in _lines(timeline):
        at = _at(sim, when, last)
        sim.run(at)
        last = _do(sim, at, what, arguments) or last


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


# --- inside ---------------------------------------------------------------------------------------------------------


def _lines(timeline: str) -> Iterator[tuple[str, str, str]]:
    for line in timeline.strip().splitlines():
        when, what, *rest = line.split(maxsplit=2)
        yield when, what, rest[0].strip() if rest else ""


def _ms(seconds: str) -> int:
    return round(float(seconds) * 1_000)


def _at(sim: Simulator, when: str, last: int) -> int:
    if when.startswith("a+"):
        return _agent_begins(sim) + _ms(when[2:])
    at = last + _ms(when[1:]) if when.startswith("+") else _ms(when)
    assert at >= sim.now, f"{when} lies before {sim.now} ms, which the previous line has reached"
    return at


def _agent_begins(sim: Simulator) -> int:
    """Runs the call until the agent begins to be heard, at or after now. Returns that time."""
    since = sim.now
    while sim.now < since + LONGEST_WAIT_FOR_THE_AGENT_MS and sim.call.ended is None:
        sim.run(sim.now + 20)
        if begun := [start for start, _ in sim.heard if start >= since]:
            return begun[0]
    raise AssertionError(f"the agent is not heard after {since} ms")


def _do(sim: Simulator, at: int, what: str, arguments: str) -> int | None:
    """Performs one line. Returns the end of the caller's sound, or None if the line is not a sound."""
    first, _, rest = arguments.partition(" ")
    timed = first.replace(".", "", 1).isdigit()
    match what:
        case "caller":
            return sim.says(at, rest, ms=_ms(first)) if timed else sim.says(at, arguments)
        case "cough":
            return sim.coughs(at, _ms(arguments))
        case "partial":
            sim.at(at, Partial(arguments))
        case "final":
            sim.at(at, Final(int(first), rest))
        case "faults":
            for name in arguments.split():
                setattr(sim.faults, name.removeprefix("-"), not name.startswith("-"))
        case "key":
            sim.at(at, e.KeyPressed(arguments))
        case "end":
            pass
        case _:
            raise AssertionError(f"unknown timeline entry {what!r}")
    return None
