"""A detector that is not created until it is needed.

A managed agent has its own, and ours costs a third of a core for a hundred calls. So it starts only when the pipeline
takes over the call, and then stays on.
"""

from __future__ import annotations

from collections.abc import Callable

from telephony.audio.level import level
from telephony.contracts.vad import Detector


class DormantDetector:
    """A `Detector`. Reports only levels until `needed`, called at each frame, returns True; then calls `make`."""

    def __init__(self, make: Callable[[], Detector], needed: Callable[[], bool]) -> None:
        self._make, self._needed = make, needed
        self._detector: Detector | None = None

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        if self._detector is None:
            if not self._needed():
                return None, level(pcmu)
            self._detector = self._make()
            self.hear = self._detector.hear  # type: ignore[method-assign]  # from now on it is that detector
        return self._detector.hear(pcmu)

    def reset(self) -> None:
        if self._detector is not None:
            self._detector.reset()
