"""Events, actions and steps as text for people. Pure.

A class without a text of its own is shown by its name and values, so that new events and actions need no code here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid, History, Noticed, ToolUsed
from telephony.core.language.words import words as spelled
from telephony.core.listening.voice_activity import Voiced
from telephony.core.policy import TurnTaking

QUIET_MS = 300
"""Shorter silences of the caller are not shown."""


def at(ms: int) -> str:
    """A time in the call as text: `12.34 s`."""
    return f"{ms / 1000:7.2f} s"


def event(one: e.Event, rules: TurnTaking) -> str:
    """An event in one line; `rules` say which detector windows are voice."""
    match one:
        case e.AudioReceived(_, _, speech, level):
            voice = "voice" if speech is not None and rules.is_voice(speech) else "no voice"
            return f"caller: a frame, {voice} ({level / 10:.0f} dB)"
        case e.TranscriptUpdated("", tentative, 0):
            return f"stt: so far {tentative!r}"
        case e.TranscriptUpdated(stable, tentative, commit):
            more = f", then so far {tentative!r}" if tentative else ""
            return f"stt: {stable!r} (final{f' of commit {commit}' if commit else ', unasked'}){more}"
        case e.ReplyDelta(turn, text):
            return f"llm, turn {turn}: {text!r}"
        case e.ToolWanted(turn, _, name, arguments):
            return f"llm, turn {turn}: wants {name}({arguments})"
        case e.ToolFinished(turn, _, result, failed):
            return f"llm, turn {turn}: the tool {'failed' if failed else 'returned'}: {result!r}"
        case e.SpeechAudio(turn, _, pcmu, text):
            return f"tts, turn {turn}: {len(pcmu) // 8} ms of speech{f' ({text!r})' if text else ''}"
        case e.PhrasesLoaded(phrases):
            return f"{len(phrases)} fixed phrases are loaded"
        case e.MarkReached(name):
            return f"carrier: mark {name} came back"
        case e.KeyPressed(digit):
            return f"caller: pressed {digit}"
        case e.CallerLeft(how):
            return f"carrier: the leg has ended ({how})"
        case e.WorkDeferred(turn, _, work, must):
            when = "whatever happens" if must else "if all is heard"
            return f"tool, turn {turn}: asks for {work} to be done afterwards, {when}"
        case e.EndWanted(turn):
            return f"tool, turn {turn}: wants the call to end"
        case e.NoticeReceived(text, speak):
            return f"notice{'' if speak else ' (nothing to say)'}: {text!r}"
        case e.SayRequested(text):
            return f"tool: asks the agent to say {text!r}"
        case e.EntryWanted(turn, _, question, length, terminator, timeout_ms, sensitive):
            ends = " or ".join([*([f"{length} keys"] if length else []), *([terminator] if terminator else [])])
            hidden = " (sensitive)" if sensitive else ""
            return f"tool, turn {turn}: asks for {ends}, each key within {timeout_ms} ms{hidden}: {question!r}"
        case e.EntryDropped():
            return "tool: waits for keys no longer"
        case e.MoveStarted(why):
            return f"the call is about to leave this stream ({why})"
        case e.MoveFailed(why):
            return f"the call does not leave this stream after all ({why})"
        case e.CallResumed(history, turn, notice):
            return f"the call goes on after {len(history)} lines, up to turn {turn}, on another stream: {notice!r}"
        case e.TimeReached():
            return "the call's deadline is reached"
    return _plainly(one)


def action(one: a.Action) -> str:
    match one:
        case a.Transcribe():
            return "transcribe the frame"
        case a.CommitTranscript(commit):
            return f"commit the transcript (commit {commit})"
        case a.SendAudio(pcmu):
            return f"send {len(pcmu) // 8} ms of speech"
        case a.SendMark(name):
            return f"send mark {name}"
        case a.ClearPlayout():
            return "silence the agent (clear)"
        case a.EndCall(reason, farewell):
            return f"end the call ({reason})" + (f", the carrier saying {farewell!r}" if farewell else "")
        case a.StartReply(turn, history):
            return f"start a reply (turn {turn}) to {said_last(history)!r}"
        case a.CancelReply(turn):
            return f"cancel the reply of turn {turn}"
        case a.RunTool(turn):
            return f"run the tool of turn {turn}"
        case a.RefuseTool(turn, _, reason):
            return f"refuse the tool of turn {turn}: {reason}"
        case a.RunDeferred(work):
            return f"do {work}: what was said with it has been heard"
        case a.EndEntry(_, how, keys, said):
            return f"end the entry of keys ({how}){f': {keys}' if keys else ''}{f': {said!r}' if said else ''}"
        case a.DropDeferred(work, why):
            return f"do not do {work} ({why})"
        case a.Speak(turn, attempt, text):
            return f"speak in turn {turn}{f', attempt {attempt}' if attempt > 1 else ''}: {text.strip()!r}"
        case a.CloseContext(turn, attempt):
            return f"close the tts context of turn {turn}{f', attempt {attempt}' if attempt > 1 else ''}"
        case a.LineAdded(speaker, text, _, interrupted):
            return f"on record: {speaker}: {text!r}{' (interrupted)' if interrupted else ''}"
    if isinstance(one, d.Decided):
        of_turn = f" (turn {one.turn})" if one.turn else ""
        reasons = ", ".join(f"{name}={value}" for name, value in d.evidence(one).items())
        return f"decide: {d.title(type(one))}{of_turn}{f': {reasons}' if reasons else ''}"
    return _plainly(one)


def plain(text: str) -> tuple[str, ...]:
    """The words of `text` without case and punctuation, for comparing; `text` itself if it has none."""
    return tuple(spelled(text)) or (text,)


def said_last(history: History) -> str:
    """What the caller said last in a history; "" if nothing."""
    return next((item.text for item in reversed(history) if isinstance(item, CallerSaid)), "")


def history(items: History) -> list[str]:
    """A history as lines, one per entry."""
    lines = []
    for item in items:
        match item:
            case CallerSaid(text):
                lines.append(f"caller: {text}")
            case AgentSaid(text, interrupted):
                lines.append(f"agent:  {text}{' (interrupted)' if interrupted else ''}")
            case ToolUsed(_, name, arguments, result):
                lines.append(f"tool:   {name}({arguments}) -> {result}")
            case Noticed(text):
                lines.append(f"notice: {text}")
    return lines


def steps(some: Iterable[Step], rules: TurnTaking) -> list[str]:
    """Steps as lines: the time, the event, and below it the actions. `rules` say which detector windows are voice.

    Runs are summed up: of frames, only the begin and end of the caller's voice are shown; reply deltas, speech and
    marks are added up until the next decision.
    """
    story = _Story(rules)
    for step in some:
        story.add(step)
    story.end()
    return story.lines


class _Story:
    """Turns steps into lines. `_runs` are the runs under way (kind -> start, pieces), `_sent_bytes` the audio sent
    meanwhile; `_silent_ms` is how long the caller has been silent, None before the first frame."""

    def __init__(self, rules: TurnTaking) -> None:
        self._rules, self._voice = rules, Voiced(rules)
        self.lines: list[str] = []
        self._runs: dict[tuple[object, ...], tuple[int, list[str]]] = {}
        self._sent_bytes = 0
        self._heard_ms = 0
        self._silent_ms: int | None = None

    def add(self, step: Step) -> None:
        done = [one for one in step.actions if not isinstance(one, a.Transcribe)]
        voiced = self._voice.hears(step.event)
        if isinstance(step.event, e.AudioReceived):
            self._hear(step.now_ms, voiced)
            if not done:
                return
        kind, piece = _run(step.event)
        if kind and all(isinstance(one, a.SendAudio | a.SendMark) for one in done):
            self._runs.setdefault(kind, (step.now_ms, []))[1].append(piece)
            self._sent_bytes += sum(len(one.pcmu) for one in done if isinstance(one, a.SendAudio))
            return
        self.end()
        self._line(step.now_ms, _run_text(kind, [piece]) if kind else event(step.event, self._rules))
        self.lines += [f"{'':11}  -> {one}" for one in _summed(done)]

    def end(self) -> None:
        """Ends the runs under way: adds their lines."""
        for kind, (begun, pieces) in self._runs.items():
            self._line(begun, _run_text(kind, pieces))
        if self._sent_bytes:
            self.lines.append(f"{'':11}  -> send {self._sent_bytes // 8} ms of speech, with marks")
        self._runs, self._sent_bytes = {}, 0

    def _hear(self, now: int, voiced: bool) -> None:
        passed, self._heard_ms = now - self._heard_ms, now
        if voiced:
            if self._silent_ms is None or self._silent_ms >= QUIET_MS:
                self.end()
                self._line(now, "caller: voice")
            self._silent_ms = 0
        elif self._silent_ms is None:
            self._silent_ms = QUIET_MS
        elif self._silent_ms < QUIET_MS:
            self._silent_ms += passed
            if self._silent_ms >= QUIET_MS:
                self.end()
                self._line(now, f"caller: silent for {QUIET_MS / 1000} s")

    def _line(self, ms: int, text: str) -> None:
        self.lines.append(f"{at(ms)}  {text}")


def _run(one: e.Event) -> tuple[tuple[object, ...], str]:
    """(kind of run, piece of this event); the kind is () for an event that is no part of a run."""
    match one:
        case e.ReplyDelta(turn, text):
            return ("llm", turn), text
        case e.SpeechAudio(turn, attempt, pcmu):
            return ("tts", turn, attempt), str(len(pcmu))
        case e.MarkReached(name):
            return ("marks",), name
    return (), ""


def _run_text(kind: tuple[object, ...], pieces: list[str]) -> str:
    if kind[0] == "llm":
        return f"llm, turn {kind[1]}: {''.join(pieces)!r}"
    if kind[0] == "tts":
        return f"tts, turn {kind[1]}: {sum(map(int, pieces)) // 8} ms of speech"
    return f"carrier: mark{'s' * (len(pieces) > 1)} {' to '.join(dict.fromkeys((pieces[0], pieces[-1])))} came back"


def _summed(done: Sequence[a.Action]) -> list[str]:
    """Actions in words; consecutive pieces of sent speech and their marks as one line."""
    lines, sent = [], sum(len(one.pcmu) for one in done if isinstance(one, a.SendAudio))
    for one in done:
        if not isinstance(one, a.SendAudio | a.SendMark):
            lines.append(action(one))
        elif sent:
            lines.append(f"send {sent // 8} ms of speech, with marks")
            sent = 0
    return lines


def _plainly(one: object) -> str:
    """Name and values, as in `OutboxOverflowed(port='stt', dropped=3)`; bytes by their length."""
    values = []
    for field in fields(one):  # type: ignore[arg-type]
        value = getattr(one, field.name)
        values.append(f"{field.name}={f'{len(value)} bytes' if isinstance(value, bytes) else repr(value)}")
    return f"{type(one).__name__}({', '.join(values)})"
