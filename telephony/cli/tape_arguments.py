"""What the commands for recorded calls have in common: their arguments, and how they report errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from telephony.cli.json_output import print_json, stop

if TYPE_CHECKING:
    from telephony.tape.reader import Tape

P = ParamSpec("P")

RecordedCall = Annotated[
    str,
    typer.Argument(
        metavar="CALL",
        help="A tape's folder, a folder of tapes (the newest), or the SID of a call in TELEPHONY_TAPES.",
    ),
]
Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", exists=True, help="Tapes, or folders that contain tapes.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")]


def exiting(command: Callable[P, int]) -> Callable[P, None]:
    """Exits with the code that the command returns; errors are a sentence on standard error (with `--json` an object on
    standard output) and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from telephony.errors import TelephonyError

        try:
            code = command(*args, **kwargs)
        except OSError as error:
            why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            stop("file_unreadable", [why])
        except TelephonyError as error:
            stop(error.code, [str(error)])
        raise typer.Exit(code)

    return run


def one_tape(call: str) -> Path:
    from telephony.tape.choose import one

    return one(call, recorded()[0])


def recorded() -> tuple[Path | None, str]:
    """The folder of recorded calls and the name of the agent that answers, by the settings."""
    from telephony.errors import SettingsError
    from telephony.settings import Settings, load

    try:
        settings = load(os.environ, offline=True)
    except SettingsError:  # wrong settings do not matter to these commands
        settings = Settings()
    return settings.tapes, settings.agent


def readable(paths: list[Path], unread: list[str]) -> Iterator[Tape]:
    """The tapes at and below `paths`, one by one. Errors of unreadable ones are printed and appended to `unread`."""
    from telephony.tape.choose import find
    from telephony.tape.codec import BadTape
    from telephony.tape.reader import read

    for path in [one for given in paths for one in find(given)]:
        try:
            found = read(path)
        except BadTape as error:
            unread.append(str(error))
            typer.echo(str(error), err=True)
        else:
            yield found


def each_as_json(
    tapes: Iterable[Tape],
    unread: list[str],
    run: Callable[[list[Tape], Callable[[str], None]], int],
    verdicts: Sequence[str],
    summed: Callable[[list[int]], int],
) -> int:
    """Runs `run` on one tape after the other, and prints what it reports and returns of each as one object. Returns the
    exit code, `summed` from those of the tapes. `verdicts` are the names of `run`'s exit codes."""
    from telephony.errors import TelephonyError

    calls, codes = list[dict[str, object]](), list[int]()
    for tape in tapes:
        lines: list[str] = []
        try:
            code = run([tape], lines.append)
        except TelephonyError as error:  # the others go on
            code = 2
            lines.append(str(error))
        codes.append(code)
        report = "\n".join(lines).split("\n")
        calls.append({"tape": tape.path, "verdict": verdicts[code], "report": [one for one in report if one]})
    code = summed(codes)
    print_json({"ok": code == 0, "calls": calls, "unread": unread})
    return code
