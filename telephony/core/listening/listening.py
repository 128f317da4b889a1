"""The caller's voice + transcripts -> the caller's utterance, and when it is over.

Theory of operation. An utterance opens at an onset of voice, or at words without one (a quiet caller). `endpointing.py`
decides how much silence closes it; silence is media time (`voice_activity.py`). The transcript is committed when most
of that silence has passed, not at every pause: each commit costs the STT its context and splits digits said in groups.
The utterance closes once the committed text is stable; if it does not become stable in time, the tentative text is
used instead. Words that come even later, and were not answered yet (`utterance.py`), open another utterance. Long
silence is committed as well (`quiet_commits.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telephony.core.actions import Action, CommitTranscript
from telephony.core.decisions import EndpointReason, ModelSays
from telephony.core.events import AudioReceived, TranscriptUpdated
from telephony.core.language.language import Language
from telephony.core.language.words import words
from telephony.core.listening.calm import Calm
from telephony.core.listening.overlooked import Overlooked
from telephony.core.listening.quiet_commits import QuietCommits
from telephony.core.listening.stt_health import SttHealth
from telephony.core.listening.utterance import PARTIAL_LAG_MS, Answered, Utterance, standstill_ms
from telephony.core.listening.voice_activity import SOUND_GRACE_MS, WINDOW_MS, VoiceActivity
from telephony.core.policy import TurnTaking
from telephony.core.turn_taking.endpointing import PAUSE_MS, Endpointing, Wait
from telephony.core.turn_taking.judgement import Evidence
from telephony.core.turn_taking.question import AnswerContext


@dataclass(frozen=True, slots=True)
class Closed:
    """An utterance that is over. `silence_ms` is the silence that ended it, `wait` the silence required and the reason;
    `complete`: its text is final."""

    text: str
    voice_ms: int
    silence_ms: int
    wait: Wait
    complete: bool


class Listening:
    """See the module text. `context` (what the caller's words reply to), `model_says`, `opens_early` and `commit_early`
    are set from outside."""

    def __init__(self, rules: TurnTaking, language: Language) -> None:
        self._rules = rules
        self.voice = VoiceActivity(rules)
        self.endpointing = Endpointing(rules, language)
        self.commits = 0  # the number of the last commit
        self._answered = Answered()
        self.stt = SttHealth()
        self.utterance: Utterance | None = None
        self._overlooked = Overlooked(self.voice)  # while there is no utterance
        self.context = AnswerContext()
        self.model_says: Callable[[Utterance], ModelSays] | None = None
        self.opens_early: Callable[[], bool] = lambda: False  # the first window of voice opens an utterance
        self.commit_early = False  # playback is held until the transcript shows whether these are words
        self.transcript_lag_ms = 0  # usual time from the end of the voice to the last words of an utterance
        self._lag_ms = 0  # the same for the current utterance
        self.sends_partials = False  # the STT has sent words while the caller was still speaking
        self._closed_ms: int | None = None  # media time of the last voice or word of the last closed utterance
        self._closed_text = ""
        self._quiet = QuietCommits()
        self._noise_ms: int | None = None  # when the burst began that is a noise: it opens no other utterance
        self._others_words = False  # whose words the last commit's final may bring for the first time
        self._extra_commit = 0  # a commit that removes words already accounted for from the open segment

    # --- input ------------------------------------------------------------------------------------------------------

    def hear(self, event: AudioReceived) -> bool:
        """20 ms of audio. Returns whether it is news: whether it changes more than how long the voice or the silence
        has lasted."""
        voice, before, tuning = self.voice, self.utterance, self._rules.tuning
        silence, was_voiced = voice.silence_ms, voice.voiced
        voice.frame(event.speech, event.level)
        if event.speech is None or not voice.voiced:
            return was_voiced is not voice.voiced
        new = before is None and voice.burst_started_ms != self._noise_ms
        if new and (voice.onset or self.opens_early()):
            opened = Utterance(voice.burst_started_ms, voice.media_ms, voice.burst_ms - WINDOW_MS)
            self.utterance = self._overlooked.hand_over(opened)
        if (utterance := self.utterance) is None:
            return not was_voiced
        inside_a_thought = silence >= PAUSE_MS and utterance.voice_ms >= tuning.min_word_ms
        if inside_a_thought and self.wait.why is not EndpointReason.UNDER_WAY:  # people group what they dictate
            self.endpointing.paused(silence)
        changed = utterance.voiced(WINDOW_MS, voice.media_ms, voice.level.loud, tuning.wordless_ms)
        return changed or not was_voiced or before is None or silence >= PAUSE_MS

    def transcript(self, event: TranscriptUpdated) -> None:
        """Takes the words that were not answered yet."""
        stable, tentative = self._answered.take(event)
        stable = "" if self._quiet.discards(event) else stable
        voice, final = self.voice, bool(stable or event.commit)
        utterance = self.utterance or self._overlooked.utterance
        if utterance is None and words(stable):
            utterance = Utterance(voice.media_ms, voice.last_voiced_ms or 0, committed=True)
        elif utterance is None and words(tentative):
            utterance = Utterance(voice.media_ms, voice.media_ms)
        if utterance is None:
            return
        before = utterance.text
        wordless = utterance.voice_ms >= self._rules.tuning.min_word_ms and not utterance.grown_ms
        others = self._others_words if event.commit else voice.others_words
        utterance.heard(stable, tentative, event.commit, others and not wordless)
        self.utterance = self._overlooked.words_came(utterance)
        utterance.changed(before, bool(stable), final, voice.media_ms)
        if utterance.text != before and not final:
            self._tentative_changed(utterance, before)

    def commit_refused(self, commit: int) -> None:
        """The STT refused the commit for too little new audio: there is nothing to wait for."""
        if (utterance := self.utterance or self._overlooked.utterance) is not None:
            utterance.refused(commit)

    def was_cut_off(self) -> None:
        """The current utterance continues the last one: the silence between them was a pause, and endpointing judges
        the words of both together."""
        if self.utterance is not None and self._closed_ms is not None:
            self.endpointing.paused(self.utterance.opened_ms - self._closed_ms)
            self.utterance.before = self._closed_text
            self._closed_ms = None

    # --- output -----------------------------------------------------------------------------------------------------

    @property
    def silence_ms(self) -> int:
        """Media time since the last voice (or word without voice) of the utterance; 0 without an utterance."""
        return self.voice.media_ms - (self.utterance.active_ms if self.utterance else self.voice.media_ms)

    @property
    def wait(self) -> Wait:
        """The silence that would close the utterance with its words so far."""
        if (utterance := self.utterance) is None:
            return self.endpointing.wait(Evidence(context=self.context))
        says = self.model_says(utterance) if self.model_says is not None else ModelSays.NOTHING
        return self.endpointing.wait(Evidence(utterance.whole, self.context, not utterance.tentative, says))

    def tick(self) -> list[Action]:
        """Asks for the final text of what was said, when it is time to."""
        if self._extra_commit:
            owed, self._extra_commit = self._extra_commit, 0
            return [CommitTranscript(owed)]
        if (other := self._overlooked.utterance) is not None and self._overlooked.tick(self._answered):
            return [CommitTranscript(self._commit(other))]
        utterance = self.utterance
        if utterance is self._overlooked.utterance is None and self._quiet.due(self.voice):
            self.commits += 1
            self._quiet.committed(self.voice.media_ms, silence=self.commits)
            return [CommitTranscript(self.commits)]
        return [CommitTranscript(self._commit(utterance))] if utterance and self._commit_due(utterance) else []

    def close(self) -> Closed | None:
        """Closes the utterance if it is over now, and gives it out."""
        if (utterance := self.utterance) is None:
            return None
        tuning, silence = self._rules.tuning, self.silence_ms
        if utterance.noisy and self._stands_still(utterance):
            self._noise_ms = self.voice.burst_started_ms
            return self._closed(utterance, silence, self.wait)
        if silence < tuning.commit_after_ms or silence < (wait := self.wait).ms + wait.verdict_ms:
            return None
        if self.voice.sound and silence < wait.ms + SOUND_GRACE_MS:
            return None
        transcript_ms = tuning.partial_wait_ms if words(utterance.tentative) else tuning.transcript_wait_ms
        if utterance.awaited and silence < wait.ms + transcript_ms:
            return None
        return self._closed(utterance, silence, wait)

    def _closed(self, utterance: Utterance, silence: int, wait: Wait) -> Closed:
        closed = Closed(utterance.text, utterance.voice_ms, silence, wait, complete=not utterance.awaited)
        self.discard(answered=bool(closed.text))
        return closed

    def discard(self, answered: bool = False) -> None:
        """Drops the utterance. `answered`: its words count as answered, however often they come."""
        if (utterance := self.utterance) is None:
            return
        self.voice.level.confirm(words=bool(words(utterance.text)))
        if answered or utterance.others:
            if utterance.open_words:
                self._extra_commit = self._commit(utterance)
            self._answered.add(utterance)
        if answered:
            usual_ms = self.transcript_lag_ms - (self.transcript_lag_ms - self._lag_ms) // 4
            self.transcript_lag_ms = max(self._lag_ms, usual_ms)
            self._closed_ms, self._closed_text = utterance.active_ms, utterance.whole
        self.utterance = None

    def calm(self) -> Calm | None:
        """How long `tick` and `close` will do nothing if the caller only goes on speaking, or being silent."""
        utterance, silence, tuning = self.utterance, self.silence_ms, self._rules.tuning
        if self._extra_commit or self._overlooked.utterance is not None:
            return None
        if utterance is None:
            return self._quiet.calm(self.voice)
        if utterance.noisy or utterance.text_ms == self.voice.media_ms:  # the model may be asked about these words
            return None
        soonest_ms = self._commit_after_ms() if self.commit_early else tuning.commit_after_ms
        if silence < (soonest_ms := min(soonest_ms, tuning.commit_after_ms)):
            return Calm(silence_ms=soonest_ms)
        if self.voice.voiced:
            return None
        due_ms = max(tuning.commit_after_ms, self.wait.ms + self.wait.verdict_ms)
        if utterance.may_be_committed(tuning.min_word_ms):
            due_ms = min(due_ms, self._commit_after_ms())
        return Calm(silence_ms=due_ms) if silence < due_ms else None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _commit_due(self, utterance: Utterance) -> bool:
        if not utterance.may_be_committed(self._rules.tuning.min_word_ms):
            return False
        if utterance.noisy and self.sends_partials and words(utterance.tentative) and not utterance.awaited:
            return True
        return self.silence_ms >= self._commit_after_ms()

    def _commit_after_ms(self) -> int:
        """The silence after which the utterance is committed."""
        if not self.commit_early:
            return self.wait.commit_after_ms(self._rules.tuning)
        tuning = self._rules.tuning
        return tuning.commit_after_ms if self.sends_partials else tuning.commit_held_ms

    def _stands_still(self, utterance: Utterance) -> bool:
        """The voice goes on, but the words have stood still for long enough, and are final or will not be in time."""
        least_ms = standstill_ms(self.wait.ms)
        least_ms += self._rules.tuning.commit_entry_lead_ms if utterance.awaited else 0
        return self.sends_partials and self.stt.working and self.voice.media_ms - utterance.grown_ms >= least_ms

    def _tentative_changed(self, utterance: Utterance, before: str) -> None:
        new = bool(words(utterance.tentative))
        if len(words(utterance.text)) > len(words(before)):
            self._lag_ms = min(self.silence_ms, PARTIAL_LAG_MS)
            if (spoken_ms := self.voice.media_ms - PARTIAL_LAG_MS) > utterance.active_ms:
                utterance.undetected(spoken_ms)  # more words than any voice explains
        self.sends_partials = self.sends_partials or (new and self.voice.voiced)
        if new and not utterance.voice_ms:
            utterance.undetected(self.voice.media_ms)

    def _commit(self, utterance: Utterance) -> int:
        self.commits += 1
        self._others_words = self.voice.others_words and not utterance.speaks_last
        self._quiet.committed(self.voice.media_ms)
        utterance.commit(self.commits)
        return self.commits
