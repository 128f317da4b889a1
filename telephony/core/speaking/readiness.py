"""How long the caller would wait for a reply that is not prepared: measured, so that speculation begins in time."""

from __future__ import annotations


class Readiness:
    """How long a reply of this call usually takes, from asking the model to its first audio."""

    def __init__(self) -> None:
        self.ms = 0
        self._begun: tuple[int, int] | None = None  # (turn, when) of a reply of which no audio has come yet

    def begun(self, turn: int, now: int) -> None:
        """The model was asked for the reply of `turn`."""
        self._begun = (turn, now)

    def unknown(self) -> None:
        """The reply begun last will not tell."""
        self._begun = None

    def audio(self, turn: int, now: int) -> None:
        """Audio of `turn` has come. Longer than usual counts at once, shorter by and by."""
        if self._begun is not None and self._begun[0] == turn:
            took = now - self._begun[1]
            self.ms, self._begun = max(took, self.ms - (self.ms - took) // 4), None
