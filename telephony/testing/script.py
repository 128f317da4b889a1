"""Scripted callers: a caller's moves as data, to be played in virtual time through the core or over real sockets.

    script = (
        CallerScript()
        .waits_for_agent()                          # until the agent has spoken and fallen silent
        .says("what are your opening hours")        # or a WAV file: .says(Path("a.wav"), text="...")
        .interrupts("wait", after_s=1.8)            # 1.8 s into the agent's answer
        .presses("4#")
        .hangs_up()
    )
    call = script.call(agent, replies=["We open at nine.", "Sure."])

`replies` are the LLM's: the n-th answers the caller's n-th turn, however often the LLM is asked for it. A reply is a
text, or a list of texts and `CallTool`s, for which the
agent's own tools run. In virtual time, a minute of call takes some tens of milliseconds. If the script
does not hang up, the caller hangs up at its end, after the agent has fallen silent.

Two players take the same scripts: `play`, in the call of a `Simulator`, and `PhoneCaller` (`phone_caller.py`), on a
phone call over real sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from telephony.agent import AgentSource, IncomingCall
from telephony.audio import frames, level, tones, wav
from telephony.contracts.observer import Step
from telephony.core.history import CallerSaid, History
from telephony.tape.audio import spans
from telephony.tape.timeline import Timeline
from telephony.testing.agents import AgentTools, ScriptFailed, chosen
from telephony.testing.simulator import Part, Simulator
from telephony.testing.tool_calls import CallTool
from telephony.text_normalization import spoken_form

TIMEOUT_MS = 30_000
"""Longest wait for the agent to speak, or to stop, before the script fails."""
QUIET_MS = 600
GAP_MS = 300
WORD_MS = 300
"""Length of a word over real sockets. In virtual time it depends on its letters."""
POLITE = "All right. Is there anything else?"
"""The LLM's answer when the script has no more replies."""

Reply: TypeAlias = str | Sequence[Part]
What: TypeAlias = str | Path | bytes


@dataclass(frozen=True, slots=True)
class Says:
    """The caller says `text` ("": a sound without words); `pcmu` is its audio, mu-law 8 kHz (b"": synthetic, of length
    `ms`; 0: at the usual pace)."""

    text: str
    pcmu: bytes = b""
    ms: int = 0

    def sound(self) -> bytes:
        """The recording, or a tone: of `ms`, or of `WORD_MS` a word."""
        return self.pcmu or tones.sine(300 if self.text else 200, self.ms or WORD_MS * len(self.text.split()))


@dataclass(frozen=True, slots=True)
class Listens:
    """The caller waits until the agent is heard, and listens for `ms`."""

    ms: int


@dataclass(frozen=True, slots=True)
class WaitsForAgent:
    """The caller waits until the agent has spoken since the caller's last move, and then been silent for `quiet_ms`."""

    quiet_ms: int = QUIET_MS


@dataclass(frozen=True, slots=True)
class Waits:
    ms: int


@dataclass(frozen=True, slots=True)
class Presses:
    keys: str


@dataclass(frozen=True, slots=True)
class HangsUp:
    pass


Move: TypeAlias = Says | Listens | WaitsForAgent | Waits | Presses | HangsUp


@dataclass(frozen=True, slots=True)
class CallerScript:
    """A script (see the module text). Immutable: each method returns a longer script."""

    moves: tuple[Move, ...] = ()

    def says(self, what: What, text: str = "", *, ms: int = 0) -> CallerScript:
        """Says `what`: words, in `ms` (0: at the usual pace), or a recording (a WAV file, or mu-law 8 kHz) whose words
        are `text`."""
        if isinstance(what, str):
            return self._and(Says(what, ms=ms))
        return self._and(Says(text, what if isinstance(what, bytes) else wav.read_mono(what)))

    def coughs(self, ms: int = 200) -> CallerScript:
        """Makes a sound without words, `ms` long."""
        return self._and(Says("", ms=ms))

    def listens(self, seconds: float) -> CallerScript:
        """Waits until the agent is heard, and listens for `seconds`: what comes next is said into its speech."""
        return self._and(Listens(round(seconds * 1_000)))

    def interrupts(self, what: What, after_s: float, text: str = "", *, ms: int = 0) -> CallerScript:
        """Listens for `after_s` seconds, and says `what` (see `says`)."""
        return self.listens(after_s).says(what, text, ms=ms)

    def waits_for_agent(self, quiet_s: float = QUIET_MS / 1_000) -> CallerScript:
        """Waits until the agent has spoken and then been silent for `quiet_s` seconds."""
        return self._and(WaitsForAgent(round(quiet_s * 1_000)))

    def waits(self, seconds: float) -> CallerScript:
        return self._and(Waits(round(seconds * 1_000)))

    def presses(self, keys: str) -> CallerScript:
        return self._and(Presses(keys))

    def hangs_up(self) -> CallerScript:
        return self._and(HangsUp())

    def play(self, sim: Simulator) -> None:
        """Makes the moves in a simulated call, from now on; returns when they are done, or the call is over. Raises
        ScriptFailed."""
        caller = _Caller(sim)
        for move in self.moves:
            if sim.call.ended is None:
                caller.make(move)

    def call(
        self, agents: AgentSource, replies: Iterable[Reply] = (), *, incoming: IncomingCall | None = None
    ) -> Timeline:
        """Runs the call in virtual time: the core alone, with the carrier, STT, LLM and TTS of the `Simulator`, and the
        agent's own tools. A function is asked for the agent that answers `incoming` (None: a call from a number that
        belongs to nobody). Returns the call's timeline. Raises ScriptFailed, and whatever the function raises."""
        given = list(replies)
        agent, call = chosen(agents, incoming)

        def answer(history: History) -> list[Part]:
            return reply_to(given, sum(isinstance(item, CallerSaid) for item in history) - 1)

        spoken = partial(spoken_form, language=agent.voice.language)
        sim = Simulator(agent.policy(), answer, spoken_form=spoken, tools=AgentTools(agent, call))
        self.play(sim)
        with suppress(ScriptFailed):
            CallerScript().waits_for_agent(1.5).play(sim)
        CallerScript().hangs_up().play(sim)
        steps = [Step(seq, at, event, done) for seq, (at, event, done) in enumerate(sim.steps)]
        return Timeline(steps, spoken, agent.turn_taking)

    def _and(self, move: Move) -> CallerScript:
        return CallerScript((*self.moves, move))


def reply_to(replies: Sequence[Reply], turn: int) -> list[Part]:
    """The reply to the caller's turn number `turn`, counted from 0."""
    reply = replies[turn] if 0 <= turn < len(replies) else POLITE
    return [reply] if isinstance(reply, str) else list(reply)


class _Caller:
    """The caller of a simulated call."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._now = sim.now  # the caller's time: at most 20 ms behind the simulator's
        self._moved_ms = max((sound.end for sound in sim.sounds), default=0)  # when the caller last did something

    def make(self, move: Move) -> None:
        sim = self._sim
        match move:
            case Says():
                self._run(self._speak(move))
            case Listens(ms):
                since = self._now
                self._wait(lambda: self._spoken_until() > since, "the agent did not speak")
                self._run(max(since, sim.heard[-1][0] if sim.heard else 0) + ms)
            case WaitsForAgent(quiet_ms):
                self._wait(
                    lambda: self._moved_ms < self._spoken_until() <= sim.now - quiet_ms,
                    "the agent did not speak, or did not stop",
                )
                self._now = sim.now
            case Waits(ms):
                self._run(self._now + ms)
            case Presses(keys):
                self._run(sim.presses(self._now, keys))
            case HangsUp():
                sim.hangs_up(self._now)
                self._run(self._now + 1)
        if isinstance(move, Says | Presses):
            self._moved_ms = self._now

    def _run(self, until: int) -> None:
        self._sim.run(until)
        self._now = until

    def _speak(self, move: Says) -> int:
        """Begins to say the words; returns when they have been said (ms)."""
        sim, now = self._sim, self._now
        if not move.pcmu:
            return sim.says(now, move.text, move.ms) if move.text else sim.coughs(now, move.ms)
        words, parts = move.text.split(), stretches(move.pcmu)
        total = sum(end - start for start, end in parts)
        said = done = 0
        for start, end in parts:  # each stretch gets its share of the words, by length
            done += end - start
            until = len(words) * done // max(1, total)
            if words[said:until]:
                sim.says(now + start, " ".join(words[said:until]), ms=end - start)
            else:
                sim.coughs(now + start, end - start)
            said = until
        return now + len(move.pcmu) // 8

    def _spoken_until(self) -> int:
        """Until when the agent has been heard; -1: not yet."""
        return self._sim.heard[-1][1] if self._sim.heard else -1

    def _wait(self, predicate: Callable[[], bool], failure: str) -> None:
        limit = self._sim.now + TIMEOUT_MS
        while not predicate() and self._sim.call.ended is None:
            if self._sim.now >= limit:
                raise ScriptFailed(f"{failure} within {TIMEOUT_MS // 1_000} s, at {limit / 1_000:.1f} s of the call")
            self._sim.run(self._sim.now + 20)


def stretches(pcmu: bytes) -> list[tuple[int, int]]:
    """Where a recording has sound: (start, end) in ms. Gaps of up to 300 ms are bridged."""
    loud = (20 * index for index, frame in enumerate(frames.frames(pcmu)) if level.level(frame) >= level.LOUD)
    return spans(((start, start + 20) for start in loud), GAP_MS)


__all__ = [
    "CallTool", "CallerScript", "HangsUp", "Listens", "Presses", "Says", "ScriptFailed", "Waits", "WaitsForAgent",
]  # fmt: skip
