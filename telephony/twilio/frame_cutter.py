"""Cuts the caller's audio, however it is packed into messages, into frames of 20 ms. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.audio.frames import BYTES_PER_MS, FRAME_BYTES
from telephony.audio.mulaw import SILENCE
from telephony.core.events import AudioMissed
from telephony.twilio.media_stream import Media


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of caller audio: 160 bytes of mu-law that begin at `media_ms` of the stream."""

    pcmu: bytes
    media_ms: int


#: Timestamps need not be multiples of 20: up to this many ms early or late is not a gap.
TIMESTAMP_SLACK_MS = 10
#: Most that is reported as missed in one event, because timestamps cannot be trusted.
LONGEST_GAP_MS = 60_000


class FrameCutter:
    """Cuts payloads of any size into 160-byte frames with their media time, and reports gaps as `AudioMissed`.

    Each message is placed at its carrier timestamp. If that is later than the end of the audio so far by more than the
    slack, there is a gap (Twilio drops audio when the socket backs up, error 31930), and a frame begun before it is
    padded with silence. A repeated message (chunk number not above the last one, timestamp in the past) is dropped and
    counted. The first timestamp may have any value.
    """

    def __init__(self) -> None:
        self._repeated = 0
        self._pending = b""
        self._next: int | None = None  # where the next byte belongs, in samples since the stream began
        self._chunk = 0

    def cut(self, media: Media) -> list[Frame | AudioMissed]:
        """The frames completed by `media`, in order, preceded by the gap before them, if any."""
        begins = media.timestamp_ms * BYTES_PER_MS
        out: list[Frame | AudioMissed] = []
        if self._next is not None:
            late = begins - self._next
            if 0 < media.chunk <= self._chunk and late < -TIMESTAMP_SLACK_MS * BYTES_PER_MS:
                self._repeated += 1
                return out
            if late > TIMESTAMP_SLACK_MS * BYTES_PER_MS:
                out += self._gap(late)
        self._chunk = media.chunk
        if not self._pending and len(media.pcmu) == FRAME_BYTES:  # as nearly always
            self._next = begins + FRAME_BYTES
            out.append(Frame(media.pcmu, media.timestamp_ms))
            return out
        begins -= len(self._pending)
        audio = self._pending + media.pcmu
        whole = len(audio) - len(audio) % FRAME_BYTES
        out += [
            Frame(audio[at : at + FRAME_BYTES], max(0, begins + at) // BYTES_PER_MS)
            for at in range(0, whole, FRAME_BYTES)
        ]
        self._pending = audio[whole:]
        self._next = begins + len(audio)
        return out

    def take_repeated(self) -> int:
        """The number of repeated messages dropped since the last call of this method."""
        repeated, self._repeated = self._repeated, 0
        return repeated

    def flush(self) -> list[Frame]:
        """The unfinished last frame, padded with silence; [] if there is none."""
        if not self._pending or self._next is None:
            return []
        begins = max(0, self._next - len(self._pending))
        frame = Frame(self._pending.ljust(FRAME_BYTES, SILENCE), begins // BYTES_PER_MS)
        self._next += FRAME_BYTES - len(self._pending)
        self._pending = b""
        return [frame]

    def _gap(self, samples: int) -> list[Frame | AudioMissed]:
        filled = (FRAME_BYTES - len(self._pending)) if self._pending else 0
        missed_ms = max(0, samples - filled) // BYTES_PER_MS
        out: list[Frame | AudioMissed] = [*self.flush()]
        if missed_ms:
            out.append(AudioMissed(min(missed_ms, LONGEST_GAP_MS)))
        return out
