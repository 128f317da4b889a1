"""A detector that sleeps while somebody else listens: a managed agent has its own, and ours costs a third of a core for
a hundred calls. It wakes, from then on for good, when the pipeline takes the call."""

from __future__ import annotations

from collections.abc import Callable

from telephony.audio.level import level
from telephony.contracts.vad import Detector


class DormantDetector:
    """A `Detector`. `needed` is asked with every frame until it says yes; only then `make` is called."""

    def __init__(self, make: Callable[[], Detector], needed: Callable[[], bool]) -> None:
        self._make, self._needed = make, needed
        self._detector: Detector | None = None

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        if self._detector is None:
            if not self._needed():
                return None, level(pcmu)
            self._detector = self._make()
        return self._detector.hear(pcmu)

    def reset(self) -> None:
        if self._detector is not None:
            self._detector.reset()
