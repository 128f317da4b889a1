"""Any recording as a caller: a WAV file (and a transcript) -> a tape.

Two channels, as Twilio records calls: one is the caller, the other whoever answered. One channel: the caller alone, or
both mixed if the transcript tells with times when who spoke. The caller's sound goes through the voice detector; their
words come from the transcript (without times in it, its lines lie between the longest pauses). Without a transcript
there is a placeholder for every 0.3 s of voice: then only silence decides. What the other side said answers the caller
here too, the n-th answer the n-th turn. The tape is then that of a call in virtual time: to be replayed, rehearsed,
redacted.

A transcript is text, a line for each thing said (`caller: ...`, `agent: ...`; without a name it is the caller's; a time
in front in seconds or as 00:12.3), or JSON: a list (or an object with `segments`, `sentences` or `utterances`) of
objects with `text` or `transcript`, and perhaps `speaker`, `start` and `end` in seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from telephony.audio import frames as fr
from telephony.audio import level, tones, wav
from telephony.audio.frames import FRAME_MS
from telephony.contracts.observer import Step
from telephony.contracts.vad import Detector
from telephony.core import events as e
from telephony.core.history import AgentSaid, CallerSaid, History
from telephony.core.listening.voice_activity import Voiced
from telephony.core.policy import Policy, TurnTaking
from telephony.errors import TelephonyError
from telephony.tape.engines import fresh
from telephony.tape.format import Header
from telephony.tape.rehearsal.providers import PLACEHOLDER
from telephony.tape.rehearsal.virtual_time import middle
from telephony.tape.writer import write
from telephony.testing.recorded_stt import Clip, HeardFrame, SpokenWord
from telephony.testing.simulator import Simulator

LONGEST_S = 86_400
PLACEHOLDER_MS = 300
PLACEHOLDER_WORD = "something"
TURN_GAP_MS = 500
AFTERWARDS_MS = 6_000
"""The caller stays on the line so long after the recording, silent."""
CALLERS = ("caller", "user", "customer", "client", "human", "speaker_0", "inbound", "left")
AGENTS = ("agent", "assistant", "bot", "operator", "representative", "speaker_1", "outbound", "right")


class BadTranscript(TelephonyError):
    """A transcript that cannot be used; the message says where."""

    code = "bad_transcript"


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a transcript. Times in ms, None: not known."""

    speaker: str
    text: str
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made. `waits` are those of the recording's own answers, in ms (empty: one channel)."""

    header: Header
    steps: list[Step]
    words: int
    waits: list[int]


def import_call(
    audio: Path,
    folder: Path,
    *,
    detector: Detector,
    transcript: Path | None = None,
    caller: str = "left",
    policy: Policy | None = None,
    language: str = "en",
) -> Imported:
    """Makes a tape in `folder`. Raises BadAudio, BadTranscript, OSError."""
    sides = wav.read(audio)
    mine = sides[1 if caller == "right" and len(sides) == 2 else 0]
    other = sides[0 if caller == "right" else 1] if len(sides) == 2 else b""
    lines = read_transcript(transcript) if transcript is not None else []
    if not other:
        mine = _alone(mine, lines)
    heard = _heard(mine + fr.silence(AFTERWARDS_MS), detector)
    rules = policy or Policy()
    voiced = _voiced(heard, rules.turn_taking)
    words = _words(len(heard), voiced, [one for one in lines if one.speaker == "caller"])
    greeting, replies = _replies(lines, policy)
    chosen = replace(rules, greeting=greeting or rules.greeting)
    made = ",".join(("imported", *(["without words"] if not lines else [])))
    header = Header(policy=chosen, language=language, call={"source": audio.name}, made=made)
    steps = _quietly(header, _converse(header, Clip(heard, words), replies))
    write(folder, header, steps)
    return Imported(header, steps, len(words), _waits(voiced, other))


# --- the transcript -------------------------------------------------------------------------------------------------

_TIME = r"\[?(?P<at>\d+(?::\d\d)*(?:[.,]\d+)?)(?:\s*s)?\]?"
_LINE = re.compile(rf"\s*(?:{_TIME}\s+)?(?:(?P<who>[A-Za-z_]\w{{2,20}})\s*:\s+)?(?P<text>.*\S)\s*")


def read_transcript(path: Path) -> list[Said]:
    """The lines of a transcript, see the module text. Raises BadTranscript, OSError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTranscript(f"{path}: this is no text in UTF-8 ({error.reason} at byte {error.start})") from None
    if path.suffix == ".json":
        try:
            return [_entry(path, number, one) for number, one in enumerate(_entries(json.loads(text)), 1)]
        except ValueError as error:
            raise BadTranscript(f"{path}: {error}") from None
    found = []
    for line in text.splitlines():
        if (match := _LINE.fullmatch(line)) is not None:
            who = _speaker(match["who"] or "caller")
            said = match["text"] if who or not match["who"] else f"{match['who']}: {match['text']}"
            found.append(Said(who or "caller", said, _ms(match["at"])))
    return found


def _entries(data: Any) -> list[Any]:
    if isinstance(data, dict):
        data = next((data[name] for name in ("segments", "sentences", "utterances") if name in data), data)
    if not isinstance(data, list):
        raise ValueError("there is no list of segments in it")
    return data


def _entry(path: Path, number: int, one: Any) -> Said:
    if not isinstance(one, dict):
        raise BadTranscript(f"{path}: segment {number} is no object")
    text = one.get("text", one.get("transcript"))
    if not isinstance(text, str):
        raise BadTranscript(f"{path}: segment {number} has no text")
    who = _speaker(str(one.get("speaker", "caller")))
    if not who:
        raise BadTranscript(f"{path}: segment {number} is said by {one['speaker']!r}; name them caller or agent")
    times = [one.get(name, one.get(f"{name}_time")) for name in ("start", "end")]
    if any(time is not None and not (isinstance(time, (int, float)) and 0 <= time < LONGEST_S) for time in times):
        raise BadTranscript(f"{path}: segment {number} has times that are no seconds of a call")
    start, end = (None if time is None else round(float(time) * 1000) for time in times)
    return Said(who, text, start, end)


def _speaker(name: str) -> str:
    known = name.lower().replace(" ", "_")
    return "caller" if known in CALLERS else "agent" if known in AGENTS else ""


def _ms(time: str | None) -> int | None:
    if time is None:
        return None
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return round(seconds * 1000)


# --- the sound ------------------------------------------------------------------------------------------------------


def _alone(pcmu: bytes, lines: Sequence[Said]) -> bytes:
    """One channel without what the agent says in it, as far as the transcript tells when."""
    made = bytearray(pcmu)
    for index, line in enumerate(lines):
        if line.speaker == "agent" and line.start_ms is not None:
            later = [one.start_ms for one in lines[index + 1 :] if one.start_ms is not None]
            end = line.end_ms or (later[0] if later else len(pcmu) // 8)
            made[line.start_ms * 8 : end * 8] = fr.silence(max(0, min(end, len(pcmu) // 8) - line.start_ms))
    return bytes(made)


def _heard(pcmu: bytes, detector: Detector) -> list[HeardFrame]:
    return [HeardFrame(frame, *detector.hear(frame)) for frame in fr.frames(pcmu)]


def _voiced(heard: Sequence[HeardFrame], rules: TurnTaking) -> list[int]:
    """Frames in which the caller has voice, by number; a window tells of the frames since the one before."""
    found: list[int] = []
    since, voice = 0, Voiced(rules)
    for index, frame in enumerate(heard):
        if frame.speech is not None:
            found += range(since, index + 1) if voice.window(frame.speech) else ()
            since = index + 1
    return found


def _words(frames: int, voiced: Sequence[int], lines: Sequence[Said]) -> list[SpokenWord]:
    """The caller's words, each with its end, where their voice is."""
    if not lines:
        every = PLACEHOLDER_MS // FRAME_MS
        return [SpokenWord(PLACEHOLDER_WORD, (frame + 1) * FRAME_MS) for frame in voiced[every - 1 :: every]]
    found: list[SpokenWord] = []
    starts = [line.start_ms for line in lines]
    if any(start is None for start in starts):
        said = [line.text for line in lines if line.text.split()]
        return [
            word for text, part in zip(said, _parted(voiced, len(said)), strict=True) for word in _spread(text, part)
        ]
    for index, line in enumerate(lines):
        begin, follows = line.start_ms or 0, [*starts[index + 1 : index + 2], frames * FRAME_MS][0]
        end = line.end_ms or follows or frames * FRAME_MS
        inside = [frame for frame in voiced if begin <= frame * FRAME_MS < end]
        found += _spread(line.text, inside or range(begin // FRAME_MS, max(begin + 1, end) // FRAME_MS))
    return sorted(found, key=lambda word: word.end_ms)


def _parted(frames: Sequence[int], count: int) -> list[Sequence[int]]:
    """`frames` in `count` parts, divided where their longest gaps are."""
    gaps = sorted(range(1, len(frames)), key=lambda at: frames[at - 1] - frames[at])[: max(0, count - 1)]
    edges = [0, *sorted(gaps), len(frames)]
    parts: list[Sequence[int]] = [frames[start:end] for start, end in pairwise(edges)]
    return parts + [()] * (count - len(parts))


def _spread(text: str, frames: Sequence[int]) -> list[SpokenWord]:
    """Words over frames, by their length."""
    words = text.split()
    total, done, found = sum(map(len, words)), 0, []
    for word in words:
        done += len(word)
        place = frames[max(0, len(frames) * done // total - 1)] if frames else 0
        found.append(SpokenWord(word, (place + 1) * FRAME_MS))
    return found


# --- the call -------------------------------------------------------------------------------------------------------


def _replies(lines: Sequence[Said], policy: Policy | None) -> tuple[str, list[str]]:
    """(what the agent says first, its answers): lines of one side that follow each other belong together."""
    turns: list[tuple[str, str]] = []
    for line in lines:
        if turns and turns[-1][0] == line.speaker:
            turns[-1] = (line.speaker, f"{turns[-1][1]} {line.text}")
        else:
            turns.append((line.speaker, line.text))
    greeting = turns[0][1] if turns and turns[0][0] == "agent" else ""
    answers = [text for speaker, text in turns[bool(greeting) :] if speaker == "agent"]
    return ("" if policy is not None and policy.greeting else greeting), answers


def _converse(header: Header, clip: Clip, replies: Sequence[str]) -> list[Step]:
    def answer(history: History) -> Iterable[str]:
        answered = sum(isinstance(item, AgentSaid) for item in history) - bool(header.policy.greeting)
        turn = sum(isinstance(item, CallerSaid) for item in history) - 1
        return [replies[min(turn, max(0, answered))] if replies and turn < len(replies) else PLACEHOLDER]

    spoken: Callable[[str], str] = header.spoken_form()
    sim = Simulator(header.policy, answer, spoken_form=spoken)
    sim.hears(0, clip)
    end = len(clip.frames) * FRAME_MS
    sim.hangs_up(end)
    sim.run(end + FRAME_MS)
    return [Step(seq, at, event, done) for seq, (at, event, done) in enumerate(sim.steps)]


def _quietly(header: Header, steps: Sequence[Step]) -> list[Step]:
    """The same call with a faint tone for the agent's made-up voice."""
    core, found = fresh(header), []
    for step in steps:
        event = step.event
        if isinstance(event, e.SpeechAudio):
            event = replace(event, pcmu=_tone(len(event.pcmu)))
        elif isinstance(event, e.PhrasesLoaded):
            event = e.PhrasesLoaded(tuple(replace(one, pcmu=_tone(len(one.pcmu))) for one in event.phrases))
        found.append(replace(step, event=event, actions=core.step(event, step.now_ms)))
    return found


def _tone(size: int) -> bytes:
    return tones.sine(200, size // 8 + 1)[:size]


def _waits(voiced: Sequence[int], other: bytes) -> list[int]:
    """How long the recording's other side took to answer: from the caller's last voice to its first sound."""
    callers = set(voiced)
    found: list[int] = []
    silent_since: int | None = None
    quiet = TURN_GAP_MS
    for index, frame in enumerate(fr.frames(other)):
        if index in callers:
            silent_since = index
        loud = level.level(frame) >= level.LOUD
        if loud and quiet >= TURN_GAP_MS and silent_since is not None and index not in callers:
            found.append((index - silent_since - 1) * FRAME_MS)
            silent_since = None
        quiet = 0 if loud else quiet + FRAME_MS
    return found


def summary(folder: Path, done: Imported, waits_now: Sequence[int]) -> list[str]:
    """What was made of a recording, for people."""
    lines = [f"{folder}: {done.steps[-1].now_ms / 1000:.1f} s, {done.words} words of the caller's"]
    if "without words" in done.header.made:
        lines.append(
            "  There is no transcript: the words are placeholders, so only silence decides when a turn is over."
        )
    for name, waits in (("in the recording", done.waits), ("here", list(waits_now))):
        if waits:
            lines.append(f"  {len(waits)} answers {name}, after {middle(waits, 0)} ms in the middle")
    return [*lines, f"  Look at it with: telephony tape show {folder}"]
