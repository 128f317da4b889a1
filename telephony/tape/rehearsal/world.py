"""The caller, the carrier and the STT of a rehearsal, modelled from a tape. Pure.

Each part reacts to the core's new actions. While these equal the tape's, its events are the tape's, to the millisecond.
From the first different action on, events are derived from the tape: when each word was said, and the latencies of
transcripts and mark echoes. The caller's audio and keys never differ.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from telephony.audio.frames import FRAME_MS
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.core.listening.voice_activity import Voiced
from telephony.core.policy import TurnTaking
from telephony.tape.audio import Playback
from telephony.tape.rehearsal.virtual_time import LATER, Agenda, Make, middle

PARTIAL_MS = 150
FINAL_MS = 150
MARK_MS = 20
LOST_MS = 3_000
"""A mark that is not echoed this long after the end of its audio is taken to be lost."""
WORD_SLACK_MS = 60
"""A word that ends up to this long after a commit still belongs to it."""
ANSWERS = (
    e.MarkReached, e.TranscriptUpdated, e.CommitRefused, e.ReplyDelta, e.ToolWanted,
    e.ToolFinished, e.ReplyEnded, e.ReplyFailed, e.SpeechAudio, e.SpeechEnded, e.SpeechLost, e.TimeReached,
)  # fmt: skip
"""Events that the core's actions (or its deadlines) cause; all others are taken from the tape as they are."""


def by_themselves(steps: Sequence[Step], agenda: Agenda) -> None:
    """Puts the events that the core does not cause (caller, operator, connections) on the agenda, as recorded."""
    for step in steps:
        if not isinstance(step.event, ANSWERS):
            agenda.put(step.now_ms, step.event, step.seq)


# --- the carrier ----------------------------------------------------------------------------------------------------


class TapedEchoes:
    """Marks come back with the delays of the tape."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._order: dict[str, int] = {}
        self._played: dict[str, int] = {}  # mark -> ms from the end of its audio to its echo
        self._cleared: dict[str, int] = {}  # mark -> ms from the clear to its echo
        self._least: dict[str, int] = {}  # mark -> its echo takes longer than this after its audio's end
        self._lost: set[str] = set()
        self._learn(steps)
        self._usual = middle([late for late in self._played.values() if late >= 0], MARK_MS)
        self._usual_cleared = middle(list(self._cleared.values()), MARK_MS)

    def after_audio(self, name: str, end: int) -> int | None:
        late = self._played.get(name, max(self._usual, self._least.get(name, 0)))
        return None if name in self._lost else end + late

    def after_clear(self, name: str, due: int, now: int) -> int:
        return now + self._cleared.get(name, self._usual_cleared)

    def order(self, name: str) -> int:
        return self._order.get(name, LATER)

    def _learn(self, steps: Sequence[Step]) -> None:
        playback, ends, clears = Playback(), dict[str, int](), dict[str, int]()
        for step in steps:
            now = step.now_ms
            if isinstance(step.event, e.MarkReached) and (name := step.event.name) in ends:
                self._order[name] = step.seq
                if name in clears:
                    self._cleared[name] = now - clears[name]
                    self._least[name] = clears[name] - ends[name]
                else:
                    self._played[name] = now - ends[name]
                del ends[name]
            for action in step.actions:
                playback.perform(action, now)
                match action:
                    case a.SendMark(name):
                        ends[name] = max(playback.end, now)
                    case a.ClearPlayout():
                        clears.update((name, now) for name in ends if name not in clears)
        for name, at in ends.items():  # not echoed before the end of the tape, or lost
            silent = steps[-1].now_ms - at
            self._least[name] = max(0, silent) + MARK_MS
            if silent > LOST_MS:
                self._lost.add(name)


# --- the STT --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A word of the tape: its end `at` (ms of the call), and the commit with which it became stable."""

    text: str
    at: int
    commit: int


class TapedStt:
    """Gives the tape's transcripts while commits are as on the tape; afterwards its words, by when they were said.

    `rules` are the tape's: they say which detector windows are voice.
    """

    def __init__(self, steps: Sequence[Step], agenda: Agenda, rules: TurnTaking) -> None:
        self._agenda = agenda
        self._asked: deque[tuple[int, int]] = deque()  # (ms, commit) of the tape's commits to come
        self._finals: dict[int, int] = {}  # commit -> latency
        self.same = True
        self._matched = 0  # the last commit that was the tape's
        self._words = spoken_words(steps, rules)  # those that are not stable yet
        self._committed = 0  # how many of them have been committed
        self._partial_ms = PARTIAL_MS
        self._learn(steps)
        self._usual = middle(list(self._finals.values()), FINAL_MS)

    def perform(self, action: a.Action, now: int) -> None:
        if self.same and self._asked and self._asked[0][0] < now:
            self._differ(now)  # the tape has a commit here that this core did not make
        if not isinstance(action, a.CommitTranscript):
            return
        if self.same and self._asked and self._asked[0] == (now, action.commit):
            self._asked.popleft()
            self._matched = action.commit
            return
        if self.same:
            self._differ(now)
        said = sum(1 for word in self._words if word.at <= now + WORD_SLACK_MS)
        count, self._committed = max(0, said - self._committed), max(said, self._committed)
        at = now + self._finals.get(action.commit, self._usual)
        self._agenda.put(at, lambda: self._final(count, action.commit, at))

    def _differ(self, now: int) -> None:
        """From here on segments differ from the tape's: transcripts are made from its words."""
        self.same = False
        self._committed = sum(1 for word in self._words if 0 < word.commit <= self._matched)
        for word in self._words:
            at = word.at + self._partial_ms
            if at >= now:
                self._agenda.put(at, lambda at=at: self._partial(at))  # type: ignore[misc]

    def _partial(self, now: int) -> e.Event | None:
        said = self._tentative(now)
        return e.TranscriptUpdated("", said) if said else None

    def _final(self, count: int, commit: int, now: int) -> e.Event:
        stable = " ".join(word.text for word in self._words[:count])
        self._drop(count)
        return e.TranscriptUpdated(stable, self._tentative(now), commit)

    def _drop(self, count: int) -> None:
        """`count` words have become stable."""
        self._words, self._committed = self._words[count:], max(0, self._committed - count)

    def _tentative(self, now: int) -> str:
        """The committed words, and those that have shown by now."""
        shown = sum(1 for word in self._words if word.at + self._partial_ms <= now)
        return " ".join(word.text for word in self._words[: max(shown, self._committed)])

    def _learn(self, steps: Sequence[Step]) -> None:
        asked: dict[int, int] = {}
        for step in steps:
            match step.event:
                case e.TranscriptUpdated(commit=commit) | e.CommitRefused(commit):
                    if commit in asked:
                        self._finals[commit] = step.now_ms - asked[commit]
                    self._agenda.put(step.now_ms, self._as_recorded(step.event, commit, step.now_ms), step.seq)
            for action in step.actions:
                if isinstance(action, a.CommitTranscript):
                    asked[action.commit] = step.now_ms
                    self._asked.append((step.now_ms, action.commit))

    def _as_recorded(self, event: e.Event, commit: int, now: int) -> Make:
        def made() -> e.Event | None:
            if not self.same and not 0 < commit <= self._matched:
                return None
            if isinstance(event, e.TranscriptUpdated):
                self._drop(len(event.words or event.stable.split()))
                return event if self.same else replace(event, tentative=self._tentative(now))
            return event

        return made


def spoken_words(steps: Sequence[Step], rules: TurnTaking) -> list[SpokenText]:
    """The caller's transcribed words with their ends: by the STT's own times, else by their first appearance in a
    tentative text, else by the end of the last voice before they became stable. `rules` say which windows are voice."""
    frames: list[int] = []
    shown: list[int] = []  # when the n-th word that is not stable first showed
    voice, voiced_ms = Voiced(rules), 0
    found: list[SpokenText] = []
    for step in steps:
        voiced_ms = step.now_ms if voice.hears(step.event) else voiced_ms
        match step.event:
            case e.AudioReceived():
                frames.append(step.now_ms)
            case e.TranscriptUpdated(stable, tentative, commit, words):
                if words:
                    ends = [frames[min(word.end_ms // FRAME_MS, len(frames) - 1)] if frames else 0 for word in words]
                    texts = [word.text for word in words]
                else:
                    texts = stable.split()
                    ends = [at - PARTIAL_MS for at in shown[: len(texts)]]
                    ends += [voiced_ms] * (len(texts) - len(ends))
                for word, at in zip(texts, ends, strict=True):
                    found.append(SpokenText(word, max(at, found[-1].at if found else 0), commit))
                shown = shown[len(texts) :] if texts else shown
                shown += [step.now_ms] * (len(tentative.split()) - len(shown))
                shown = shown[: len(tentative.split())] if stable or commit else shown
    return found
