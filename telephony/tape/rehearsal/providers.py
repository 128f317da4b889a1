"""The LLM and the TTS of a rehearsal, modelled from a tape. Pure.

A reply of the tape is used again for a request with the same last words of the caller; its parts come as long after
their causes as on the tape. A turn that is not on the tape gets a placeholder reply. Speech is found by its text; text
that was never spoken gets made-up audio at the tape's usual speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.history import History
from telephony.core.speaking.ellipsis import is_ellipsis
from telephony.tape.rehearsal.virtual_time import LATER, Agenda, middle
from telephony.tape.step_text import plain, said_last

PLACEHOLDER = "This answer is not on the tape."
FIRST_WORD_MS = 400
FIRST_AUDIO_MS = 150
MS_PER_CHAR = 65
PIECE_MS = 400
FASTER = 5
"""How many times faster than real time made-up speech arrives."""
UNKNOWN_MS = 200

LlmEvent = e.ReplyDelta | e.ToolWanted | e.ToolFinished | e.ReplyEnded | e.ReplyFailed


@dataclass(slots=True)
class TapedReply:
    """A reply on the tape: when it was requested, and its events as (delay, step number, event).

    The delay counts from the event before, or from the core's answer if the event waited for one. A cancelled reply is
    not `whole`: it has a made-up end (step number 0), later than the cancellation.
    """

    turn: int
    asked_ms: int
    said: tuple[str, ...]
    parts: list[tuple[int, int, LlmEvent]] = field(default_factory=list)
    whole: bool = True

    @property
    def denies(self) -> bool:
        """It says that the caller has not finished."""
        return is_ellipsis("".join(part.text for _, _, part in self.parts if isinstance(part, e.ReplyDelta)))


def caller_words(history: History) -> tuple[str, ...]:
    """What the caller said last in a history, as words: they identify a request."""
    return plain(said_last(history))


class TapedLlm:
    """Replies as on the tape. `made_up` counts placeholders. `asks`: one may say that the caller has not finished."""

    def __init__(self, steps: Sequence[Step], agenda: Agenda, *, asks: bool) -> None:
        self._agenda, self._asks = agenda, asks
        self._replies = thoughts(steps)
        first = [reply.parts[0][0] for reply in self._replies if reply.parts]
        self._first_ms = middle(first, FIRST_WORD_MS)
        self._live: dict[int, tuple[TapedReply, int]] = {}  # turn -> (reply, the next part)
        self.made_up = 0

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.StartReply(turn, history, must_answer):
                answers = must_answer or not self._asks
                self._live[turn] = (self._reply(turn, caller_words(history), now, answers=answers), 0)
                self._next(turn, now)
            case a.CancelReply(turn):
                self._live.pop(turn, None)
            case a.RunTool(turn, _):
                self._answered(turn, now, ran=True)
            case a.RefuseTool(turn, _):
                self._answered(turn, now, ran=False)
            case _:
                pass

    def _reply(self, turn: int, said: tuple[str, ...], now: int, *, answers: bool) -> TapedReply:
        same = [one for one in self._replies if one.said == said and not (answers and one.denies)]
        exact = [one for one in same if (one.turn, one.asked_ms) == (turn, now)]
        if exact or same:  # of several replies to the same words prefer a whole one, then the nearest
            return (exact or sorted(same, key=lambda one: (not one.whole, abs(one.asked_ms - now))))[0]
        self.made_up += 1
        parts: list[tuple[int, int, LlmEvent]] = [
            (self._first_ms, 0, e.ReplyDelta(turn, PLACEHOLDER)),
            (UNKNOWN_MS, 0, e.ReplyEnded(turn, e.Finish.STOP)),
        ]
        return TapedReply(-1, -1, said, parts)

    def _next(self, turn: int, now: int) -> None:
        """Puts the next event of a reply on the agenda."""
        reply, index = self._live[turn]
        if index < len(reply.parts):
            delay, seq, event = reply.parts[index]
            taped = seq and reply.turn == turn
            self._put(turn, now + delay, replace(event, turn=turn), seq if taped else LATER, index)

    def _put(self, turn: int, at: int, event: LlmEvent, seq: int, index: int) -> None:
        reply = self._live[turn][0]

        def come() -> e.Event | None:
            live = self._live.get(turn)
            if live is None or live[0] is not reply or live[1] != index:
                return None
            self._live[turn] = (reply, index + 1)
            if not isinstance(event, e.ToolWanted):
                self._next(turn, at)
            return event

        self._agenda.put(at, come, seq)

    def _answered(self, turn: int, now: int, ran: bool) -> None:
        """The core has run or refused a tool. If the tape has the other answer, the rest of the reply is made up. (Of
        several tools that were wanted together this is asked of the last.)"""
        if turn not in self._live:
            return
        reply, index = self._live[turn]
        wanted = reply.parts[index - 1][2] if 0 < index <= len(reply.parts) else None
        follows = reply.parts[index][2] if index < len(reply.parts) else None
        if isinstance(follows, e.ToolWanted) or ran == isinstance(follows, e.ToolFinished):
            self._next(turn, now)
            return
        self.made_up += 1
        rest: list[tuple[int, int, LlmEvent]] = [(UNKNOWN_MS, 0, e.ReplyEnded(turn, e.Finish.STOP))]
        if ran and isinstance(wanted, e.ToolWanted):
            rest.insert(0, (UNKNOWN_MS, 0, e.ToolFinished(turn, wanted.tool_call_id, PLACEHOLDER)))
        self._live[turn] = (TapedReply(-1, -1, reply.said, rest), 0)
        self._next(turn, now)


def thoughts(steps: Sequence[Step]) -> list[TapedReply]:
    """The replies of a tape, by their requests."""
    found: dict[int, TapedReply] = {}
    before: dict[int, int] = {}  # turn -> time of its last event, or of the core's answer to that
    stopped: dict[int, int] = {}
    running: dict[int, dict[str, None]] = {}  # turn -> ids, in order
    for step in steps:
        event, now = step.event, step.now_ms
        if isinstance(event, LlmEvent) and event.turn in found:
            found[event.turn].parts.append((now - before[event.turn], step.seq, event))
            before[event.turn] = now
            if isinstance(event, e.ToolFinished):
                running.get(event.turn, {}).pop(event.tool_call_id, None)
        for action in step.actions:
            match action:
                case a.StartReply(turn, history):
                    found[turn] = TapedReply(turn, now, caller_words(history))
                    before[turn] = now
                case a.RunTool(turn, tool_call_id):
                    before[turn] = now
                    running.setdefault(turn, {})[tool_call_id] = None
                case a.RefuseTool(turn):
                    before[turn] = now
                case a.CancelReply(turn):
                    stopped.setdefault(turn, now)
    for turn, reply in found.items():
        if not (reply.parts and isinstance(reply.parts[-1][2], e.ReplyEnded | e.ReplyFailed)):
            _end(reply, stopped.get(turn, steps[-1].now_ms) - before[turn] + UNKNOWN_MS, running.get(turn, ()))
    return list(found.values())


def _end(reply: TapedReply, after_ms: int, running: Iterable[str]) -> None:
    """Makes up the rest of a cancelled reply, `after_ms` after its last event: the results of the tools `running`, a
    text if there was none, and the end."""
    reply.whole = False
    said = any(isinstance(part, e.ReplyDelta) for _, _, part in reply.parts)
    rest: list[LlmEvent] = [e.ToolFinished(reply.turn, one, PLACEHOLDER) for one in running]
    rest += [] if said else [e.ReplyDelta(reply.turn, PLACEHOLDER)]
    for part in (*rest, e.ReplyEnded(reply.turn, e.Finish.STOP)):
        reply.parts.append((after_ms, 0, part))
        after_ms = UNKNOWN_MS


# --- the TTS --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SpokenUnit:
    """A text spoken on the tape, with its audio as (delay in ms from its request, step number, event). `base_ms` is
    where in the audio of its context it began."""

    turn: int
    attempt: int
    text: str
    asked_ms: int
    base_ms: int
    parts: list[tuple[int, int, e.SpeechAudio]] = field(default_factory=list)


@dataclass(slots=True)
class _Context:
    """A TTS context: ms of audio so far, when its last piece arrives, and how many texts were spoken in it."""

    ms: int = 0
    last_ms: int = 0
    closed: bool = False
    spoken: int = 0


class TapedTts:
    """Speaks with the audio and the delays of the tape."""

    def __init__(self, steps: Sequence[Step], agenda: Agenda) -> None:
        self._agenda = agenda
        self._units = utterances(steps)
        self._ends, self._lost = _endings(steps)
        self._contexts: dict[tuple[int, int], _Context] = {}
        spoken = [one for one in self._units if one.parts]
        self._first_ms = middle([one.parts[0][0] for one in spoken], FIRST_AUDIO_MS)
        speeds = [sum(len(p.pcmu) for _, _, p in one.parts) // 8 // max(1, len(one.text)) for one in spoken]
        self._ms_per_char = middle([speed for speed in speeds if speed > 20], MS_PER_CHAR)
        self._end_ms = middle([delay for delay, _ in self._ends.values()], 20)

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.Speak(turn, attempt, text):
                self._speak(turn, attempt, text, now)
            case a.CloseContext(turn, attempt):
                self._close(turn, attempt, now)
            case _:
                pass

    def _speak(self, turn: int, attempt: int, text: str, now: int) -> None:
        context = self._contexts.setdefault((turn, attempt), _Context())
        context.spoken += 1
        for delay, seq, event in self._lost.get((turn, attempt), ()) if context.spoken == 1 else ():
            self._agenda.put(now + delay, event, seq)
        known = [one for one in self._units if one.text == text and one.parts]
        mine = [one for one in self._units if (one.turn, one.attempt, one.text) == (turn, attempt, text)]
        if not mine and not known:
            self._make_up(turn, attempt, text, context, now)
            return
        unit = (mine or known)[0]
        shift = context.ms - unit.base_ms
        for delay, seq, audio in unit.parts:
            at = max(now + delay, context.last_ms)
            ends = audio.ends_ms if not shift else tuple(end + shift for end in audio.ends_ms)
            event = replace(audio, turn=turn, attempt=attempt, ends_ms=ends)
            self._agenda.put(at, event, seq if mine else LATER)
            context.ms += len(audio.pcmu) // 8
            context.last_ms = at

    def _make_up(self, turn: int, attempt: int, text: str, context: _Context, now: int) -> None:
        """Makes up audio and alignment for text that was never spoken, at the usual speed."""
        at = max(now + self._first_ms, context.last_ms)
        per_piece = max(1, PIECE_MS // self._ms_per_char)
        for begin in range(0, len(text), per_piece):
            piece = text[begin : begin + per_piece]
            ends = tuple(context.ms + (index + 1) * self._ms_per_char for index in range(len(piece)))
            pcmu = b"\x55" * (len(piece) * self._ms_per_char * 8)
            self._agenda.put(at, e.SpeechAudio(turn, attempt, pcmu, piece, ends))
            context.ms = ends[-1]
            context.last_ms = at
            at += len(pcmu) // 8 // FASTER

    def _close(self, turn: int, attempt: int, now: int) -> None:
        context = self._contexts.get((turn, attempt))
        known = self._ends.get((turn, attempt))
        if context is None or context.closed or (known is None and (turn, attempt) in self._lost):
            return
        context.closed = True
        delay, seq = known or (self._end_ms, LATER)
        at = max(now + delay, context.last_ms)
        self._agenda.put(at, e.SpeechEnded(turn, attempt), seq if at > context.last_ms else LATER)


def utterances(steps: Sequence[Step]) -> list[SpokenUnit]:
    """The texts spoken on a tape, each with its audio: the audio whose alignment covers its characters."""
    contexts: dict[tuple[int, int], list[SpokenUnit]] = {}
    covered: dict[tuple[int, int], int] = {}
    length: dict[tuple[int, int], int] = {}
    for step in steps:
        if isinstance(step.event, e.SpeechAudio) and (key := (step.event.turn, step.event.attempt)) in contexts:
            units, at = contexts[key], covered.get(key, 0)
            index = _unit(units, at) if step.event.text else len([one for one in units if one.parts]) - 1
            unit = units[max(0, index)]
            if not unit.parts:
                unit.base_ms = length.get(key, 0)
            unit.parts.append((step.now_ms - unit.asked_ms, step.seq, step.event))
            covered[key] = at + _solid(step.event.text)
            length[key] = length.get(key, 0) + len(step.event.pcmu) // 8
        for action in step.actions:
            if isinstance(action, a.Speak):
                key = (action.turn, action.attempt)
                made = SpokenUnit(action.turn, action.attempt, action.text, step.now_ms, 0)
                contexts.setdefault(key, []).append(made)
    return [unit for units in contexts.values() for unit in units]


def _unit(units: list[SpokenUnit], covered: int) -> int:
    """The index of the unit that holds the character after `covered` non-space ones."""
    for index, unit in enumerate(units):
        if covered < _solid(unit.text):
            return index
        covered -= _solid(unit.text)
    return len(units) - 1


def _solid(text: str) -> int:
    return sum(not char.isspace() for char in text)


Key = tuple[int, int]
"""(turn, attempt)."""


def _endings(
    steps: Sequence[Step],
) -> tuple[dict[Key, tuple[int, int]], dict[Key, list[tuple[int, int, e.Event]]]]:
    """How contexts ended. First result: context -> (ms from its closing to `SpeechEnded`, step number). Second result,
    for those that ended unasked: context -> [(ms from its first text, step number, event), ...]."""
    begun: dict[Key, int] = {}
    closed: dict[Key, int] = {}
    ends: dict[Key, tuple[int, int]] = {}
    lost: dict[Key, list[tuple[int, int, e.Event]]] = {}
    for step in steps:
        event, now = step.event, step.now_ms
        if isinstance(event, e.SpeechLost | e.SpeechEnded):
            key = (event.turn, event.attempt)
            if isinstance(event, e.SpeechEnded) and key in closed:
                ends.setdefault(key, (now - closed[key], step.seq))
            elif key in begun:
                lost.setdefault(key, []).append((now - begun[key], step.seq, event))
        for action in step.actions:
            if isinstance(action, a.Speak):
                begun.setdefault((action.turn, action.attempt), now)
            elif isinstance(action, a.CloseContext):
                closed.setdefault((action.turn, action.attempt), now)
    return ends, lost
