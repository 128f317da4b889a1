"""Reads a folder into a `Tape`, and reports damage with file and line.

A tape that breaks off (after a crash, or in an incomplete copy) is read up to that point. Steps after a damaged place
are not replayed, because the core's state is unknown there; they are kept for display where they can be read.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

from telephony.contracts.observer import Step
from telephony.files import read_file
from telephony.tape.audio import LONGEST_MS
from telephony.tape.codec import BadTape, Data, Decoder
from telephony.tape.engines import as_spoken
from telephony.tape.format import FORMAT, SIDES, TAPE_FILE, Header, format_of, from_data
from telephony.tape.upgrades import UPGRADES

LONGEST_LINE = 2**24
LONGEST_FILE = 2**28
"""Most bytes in each file of a tape: nine hours of audio, and about as long a call's lines."""
LONGEST_PIECE = 2**26
"""Most bytes of audio in one event: more than two hours."""
MOST_AUDIO = 2**29
"""Most bytes of audio in all events and actions, where each piece counts as often as it is referred to."""
LONGEST_PAUSE_MS = 3_600_000
"""Longest time between two steps. Frames come all the time, and a call without them is ended."""
MOST_LOST = 10**7
"""Most steps that a tape may report as lost: far more than the longest call has."""


@dataclass(slots=True)
class Tape:
    """A recorded call. `whole` is the number of steps before the first damage (all of `steps` without any). `problems`
    are sentences with file and line. `ended` is whether the tape has its end line."""

    path: Path
    header: Header
    steps: list[Step] = field(default_factory=list, repr=False)
    problems: list[str] = field(default_factory=list)
    ended: bool = False
    whole: int = 0
    tape_bytes: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing of the call is missing or damaged."""
        return self.ended and not self.problems

    @property
    def length_ms(self) -> int:
        return self.steps[-1].now_ms if self.steps else 0

    @property
    def name(self) -> str:
        return self.path.name


def damage(tape: Tape) -> str:
    """Why the tape is not whole, in a sentence."""
    return (tape.problems or [f"{tape.path}: it breaks off"])[0]


def read(path: Path) -> Tape:
    """The tape in the folder `path`. Raises BadTape only if its header cannot be read; see `problems` for the rest."""
    lines = _Lines(path / TAPE_FILE)
    first = lines.next()
    if first is None:
        raise BadTape(lines.alien())
    try:
        made = format_of(first)
        upgrades = [UPGRADES[step] for step in range(made, FORMAT)]
        rest: list[Data] | None = None
        for upgrade in upgrades:
            first, rest = upgrade(first, lines.all() if rest is None else rest)
        header, vocabulary = from_data(first)
    except BadTape as error:
        raise BadTape(f"{lines.path}, line 1: {error}") from None
    tape = Tape(path, header, tape_bytes=lines.size)
    audio = _AudioFiles(path, tape.problems)
    given = lines if rest is None else _Given(lines.path, rest, lines.problem)
    _Reader(tape, given, Decoder(audio.get, vocabulary), audio).read()
    tape.tape_bytes += audio.size
    tape.header = as_spoken(header, tape.steps)
    return tape


class _Lines:
    """The lines of a tape, parsed one by one. `problem` says why reading stopped before the end of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.problem = ""
        try:
            raw = read_file(path, LONGEST_FILE)
        except OSError as error:
            raise BadTape(f"{path}: {error.strerror or error}") from None
        self.size = len(raw)
        self._raw = raw.split(b"\n")
        self._cut = self._raw.pop()  # after the last line break: empty in a complete file
        self._parse = json.JSONDecoder().decode

    def next(self) -> Data | None:
        if self.number >= len(self._raw):
            if self._cut and not self.problem:
                self.number += 1
                self.problem = f"{self.path}, line {self.number}: the line is cut off"
            return None
        line = self._raw[self.number]
        self.number += 1
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError("too long")
            return self._parse(line.decode())
        except (ValueError, RecursionError) as error:
            self.problem = f"{self.path}, line {self.number}: not readable as JSON ({error})"
            return None

    def alien(self) -> str:
        """Why the first line cannot be read."""
        if not self.size:
            return f"{self.path}: the file is empty"
        begins = (self._raw or [self._cut])[0]
        if begins.startswith(BOM_UTF8):
            why = "it begins with a byte order mark, which some editors add; without these three bytes it may be a tape"
        else:
            why = self.problem.removeprefix(f"{self.path}, line 1: ")
        return f"{self.path}, line 1: this is not a tape: {why}"

    def all(self) -> list[Data]:
        found = []
        while (line := self.next()) is not None:
            found.append(line)
        return found


class _Given:
    """Lines that an upgrade returned, with the interface of `_Lines`."""

    def __init__(self, path: Path, lines: list[Data], problem: str) -> None:
        self.path, self.number, self.problem = path, 1, problem
        self._lines = iter(lines)

    def next(self) -> Data | None:
        self.number += 1
        return next(self._lines, None)


class _Reader:
    """Lines -> steps."""

    def __init__(self, tape: Tape, lines: _Lines | _Given, decoder: Decoder, audio: _AudioFiles) -> None:
        self._tape, self._lines, self._decode, self._audio = tape, lines, decoder.decode, audio
        self._seq = 0
        self._now = 0
        self._lost = 0

    def read(self) -> None:
        tape = self._tape
        broken = bool(tape.problems)  # an audio file is missing
        while (line := self._lines.next()) is not None:
            try:
                if type(line) is list:
                    tape.steps.append(self._step(line))
                elif not self._remark(line):
                    broken = True
                    self._problem(f"{line['lost']['steps']} steps could not be recorded here")
            except BadTape as error:
                self._problem(str(error))
                break
            if self._audio.short:  # read as silence: the steps from here on cannot be replayed
                broken = True
                self._problem(self._audio.short.pop())
            if not broken:
                tape.whole = len(tape.steps)
            if tape.ended:
                if self._lines.next() is not None or self._lines.problem:
                    self._problem("there are more lines after the end")
                break
        if self._lines.problem:
            tape.problems.append(self._lines.problem)
        if not tape.ended and not tape.problems:
            tape.problems.append(
                f"{self._lines.path}: the tape breaks off after {len(tape.steps)} steps, {tape.length_ms / 1000:.1f} s"
            )

    def _step(self, line: list[Any]) -> Step:
        if len(line) != 4 or type(line[0]) is not int or type(line[1]) is not int or type(line[3]) is not list:
            raise BadTape("a step is [number, milliseconds, event, [actions]]")
        seq, now = line[0], line[1]
        if seq != self._seq:
            raise BadTape(f"step {seq} follows where step {self._seq} should be")
        if now < self._now:
            raise BadTape(f"time goes back, from {self._now} to {now} ms")
        if now > LONGEST_MS or now - self._now > LONGEST_PAUSE_MS:
            raise BadTape(f"{now} ms, after {self._now} ms: no call is so long, or quiet for so long")
        decode = self._decode
        step = Step(seq, now, decode(line[2]), tuple([decode(action) for action in line[3]]))
        self._seq, self._now = seq + 1, now
        return step

    def _remark(self, line: Data) -> bool:
        """Reads a line that is not a step: returns True for the end, False for lost steps. Raises BadTape."""
        match line:
            case {"lost": lost}:
                count = lost.get("steps") if type(lost) is dict else lost
                if type(count) is not int or not 0 < count <= MOST_LOST:
                    raise BadTape(f"`lost` says {count!r} steps")
                self._seq += count
                self._lost += count
                return False
            case {"end": {"steps": int(count), "audio": dict(audio)} as end}:
                if count != len(self._tape.steps):
                    raise BadTape(f"`end` says {count} steps, but there are {len(self._tape.steps)}")
                if (lost := end.get("lost", self._lost)) != self._lost:
                    raise BadTape(f"`end` says that {lost} steps were lost, and {self._lost} were")
                self._audio.check(audio)
                self._tape.ended = True
                return True
            case {"end": end}:
                raise BadTape(f"`end` says {end!s:.60}")
        raise BadTape("the line is neither a step nor the end")

    def _problem(self, text: str) -> None:
        self._tape.problems.append(f"{self._lines.path}, line {self._lines.number}: {text}")


class _AudioFiles:
    """The audio files of a tape. Missing audio reads as silence: a missing file is added to `problems`, and a file that
    is too short to `short`, once each."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self._path, self._problems = path, problems
        self._files: dict[str, bytes | None] = {}
        self.short: list[str] = []
        self._taken = 0  # bytes
        self._reported: set[str] = set()
        for side in SIDES:
            try:
                self._files[side] = read_file(path / f"{side}.ulaw", LONGEST_FILE)
            except OSError as error:
                self._files[side] = None
                problems.append(f"{path / f'{side}.ulaw'}: {error.strerror or error}; its audio is silence here")
        self.size = sum(len(file or b"") for file in self._files.values())

    def get(self, reference: Data) -> bytes:
        match reference:
            case [str(side), int(at), int(size)] if side in SIDES:
                return self._piece(side, at, size)
            case ["silence", int(size)]:
                return self._silence(size)
            case [str(side), int(at), int(size), int(filled)] if side in SIDES:
                return self._piece(side, at, size) + self._silence(filled)
        raise BadTape(f"{reference!r} is not audio")

    def _silence(self, size: int) -> bytes:
        self._take(size)
        return b"\xff" * size

    def _take(self, size: int) -> None:
        """Counts a piece before it is made. Raises BadTape if it is, or all are, too long."""
        if not 0 <= size <= LONGEST_PIECE:
            raise BadTape(f"a piece of {size} bytes is not audio")
        self._taken += size
        if self._taken > MOST_AUDIO:
            raise BadTape(f"the events have more than {MOST_AUDIO} bytes of audio, with this one")

    def _piece(self, side: str, at: int, size: int) -> bytes:
        file = self._files[side]
        if not 0 <= at <= 2**40:
            raise BadTape(f"{[side, at, size]} is not audio")
        self._take(size)
        if file is None:
            return b"\xff" * size
        if at + size > len(file):
            if side not in self._reported:
                self._reported.add(side)
                end = f"{side}.ulaw ends at byte {len(file)}, before {at + size}"
                self.short.append(f"{end}; the missing audio is silence here")
            return file[at : at + size].ljust(size, b"\xff")
        return file[at : at + size]

    def check(self, sums: dict[str, Any]) -> None:
        """Compares the files with the sizes and CRCs of the end line; adds differences to the problems."""
        for side, file in self._files.items():
            expected = sums.get(side)
            if file is not None and side not in self._reported and expected != [len(file), crc32(file)]:
                self._problems.append(f"{self._path / f'{side}.ulaw'}: the file was changed since it was recorded")
