"""Removes what was said from a tape and keeps every timing: `telephony redact`. Pure, except that it writes a tape.

Theory of operation. Nothing stays unless it is known to reveal nothing: `substitution.py` replaces every word that
turn-taking does not know, one to one, and all sound of the caller becomes noise of the same level, as does the agent's
where its words have changed. Times and the detector's results stay. The recorded and the redacted call then run side by
side: each event goes to both cores, whose actions must be the same but for the replaced words. So the new tape replays,
and shows what the old one showed. If a decision depends on the replaced words, the error says which, and nothing is
written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.history import HistoryItem, ToolUsed
from telephony.core.language.registry import language_for
from telephony.core.policy import Policy
from telephony.tape import step_text
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.format import PIPELINE, Header
from telephony.tape.reader import Tape
from telephony.tape.redaction.alignment import Span, aligned, pieces_of
from telephony.tape.redaction.noise import noise
from telephony.tape.redaction.substitution import Substitution
from telephony.tape.replay import first_difference
from telephony.tape.writer import write

ATTEMPTS = 8
"""How many sets of replacements are tried: a decision may depend on one of them by chance."""


class WordsDecide(BadTape):
    """The redacted call would have gone differently: a decision depends on the replaced words."""

    code = "words_decide"


@dataclass(slots=True)
class Redacted:
    """A redacted tape. `words` counts the words replaced; `caller_ms` and `agent_ms` is the audio replaced."""

    header: Header
    steps: list[Step]
    words: int
    caller_ms: int
    agent_ms: int


def redact(tape: Tape, keep: Collection[str] = (), key: str = "", silence: bool = False) -> Redacted:
    """The tape with only those words that turn-taking knows, and `keep`. `key` determines the replacements, and should
    be a secret that is thrown away. Sound becomes noise, or with `silence` silence. Raises BadTape if the tape cannot
    be redacted."""
    if tape.header.engine != PIPELINE:
        raise BadTape(f"only calls of the pipeline can be redacted; this one was held by {tape.header.engine!r}")
    if not tape.good:
        raise BadTape(f"{tape.path}: only a whole tape can be redacted: {(tape.problems or ['it breaks off'])[0]}")
    if first_difference(fresh(tape.header), tape.steps) is not None:
        raise BadTape(
            f"{tape.path} does not replay with this version (see `telephony replay`), so it cannot be redacted; if its "
            f"rules are older, make a tape of it by today's first: `telephony rehearse {tape.path} --out FOLDER`"
        )
    values = [value for one in tape.steps for value in (one.event, *one.actions)]
    said = [value for value in values if not isinstance(value, e.MarkReached | a.SendMark)]
    originals = [*texts((tape.header, said)), *_joined(tape.steps).values()]
    language = language_for(tape.header.policy.language)
    for attempt in range(ATTEMPTS):
        run = _SideBySide(tape, Substitution(originals, language, f"{key}/{attempt}", keep), silence)
        try:
            steps = [run.step(step) for step in tape.steps]
            break
        except WordsDecide:
            if attempt == ATTEMPTS - 1:
                raise
    header = run.header(tape.header)
    if first_difference(fresh(header), steps) is not None:
        raise BadTape("the new tape would not replay; nothing was written")
    return Redacted(header, steps, len(run.words.replaced), run.caller_bytes // 8, run.agent_bytes // 8)


def texts(value: Any) -> Iterable[str]:
    """All strings in a value, also inside tuples, lists, mappings (values only) and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts(getattr(value, one.name))
    elif isinstance(value, dict):
        yield from texts(list(value.values()))


def policy_of(policy: Policy, text: Callable[[str], str]) -> Policy:
    """The policy with `text` applied to everything that the agent says."""
    wording = {one.name: text(getattr(policy.wording, one.name)) for one in fields(policy.wording)}
    return replace(
        policy,
        greeting=text(policy.greeting),
        must_be_heard=tuple(text(one) for one in policy.must_be_heard),
        expects=tuple(replace(one, phrase=text(one.phrase)) for one in policy.expects),
        wording=replace(policy.wording, **wording),
    )


# --- both calls -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Spoken:
    """A TTS context: the text given to it as recorded (`then`) and redacted (`now`), and how much has been spoken of
    it: non-space characters (`solid`) and bytes."""

    then: str = ""
    now: str = ""
    solid: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Forms:
    """The spoken forms for both cores. `known` are those of the redacted call that `spoken_form` would not give."""

    words: Substitution
    spoken_form: Callable[[str], str]
    plain_form: Callable[[str], str]
    forms: dict[str, str] = field(default_factory=dict)

    def then(self, written: str) -> str:
        spoken = self.spoken_form(written)
        self.forms[self.words.text(written)] = self.words.text(spoken)
        return spoken

    def now(self, written: str) -> str:
        return self.forms.get(written) or self.words.text(self.plain_form(written))

    @property
    def known(self) -> tuple[tuple[str, str], ...]:
        return tuple((written, form) for written, form in self.forms.items() if form != self.plain_form(written))


class _SideBySide:
    """Drives the cores of the recorded and of the redacted call."""

    def __init__(self, tape: Tape, substitution: Substitution, silence: bool) -> None:
        self.words, self._silence = substitution, silence
        plain = replace(tape.header, spoken=()).spoken_form()
        self._forms = _Forms(substitution, tape.header.spoken_form(), plain)
        self._policy = policy_of(tape.header.policy, substitution.text)
        self._then = Conversation(tape.header.policy, self._forms.then)
        self._now = Conversation(self._policy, self._forms.now)
        self._deltas = _deltas(tape.steps, substitution)
        self._contexts: dict[tuple[int, int], _Spoken] = {}
        self.caller_bytes = self.agent_bytes = 0

    def header(self, before: Header) -> Header:
        agent = {name: self.words.text(value) for name, value in before.agent.items()}
        kept = {name: before.agent[name] for name in ("tools",) if name in agent}
        return replace(
            before,
            policy=self._policy,
            call={name: self.words.identity(value) for name, value in before.call.items()},
            agent={**agent, **dict.fromkeys(agent.keys() & {"prompt_sha256"}, ""), **kept},
            began="",
            spoken=self._forms.known,
            made=",".join(dict.fromkeys((*before.made.split(","), "redacted"))),
        )

    def step(self, step: Step) -> Step:
        """The redacted step. Raises WordsDecide if the redacted call would go differently."""
        event = self._redacted(step)
        then = self._then.step(step.event, step.now_ms)
        now = self._now.step(event, step.now_ms)
        same = len(then) == len(now) and all(map(self._corresponds, then, now))
        if not same or self._then.deadline != self._now.deadline:
            raise WordsDecide(
                f"at {step.now_ms / 1000:.2f} s a decision depends on the words to be replaced "
                f"({step_text.event(step.event, self._policy.turn_taking)}): it was "
                f"{_decisions(then)}, and would be {_decisions(now)}; nothing was written"
            )
        for old, new in zip(then, now, strict=True):
            if isinstance(old, a.Speak) and isinstance(new, a.Speak):
                context = self._contexts.setdefault((old.turn, old.attempt), _Spoken())
                context.then += old.text
                context.now += new.text
        return replace(step, event=event, actions=now)

    def _corresponds(self, then: Any, now: Any) -> bool:
        """The same value, but for the replaced words and the sound."""
        if type(then) is not type(now):
            return False
        if isinstance(then, str):
            return now in (then, self.words.text(then), self.words.json(then))
        if isinstance(then, bytes):
            return len(then) == len(now)
        if isinstance(then, tuple):
            return len(then) == len(now) and all(map(self._corresponds, then, now))
        if is_dataclass(then):
            names = [one.name for one in fields(then) if one.name != "extra"]
            return all(self._corresponds(getattr(then, name), getattr(now, name)) for name in names)
        return bool(then == now)

    def _redacted(self, step: Step) -> e.Event:
        text = self.words.text
        match step.event:
            case e.AudioReceived() as frame:
                self.caller_bytes += len(frame.pcmu)
                return replace(frame, pcmu=noise(frame.pcmu, self._silence))
            case e.TranscriptUpdated() as heard:
                timed = tuple(replace(word, text=text(word.text)) for word in heard.words)
                return replace(heard, stable=text(heard.stable), tentative=text(heard.tentative), words=timed)
            case e.KeyPressed(digit):
                return e.KeyPressed(text(digit) if digit.isdecimal() else digit)
            case e.ReplyDelta() as delta:
                return replace(delta, text=self._deltas[step.seq])
            case e.ToolWanted() as wanted:
                made = self.words.json(wanted.arguments)
                return replace(wanted, tool_call_id=text(wanted.tool_call_id), arguments=made, extra="")
            case e.ToolFinished() as finished:
                made = self.words.json(finished.result)
                return replace(finished, tool_call_id=text(finished.tool_call_id), result=made)
            case e.WorkDeferred() | e.EndWanted() as deferred:
                return replace(deferred, tool_call_id=text(deferred.tool_call_id))
            case e.EntryWanted() as wanted:
                return replace(wanted, question=text(wanted.question))
            case e.NoticeReceived() | e.SayRequested() as told:
                return replace(told, text=text(told.text))
            case e.MoveStarted() | e.MoveFailed() as moved:
                return replace(moved, why=text(moved.why))
            case e.CallResumed(history) as back:
                return replace(back, history=tuple(self._line(one) for one in history), notice=text(back.notice))
            case e.SpeechAudio() as speech:
                return self._speech(speech)
            case e.PhrasesLoaded(phrases):
                return e.PhrasesLoaded(tuple(self._phrase(one) for one in phrases))
            case e.CallStarted(stream_sid):
                return e.CallStarted(self.words.identity(stream_sid))
            case e.EndRequested(reason):
                return e.EndRequested(text(reason))
        return step.event

    def _line(self, item: HistoryItem) -> HistoryItem:
        if not isinstance(item, ToolUsed):
            return replace(item, text=self.words.text(item.text))
        text, made = self.words.text, self.words.json
        return ToolUsed(text(item.tool_call_id), item.name, made(item.arguments), made(item.result))

    def _speech(self, speech: e.SpeechAudio) -> e.SpeechAudio:
        context = self._contexts.setdefault((speech.turn, speech.attempt), _Spoken())
        begin, at = context.bytes, context.solid
        context.bytes += len(speech.pcmu)
        context.solid += sum(not char.isspace() for char in speech.text)
        pieces = [one for one in pieces_of(context.then, context.now) if not one[0].isspace()][at : context.solid]
        text, ends, places = aligned(speech.text, speech.ends_ms, pieces, begin // 8)
        if not speech.ends_ms and context.then != context.now:  # the places of the words are unknown
            places = [(begin // 8, context.bytes // 8)]
        return replace(speech, text=text, ends_ms=ends, pcmu=self._blank(speech.pcmu, begin, places))

    def _phrase(self, phrase: e.Phrase) -> e.Phrase:
        text = self.words.text(phrase.text)
        pieces = [one for one in pieces_of(phrase.text, text) if not one[0].isspace()]
        made, ends, places = aligned(phrase.text, phrase.ends_ms, pieces, 0)
        if not phrase.ends_ms and text != phrase.text:
            places = [(0, len(phrase.pcmu) // 8)]
        return replace(phrase, text=made, ends_ms=ends, pcmu=self._blank(phrase.pcmu, 0, places))

    def _blank(self, pcmu: bytes, begin: int, places: Sequence[Span]) -> bytes:
        """Audio that begins at byte `begin` of its context, with noise or silence at `places` (ms in the context)."""
        made = bytearray(pcmu)
        for start, end in places:
            first, last = max(0, start * 8 - begin), max(0, end * 8 - begin)
            made[first:last] = noise(bytes(pcmu[first:last]), self._silence)
        self.agent_bytes += sum(map(operator.ne, made, pcmu))
        return bytes(made)


def _decisions(actions: Sequence[a.Action]) -> str:
    return "; ".join(step_text.action(one) for one in actions if not isinstance(one, a.Transcribe)) or "nothing"


def _joined(steps: Sequence[Step]) -> dict[int, str]:
    """Turn -> all text of its reply."""
    found: dict[int, str] = {}
    for step in steps:
        if isinstance(step.event, e.ReplyDelta):
            found[step.event.turn] = found.get(step.event.turn, "") + step.event.text
    return found


def _deltas(steps: Sequence[Step], words: Substitution) -> dict[int, str]:
    """Step number -> the redacted text of its delta. A word may span several deltas."""
    waiting = {turn: iter(pieces_of(whole, words.text(whole))) for turn, whole in _joined(steps).items()}
    return {
        step.seq: "".join(next(waiting[step.event.turn])[1] for _ in step.event.text)
        for step in steps
        if isinstance(step.event, e.ReplyDelta)
    }


# --- to a folder ----------------------------------------------------------------------------------------------------


def redact_to(tape: Tape, folder: Path, keep: Collection[str], key: str, silence: bool) -> list[str]:
    """Writes the redacted tape; returns lines on what was replaced and what stays. Raises BadTape, OSError."""
    done = redact(tape, keep, key, silence)
    write(folder, done.header, done.steps)
    how = "silence" if silence else "noise"
    return [
        f"{folder}: the same call to the millisecond, with {done.words} different words and numbers replaced.",
        f"  {done.caller_ms / 1000:.1f} s of the caller and {done.agent_ms / 1000:.1f} s of the agent are {how} now.",
        "  What stays: common words that turn-taking knows, the digits 0 and 1, the century of a year, the names of"
        " tools and of their parameters" + (f", and what you keep: {', '.join(sorted(keep))}" if keep else "") + ".",
    ]
