"""What a carrier plays to the caller, and what the caller says: two audio timelines of one call. Pure.

Time is in milliseconds since the call was dialled; audio is mu-law at 8 kHz, so 8 bytes are a millisecond. Playing is
lazy: `advance(now_ms)` plays what a real carrier would have played by then, to the sample, and echoes the marks that
were passed. Where there is no audio, the timelines hold silence (0xFF).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from telephony.audio.frames import BYTES_PER_MS

SILENCE = b"\xff"
# Mu-law codes below about -42 dBFS: comfort noise and dither are not speech.
_QUIET = bytes(code for code in range(256) if (~code & 0x7F) < 0x18)
_SLICE = 160
_LOUD_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class MarkEcho:
    """A mark that came back. `at_ms` is when its last sample was played, or the clear came; `fate` is `played` or
    `cleared`."""

    name: str
    at_ms: int
    fate: str


class Playout:
    """Twilio's playout queue for one call: it plays 8,000 bytes a second, echoes each mark when the audio before it has
    been played, and on `clear` drops the audio and echoes all marks.

    `mark_latency_ms` is the time between the last sample before a mark and its echo. `echoes` holds (due_ms, name) in
    sending order; `heard` is all that was played; `loud_until_ms` is the end of the last sound in it. `dropped`: when a
    clear came, and for how many ms the sound would have gone on. (`take` empties `heard`.)
    """

    def __init__(self, mark_latency_ms: int = 20, *, clear_echo_reversed: bool = False) -> None:
        self.heard = bytearray()
        self.marks: list[MarkEcho] = []
        self.clears: list[int] = []
        self.dropped: list[tuple[int, int]] = []
        self.arrivals: list[int] = []  # when each piece of audio arrived
        self.cleared_bytes = 0
        self.echoes: deque[tuple[int, str]] = deque()
        self.loud_until_ms = -1_000_000
        self._latency_ms = mark_latency_ms
        self._reversed = clear_echo_reversed
        self._taken_bytes = 0
        self._queue: deque[bytes | str] = deque()

    def advance(self, now_ms: int) -> None:
        """Plays up to `now_ms`."""
        target = now_ms * BYTES_PER_MS - self._taken_bytes
        while self._queue:
            head = self._queue[0]
            if isinstance(head, str):
                self._queue.popleft()
                at_ms = self._played_bytes // BYTES_PER_MS
                self._echo(head, at_ms, "played", at_ms + self._latency_ms)
                continue
            take = target - len(self.heard)
            if take <= 0:
                return
            self._play(head[:take])
            if take >= len(head):
                self._queue.popleft()
            else:
                self._queue[0] = head[take:]
        self.heard += SILENCE * (target - len(self.heard))

    def add_audio(self, now_ms: int, pcmu: bytes) -> None:
        self.advance(now_ms)
        if pcmu:
            self.arrivals.append(now_ms)
            self._queue.append(pcmu)

    def put(self, at_ms: int, pcmu: bytes) -> None:
        """Plays audio at its time, beside the queue, even if that time has passed in silence."""
        self.advance(at_ms)
        begin = at_ms * BYTES_PER_MS - self._taken_bytes
        self.heard[begin : begin + len(pcmu)] = pcmu
        if loud_ms := _loud_ms(pcmu):
            self.loud_until_ms = at_ms + loud_ms

    def add_mark(self, now_ms: int, name: str) -> None:
        self.advance(now_ms)
        self._queue.append(name)
        self.advance(now_ms)  # on an empty queue the mark is passed at once

    def clear(self, now_ms: int) -> None:
        """Drops the queued audio and echoes every outstanding mark now, in the order of the queue."""
        self.advance(now_ms)
        self.clears.append(now_ms)
        self.cleared_bytes += self.queued_bytes
        if left_ms := _loud_ms(b"".join(item for item in self._queue if isinstance(item, bytes))):
            self.dropped.append((now_ms, left_ms))
        names = [item for item in self._queue if isinstance(item, str)]
        self._queue.clear()
        self.echoes = deque((now_ms, name) for _, name in self.echoes)  # marks already passed stay in front
        for name in reversed(names) if self._reversed else names:
            self._echo(name, now_ms, "cleared", now_ms)

    def take(self, frame_bytes: int) -> bytes:
        """Removes from `heard` what has been played since the last time, in whole frames, and returns it."""
        size = len(self.heard) - len(self.heard) % frame_bytes
        taken = bytes(self.heard[:size])
        del self.heard[:size]
        self._taken_bytes += size
        return taken

    def drop(self, now_ms: int) -> None:
        """Empties the queue at the end of the stream: the rest is not played, and no mark comes back."""
        self.advance(now_ms)
        self._queue.clear()
        self.echoes.clear()

    @property
    def queued_bytes(self) -> int:
        """Bytes of audio that have not been played yet."""
        return sum(len(item) for item in self._queue if isinstance(item, bytes))

    def due_echoes(self, now_ms: int) -> list[str]:
        """Removes and returns the marks whose echo is due by `now_ms`."""
        due = []
        while self.echoes and self.echoes[0][0] <= now_ms:
            due.append(self.echoes.popleft()[1])
        return due

    def next_due_ms(self) -> float:
        """When the next echo is due, given the present queue; infinity if there is no mark in it."""
        if self.echoes:
            return self.echoes[0][0]
        ahead = 0
        for item in self._queue:
            if isinstance(item, str):
                return -(-(self._played_bytes + ahead) // BYTES_PER_MS) + self._latency_ms
            ahead += len(item)
        return float("inf")

    @property
    def _played_bytes(self) -> int:
        return self._taken_bytes + len(self.heard)

    def _play(self, pcmu: bytes) -> None:
        begin = self._played_bytes
        self.heard += pcmu
        if loud_ms := _loud_ms(pcmu):
            self.loud_until_ms = begin // BYTES_PER_MS + loud_ms

    def _echo(self, name: str, at_ms: int, fate: str, due_ms: int) -> None:
        self.marks.append(MarkEcho(name, at_ms, fate))
        self.echoes.append((max(due_ms, self.echoes[-1][0]) if self.echoes else due_ms, name))


def _loud_ms(pcmu: bytes) -> int:
    """The end of the last sound, in ms from the start; 0 if there is none."""
    for at in range(len(pcmu) - 1 - (len(pcmu) - 1) % _SLICE, -1, -_SLICE):
        if len(pcmu[at : at + _SLICE].translate(None, _QUIET)) >= _LOUD_SAMPLES:
            return min(at + _SLICE, len(pcmu)) // BYTES_PER_MS
    return 0


class CallerVoice:
    """The caller's audio: a queue from which the stream takes at real speed, and `said`, the timeline of what it took
    (silence in between)."""

    def __init__(self) -> None:
        self.said = bytearray()
        self._queue = bytearray()
        self._added = 0
        self._taken = 0

    def add(self, pcmu: bytes) -> int:
        """Queues audio, padded to whole frames. Returns the value of `taken` at which all of it has been sent."""
        self._queue += pcmu + SILENCE * (-len(pcmu) % _SLICE)
        self._added = self._taken + len(self._queue)
        return self._added

    def hush(self) -> None:
        """Drops what is queued; it counts as sent."""
        self._taken = self._added
        self._queue.clear()

    @property
    def taken(self) -> int:
        """How many queued bytes have been sent."""
        return self._taken

    def take(self, size: int, at_ms: int) -> bytes:
        """Takes the next `size` bytes, which begin at `at_ms`: queued audio, then silence."""
        spoken = bytes(self._queue[:size])
        del self._queue[:size]
        self._taken += len(spoken)
        pcmu = spoken + SILENCE * (size - len(spoken))
        self.said += SILENCE * (at_ms * BYTES_PER_MS - len(self.said))
        self.said += pcmu
        return pcmu
