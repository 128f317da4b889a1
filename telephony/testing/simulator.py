"""A call in virtual time: the pure core with a simulated caller, carrier, STT, LLM and TTS.

    sim = Simulator(Policy(greeting="Hello, how can I help?"))
    sim.says(3_000, "What are your opening hours?")
    sim.coughs(7_000, 120)
    sim.run(20_000)
    assert sim.lines == [...]

Nothing here waits: a minute of call takes some tens of milliseconds. The carrier plays 8,000 bytes a second, echoes a
mark when the audio before it has been played, and all outstanding marks at once after a clear. The STT yields the words
of `says` spread evenly over its voice, the LLM answers with `replies`, and the TTS speaks 70 ms a character with an
alignment. Latencies are exact; they and the injected `faults` may be changed at any time. `intercept` is given the time
and event of everything that is scheduled, and returns what is scheduled instead: it may delay, repeat, replace or drop
the event. For a caller who reacts to the agent, play a `CallerScript` (`script.py`).
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol, TypeVar

from telephony.audio.frames import FRAME_MS
from telephony.contracts.transcripts import Transcripts
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.decisions import Decided, evidence
from telephony.core.history import History
from telephony.core.listening.voice_activity import WINDOW_MS
from telephony.core.policy import PHRASE_NAMES, Policy
from telephony.core.speaking.ellipsis import ELLIPSIS
from telephony.errors import ProviderBusy
from telephony.tape.audio import Played, spans
from telephony.tape.rehearsal.virtual_time import LATER, Agenda, VirtualCarrier, VirtualTime
from telephony.tape.step_text import said_last
from telephony.testing.recorded_stt import Clip, Final, Partial, RecordedStt, Scripted, TranscriptStyle
from telephony.testing.tool_calls import CallTool as CallTool
from telephony.tools import ToolResult

CHAR_MS = 70
KEY_MS = 150

A = TypeVar("A", bound=a.Action)


@dataclass(slots=True)
class Latencies:
    """Milliseconds from cause to effect."""

    partial: int = 120
    final: int = 120
    first_token: int = 250
    token: int = 17
    first_audio: int = 100
    mark: int = 20
    tool: int = 200


Part = str | CallTool
RunTool = Callable[[CallTool], ToolResult]


class OwnTools(Protocol):
    """An agent's own tools in virtual time: each runs to its end at once. Both methods also return what happens in the
    call meanwhile."""

    def run(self, tool: CallTool, turn: int, tool_call_id: str) -> tuple[ToolResult, list[e.Event]]: ...

    def perform(self, action: a.Action) -> list[e.Event]: ...


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound of the caller: voice from `start` to `end` (ms) that holds `words` (none: a noise)."""

    start: int
    end: int
    words: tuple[str, ...] = ()

    def said_by(self, at: int) -> tuple[str, ...]:
        """The words that are complete by `at`."""
        if at >= self.end or not self.words:
            return self.words if at >= self.end else ()
        return self.words[: max(0, (at - self.start) * len(self.words) // (self.end - self.start))]


@dataclass(slots=True)
class Faults:
    """Faults to inject; they may be changed during the call. `llm_fails` is the code of the failure."""

    no_finals: bool = False
    no_partials: bool = False
    llm_hangs: bool = False
    llm_empty: bool = False
    llm_fails: str = ""
    tts_hangs: bool = False
    tts_silent_once: bool = False
    tts_fails: bool = False
    no_alignment: bool = False
    marks_lost: bool = False


_MARKS, _FRAMES = LATER + 1, LATER + 2
"""In the same millisecond, scheduled events come first, then marks, then the caller's frame."""


class Simulator:
    """One call; see the module text. Times are ms since its beginning, which is also the time of `CallStarted`.

    `replies` is given the history and returns the parts of the LLM's reply; `run_tool` (or `tools`, if they are an
    agent's own) runs its tools, whose results come after `Latencies.tool`. If the LLM may say that the caller has not
    finished, it does so for an `unfinished` history. `steps` records the call as (now, event, actions). With `phrases`
    False no fixed phrases are loaded; with `frames` False the caller sends no audio.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        replies: Callable[[History], Iterable[Part]] | None = None,
        *,
        phrases: bool = True,
        spoken_form: Callable[[str], str] = lambda text: text,
        run_tool: RunTool = lambda tool: ToolResult("ok" if tool.result is None else tool.result),
        unfinished: Callable[[History], bool] = lambda history: False,
        tools: OwnTools | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self.call = Conversation(self.policy, spoken_form)
        self.latencies, self.faults = Latencies(), Faults()
        self._time = VirtualTime(Agenda(), {})
        self.carrier = Carrier(self, self._time.agenda)
        self._llm = _Llm(
            self, replies or (lambda history: ["All right. Is there anything else?"]), run_tool, unfinished, tools
        )
        self._tts = _Tts(self)
        self._stt = _SttPort(self)
        self.intercept: Callable[[int, Scripted], Iterable[tuple[int, Scripted]]] = lambda at, event: [(at, event)]
        self._time.agenda.put(FRAME_MS, self._frame, _FRAMES)
        self.frames = True
        if phrases:
            texts = {name: str(getattr(self.policy.wording, name)) for name in PHRASE_NAMES}
            stock = tuple(_phrase(name, text) for name, text in (texts | {"greeting": self.policy.greeting}).items())
            self.at(0, e.PhrasesLoaded(stock))
        self.at(0, e.CallStarted("MZ1"))

    # --- the script -------------------------------------------------------------------------------------------------

    def says(self, at: int, text: str, ms: int | None = None) -> int:
        """The caller says `text` from `at` on, in `ms` (by default 80 a character). Returns the time of its end."""
        end = at + (ms or max(200, 80 * len(text)))
        self._scripted().sounds.append(Sound(at, end, tuple(text.split())))
        return end

    def coughs(self, at: int, ms: int = 150) -> int:
        """The caller makes a sound that the detector takes for voice, without words. Returns the time of its end."""
        self._scripted().sounds.append(Sound(at, at + ms))
        return at + ms

    def presses(self, at: int, keys: str) -> int:
        """The caller presses keys, one every 150 ms. Returns when they could press another."""
        for index, key in enumerate(keys):
            self.at(at + KEY_MS * index, e.KeyPressed(key))
        return at + KEY_MS * len(keys)

    def hangs_up(self, at: int) -> None:
        self.at(at, e.CallerLeft(e.LegEnd.STOP))

    def hears(self, at: int, clip: Clip, how: TranscriptStyle | None = None) -> None:
        """The caller's audio is the recording `clip` from `at` on: see `recorded_stt.py`. Must not be mixed with
        `says`."""
        if not isinstance(self._stt.recogniser, RecordedStt):
            self._stt.recogniser = RecordedStt(self.at, self.latencies, how or TranscriptStyle())
        self._stt.recogniser.add(at, clip)

    def at(self, at: int, event: Scripted, valid: Callable[[], bool] = lambda: True) -> None:
        """Schedules `event` at `at`; it is dropped if `valid()` is False by then. A recogniser's message (`Partial`,
        `Final`) becomes the event that its port makes of it, if any."""
        for when, what in self.intercept(at, event):
            self._time.agenda.put(when, partial(self._stt.event, what, valid))

    def _scripted(self) -> _Stt:
        stt = self._stt.recogniser
        assert isinstance(stt, _Stt), "says, coughs and sounds cannot be used with a recorded caller"
        return stt

    # --- running ----------------------------------------------------------------------------------------------------

    def run(self, until: int) -> Simulator:
        """Runs until `until` ms, or until the call ends. Returns itself."""
        self._time.run(self.call, (self.carrier.line, self._stt, self._llm, self._tts), until)
        if self.call.ended is None:
            self._time.now = max(self.now, until)
        return self

    @property
    def now(self) -> int:
        return self._time.now

    def _frame(self) -> e.Event | None:
        self._time.agenda.put(self.now + FRAME_MS, self._frame, _FRAMES)
        return self._stt.recogniser.frame(self.now) if self.frames else None

    # --- what happened ----------------------------------------------------------------------------------------------

    @property
    def steps(self) -> list[tuple[int, e.Event, tuple[a.Action, ...]]]:
        return self._time.steps

    @property
    def sounds(self) -> list[Sound]:
        """The caller's sounds, as scripted with `says` and `coughs`."""
        return self._scripted().sounds

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(speaker, text) as recorded; an interrupted line ends with "--"."""
        return [(x.speaker, x.text + (" --" if x.interrupted else "")) for _, x in self.actions(a.LineAdded) if x.text]

    def actions(self, kind: type[A]) -> list[tuple[int, A]]:
        """(now, action) of one kind."""
        return [(now, action) for now, _, done in self.steps for action in done if isinstance(action, kind)]

    def explained(self, kind: type[Decided]) -> list[tuple[int, dict[str, int | str]]]:
        """(now, evidence) of each decision of a class."""
        return [(now, evidence(x)) for now, _, done in self.steps for x in done if isinstance(x, kind)]

    @property
    def heard(self) -> list[tuple[int, int]]:
        """(start, end) in ms of each stretch of agent audio that was played to the caller."""
        return spans((piece.span for piece in self.carrier.played()), join_ms=0)


@lru_cache(maxsize=1_000)
def _phrase(name: str, text: str) -> e.Phrase:
    ends = tuple((i + 1) * CHAR_MS for i in range(len(text)))
    return e.Phrase(name, text, _audio(text, 0), ends)


def _audio(text: str, base: int) -> bytes:
    return _positions(base, base + len(text) * CHAR_MS)


@lru_cache(maxsize=1_000)
def _positions(start: int, end: int) -> bytes:
    """Audio that encodes its position: each millisecond holds its number twice, as four bytes."""
    return b"".join(at.to_bytes(4, "big") * 2 for at in range(start, end))


class Carrier:
    """The simulated carrier, whose marks come back after `Latencies.mark`, and what it has played by now."""

    def __init__(self, sim: Simulator, agenda: Agenda) -> None:
        self._sim = sim
        self.line = VirtualCarrier(agenda, self)

    def after_audio(self, name: str, end: int) -> int | None:
        return None if self._sim.faults.marks_lost else end + self._sim.latencies.mark

    def after_clear(self, name: str, due: int, now: int) -> int:
        return min(due, now + self._sim.latencies.mark)

    def order(self, name: str) -> int:
        return _MARKS

    def played_by_turn(self) -> dict[int, int]:
        """Turn -> ms of its audio that were played."""
        total: Counter[int] = Counter()
        for piece in self.played():
            total[piece.turn] += piece.end - piece.start
        return total

    def pieces(self, turn: int) -> list[tuple[int, int, int]]:
        """(start, end, place) in ms of each piece of the turn's audio that was played; `place` is its start within the
        turn's audio (valid only for audio from the simulator's own TTS)."""
        return [(*one.span, int.from_bytes(one.pcmu[:4], "big")) for one in self.played() if one.turn == turn]

    def played(self) -> list[Played]:
        return self.line.playback.played(self._sim.now)


class _SttPort:
    """The recogniser and its port, which gives each word once."""

    def __init__(self, sim: Simulator) -> None:
        self.recogniser: _Stt | RecordedStt = _Stt(sim)
        self._transcripts = Transcripts()

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.Transcribe(pcmu):
                self._transcripts.sent(pcmu)
            case a.CommitTranscript(commit):
                self._transcripts.committed(commit)
                self.recogniser.perform(action, now)
            case _:
                pass

    def event(self, scripted: Scripted, valid: Callable[[], bool]) -> e.Event | None:
        """What a scripted event or message becomes now."""
        if not valid():
            return None
        match scripted:
            case Partial(text):
                return next(iter(self._transcripts.partial(text)), None)
            case Final(commit, text):
                return next(iter(self._transcripts.final(commit, text)), None)
            case e.CommitRefused(commit):
                self._transcripts.refused(commit)
        return scripted


class _Stt:
    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self.sounds: list[Sound] = []
        self._frame = 0
        self._taken = 0  # words of earlier commits
        self._last_partial = ""

    def perform(self, action: a.Action, now: int) -> None:
        if isinstance(action, a.CommitTranscript):
            words = self._words(now)
            text, self._taken, self._last_partial = " ".join(words[self._taken :]), len(words), ""
            if not self._sim.faults.no_finals:
                self._sim.at(now + self._sim.latencies.final, Final(action.commit, text))

    def frame(self, now: int) -> e.AudioReceived:
        self._frame += 1
        start = now - FRAME_MS
        window = self._frame * FRAME_MS // WINDOW_MS > (self._frame - 1) * FRAME_MS // WINDOW_MS
        voiced = any(s.start <= start < s.end for s in self.sounds)
        partial = " ".join(self._words(now)[self._taken :])
        if partial != self._last_partial and not self._sim.faults.no_partials:
            self._last_partial, taken = partial, self._taken
            at = now + self._sim.latencies.partial
            self._sim.at(at, Partial(partial), lambda: self._taken == taken)
        speech = (950 if voiced else 10) if window else None
        return e.AudioReceived(b"\x55" * 160 if voiced else b"\xff" * 160, start, speech, -200 if voiced else -650)

    def _words(self, now: int) -> list[str]:
        return [word for s in sorted(self.sounds, key=lambda s: s.start) for word in s.said_by(now)]


class _Llm:
    def __init__(
        self,
        sim: Simulator,
        replies: Callable[[History], Iterable[Part]],
        run_tool: RunTool,
        unfinished: Callable[[History], bool],
        tools: OwnTools | None,
    ) -> None:
        self._own = tools
        self._sim, self._replies, self._run_tool, self._unfinished = sim, replies, run_tool, unfinished
        self._parts: dict[int, deque[Part]] = {}
        self._wanted: dict[str, CallTool] = {}
        self._tools = 0

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.StartReply(turn, history, must_answer):
                self._start(turn, history, now, asked=self._sim.policy.turn_taking.asks_model and not must_answer)
            case a.CancelReply(turn):
                self._parts.pop(turn, None)
            case a.RunTool(turn, tool_call_id):
                tool, at, happens = self._wanted[tool_call_id], now + self._sim.latencies.tool, list[e.Event]()
                if self._own is not None:
                    done, happens = self._own.run(tool, turn, tool_call_id)
                else:
                    done = self._run_tool(tool)
                for event in happens:
                    self._sim.at(at, event)
                self._later(turn, at, e.ToolFinished(turn, tool_call_id, done.text, done.failed))
                self._go_on(turn, at + self._sim.latencies.first_token)
            case a.RunDeferred() | a.DropDeferred() if self._own is not None:
                for event in self._own.perform(action):
                    self._sim.at(now + self._sim.latencies.tool, event)
            case a.RefuseTool(turn, _, _):
                self._go_on(turn, now + self._sim.latencies.first_token)
            case _:
                pass

    def _start(self, turn: int, history: History, now: int, *, asked: bool) -> None:
        faults, at = self._sim.faults, now + self._sim.latencies.first_token
        unfinished = asked and self._unfinished(history)
        self._parts[turn] = deque([] if faults.llm_empty else [ELLIPSIS] if unfinished else self._replies(history))
        if faults.llm_fails:
            fault = e.ReplyFault.BUSY if faults.llm_fails == ProviderBusy.code else e.ReplyFault.OTHER
            self._later(turn, at, e.ReplyFailed(turn, faults.llm_fails, fault))
        elif not faults.llm_hangs:
            self._go_on(turn, at)

    def _go_on(self, turn: int, at: int) -> None:
        parts = self._parts.get(turn)
        while parts:
            part = parts.popleft()
            if isinstance(part, CallTool):
                self._tools += 1
                tool_call_id = f"call_{self._tools}"
                self._wanted[tool_call_id] = part
                self._later(turn, at, e.ToolWanted(turn, tool_call_id, part.name, json.dumps(dict(part.arguments))))
                return
            for word in part.split():
                self._later(turn, at, e.ReplyDelta(turn, word + " "))
                at += self._sim.latencies.token
        if parts is not None:
            self._later(turn, at, e.ReplyEnded(turn, e.Finish.STOP))

    def _later(self, turn: int, at: int, event: e.Event) -> None:
        self._sim.at(at, event, lambda: turn in self._parts)


class _Tts:
    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._ready: dict[tuple[int, int], int] = {}  # when the audio so far has been delivered
        self._ms: dict[tuple[int, int], int] = {}
        self._closed: set[tuple[int, int]] = set()

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.Speak(turn, attempt, text):
                self._speak(turn, attempt, text, now)
            case a.CloseContext(turn, attempt) if (turn, attempt) not in self._closed:
                self._closed.add((turn, attempt))
                at = max(self._ready.get((turn, attempt), 0), now) + 20
                if not self._sim.faults.tts_hangs:
                    self._sim.at(at, e.SpeechEnded(turn, attempt))
            case _:
                pass

    def _speak(self, turn: int, attempt: int, text: str, now: int) -> None:
        key, faults = (turn, attempt), self._sim.faults
        at = max(self._ready.get(key, 0), now + self._sim.latencies.first_audio)
        if faults.tts_fails:
            self._sim.at(at, e.SpeechLost(turn, attempt, "provider_unavailable", True))
        if faults.tts_fails or faults.tts_hangs or faults.tts_silent_once:
            faults.tts_silent_once = False
            return
        base = self._ms.get(key, 0)
        self._ms[key] = base + len(text) * CHAR_MS
        for first in range(0, len(text), 8):  # 8 characters a message, ten times faster than real time
            piece = text[first : first + 8]
            ends = tuple(base + (first + i + 1) * CHAR_MS for i in range(len(piece)))
            aligned = ("", ()) if faults.no_alignment else (piece, ends)
            self._sim.at(at, e.SpeechAudio(turn, attempt, _audio(piece, base + first * CHAR_MS), *aligned))
            at += len(piece) * CHAR_MS // 10
        self._ready[key] = at


last_words = said_last
"""The caller's last words in a history, or ""."""
