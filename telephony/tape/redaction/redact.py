"""Removes personal data from a tape and keeps every timing: `telephony redact`. Pure, except that it writes a tape.

Theory of operation. First it decides what to remove (`caller_side.py` for the caller, here for the agent): words get
stand-ins of the same shape (`personal_data.py`), and their sound is replaced by noise of the same level. Then the
recorded and the redacted call run side by side: each event goes to both cores, whose actions must have the same kinds,
sizes and times. So the new tape replays, and shows what the old one showed. If a decision depends on the removed words,
the error says which, and nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.conversation import Conversation
from telephony.core.language.registry import language_for
from telephony.tape import step_text
from telephony.tape.audio import played
from telephony.tape.codec import BadTape
from telephony.tape.engines import fresh
from telephony.tape.format import PIPELINE, Header
from telephony.tape.reader import Tape
from telephony.tape.redaction.caller_side import CallerSide, known_words, noise
from telephony.tape.redaction.personal_data import Mask, doubtful, plain_json
from telephony.tape.redaction.shape import masked, shape, texts
from telephony.tape.replay import first_difference
from telephony.tape.writer import write

MARGIN_MS = 60
"""How much of the agent's sound around a word is removed with it."""
ATTEMPTS = 8
"""How many sets of stand-ins are tried: a decision may depend on one of them by chance."""


class WordsDecide(BadTape):
    """The redacted call would have gone differently: a decision depends on the removed words."""

    code = "words_decide"


Window = tuple[str, int, int]
"""(`caller` or `agent`, start, end) in ms of the call: everything said in it is removed."""


@dataclass(slots=True)
class Redacted:
    """A redacted tape. `found` counts what was found, by kind; `caller_ms` and `agent_ms` is the audio replaced;
    `doubtful` are words left in it that a person should check."""

    header: Header
    steps: list[Step]
    found: dict[str, int]
    caller_ms: int
    agent_ms: int
    doubtful: list[str]


def redact(
    tape: Tape, names: Sequence[str] = (), windows: Sequence[Window] = (), key: str = "", silence: bool = False
) -> Redacted:
    """The tape without `names`, numbers, e-mail addresses, and whatever was said in `windows`. `key` determines the
    stand-ins, and should be a secret that is thrown away. Sound becomes noise, or with `silence` silence. Raises
    BadTape if the tape cannot be redacted."""
    if tape.header.engine != PIPELINE:
        raise BadTape(f"only calls of the pipeline can be redacted; this one was held by {tape.header.engine!r}")
    if not tape.good:
        raise BadTape(f"{tape.path}: only a whole tape can be redacted: {(tape.problems or ['it breaks off'])[0]}")
    if first_difference(fresh(tape.header), tape.steps) is not None:
        raise BadTape(
            f"{tape.path} does not replay with this version (see `telephony replay`), so it cannot be redacted"
        )
    for name in names:
        if not any(sum(char.isalnum() for char in part) > 1 for part in name.split()):
            raise BadTape(f"{name!r} cannot be searched for as a name: it needs a word of two letters or more")
    phrases = _phrases_in(tape, windows)
    for side, start, end in windows:
        if not start < end or start > tape.length_ms:
            raise BadTape(
                f"{side}:{start / 1000:g}-{end / 1000:g} is not a part of a call of {tape.length_ms / 1000:.1f} s"
            )
    for attempt in range(ATTEMPTS):
        mask = Mask(f"{key}/{attempt}", names, phrases)
        run = _SideBySide(tape, mask, windows, silence)
        try:
            steps = [run.step(step) for step in tape.steps]
            break
        except WordsDecide:
            if attempt == ATTEMPTS - 1:
                raise
    header = run.header(tape.header)
    if first_difference(fresh(header), steps) is not None:
        raise BadTape("the new tape would not replay; nothing was written")
    left = [text for step in steps for text in texts((step.event, step.actions))]
    _check(left, names)
    return Redacted(
        header,
        steps,
        {kind: len(found) for kind, found in mask.found.items()},
        run.caller.blanked_ms,
        run.agent_bytes // 8,
        doubtful(_said(steps), known_words(language_for(tape.header.policy.language))),
    )


def _said(steps: Sequence[Step]) -> list[str]:
    """The lines of both sides, and the arguments and results of tools."""
    found: list[str] = []
    for step in steps:
        if isinstance(step.event, e.ToolWanted | e.ToolFinished):
            found.append(step.event.arguments if isinstance(step.event, e.ToolWanted) else step.event.result)
        found += [action.text for action in step.actions if isinstance(action, a.LineAdded)]
    return found


def _check(left: Iterable[str], names: Sequence[str]) -> None:
    parts = [re.escape(part) for name in names for part in name.split() if len(part) > 1]
    wanted = re.compile(rf"(?<!\w)({'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None
    both = (version for text in left for version in (text, plain_json(text)))
    if wanted is not None and (found := next((m for text in both if (m := wanted.search(text))), None)):
        raise BadTape(f"{found.group()!r} would still be on the tape; nothing was written")


# --- both calls -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Spoken:
    """A TTS context: its text as recorded (`then`) and redacted (`now`), and how much has been spoken of it: non-space
    characters (`solid`) and bytes."""

    then: str = ""
    now: str = ""
    solid: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Forms:
    """Spoken forms for both cores: the n-th request of the one corresponds to the n-th of the other. `known` are those
    of the redacted call that `spoken_form` would not give."""

    mask: Mask
    spoken_form: Callable[[str], str]
    wanted: list[tuple[str, str]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)

    def then(self, written: str) -> str:
        spoken = self.spoken_form(written)
        self.wanted.append((written, spoken))
        return spoken

    def now(self, written: str) -> str:
        if not self.wanted:
            return self.spoken_form(written)
        before, spoken = self.wanted.pop(0)
        if before == written:
            return spoken
        if written != self.mask.text(before):  # said in a window: remove all of it
            form = self.mask.at(spoken, [(0, len(spoken))])
        else:
            digits = any(char.isdigit() for start, end in self.mask.spans(before) for char in before[start:end])
            form = self.mask.text(spoken, digits=digits)
        if form != self.spoken_form(written):
            self.known[written] = form
        return form


class _SideBySide:
    """Drives the cores of the recorded and of the redacted call."""

    def __init__(self, tape: Tape, mask: Mask, windows: Sequence[Window], silence: bool) -> None:
        self._mask, self._silence = mask, silence
        self.caller = CallerSide(tape.steps, mask, windows, tape.header.policy, silence)
        self._forms = _Forms(mask, tape.header.spoken_form())
        self._policy = masked(tape.header.policy, mask)
        self._then = Conversation(tape.header.policy, self._forms.then)
        self._now = Conversation(self._policy, self._forms.now)
        self._deltas = _deltas(tape.steps, mask, _turns_in(tape.steps, windows))
        self._contexts: dict[tuple[int, int], _Spoken] = {}
        self.agent_bytes = 0

    def header(self, before: Header) -> Header:
        return replace(
            before,
            policy=self._policy,
            call={name: _identity(value, self._mask) for name, value in before.call.items()},
            agent={
                name: self._mask.text(value) if name != "prompt_sha256" else "" for name, value in before.agent.items()
            },
            began=before.began[:10],
            spoken=(*before.spoken, *self._forms.known.items()),
            made=",".join(dict.fromkeys((*before.made.split(","), "redacted"))),
        )

    def step(self, step: Step) -> Step:
        """The redacted step. Raises WordsDecide if the redacted call would go differently."""
        event = self._redacted(step)
        then = self._then.step(step.event, step.now_ms)
        now = self._now.step(event, step.now_ms)
        if [shape(one) for one in then] != [shape(one) for one in now] or self._then.deadline != self._now.deadline:
            raise WordsDecide(
                f"at {step.now_ms / 1000:.2f} s a decision depends on the words to be removed "
                f"({step_text.event(step.event, self._policy.turn_taking)}); nothing was written"
            )
        for old, new in zip(then, now, strict=True):
            if isinstance(old, a.Speak) and isinstance(new, a.Speak):
                context = self._contexts.setdefault((old.turn, old.attempt), _Spoken())
                context.then += old.text
                context.now += new.text
        return replace(step, event=event, actions=now)

    def _redacted(self, step: Step) -> e.Event:
        match step.event:
            case e.AudioReceived() | e.TranscriptPartial() | e.TranscriptFinal() | e.KeyPressed():
                return self.caller.redacted(step)
            case e.ReplyDelta() as delta:
                return replace(delta, text=self._deltas[step.seq])
            case e.ToolWanted() as wanted:
                return replace(wanted, arguments=self._mask.json(wanted.arguments), extra="")
            case e.ToolFinished() as finished:
                return replace(finished, result=self._mask.json(finished.result))
            case e.SpeechAudio() as speech:
                return self._speech(speech)
            case e.PhrasesLoaded(phrases):
                return e.PhrasesLoaded(tuple(self._phrase(one) for one in phrases))
            case e.CallStarted(stream_sid):
                return e.CallStarted(_identity(stream_sid, self._mask))
            case e.EndRequested(reason):
                return e.EndRequested(self._mask.text(reason))
        return step.event

    def _speech(self, speech: e.SpeechAudio) -> e.SpeechAudio:
        context = self._contexts.setdefault((speech.turn, speech.attempt), _Spoken())
        begin = context.bytes
        context.bytes += len(speech.pcmu)
        if context.then == context.now:
            context.solid += sum(not char.isspace() for char in speech.text)
            return speech
        then = [char for char in context.then if not char.isspace()]
        gone = _gone(context.then, context.now)
        now = [char for char in context.now if not char.isspace()]
        text, places = "", []
        for index, char in enumerate(speech.text):
            if char.isspace() or context.solid >= len(then) or then[context.solid] != char:
                text += char
                continue
            text += now[context.solid]
            if gone[context.solid] and index < len(speech.ends_ms):
                before = speech.ends_ms[index - 1] if index else begin // 8
                places.append((before - MARGIN_MS, speech.ends_ms[index] + MARGIN_MS))
            context.solid += 1
        if not speech.ends_ms:  # without an alignment, the places of the words are unknown
            places = [(begin // 8, context.bytes // 8)]
        return replace(speech, text=text, pcmu=self._blank(speech.pcmu, begin, places))

    def _phrase(self, phrase: e.Phrase) -> e.Phrase:
        text, ends = self._mask.text(phrase.text), (0, *phrase.ends_ms)
        if text == phrase.text:
            return phrase
        places = [
            (ends[at] - MARGIN_MS, ends[at + 1] + MARGIN_MS)
            for word in re.finditer(r"\S+", phrase.text)
            for at in range(*word.span())
            if text[slice(*word.span())] != word.group() and at + 1 < len(ends)
        ]
        whole = [(0, len(phrase.pcmu) // 8)]
        return replace(phrase, text=text, pcmu=self._blank(phrase.pcmu, 0, places if phrase.ends_ms else whole))

    def _blank(self, pcmu: bytes, begin: int, places: Sequence[tuple[int, int]]) -> bytes:
        """Audio that begins at byte `begin` of its context, with noise or silence at `places` (ms in the context)."""
        made = bytearray(pcmu)
        for start, end in places:
            first, last = max(0, start * 8 - begin), max(0, end * 8 - begin)
            made[first:last] = noise(bytes(pcmu[first:last]), self._silence)
        self.agent_bytes += sum(new != old for new, old in zip(made, pcmu, strict=True))
        return bytes(made)


def _gone(then: str, now: str) -> list[bool]:
    """For each non-space character of `then`: whether its word is replaced in `now`."""
    found: list[bool] = []
    for old, new in zip(then.split(), now.split(), strict=True):
        found += [old != new] * len(old)
    return found


def _identity(value: str, mask: Mask) -> str:
    """A redacted phone number, address or SID."""
    if re.fullmatch(r"[A-Z]{2}[0-9a-fA-F]{8,}", value):
        return value[:2] + "0" * (len(value) - 2)
    return mask.text(value, digits=True)


def _deltas(steps: Sequence[Step], mask: Mask, turns: set[int]) -> dict[int, str]:
    """Step number -> the redacted text of its delta. Personal data may span several deltas."""
    pieces: dict[int, list[Step]] = {}
    for step in steps:
        if isinstance(step.event, e.ReplyDelta):
            pieces.setdefault(step.event.turn, []).append(step)
    found: dict[int, str] = {}
    for turn, some in pieces.items():
        whole = "".join(step.event.text for step in some if isinstance(step.event, e.ReplyDelta))
        made = mask.at(whole, [(0, len(whole))]) if turn in turns else mask.text(whole)
        at = 0
        for step in some:
            assert isinstance(step.event, e.ReplyDelta)
            found[step.seq] = made[at : at + len(step.event.text)]
            at += len(step.event.text)
    return found


def _turns_in(steps: Sequence[Step], windows: Sequence[Window]) -> set[int]:
    """The agent's turns that can be heard in the windows."""
    spans = [(start, end) for side, start, end in windows if side == "agent"]
    return {one.turn for one in played(steps) if any(one.start < end and start < one.end for start, end in spans)}


def _phrases_in(tape: Tape, windows: Sequence[Window]) -> set[str]:
    """The fixed phrases that were said in the windows, found by their lines in the record, or else by their sound."""
    turns = _turns_in(tape.steps, windows)
    said = {
        one.turn: one.text
        for step in tape.steps
        for one in step.actions
        if isinstance(one, a.LineAdded) and one.speaker == "agent" and one.turn in turns and one.text
    }
    pieces = (one for one in played(tape.steps) if one.turn in turns and one.turn not in said)
    sent = {piece.pcmu.rstrip(b"\xff") for piece in pieces} - {b""}
    loaded = [one for step in tape.steps if isinstance(step.event, e.PhrasesLoaded) for one in step.event.phrases]
    known = {*texts(tape.header.policy), *(one.text for one in loaded)}
    by_sound = {one.text for one in loaded if any(piece in one.pcmu for piece in sent)}
    return by_sound | {text for text in known if any(text.startswith(line) for line in said.values())}


# --- to a folder ----------------------------------------------------------------------------------------------------


def redact_to(
    tape: Tape, folder: Path, names: Sequence[str], windows: Sequence[Window], key: str, silence: bool
) -> list[str]:
    """Writes the redacted tape; returns lines on what was removed and what could not be. Raises BadTape, OSError."""
    done = redact(tape, names, windows, key, silence)
    write(folder, done.header, done.steps)
    found = ", ".join(f"{count} {kind}{'s' * (count > 1)}" for kind, count in sorted(done.found.items())) or "nothing"
    how = "silence" if silence else "noise"
    lines = [
        f"{folder}: the same call to the millisecond, without {found}.",
        f"  {done.caller_ms / 1000:.1f} s of the caller and {done.agent_ms / 1000:.1f} s of the agent are {how} now.",
        "  Not recognised: names that you have not given with --name, addresses, dates, numbers of up to three digits"
        + (", numbers in words" if tape.header.policy.language != "en" else "")
        + ", and what a voice reveals about a person. --span removes everything that was said at a time.",
    ]
    if done.doubtful:
        lines.append(f"  Check these words, which are left: {', '.join(done.doubtful)}")
    return lines
