"""Writing one tape: synchronous, append-only, in whatever thread.

Audio is written before the lines that refer to it, so that what a crash leaves is a tape with a shorter end. What the
agent says is stored once, as it was synthesised; what is sent is found again in it (the next piece usually follows the
last one), with the silence that fills the last frame counted rather than stored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias
from zlib import crc32

from telephony.contracts.observer import Step
from telephony.core.actions import Transcribe
from telephony.core.events import AudioReceived
from telephony.tape.codec import VOCABULARY, Data, Encoder
from telephony.tape.format import SIDES, TAPE_FILE, Header, to_data

Reference: TypeAlias = list[str | int]

SILENT = b"\xff"
WAITING_LINES = 1_000
"""So many lines are written without being asked for it."""
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
PLAIN_FRAMES = VOCABULARY["AudioReceived"] == ["pcmu", "media_ms", "speech", "level"]
REMEMBERED_BYTES = 2**20
"""How much of the agent's audio is looked through for what is sent: two minutes of speech."""


class TapeWriter:
    """A tape under way in `folder`, which is made. Raises OSError, FileExistsError if there is a tape already."""

    def __init__(self, folder: Path, header: Header) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any((folder / name).exists() for name in (TAPE_FILE, *(f"{side}.ulaw" for side in SIDES))):
            raise FileExistsError(f"{folder}: there is a tape here already; nothing is overwritten")
        self.folder = folder
        self.steps = 0
        self._lost = 0
        self._audio = _Audio({side: _open(folder / f"{side}.ulaw") for side in SIDES})
        self._lines = _open(folder / TAPE_FILE)
        self._waiting: list[str] = []
        self._encoder = Encoder(self._audio.put)
        self._line(to_data(header))
        self.flush()  # whatever comes, it can be read whose call it was

    def step(self, step: Step) -> None:
        """One more step; nothing is certain to be on the disk before `flush`."""
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
        """So many steps could not be written here: the tape is damaged from here on."""
        self._lost += steps
        self._line({"lost": {"steps": steps}})

    def flush(self) -> None:
        """Hands everything to the operating system: a crash of this process cannot lose it any more."""
        self._audio.flush()
        if self._waiting:
            # Half of a surrogate pair, as a model may send it, has no UTF-8; replaced so, it is what JSON calls it.
            self._lines.write("".join(self._waiting).encode(errors="backslashreplace"))
            self._lines.flush()
            self._waiting.clear()

    def close(self) -> None:
        """The call is over: writes the end line."""
        self._audio.flush()
        self._line({"end": {"steps": self.steps, "lost": self._lost, "audio": self._audio.sums()}})
        self.flush()
        self.abandon()

    def abandon(self) -> None:
        """Closes the files as they are; a disk that fails is the caller's to tell of, and no file stays open for it."""
        for file in (*self._audio.files, self._lines):
            with suppress(OSError):
                file.close()

    def _frame(self, step: Step, event: AudioReceived) -> None:
        """What nearly all steps are, without the detour: exactly as `_line` would write it."""
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
    """A whole tape at once. Raises OSError, FileExistsError if there is one already."""
    writer = TapeWriter(folder, header)
    try:
        for step in steps:
            writer.step(step)
    except BaseException:
        writer.abandon()
        raise
    writer.close()


def _open(path: Path) -> IO[bytes]:
    """A new file for its owner alone, to be appended to."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "wb", buffering=2**16)


class _Audio:
    """Both audio files. `put` is what the encoder wants."""

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
        if pcmu.count(SILENT) == len(pcmu):
            return ["silence", len(pcmu)]
        if owner in ("SendAudio", "Phrase") and (found := self._find(pcmu)) is not None:
            return found
        self._said += pcmu
        if (over := len(self._said) - REMEMBERED_BYTES) > REMEMBERED_BYTES // 4:
            del self._said[:over]
            self._said_from += over
        return self._append("agent", pcmu)

    def frame(self, pcmu: bytes) -> int:
        """A frame of the caller's; where in the file it is."""
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
        """Where the agent's audio holds `pcmu`, its silent end left out."""
        body = pcmu.rstrip(SILENT)
        at = self._next - self._said_from
        if at < 0 or self._said[at : at + len(body)] != body:
            at = self._said.find(body)
            if at < 0:
                return None
        self._next = self._said_from + at + len(pcmu)
        filled = len(pcmu) - len(body)
        whole: Reference = ["agent", self._said_from + at, len(body)]
        return [*whole, filled] if filled else whole
