"""Whether the speech recogniser can be relied on to say what a sound was."""

from __future__ import annotations

WORDLESS_LIMIT = 2
"""After this many utterances in a row with voice but no words, the recogniser is taken to hear nothing."""


class SttHealth:
    """Written to by its methods alone."""

    def __init__(self) -> None:
        self._lost = False
        self._wordless = 0
        self.proven = False
        """It has found words in this call."""
        self.refused = False
        """It is lost for good: the call will not hear another word."""

    @property
    def working(self) -> bool:
        """It is connected, and has lately found words."""
        return not self._lost and self._wordless < WORDLESS_LIMIT

    def connected(self) -> None:
        self._lost = False

    def lost(self, retryable: bool) -> None:
        self._lost = True
        self.refused = self.refused or not retryable

    def found_words(self) -> None:
        """An utterance had words."""
        self._wordless, self.proven = 0, True

    def found_none(self) -> None:
        """An utterance had voice, but no words."""
        self._wordless += 1
