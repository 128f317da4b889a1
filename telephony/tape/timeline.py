"""What happened in a call, as plain values for asserts and reports. Pure.

    call = Timeline(steps)
    assert call.slowest_answer_ms <= 600
    assert call.longest_overlap_ms <= 300
    assert call.called("book_table", people=4)
    assert call.lines[-1] == ("agent", "Goodbye!")
    assert call.remembered_unheard == []

Times are ms since the call began. What the caller heard is computed from what was sent and cleared, independently of
the core's playout ledger, so that the two can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from telephony.audio.frames import FRAME_MS
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.decisions import Decided, TurnEnded
from telephony.core.history import AgentSaid, CallerSaid, History
from telephony.core.language.words import words
from telephony.core.listening.voice_activity import WINDOW_MS, Voiced
from telephony.core.policy import TurnTaking
from telephony.observe.turn_latency import BargeIn, TurnClock, TurnReport
from telephony.tape.audio import Played, played, spans

JOIN_MS = 300
"""Stretches of voice with a gap of up to this are one."""
REACTION_MS = 400
"""People do not react faster than this: voice that begins earlier is not a reaction to what was heard."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something said, a key, or a tool call. `at` is its beginning; an agent's `text` is what was heard of it."""

    at: int
    speaker: str
    text: str
    turn: int = 0
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool call. `ran` is False if it was refused or had not returned by the end of the call."""

    at: int
    name: str
    arguments: Mapping[str, Any]
    ran: bool = False
    failed: bool = False
    result: str = ""


@dataclass
class Timeline:
    """See the module docstring. `spoken_form` (written -> spoken text) and `rules` (which detector windows are voice)
    are those of the call's core."""

    steps: list[Step] = field(repr=False)
    spoken_form: Callable[[str], str] = field(default=lambda text: text, repr=False)
    rules: TurnTaking = field(default_factory=TurnTaking, repr=False)

    # --- what was said ----------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What both said, as (speaker, text) in order; an interrupted line ends with " --"."""
        said = [one for one in self.record if one.text and one.speaker in ("caller", "agent")]
        return [(one.speaker, one.text + " --" * one.interrupted) for one in said]

    @cached_property
    def record(self) -> list[Line]:
        """All lines, keys and tool calls with their times, in order."""
        return _record(self.steps, self.played, Voiced(self.rules))

    @property
    def history(self) -> list[tuple[str, str]]:
        """The history that the model was last given, as (speaker, text), without tools."""
        given: History = next((one.history for _, one in reversed(self.actions(a.StartReply))), ())
        return [
            ("agent" if isinstance(item, AgentSaid) else "caller", item.text)
            for item in given
            if isinstance(item, AgentSaid | CallerSaid)
        ]

    @cached_property
    def remembered_unheard(self) -> list[str]:
        """The agent's lines that hold words the caller did not hear. There should be none."""
        return _unheard(self)

    # --- when -------------------------------------------------------------------------------------------------------

    @property
    def length_ms(self) -> int:
        return self.steps[-1].now_ms if self.steps else 0

    @property
    def answers(self) -> list[TurnReport]:
        """A report for each answer; `answer_ms` is from the caller's last voice to the answer's first audio."""
        return self._clock.reports

    @property
    def slowest_answer_ms(self) -> int:
        """The longest wait for an answer; 0 without any."""
        return max((one.answer_ms for one in self.answers if one.answer_ms is not None), default=0)

    @property
    def waits_ms(self) -> list[int]:
        """The silence that the rules of turn-taking asked for before each answer."""
        return [one.wait_ms for one in self.answers if one.wait_ms is not None]

    @property
    def cut_offs(self) -> list[int]:
        """When the caller's turn was decided to be over although they went on before they could hear the answer."""
        begins = [start for start, _ in self.caller_spans]
        answers = [start for start, _ in self.agent_spans]
        return [
            at
            for at in self.decided(TurnEnded)
            if any(at < begin < next((s for s in answers if s >= at), at) + REACTION_MS for begin in begins)
        ]

    @property
    def greeting_ms(self) -> int | None:
        """From the start of the call to the first audio of the agent."""
        return self._clock.greeting_ms

    @property
    def interruptions(self) -> list[BargeIn]:
        """Sounds of the caller that silenced the agent, with the verdict (`cut` or `resume`)."""
        return self._clock.barge_ins

    @property
    def longest_overlap_ms(self) -> int:
        """The longest time that both spoke at once."""
        return max((end - start for start, end in overlaps(self.agent_spans, self.caller_spans)), default=0)

    @cached_property
    def played(self) -> list[Played]:
        """The pieces of the agent's audio that the caller heard."""
        return played(self.steps)

    @property
    def agent_spans(self) -> list[tuple[int, int]]:
        """(start, end) of the agent's audible speech."""
        return spans(piece.span for piece in self.played)

    @cached_property
    def caller_spans(self) -> list[tuple[int, int]]:
        """(start, end) of the caller's voice, by the detector."""
        voice = Voiced(self.rules)
        return spans(((s.now_ms - WINDOW_MS, s.now_ms) for s in self.steps if voice.hears(s.event)), JOIN_MS)

    # --- what was done ----------------------------------------------------------------------------------------------

    @cached_property
    def tools(self) -> list[ToolRun]:
        return _tools(self.steps)

    def called(self, name: str, **arguments: Any) -> bool:
        """Whether the tool ran with at least these arguments."""
        return any(
            one.ran and one.name == name and all(one.arguments.get(key) == value for key, value in arguments.items())
            for one in self.tools
        )

    @property
    def ended(self) -> str:
        """How the call ended: the reason of `EndCall`, or `caller` if they hung up, or how the leg ended; or ""."""
        for step in reversed(self.steps):
            for action in step.actions:
                if isinstance(action, a.EndCall):
                    return action.reason
            if isinstance(step.event, e.CallerLeft):
                return "caller" if step.event.how in (e.LegEnd.STOP, e.LegEnd.STATUS) else step.event.how
        return ""

    def events(self, kind: type) -> list[tuple[int, Any]]:
        """(ms, event) for each event of a class."""
        return [(step.now_ms, step.event) for step in self.steps if isinstance(step.event, kind)]

    def actions(self, kind: type) -> list[tuple[int, Any]]:
        """(ms, action) for each action of a class."""
        return [(step.now_ms, one) for step in self.steps for one in step.actions if isinstance(one, kind)]

    def decided(self, kind: type[Decided]) -> list[int]:
        """Times (ms) of the decisions of a class: `TurnEnded`, `Held`, `Cut`, ..."""
        return [at for at, _ in self.actions(kind)]

    def __str__(self) -> str:
        return "\n".join(f"{one.at / 1000:7.2f} s  {one.speaker:<7}{one.text}" for one in self.record)

    # --- inside -----------------------------------------------------------------------------------------------------

    @cached_property
    def _clock(self) -> TurnClock:
        clock = TurnClock(rules=self.rules)
        for step in self.steps:
            clock.see(step)
        clock.close()
        return clock


def overlaps(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The intersections of two lists of spans, in order."""
    both = [(max(s, o), min(e1, e2)) for s, e1 in some for o, e2 in others]
    return sorted((start, end) for start, end in both if start < end)


def _record(steps: Iterable[Step], pieces: Iterable[Played], voice: Voiced) -> list[Line]:
    begun: dict[int, int] = {}
    for piece in pieces:
        begun.setdefault(piece.turn, piece.start)
    found: list[Line] = []
    wanted: dict[tuple[int, str], str] = {}
    voiced_ms: int | None = None
    for step in steps:
        now = step.now_ms
        if voice.hears(step.event) and voiced_ms is None:
            voiced_ms = now - WINDOW_MS
        match step.event:
            case e.KeyPressed(digit):
                found.append(Line(now, "key", digit))
            case e.ToolWanted(turn, tool_call_id, name, arguments):
                wanted[(turn, tool_call_id)] = f"{name}({arguments})"
            case e.ToolFinished(turn, _, result):
                found.append(Line(now, "tool", f"-> {result}", turn))
        for action in step.actions:
            match action:
                case a.RunTool(turn, tool_call_id) | a.RefuseTool(turn, tool_call_id):
                    refused = " refused" * isinstance(action, a.RefuseTool)
                    found.append(Line(now, "tool", wanted.get((turn, tool_call_id), "?") + refused, turn))
                case a.LineAdded("caller", text, turn):
                    found.append(Line(now if voiced_ms is None else voiced_ms, "caller", text, turn))
                    voiced_ms = None
                case a.LineAdded(speaker, text, turn, interrupted):
                    found.append(Line(begun.get(turn, now), speaker, text, turn, interrupted))
    return sorted(found, key=lambda line: line.at)


def _tools(steps: Iterable[Step]) -> list[ToolRun]:
    """The tool calls that the core answered; those of a dropped speculation are left out."""
    wanted: dict[tuple[int, str], ToolRun] = {}
    found: dict[tuple[int, str], ToolRun] = {}
    for step in steps:
        match step.event:
            case e.ToolWanted(turn, tool_call_id, name, arguments):
                wanted[(turn, tool_call_id)] = ToolRun(step.now_ms, name, _arguments(arguments))
            case e.ToolFinished(turn, tool_call_id, result, failed) if (turn, tool_call_id) in found:
                ran = replace(found[(turn, tool_call_id)], ran=True, failed=failed, result=result)
                found[(turn, tool_call_id)] = ran
        for action in step.actions:
            if isinstance(action, a.RunTool | a.RefuseTool) and (key := (action.turn, action.tool_call_id)) in wanted:
                found.setdefault(key, wanted[key])
    return list(found.values())


def _arguments(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


# --- what was heard -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Said:
    """The synthesised speech of a turn: its audio so far, and its alignment as (character, end in ms)."""

    pcmu: bytearray = field(default_factory=bytearray)
    ends: list[tuple[str, int]] = field(default_factory=list)
    attempt: int = 0
    base_ms: int = 0

    def begin(self, attempt: int, text: str) -> None:
        """Begins another attempt with `text`, which repeats an unfinished last word, but not a finished one."""
        self.attempt, self.base_ms = attempt, len(self.pcmu) // 8
        last = "".join(char for char, _ in self.ends).rpartition(" ")[2]
        if last and text.startswith(last):
            del self.ends[-len(last) :]
        elif last:
            self.ends.append((" ", self.base_ms))


def _unheard(call: Timeline) -> list[str]:
    """Lines with more words than can have been heard. Audio that occurs twice counts as its later occurrence."""
    said = _spoken_turns(call.steps)
    reached: dict[int, int] = dict.fromkeys(said, 0)
    for piece in call.played:
        if (one := said.get(piece.turn)) is not None:
            begin, body = reached[piece.turn] * 8, piece.pcmu.rstrip(b"\xff")
            if one.pcmu[begin : begin + len(body)] != body:  # sent again after a clear, from an earlier word
                begin = max(0, one.pcmu.rfind(body, 0, begin + len(body)))
            reached[piece.turn] = max(reached[piece.turn], begin // 8 + piece.end - piece.start)
    wrong = []
    for _, line in call.actions(a.LineAdded):
        if line.speaker == "agent" and (one := said.get(line.turn)):
            heard = "".join(char for char, end in one.ends if end <= reached[line.turn] + FRAME_MS)
            if one.ends and len(words(call.spoken_form(line.text))) > len(words(heard)):
                wrong.append(line.text)
    return wrong


def _spoken_turns(steps: list[Step]) -> dict[int, _Said]:
    """Turn -> its synthesised speech; of a fixed phrase, found by the text of its line."""
    found: dict[int, _Said] = {}
    asked: dict[tuple[int, int], str] = {}
    phrases: dict[str, e.Phrase] = {}
    for step in steps:
        match step.event:
            case e.SpeechAudio(turn, attempt, pcmu, text, ends):
                one = found.setdefault(turn, _Said())
                if attempt != one.attempt:
                    one.begin(attempt, asked.get((turn, attempt), ""))
                one.ends += [(char, one.base_ms + end) for char, end in zip(text, ends, strict=False)]
                one.pcmu += pcmu
            case e.PhrasesLoaded(loaded):
                phrases.update((phrase.text, phrase) for phrase in loaded)
        for action in step.actions:
            if isinstance(action, a.Speak):
                asked.setdefault((action.turn, action.attempt), action.text)
            if isinstance(action, a.LineAdded) and action.turn not in found and action.text in phrases:
                phrase = phrases[action.text]
                aligned = list(zip(phrase.text, phrase.ends_ms, strict=False))
                found[action.turn] = _Said(bytearray(phrase.pcmu), aligned)
    return found
