"""The VAD contract: audio frames in, speech probabilities out, and a reset.

One detector belongs to one leg. `hear(pcmu)` takes 20 ms (160 bytes mu-law, 8 kHz) and returns (`speech`, `level`):
`speech` is the probability in thousandths of the 32 ms window that this frame completed, or None if none was completed
(windows complete on five frames out of eight); `level` is the frame's RMS in tenths of dBFS (silence: -960).
Synchronous and fast (tens of microseconds): it runs inline in the leg, because a thread would make replay racy.
"""

from __future__ import annotations

from typing import Protocol


class Detector(Protocol):
    def hear(self, pcmu: bytes) -> tuple[int | None, int]: ...

    def reset(self) -> None:
        """Clears the state, for instance after lost audio."""
        ...
