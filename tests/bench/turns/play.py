"""Plays one recording through detector and core in virtual time: what was decided when, and which audio was played.

The detector runs over a recording once, and its answers are stored. Either the agent says its prompt as the greeting
and the caller answers, or the agent talks (its greeting, or a reply to an opening question) and the caller's sound
comes at its time in the talk. Carrier, LLM and TTS are the simulator's, with its latencies. All times in a result are
ms of the call.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from telephony.audio import frames as fr
from telephony.contracts import vad
from telephony.core import actions as a
from telephony.core import decisions as d
from telephony.core import events as e
from telephony.core.history import CallerSaid, History
from telephony.core.language.gist import gist
from telephony.core.language.registry import language_for
from telephony.core.listening.voice_activity import Voiced
from telephony.core.policy import Policy, TurnTaking
from telephony.testing.recorded_stt import Clip, HeardFrame, TranscriptStyle
from telephony.testing.simulator import CHAR_MS, Simulator
from telephony.vad.silero import SileroDetector
from tests.bench.turns.corpus import Case, Recording
from tests.bench.turns.models import verdicts
from tests.bench.turns.store import Store

TIMEOUT_MS = 5_000
"""A finished turn that is not decided this long after its end counts as missed."""
AFTERWARDS_MS = 600
BEHIND_MS = 3_000
"""How long after a voice behind the caller an answer to it would come: there is nobody else to be answered."""
STEP_MS = 100
UNFINISHED = "…"
REPLY = "All right, let me see what I can do about that for you."
_NONE = -1


@dataclass(frozen=True, slots=True)
class TurnPlayed:
    """A caller's turn. `segments`: the labelled (start, end) of the speech; `decided`: the times of `end_of_turn`;
    `said`: the transcripts; `heard`: the (start, end) of each stretch of the agent's audio; `whole`: the last request
    for a reply holds all of the caller's words as one utterance; `trials`: how many replies were prepared on trial;
    `used`: when one of them became the reply; `verdicts`: how many were answered with "unfinished"; `asked`: when the
    agent asked the caller to say it again."""

    segments: tuple[tuple[int, int], ...]
    decided: tuple[int, ...]
    said: tuple[str, ...] = ()
    heard: tuple[tuple[int, int], ...] = ()
    whole: bool = True
    trials: int = 0
    used: tuple[int, ...] = ()
    verdicts: int = 0
    asked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TalkPlayed:
    """A sound of the caller while the agent talks.

    `sound`: its labelled start and end; `talk_ms`: the length of the agent's talk; `pieces`: (start, end, place) of
    each piece of it that was played, `place` counted from the beginning of the talk; `holds`, `resumes`, `cuts`,
    `decided` and `replies`: the times of holds, resumes, cuts, `end_of_turn` and requests for another reply (not on
    trial); `others`: other agent lines.
    """

    sound: tuple[int, int]
    talk_ms: int
    pieces: tuple[tuple[int, int, int], ...] = ()
    holds: tuple[int, ...] = ()
    cuts: tuple[int, ...] = ()
    decided: tuple[int, ...] = ()
    replies: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    resumes: tuple[int, ...] = ()


def hear(recording: Recording, store: Store) -> list[HeardFrame]:
    """The recording's frames with the voice detector's answer to each."""

    def make() -> bytes:
        detector, answers = SileroDetector(), array("h")
        for frame in fr.frames(recording.pcmu):
            speech, level = detector.hear(frame)
            answers.extend((_NONE if speech is None else speech, level))
        return answers.tobytes()

    answers = array("h")
    answers.frombytes(store.get("heard", _detector_version() + recording.pcmu, make))
    return [
        HeardFrame(frame, None if answers[2 * i] == _NONE else answers[2 * i], answers[2 * i + 1])
        for i, frame in enumerate(fr.frames(recording.pcmu))
    ]


def play_turn(
    case: Case, frames: list[HeardFrame], rules: TurnTaking, how: TranscriptStyle, verdicts_percent: int = 0
) -> TurnPlayed:
    """The agent asks, the caller speaks, and the call goes on until the turn is decided or missed. Of the
    model's verdicts on whether the caller is done, `verdicts_percent` are right; with 0 it gives none."""
    first = case.recording.segments[0][0]
    at = _frame_ms(len(case.prompt) * CHAR_MS + case.gap_ms - first)
    segments = tuple((at + start, at + end) for start, end in case.recording.segments)
    last_end = segments[-1][1]
    policy = Policy(greeting=case.prompt, turn_taking=rules, language=case.language)
    done_ms = last_end if case.complete else None
    says = verdicts(lambda: sim.now, done_ms, verdicts_percent, how.seed) if verdicts_percent else lambda history: False
    sim = Simulator(policy, lambda history: [REPLY], unfinished=lambda history: says(history))
    sim.hears(at, Clip(frames, case.recording.words), how)
    sim.run(last_end)
    decided = _Times(sim, _is(d.TurnEnded))
    while sim.now < last_end + TIMEOUT_MS and not any(time >= last_end for time in decided.times()):
        if sim.call.ended is not None:
            break
        sim.run(min(sim.now + STEP_MS, last_end + TIMEOUT_MS))
    sim.run(sim.now + AFTERWARDS_MS)
    said = tuple(text for who, text in sim.lines if who == "caller")
    return TurnPlayed(
        segments,
        tuple(decided.times()),
        said,
        tuple(sim.heard),
        _is_whole(sim, said),
        len(sim.actions(d.SpeculationBegun)),
        tuple(_Times(sim, _is(d.SpeculationUsed)).times()),
        _called_unfinished(sim),
        tuple(_Times(sim, _is(d.NotHeard)).times()),
    )


def _called_unfinished(sim: Simulator) -> int:
    """How many trials were answered with "unfinished"."""
    on_trial = {begun.turn for _, begun in sim.actions(d.SpeculationBegun)}
    said = [event for _, event, _ in sim.steps if isinstance(event, e.ReplyDelta) and event.turn in on_trial]
    return len({event.turn for event in said if event.text.strip() == UNFINISHED})


def play_talk(
    case: Case, frames: list[HeardFrame], opening: list[HeardFrame] | None, rules: TurnTaking, how: TranscriptStyle
) -> TalkPlayed:
    """The agent talks, the caller's sound comes during it, and the call goes on until its effect is known.

    If the opening question is not answered (an error that the turns count), the talk is played as the greeting instead.
    """
    talk = case.prompt
    greeting = "" if opening else talk
    policy = Policy(greeting=greeting, turn_taking=rules, language=case.language)
    sim = Simulator(policy, lambda history: [REPLY if _again(history) else talk])
    begin, turn = 0, 1
    if opening and case.opening is not None:
        sim.hears(0, Clip(opening, case.opening.words), how)
        sim.run(case.opening.segments[-1][1])
        begin, turn = _talk_begins(sim)
        if not turn:
            return play_talk(case, frames, None, rules, how)
    sound = case.recording.segments
    at = _frame_ms(begin + case.gap_ms - sound[0][0])
    onset, end = at + sound[0][0], at + sound[-1][1]
    sim.hears(at, Clip(frames, case.recording.words), how)
    talk_ms = len(talk) * CHAR_MS
    over = end + TIMEOUT_MS if case.kind == "interruption" else max(begin + talk_ms, end) + 6_000
    settles = end + (BEHIND_MS if case.kind == "behind" else 0)
    cuts, decided, replies = _Times(sim, _is(d.Cut)), _Times(sim, _is(d.TurnEnded)), _Times(sim, asks_for_a_reply())
    while sim.now < over and sim.call.ended is None:
        sim.run(min(sim.now + STEP_MS, over))
        answered = cuts.times() and replies.times() and replies.times()[-1] >= max(end, cuts.times()[0])
        if answered or (case.kind != "interruption" and sim.now > settles and _settled(sim, turn)):
            break
    sim.run(sim.now + AFTERWARDS_MS)
    return TalkPlayed(
        (onset, end),
        talk_ms,
        tuple(sim.carrier.pieces(turn)),
        tuple(t for t in _Times(sim, _is(d.Held)).times() if t >= begin),
        tuple(t for t in cuts.times() if t >= begin),
        tuple(t for t in decided.times() if t > begin),
        tuple(t for t in replies.times() if t > begin),
        tuple(x.text for _, x in sim.actions(a.LineAdded) if x.speaker == "agent" and x.turn != turn and x.text),
        tuple(t for t in _Times(sim, _is(d.Resumed)).times() if t >= begin),
    )


class _Times:
    """The times of all actions so far that fit; each step is examined once."""

    def __init__(self, sim: Simulator, fits: Callable[[a.Action], bool]) -> None:
        self._sim, self._fits, self._next = sim, fits, 0
        self._times: list[int] = []

    def times(self) -> list[int]:
        steps = self._sim.steps
        for now, _, actions in steps[self._next :]:
            self._times += [now for action in actions if self._fits(action)]
        self._next = len(steps)
        return self._times


def _is(kind: type[d.Decided]) -> Callable[[a.Action], bool]:
    return lambda action: isinstance(action, kind)


def _is_whole(sim: Simulator, said: tuple[str, ...]) -> bool:
    """The last request for a reply ends with all words, whatever their form."""
    language, requests = language_for(sim.policy.language), sim.actions(a.StartReply)
    last = requests[-1][1].history[-1] if requests else None
    return isinstance(last, CallerSaid) and gist(last.text, language) == gist(" ".join(said), language)


def asks_for_a_reply() -> Callable[[a.Action], bool]:
    """Whether an action asks for a reply to be heard: not one on trial, until it is used."""
    on_trial = set[int]()

    def fits(action: a.Action) -> bool:
        if isinstance(action, d.SpeculationBegun):
            on_trial.add(action.turn)
        return isinstance(action, d.SpeculationUsed) or (
            isinstance(action, a.StartReply) and action.turn not in on_trial
        )

    return fits


def _settled(sim: Simulator, turn: int) -> bool:
    """The agent's talk has ended, or was cut, some time ago."""
    pieces = sim.carrier.pieces(turn)
    lines = (x for _, _, actions in sim.steps[-400:] for x in actions if isinstance(x, a.LineAdded))
    return pieces[-1][1] + 700 < sim.now and any(x.turn == turn and x.speaker == "agent" for x in lines)


def _talk_begins(sim: Simulator) -> tuple[int, int]:
    """Runs the call until the agent's first reply plays, for 6 s at most. Returns (when it began, turn) or (0, 0)."""
    for _ in range(60):
        sim.run(sim.now + STEP_MS)
        for turn in range(1, 6):
            if pieces := sim.carrier.pieces(turn):
                return pieces[0][0], turn
    return 0, 0


def _again(history: History) -> bool:
    """The caller has spoken more than once."""
    return sum(isinstance(item, CallerSaid) for item in history) > 1


def _frame_ms(at: int) -> int:
    return max(0, at // fr.FRAME_MS * fr.FRAME_MS)


@lru_cache(maxsize=1)
def _detector_version() -> bytes:
    """A hash that changes when the detector or the code around it does."""
    digest = hashlib.sha256(version("numpy").encode())
    for path in sorted(path for path in Path(vad.__file__).parent.iterdir() if path.is_file()):
        digest.update(path.read_bytes())
    return digest.digest()


def voiced_after(frames: Iterable[HeardFrame], rules: TurnTaking | None = None) -> list[int]:
    """The ends, in ms from the recording's start, of the windows that are voice by `rules` (None: the defaults)."""
    voice = Voiced(rules or TurnTaking())
    return [(index + 1) * fr.FRAME_MS for index, frame in enumerate(frames) if voice.window(frame.speech)]
