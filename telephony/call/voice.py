"""Detector windows -> the caller's voice: bursts, silence, and how loud this caller is. All times are media time.

Theory of operation. *Media time* counts the caller's audio (20 ms a frame, missed audio included), so network jitter
cannot change a decision. Voice follows the detector's windows (32 ms each) with hysteresis; a burst is voice without a
long gap.

A caller has a level. Voice far below it is somebody else's (babble, a television, the agent's echo) and is no voice
here; the level follows louder voice at once and comes down slowly, so that a caller who steps back is heard again.
"""

from __future__ import annotations

from collections import deque

from telephony.call.policy import TurnTaking

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
