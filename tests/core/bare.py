"""A call in virtual time whose LLM, TTS and carrier do only what the test says, at the millisecond it says.

    call = Bare()
    turn = call.asks(1_000)                      # a key ends the caller's turn immediately
    call.replies(1_100, turn, "We open at nine.")
    call.run(5_000)
    assert call.lines == [...]

Marks are echoed when their audio has been played. Every method runs the call up to its time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from telephony.audio.frames import BYTES_PER_MS
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.policy import Policy
from telephony.testing.simulator import CallTool, Simulator

CHAR_MS = 100
"""Duration of one spoken character."""
NEVER_MS = 1_000_000_000

A = TypeVar("A", bound=a.Action)


class Bare:
    """See the module docstring. `limits` are fields of `Limits` that override the policy's."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        phrases: bool = True,
        spoken_form: Callable[[str], str] = lambda text: text,
        **limits: int,
    ) -> None:
        policy = policy or Policy()
        policy = replace(policy, limits=replace(policy.limits, **limits))
        self.sim = Simulator(policy, lambda _: [], phrases=phrases, spoken_form=spoken_form)
        self.sim.faults.llm_hangs = self.sim.faults.tts_hangs = True
        self.sim.latencies.mark = 0
        self.sim.latencies.tool = self.sim.latencies.first_token = NEVER_MS

    # --- what happens -------------------------------------------------------------------------------------------------

    def run(self, until: int) -> None:
        self.sim.run(until)

    def at(self, at: int, *events: e.Event) -> None:
        """Delivers these events, in this order, before anything else that happens at `at`."""
        for event in events:
            self.sim.at(at, event)
        self.sim.run(at)

    def asks(self, at: int) -> int:
        """The caller takes a turn by pressing a key. Returns the turn number of the reply that was requested."""
        self.at(at, e.KeyPressed("#"))
        return self.did(a.StartReply)[-1][1].turn

    def writes(self, at: int, turn: int, text: str) -> None:
        self.at(at, e.ReplyDelta(turn, text))

    def finishes(self, at: int, turn: int, finish: str = "stop") -> None:
        self.at(at, e.ReplyEnded(turn, e.Finish(finish)))

    def wants(self, at: int, turn: int, tool_call_id: str, name: str = "book") -> None:
        self.sim._llm._wanted[tool_call_id] = CallTool(name)
        self.at(at, e.ToolWanted(turn, tool_call_id, name, "{}"))

    def returns(self, at: int, turn: int, tool_call_id: str, result: str = "ok") -> None:
        self.at(at, e.ToolFinished(turn, tool_call_id, result))

    def defers(self, at: int, turn: int, tool_call_id: str, work: str = "work", must: bool = False) -> None:
        """The tool asks for work to be done once what is said with it was heard."""
        self.at(at, e.WorkDeferred(turn, tool_call_id, work, must))

    def speaks(self, at: int, turn: int, text: str, attempt: int = 1, start_ms: int = 0, aligned: bool = True) -> None:
        """TTS delivers the audio of `text`, which begins `start_ms` into its attempt."""
        ends = tuple(start_ms + CHAR_MS * (i + 1) for i in range(len(text)))
        pcmu = b"\x55" * (BYTES_PER_MS * CHAR_MS * len(text))
        self.at(at, e.SpeechAudio(turn, attempt, pcmu, *((text, ends) if aligned else ())))

    def confirms(self, at: int, turn: int, attempt: int = 1) -> None:
        """TTS has finished the context."""
        self.at(at, e.SpeechEnded(turn, attempt))

    def loses(self, at: int, turn: int, attempt: int = 1, retryable: bool = True) -> None:
        """TTS has lost the context."""
        self.at(at, e.SpeechLost(turn, attempt, "provider_unavailable", retryable))

    def replies(self, at: int, turn: int, text: str) -> None:
        """Delivers the whole reply with its audio at once."""
        self.writes(at, turn, text)
        self.finishes(at, turn)
        self.speaks(at, turn, text + " ")
        self.confirms(at, turn)

    # --- what was done ------------------------------------------------------------------------------------------------

    def did(self, kind: type[A]) -> list[tuple[int, A]]:
        """(when, action) for each action of one kind."""
        return self.sim.actions(kind)

    def when(self, kind: type[a.Action]) -> list[int]:
        return [at for at, _ in self.sim.actions(kind)]

    def explained(self, what: type[d.Decided]) -> list[int]:
        """When each decision `what` was made."""
        return [at for at, _ in self.sim.explained(what)]

    def spoken(self) -> list[tuple[int, int, str]]:
        """(turn, attempt, text) of everything sent to TTS."""
        return [(x.turn, x.attempt, x.text) for _, x in self.sim.actions(a.Speak)]

    @property
    def lines(self) -> list[tuple[str, str]]:
        return self.sim.lines

    @property
    def said(self) -> list[str]:
        """What was heard of the agent, one entry per turn; an interrupted one ends with "--"."""
        return [text for who, text in self.sim.lines if who == "agent"]

    @property
    def ended(self) -> str:
        """The reason the call ended, or ""."""
        return self.sim.call.ended.reason if self.sim.call.ended is not None else ""

    @property
    def end(self) -> list[tuple[int, a.EndCall]]:
        return self.sim.actions(a.EndCall)
