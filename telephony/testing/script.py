"""Scripted callers: a caller's moves as data, to be run in virtual time through the core or over real sockets.

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
text, or a list of texts and `Calls`. In virtual time, a minute of call takes some tens of milliseconds. If the script
does not hang up, the caller hangs up at its end, after the agent has fallen silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from telephony.agent import Agent
from telephony.audio import frames, level, wav
from telephony.contracts.observer import Step
from telephony.core import events as e
from telephony.core.history import CallerSaid, History
from telephony.tape.audio import spans
from telephony.tape.timeline import Timeline
from telephony.testing.simulator import Calls, Part, Simulator
from telephony.text_normalization import spoken_form

TIMEOUT_MS = 30_000
"""Longest wait for the agent to speak, or to stop, before the script fails."""
QUIET_MS = 600
KEY_MS = 150
GAP_MS = 300
POLITE = "All right. Is there anything else?"
"""The LLM's answer when the script has no more replies."""

Reply: TypeAlias = str | Sequence[Part]
What: TypeAlias = str | Path | bytes


class ScriptFailed(AssertionError):
    """The agent did not do what the script waits for."""


@dataclass(frozen=True, slots=True)
class Says:
    """The caller says `text`; `pcmu` is its audio, mu-law 8 kHz (b"": synthetic). If `after_ms` is not None, the caller
    waits until the agent speaks, and begins this much later."""

    text: str
    pcmu: bytes = b""
    after_ms: int | None = None


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


Move: TypeAlias = Says | WaitsForAgent | Waits | Presses | HangsUp


@dataclass(frozen=True, slots=True)
class CallerScript:
    """A script (see the module text). Immutable: each method returns a longer script."""

    moves: tuple[Move, ...] = ()

    def says(self, what: What, text: str = "") -> CallerScript:
        """Says `what`: words, or a recording (a WAV file, or mu-law 8 kHz) whose words are `text`."""
        return self._and(_says(what, text, None))

    def says_aloud(self, text: str) -> CallerScript:
        """Says `text` in synthesized speech (needs `telephony[offline]`), for use with a real detector and real STT."""
        from telephony.offline.caller import utterance

        return self._and(Says(text, utterance(text)))

    def coughs(self, ms: int = 200) -> CallerScript:
        """Makes a sound without words, `ms` long."""
        from telephony.audio import tones

        return self._and(Says("", tones.sine(200, ms)))

    def interrupts(self, what: What, after_s: float, text: str = "") -> CallerScript:
        """Waits until the agent speaks, and says `what` (see `says`) `after_s` seconds later."""
        return self._and(_says(what, text, round(after_s * 1_000)))

    def waits_for_agent(self, quiet_s: float = QUIET_MS / 1_000) -> CallerScript:
        """Waits until the agent has spoken and then been silent for `quiet_s` seconds."""
        return self._and(WaitsForAgent(round(quiet_s * 1_000)))

    def waits(self, seconds: float) -> CallerScript:
        return self._and(Waits(round(seconds * 1_000)))

    def presses(self, keys: str) -> CallerScript:
        return self._and(Presses(keys))

    def hangs_up(self) -> CallerScript:
        return self._and(HangsUp())

    def call(self, agent: Agent, replies: Iterable[Reply] = ()) -> Timeline:
        """Runs the call in virtual time, through the core alone; returns its timeline. Raises ScriptFailed."""
        return in_core(self, agent, replies)

    def _and(self, move: Move) -> CallerScript:
        return CallerScript((*self.moves, move))


def _says(what: What, text: str, after_ms: int | None) -> Says:
    if isinstance(what, str):
        return Says(what, after_ms=after_ms)
    return Says(text, what if isinstance(what, bytes) else wav.read_mono(what), after_ms)


def reply_to(replies: Sequence[Reply], turn: int) -> list[Part]:
    """The reply to the caller's turn number `turn`, counted from 0."""
    reply = replies[turn] if 0 <= turn < len(replies) else POLITE
    return [reply] if isinstance(reply, str) else list(reply)


# --- in virtual time ------------------------------------------------------------------------------------------------


def in_core(script: CallerScript, agent: Agent, replies: Iterable[Reply] = ()) -> Timeline:
    """Runs the script against the core, with the carrier, STT, LLM and TTS of the `Simulator`. Returns the timeline.
    Raises ScriptFailed."""
    given = list(replies)

    def answer(history: History) -> list[Part]:
        return reply_to(given, sum(isinstance(item, CallerSaid) for item in history) - 1)

    spoken = partial(spoken_form, language=agent.voice.language)
    sim = Simulator(agent.policy(), answer, spoken_form=spoken)
    _InCore(sim).run(script.moves)
    steps = [Step(seq, at, event, done) for seq, (at, event, done) in enumerate(sim.steps)]
    return Timeline(steps, spoken, agent.turn_taking)


class _InCore:
    """Runs a script's moves in a simulated call."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._moved_ms = 0  # when the caller last did something

    def run(self, moves: Iterable[Move]) -> None:
        for move in moves:
            if self._sim.call.ended is not None:
                return
            self._do(move)
        if self._sim.call.ended is None:
            try:
                self._until_silent(1_500)
            except ScriptFailed:
                pass
            self._do(HangsUp())

    def _do(self, move: Move) -> None:
        sim = self._sim
        match move:
            case Says(text, pcmu, after_ms):
                if after_ms is not None:
                    self._until_speaking()
                    sim.run(sim.now + after_ms)
                sim.run(self._speak(text, pcmu))
            case WaitsForAgent(quiet_ms):
                self._until_silent(quiet_ms)
            case Waits(ms):
                sim.run(sim.now + ms)
            case Presses(keys):
                for key in keys:
                    sim.at(sim.now, e.KeyPressed(key))
                    sim.run(sim.now + KEY_MS)
            case HangsUp():
                sim.at(sim.now, e.CallerLeft(e.LegEnd.STOP))
                sim.run(sim.now + 1)
        if not isinstance(move, WaitsForAgent | Waits):
            self._moved_ms = sim.now

    def _speak(self, text: str, pcmu: bytes) -> int:
        """Lets the caller say the words from now on; returns when they have finished (ms)."""
        now = self._sim.now
        if not pcmu:
            return self._sim.says(now, text)
        words, parts = text.split(), stretches(pcmu)
        total = sum(end - start for start, end in parts)
        said = done = 0
        for start, end in parts:  # each stretch gets its share of the words, by length
            done += end - start
            until = len(words) * done // max(1, total)
            if words[said:until]:
                self._sim.says(now + start, " ".join(words[said:until]), ms=end - start)
            else:
                self._sim.coughs(now + start, end - start)
            said = until
        return now + len(pcmu) // 8

    def _speaking(self) -> bool:
        heard = self._sim.heard
        return bool(heard) and heard[-1][1] >= self._sim.now

    def _until_speaking(self) -> None:
        self._wait(self._speaking, "the agent did not speak")

    def _until_silent(self, quiet_ms: int) -> None:
        def over() -> bool:
            heard = self._sim.heard
            spoke = bool(heard) and heard[-1][1] > self._moved_ms
            return spoke and heard[-1][1] <= self._sim.now - quiet_ms

        self._wait(over, "the agent did not speak, or did not stop")

    def _wait(self, predicate: object, failure: str) -> None:
        assert callable(predicate)
        limit = self._sim.now + TIMEOUT_MS
        while not predicate():
            if self._sim.call.ended is not None:
                return
            if self._sim.now >= limit:
                raise ScriptFailed(f"{failure} within {TIMEOUT_MS // 1_000} s, at {limit / 1_000:.1f} s of the call")
            self._sim.run(self._sim.now + 20)


def stretches(pcmu: bytes) -> list[tuple[int, int]]:
    """Where a recording has sound: (start, end) in ms. Gaps of up to 300 ms are bridged."""
    loud = (20 * index for index, frame in enumerate(frames.frames(pcmu)) if level.level(frame) >= level.LOUD)
    return spans(((start, start + 20) for start in loud), GAP_MS)


__all__ = ["CallerScript", "Calls", "HangsUp", "Presses", "Says", "ScriptFailed", "Waits", "WaitsForAgent", "in_core"]
