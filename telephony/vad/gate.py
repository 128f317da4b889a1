"""What keeps a recurrent detector sharp: when not to ask it, and when to make it forget. Pure.

Measured: after a minute of music or ringback a recurrent detector answers a caller's voice 0.2-0.9 s late; forgetting
its state in quiet stretches brings it back to 0.09-0.2 s. After digital silence a line noise of -65 dBFS triggers it;
below -70 dBFS it need not be asked at all. A higher gate would lose quiet callers.
"""

from __future__ import annotations

GATE_TENTHS = -700
"""Windows below this level (tenths of dBFS) are not voice."""
GATE_FORGETS_WINDOWS = 5
"""After so many of them (160 ms) the state is zeroed. Not before: on a line without noise the closure of a "t" is as
silent, and a detector that forgets in the middle of a word takes 0.2 s to notice that the word goes on."""
QUIET_THOUSANDTHS = 100
QUIET_WINDOWS = 5
RESET_EVERY_WINDOWS = 63
"""Two seconds of 32 ms windows."""


class Gate:
    """Call `closed` before each window and `heard` after each that was run."""

    def __init__(self) -> None:
        self._since_reset = 0
        self._quiet = 0
        self._faint = 0

    def closed(self, level: int) -> bool:
        """Too faint to be anything: answer 0, run nothing."""
        self._faint = self._faint + 1 if level < GATE_TENTHS else 0
        return self._faint > 0

    def faint_for_long(self) -> bool:
        """Whether the detector should forget now, after a window for which the gate was closed."""
        if self._faint % GATE_FORGETS_WINDOWS:
            return False
        self._since_reset = self._quiet = 0
        return True

    def heard(self, speech: int) -> bool:
        """Whether the detector should forget now, after a window that it took for `speech` thousandths."""
        self._since_reset += 1
        self._quiet = self._quiet + 1 if speech < QUIET_THOUSANDTHS else 0
        if self._quiet >= QUIET_WINDOWS and self._since_reset >= RESET_EVERY_WINDOWS:
            self._since_reset = self._quiet = 0
            return True
        return False
