"""Random calls: a random caller, with randomly failing providers. One seed is one call.

`walk(seed)` plays the call. What must hold of it is in `promises.py`.

The caller's marked words are all different (`azza`), so each can be followed from the STT into the record. The words
around them turn sentences into questions, requests, unfinished sentences or digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from zlib import crc32

from telephony.core import events as e
from telephony.core.history import History
from telephony.core.policy import Limits, Policy, TurnTaking
from telephony.testing.recorded_stt import Final, Partial, Scripted
from telephony.testing.simulator import CallTool, Part, Simulator

SHORT = "Yes, of course."
LONG = "We open at nine, and close at six. On Sundays we stay closed all day. Is there anything else?"
DISCLOSURE = "This call may be recorded."
MARK = "zz"
SHORT_WORDS = ("mm-hm", "yeah", "okay", "no", "yes")
STT_FAULTS = ("twice", "empty", "missing", "refused")
STT_HABITS = ("", "", "late", "much later", "split", "stale", "misheard")
"""At most one per call: a transcript that is old, split and wrong at once cannot be distinguished from a new one."""
PROVIDER_FAULTS = ("llm_hangs", "llm_empty", "llm_fails", "tts_silent_once", "tts_hangs")


@dataclass(slots=True)
class Walk:
    """One call. `misheard`: words that a partial got wrong; `faults`: the STT faults, shown when a promise fails;
    `stt_outages`: (from, to) in ms.
    """

    seed: int
    sim: Simulator
    faults: tuple[str, ...] = ()
    misheard: set[str] = field(default_factory=set)
    stt_outages: list[tuple[int, int]] = field(default_factory=list)


def walk(seed: int, *, most_sounds: int = 8, quiet_ms: int = 15_000) -> Walk:
    """The call of this seed: 2 to `most_sounds` sounds of the caller, and `quiet_ms` after them."""
    rng = Random(seed)
    faults = (*rng.sample(STT_FAULTS, rng.choice((0, 0, 0, 1, 2))), rng.choice(STT_HABITS))
    policy = _policy(rng)
    doubts = seed % 4 == 3  # the model says of a third of all words that they are not all, and is trusted or not
    policy = replace(policy, turn_taking=replace(policy.turn_taking, trusts_model=seed % 8 == 7))
    sim = Simulator(policy, _agent(rng), unfinished=lambda history: doubts and crc32(repr(history).encode()) % 3 == 0)
    this = Walk(seed, sim, faults)
    faulty = _SttFaults(this, rng).apply
    sim.intercept = lambda at, event: [more for one in _acting(seed, at, event) for more in faulty(*one)]
    _latencies(sim, rng)
    sim.faults.no_alignment = rng.random() < 0.1
    at = _caller(this, rng, rng.choice((0, 0, 300, 1_000, 2_500)), most_sounds)
    sim.run(at + quiet_ms)
    return this


def _acting(seed: int, at: int, event: Scripted) -> list[tuple[int, Scripted]]:
    """What tools do beside returning, in two calls of three: they defer work, tell something, let the agent say
    something. Drawn apart, so that the rest of the call is that of its seed."""
    if not isinstance(event, e.ToolFinished) or seed % 3 == 0:
        return [(at, event)]
    rng, work = Random(f"{seed}{event.tool_call_id}"), f"{event.turn} {event.tool_call_id}"
    found: list[tuple[int, Scripted]] = [(at, event)]
    for number in range(rng.choice((0, 1, 1, 2))):
        asked = e.WorkDeferred(event.turn, event.tool_call_id, f"{work} {number}", must=rng.random() < 0.3)
        found.insert(0, (at - rng.choice((0, 10, 40)), asked))
    if rng.random() < 0.2:
        found.insert(0, (at - 40, e.SayRequested("I am looking it up.")))
    if rng.random() < 0.1:
        found.append((at + rng.choice((0, 500, 3_000)), e.NoticeReceived(f"{work} is done.", speak=rng.random() < 0.7)))
    if rng.random() < 0.1:
        found.append((at, e.ToolFinished(event.turn, event.tool_call_id, "failed", failed=True)))
    return found


def _policy(rng: Random) -> Policy:
    rules = rng.choice(
        (
            TurnTaking(),
            TurnTaking(),
            TurnTaking.preset("eager"),
            TurnTaking.preset("patient"),
            TurnTaking(speculate="llm"),
        )
    )
    return Policy(
        greeting=rng.choice(("", "Hello, how can I help you?", "Hello.")),
        greeting_protected=rng.random() < 0.2,
        must_be_heard=(DISCLOSURE,),
        language=rng.choice(("en", "en", "en", "xx")),
        turn_taking=rules,
        limits=Limits(call_ms=10**8, apologies=10**8, silence_end_ms=10**8),
    )


def _agent(rng: Random) -> Callable[[History], list[Part]]:
    def tools(history: History) -> list[Part]:
        return ["One moment, please.", CallTool("book", {}, "done"), LONG] if len(history) < 4 else [SHORT]

    agents: tuple[Callable[[History], list[Part]], ...] = (
        lambda h: [LONG],
        lambda h: [SHORT],
        lambda h: [f"{SHORT} {DISCLOSURE} {LONG}"],
        lambda h: [CallTool("book", {}, "done"), SHORT],
        tools,
    )
    return rng.choice(agents)


def _latencies(sim: Simulator, rng: Random) -> None:
    lag = sim.latencies
    lag.partial, lag.final = rng.choice((60, 120, 120, 400)), rng.choice((60, 120, 250, 400, 900))
    lag.first_token, lag.first_audio = rng.choice((100, 250, 600, 1_500)), rng.choice((60, 100, 400))
    lag.mark, lag.tool = rng.choice((0, 20, 60)), rng.choice((50, 400, 3_000))


def _caller(this: Walk, rng: Random, at: int, most_sounds: int) -> int:
    """Plays the caller's sounds one by one, switching provider faults in between. Returns the end of the last pause."""
    sim = this.sim
    for number in range(rng.randint(2, most_sounds)):
        sim.run(at - 20)
        kind = rng.random()
        if kind < 0.65:
            text = _sentence(number, rng)
            at = sim.says(at, text, ms=rng.randint(70, 110) * max(4, len(text)))
        elif kind < 0.8:
            at = sim.coughs(at, rng.randint(40, 700))
        else:
            at = sim.says(at, rng.choice(SHORT_WORDS), ms=rng.randint(200, 500))
        if rng.random() < 0.1:
            _lose_stt(this, rng, at)
        elif rng.random() < 0.15:
            _provider_fault(sim, rng, at)
        at += rng.choice((240, 300, 500, 700, 900, 1_500, 4_000, 7_000))
    return at


def _sentence(number: int, rng: Random) -> str:
    words = [f"{'abcdefgh'[number]}{MARK}{letter}" for letter in "abcd"[: rng.randint(1, 4)]]
    before, after = rng.choice(
        (
            ("", ""),
            ("what is", ""),
            ("i would like", ""),
            ("", "and"),
            ("um", ""),
            ("", "please"),
            ("wait", ""),
            ("my number is", "four six two"),
        )
    )
    return " ".join([*before.split(), *words, *after.split()])


def _lose_stt(this: Walk, rng: Random, at: int) -> None:
    """The STT session fails and comes back later; no transcript of what is said meanwhile ever arrives."""
    sim, until = this.sim, at + rng.choice((300, 2_000, 6_000))
    this.stt_outages.append((at, until))
    sim.at(at, e.SttLost("provider_unavailable", True))
    sim.at(until, e.SttReady())


def _provider_fault(sim: Simulator, rng: Random, at: int) -> None:
    """Ends the present provider fault, and usually switches another on."""
    name = rng.choice(PROVIDER_FAULTS)
    if name.startswith("tts") and sim.faults.no_alignment:
        return  # without an alignment it is unknown how much of the text the audio covers
    for other in PROVIDER_FAULTS:
        setattr(sim.faults, other, "" if other == "llm_fails" else False)
    if rng.random() < 0.7:
        setattr(sim.faults, name, rng.choice(("provider_busy", "provider_timeout")) if name == "llm_fails" else True)


class _SttFaults:
    """Delays, drops, repeats, splits and falsifies transcripts. Finals stay in order, as they would on a socket."""

    def __init__(self, this: Walk, rng: Random) -> None:
        self._this, self._rng = this, rng
        self._last_final = 0
        self._partial = ""

    def apply(self, at: int, event: Scripted) -> list[tuple[int, Scripted]]:
        lost = any(start <= at < end for start, end in self._this.stt_outages)
        if lost and isinstance(event, Partial | Final):
            return []
        if isinstance(event, Partial):
            return self._partials(at, event)
        if isinstance(event, Final):
            return self._finals(at, event)
        return [(at, event)]

    def _chance(self, fault: str, of: float = 0.4) -> bool:
        return fault in self._this.faults and self._rng.random() < of

    def _partials(self, at: int, event: Partial) -> list[tuple[int, Scripted]]:
        words = event.text.split()
        if "misheard" in self._this.faults:
            for index, word in enumerate(words):
                if Random(f"{self._this.seed}{word}").random() < 0.3:
                    words[index] = "the" if word in self._this.misheard else "there"
                    self._this.misheard.add(word)
        self._partial = " ".join(words)
        return [(at, Partial(self._partial))]

    def _finals(self, at: int, event: Final) -> list[tuple[int, Scripted]]:
        rng, commit, text, due = self._rng, event.commit, event.text, at
        if self._chance("missing", 0.3):
            return []
        if self._chance("refused", 0.2):
            return [(at, e.CommitRefused(commit))]
        if self._chance("late"):
            at += rng.choice((300, 700, 1_500))
        if self._chance("much later", 0.2):
            at += rng.choice((3_000, 8_000))
        if self._chance("empty", 0.2):
            text = ""
        late = at > due
        at = self._last_final = max(at, self._last_final)
        found: list[tuple[int, Scripted]] = [(at, Final(commit, text))]
        words = text.split()
        if len(words) > 1 and not late and self._chance("split"):
            half = rng.randint(1, len(words) - 1)
            later = at + rng.choice((0, 40, 200))
            self._last_final = later
            found = [
                (at, Final(0, " ".join(words[:half]))),
                (later, Final(commit, " ".join(words[half:]))),
            ]
        if self._chance("twice"):
            found.append((found[-1][0] + rng.choice((0, 60, 1_000)), found[-1][1]))
        if self._partial and not late and self._chance("stale"):
            again = (20, 400, 2_000) if len(self._partial.split()) > 2 else (20,)
            found += [(at + later, Partial(self._partial)) for later in again]
        return found
