"""Both sides of a call as they were heard, from its steps. Pure.

The caller's frames are placed by the carrier's time stamps; audio that never arrived is silence. The agent's side is
what the carrier played: audio begins when it was sent, plays at 8 bytes a millisecond, and ends where it was cleared.
The way to the carrier (some tens of milliseconds) is not on the tape, and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from telephony.audio.frames import BYTES_PER_MS, FRAME_MS
from telephony.audio.mulaw import SILENCE
from telephony.contracts.observer import Step
from telephony.core import actions as a
from telephony.core import events as e
from telephony.tape.codec import BadTape

EARLY_MS = 60_000
"""Most that a frame's time stamp may be ahead of its arrival: no carrier's clock runs ahead by more."""
LONGEST_MS = 24 * 3_600_000
"""Longest possible call: no carrier keeps one for longer."""


@dataclass(slots=True)
class Played:
    """A piece of the agent's audio that was played, in ms since the call began. It ends at its end or at a clear."""

    start: int
    end: int
    pcmu: bytes
    mark: str = ""

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    @property
    def turn(self) -> int:
        """The turn that its mark (`t7.12`) names; 0 without a mark."""
        number = self.mark[1:].partition(".")[0]
        return int(number) if number.isdigit() else 0


@dataclass(slots=True)
class Playback:
    """A carrier's playout in virtual time, by the core's actions. `end` (ms) is when the queue will be empty."""

    pieces: list[Played] = field(default_factory=list)
    end: int = 0

    def perform(self, action: a.Action, now: int) -> None:
        match action:
            case a.SendAudio(pcmu):
                begin = max(self.end, now)
                self.end = begin + len(pcmu) // BYTES_PER_MS
                self.pieces.append(Played(begin, self.end, pcmu))
            case a.SendMark(name) if self.pieces:
                self.pieces[-1].mark = name
            case a.ClearPlayout():
                for piece in self.pieces:
                    piece.end = min(piece.end, max(piece.start, now))
                self.end = now
            case _:
                pass

    def played(self, until: int) -> list[Played]:
        """The pieces that were played by `until`, in order, without those cleared before they began. A piece that goes
        on after `until` is a copy; the simulator asks in every frame, and most pieces are over."""
        begun = (piece for piece in self.pieces if piece.start < piece.end and piece.start < until)
        return [piece if piece.end <= until else replace(piece, end=until) for piece in begun]


def played(steps: Iterable[Step]) -> list[Played]:
    """The pieces of the agent's audio that the carrier played during the call: see `Playback.played`."""
    playback, last = Playback(), 0
    for step in steps:
        last = step.now_ms
        for action in step.actions:
            playback.perform(action, last)
    return playback.played(last)


def agent_side(steps: Iterable[Step]) -> bytes:
    """What the caller heard, as mu-law from the beginning of the call. Raises BadTape."""
    side = bytearray()
    for piece in played(steps):
        _lay(side, piece.start, piece.pcmu[: (piece.end - piece.start) * BYTES_PER_MS])
    return bytes(side)


def caller_side(steps: Iterable[Step]) -> bytes:
    """The caller's audio, as mu-law from the beginning of the call. The first frame is placed where it arrived. Raises
    BadTape for a frame whose time stamp is later than its arrival."""
    side = bytearray()
    shift: int | None = None
    for step in steps:
        if isinstance(step.event, e.AudioReceived):
            if shift is None:
                shift = max(0, step.now_ms - FRAME_MS) - step.event.media_ms
            at = max(0, step.event.media_ms + shift)
            if at > step.now_ms + EARLY_MS:
                raise BadTape(f"step {step.seq}: a frame of the caller's of {step.now_ms} ms is stamped {at} ms")
            _lay(side, at, step.event.pcmu)
    return bytes(side)


def spans(pieces: Iterable[tuple[int, int]], join_ms: int = 60) -> list[tuple[int, int]]:
    """The stretches, as (start, end) in ms, that such pieces form in order; gaps of up to `join_ms` are closed."""
    found: list[tuple[int, int]] = []
    for start, end in pieces:
        if found and start - found[-1][1] <= join_ms:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _lay(side: bytearray, ms: int, pcmu: bytes) -> None:
    if ms > LONGEST_MS:
        raise BadTape(f"audio at {ms} ms: no call is so long")
    begin = ms * BYTES_PER_MS
    if len(side) < begin:
        side += SILENCE * (begin - len(side))
    side[begin : begin + len(pcmu)] = pcmu
