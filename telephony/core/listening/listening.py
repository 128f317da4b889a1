"""The caller's voice + transcripts -> the caller's utterance, and when it is over.

Theory of operation. An utterance opens at an onset, or at words without one (a quiet caller). How much silence closes
it is for `endpointing.py` to say; silence is media time (`voice.py`). When most of that has passed the transcript is
committed, not at every pause: each commit costs the recogniser its context and splits digits said in groups. The
utterance closes once the committed text has come; when it does not come, the last partial is taken after a while. A
transcript that comes after all is words the caller has said: what was not answered yet (`segments.py`) opens an
utterance of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from telephony.core.actions import Action, CommitTranscript
from telephony.core.decisions import EndpointReason
from telephony.core.events import AudioReceived, TranscriptFinal
from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.listening.segments import Segments
from telephony.core.listening.stt_health import SttHealth
from telephony.core.listening.utterance import Utterance
from telephony.core.listening.voice_activity import WINDOW_MS, VoiceActivity
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.endpointing import PAUSE_MS, Endpointing, Wait
from telephony.core.turn_taking.question import AnswerContext

STIR_MS = 140
"""A sound at the very end of the silence delays the decision by no more: the detector needs 60-120 ms to know voice."""
WORDS_LATE_MS = 380
"""A partial comes this long after its last word, or earlier."""


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
    """See the module text. `situation` is set from outside: what the words reply to."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self.voice = VoiceActivity(rules)
        self.endpointing = Endpointing(rules, language)
        self.segments = Segments()
        self.stt = SttHealth()
        self.utterance: Utterance | None = None
        self.context = AnswerContext()
        self.urgent = False  # the agent is silent and waits to be told whether these are words
        self.words_late_ms = 0  # how long after the voice the last words of an utterance come, usually
        self._latest_ms = 0  # in the utterance under way
        self.tells_at_once = False  # the ears have given words while the caller was still speaking
        self._closed_ms: int | None = None  # the last sign of life of the utterance closed last
        self._closed_text = ""
        self._owed_commit = 0  # takes words that are accounted for out of the open segment

    # --- what comes in ----------------------------------------------------------------------------------------------

    def hear(self, event: AudioReceived) -> None:
        before, silence = self.voice.burst_ms, self.voice.silence_ms
        self.voice.frame(event.speech, event.level)
        if event.speech is None or not self.voice.voiced:
            return
        if self.utterance is None and self.voice.onset:
            self.utterance = Utterance(self.voice.burst_started_ms, self.voice.media_ms, voice_ms=before)
        if self.utterance is not None:
            inside_a_thought = silence >= PAUSE_MS and self.utterance.voice_ms >= self._rules.min_word_ms
            if inside_a_thought and self.wait.why is not EndpointReason.UNDER_WAY:  # people group what they dictate
                self.endpointing.paused(silence)
            self.utterance.voice_ms += WINDOW_MS
            self.utterance.active_ms = self.voice.media_ms
            self.utterance.committed = False
            self.segments.voiced(WINDOW_MS)

    def partial(self, text: str) -> None:
        new = self.segments.partial(text)
        if new is None:
            return
        if self.utterance is None and words(new):
            self.utterance = Utterance(self.voice.media_ms, self.voice.media_ms)
        before = len(words(self.utterance.text)) if self.utterance is not None else 0
        if self.utterance is not None and self.utterance.heard_partial(new):
            self.utterance.text_ms = self.voice.media_ms
            if len(words(self.utterance.text)) > before:
                self._latest_ms = min(self.silence_ms, WORDS_LATE_MS)
                self._unheard_voice(self.utterance)
            self.tells_at_once = self.tells_at_once or (bool(words(new)) and self.voice.voiced)
            if words(new) and not self.utterance.voice_ms:
                self.voice.level.heard_words()
                self.utterance.active_ms = self.voice.media_ms
                self.utterance.committed = False

    def final(self, event: TranscriptFinal) -> None:
        new, before = self.segments.final(event), self.utterance
        if self.utterance is None and new and words(new):
            self.utterance = Utterance(self.voice.media_ms, self.voice.last_voiced_ms or 0, committed=True)
        if self.utterance is None or (new is None and event.commit != self.utterance.awaited):
            return
        self.utterance.heard_final(event.commit, new or "")
        if new or before is None:
            self.utterance.text_ms = self.voice.media_ms

    def commit_refused(self, commit: int) -> None:
        """Too little new audio: the open segment's partial is all there is."""
        if self.utterance is not None:
            self.utterance.refused(commit)

    def was_cut_off(self) -> None:
        """The utterance under way goes on from the one before: the silence between them was a pause, and what it says
        is judged with what was said before."""
        if self.utterance is not None and self._closed_ms is not None:
            self.endpointing.paused(self.utterance.opened_ms - self._closed_ms)
            self.utterance.before = self._closed_text
            self._closed_ms = None

    # --- what follows -----------------------------------------------------------------------------------------------

    @property
    def silence_ms(self) -> int:
        """Media time since the utterance's last sign of life."""
        return self.voice.media_ms - (self.utterance.active_ms if self.utterance else self.voice.media_ms)

    @property
    def wait(self) -> Wait:
        """The silence that would close the utterance as it stands."""
        utterance = self.utterance
        text = f"{utterance.before} {utterance.text}".strip() if utterance is not None and utterance.text else ""
        return self.endpointing.wait(text, self.context)

    def tick(self) -> list[Action]:
        """Asks for the final text of what was said, when it is time to."""
        if self._owed_commit:
            owed, self._owed_commit = self._owed_commit, 0
            return [CommitTranscript(owed)]
        utterance = self.utterance
        if utterance is None or not self._commit_due(utterance):
            return []
        return [CommitTranscript(self._commit(utterance))]

    def close(self) -> Closed | None:
        """Closes the utterance if it is over now, and gives it out."""
        utterance, silence = self.utterance, self.silence_ms
        if utterance is None or silence < self._rules.commit_after_ms or silence < (wait := self.wait).ms:
            return None
        if self.voice.stirs and silence < wait.ms + STIR_MS:
            return None
        transcript_ms = self._rules.partial_wait_ms if words(utterance.open_words) else self._rules.transcript_wait_ms
        if utterance.awaited and silence < wait.ms + transcript_ms:
            return None
        closed = Closed(utterance.text, utterance.voice_ms, silence, wait, complete=not utterance.awaited)
        self.discard(answered=bool(closed.text))
        return closed

    def discard(self, answered: bool = False) -> None:
        """The utterance is done with. `answered`: its words are accounted for, late transcripts of it are repeats."""
        utterance = self.utterance
        if utterance is not None and answered:
            if words(utterance.partial):
                self._owed_commit = self._commit(utterance)
            self.segments.closed(utterance)
            self.words_late_ms = max(self._latest_ms, self.words_late_ms - (self.words_late_ms - self._latest_ms) // 4)
            self._closed_ms, self._closed_text = utterance.active_ms, utterance.text
        self.utterance = None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _commit_due(self, utterance: Utterance) -> bool:
        if utterance.committed or (utterance.voice_ms < self._rules.min_word_ms and not utterance.open_words):
            return False
        if self.urgent:
            due = self._rules.commit_after_ms if self.tells_at_once else self._rules.commit_held_ms
        else:
            due = max(self._rules.commit_after_ms, self.wait.ms - self._rules.commit_lead_ms)
        return self.silence_ms >= due

    def _unheard_voice(self, utterance: Utterance) -> None:
        """More words than any voice explains: the detector does not hear this caller, who was speaking just now."""
        spoken_ms = self.voice.media_ms - WORDS_LATE_MS
        if spoken_ms > utterance.active_ms:
            utterance.active_ms, utterance.committed = spoken_ms, False

    def _commit(self, utterance: Utterance) -> int:
        number = self.segments.commit()
        utterance.commit(number)
        return number
