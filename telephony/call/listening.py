"""Frames and transcripts -> the caller's utterance, and when it is over.

Theory of operation. Two clocks: *media time* counts the caller's audio (20 ms a frame, missed audio included), and all
endpointing is done in it, so network jitter cannot change a decision. Voice activity follows the detector's windows
(32 ms each) with hysteresis; a burst is voice without a long gap.

An utterance opens at an onset, or at words without one (a quiet caller). Silence commits the transcript early
(`commit_after_ms`), and closes the utterance (`end_of_turn_ms`) once the committed text has come; when it does not
come, the last partial is taken after `transcript_wait_ms`. A transcript that comes after all is words the caller has
said: it opens an utterance of its own unless its words were already answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.call.events import AudioReceived, TranscriptFinal
from telephony.call.policy import TurnTaking
from telephony.call.words import words

WINDOW_MS = 32
FRAME_MS = 20
BURST_GAP_MS = 250
KEY_TONE_MS = 300


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
        self._deaf_until_ms = 0

    def frame(self, speech: int | None) -> None:
        """One 20 ms frame; `speech` in thousandths, or None."""
        if self._ahead_ms >= FRAME_MS:
            self._ahead_ms -= FRAME_MS
        else:
            self.media_ms += FRAME_MS
        if speech is None:
            return
        self.voiced = speech >= self._rules.voiced_at or (self.voiced and speech >= self._rules.unvoiced_below)
        if self.media_ms <= self._deaf_until_ms:
            self.voiced = False
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
    committed: bool = False  # everything voiced so far has been committed
    awaited: int = 0

    @property
    def text(self) -> str:
        return " ".join(part for part in (*self.finals, self.partial) if part).strip()


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance that is over. `silence_ms` is the silence that ended it, `complete` whether its text is final."""

    text: str
    voice_ms: int
    silence_ms: int
    complete: bool


class Listening:
    """See the module text. `commit` numbers rise from 1."""

    def __init__(self, rules: TurnTaking) -> None:
        self._rules = rules
        self.voice = VoiceActivity(rules)
        self.utterance: Utterance | None = None
        self.commits = 0
        self._answered = ""  # the text of the last closed utterance, against repeated transcripts
        self._answered_commit = 0
        self._voice_since_close = False

    # --- what comes in ----------------------------------------------------------------------------------------------

    def hear(self, event: AudioReceived) -> None:
        before = self.voice.burst_ms
        self.voice.frame(event.speech)
        if event.speech is None or not self.voice.voiced:
            return
        if self.utterance is None and self.voice.onset:
            self.utterance = Utterance(self.voice.burst_started_ms, self.voice.media_ms, voice_ms=before)
        if self.utterance is not None:
            self.utterance.voice_ms += WINDOW_MS
            self.utterance.active_ms = self.voice.media_ms
            self.utterance.committed = False
            self._voice_since_close = True

    def partial(self, text: str) -> None:
        text = text.strip()
        if self.utterance is None and words(text) and not self._repeats(text):
            self.utterance = Utterance(self.voice.media_ms, self.voice.media_ms)
        if self.utterance is not None and text != self.utterance.partial:
            self.utterance.partial = text
            if words(text) and not self.utterance.voice_ms:
                self.utterance.active_ms = self.voice.media_ms
                self.utterance.committed = False

    def final(self, event: TranscriptFinal) -> None:
        text = event.text.strip() if words(event.text) else ""
        if event.commit and event.commit <= self._answered_commit:
            return  # its words were answered already, from a partial
        if self.utterance is None:
            if not text or self._repeats(text):
                return
            self.utterance = Utterance(self.voice.media_ms, self.voice.last_voiced_ms or 0, committed=True)
        utterance = self.utterance
        if text and not (utterance.finals and utterance.finals[-1] == text and not event.commit):
            utterance.finals.append(text)
        if event.commit and event.commit == utterance.awaited:
            utterance.awaited = 0
        utterance.partial = ""

    def commit_refused(self, commit: int) -> None:
        """Too little new audio: the open segment's partial is all there is."""
        if self.utterance is not None and self.utterance.awaited == commit:
            self.utterance.awaited = 0

    # --- what follows -----------------------------------------------------------------------------------------------

    @property
    def silence_ms(self) -> int:
        """Media time since the utterance's last sign of life."""
        return self.voice.media_ms - (self.utterance.active_ms if self.utterance else self.voice.media_ms)

    def wants_commit(self) -> int:
        """The number of the commit that is due now, or 0. Asking marks it as asked."""
        utterance = self.utterance
        if utterance is None or utterance.committed or self.silence_ms < self._rules.commit_after_ms:
            return 0
        if utterance.voice_ms < self._rules.min_word_ms and not utterance.partial:
            return 0
        self.commits += 1
        utterance.committed, utterance.awaited = True, self.commits
        return self.commits

    def closed(self) -> Closed | None:
        """The utterance, if it is over now; closing it is the caller's answer to give once."""
        utterance = self.utterance
        if utterance is None or self.silence_ms < self._rules.end_of_turn_ms:
            return None
        waited = self.silence_ms >= self._rules.end_of_turn_ms + self._rules.transcript_wait_ms
        if utterance.awaited and not waited:
            return None
        closed = Closed(utterance.text, utterance.voice_ms, self.silence_ms, complete=not utterance.awaited)
        self.discard(answered=bool(closed.text))
        return closed

    def discard(self, answered: bool = False) -> None:
        """The utterance is done with. `answered`: its words are accounted for, late transcripts of it are repeats."""
        if self.utterance is not None and answered:
            self._answered, self._answered_commit = self.utterance.text, self.commits
        self.utterance = None
        self._voice_since_close = False

    # --- inside -----------------------------------------------------------------------------------------------------

    def _repeats(self, text: str) -> bool:
        """Without any voice since the last utterance closed, its words over again are a stale transcript."""
        if self._voice_since_close:
            return False
        said, now = words(self._answered), words(text)
        return (bool(said) and now == said[: len(now)]) or (now == said[len(said) - len(now) :] and bool(now))
