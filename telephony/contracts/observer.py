"""The observer contract. Tape, console and logs are observers of one stream of `Step`s.

An observer never changes a call. One that raises is detached and logged by the driver.

Nearly all steps, fifty a second in each call, are frames of the caller that are only passed on to the STT. An observer
is told of them only if it has `see_frame` too (`FrameObserver`), and then by `see_frame` instead of `see`; `seq` counts
them all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from telephony.core.actions import Action, Transcribe
from telephony.core.events import AudioReceived, Event


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the core: `event` arrived at `now_ms` (since the call began) and the core returned `actions`."""

    seq: int
    now_ms: int
    event: Event
    actions: tuple[Action, ...]


def step_of_frame(seq: int, now_ms: int, event: AudioReceived) -> Step:
    """The whole step that `see_frame` was told of."""
    return Step(seq, now_ms, event, (Transcribe(event.pcmu),))


class Observer(Protocol):
    def see(self, step: Step) -> None:
        """Called synchronously after each step; must be fast."""
        ...

    def close(self) -> None:
        """The call is over."""
        ...


@runtime_checkable
class FrameObserver(Observer, Protocol):
    """An `Observer` that is also told of frames."""

    def see_frame(self, seq: int, now_ms: int, event: AudioReceived) -> None:
        """Step `seq` was `event`, and its only action `Transcribe(event.pcmu)`."""
        ...
