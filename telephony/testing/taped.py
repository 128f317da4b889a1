"""STT, LLM, tools, TTS and detector that answer as those of a recorded call did, for `wire_replay.py`.

A word is found by its position in the caller's audio, a reply by the caller's words that it answers, speech by its
text. For a reply that is not on the tape there is a placeholder, for speech a sound of the usual length.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any, NamedTuple

from telephony.agent import Agent, Voice
from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.contracts.vad import Detector
from telephony.core import events as e
from telephony.core.policy import END_CALL
from telephony.tape.audio import caller_side
from telephony.tape.reader import Tape
from telephony.tape.rehearsal.providers import MS_PER_CHAR, PLACEHOLDER, thoughts, utterances
from telephony.tape.rehearsal.virtual_time import middle
from telephony.tape.rehearsal.world import SpokenText, spoken_words
from telephony.tape.step_text import plain
from telephony.testing.fakes.elevenlabs.stt import SttLatency
from telephony.testing.fakes.openai.server import CallTool, Part, Say
from telephony.tools import Tool


class _Word(NamedTuple):
    """A transcribed text: its position in the caller's audio (ms), and the number of the tape's segment that holds it
    (each segment ends with a final)."""

    at: int
    text: str
    segment: int


class TapedParts:
    """The caller, and the services' answers, of one tape.

    `caller` is the caller's audio from the first frame on (mu-law 8 kHz); `gaps` the parts that the carrier lost, as
    (start, length) in ms; `keys` the keys pressed, as (bytes of audio before it, key)."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.caller, self.gaps = _frames(tape)
        self.keys = _keys(tape)
        last = tape.steps[-1].event if tape.steps else None
        self.hangs_up = isinstance(last, e.CallerLeft)
        self._replies = thoughts(tape.steps)
        self._sounds = _sounds(tape)
        self._results = _results(tape)
        self.stt_latency = SttLatency(0, _final_ms(tape), 0)  # partials carry their own time

    def agent(self) -> Agent:
        """An agent with the recorded call's turn-taking and other rules; its tools return their recorded results."""
        header = self._tape.header
        own = {one.name for one in fields(Agent)}
        policy = {
            one.name: getattr(header.policy, one.name)
            for one in fields(header.policy)
            if one.name in own - {"language"}
        }
        tools = tuple(
            Tool(name, name, {"type": "object", "properties": {}}, partial(_return, results))
            for name, results in self._results.items()
            if name != END_CALL
        )
        return Agent(prompt="", voice=Voice(language=header.language or "en"), tools=tools, **policy)

    def detector(self) -> Detector:
        return _TapedDetector([s.event for s in self._tape.steps if isinstance(s.event, e.AudioReceived)])

    def stt(self) -> _TapedStt:
        return _TapedStt(_words(self._tape), _partials(self._tape))

    def answer(self, body: dict[str, Any]) -> list[Part]:
        """The LLM: the recorded reply to the caller's last words, without the parts that the request already holds."""
        messages = body["messages"]
        asked = [at for at, message in enumerate(messages) if message["role"] == "user"]
        said = plain(messages[asked[-1]]["content"]) if asked else ("",)
        done = sum(message["role"] == "tool" for message in messages[asked[-1] :]) if asked else 0
        same = [one for one in self._replies if one.said == said]
        turns = sum(1 for one in messages if one["role"] == "user")
        if not same:
            return [Say(PLACEHOLDER)]
        reply = min(same, key=lambda one: (not one.whole, abs(one.turn - turns)))
        parts: list[Part] = []
        text = ""
        for _, _, part in reply.parts:
            if isinstance(part, e.ReplyDelta) and not done:
                text += part.text
            elif isinstance(part, e.ToolWanted):
                if not done:
                    parts += [Say(text)] if text.strip() else []
                    return [*parts, CallTool(part.name, json.loads(part.arguments or "{}"))]
                done -= 1
        return [Say(text)] if text.strip() else []

    async def speak(self, text: str) -> tuple[bytes, tuple[int, ...]]:
        """The TTS: the recorded speech of `text`, or that part of a longer text's speech; else a sound of the usual
        length. Returns mu-law 8 kHz audio, and the end of each character in ms."""
        wanted = " ".join(text.split())
        for known, pcmu, ends in self._sounds:
            at = known.find(wanted)
            if wanted and at >= 0 and len(ends) == len(known):
                begin = ends[at - 1] if at else 0
                until = ends[at + len(wanted) - 1]
                places = [end - begin for end in ends[at : at + len(wanted)]]
                return pcmu[begin * 8 : until * 8], _stretched(text, wanted, places)
        usual = tuple((index + 1) * MS_PER_CHAR for index in range(len(text)))
        return b"\x55" * (len(text) * MS_PER_CHAR * 8), usual


def _stretched(text: str, wanted: str, places: Sequence[int]) -> tuple[int, ...]:
    """The ends of the characters of `text`, from those (`places`) of `wanted`, which is `text` with its white space
    normalized."""
    found, at = [], 0
    for char in text:
        if at < len(wanted) and char == wanted[at]:
            at += 1
        found.append(places[min(at, len(places)) - 1] if at else 0)
    return tuple(found)


def _return(results: deque[str], **arguments: Any) -> str:
    return results.popleft() if len(results) > 1 else results[0]


def _results(tape: Tape) -> dict[str, deque[str]]:
    names: dict[str, str] = {}
    found: dict[str, deque[str]] = {}
    for step in tape.steps:
        if isinstance(step.event, e.ToolWanted):
            names[step.event.tool_call_id] = step.event.name
        elif isinstance(step.event, e.ToolFinished) and step.event.tool_call_id in names:
            found.setdefault(names[step.event.tool_call_id], deque()).append(step.event.result)
    return found


def _frames(tape: Tape) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """The caller's audio from the first frame on, and the parts that the carrier lost, as (start, length) in ms."""
    frames = [step.event for step in tape.steps if isinstance(step.event, e.AudioReceived)]
    first = frames[0].media_ms if frames else 0
    audio, gaps = bytearray(), []
    caller_side(tape.steps)  # raises BadTape for impossible timestamps
    for frame in frames:
        at = len(audio) // 8
        if (missing := frame.media_ms - first - at) >= FRAME_MS:
            missing -= missing % FRAME_MS
            gaps.append((at, missing))
            audio += b"\xff" * (missing * 8)
        audio += frame.pcmu
    return bytes(audio), tuple(gaps)


def _keys(tape: Tape) -> list[tuple[int, str]]:
    """The keys pressed, as (bytes of the caller's audio before it, key)."""
    found, taken = [], 0
    for step in tape.steps:
        if isinstance(step.event, e.AudioReceived):
            taken += FRAME_BYTES
        elif isinstance(step.event, e.KeyPressed):
            found.append((taken, step.event.digit))
    return found


def _sounds(tape: Tape) -> list[tuple[str, bytes, list[int]]]:
    """All recorded speech and phrases, as (text, mu-law audio, end of each character in ms)."""
    found: list[tuple[str, bytes, list[int]]] = []
    for step in tape.steps:
        if isinstance(step.event, e.PhrasesLoaded):
            found += [(one.text, one.pcmu, list(one.ends_ms)) for one in step.event.phrases]
    for unit in utterances(tape.steps):
        text = "".join(audio.text for _, _, audio in unit.parts)
        ends = [end - unit.base_ms for _, _, audio in unit.parts for end in audio.ends_ms]
        pcmu = b"".join(audio.pcmu for _, _, audio in unit.parts)
        found.append((" ".join(text.split()), pcmu, _normalized(text, ends)))
    return found


def _normalized(text: str, ends: Sequence[int]) -> list[int]:
    """The ends of the characters that remain when runs of white space become one, and are stripped at both sides."""
    found: list[int] = []
    space = True
    for char, end in zip(text, ends, strict=False):
        if not char.isspace() or not space:
            found.append(end)
        space = char.isspace()
    return found[: len(" ".join(text.split()))]


def _final_ms(tape: Tape) -> int:
    asked: dict[int, int] = {}
    late: list[int] = []
    for step in tape.steps:
        if isinstance(step.event, e.TranscriptUpdated) and step.event.commit in asked:
            late.append(step.now_ms - asked[step.event.commit])
        asked.update((one.commit, step.now_ms) for one in step.actions if hasattr(one, "commit"))
    return middle(late, 120)


def _words(tape: Tape) -> list[_Word]:
    """The caller's words, in order, with their positions in the audio."""
    heard: list[SpokenText] = spoken_words(tape.steps, tape.header.policy.turn_taking)
    updates = [step.event for step in tape.steps if isinstance(step.event, e.TranscriptUpdated)]
    stable = [one for one in updates if one.stable or one.commit]
    segments = [n for n, one in enumerate(stable) for _ in (one.words or one.stable.split())]
    places, frames, index = [], 0, 0
    for step in tape.steps:
        while index < len(heard) and heard[index].at <= step.now_ms:
            places.append(frames * FRAME_MS)
            index += 1
        frames += isinstance(step.event, e.AudioReceived)
    places += [frames * FRAME_MS] * (len(heard) - index)
    return [_Word(at, one.text, n) for at, one, n in zip(places, heard, segments, strict=True)]


def _partials(tape: Tape) -> list[_Word]:
    """The partial transcripts of each segment, with their positions in the audio."""
    found, frames, segment = [], 0, 0
    for step in tape.steps:
        match step.event:
            case e.AudioReceived():
                frames += 1
            case e.TranscriptUpdated(stable, tentative, commit):
                segment += bool(stable or commit)
                if tentative or not (stable or commit):
                    found.append(_Word(frames * FRAME_MS, tentative, segment))
    return found


class _TapedDetector:
    """A detector that returns the recorded results, frame by frame."""

    def __init__(self, frames: Sequence[e.AudioReceived]) -> None:
        self._frames = deque(frames)

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        if not self._frames:
            return None, -960
        frame = self._frames.popleft()
        return frame.speech, frame.level

    def reset(self) -> None:
        pass


class _TapedStt:
    """A recogniser that yields the recorded words and partials at their positions in the audio. The call may be divided
    into other segments than on the tape, so words already in a final are left out of later partials."""

    def __init__(self, words: Sequence[_Word], partials: Sequence[_Word]) -> None:
        self._words, self._partials = deque(words), deque(partials)
        self._shown: _Word | None = None
        self._given: Counter[int] = Counter()  # segment -> how many of its words have been in a final
        self._ms = 0

    def hear(self, pcmu: bytes) -> None:
        self._ms += len(pcmu) // 8

    async def partial(self) -> str:
        self._show()
        if (shown := self._shown) is None:
            return ""
        before = [word.text for word in self._words if word.segment < shown.segment and word.at <= self._ms]
        return " ".join([*before, *shown.text.split()[self._given[shown.segment] :]])

    async def commit(self) -> tuple[str, list[tuple[str, float, float]]]:
        out: list[tuple[str, float, float]] = []
        while self._words and self._words[0].at <= self._ms:
            word = self._words.popleft()
            self._given[word.segment] += 1
            out.append((word.text, max(0, word.at - 250) / 1000, word.at / 1000))
        self._show()
        self._shown = None
        return " ".join(word for word, _, _ in out), out

    def _show(self) -> None:
        while self._partials and self._partials[0].at <= self._ms:
            self._shown = self._partials.popleft()
