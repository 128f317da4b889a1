"""Phones that hear each other: every 20 ms each one is played what the others say."""

from __future__ import annotations

import audioop
from dataclasses import dataclass

from telephony.audio import mulaw
from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.clock import Clock
from telephony.testing.fakes.twilio.handset import Handset

_SILENT = mulaw.SILENCE * FRAME_BYTES


@dataclass(slots=True)
class Seat:
    """A phone in the mix. A muted one hears and is not heard; one on hold neither hears nor is heard."""

    phone: Handset
    muted: bool = False
    held: bool = False


class Mixer:
    """`join` and `leave` may come at any time; `run` mixes until nobody is left."""

    def __init__(self, clock: Clock) -> None:
        self.seats: list[Seat] = []
        self._clock = clock

    def join(self, seat: Seat) -> Seat:
        self.seats.append(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """What was still to be played to this phone is dropped."""
        self.seats.remove(seat)
        seat.phone.line.playout.drop(seat.phone.line.now_ms)

    async def run(self) -> None:
        due_ms = self._clock.ms() + FRAME_MS
        while self.seats:
            await self._clock.sleep(due_ms - self._clock.ms())
            while due_ms <= self._clock.ms():
                self._mix(due_ms)
                due_ms += FRAME_MS
            for seat in self.seats:
                seat.phone.line.notify()

    def _mix(self, at_ms: int) -> None:
        """Mixes the 20 ms up to `at_ms` of the clock: however late it is, there are no gaps in what is heard."""
        said = [(seat, self._taken(seat, at_ms)) for seat in self.seats]
        for seat in self.seats:
            others = [frame for other, frame in said if other is not seat and frame != _SILENT]
            if others and not seat.held:
                line = seat.phone.line
                line.playout.put(line.at_ms(at_ms), _sum(others))

    def _taken(self, seat: Seat, at_ms: int) -> bytes:
        """What the phone says now. Its keys are tones for the others."""
        line = seat.phone.line
        frame = line.voice.take(FRAME_BYTES, line.at_ms(at_ms) - FRAME_MS)
        while line.keys:
            key = line.keys.popleft()
            for other in self.seats:
                if other is not seat and not seat.held and not other.held:
                    other.phone.keys_heard += key
        return _SILENT if seat.muted or seat.held else frame


def _sum(frames: list[bytes]) -> bytes:
    """The sound of all of them; one alone stays as it is, to the byte."""
    if len(frames) == 1:
        return frames[0]
    mixed = mulaw.decode(frames[0])
    for frame in frames[1:]:
        mixed = audioop.add(mixed, mulaw.decode(frame), 2)
    return mulaw.encode(mixed)
