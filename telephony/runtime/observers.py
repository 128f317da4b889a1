"""The observers of a call, and its four ports: who is told of each step, and who performs each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from telephony.contracts.observer import FrameObserver, Observer, Step
from telephony.core import actions as a
from telephony.core import events as e

log = structlog.get_logger()

SeesFrame = Callable[[int, int, e.AudioReceived], None]


class Observers:
    """The observers of a call. One that raises is detached; the others continue."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)
        self._seq = 0
        self._of_frames = self._find()

    def see(self, event: e.Event, actions: tuple[a.Action, ...], now: int) -> None:
        seq, self._seq = self._seq, self._seq + 1
        if type(event) is e.AudioReceived and len(actions) == 1 and type(actions[0]) is a.Transcribe:
            for observer, see_frame in self._of_frames:
                try:
                    see_frame(seq, now, event)
                except (Exception, SystemExit):
                    self._detach(observer)
            return
        step = Step(seq, now, event, actions)
        for observer in tuple(self._observers):
            try:
                observer.see(step)
            except (Exception, SystemExit):
                self._detach(observer)

    def close(self) -> None:
        for observer in self._observers:
            try:
                observer.close()
            except (Exception, SystemExit):
                log.exception("observer_close_failed", observer=type(observer).__name__)

    def _detach(self, observer: Observer) -> None:
        log.exception("observer_detached", observer=type(observer).__name__)
        self._observers.remove(observer)
        self._of_frames = self._find()

    def _find(self) -> list[tuple[Observer, SeesFrame]]:
        return [(found, found.see_frame) for found in self._observers if isinstance(found, FrameObserver)]
