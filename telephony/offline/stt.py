"""Local STT: moonshine-voice behind our own voice detector, for a machine without keys. English; any words.

Theory of operation. `hear` runs the detector over the caller's audio and keeps what is not yet decided: the open
segment, which a commit closes. Only the part with a voice is decoded, with a margin on both sides. A long segment
consists of pieces: where the caller pauses, or after `PIECE_MS` at the latest, what came before is decoded for good, so
that the work for each partial transcript is bounded, and so is the memory for a caller who never stops.

The decoder has no state, so each partial decodes the open piece again. One at most is in flight, and the next is due
when the piece has grown by `CADENCE` of its length (`FIRST_MS` at least) or the last one's CPU time allows it: partials
take at most 40 % of a core while somebody speaks. `partial` never waits: it returns what is known, and the answer that
has come since. `commit` waits, before all partials of other callers.

Sound that is not speech gives no text: `plausible.py`. The decoder reports no times: those of the words are estimated,
spread by their letters over the time in which the detector heard a voice. The figures: README.md.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from telephony.audio import mulaw
from telephony.audio.frames import FRAME_BYTES, FRAME_MS
from telephony.audio.resample import double
from telephony.offline.plausible import LEAST_VOICE_MS, SHORT_MS, Sound, plausible
from telephony.offline.worker import Asks, Engine, EngineBusy, Pending
from telephony.offline.worker_process import Message
from telephony.vad.silero import SileroDetector

ENGINE = Engine(
    "speech recogniser",
    "telephony.offline.stt_worker",
    "moonshine_voice",
    "moonshine-voice 0.1.0",
    "Linux with glibc 2.34 or later on x86-64 and arm64, macOS 15 on arm64, and Windows",
)
ON, OFF, SURE = 500, 350, 900
"""Thousandths: the detector's probability from which a window is voice, below which it no longer is, and from which it
clearly is."""
BEFORE_MS, AFTER_MS = 300, 200
"""Decoded around the voice."""
FIRST_MS, CADENCE = 300, 0.2
MOST_CPU = 0.4
LONG_PAUSE_MS, PAUSE_MS, PAUSED_PIECE_MS, PIECE_MS = 1_000, 360, 5_000, 10_000
"""A piece ends at a long pause; once it has the first length, at a short one; at the second length wherever that is."""
IDLE_MS = 1_000
"""Kept of the audio in which there is no voice."""
DOUBT_MS, DOUBTS = 10_000, 2
"""After so many sounds without words in this time, as of music, a short sound has no words either."""

ENDS = ".?!"
"""The decoder ends whatever it is given like a sentence: of a partial that says nothing, and is left out."""
_OLD_HYPHENS = re.compile(r"(?i)(?<=\bto)-(?=day|night|morrow)|(?<=\bgood)-(?=bye)")
"""The model has read old books: "to-day", "good-bye"."""

Words = list[tuple[str, float, float]]


@dataclass(slots=True)
class _Piece:
    """Audio and what the detector heard in it. `begins_ms`: its start, from the first audio of the connection;
    `voiced`: the frames with a voice; `sure`: how many of them clearly, `peak`: the detector's highest probability.
    `waiting`: its decoding for good."""

    begins_ms: int = 0
    pcmu: bytearray = field(default_factory=bytearray)
    voiced: list[int] = field(default_factory=list)
    sure: int = 0
    peak: int = 0
    waiting: Pending | None = None

    @property
    def length_ms(self) -> int:
        return len(self.pcmu) // 8

    @property
    def span_ms(self) -> int:
        """From the first voice to the last."""
        return (self.voiced[-1] - self.voiced[0] + 1) * FRAME_MS if self.voiced else 0

    @property
    def quiet_ms(self) -> int:
        """Since the last voice."""
        return self.length_ms - (self.voiced[-1] + 1) * FRAME_MS if self.voiced else self.length_ms

    def pcm16(self) -> bytes:
        """The part with a voice and its margins, at 16 kHz."""
        first = self.voiced[0] * FRAME_BYTES - BEFORE_MS * 8
        last = (self.voiced[-1] + 1) * FRAME_BYTES + AFTER_MS * 8
        part = bytes(self.pcmu[max(0, first) : last])
        padded = mulaw.SILENCE * max(0, -first) + part + mulaw.SILENCE * max(0, last - len(self.pcmu))
        return double(mulaw.decode(padded))[0]

    @property
    def sound(self) -> Sound:
        return Sound(self.span_ms, len(self.voiced) * FRAME_MS, self.sure * FRAME_MS, self.peak)

    def text(self, answer: Message) -> str:
        """What was said in it, according to the decoder's answer; "" if nothing was."""
        text = _OLD_HYPHENS.sub("", " ".join(str(answer[0]["text"]).split()))
        return text if plausible(text, self.sound) and text != answer[0]["nothing"] else ""

    def timed(self, text: str) -> Words:
        """Its words with their estimated times in seconds."""
        found, letters, at = text.split(), len(text.replace(" ", "")), 0
        words: Words = []
        for word in found:
            times = []
            for share in (at, at + len(word)):
                frame = self.voiced[min(share * len(self.voiced) // letters, len(self.voiced) - 1)]
                times.append((self.begins_ms + frame * FRAME_MS) / 1_000)
            at += len(word)
            words.append((word, times[0], max(times[1], times[0] + FRAME_MS / 1_000)))
        return words


class LocalRecognizer:
    """The `Recognizer` of one connection. All of them share `worker`."""

    words_estimated = True

    def __init__(self, worker: Asks) -> None:
        self._worker = worker
        self._detector = SileroDetector()
        self._speech = 0  # the detector's last probability, in thousandths
        self._speaking = False
        self._wordless_ms: deque[int] = deque(maxlen=DOUBTS)  # when sounds were taken for a voice and had no words
        self._pieces: list[_Piece] = []  # being decoded for good
        self._open = _Piece()
        self._partial = ""  # of the open piece
        self._asked: Pending | None = None
        self._asked_frames = 0  # how much voice the last partial had
        self._cpu_ms = 0.0  # what the last partial took
        self._asked_ms = 0  # the piece's length then

    def hear(self, pcmu: bytes) -> None:
        for at in range(0, len(pcmu), FRAME_BYTES):
            self._frame(pcmu[at : at + FRAME_BYTES])

    async def partial(self) -> str:
        piece = self._open
        if self._asked is not None and self._asked.done():
            answer, self._asked = self._asked.result(), None
            self._cpu_ms = answer[0]["cpu_ms"]
            self._partial = self._believed(piece, answer).rstrip(ENDS)
        if self._is_due():
            self._asked_frames, self._asked_ms = len(piece.voiced), piece.length_ms
            try:
                self._asked = self._worker.ask({}, piece.pcm16(), urgent=False)
            except EngineBusy:
                pass  # a later one says more
        known = [
            self._believed(one, one.waiting.result()) for one in self._pieces if one.waiting and one.waiting.done()
        ]
        return " ".join(text for text in (*known, self._partial) if text)

    async def commit(self) -> tuple[str, Words]:
        """Raises EngineBusy."""
        if self._open.voiced:
            self._close_piece()
        else:
            self._open = self._rest()
        pieces, self._pieces = self._pieces, []
        texts, words = [], []
        for piece in pieces:
            assert piece.waiting is not None
            if text := self._believed(piece, await piece.waiting):
                texts.append(text)
                words += piece.timed(text)
            elif piece.sound.voice_ms >= LEAST_VOICE_MS:
                self._wordless_ms.append(piece.begins_ms)
        return " ".join(texts), words

    def _believed(self, piece: _Piece, answer: Message) -> str:
        doubtful = len(self._wordless_ms) == DOUBTS and piece.begins_ms - self._wordless_ms[0] < DOUBT_MS
        return "" if doubtful and piece.sound.voice_ms < SHORT_MS else piece.text(answer)

    def _frame(self, frame: bytes) -> None:
        speech, _ = self._detector.hear(frame)
        if speech is not None:
            self._speech, self._speaking = speech, speech >= (OFF if self._speaking else ON)
        piece = self._open
        if self._speaking:
            piece.voiced.append(len(piece.pcmu) // FRAME_BYTES)
            piece.sure += self._speech >= SURE
            piece.peak = max(piece.peak, self._speech)
        piece.pcmu += frame.ljust(FRAME_BYTES, mulaw.SILENCE)
        if not piece.voiced:
            if piece.length_ms > 2 * IDLE_MS:
                self._open = self._rest()
        elif piece.length_ms >= PIECE_MS or piece.quiet_ms >= (
            PAUSE_MS if piece.span_ms >= PAUSED_PIECE_MS else LONG_PAUSE_MS
        ):
            self._close_piece()

    def _is_due(self) -> bool:
        piece = self._open
        grown_ms = piece.length_ms - self._asked_ms
        due_ms = max(FIRST_MS, CADENCE * piece.span_ms, self._cpu_ms / MOST_CPU)
        new = len(piece.voiced) > self._asked_frames
        return self._asked is None and new and grown_ms >= due_ms and piece.span_ms >= FIRST_MS

    def _close_piece(self) -> None:
        """Has the open piece decoded for good, and opens the next. Raises EngineBusy."""
        piece = self._open
        if self._asked is not None:
            self._asked.cancel()
        self._asked, self._partial, self._asked_frames, self._asked_ms = None, "", 0, 0
        self._pieces.append(piece)
        self._open = self._rest()
        piece.waiting = self._worker.ask({}, piece.pcm16())

    def _rest(self) -> _Piece:
        """The next piece: it begins with the last of the audio that has no voice."""
        piece = self._open
        kept = min(IDLE_MS, piece.quiet_ms) // FRAME_MS * FRAME_BYTES
        if not kept:
            return _Piece(piece.begins_ms + piece.length_ms)
        begins_ms = piece.begins_ms + piece.length_ms - kept // 8
        return _Piece(begins_ms, piece.pcmu[-kept:])
