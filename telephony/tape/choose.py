"""Finds tapes: all of them below a folder, or the one that somebody means.

    newest_whole(meant("tapes"), print)      # a folder: the newest call in it
    one("CA4f", Path("tapes"))               # (part of) the SID of a recorded call

A call is as old as its header says, wherever its folder lies and whatever that is called. If the header says nothing,
the time of the file decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from telephony.files import read_beginning
from telephony.tape.codec import BadTape
from telephony.tape.format import BEING_MADE, TAPE_FILE
from telephony.tape.reader import Tape, damage, read

HEADER_BYTES = 2**16
"""Most bytes of a header that are read for its time; a usual one has 5,000."""


def find(path: Path) -> list[Path]:
    """The folders of the tapes at or below `path`, sorted by path; incomplete replacements that a crash left are left
    out. Raises BadTape if there are none."""
    if (path / TAPE_FILE).is_file():
        return [path]
    if path.name == TAPE_FILE and path.is_file():
        return [path.parent]
    found = sorted(one.parent for one in path.rglob(TAPE_FILE)) if path.is_dir() else []
    found = [one for one in found if not one.name.endswith(BEING_MADE)]
    if not found:
        raise BadTape(f"{path}: there is no tape here (a folder with {TAPE_FILE} in it)")
    return found


def one(call: str, recorded: Path | None = None) -> Path:
    """The folder of one tape: the newest of `meant`. Raises BadTape."""
    return meant(call, recorded)[-1]


def meant(call: str, recorded: Path | None = None) -> list[Path]:
    """The folders of the tapes that `call` may mean, oldest first: it is a tape's folder, a folder of tapes, or (part
    of) a call SID among the tapes in `recorded`. Raises BadTape if there are none."""
    path = Path(call)
    if path.exists():
        return sorted(find(path), key=_began)
    if recorded is None:
        raise BadTape(f"{call}: there is no such folder, and TELEPHONY_TAPES is not set")
    found = [tape for tape in find(recorded) if call in tape.name]
    if not found:
        raise BadTape(f"{call}: neither a folder nor a call in {recorded}")
    return sorted(found, key=_began)


def newest_whole(paths: Sequence[Path], passed_over: Callable[[str], None]) -> Tape:
    """The last of these tapes that is whole; `passed_over` is told why each later one is not. A single tape is read as
    it is. Raises BadTape if none can be used."""
    if len(paths) == 1:
        return read(paths[0])
    problems = []
    for path in reversed(paths):
        try:
            tape = read(path)
        except BadTape as error:
            problems.append(str(error))
        else:
            if tape.good:
                for problem in problems:
                    passed_over(problem)
                return tape
            problems.append(damage(tape))
    raise BadTape(f"none of the {len(paths)} tapes is whole; the newest: {problems[0]}")


def _began(folder: Path) -> tuple[float, Path]:
    """When the call of the tape began, in seconds since 1970; then the path, so that the order is always the same."""
    path = folder / TAPE_FILE
    try:
        line = read_beginning(path, HEADER_BYTES).partition(b"\n")[0]
        began = datetime.fromisoformat(json.loads(line)["began"])
        return (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp(), folder
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
        pass
    try:
        return path.stat().st_mtime, folder
    except OSError:
        return 0.0, folder
