"""Writes one tape: synchronous and append-only, from any one thread.

Audio is written before the lines that refer to it, so that after a crash the tape only ends earlier. The agent's speech
is stored once, as it was synthesised; sent audio is stored as a reference into it (usually right after the last piece),
plus the number of bytes of silence that fill its last frame.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias
from zlib import crc32

from telephony.audio.mulaw import SILENCE
from telephony.contracts.observer import Step
from telephony.core.actions import Transcribe
from telephony.core.events import AudioReceived
from telephony.files import private_folder
from telephony.tape.codec import VOCABULARY, Data, Encoder
from telephony.tape.format import SIDES, TAPE_FILE, Header, to_data

Reference: TypeAlias = list[str | int]

WAITING_LINES = 1_000
"""Flush after this many lines, even without a call of `flush`."""
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
PLAIN_FRAMES = VOCABULARY["AudioReceived"] == ["pcmu", "media_ms", "speech", "level"]
REMEMBERED_BYTES = 2**20
"""How much of the agent's latest audio is searched for sent audio: two minutes of speech."""


class TapeWriter:
    """Writes a tape into `folder`, which is created. Raises OSError; FileExistsError if it holds a tape already."""

    def __init__(self, folder: Path, header: Header) -> None:
        private_folder(folder)
        if any((folder / name).exists() for name in (TAPE_FILE, *(f"{side}.ulaw" for side in SIDES))):
            raise FileExistsError(f"{folder}: there is a tape here already, and it is not overwritten")
        self.folder = folder
        self.steps = 0
        self._lost = 0
        self._audio = _Audio({side: _open(folder / f"{side}.ulaw") for side in SIDES})
        self._lines = _open(folder / TAPE_FILE)
        self._waiting: list[str] = []
        self._encoder = Encoder(self._audio.put)
        self._line(to_data(header))
        self.flush()  # after a crash, the header at least can be read

    def step(self, step: Step) -> None:
        """Adds a step. It may stay in memory until `flush`."""
        self.steps += 1
        event, actions = step.event, step.actions
        if type(event) is AudioReceived and PLAIN_FRAMES and len(actions) == 1:
            only = actions[0]
            if type(only) is Transcribe and (only.pcmu is event.pcmu or only.pcmu == event.pcmu):
                self._frame(step, event)
                return
        encode = self._encoder.encode
        self._line([step.seq, step.now_ms, encode(step.event), [encode(action) for action in step.actions]])

    def lost(self, steps: int) -> None:
        """Notes that `steps` steps are missing here; the tape is damaged from here on."""
        self._lost += steps
        self._line({"lost": {"steps": steps}})

    def flush(self) -> None:
        """Hands everything to the operating system, so that a crash of this process cannot lose it."""
        self._audio.flush()
        if self._waiting:
            # Half of a surrogate pair (a model may send one) has no UTF-8; this writes it as JSON's \uXXXX escape.
            self._lines.write("".join(self._waiting).encode(errors="backslashreplace"))
            self._lines.flush()
            self._waiting.clear()

    def close(self) -> None:
        """Writes the end line and closes the files."""
        self._audio.flush()
        self._line({"end": {"steps": self.steps, "lost": self._lost, "audio": self._audio.sums()}})
        self.flush()
        self.abandon()

    def abandon(self) -> None:
        """Closes the files without the end line. Raises nothing, so that none stays open if a disk fails."""
        for file in (*self._audio.files, self._lines):
            with suppress(OSError):
                file.close()

    def _frame(self, step: Step, event: AudioReceived) -> None:
        """Writes a plain frame, as nearly all steps are: the same bytes as `_line`, but faster."""
        speech = "null" if event.speech is None else event.speech
        audio = f'["caller",{self._audio.frame(event.pcmu)},{len(event.pcmu)}]'
        self._waiting.append(
            f'[{step.seq},{step.now_ms},["AudioReceived",{audio},{event.media_ms},{speech},{event.level}],'
            f'[["Transcribe",{audio}]]]\n'
        )

    def _line(self, data: Data) -> None:
        self._waiting.append(_dumps(data) + "\n")
        if len(self._waiting) >= WAITING_LINES:
            self.flush()


def write(folder: Path, header: Header, steps: Iterable[Step]) -> None:
    """Writes a whole tape. Raises OSError; FileExistsError if there is one already."""
    writer = TapeWriter(folder, header)
    try:
        for step in steps:
            writer.step(step)
    except BaseException:
        writer.abandon()
        raise
    writer.close()


def _open(path: Path) -> IO[bytes]:
    """A new file that is append-only and that only its owner can read."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "wb", buffering=2**16)


class _Audio:
    """The two audio files. `put` is the encoder's: it stores audio and returns its reference."""

    def __init__(self, files: dict[str, IO[bytes]]) -> None:
        self._files = files
        self._waiting = {side: bytearray() for side in files}
        self._sizes = dict.fromkeys(files, 0)
        self._sums = dict.fromkeys(files, 0)
        self._frame: tuple[bytes, Reference] = (b"", ["silence", 0])
        self._said = bytearray()  # the latest audio of the agent...
        self._said_from = 0  # ...and where in the file it begins
        self._next = 0  # where in the file the last piece that was sent ended

    def put(self, owner: str, pcmu: bytes) -> Reference:
        if owner in ("AudioReceived", "Transcribe"):
            if owner == "Transcribe" and pcmu == self._frame[0]:
                return self._frame[1]
            self._frame = (pcmu, self._append("caller", pcmu))
            return self._frame[1]
        if pcmu.count(SILENCE) == len(pcmu):
            return ["silence", len(pcmu)]
        if owner in ("SendAudio", "Phrase") and (found := self._find(pcmu)) is not None:
            return found
        self._said += pcmu
        if (over := len(self._said) - REMEMBERED_BYTES) > REMEMBERED_BYTES // 4:
            del self._said[:over]
            self._said_from += over
        return self._append("agent", pcmu)

    def frame(self, pcmu: bytes) -> int:
        """Stores a frame of the caller and returns its offset."""
        at = self._sizes["caller"]
        self._sizes["caller"] = at + len(pcmu)
        self._waiting["caller"] += pcmu
        return at

    def flush(self) -> None:
        for side, waiting in self._waiting.items():
            if waiting:
                self._sums[side] = crc32(waiting, self._sums[side])
                self._files[side].write(waiting)
                self._files[side].flush()
                waiting.clear()

    @property
    def files(self) -> Iterable[IO[bytes]]:
        return self._files.values()

    def sums(self) -> dict[str, list[int]]:
        """Side -> [bytes, CRC-32]."""
        return {side: [self._sizes[side], self._sums[side]] for side in self._files}

    def _append(self, side: str, pcmu: bytes) -> Reference:
        at = self._sizes[side]
        self._waiting[side] += pcmu
        self._sizes[side] += len(pcmu)
        return [side, at, len(pcmu)]

    def _find(self, pcmu: bytes) -> Reference | None:
        """A reference to `pcmu` in the agent's recent audio, its final silence as a count; None if not found."""
        body = pcmu.rstrip(SILENCE)
        at = self._next - self._said_from
        if at < 0 or self._said[at : at + len(body)] != body:
            at = self._said.find(body)
            if at < 0:
                return None
        self._next = self._said_from + at + len(pcmu)
        filled = len(pcmu) - len(body)
        whole: Reference = ["agent", self._said_from + at, len(body)]
        return [*whole, filled] if filled else whole
