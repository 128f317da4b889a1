"""Decides when to skip a recurrent detector, and when to reset its state. Pure.

Measured: after a minute of music or ringback a recurrent detector detects a caller's voice 0.2-0.9 s late; resetting
its state in quiet stretches reduces that to 0.09-0.2 s. After digital silence, line noise of -65 dBFS triggers it;
below -70 dBFS it need not run at all. A higher gate would lose quiet callers.
"""

from __future__ import annotations

GATE_TENTHS = -700
"""Windows below this level (tenths of dBFS) count as silence."""
GATE_RESET_WINDOWS = 5
"""Reset the state after this many such windows in a row (160 ms). Not before: on a line without noise the closure of a
"t" is as silent, and a detector that is reset inside a word takes 0.2 s to detect that the word goes on."""
QUIET_THOUSANDTHS = 100
QUIET_WINDOWS = 5
RESET_EVERY_WINDOWS = 63
"""Reset at most this often: two seconds of 32 ms windows."""


class Gate:
    """Call `closed` before each window, and `heard` after each window that the model has processed."""

    def __init__(self) -> None:
        self._since_reset = 0
        self._quiet = 0
        self._faint = 0

    def closed(self, level: int) -> bool:
        """Whether the window is too faint: then report probability 0 and do not run the model."""
        self._faint = self._faint + 1 if level < GATE_TENTHS else 0
        return self._faint > 0

    def faint_for_long(self) -> bool:
        """Whether to reset the detector now, after a window for which the gate was closed."""
        if self._faint % GATE_RESET_WINDOWS:
            return False
        self._since_reset = self._quiet = 0
        return True

    def heard(self, speech: int) -> bool:
        """Whether to reset the detector now, after a window with a probability of `speech` thousandths."""
        self._since_reset += 1
        self._quiet = self._quiet + 1 if speech < QUIET_THOUSANDTHS else 0
        if self._quiet >= QUIET_WINDOWS and self._since_reset >= RESET_EVERY_WINDOWS:
            self._since_reset = self._quiet = 0
            return True
        return False
