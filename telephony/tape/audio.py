"""Both sides of a call as they were heard, from its steps. Pure.

The caller's frames are placed by the carrier's time stamps; audio that never arrived is silence. The agent's side is
what the carrier played: audio begins when it was sent, plays at 8 bytes a millisecond, and ends where it was cleared.
The way to the carrier (some tens of milliseconds) is not on the tape, and is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    def turn(self) -> int:
        """The turn that its mark (`t7.12`) names; 0 without a mark."""
        number = self.mark[1:].partition(".")[0]
        return int(number) if number.isdigit() else 0


def played(steps: Iterable[Step]) -> list[Played]:
    """The pieces of the agent's audio that the carrier played, in order, without those cleared before they began."""
    pieces: list[Played] = []
    end = last = 0
    for step in steps:
        last = now = step.now_ms
        for action in step.actions:
            match action:
                case a.SendAudio(pcmu):
                    begin = max(end, now)
                    end = begin + len(pcmu) // BYTES_PER_MS
                    pieces.append(Played(begin, end, pcmu))
                case a.SendMark(name) if pieces:
                    pieces[-1].mark = name
                case a.ClearPlayout():
                    for piece in pieces:
                        piece.end = min(piece.end, max(piece.start, now))
                    end = now
    for piece in pieces:
        piece.end = min(piece.end, last)
    return [piece for piece in pieces if piece.end > piece.start]


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


def spans(pieces: Iterable[Played], join_ms: int = 60) -> list[tuple[int, int]]:
    """(start, end) in ms of the stretches of audio; gaps of up to `join_ms` are closed."""
    found: list[tuple[int, int]] = []
    for piece in pieces:
        if found and piece.start - found[-1][1] <= join_ms:
            found[-1] = (found[-1][0], max(found[-1][1], piece.end))
        else:
            found.append((piece.start, piece.end))
    return found


def _lay(side: bytearray, ms: int, pcmu: bytes) -> None:
    if ms > LONGEST_MS:
        raise BadTape(f"audio at {ms} ms: no call is so long")
    begin = ms * BYTES_PER_MS
    if len(side) < begin:
        side += SILENCE * (begin - len(side))
    side[begin : begin + len(pcmu)] = pcmu
