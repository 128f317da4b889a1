"""The VAD contract: audio frames in, speech probabilities out, and a reset.

One detector belongs to one leg. `hear(pcmu)` takes 20 ms (160 bytes mu-law, 8 kHz) and returns (`speech`, `level`):
`level` is the frame's RMS in tenths of dBFS (silence: -960); `speech` is the probability in thousandths of the 32 ms
window that the frame *before* completed, or None if it completed none (windows complete on five frames out of eight).

Why a frame later: the windows of all calls in the process wait for each other and are answered together, at the latest
when the next frame of their call arrives. That is always when an answer is given, however many calls there are, and so
the same audio gives the same answers at the same frames under any load; a tape shows which frame carried which.

Synchronous and fast (tens of microseconds): it runs inline in the leg, because a thread would make replay racy. Which
windows are answered along with one may move its value by rounding: by one thousandth, at most two.
"""

from __future__ import annotations

from typing import Protocol


class Detector(Protocol):
    def hear(self, pcmu: bytes) -> tuple[int | None, int]: ...

    def reset(self) -> None:
        """Clears the state, for instance after lost audio. A window that waits for its answer is dropped."""
        ...
