"""Detector windows -> the caller's voice: bursts and silence. All times are media time.

Theory of operation. *Media time* counts the caller's audio (20 ms a frame, missed audio included), so network jitter
cannot change a decision. Voice follows the detector's windows (32 ms each) with hysteresis; a burst is voice without a
long gap.

Voice too quiet to be this caller's does not count as voice here: see `loudness.py`.
"""

from __future__ import annotations

from collections import deque

from telephony.audio.frames import FRAME_MS
from telephony.core import events as e
from telephony.core.listening.behind import VoiceBehind
from telephony.core.listening.loudness import CallerLevel
from telephony.core.policy import TurnTaking

WINDOW_MS = 32
BURST_GAP_MS = 250
"""Voice after a longer silence than this is a new burst."""
KEY_TONE_MS = 300
SOUND = 120
"""A sound this much (tenths of dB) above the quietest moment of the silence may be voice not detected yet..."""
SOUND_GRACE_MS = 140
"""...and delays the end of the turn by this much at most: the detector needs 60-120 ms to recognise voice."""


class Voiced:
    """Detector windows -> voice or not, by `TurnTaking.is_voice`: for whoever watches a call or reads a tape.

    The core's own `VoiceActivity` also leaves out voice that is too quiet to be the caller's, and key tones.
    """

    def __init__(self, rules: TurnTaking) -> None:
        self._rules = rules
        self._voiced = False

    def window(self, speech: int | None) -> bool:
        """Whether a frame brings a window of voice; `speech` in thousandths, None if it brings none."""
        if speech is not None:
            self._voiced = self._rules.is_voice(speech, self._voiced)
        return speech is not None and self._voiced

    def hears(self, event: e.Event) -> bool:
        """Whether the event is a frame that brings a window of voice. To be called with every event in order."""
        if isinstance(event, e.AudioMissed):
            self._voiced = False
        return isinstance(event, e.AudioReceived) and self.window(event.speech)


class VoiceActivity:
    """Detector windows -> bursts of voice. All times are media time in ms."""

    def __init__(self, rules: TurnTaking) -> None:
        self._rules = rules
        self.media_ms = 0
        self._ahead_ms = 0  # how far the clock has moved media time ahead of frames that may still come
        self.voiced = False
        self.last_voiced_ms: int | None = None
        self.burst_ms = 0  # voice in the current or last burst
        self.burst_started_ms = 0
        self.level = CallerLevel(rules.tuning.quieter_tenths_db)
        self.behind = VoiceBehind(rules.tuning.onset_ms)
        self._tone_until_ms = 0  # a key's tone may last until then
        self._quietest = 0  # level since the last voice, tenths of dBFS
        self._latest = deque[int](maxlen=2)  # levels of the last two frames

    def frame(self, speech: int | None, level: int) -> None:
        """One 20 ms frame; `speech` and `level` as in `AudioReceived`."""
        self.level.frame(level)
        if level < self._quietest:
            self._quietest = level
        self._latest.append(level)
        if self._ahead_ms >= FRAME_MS:
            self._ahead_ms -= FRAME_MS
        else:
            self.media_ms += FRAME_MS
        if speech is None:
            return
        voiced = self._rules.is_voice(speech, self.voiced)
        theirs = self.level.is_theirs(voiced)
        voiced = voiced and self.media_ms > self._tone_until_ms
        self.voiced = voiced and theirs
        if voiced and not theirs:
            self.behind.heard(self.media_ms, WINDOW_MS)
        if not self.voiced:
            return
        self._quietest = level
        if self.silence_ms > BURST_GAP_MS or not self.burst_ms:
            self.burst_ms, self.burst_started_ms = 0, self.media_ms - WINDOW_MS
        self.burst_ms += WINDOW_MS
        self.last_voiced_ms = self.media_ms
        self.behind.caller_speaks(self.burst_ms)

    def missed(self, ms: int) -> None:
        """`ms` of audio never arrived. Media time moves on, except for time that the clock has already counted."""
        counted = min(ms, self._ahead_ms)
        self._ahead_ms -= counted
        self.media_ms += ms - counted
        self.voiced = False

    def stalled(self, ms: int) -> None:
        """No frames for a while: moves media time on by the clock. Frames that still arrive are not counted again."""
        self.media_ms += ms
        self._ahead_ms += ms
        self.voiced = False

    def key_pressed(self) -> None:
        """A key's tone is not voice: ignores voice for `KEY_TONE_MS`, and drops the burst if the tone may have begun
        it."""
        if self.burst_ms <= KEY_TONE_MS:
            self.burst_ms, self.last_voiced_ms = 0, None
        self._tone_until_ms = self.media_ms + KEY_TONE_MS
        self.voiced = False

    @property
    def silence_ms(self) -> int:
        """Media time since the last voice, or since the start of the call if there was none."""
        return self.media_ms - (self.last_voiced_ms or 0)

    @property
    def sound(self) -> bool:
        """Whether there is a sound in the silence just now that may be voice not detected yet."""
        return not self.voiced and max(self._latest, default=self._quietest) >= self._quietest + SOUND

    @property
    def others_words(self) -> bool:
        """Whether the words that come now are of a voice behind the caller."""
        return self.behind.is_worded(self.media_ms, self.burst_ms, self.silence_ms)

    @property
    def onset(self) -> bool:
        return self.voiced and self.burst_ms >= self._rules.tuning.onset_ms
