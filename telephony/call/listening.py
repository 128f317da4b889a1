"""Frames and transcripts -> the caller's utterance, and when it is over.

Theory of operation. Two clocks: *media time* counts the caller's audio (20 ms a frame, missed audio included), and all
endpointing is done in it, so network jitter cannot change a decision. Voice activity follows the detector's windows
(32 ms each) with hysteresis; a burst is voice without a long gap.

An utterance opens at an onset, or at words without one (a quiet caller). How much silence closes it is for
`endpointing.py` to say. When most of that has passed the transcript is committed, not at every pause: each commit
costs the recogniser its context and splits digits said in groups. The utterance closes once the committed text has
come; when it does not come, the last partial is taken after a while. A transcript that comes after all is words the
caller has said: what was not answered yet opens an utterance of its own.

A caller has a level. Voice far below it is somebody else's (babble, a television, the agent's echo) and is no voice
here; the level follows louder voice at once and comes down slowly, so that a caller who steps back is heard again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from telephony.call.endpointing import PAUSE_MS, Endpointing, Situation, Wait
from telephony.call.events import AudioReceived, TranscriptFinal
from telephony.call.language import Language
from telephony.call.policy import TurnTaking
from telephony.call.words import without, words

WINDOW_MS = 32
FRAME_MS = 20
BURST_GAP_MS = 250
KEY_TONE_MS = 300
LEVEL_FRAMES = 10
"""A voice is as loud as its loudest frame in this many: syllables rise and fall."""
LEVEL_KNOWN_WINDOWS = 12
"""After so many windows of voice (0.4 s) the caller's level is known."""
LEVEL_FORGET_WINDOWS = 8
"""So many windows of too quiet a voice (0.25 s) bring the caller's level down by 0.1 dB."""


class CallerLevel:
    """How loud this caller speaks, in tenths of dBFS. Counts detector windows with voice."""

    def __init__(self, quieter: int) -> None:
        self._quieter = quieter
        self._recent: deque[int] = deque(maxlen=LEVEL_FRAMES)
        self._level: int | None = None
        self._windows = 0
        self._rejected = 0

    @property
    def known(self) -> bool:
        return self._windows >= LEVEL_KNOWN_WINDOWS

    def frame(self, level: int) -> None:
        self._recent.append(level)

    def is_theirs(self) -> bool:
        """Whether the voice of the latest window is loud enough to be the caller's; learns from it."""
        loud = max(self._recent)
        if self._level is None or loud > self._level:
            self._level = loud if self._level is None else self._level + (loud - self._level + 1) // 2
        if self.known and loud < self._level - self._quieter:
            self._rejected += 1
            self._level -= self._rejected % LEVEL_FORGET_WINDOWS == 0
            return False
        self._windows += 1
        self._level -= self._windows % 2 if loud < self._level - self._quieter // 2 else 0
        return True

    def heard_words(self) -> None:
        """Words came while no voice was loud enough: the caller has become quieter."""
        if self._recent:
            self._level = max(self._recent)


class VoiceActivity:
    """Detector windows -> bursts of voice. All times are media time in ms."""

    def __init__(self, rules: TurnTaking) -> None:
        self._rules = rules
        self.media_ms = 0
        self._ahead_ms = 0  # how far media time was moved on by the clock, ahead of frames that may still come
        self.voiced = False
        self.last_voiced_ms: int | None = None
        self.burst_ms = 0  # voice in the burst under way or just over
        self.burst_started_ms = 0
        self.level = CallerLevel(rules.quieter_tenths_db)
        self._deaf_until_ms = 0

    def frame(self, speech: int | None, level: int) -> None:
        """One 20 ms frame; `speech` in thousandths, or None; `level` in tenths of dBFS."""
        self.level.frame(level)
        if self._ahead_ms >= FRAME_MS:
            self._ahead_ms -= FRAME_MS
        else:
            self.media_ms += FRAME_MS
        if speech is None:
            return
        voiced = speech >= self._rules.voiced_at or (self.voiced and speech >= self._rules.unvoiced_below)
        self.voiced = voiced and self.media_ms > self._deaf_until_ms and self.level.is_theirs()
        if not self.voiced:
            return
        if self.silence_ms > BURST_GAP_MS or not self.burst_ms:
            self.burst_ms, self.burst_started_ms = 0, self.media_ms - WINDOW_MS
        self.burst_ms += WINDOW_MS
        self.last_voiced_ms = self.media_ms

    def missed(self, ms: int) -> None:
        """Audio that never came: unknown, not silence. What the clock has already counted is not counted again."""
        counted = min(ms, self._ahead_ms)
        self._ahead_ms -= counted
        self.media_ms += ms - counted
        self.voiced = False

    def stalled(self, ms: int) -> None:
        """No frames for a while: time goes on by the clock, and frames that come late do not count twice."""
        self.media_ms += ms
        self._ahead_ms += ms
        self.voiced = False

    def key_pressed(self) -> None:
        """A key's tone is not voice: the burst that it may have begun is forgotten."""
        if self.burst_ms <= KEY_TONE_MS:
            self.burst_ms, self.last_voiced_ms = 0, None
        self._deaf_until_ms = self.media_ms + KEY_TONE_MS
        self.voiced = False

    @property
    def silence_ms(self) -> int:
        """Media time since the last voice (since the beginning, if there was none)."""
        return self.media_ms - (self.last_voiced_ms or 0)

    @property
    def onset(self) -> bool:
        return self.voiced and self.burst_ms >= self._rules.onset_ms


@dataclass(slots=True)
class Utterance:
    """What the caller is saying. `voice_ms` is all its voice; `awaited` the commit whose text has not come yet."""

    opened_ms: int
    active_ms: int
    voice_ms: int = 0
    finals: list[str] = field(default_factory=list)
    partial: str = ""
    text_ms: int = 0  # when its words last changed
    committed: bool = False  # everything voiced so far has been committed
    awaited: int = 0

    @property
    def text(self) -> str:
        return " ".join(part for part in (*self.finals, self.partial) if part).strip()


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance that is over. `silence_ms` is the silence that ended it, `wait` what was asked for and why;
    `complete` whether its text is final."""

    text: str
    voice_ms: int
    silence_ms: int
    wait: Wait
    complete: bool


class Listening:
    """See the module text. `commit` numbers rise from 1. `situation` is set from outside: what the words reply to."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self.voice = VoiceActivity(rules)
        self.endpointing = Endpointing(rules, language)
        self.utterance: Utterance | None = None
        self.situation = Situation()
        self.urgent = False  # the agent is silent and waits to be told whether these are words
        self.tells_at_once = False  # the ears have given words while the caller was still speaking
        self.commits = 0
        self._answered = ""  # the text of the last closed utterance, against repeated transcripts
        self._answered_part = ""  # its last segment
        self._answered_ms: int | None = None  # its last sign of life
        self._answered_commit = 0
        self._carried = ""  # words of the open segment that are accounted for already
        self._owed_commit = 0  # takes them out of it
        self._voice_since_close = False

    # --- what comes in ----------------------------------------------------------------------------------------------

    def hear(self, event: AudioReceived) -> None:
        before, silence = self.voice.burst_ms, self.voice.silence_ms
        self.voice.frame(event.speech, event.level)
        if event.speech is None or not self.voice.voiced:
            return
        if self.utterance is None and self.voice.onset:
            self.utterance = Utterance(self.voice.burst_started_ms, self.voice.media_ms, voice_ms=before)
        if self.utterance is not None:
            if silence >= PAUSE_MS and self.utterance.voice_ms >= self._rules.min_word_ms:
                self.endpointing.paused(silence)
            self.utterance.voice_ms += WINDOW_MS
            self.utterance.active_ms = self.voice.media_ms
            self.utterance.committed = False
            self._voice_since_close = True

    def partial(self, text: str) -> None:
        text = without(text.strip(), self._carried)
        if self.utterance is None and words(text) and not self._repeats(text):
            self.utterance = Utterance(self.voice.media_ms, self.voice.media_ms)
        if self.utterance is not None and text != self.utterance.partial:
            self.utterance.partial = text
            self.utterance.text_ms = self.voice.media_ms
            self.tells_at_once = self.tells_at_once or (bool(words(text)) and self.voice.voiced)
            if words(text) and not self.utterance.voice_ms:
                self.voice.level.heard_words()
                self.utterance.active_ms = self.voice.media_ms
                self.utterance.committed = False

    def final(self, event: TranscriptFinal) -> None:
        text = without(event.text.strip(), self._carried) if words(event.text) else ""
        self._carried = ""
        if event.commit and event.commit <= self._answered_commit:  # its words were answered already, from a partial
            more = without(text, self._answered_part)
            text = more if more != text and words(more) else ""
            if not text:
                return
        if self.utterance is None:
            if not text or self._repeats(text):
                return
            self.utterance = Utterance(self.voice.media_ms, self.voice.last_voiced_ms or 0, committed=True)
        utterance = self.utterance
        if text and not (utterance.finals and utterance.finals[-1] == text and not event.commit):
            utterance.finals.append(text)
            utterance.text_ms = self.voice.media_ms
        if event.commit and event.commit == utterance.awaited:
            utterance.awaited = 0
        utterance.partial = ""

    def commit_refused(self, commit: int) -> None:
        """Too little new audio: the open segment's partial is all there is."""
        if self.utterance is not None and self.utterance.awaited == commit:
            self.utterance.awaited = 0

    def was_cut_off(self) -> None:
        """The utterance under way goes on from the one before: the silence between them was a pause."""
        if self.utterance is not None and self._answered_ms is not None:
            self.endpointing.paused(self.utterance.opened_ms - self._answered_ms)
            self._answered_ms = None

    # --- what follows -----------------------------------------------------------------------------------------------

    @property
    def silence_ms(self) -> int:
        """Media time since the utterance's last sign of life."""
        return self.voice.media_ms - (self.utterance.active_ms if self.utterance else self.voice.media_ms)

    @property
    def wait(self) -> Wait:
        """The silence that would close the utterance as it stands."""
        return self.endpointing.wait(self.utterance.text if self.utterance else "", self.situation)

    def wants_commit(self) -> int:
        """The number of the commit that is due now, or 0. Asking marks it as asked."""
        utterance = self.utterance
        if self._owed_commit:
            owed, self._owed_commit = self._owed_commit, 0
            return owed
        if utterance is None or utterance.committed or self.silence_ms < self._rules.commit_after_ms:
            return 0
        if utterance.voice_ms < self._rules.min_word_ms and not utterance.partial:
            return 0
        if self.silence_ms < self.wait.ms - self._rules.commit_lead_ms and not (self.urgent and not utterance.text):
            return 0
        return self._commit(utterance)

    def closed(self) -> Closed | None:
        """The utterance, if it is over now; closing it is the caller's answer to give once."""
        utterance, silence = self.utterance, self.silence_ms
        if utterance is None or silence < self._rules.commit_after_ms or silence < (wait := self.wait).ms:
            return None
        patience = self._rules.partial_wait_ms if words(utterance.partial) else self._rules.transcript_wait_ms
        if utterance.awaited and silence < wait.ms + patience:
            return None
        closed = Closed(utterance.text, utterance.voice_ms, silence, wait, complete=not utterance.awaited)
        self.discard(answered=bool(closed.text))
        return closed

    def discard(self, answered: bool = False) -> None:
        """The utterance is done with. `answered`: its words are accounted for, late transcripts of it are repeats."""
        utterance = self.utterance
        if utterance is not None and answered:
            if words(utterance.partial) and not utterance.awaited:
                self._carried, self._owed_commit = utterance.partial, self._commit(utterance)
            self._answered, self._answered_commit = utterance.text, self.commits
            self._answered_part = utterance.partial or utterance.text
            self._answered_ms = utterance.active_ms
        self.utterance = None
        self._voice_since_close = False

    # --- inside -----------------------------------------------------------------------------------------------------

    def _commit(self, utterance: Utterance) -> int:
        self.commits += 1
        utterance.committed, utterance.awaited = True, self.commits
        return self.commits

    def _repeats(self, text: str) -> bool:
        """Without any voice since the last utterance closed, its words over again are a stale transcript."""
        if self._voice_since_close:
            return False
        said, now = words(self._answered), words(text)
        return (bool(said) and now == said[: len(now)]) or (now == said[len(said) - len(now) :] and bool(now))
