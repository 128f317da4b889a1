"""What a leg receives: messages of one stream in, events out, synchronously and in order.

Cuts frames, runs the voice detector on each (inline: a thread would make replay racy), and tells what no carrier sends.
Unreadable messages are ignored, and counted by kind in `faults`.
"""

from __future__ import annotations

from collections import Counter

from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.clock import Clock
from telephony.contracts.port import Emit
from telephony.contracts.vad import Detector
from telephony.core.events import AudioMissed, AudioReceived, KeyPressed, MarkReached
from telephony.errors import BadMessage
from telephony.twilio.frame_cutter import Frame, FrameCutter
from telephony.twilio.media_stream import Dtmf, Mark, Media, Message, Stop, StreamStart, decode, decode_ascii

#: Control messages in one second, not counting echoes of our own marks. A caller presses at most ten keys a second.
CONTROL_PER_SECOND = 100
#: Most that audio may be ahead of the clock. Bursts after a stall stay below this; an endless upload does not.
MEDIA_AHEAD_MS = 60_000
#: A gap of this length resets the detector, whose state is then out of date.
RESET_AFTER_MISSED_MS = 200


class Inbound:
    """The caller's side of one stream. `stopped`: the carrier said that the stream is over; `flood.on`: it sends more
    than a carrier does."""

    def __init__(self, start: StreamStart, detector: Detector, clock: Clock) -> None:
        self.faults: Counter[str] = Counter()
        self.stopped = False
        self._stream_sid = start.stream_sid
        self._detector = detector
        self._cutter = FrameCutter()
        self.flood = Flood(clock)
        self._marks_out: Counter[str] = Counter()  # marks sent but not yet echoed

    def expect_echo(self, name: str) -> None:
        """The mark `name` was sent."""
        self._marks_out[name] += 1

    def receive(self, message: str | bytes, emit: Emit) -> None:
        """A message: the text of a text message, or the bytes of a binary one. Raises what `emit` raises."""
        try:
            decoded = decode(message)
        except BadMessage as error:
            self._unreadable(error)
        else:
            self._handle(decoded, emit)

    def receive_ascii(self, payload: bytes, emit: Emit) -> None:
        """A text message that is ASCII, as bytes: the faster way."""
        try:
            decoded = decode_ascii(payload)
        except BadMessage as error:
            self._unreadable(error)
        else:
            self._handle(decoded, emit)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _unreadable(self, error: BadMessage) -> None:
        self.faults[error.code] += 1
        self.flood.control()

    def _handle(self, message: Message, emit: Emit) -> None:
        if type(message) is Media and message.track == "inbound" and message.stream_sid == self._stream_sid:
            self.flood.media(len(message.pcmu))
            frames = self._cutter.cut(message)
            for item in frames:
                self._emit_frame(item, emit)
            if not frames and (repeated := self._cutter.take_repeated()):
                self.faults["repeated_media"] += repeated
            return
        sid = getattr(message, "stream_sid", self._stream_sid)
        if sid != self._stream_sid or isinstance(message, StreamStart):
            self.faults["second_start" if isinstance(message, StreamStart) else "wrong_stream"] += 1
            self.flood.control()
            return
        match message:
            case Media():
                self.faults["wrong_track"] += 1  # our own audio must not be taken for the caller's
                self.flood.control()
            case Mark(name=name):
                if not self._echo_expected(name):
                    self.faults["unknown_mark"] += 1
                    self.flood.control()
                emit(MarkReached(name))
            case Dtmf(digit=digit):
                self.flood.control()
                emit(KeyPressed(digit))
            case Stop():
                for frame in self._cutter.flush():
                    self._emit_frame(frame, emit)
                self.stopped = True
            case _:
                self.flood.control()

    def _emit_frame(self, item: Frame | AudioMissed, emit: Emit) -> None:
        if isinstance(item, AudioMissed):
            self.faults["gap"] += 1
            if item.ms >= RESET_AFTER_MISSED_MS:
                self._detector.reset()
            emit(item)
            return
        speech, level = self._detector.hear(item.pcmu)
        emit(AudioReceived(item.pcmu, item.media_ms, speech, level))

    def _echo_expected(self, name: str) -> bool:
        if name not in self._marks_out:
            return False
        self._marks_out[name] -= 1
        if not self._marks_out[name]:
            del self._marks_out[name]
        return True


class Flood:
    """Detects floods: more control messages, or audio further ahead of the clock, than a real carrier sends. Echoes of
    our own marks do not count, because a clear can bring hundreds of them at once. `on`: there was one."""

    def __init__(self, clock: Clock) -> None:
        self.on = False
        self._clock = clock
        self._began_ms = clock.ms()
        self._second = 0
        self._controls = 0
        self._heard_bytes = 0

    def control(self) -> None:
        second = (self._clock.ms() - self._began_ms) // 1000
        if second != self._second:
            self._second, self._controls = second, 0
        self._controls += 1
        if self._controls > CONTROL_PER_SECOND:
            self.on = True

    def media(self, size: int) -> None:
        self._heard_bytes += size or 1
        ahead_ms = self._heard_bytes * FRAME_MS // FRAME_BYTES - (self._clock.ms() - self._began_ms)
        if ahead_ms > MEDIA_AHEAD_MS:
            self.on = True
