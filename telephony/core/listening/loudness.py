"""Tells the caller's voice from talk in the background by its loudness.

Theory of operation. Each caller has a level. Voice far below it is somebody else's (a television, the agent's echo).
The level follows louder voice at once and falls slowly; it is that of voice with words, because a cough is louder.
Where people talk in the background (an office, a restaurant) the line is never quiet: even the quietest moments of the
last seconds are voice. Their level is the background's, and only voice well above it is the caller's. All levels are in
tenths of dBFS.
"""

from __future__ import annotations

from collections import deque

SILENT = -1_000
LEVEL_FRAMES = 10
"""The loudness of a voice is that of its loudest frame among this many, because syllables rise and fall."""
KNOWN_WINDOWS = 12
"""The caller's level is known after this many windows of voice (0.4 s)."""
FORGET_WINDOWS = 32
"""Each time this many windows (1 s) of voice were too quiet, the caller's level falls by 0.1 dB."""

BACKGROUND_WINDOWS = 128
"""Windows over which the background is measured (4 s): nobody speaks that long without 0.2 s of silence."""
LOOK_EVERY = 8
LEAST_WINDOWS = 24
"""Minimum number of windows (0.8 s) before the background is measured."""
NEAR = 60
"""Windows within this distance of the quietest belong to the background."""
TALK_SHARE = 8
"""If the detector takes at least one in this many background windows for voice, people are talking there. In steady
noise it takes none for voice."""
ABOVE_BACKGROUND = 95
"""Voice must be this much above the background to be the caller's: talk of several people varies by less."""
BELOW_CALLER = 60
"""Once the caller's level is known, voice down to this much below it is the caller's, whatever the background."""
GONE = 100
"""The background talk is over when the line is this much quieter than its level."""


class Background:
    """The level of talk in the background of the call: `level`, or None if nobody talks there."""

    def __init__(self) -> None:
        self._loud: deque[int] = deque(maxlen=BACKGROUND_WINDOWS)
        self._voiced: deque[bool] = deque(maxlen=BACKGROUND_WINDOWS)
        self._count = 0
        self.level: int | None = None

    def window(self, loud: int, voiced: bool) -> None:
        self._loud.append(loud)
        self._voiced.append(voiced)
        self._count += 1
        if self._count % LOOK_EVERY or len(self._loud) < LEAST_WINDOWS:
            return
        if self.level is None and True not in self._voiced:
            return  # nobody talks, and nobody did
        quietest = min(self._loud)
        near = [voiced for loud, voiced in zip(self._loud, self._voiced, strict=True) if loud < quietest + NEAR]
        talk = len(near) >= LOOK_EVERY and sum(near) * TALK_SHARE >= len(near)
        stays = self.level is not None and quietest > self.level - GONE
        self.level = quietest if talk or stays else None


class CallerLevel:
    """The level at which this caller speaks, learned from the detector's windows with voice."""

    def __init__(self, quieter: int) -> None:
        self._quieter = quieter
        self._recent: deque[int] = deque(maxlen=LEVEL_FRAMES)
        self._background = Background()
        self._level: int | None = None
        self._windows = 0
        self._rejected = 0
        self._confirmed: tuple[int | None, int] = None, 0

    @property
    def known(self) -> bool:
        return self._windows >= KNOWN_WINDOWS

    @property
    def loud(self) -> int:
        """The loudness of what is heard now, tenths of dBFS."""
        return max(self._recent, default=SILENT)

    def frame(self, level: int) -> None:
        self._recent.append(level)

    def is_theirs(self, voiced: bool) -> bool:
        """Whether the latest window has voice (`voiced`) loud enough to be the caller's. Learns from the window."""
        loud = max(self._recent)
        self._background.window(loud, voiced)
        if not voiced or loud < self._least():
            return False
        if self._level is None or loud > self._level:
            self._level = loud if self._level is None else self._level + (loud - self._level + 1) // 2
        if self.known and loud < self._level - self._quieter:
            self._rejected += 1
            self._level -= self._rejected % FORGET_WINDOWS == 0
            return False
        self._windows += 1
        self._level -= self._windows % 2 if loud < self._level - self._quieter // 2 else 0
        return True

    def heard_words(self) -> None:
        """Words arrived although no voice was loud enough: the caller has become quieter, so lower their level."""
        if self._recent:
            self._level = max(self._recent)

    def confirm(self, words: bool) -> None:
        """The sounds so far had words, or not: then what was learned from them does not count."""
        if words:
            self._confirmed = self._level, self._windows
        else:
            self._level, self._windows = self._confirmed

    def forget(self) -> None:
        """Any voice may be the caller's, as at the beginning of the call."""
        self._level, self._windows = self._confirmed = None, 0

    def _least(self) -> int:
        """The minimum level of the caller's voice; anything below is talk in the background."""
        if self._background.level is None:
            return SILENT
        least = self._background.level + ABOVE_BACKGROUND
        return min(least, self._level - BELOW_CALLER) if self._level is not None and self.known else least
