"""Whose voice it is, by how loud it is: the caller's own, or talk behind them.

Theory of operation. A caller has a level. Voice far below it is somebody else's (a television, the agent's echo); the
level follows louder voice at once and comes down slowly, so that a caller who steps back is heard again. Where people
talk in the background (an office, a restaurant) the line is never quiet: its quietest moments of the last seconds are
voice. That is the background's level, and the caller is what stands out above it. All levels are tenths of dBFS.
"""

from __future__ import annotations

from collections import deque

LEVEL_FRAMES = 10
"""A voice is as loud as its loudest frame in this many: syllables rise and fall."""
KNOWN_WINDOWS = 12
"""After so many windows of voice (0.4 s) the caller's level is known."""
FORGET_WINDOWS = 8
"""So many windows of too quiet a voice (0.25 s) bring the caller's level down by 0.1 dB."""

BACKGROUND_WINDOWS = 128
"""Four seconds: nobody speaks so long without 0.2 s of silence."""
LOOK_EVERY = 8
LEAST_WINDOWS = 24
"""With less (0.8 s) the background is not known."""
NEAR = 60
"""Levels so close to the quietest are the background's."""
TALK_SHARE = 8
"""One in so many quiet windows is voice to the detector: people talk there. In steady noise none is."""
ABOVE_BACKGROUND = 95
"""Talk of several people varies by less than this."""
BELOW_CALLER = 60
"""The caller is heard at this much below their own level, whatever the background."""
GONE = 100
"""The background has gone when it is so much quieter than it was."""


class Background:
    """How loud people talk behind the caller: `level`, or None where nobody does."""

    def __init__(self) -> None:
        self._windows: deque[tuple[int, bool]] = deque(maxlen=BACKGROUND_WINDOWS)
        self._count = 0
        self.level: int | None = None

    def window(self, loud: int, voiced: bool) -> None:
        self._windows.append((loud, voiced))
        self._count += 1
        if self._count % LOOK_EVERY or len(self._windows) < LEAST_WINDOWS:
            return
        quietest = min(loud for loud, _ in self._windows)
        near = [voiced for loud, voiced in self._windows if loud < quietest + NEAR]
        talk = len(near) >= LOOK_EVERY and sum(near) * TALK_SHARE >= len(near)
        stays = self.level is not None and quietest > self.level - GONE
        self.level = quietest if talk or stays else None


class CallerLevel:
    """How loud this caller speaks. Counts detector windows with voice."""

    def __init__(self, quieter: int) -> None:
        self._quieter = quieter
        self._recent: deque[int] = deque(maxlen=LEVEL_FRAMES)
        self._background = Background()
        self._level: int | None = None
        self._windows = 0
        self._rejected = 0

    @property
    def known(self) -> bool:
        return self._windows >= KNOWN_WINDOWS

    def frame(self, level: int) -> None:
        self._recent.append(level)

    def is_theirs(self, voiced: bool) -> bool:
        """Whether the voice of the latest window is loud enough to be the caller's; learns from it. Without voice:
        no."""
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
        """Words came while no voice was loud enough: the caller has become quieter."""
        if self._recent:
            self._level = max(self._recent)

    def _least(self) -> int:
        """What is quieter is talk in the background."""
        if self._background.level is None:
            return -1_000
        least = self._background.level + ABOVE_BACKGROUND
        return min(least, self._level - BELOW_CALLER) if self._level is not None and self.known else least
