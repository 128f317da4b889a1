"""Commits in long silence, so that the recogniser does not close its segment by itself in mid-speech.

Theory of operation. Recognisers close a segment after so much audio, even silence (Scribe after 36 to 90 s). What is
said next would be split, so a segment of silence is committed every 20 s. Words that a recogniser finds in it, and has
not shown before, are made of noise, and are discarded.
"""

from __future__ import annotations

from telephony.core.events import TranscriptUpdated
from telephony.core.language.words import words
from telephony.core.listening.calm import CALM, Calm
from telephony.core.listening.voice_activity import VoiceActivity

EVERY_MS = 20_000
SILENT_MS = 1_000
"""Least silence before such a commit: no word may be split by it."""


class QuietCommits:
    """See the module text. Media time."""

    def __init__(self) -> None:
        self._last_ms = 0  # the last commit of either kind
        self._number: int | None = None  # the last commit of silence
        self._shown = False  # there are tentative words

    def due(self, voice: VoiceActivity) -> bool:
        """Whether to commit the silence now. There is no utterance."""
        quiet = voice.silence_ms >= SILENT_MS and not voice.voiced and not voice.sound and not self._shown
        return quiet and voice.media_ms - self._last_ms >= EVERY_MS

    def calm(self, voice: VoiceActivity) -> Calm | None:
        """How long no commit will be due, if the voice or the silence goes on."""
        if self._shown or voice.voiced:
            return CALM
        due_ms = max(self._last_ms + EVERY_MS, (voice.last_voiced_ms or 0) + SILENT_MS)
        return Calm(media_ms=due_ms) if voice.media_ms < due_ms else None

    def committed(self, at_ms: int, silence: int | None = None) -> None:
        """A commit was made at `at_ms`; `silence` is its number, if it is one of silence."""
        self._last_ms, self._number = at_ms, silence or self._number

    def discards(self, event: TranscriptUpdated) -> bool:
        """Whether the stable words of this event were never said."""
        shown, self._shown = self._shown, bool(words(event.tentative))
        return not shown and event.commit == self._number
